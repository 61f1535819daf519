/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests are parsed where they lie, replies are appended to a buffer. What the verbs and keys are
 * stands in commands.def alone; start reading at gs_wire_parse.
 */
#include "common/wire/wire.h"

#include "common/base/json.h"
#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "common/wire/jsonreader.h"

typedef enum key_name {
#define GS_KEY_ROW(name, word, values) KEY_##name,
#include "common/wire/commands.def"
    KEYS_COUNT,
} key_name;

typedef struct key_row {
    const char *word;
    const char *values;
} key_row;

typedef struct verb_row {
    const char *word;
    uint32_t keys; /* a bit per key_name */
    const char *text;
    const char *summary;
} verb_row;

static const key_row key_rows[KEYS_COUNT] = {
#define GS_KEY_ROW(name, word, values) {word, values},
#include "common/wire/commands.def"
};

#define GS_KEY_BIT(name) (1u << KEY_##name)
static const verb_row verb_rows[GS_VERB_COUNT_OF] = {
#define GS_VERB_ROW(name, keys, text, summary) {#name, keys, text, summary},
#include "common/wire/commands.def"
};

const char *gs_verb_word(gs_verb verb)
{
    return verb_rows[verb].word;
}

/* ---- lines --------------------------------------------------------------------------------- */

gs_line_state gs_wire_next_line(gs_bytes data, size_t scanned, size_t bytes_max, gs_bytes *line,
                                size_t *taken)
{
    const uint8_t *end =
        data.len > scanned ? memchr(data.ptr + scanned, '\n', data.len - scanned) : NULL;
    size_t len = end ? (size_t)(end - data.ptr) : data.len;
    bool has_return = len > 0 && data.ptr[len - 1] == '\r';
    if (len - has_return > bytes_max)
        return GS_LINE_TOO_LONG;
    if (!end)
        return GS_LINE_PARTIAL;
    *line = gs_bytes_of(data.ptr, len - has_return);
    *taken = len + 1;
    return GS_LINE_COMPLETE;
}

static bool begins_with(gs_bytes line, const char *text)
{
    size_t len = strlen(text);
    return line.len >= len && memcmp(line.ptr, text, len) == 0;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

bool gs_wire_is_foreign(gs_bytes line, bool complete)
{
    static const char *const openings[] = {"POST ",    "PUT ",     "HEAD ",   "DELETE ",
                                           "OPTIONS ", "CONNECT ", "TRACE ",  "PATCH ",
                                           "PRI ",     "SSH-",     "\x16\x03"};
    static const char http[] = " HTTP/x.y";
    for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
        if (begins_with(line, openings[i]))
            return true;
    }
    size_t len = sizeof(http) - 1;
    if (!complete || line.len < len)
        return false;
    const uint8_t *tail = line.ptr + line.len - len;
    return memcmp(tail, http, len - 3) == 0 && is_digit(tail[len - 3]) && tail[len - 2] == '.' &&
           is_digit(tail[len - 1]);
}

/* ---- requests ------------------------------------------------------------------------------ */

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static void skip_blanks(gs_cursor *cursor)
{
    while (cursor->ptr < cursor->end && is_blank(*cursor->ptr))
        cursor->ptr++;
}

/* The bytes up to the next blank, without taking them. */
static gs_bytes peek_word(const gs_cursor *cursor)
{
    const uint8_t *end = cursor->ptr;
    while (end < cursor->end && !is_blank(*end))
        end++;
    return gs_bytes_of(cursor->ptr, (size_t)(end - cursor->ptr));
}

/* Words in messages are cut so that the reason after them has room. */
static int shown(gs_bytes word)
{
    return (int)gs_utf8_prefix(word, 40);
}

static bool equals(gs_bytes word, const char *text)
{
    return gs_bytes_equal(word, gs_bytes_str(text));
}

static bool find_verb(gs_bytes word, gs_verb *out)
{
    for (int verb = 0; verb < GS_VERB_COUNT_OF; verb++) {
        const char *name = verb_rows[verb].word;
        size_t len = 0;
        while (len < word.len && name[len] && (word.ptr[len] & ~0x20) == name[len])
            len++;
        if (len == word.len && !name[len]) {
            *out = (gs_verb)verb;
            return true;
        }
    }
    return false;
}

/* Length of `[a-z]+` if `word` is of the form `[a-z]+=…`, else 0. */
static size_t key_length(gs_bytes word)
{
    size_t len = 0;
    while (len < word.len && word.ptr[len] >= 'a' && word.ptr[len] <= 'z')
        len++;
    return len < word.len && word.ptr[len] == '=' ? len : 0;
}

