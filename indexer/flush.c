/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the way from finished batches to segments: documents one behind the other, grams out of
 * their bins, the runs of words merged in dictionary order, text blocks copied. Positions of later
 * batches lie behind those of earlier ones, so equal words are joined without sorting. Start with
 * gs_batches_write, at the end.
 */
#include "indexer/batchparts.h"

#include "common/base/limits.h"
#include "common/text/analyzer.h"
#include "indexer/gramsort.h"
#include "indexer/termheap.h"

#define READ_BYTES_ALL ((size_t)8 << 20) /* buffers of all runs together */
#define READ_BYTES_MAX ((size_t)64 << 10)
#define READ_BYTES_MIN ((size_t)2 << 10)
#define POSITIONS_AT_ONCE 2048u

/* The batches of one segment. */
typedef struct batch_range {
    gs_batch **batches;
    size_t count;
} batch_range;

/* ---- documents ---- */

static gsearch_status copy_document(gs_segment_writer *writer, gs_cursor *cursor,
                                    gsearch_error *err)
{
    gs_doc_record record = {0};
    record.length = gs_cursor_varint32(cursor);
    record.title_positions = gs_cursor_varint32(cursor);
    record.flags = gs_cursor_varint32(cursor);
    record.date = gs_cursor_varint32(cursor);
    record.text_bytes = gs_cursor_varint(cursor);
    uint64_t key_bytes = gs_cursor_varint(cursor);
    uint64_t title_bytes = gs_cursor_varint(cursor);
    uint32_t checkpoints = gs_cursor_varint32(cursor);
    record.key = gs_cursor_bytes(cursor, key_bytes);
    record.title = gs_cursor_bytes(cursor, title_bytes);
    GS_TRY(gs_segment_add_document(writer, &record, err));
    gs_checkpoint checkpoint = {0};
    for (uint32_t i = 0; i < checkpoints && !cursor->bad; i++) {
        checkpoint.position += gs_cursor_varint32(cursor);
        checkpoint.byte += gs_cursor_varint32(cursor);
        gs_segment_add_checkpoint(writer, checkpoint);
    }
    return cursor->bad ? gs_fail(err, GSEARCH_INTERNAL, "a document does not read back")
                       : GSEARCH_OK;
}

/* `source` holds the path of the source given last; a batch may go on with the same. */
static gsearch_status copy_record(gs_segment_writer *writer, gs_bytes bytes, gs_buf *source,
                                  gsearch_error *err)
{
    gs_cursor cursor = gs_cursor_of(bytes);
    if (gs_cursor_u8(&cursor) == GS_BATCH_RECORD_DOCUMENT)
        return copy_document(writer, &cursor, err);
    gs_bytes path = gs_cursor_bytes(&cursor, gs_cursor_left(&cursor));
    // a terminating byte tells "no source yet" from the empty path
    if (source->len && gs_bytes_equal(gs_bytes_of(source->data, source->len - 1), path))
        return GSEARCH_OK;
    gs_buf_reset(source);
    gs_buf_bytes(source, path);
    gs_buf_u8(source, 0);
    if (source->status)
        return gs_fail_memory(err);
    return gs_segment_add_source(writer, path, err);
}

static gsearch_status copy_records(gs_segment_writer *writer, const gs_batch *batch,
                                   gs_buf *source, gsearch_error *err)
{
    gs_buf record;
    gs_buf_init(&record, batch->mem, GS_SPILL_TAIL_BYTES_MAX);
    gs_spill_reader reader;
    GS_TRY(gs_spill_reader_open(&reader, &batch->records, READ_BYTES_MAX, err));
    gsearch_status status = GSEARCH_OK;
    while (!status && !gs_spill_reader_done(&reader)) {
        uint32_t len;
        status = gs_spill_reader_get(&reader, &len, sizeof(len), err);
        if (status)
            break;
        gs_buf_reset(&record);
        uint8_t *ptr = gs_buf_reserve(&record, len);
        if (!ptr) {
            status = gs_fail_memory(err);
            break;
        }
        status = gs_spill_reader_get(&reader, ptr, len, err);
        if (!status)
            status = copy_record(writer, gs_bytes_of(ptr, len), source, err);
    }
    gs_spill_reader_close(&reader);
    gs_buf_release(&record);
    return status;
}

static gsearch_status write_documents(gs_segment_writer *writer, const gs_mem *mem,
                                      batch_range range, gsearch_error *err)
{
    gs_buf source;
    gs_buf_init(&source, mem, GS_ID_BYTES_MAX + 1);
    gsearch_status status = GSEARCH_OK;
    for (size_t i = 0; i < range.count && !status; i++)
        status = copy_records(writer, range.batches[i], &source, err);
    gs_buf_release(&source);
    return status ? status : gs_segment_documents_done(writer, err);
}

