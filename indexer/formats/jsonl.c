/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Lines: one document a line, an object with `text` or `title` and perhaps `id` and `date`.
 * What else it holds is kept as it is written, in its order: no number is read as one, so none is
 * too large or rounded. A line that is no such object is passed over and counted.
 *
 * jansson says whether a line is JSON and what its strings are; where its members stand is found
 * in the line itself.
 */
#include "indexer/formats/formats.h"

#include "common/base/date.h"
#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "indexer/formats/jsonloader.h"

typedef struct lines {
    const gs_piece *piece;
    gs_sink *sink;
    uint64_t number; // of the line at hand
    gs_buf id;       // its id, if it has none of its own
    gs_buf repaired; // its bytes, if they were not UTF-8
    gs_buf fields;
} lines;

/* ---- what is passed over ---- */

/* PATH#LINE; empty without memory. */
static gs_bytes line_id(lines *self)
{
    gs_buf_reset(&self->id);
    gs_buf_bytes(&self->id, self->piece->id);
    gs_buf_u8(&self->id, '#');
    gs_buf_decimal(&self->id, self->number);
    return gs_buf_view(&self->id);
}

static void skip(lines *self, gs_skip why, const char *detail)
{
    self->sink->skip(line_id(self), why, detail, self->sink->payload);
}

static gs_bytes string_of(const json_t *value)
{
    return gs_bytes_of(json_string_value(value), json_string_length(value));
}

/* ---- members, as they are written; the line is known to be an object ---- */

typedef struct member {
    gs_bytes key, value; // a string has its quotes
} member;