static bool parse_number(gs_bytes text, uint64_t *out)
{
    uint64_t value = 0;
    if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i]))
            return false;
        // a number of any length is a number: it ends up over every limit, but is not `all`
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text.ptr[i] - '0'), &value) ||
            value == GSEARCH_LIMIT_ALL)
            value = GSEARCH_LIMIT_ALL - 1;
    }
    *out = value;
    return true;
}

static bool parse_choice(gs_bytes text, const char *first, const char *second, bool *is_first)
{
    *is_first = equals(text, first);
    return *is_first || equals(text, second);
}

/* ---- values, of one key each: false if it cannot have this one ---- */

static bool parse_limit(gs_bytes text, gsearch_request *request)
{
    if (!equals(text, "all"))
        return parse_number(text, &request->limit);
    request->limit = GSEARCH_LIMIT_ALL;
    return true;
}

static bool parse_rows(gs_bytes text, gsearch_request *request)
{
    return parse_number(text, &request->limit);
}

static bool parse_offset(gs_bytes text, gsearch_request *request)
{
    return parse_number(text, &request->offset);
}

static bool parse_sort(gs_bytes text, gsearch_request *request)
{
    if (equals(text, "score"))
        request->sort = GSEARCH_SORT_SCORE;
    else if (equals(text, "date"))
        request->sort = GSEARCH_SORT_DATE;
    else if (equals(text, "-date"))
        request->sort = GSEARCH_SORT_DATE_DESC;
    else
        return false;
    return true;
}

static bool parse_match(gs_bytes text, gsearch_request *request)
{
    bool is_exact;
    if (!parse_choice(text, "exact", "any", &is_exact))
        return false;
    request->match = is_exact ? GSEARCH_MATCH_EXACT : GSEARCH_MATCH_ANY;
    return true;
}

static bool parse_facet(gs_bytes text, gsearch_request *request)
{
    request->facet = "date";
    return equals(text, request->facet);
}

static bool parse_snippet(gs_bytes text, gsearch_request *request)
{
    return parse_choice(text, "on", "off", &request->snippet);
}

static bool parse_total(gs_bytes text, gsearch_request *request)
{
    return parse_choice(text, "exact", "none", &request->total);
}

static bool (*const parse_value[KEYS_COUNT])(gs_bytes text, gsearch_request *request) = {
    [KEY_LIMIT] = parse_limit, [KEY_ROWS] = parse_rows,   [KEY_OFFSET] = parse_offset,
    [KEY_SORT] = parse_sort,   [KEY_MATCH] = parse_match, [KEY_FACET] = parse_facet,
    [KEY_TOTAL] = parse_total, [KEY_SNIPPET] = parse_snippet,
};

static gsearch_status parse_key(const verb_row *verb, gs_bytes word, uint32_t *seen,
                                gsearch_request *request, gsearch_error *err)
{
    gs_bytes name = gs_bytes_of(word.ptr, key_length(word));
    gs_bytes value = gs_bytes_of(word.ptr + name.len + 1, word.len - name.len - 1);
    for (int key = 0; key < KEYS_COUNT; key++) {
        uint32_t bit = 1u << key;
        if (!(verb->keys & bit) || !equals(name, key_rows[key].word))
            continue;
        if (*seen & bit) {
            return gs_fail(err, GSEARCH_BAD_ARGUMENT, "key \"%s\" is given twice",
                           key_rows[key].word);
        }
        *seen |= bit;
        if (parse_value[key](value, request))
            return GSEARCH_OK;
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "bad value \"%.*s\" of key \"%s\": expected %s",
                       shown(value), (const char *)value.ptr, key_rows[key].word,
                       key_rows[key].values);
    }
    return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                   "%s has no key \"%.*s\": put -- before a text that begins so", verb->word,
                   shown(name), (const char *)name.ptr);
}

static gsearch_status check_limits(const gsearch_request *request, gsearch_error *err)
{
    if (request->limit == GSEARCH_LIMIT_ALL)
        return GSEARCH_OK;
    if (request->limit > GS_RESULT_ROWS_MAX) {
        return gs_fail(err, GSEARCH_LIMIT, "limit is at most %u, or all", GS_RESULT_ROWS_MAX);
    }
    if (request->offset > GS_RESULT_WINDOW_MAX - request->limit)
        return gs_fail(err, GSEARCH_LIMIT, "offset + limit is at most %u", GS_RESULT_WINDOW_MAX);
    return GSEARCH_OK;
}