/* ---- grams ---- */

static gsearch_status write_grams(gs_segment_writer *writer, const gs_mem *mem, batch_range range,
                                  gsearch_error *err)
{
    gs_characters characters;
    gs_gram_source *sources = gs_mem_alloc(mem, range.count * sizeof(*sources));
    if (!sources)
        return gs_fail_memory(err);
    gsearch_status status = gs_characters_init(&characters, mem, err);
    uint32_t shift = 0;
    for (size_t i = 0; i < range.count && !status; i++) {
        const gs_batch *batch = range.batches[i];
        sources[i] = (gs_gram_source){.bins = &batch->grams, .shift = shift};
        shift += (uint32_t)batch->positions;
        for (size_t j = 0; j < batch->frequencies_count; j++)
            characters.documents[batch->frequencies[j].code_point] +=
                batch->frequencies[j].documents;
    }
    if (!status)
        status = gs_gramsort(sources, range.count, &characters, mem,
                             range.batches[0]->memory_bytes, writer, err);
    if (!status)
        status = gs_characters_give(&characters, GS_CHARACTERS_END, writer, err);
    gs_characters_release(&characters);
    gs_mem_free(mem, sources);
    return status;
}

/* ---- words ---- */

typedef struct run_merge {
    gs_run_reader *readers;
    size_t readers_count;
    gs_term_heap heap;
} run_merge;

static gs_term_head head_of(const run_merge *merge, uint32_t source)
{
    return (gs_term_head){
        .is_word = true, .source = source, .word = merge->readers[source].word};
}

static gsearch_status open_runs(run_merge *merge, const gs_mem *mem, batch_range range,
                                gsearch_error *err)
{
    size_t runs = 0;
    for (size_t i = 0; i < range.count; i++)
        runs += range.batches[i]->runs_count;
    merge->readers = gs_mem_calloc(mem, runs ? runs : 1, sizeof(*merge->readers));
    if (!merge->readers)
        return gs_fail_memory(err);
    GS_TRY(gs_term_heap_init(&merge->heap, mem, runs, err));
    size_t buffer = runs ? READ_BYTES_ALL / runs : READ_BYTES_MAX;
    buffer = buffer > READ_BYTES_MAX ? READ_BYTES_MAX : buffer;
    buffer = buffer < READ_BYTES_MIN ? READ_BYTES_MIN : buffer;
    uint32_t shift = 0;
    for (size_t i = 0; i < range.count; i++) {
        const gs_batch *batch = range.batches[i];
        for (size_t j = 0; j < batch->runs_count; j++) {
            uint32_t source = (uint32_t)merge->readers_count;
            gs_run_reader *reader = &merge->readers[source];
            GS_TRY(gs_run_reader_open(reader, &batch->runs[j], shift, buffer, err));
            merge->readers_count++;
            bool more;
            GS_TRY(gs_run_next(reader, &more, err));
            if (more)
                gs_term_heap_push(&merge->heap, head_of(merge, source));
        }
        shift += (uint32_t)batch->positions;
    }
    return GSEARCH_OK;
}

static void close_runs(run_merge *merge, const gs_mem *mem)
{
    for (size_t i = 0; i < merge->readers_count; i++)
        gs_run_reader_close(&merge->readers[i]);
    gs_mem_free(mem, merge->readers);
    gs_term_heap_release(&merge->heap);
}

/* Gives the list of the reader on top to the writer and moves the reader on. */
static gsearch_status copy_list(run_merge *merge, gs_segment_writer *writer, gsearch_error *err)
{
    uint32_t source = gs_term_heap_top(&merge->heap)->source;
    gs_run_reader *reader = &merge->readers[source];
    uint32_t positions[POSITIONS_AT_ONCE];
    while (reader->left) {
        size_t count;
        GS_TRY(gs_run_positions(reader, positions, POSITIONS_AT_ONCE, &count, err));
        GS_TRY(gs_segment_add_positions(writer, positions, count, err));
    }
    bool more;
    GS_TRY(gs_run_next(reader, &more, err));
    if (more)
        gs_term_heap_replace(&merge->heap, head_of(merge, source));
    else
        gs_term_heap_pop(&merge->heap);
    return GSEARCH_OK;
}

static gsearch_status merge_runs(run_merge *merge, gs_segment_writer *writer, gsearch_error *err)
{
    uint8_t bytes[GS_TERM_BYTES_MAX];
    while (merge->heap.count) {
        gs_bytes top = gs_term_heap_top(&merge->heap)->word, word = {bytes, top.len};
        memcpy(bytes, top.ptr, top.len);
        GS_TRY(gs_segment_add_list(writer, true, 0, word, err));
        do
            GS_TRY(copy_list(merge, writer, err));
        while (merge->heap.count && gs_bytes_equal(gs_term_heap_top(&merge->heap)->word, word));
    }
    return GSEARCH_OK;
}

