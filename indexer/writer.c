/* SPDX-License-Identifier: Apache-2.0
 *
 * The public writer: documents from a program into batches, batches into a change of the index.
 * Which ids have come or gone since the last commit is kept as a set of their hashes.
 */
#include "gsearch/gsearch.h"

#include "common/base/checksum.h"
#include "common/base/date.h"
#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "indexer/batch.h"
#include "indexer/change.h"

#define BLOCK_BYTES (1u << 20) /* text blocks end at least this often */
#define BATCH_TEXT_BYTES_MAX \
    (1ull << 30)            /* a batch cannot be split: keep it well below a segment */
#define DOCUMENT_BYTES 256u /* what a document counts for besides its text */
#define IDS_MIN 64u

typedef enum pending_state { ID_UNUSED, ID_ADDED, ID_DELETED } pending_state;

/* An id that came or went since the last commit. */
typedef struct pending_id {
    uint64_t hash[2];
    pending_state state;
} pending_id;

struct gsearch_writer {
    gs_mem allocator;
    const gs_mem *mem; // &allocator, or NULL
    gs_change change;
    bool with_text;
    bool is_broken; // can only be closed
    size_t batch_bytes;
    gs_batch *batch;    // being filled, or NULL
    gs_batch **batches; // finished
    size_t batches_count, batches_capacity;
    uint64_t block_bytes, batch_text_bytes;
    pending_id *ids; // open addressing; a power of two
    size_t ids_count, ids_capacity;
    bool ids_repeat; // one was added that had been added or deleted since the last commit
    gs_buf deleted;                 // u32 length, id: every id given to gsearch_writer_delete
    gs_buf id, title, text, fields; // repaired copies
};

/* ---- ids since the last commit ---- */

static pending_id *find_pending(const gsearch_writer *writer, gs_bytes id)
{
    uint64_t hash[2] = {gs_checksum(id.ptr, id.len, 0), gs_checksum(id.ptr, id.len, 1)};
    size_t mask = writer->ids_capacity - 1;
    for (size_t i = (size_t)hash[0] & mask;; i = (i + 1) & mask) {
        pending_id *entry = &writer->ids[i];
        if (entry->state == ID_UNUSED)
            memcpy(entry->hash, hash, sizeof(hash));
        if (entry->hash[0] == hash[0] && entry->hash[1] == hash[1])
            return entry;
    }
}

/* Makes room for one more, so that find_pending finds an unused place. */
static gsearch_status reserve_pending(gsearch_writer *writer, gsearch_error *err)
{
    if (writer->ids_count + 1 <= writer->ids_capacity / 4 * 3)
        return GSEARCH_OK;
    size_t capacity = writer->ids_capacity ? writer->ids_capacity * 2 : IDS_MIN;
    pending_id *ids = gs_mem_calloc(writer->mem, capacity, sizeof(*ids));
    if (!ids)
        return gs_fail_memory(err);
    for (size_t i = 0; i < writer->ids_capacity; i++) {
        const pending_id *entry = &writer->ids[i];
        if (entry->state == ID_UNUSED)
            continue;
        size_t place = (size_t)entry->hash[0] & (capacity - 1);
        while (ids[place].state != ID_UNUSED)
            place = (place + 1) & (capacity - 1);
        ids[place] = *entry;
    }
    gs_mem_free(writer->mem, writer->ids);
    writer->ids = ids;
    writer->ids_capacity = capacity;
    return GSEARCH_OK;
}

static void set_pending(gsearch_writer *writer, pending_id *entry, pending_state state)
{
    writer->ids_count += entry->state == ID_UNUSED;
    entry->state = state;
}

static void forget_pending(gsearch_writer *writer)
{
    for (size_t i = 0; i < writer->batches_count; i++)
        gs_batch_free(writer->batches[i]);
    writer->batches_count = 0;
    gs_batch_free(writer->batch);
    writer->batch = NULL;
    gs_mem_free(writer->mem, writer->ids);
    writer->ids = NULL;
    writer->ids_count = writer->ids_capacity = 0;
    writer->ids_repeat = false;
    gs_buf_release(&writer->deleted);
}

/* ---- opening and closing ---- */