static gsearch_status check_bytes(gs_bytes line, gsearch_error *err)
{
    const uint8_t *nul = line.len ? memchr(line.ptr, '\0', line.len) : NULL;
    if (nul) {
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the request has a NUL at byte %td",
                       nul - line.ptr);
    }
    size_t valid = gs_utf8_valid_prefix(line);
    if (valid < line.len)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the request is not UTF-8 at byte %zu", valid);
    return GSEARCH_OK;
}

gsearch_status gs_wire_parse(gs_bytes line, gs_command *out, gsearch_error *err)
{
    GS_TRY(check_bytes(line, err));
    gs_command command = {.request = GSEARCH_REQUEST_INIT};
    gs_cursor cursor = gs_cursor_of(line);
    skip_blanks(&cursor);
    gs_bytes word = peek_word(&cursor);
    if (!find_verb(word, &command.verb)) {
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "unknown verb \"%.*s\": HELP lists them",
                       shown(word), (const char *)word.ptr);
    }
    const verb_row *verb = &verb_rows[command.verb];
    uint32_t seen = 0;
    for (;;) {
        cursor.ptr += word.len;
        skip_blanks(&cursor);
        word = peek_word(&cursor);
        if (key_length(word) == 0)
            break;
        GS_TRY(parse_key(verb, word, &seen, &command.request, err));
    }
    if (equals(word, "--")) {
        cursor.ptr += word.len;
        skip_blanks(&cursor);
    }
    GS_TRY(check_limits(&command.request, err));

    command.request.query = (const char *)cursor.ptr; // up to the zero byte after the line
    command.text = gs_bytes_of(cursor.ptr, gs_cursor_left(&cursor));
    while (command.text.len > 0 && is_blank(command.text.ptr[command.text.len - 1]))
        command.text.len--;
    if (verb->text && command.text.len == 0)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "%s needs a %s", verb->word, verb->text);
    if (!verb->text && command.text.len > 0)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "%s takes no text", verb->word);
    *out = command;
    return GSEARCH_OK;
}

gsearch_status gs_wire_get_id(gs_bytes text, gs_buf *out, gsearch_error *err)
{
    if (text.len == 0 || text.ptr[0] != '"') {
        gs_buf_bytes(out, text);
    } else {
        gs_cursor cursor = gs_cursor_of(text);
        gs_json_read_string(&cursor, out);
        if (!gs_json_is_done(&cursor)) {
            return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                           "an ID that begins with a quotation mark must be one JSON string");
        }
    }
    return out->status ? gs_fail_memory(err) : GSEARCH_OK;
}

/* ---- replies ------------------------------------------------------------------------------- */

void gs_wire_put_error(gs_buf *out, const gsearch_error *err)
{
    gs_buf_str(out, "ERR ");
    gs_buf_str(out, gsearch_status_word(err->code));
    if (err->code == GSEARCH_BAD_QUERY && err->offset >= 0) {
        gs_buf_str(out, " offset=");
        gs_buf_decimal(out, (uint64_t)err->offset);
    }
    gs_buf_u8(out, ' ');
    gs_buf_str(out, err->message[0] ? err->message : gsearch_status_text(err->code));
    gs_buf_u8(out, '\n');
}

static void put_number(gs_buf *out, const char *name, uint64_t value)
{
    gs_buf_str(out, name);
    gs_buf_decimal(out, value);
}

void gs_wire_put_head(gs_buf *out, const gsearch_results *head, bool with_hits)
{
    gs_buf_str(out, "OK");
    if (head->has_total)
        put_number(out, " total=", head->total);
    if (with_hits)
        put_number(out, " hits=", head->hits_count);
    put_number(out, " took_us=", head->took_us);
    put_number(out, " generation=", head->generation);
    gs_buf_u8(out, '\n');
}

void gs_wire_put_facets(gs_buf *out, const char *field, const gsearch_results *head)
{
    gs_buf_str(out, "{\"facets\":{");
    gs_json_string(out, gs_bytes_str(field));
    gs_buf_str(out, ":[");
    for (size_t i = 0; i < head->facets_count; i++) {
        gs_buf_str(out, i ? ",[" : "[");
        gs_json_string(out, gs_bytes_str(head->facets[i].value));
        put_number(out, ",", head->facets[i].count);
        gs_buf_u8(out, ']');
    }
    gs_buf_str(out, "]}}\n");
}

