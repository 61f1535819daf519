/* SPDX-License-Identifier: Apache-2.0
 *
 * What a daemon says is input like any other: bounded, and checked to the last byte.
 */
#include "clients/c/reply.h"

#include "common/base/limits.h"
#include "common/wire/jsonreader.h"

/* Where a JSON line is read from and to. */
typedef struct reply_reader {
    gs_cursor cursor;
    gs_arena *arena;
    gs_buf text;     /* the string read last */
    bool is_starved; /* there was no memory for one of them */
} reply_reader;

static gsearch_status bad_reply(const char *what, gsearch_error *err)
{
    return gs_fail(err, GSEARCH_PROTOCOL, "the daemon sent %s: is it gsearch serve?", what);
}

static gs_bytes take_word(gs_cursor *cursor)
{
    const uint8_t *start = cursor->ptr;
    while (cursor->ptr < cursor->end && *cursor->ptr != ' ')
        cursor->ptr++;
    gs_bytes word = gs_bytes_of(start, (size_t)(cursor->ptr - start));
    if (cursor->ptr < cursor->end)
        cursor->ptr++;
    return word;
}

/* The number in `word` if that reads NAME=number. */
static bool read_key(gs_bytes word, const char *name, uint64_t *out)
{
    size_t len = strlen(name);
    if (word.len <= len || memcmp(word.ptr, name, len) != 0 || word.ptr[len] != '=')
        return false;
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(word.ptr + len + 1, word.len - len - 1));
    uint64_t value = gs_json_read_u64(&cursor);
    if (!gs_json_is_done(&cursor))
        return false;
    *out = value;
    return true;
}

static gsearch_status status_of_word(gs_bytes word)
{
#define GS_WORD_CASE(name, number, exit_code, text, summary)                      \
    if (GSEARCH_##name != GSEARCH_OK && gs_bytes_equal(word, gs_bytes_str(text))) \
        return GSEARCH_##name;
    GSEARCH_STATUS_LIST(GS_WORD_CASE)
#undef GS_WORD_CASE
    return GSEARCH_INTERNAL;
}

static gsearch_status read_error(gs_cursor cursor, gsearch_error *err)
{
    uint64_t offset = 0;
    gsearch_status status = status_of_word(take_word(&cursor));
    gs_cursor rest = cursor;
    bool has_offset = status == GSEARCH_BAD_QUERY && read_key(take_word(&rest), "offset", &offset);
    if (has_offset)
        cursor = rest;
    size_t len = gs_cursor_left(&cursor);
    gs_fail(err, status, "%.*s", len < INT32_MAX ? (int)len : INT32_MAX, (const char *)cursor.ptr);
    if (err && has_offset && offset <= GS_REQUEST_LINE_BYTES_MAX)
        err->offset = (int64_t)offset;
    return status;
}

gsearch_status gs_reply_first(gs_bytes line, gs_reply_kind kind, gsearch_results *out,
                              gsearch_error *err)
{
    gs_cursor cursor = gs_cursor_of(line);
    gs_bytes word = take_word(&cursor);
    if (gs_bytes_equal(word, gs_bytes_str("ERR")))
        return read_error(cursor, err);
    if (!gs_bytes_equal(word, gs_bytes_str("OK")))
        return bad_reply("neither OK nor ERR", err);
    if (kind == GS_REPLY_PLAIN)
        return GSEARCH_OK;
    gsearch_results head = {0};
    uint64_t hits = 0;
    unsigned found = 0;
    while (gs_cursor_left(&cursor) > 0) {
        word = take_word(&cursor);
        if (read_key(word, "total", &head.total))
            head.has_total = true;
        found += read_key(word, "hits", &hits);
        found += read_key(word, "took_us", &head.took_us);
        found += read_key(word, "generation", &head.generation);
    }
    if (found != 3)
        return bad_reply("an OK line without hits, took_us and generation", err);
    head.hits_count = (size_t)hits;
    *out = head;
    return GSEARCH_OK;
}

bool gs_reply_is_end(gs_bytes line)
{
    return gs_bytes_equal(line, gs_bytes_str("END"));
}

/* ---- JSON lines ---------------------------------------------------------------------------- */

static void begin(reply_reader *reader, gs_bytes line, gs_arena *arena)
{
    reader->cursor = gs_cursor_of(line);
    reader->arena = arena;
    gs_buf_init(&reader->text, NULL, GS_REPLY_BYTES_MAX);
    reader->is_starved = false;
}

/* The status of a line that was read to its end; frees. */
static gsearch_status finish(reply_reader *reader, bool has_memory, gsearch_error *err)
{
    bool is_done = gs_json_is_done(&reader->cursor);
    gs_buf_release(&reader->text);
    if (!has_memory || reader->is_starved)
        return gs_fail_memory(err);
    return is_done ? GSEARCH_OK : bad_reply("a line that is not the JSON expected", err);
}

/* The next string in `text`, without a terminating zero. */
static gs_bytes read_text(reply_reader *reader)
{
    gs_buf_reset(&reader->text);
    gs_json_read_string(&reader->cursor, &reader->text);
    reader->is_starved |= reader->text.status != GSEARCH_OK;
    return reader->cursor.bad ? gs_bytes_str("") : gs_buf_view(&reader->text);
}

static const char *read_string(reply_reader *reader)
{
    return gs_arena_dup(reader->arena, read_text(reader));
}

/* How many arrays there are up to the end of the line: an upper bound for what follows. */
static size_t count_arrays(const reply_reader *reader)
{
    size_t count = 0;
    for (const uint8_t *ptr = reader->cursor.ptr; ptr < reader->cursor.end; ptr++)
        count += *ptr == '[';
    return count;
}

/* [[start,length],…]; false when there is no memory. */
static bool read_marks(reply_reader *reader, gsearch_hit *hit)
{
    size_t room = count_arrays(reader), count = 0;
    gsearch_mark *marks = gs_arena_calloc(reader->arena, room + 1, sizeof(*marks));
    if (!marks)
        return false;
    gs_cursor *cursor = &reader->cursor;
    gs_json_expect(cursor, '[');
    while (!cursor->bad && !gs_json_take(cursor, ']')) {
        if (count > 0)
            gs_json_expect(cursor, ',');
        gs_json_expect(cursor, '[');
        uint64_t start = gs_json_read_u64(cursor);
        gs_json_expect(cursor, ',');
        uint64_t length = gs_json_read_u64(cursor);
        gs_json_expect(cursor, ']');
        if (start > UINT32_MAX || length > UINT32_MAX || count == room)
            gs_cursor_fail(cursor);
        else
            marks[count++] = (gsearch_mark){(uint32_t)start, (uint32_t)length};
    }
    hit->marks = marks;
    hit->marks_count = count;
    return true;
}

/* The value of the member whose name is in `text`; false when there is no memory. */
static bool read_member(reply_reader *reader, gsearch_hit *hit)
{
    static const struct {
        const char *name;
        size_t offset;
    } strings[] = {
        {"id", offsetof(gsearch_hit, id)},         {"title", offsetof(gsearch_hit, title)},
        {"date", offsetof(gsearch_hit, date)},     {"docno", offsetof(gsearch_hit, docno)},
        {"agency", offsetof(gsearch_hit, agency)}, {"snippet", offsetof(gsearch_hit, snippet)},
    };
    gs_bytes name = gs_buf_view(&reader->text);
    gs_json_expect(&reader->cursor, ':');
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        if (gs_bytes_equal(name, gs_bytes_str(strings[i].name))) {
            const char *value = read_string(reader);
            memcpy((char *)hit + strings[i].offset, &value, sizeof(value));
            return value != NULL;
        }
    }
    if (gs_bytes_equal(name, gs_bytes_str("rank")))
        hit->rank = gs_json_read_u64(&reader->cursor);
    else if (gs_bytes_equal(name, gs_bytes_str("score")))
        hit->score = gs_json_read_double(&reader->cursor);
    else if (gs_bytes_equal(name, gs_bytes_str("marks")))
        return read_marks(reader, hit);
    else
        gs_json_skip_value(&reader->cursor);
    return true;
}