static void init_writer(gsearch_writer *writer, const gsearch_writer_options *options)
{
    uint64_t memory = options->memory_bytes ? options->memory_bytes : GS_MEMORY_BYTES_DEFAULT;
    if (memory < GS_MEMORY_BYTES_MIN)
        memory = GS_MEMORY_BYTES_MIN;
    *writer = (gsearch_writer){.with_text = !options->without_text,
                               .batch_bytes = (size_t)(memory / 4 * 3)};
    if (options->allocator) {
        writer->allocator =
            (gs_mem){.resize = options->allocator->resize, .payload = options->allocator->payload};
        writer->mem = &writer->allocator;
    }
    gs_buf_init(&writer->deleted, writer->mem, SIZE_MAX);
    gs_buf_init(&writer->id, writer->mem, GS_ID_BYTES_MAX);
    gs_buf_init(&writer->title, writer->mem, GS_DOCUMENT_BYTES_MAX);
    gs_buf_init(&writer->text, writer->mem, GS_DOCUMENT_BYTES_MAX);
    gs_buf_init(&writer->fields, writer->mem, GS_DOCUMENT_BYTES_MAX);
}

GSEARCH_API gsearch_status gsearch_writer_open(const char *dir,
                                               const gsearch_writer_options *options,
                                               gsearch_writer **out, gsearch_error *error)
{
    gsearch_writer_options known = {0};
    gs_error_clear(error);
    if (!dir || !out)
        return gs_fail(error, GSEARCH_BAD_ARGUMENT, "no folder to write into");
    if (options && options->struct_size == 0)
        return gs_fail(error, GSEARCH_BAD_ARGUMENT, "the options do not tell their struct_size");
    if (options)
        memcpy(&known, options,
               options->struct_size < sizeof(known) ? options->struct_size : sizeof(known));
    gsearch_writer first;
    init_writer(&first, &known);
    gsearch_writer *writer = gs_mem_alloc(first.mem, sizeof(*writer));
    if (!writer)
        return gs_fail_memory(error);
    init_writer(writer, &known);
    gsearch_status status = gs_change_open(dir, writer->mem, false, &writer->change, error);
    if (status)
        gs_mem_free(first.mem, writer);
    else
        *out = writer;
    return status;
}

GSEARCH_API void gsearch_writer_close(gsearch_writer *writer)
{
    if (!writer)
        return;
    forget_pending(writer);
    gs_change_close(&writer->change);
    gs_mem_free(writer->mem, writer->batches);
    gs_buf_release(&writer->id);
    gs_buf_release(&writer->title);
    gs_buf_release(&writer->text);
    gs_buf_release(&writer->fields);
    gs_mem mem = writer->allocator;
    gs_mem_free(writer->mem ? &mem : NULL, writer);
}

/* ---- adding and deleting ---- */

static gsearch_status check_usable(const gsearch_writer *writer, gsearch_error *err)
{
    if (!writer)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "no writer");
    if (writer->is_broken)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                       "an earlier call failed; close this writer and open another");
    return GSEARCH_OK;
}

/* `text` itself if it is well-formed, else a repaired copy in `buf`. */
static gsearch_status repair(gs_buf *buf, gs_bytes text, const char *what, gs_bytes *out,
                             gsearch_error *err)
{
    *out = text;
    if (text.len > buf->max)
        return gs_fail(err, GSEARCH_LIMIT, "the %s is longer than %zu bytes", what, buf->max);
    if (gs_utf8_valid_prefix(text) == text.len)
        return GSEARCH_OK;
    gs_buf_reset(buf);
    gs_utf8_repair(buf, text);
    if (buf->status == GSEARCH_LIMIT)
        return gs_fail(err, GSEARCH_LIMIT,
                       "the %s is longer than %zu bytes once its invalid bytes are replaced", what,
                       buf->max);
    if (buf->status)
        return gs_fail_memory(err);
    *out = gs_buf_view(buf);
    return GSEARCH_OK;
}

static gsearch_status read_id(gsearch_writer *writer, const char *id, gs_bytes *out,
                              gsearch_error *err)
{
    if (!id || !*id)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the id is empty");
    return repair(&writer->id, gs_bytes_str(id), "id", out, err);
}