static bool is_json_white(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static const uint8_t *skip_to_value(const uint8_t *ptr, const uint8_t *end)
{
    while (ptr < end && (is_json_white(*ptr) || *ptr == ',' || *ptr == ':'))
        ptr++;
    return ptr;
}

/* `ptr` is at the opening quote; returns what comes after the closing one. */
static const uint8_t *skip_string(const uint8_t *ptr, const uint8_t *end)
{
    for (ptr++; ptr < end && *ptr != '"'; ptr++) {
        if (*ptr == '\\' && ptr + 1 < end)
            ptr++;
    }
    return ptr < end ? ptr + 1 : end;
}

static const uint8_t *skip_value(const uint8_t *ptr, const uint8_t *end)
{
    size_t depth = 0;
    while (ptr < end) {
        uint8_t byte = *ptr;
        if (depth == 0 && (is_json_white(byte) || byte == ',' || byte == '}'))
            break;
        if (byte == '"') {
            ptr = skip_string(ptr, end);
            continue;
        }
        if (byte == '[' || byte == '{')
            depth++;
        else if (byte == ']' || byte == '}')
            depth--;
        ptr++;
    }
    return ptr;
}

/* What follows the opening brace. */
static gs_bytes members_of(gs_bytes line)
{
    const uint8_t *end = line.ptr + line.len;
    const uint8_t *ptr = skip_to_value(line.ptr, end);
    return gs_bytes_of(ptr + 1, (size_t)(end - ptr) - 1);
}

/* Takes the next member off `left`; false after the last. */
static bool take_member(gs_bytes *left, member *out)
{
    const uint8_t *end = left->ptr + left->len;
    const uint8_t *key = skip_to_value(left->ptr, end);
    if (key == end || *key != '"')
        return false;
    const uint8_t *key_end = skip_string(key, end);
    const uint8_t *value = skip_to_value(key_end, end);
    const uint8_t *value_end = skip_value(value, end);
    *out = (member){.key = gs_bytes_of(key, (size_t)(key_end - key)),
                    .value = gs_bytes_of(value, (size_t)(value_end - value))};
    *left = gs_bytes_of(value_end, (size_t)(end - value_end));
    return true;
}

/* ---- which of them count ---- */

/* The key without quotes and escapes. */
static gsearch_status key_of(const member *from, json_t **out, gsearch_error *err)
{
    json_error_t fault;
    return gs_json_load(from->key, JSON_DECODE_ANY, out, &fault, err);
}

/* Maps each key to the place of its last member in the line, which is the one that counts, and
 * notes how id and date are written. */
static gsearch_status find_members(gs_bytes line, json_t *places, gs_bytes *id, gs_bytes *date,
                                   gsearch_error *err)
{
    gs_bytes left = members_of(line);
    member next;
    while (take_member(&left, &next)) {
        json_t *key;
        json_int_t place = next.value.ptr - line.ptr;
        GS_TRY(key_of(&next, &key, err));
        if (json_object_set_new(places, json_string_value(key), json_integer(place))) {
            json_decref(key);
            return gs_fail_memory(err);
        }
        if (strcmp(json_string_value(key), "id") == 0)
            *id = next.value;
        else if (strcmp(json_string_value(key), "date") == 0)
            *date = next.value;
        json_decref(key);
    }
    return GSEARCH_OK;
}

/* Appends JSON without the white space between its parts. */
static void append_compact(gs_buf *out, gs_bytes json)
{
    const uint8_t *end = json.ptr + json.len;
    for (const uint8_t *ptr = json.ptr; ptr < end;) {
        const uint8_t *next = *ptr == '"' ? skip_string(ptr, end) : ptr + 1;
        if (!is_json_white(*ptr))
            gs_buf_append(out, ptr, (size_t)(next - ptr));
        ptr = next;
    }
}

/* The members of the line that stand at `places`, as a compact object. */
static gsearch_status keep_fields(lines *self, gs_bytes line, const json_t *places, gs_bytes *out,
                                  gsearch_error *err)
{
    if (json_object_size(places) == 0)
        return GSEARCH_OK;
    gs_buf_reset(&self->fields);
    gs_bytes left = members_of(line);
    member next;
    while (take_member(&left, &next)) {
        json_t *key;
        GS_TRY(key_of(&next, &key, err));
        const json_t *place = json_object_get(places, json_string_value(key));
        json_decref(key);
        if (!place || json_integer_value(place) != next.value.ptr - line.ptr)
            continue;
        gs_buf_u8(&self->fields, self->fields.len ? ',' : '{');
        gs_buf_bytes(&self->fields, next.key);
        gs_buf_u8(&self->fields, ':');
        append_compact(&self->fields, next.value);
    }
    gs_buf_u8(&self->fields, '}');
    if (self->fields.status)
        return gs_fail_memory(err);
    *out = gs_buf_view(&self->fields);
    return GSEARCH_OK;
}

/* ---- records ---- */

/* The record's id into `out`; false if it has one that cannot be one. */
static bool find_id(lines *self, const json_t *value, gs_bytes written, gs_bytes *out)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_NULL:
        *out = line_id(self);
        break;
    case JSON_STRING:
        *out = json_string_length(value) ? string_of(value) : line_id(self);
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        *out = written;
        break;
    default:
        return false;
    }
    return out->len && out->len <= GS_ID_BYTES_MAX && !memchr(out->ptr, 0, out->len);
}

static bool find_date(const json_t *value, gs_bytes written, uint32_t *out)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        return gs_date_parse(string_of(value), out);
    case JSON_INTEGER:
    case JSON_REAL:
        return gs_date_parse(written, out);
    default:
        return false;
    }
}

/* Takes a record that has a text or a title; `places` is an empty object. */
static gsearch_status take_record(lines *self, gs_bytes line, const json_t *record, json_t *places,
                                  gsearch_error *err)
{
    const json_t *text = json_object_get(record, "text");
    const json_t *title = json_object_get(record, "title");
    gs_document document = {.text = json_is_string(text) ? string_of(text) : gs_bytes_str(""),
                            .has_title = json_is_string(title) && json_string_length(title)};
    gs_bytes id = {0}, date = {0};
    GS_TRY(find_members(line, places, &id, &date, err));
    bool has_id = find_id(self, json_object_get(record, "id"), id, &document.id);
    if (self->id.status)
        return gs_fail_memory(err);
    if (!has_id) {
        skip(self, GS_SKIP_BAD_RECORD, "the id is not a string of 1 to 4,096 bytes or a number");
        return GSEARCH_OK;
    }
    (void)json_object_del(places, "id");
    (void)json_object_del(places, "text");
    if (document.has_title) {
        document.title = string_of(title);
        (void)json_object_del(places, "title");
    }
    if (find_date(json_object_get(record, "date"), date, &document.date))
        (void)json_object_del(places, "date");
    GS_TRY(keep_fields(self, line, places, &document.fields, err));
    return self->sink->document(&document, self->sink->payload, err);
}