gsearch_status gs_reply_hit(gs_bytes line, gs_arena *arena, gsearch_hit *out, gsearch_error *err)
{
    reply_reader reader;
    gsearch_hit hit = {0};
    bool has_memory = true;
    begin(&reader, line, arena);
    gs_json_expect(&reader.cursor, '{');
    for (bool first = true; has_memory && !gs_json_take(&reader.cursor, '}'); first = false) {
        if (!first)
            gs_json_expect(&reader.cursor, ',');
        read_text(&reader);
        if (reader.cursor.bad)
            break;
        has_memory = read_member(&reader, &hit);
    }
    GS_TRY(finish(&reader, has_memory, err));
    if (hit.rank == 0 || !hit.id)
        return bad_reply("a hit without rank or id", err);
    *out = hit;
    return GSEARCH_OK;
}

gsearch_status gs_reply_facets(gs_bytes line, gs_arena *arena, gsearch_results *out,
                               gsearch_error *err)
{
    reply_reader reader;
    begin(&reader, line, arena);
    gs_cursor *cursor = &reader.cursor;
    size_t room = count_arrays(&reader), count = 0;
    gsearch_facet *facets = gs_arena_calloc(arena, room + 1, sizeof(*facets));
    bool has_memory = facets != NULL;
    gs_json_expect(cursor, '{');
    if (!gs_bytes_equal(read_text(&reader), gs_bytes_str("facets")))
        gs_cursor_fail(cursor);
    gs_json_expect(cursor, ':');
    gs_json_expect(cursor, '{');
    read_text(&reader); // the field: there is one, the one asked for
    gs_json_expect(cursor, ':');
    gs_json_expect(cursor, '[');
    while (has_memory && !cursor->bad && !gs_json_take(cursor, ']')) {
        if (count > 0)
            gs_json_expect(cursor, ',');
        gs_json_expect(cursor, '[');
        const char *value = read_string(&reader);
        gs_json_expect(cursor, ',');
        uint64_t documents = gs_json_read_u64(cursor);
        gs_json_expect(cursor, ']');
        has_memory = value != NULL;
        if (count == room)
            gs_cursor_fail(cursor);
        else
            facets[count++] = (gsearch_facet){.value = value, .count = documents};
    }
    gs_json_expect(cursor, '}');
    gs_json_expect(cursor, '}');
    GS_TRY(finish(&reader, has_memory, err));
    out->facets = facets;
    out->facets_count = count;
    return GSEARCH_OK;
}