/* Line ends between values would break the lines that documents are shown in. */
static gsearch_status read_fields(gsearch_writer *writer, const char *fields, gs_bytes *out,
                                  gsearch_error *err)
{
    gs_bytes whole;
    GS_TRY(repair(&writer->fields, gs_bytes_str(fields), "fields", &whole, err));
    if (whole.len < 2 || whole.ptr[0] != '{' || whole.ptr[whole.len - 1] != '}')
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the fields are not a JSON object");
    for (size_t i = 0; i < whole.len; i++) {
        if (whole.ptr[i] < ' ')
            return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                           "the fields hold a control character; give them in one line");
    }
    *out = whole;
    return GSEARCH_OK;
}

static gsearch_status read_document(gsearch_writer *writer, const gsearch_document *given,
                                    gs_document *out, gsearch_error *err)
{
    *out = (gs_document){0};
    GS_TRY(read_id(writer, given->id, &out->id, err));
    if (!given->text)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "a document has no text");
    size_t text_len = given->text_len == SIZE_MAX ? strlen(given->text) : given->text_len;
    GS_TRY(repair(&writer->text, gs_bytes_of(given->text, text_len), "text", &out->text, err));
    out->has_title = given->title != NULL;
    if (given->title)
        GS_TRY(repair(&writer->title, gs_bytes_str(given->title), "title", &out->title, err));
    if (given->date && !gs_date_parse(gs_bytes_str(given->date), &out->date))
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the date of a document is not one: %s",
                       given->date);
    if (given->fields)
        GS_TRY(read_fields(writer, given->fields, &out->fields, err));
    return GSEARCH_OK;
}

static gsearch_status finish_batch(gsearch_writer *writer, gsearch_error *err)
{
    if (!writer->batch)
        return GSEARCH_OK;
    void *batches = writer->batches;
    if (!gs_mem_grow(writer->mem, &batches, &writer->batches_capacity, writer->batches_count + 1,
                     SIZE_MAX, sizeof(*writer->batches)))
        return gs_fail_memory(err);
    writer->batches = batches;
    writer->batches[writer->batches_count++] = writer->batch;
    gs_batch *batch = writer->batch;
    writer->batch = NULL;
    return gs_batch_finish(batch, err);
}

static gsearch_status take_document(gsearch_writer *writer, const gs_document *document,
                                    gsearch_error *err)
{
    if (!writer->batch) {
        GS_TRY(gs_batch_new(writer->change.dir, writer->mem, writer->batch_bytes, writer->with_text,
                            &writer->batch, err));
        writer->batch_text_bytes = 0;
        writer->block_bytes = 0;
        GS_TRY(gs_batch_source(writer->batch, gs_bytes_of(NULL, 0), err));
    }
    GS_TRY(gs_batch_add(writer->batch, document, err));
    uint64_t bytes = document->text.len + document->title.len + DOCUMENT_BYTES;
    writer->batch_text_bytes += bytes;
    writer->block_bytes += bytes;
    if (writer->block_bytes >= BLOCK_BYTES) {
        GS_TRY(gs_batch_cut(writer->batch, err));
        writer->block_bytes = 0;
    }
    return writer->batch_text_bytes >= BATCH_TEXT_BYTES_MAX ? finish_batch(writer, err)
                                                            : GSEARCH_OK;
}

GSEARCH_API gsearch_status gsearch_writer_add(gsearch_writer *writer,
                                              const gsearch_document *document,
                                              gsearch_error *error)
{
    gs_error_clear(error);
    GS_TRY(check_usable(writer, error));
    if (!document || document->struct_size == 0)
        return gs_fail(error, GSEARCH_BAD_ARGUMENT, "no document, or one without struct_size");
    gsearch_document known = GSEARCH_DOCUMENT_INIT;
    memcpy(&known, document,
           document->struct_size < sizeof(known) ? document->struct_size : sizeof(known));
    gs_document read;
    GS_TRY(read_document(writer, &known, &read, error));
    GS_TRY(reserve_pending(writer, error));
    gsearch_status status = take_document(writer, &read, error);
    if (status) {
        writer->is_broken = true;
        return status;
    }
    pending_id *entry = find_pending(writer, read.id);
    writer->ids_repeat |= entry->state != ID_UNUSED;
    set_pending(writer, entry, ID_ADDED);
    return GSEARCH_OK;
}