static void put_member(gs_buf *out, const char *name, const char *value)
{
    if (!value)
        return;
    gs_buf_str(out, ",\"");
    gs_buf_str(out, name);
    gs_buf_str(out, "\":");
    gs_json_string(out, gs_bytes_str(value));
}

void gs_wire_put_hit(gs_buf *out, const gsearch_hit *hit)
{
    put_number(out, "{\"rank\":", hit->rank);
    gs_buf_str(out, ",\"score\":");
    gs_json_double(out, hit->score);
    put_member(out, "id", hit->id);
    put_member(out, "title", hit->title);
    put_member(out, "date", hit->date);
    put_member(out, "docno", hit->docno);
    put_member(out, "agency", hit->agency);
    put_member(out, "snippet", hit->snippet);
    if (hit->snippet) {
        gs_buf_str(out, ",\"marks\":[");
        for (size_t i = 0; i < hit->marks_count; i++) {
            put_number(out, i ? ",[" : "[", hit->marks[i].start);
            put_number(out, ",", hit->marks[i].length);
            gs_buf_u8(out, ']');
        }
        gs_buf_u8(out, ']');
    }
    gs_buf_str(out, "}\n");
}

void gs_wire_put_end(gs_buf *out)
{
    gs_buf_str(out, "END\n");
}

void gs_wire_put_help(gs_buf *out)
{
    for (int i = 0; i < GS_VERB_COUNT_OF; i++) {
        const verb_row *verb = &verb_rows[i];
        gs_buf_str(out, "{\"verb\":\"");
        gs_buf_str(out, verb->word);
        gs_buf_str(out, "\",\"usage\":\"");
        gs_buf_str(out, verb->word);
        for (int key = 0; key < KEYS_COUNT; key++) {
            if (verb->keys & 1u << key) {
                gs_buf_str(out, " [");
                gs_buf_str(out, key_rows[key].word);
                gs_buf_u8(out, '=');
                gs_buf_str(out, key_rows[key].values);
                gs_buf_u8(out, ']');
            }
        }
        if (verb->text) {
            gs_buf_str(out, " [--] ");
            gs_buf_str(out, verb->text);
        }
        gs_buf_str(out, "\",\"summary\":\"");
        gs_buf_str(out, verb->summary);
        gs_buf_str(out, "\"}\n");
    }
}

/* ---- the client's side --------------------------------------------------------------------- */

/* The keys that differ from their defaults. */
static void put_keys(gs_buf *out, const gsearch_request *request)
{
    static const gsearch_request defaults = GSEARCH_REQUEST_INIT;
    if (request->limit == GSEARCH_LIMIT_ALL)
        gs_buf_str(out, " limit=all");
    else if (request->limit != defaults.limit)
        put_number(out, " limit=", request->limit);
    if (request->offset != defaults.offset)
        put_number(out, " offset=", request->offset);
    if (request->sort != defaults.sort)
        gs_buf_str(out, request->sort == GSEARCH_SORT_DATE ? " sort=date" : " sort=-date");
    if (request->match == GSEARCH_MATCH_ANY)
        gs_buf_str(out, " match=any");
    if (request->facet) {
        gs_buf_str(out, " facet=");
        gs_buf_str(out, request->facet);
    }
    if (!request->snippet)
        gs_buf_str(out, " snippet=off");
    if (!request->total)
        gs_buf_str(out, " total=none");
}

static bool breaks_line(const char *text)
{
    return strpbrk(text, "\r\n") != NULL;
}

gsearch_status gs_wire_put_request(gs_buf *out, const gsearch_request *request, gsearch_error *err)
{
    if (!request->query || breaks_line(request->query))
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the query must be one line");
    if (request->facet && (breaks_line(request->facet) || strpbrk(request->facet, " \t")))
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the facet must be one word");
    size_t start = out->len;
    gs_buf_str(out, gs_verb_word(GS_VERB_SEARCH));
    put_keys(out, request);
    gs_buf_str(out, " -- ");
    gs_buf_str(out, request->query);
    if (out->len - start > GS_REQUEST_LINE_BYTES_MAX) {
        return gs_fail(err, GSEARCH_LIMIT, "the request line has %zu bytes: at most %u",
                       out->len - start, GS_REQUEST_LINE_BYTES_MAX);
    }
    gs_buf_u8(out, '\n');
    return out->status ? gs_fail_memory(err) : GSEARCH_OK;
}