static gsearch_status write_words(gs_segment_writer *writer, const gs_mem *mem, batch_range range,
                                  gsearch_error *err)
{
    run_merge merge = {0};
    gsearch_status status = open_runs(&merge, mem, range, err);
    if (!status)
        status = merge_runs(&merge, writer, err);
    close_runs(&merge, mem);
    return status;
}

/* ---- text ---- */

static gsearch_status copy_block(gs_segment_writer *writer, gs_spill_reader *reader, gs_buf *block,
                                 gsearch_error *err)
{
    uint32_t head[2]; // documents begun, bytes
    GS_TRY(gs_spill_reader_get(reader, head, sizeof(head), err));
    gs_buf_reset(block);
    uint8_t *ptr = gs_buf_reserve(block, head[1]);
    if (!ptr)
        return gs_fail_memory(err);
    GS_TRY(gs_spill_reader_get(reader, ptr, head[1], err));
    return gs_segment_add_text_block(writer, head[0], gs_bytes_of(ptr, head[1]), err);
}

static gsearch_status write_text(gs_segment_writer *writer, const gs_batch *batch,
                                 gsearch_error *err)
{
    gs_buf block;
    gs_buf_init(&block, batch->mem, GS_SPILL_TAIL_BYTES_MAX);
    gs_spill_reader reader;
    GS_TRY(gs_spill_reader_open(&reader, &batch->text, READ_BYTES_MAX, err));
    gsearch_status status = GSEARCH_OK;
    while (!status && !gs_spill_reader_done(&reader))
        status = copy_block(writer, &reader, &block, err);
    gs_spill_reader_close(&reader);
    gs_buf_release(&block);
    return status;
}

/* ---- segments ---- */

static gsearch_status write_parts(gs_segment_writer *writer, const gs_mem *mem, batch_range range,
                                  bool with_text, gsearch_error *err)
{
    GS_TRY(write_documents(writer, mem, range, err));
    GS_TRY(write_grams(writer, mem, range, err));
    GS_TRY(write_words(writer, mem, range, err));
    GS_TRY(gs_segment_lists_done(writer, err));
    for (size_t i = 0; i < range.count && with_text; i++)
        GS_TRY(write_text(writer, range.batches[i], err));
    return GSEARCH_OK;
}

static gsearch_status write_segment(gs_dir *dir, const gs_mem *mem, batch_range range,
                                    bool with_text, gs_manifest_segment *out, gsearch_error *err)
{
    gs_segment_options options = {
        .analyzer = GS_ANALYZER_VERSION,
        .unicode = gs_analyzer_unicode(),
        .has_text = with_text,
    };
    gs_segment_writer *writer;
    GS_TRY(gs_segment_create(dir, mem, &options, &writer, err));
    gsearch_status status = write_parts(writer, mem, range, with_text, err);
    if (status) {
        gs_segment_abort(writer);
        return status;
    }
    gs_container_name name;
    GS_TRY(gs_segment_finish(writer, &name, err));
    *out = (gs_manifest_segment){.segment = {.id = name.id, .length = name.length}};
    for (size_t i = 0; i < range.count; i++)
        out->documents += range.batches[i]->documents;
    return GSEARCH_OK;
}

/* How many batches from the first on fit one segment: at least one. */
static size_t fitting(batch_range range)
{
    uint64_t positions = 0, documents = 0;
    size_t count = 0;
    while (count < range.count) {
        positions += range.batches[count]->positions;
        documents += range.batches[count]->documents;
        if (count && (positions > GS_SEGMENT_POSITIONS_MAX || documents > GS_SEGMENT_DOCUMENTS_MAX))
            break;
        count++;
    }
    return count;
}

gsearch_status gs_batches_write(gs_dir *dir, const gs_mem *mem, gs_batch **batches,
                                size_t batches_count, bool with_text, gs_manifest_segment *out,
                                size_t out_max, size_t *out_count, gsearch_error *err)
{
    size_t written = 0;
    for (size_t done = 0; done < batches_count;) {
        batch_range range = {batches + done, batches_count - done};
        range.count = fitting(range);
        done += range.count;
        uint64_t documents = 0;
        for (size_t i = 0; i < range.count; i++)
            documents += range.batches[i]->documents;
        if (!documents)
            continue;
        if (written == out_max)
            return gs_fail(err, GSEARCH_LIMIT, "the documents need more than %zu segments",
                           out_max);
        GS_TRY(write_segment(dir, mem, range, with_text, &out[written], err));
        written++;
    }
    *out_count = written;
    return GSEARCH_OK;
}