GSEARCH_API gsearch_status gsearch_writer_delete(gsearch_writer *writer, const char *id,
                                                 gsearch_error *error)
{
    gs_error_clear(error);
    GS_TRY(check_usable(writer, error));
    gs_bytes key;
    GS_TRY(read_id(writer, id, &key, error));
    GS_TRY(reserve_pending(writer, error));
    pending_id *entry = find_pending(writer, key);
    bool is_there = entry->state == ID_ADDED;
    if (entry->state == ID_UNUSED) {
        size_t segment;
        uint32_t doc;
        GS_TRY(gs_change_find(&writer->change, 0, writer->change.segments_count, key, &segment,
                              &doc, error));
        is_there = segment < writer->change.segments_count;
    }
    if (!is_there)
        return gs_fail(error, GSEARCH_NOT_FOUND, "there is no document with the id %.*s",
                       (int)key.len, (const char *)key.ptr);
    size_t len = writer->deleted.len;
    gs_buf_u32(&writer->deleted, (uint32_t)key.len);
    gs_buf_bytes(&writer->deleted, key);
    if (writer->deleted.status) {
        writer->deleted.len = len;
        writer->deleted.status = GSEARCH_OK;
        return gs_fail_memory(error);
    }
    set_pending(writer, entry, ID_DELETED);
    return GSEARCH_OK;
}

/* ---- committing ---- */

/* Deletes the documents that new ones replace. */
static gsearch_status delete_replaced(gsearch_writer *writer, size_t old_segments,
                                      gsearch_error *err)
{
    gs_change *change = &writer->change;
    for (size_t i = old_segments; old_segments && i < change->segments_count; i++) {
        gs_change_segment *segment = &change->segments[i];
        GS_TRY(gs_change_read(change, segment, err));
        for (uint32_t doc = 0; doc < segment->file.documents; doc++) {
            size_t old_segment;
            uint32_t old_doc;
            gs_buf_reset(&writer->id);
            GS_TRY(gs_segment_key(segment->segment, doc, &writer->id, err));
            GS_TRY(gs_change_find(change, 0, old_segments, gs_buf_view(&writer->id), &old_segment,
                                  &old_doc, err));
            if (old_segment < old_segments)
                gs_change_delete(&change->segments[old_segment], old_doc);
        }
    }
    return GSEARCH_OK;
}

/* Deletes what was asked for, unless it was added again later. */
static gsearch_status delete_asked(gsearch_writer *writer, gsearch_error *err)
{
    gs_change *change = &writer->change;
    gs_cursor cursor = gs_cursor_of(gs_buf_view(&writer->deleted));
    while (gs_cursor_left(&cursor)) {
        gs_bytes id = gs_cursor_bytes(&cursor, gs_cursor_u32(&cursor));
        if (find_pending(writer, id)->state != ID_DELETED)
            continue;
        size_t segment;
        uint32_t doc;
        GS_TRY(gs_change_find(change, 0, change->segments_count, id, &segment, &doc, err));
        if (segment < change->segments_count)
            gs_change_delete(&change->segments[segment], doc);
    }
    return GSEARCH_OK;
}

static gsearch_status commit(gsearch_writer *writer, gsearch_error *err)
{
    gs_change *change = &writer->change;
    if (writer->ids_count == 0 && change->manifest.generation)
        return GSEARCH_OK;
    size_t old_segments = change->segments_count;
    GS_TRY(finish_batch(writer, err));
    if (writer->batches_count)
        GS_TRY(gs_change_write(change, writer->batches, writer->batches_count, writer->with_text,
                               !writer->ids_repeat, NULL, err));
    GS_TRY(delete_replaced(writer, old_segments, err));
    GS_TRY(delete_asked(writer, err));
    GS_TRY(gs_change_commit(change, change->manifest.inputs, err));
    forget_pending(writer);
    return GSEARCH_OK;
}

GSEARCH_API gsearch_status gsearch_writer_commit(gsearch_writer *writer, uint64_t *generation,
                                                 gsearch_error *error)
{
    gs_error_clear(error);
    GS_TRY(check_usable(writer, error));
    gsearch_status status = commit(writer, error);
    if (status)
        writer->is_broken = true;
    else if (generation)
        *generation = writer->change.manifest.generation;
    return status;
}
