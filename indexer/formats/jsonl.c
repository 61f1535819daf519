/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Lines: one document a line, an object with `text` and perhaps `id`, `title` and `date`. What
 * else it holds is kept as it is, in its order. A line that is no such object is passed over and
 * counted.
 */
#include "indexer/formats/formats.h"

#include <jansson.h>

#include "common/base/date.h"
#include "common/base/limits.h"
#include "common/base/utf8.h"

typedef struct lines {
    const gs_piece *piece;
    gs_sink *sink;
    uint64_t number; // of the line at hand
    gs_buf id;       // its id, if it has none of its own
    gs_buf repaired; // its bytes, if they were not UTF-8
    gs_buf fields;
} lines;

/* PATH#LINE */
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

/* The record's id into `out`; false if it has one that cannot be one. */
static bool find_id(lines *self, const json_t *value, gs_bytes *out)
{
    if (!value || json_is_null(value) || (json_is_string(value) && !json_string_length(value))) {
        *out = line_id(self);
    } else if (json_is_integer(value)) {
        gs_buf_reset(&self->id);
        gs_buf_printf(&self->id, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        *out = gs_buf_view(&self->id);
    } else if (json_is_string(value)) {
        *out = string_of(value);
    } else {
        return false;
    }
    return out->len <= GS_ID_BYTES_MAX && !memchr(out->ptr, 0, out->len);
}

static bool find_date(lines *self, const json_t *value, uint32_t *out)
{
    if (json_is_string(value))
        return gs_date_parse(string_of(value), out);
    if (!json_is_integer(value))
        return false;
    gs_buf_reset(&self->fields);
    gs_buf_printf(&self->fields, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return gs_date_parse(gs_buf_view(&self->fields), out);
}

static int append(const char *data, size_t len, void *payload)
{
    gs_buf_append(payload, data, len);
    return 0;
}

/* All that is left of the record, as a compact object. */
static gsearch_status keep_fields(lines *self, const json_t *record, gs_bytes *out,
                                  gsearch_error *err)
{
    gs_buf_reset(&self->fields);
    if (json_object_size(record) == 0)
        return GSEARCH_OK;
    if (json_dump_callback(record, append, &self->fields, JSON_COMPACT) || self->fields.status)
        return gs_fail_memory(err);
    *out = gs_buf_view(&self->fields);
    return GSEARCH_OK;
}

/* The text was taken out of the record: it lives as long as `text` does. */
static gsearch_status take_record(lines *self, json_t *record, const json_t *text,
                                  gsearch_error *err)
{
    gs_document document = {.text = string_of(text)};
    json_t *title = json_object_get(record, "title");
    document.has_title = json_is_string(title) && json_string_length(title);
    if (!document.has_title && gs_format_is_blank(document.text)) {
        skip(self, GS_SKIP_EMPTY, "");
        return GSEARCH_OK;
    }
    json_t *id = json_object_get(record, "id");
    if (!find_id(self, id, &document.id)) {
        skip(self, GS_SKIP_BAD_RECORD, "the id is not a string of 1 to 4,096 bytes or an integer");
        return GSEARCH_OK;
    }
    if (find_date(self, json_object_get(record, "date"), &document.date))
        (void)json_object_del(record, "date");
    json_incref(title);
    json_incref(id);
    if (document.has_title) {
        document.title = string_of(title);
        (void)json_object_del(record, "title");
    }
    (void)json_object_del(record, "id");
    gsearch_status status = keep_fields(self, record, &document.fields, err);
    if (!status)
        status = self->sink->document(&document, self->sink->payload, err);
    json_decref(title);
    json_decref(id);
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
    json_error_t fault;
    json_t *record = json_loadb((const char *)line.ptr, line.len, JSON_ALLOW_NUL, &fault);
    if (!record && json_error_code(&fault) == json_error_out_of_memory)
        return gs_fail_memory(err);
    json_t *text = json_object_get(record, "text"); // NULL for what is not an object
    gsearch_status status = GSEARCH_OK;
    if (json_is_string(text)) {
        json_incref(text);
        (void)json_object_del(record, "text");
        status = take_record(self, record, text, err);
        json_decref(text);
    } else {
        skip(self, GS_SKIP_BAD_RECORD, record ? "no text in it" : fault.text);
    }
    json_decref(record);
    return status;
}

static bool is_json_blank(gs_bytes line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] != ' ' && line.ptr[i] != '\t' && line.ptr[i] != '\r')
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