/* Takes a valid line, or passes it over if it has nothing to find. */
static gsearch_status judge_record(lines *self, gs_bytes line, const json_t *record,
                                   gsearch_error *err)
{
    const json_t *text = json_object_get(record, "text"); // NULL for what is not an object
    const json_t *title = json_object_get(record, "title");
    bool has_title = json_is_string(title) && !gs_format_is_blank(string_of(title));
    bool lacks_text = !text || json_is_null(text);
    if (!json_is_string(text) && !(lacks_text && has_title)) {
        skip(self, GS_SKIP_BAD_RECORD, "no text in it");
        return GSEARCH_OK;
    }
    if (!has_title && gs_format_is_blank(string_of(text))) {
        skip(self, GS_SKIP_EMPTY, "");
        return GSEARCH_OK;
    }
    json_t *places = json_object();
    if (!places)
        return gs_fail_memory(err);
    gsearch_status status = take_record(self, line, record, places, err);
    json_decref(places);
    return status;
}

static gsearch_status read_line(lines *self, gs_bytes line, gsearch_error *err)
{
    if (line.len > GS_DOCUMENT_BYTES_MAX) {
        skip(self, GS_SKIP_TOO_LARGE, "");
        return GSEARCH_OK;
    }
    if (gs_utf8_valid_prefix(line) < line.len) {
        gs_buf_reset(&self->repaired);
        self->sink->replacements += gs_utf8_repair(&self->repaired, line);
        if (self->repaired.status == GSEARCH_LIMIT) {
            skip(self, GS_SKIP_TOO_LARGE, "once its invalid bytes are replaced");
            return GSEARCH_OK;
        }
        if (self->repaired.status)
            return gs_fail_memory(err);
        line = gs_buf_view(&self->repaired);
    }
    if (memchr(line.ptr, 0, line.len)) { // jansson passes over one behind a number
        skip(self, GS_SKIP_BAD_RECORD, "a NUL in it");
        return GSEARCH_OK;
    }
    json_error_t fault;
    size_t flags = JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL; // an integer may have any length
    json_t *record;
    GS_TRY(gs_json_load(line, flags, &record, &fault, err));
    gsearch_status status = GSEARCH_OK;
    if (record)
        status = judge_record(self, line, record, err);
    else
        skip(self, GS_SKIP_BAD_RECORD, fault.text);
    json_decref(record);
    return status;
}

static bool is_json_blank(gs_bytes line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (!is_json_white(line.ptr[i]))
            return false;
    }
    return true;
}

static gsearch_status read_lines(lines *self, gsearch_error *err)
{
    gs_bytes left = self->piece->data;
    if (self->number == 1)
        left = gs_format_skip_mark(left);
    while (left.len) {
        const uint8_t *end = memchr(left.ptr, '\n', left.len);
        gs_bytes line = gs_bytes_of(left.ptr, end ? (size_t)(end - left.ptr) : left.len);
        if (!is_json_blank(line))
            GS_TRY(read_line(self, line, err));
        size_t used = line.len + (end ? 1 : 0);
        left = gs_bytes_of(left.ptr + used, left.len - used);
        self->number++;
    }
    return GSEARCH_OK;
}

static gsearch_status read_jsonl(const gs_piece *piece, const gs_mem *mem, gs_sink *sink,
                                 gsearch_error *err)
{
    lines self = {.piece = piece, .sink = sink, .number = piece->first_line};
    gs_json_hook();
    // Room for any path with a line number: whether the id is too long is judged later.
    gs_buf_init(&self.id, mem, 5 * GS_ID_BYTES_MAX);
    gs_buf_init(&self.repaired, mem, GS_DOCUMENT_BYTES_MAX);
    gs_buf_init(&self.fields, mem, UINT32_MAX);
    gsearch_status status = read_lines(&self, err);
    gs_buf_release(&self.id);
    gs_buf_release(&self.repaired);
    gs_buf_release(&self.fields);
    return status;
}

const gs_format gs_format_jsonl = {
    .suffixes = {".jsonl", ".ndjson", NULL},
    .by_lines = true,
    .read = read_jsonl,
};
