/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Lines and plain text as inputs: whatever the bytes, documents are well-formed text, and what
 * is kept of a record is what jansson finds in it. A file read line by line gives the same as one
 * read at once.
 */
#include <jansson.h>

#include "common/base/date.h"
#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "indexer/formats/formats.h"
#include "tests/fuzz/target.h"

typedef struct reading {
    gs_buf log;     /* everything that the sink was given */
    json_t *record; /* the line, if there is one alone */
} reading;

static void put(gs_buf *log, gs_bytes bytes)
{
    assert_int_equal(gs_utf8_valid_prefix(bytes), bytes.len);
    gs_buf_u64(log, bytes.len);
    gs_buf_bytes(log, bytes);
}

/* The members that a document has no place for stay as they are. */
static void check_fields(json_t *record, const gs_document *document)
{
    json_t *rest = json_copy(record), *fields;
    json_object_del(rest, "id");
    json_object_del(rest, "text");
    if (document->has_title)
        json_object_del(rest, "title");
    if (document->date)
        json_object_del(rest, "date");
    fields = document->fields.len
                 ? json_loadb((const char *)document->fields.ptr, document->fields.len,
                              JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL)
                 : json_object();
    assert_true(json_equal(fields, rest));
    json_decref(fields);
    json_decref(rest);
}

static gsearch_status take(const gs_document *document, void *payload, gsearch_error *err)
{
    (void)err;
    reading *self = payload;
    assert_in_range(document->id.len, 1, GS_ID_BYTES_MAX);
    assert_null(memchr(document->id.ptr, 0, document->id.len));
    assert_true(document->has_title || !gs_format_is_blank(document->text));
    char date[11];
    uint32_t again = 0;
    gs_date_text(document->date, date);
    assert_true(!document->date || gs_date_parse(gs_bytes_str(date), &again));
    assert_int_equal(again, document->date);
    if (self->record)
        check_fields(self->record, document);
    put(&self->log, document->id);
    put(&self->log, document->title);
    put(&self->log, document->text);
    put(&self->log, document->fields);
    gs_buf_u32(&self->log, document->date);
    return GSEARCH_OK;
}

static void note_skip(gs_bytes id, gs_skip why, const char *detail, void *payload)
{
    reading *self = payload;
    put(&self->log, id);
    gs_buf_str(&self->log, detail); // it may quote any bytes
    gs_buf_u8(&self->log, (uint8_t)why);
}

static void read_piece(const gs_format *format, gs_bytes data, uint64_t first_line, reading *out)
{
    gs_sink sink = {.document = take, .skip = note_skip, .payload = out};
    gs_piece piece = {.data = data, .id = gs_bytes_str("p"), .first_line = first_line};
    gsearch_error error;
    assert_ok(format->read(&piece, NULL, &sink, &error), &error);
    assert_true(sink.replacements == 0 || gs_utf8_valid_prefix(data) < data.len);
}

/* What jansson makes of a line whose invalid bytes are replaced; NULL if it is no object. */
static json_t *load(gs_bytes line, bool is_first)
{
    gs_buf repaired;
    gs_buf_init(&repaired, NULL, SIZE_MAX);
    gs_utf8_repair(&repaired, is_first ? gs_format_skip_mark(line) : line);
    json_t *record = json_loadb((const char *)repaired.data, repaired.len,
                                JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    gs_buf_release(&repaired);
    if (json_is_object(record))
        return record;
    json_decref(record);
    return NULL;
}

static void read_by_line(gs_bytes left, uint64_t number, reading *out)
{
    while (left.len) {
        const uint8_t *end = memchr(left.ptr, '\n', left.len);
        gs_bytes line = gs_bytes_of(left.ptr, end ? (size_t)(end - left.ptr) : left.len);
        size_t used = line.len + (end ? 1 : 0);
        out->record = line.len ? load(line, number == 1) : NULL;
        read_piece(&gs_format_jsonl, gs_bytes_of(left.ptr, used), number++, out);
        json_decref(out->record);
        out->record = NULL;
        left = gs_bytes_of(left.ptr + used, left.len - used);
    }
}

/* The first byte is the number of the first line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static reading whole, by_line, text;
    if (!whole.log.max) {
        gs_buf_init(&whole.log, NULL, SIZE_MAX);
        gs_buf_init(&by_line.log, NULL, SIZE_MAX);
        gs_buf_init(&text.log, NULL, SIZE_MAX);
    }
    if (size == 0)
        return 0;
    gs_bytes input = gs_bytes_of(data + 1, size - 1);
    uint64_t first = 1 + data[0] % 4;
    gs_buf_reset(&whole.log);
    gs_buf_reset(&by_line.log);
    gs_buf_reset(&text.log);
    read_piece(&gs_format_jsonl, input, first, &whole);
    read_by_line(input, first, &by_line);
    assert_true(gs_bytes_equal(gs_buf_view(&whole.log), gs_buf_view(&by_line.log)));
    read_piece(&gs_format_text, input, 1, &text);
    return 0;
}
