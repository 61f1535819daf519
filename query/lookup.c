/* SPDX-License-Identifier: Apache-2.0
 *
 * What is not a search: one document as it was stored, and the counts of a generation.
 */
#include "query/search.h"

#include <inttypes.h>

#include "common/base/json.h"
#include "common/base/utf8.h"
#include "common/simd/kernels.h"

/* A kept JSON object on one line: white space between its parts may be line ends, and strings may
 * hold control characters above U+007E, which are escaped. */
static void put_fields(gs_buf *out, gs_bytes fields)
{
    const uint8_t *at = fields.ptr, *end = fields.ptr + fields.len;
    while (at < end) {
        uint32_t code_point;
        size_t len = gs_utf8_decode(at, end, &code_point);
        if (code_point < 0x20)
            gs_buf_u8(out, ' ');
        else if ((code_point >= 0x7f && code_point <= 0x9f) || code_point == 0x2028 ||
                 code_point == 0x2029)
            gs_buf_printf(out, "\\u%04x", code_point);
        else
            gs_buf_append(out, at, len);
        at += len;
    }
}

static gsearch_status put_document(const gs_segment *in, gs_decoder *decoder, uint32_t doc,
                                   gs_bytes id, gs_buf *out, gsearch_error *err)
{
    gs_buf title;
    gs_buf_init(&title, in->mem, SIZE_MAX);
    gsearch_status status = gs_strings_get(&in->titles, doc, &title, err);
    gs_buf_str(out, "{\"id\":");
    gs_json_string(out, id);
    if (title.len) {
        gs_buf_str(out, ",\"title\":");
        gs_json_string(out, gs_buf_view(&title));
    }
    gs_buf_release(&title);
    if (status)
        return status;
    gs_stored stored = {0};
    if (in->has_text) {
        GS_TRY(gs_store_read(&in->store, decoder, doc, 0, UINT32_MAX, &stored, err));
        gs_buf_str(out, ",\"text\":");
        gs_json_string(out, stored.text);
    }
    uint32_t date = (uint32_t)gs_column_get(&in->docs.date, doc);
    if (date)
        gs_buf_printf(out, ",\"date\":\"%04u-%02u-%02u\"", date / 10000, date / 100 % 100,
                      date % 100);
    if (stored.fields.len) {
        gs_buf_str(out, ",\"fields\":");
        put_fields(out, stored.fields);
    }
    gs_buf_str(out, "}\n");
    return GSEARCH_OK;
}

static gsearch_status find_document(gs_snapshot *snapshot, gs_bytes id, gs_buf *out,
                                    gsearch_error *err)
{
    uint32_t segment = 0, doc = 0;
    bool found = false;
    GS_TRY(gs_snapshot_find(snapshot, id, &segment, &doc, &found, err));
    if (!found)
        return gs_fail(err, GSEARCH_NOT_FOUND, "no document has the id %.*s",
                       (int)(id.len < 100 ? id.len : 100), (const char *)id.ptr);
    gs_workspace *work = gs_workspace_take(&snapshot->pool);
    if (!work)
        return gs_fail_memory(err);
    gsearch_status status =
        put_document(snapshot->segments[segment].segment, work->decoder, doc, id, out, err);
    gs_workspace_give(&snapshot->pool, work);
    GS_TRY(status);
    return out->status ? gs_fail(err, out->status, "the document is too large for the reply")
                       : GSEARCH_OK;
}

gsearch_status gs_search_document(gs_snapshot *snapshot, gs_bytes id, gs_buf *out,
                                  gsearch_error *err)
{
    return gs_snapshot_judge(snapshot, find_document(snapshot, id, out, err), err);
}

/* A member of the object that is being written. */
static void put_number(gs_buf *out, const char *name, uint64_t value)
{
    gs_buf_printf(out, "\"%s\":%" PRIu64 ",", name, value);
}

static void put_sizes(gs_buf *out, const gs_snapshot *snapshot)
{
    gs_segment_sizes all = {0};
    uint64_t files = 0;
    for (uint32_t i = 0; i < snapshot->segments_count; i++) {
        const gs_segment *segment = snapshot->segments[i].segment;
        gs_segment_sizes sizes = gs_segment_sizes_of(segment);
        files += segment->file_bytes;
        all.lists += sizes.lists;
        all.dictionary += sizes.dictionary;
        all.documents += sizes.documents;
        all.titles += sizes.titles;
        all.text += sizes.text;
    }
    put_number(out, "index_bytes", files);
    put_number(out, "lists_bytes", all.lists);
    put_number(out, "dictionary_bytes", all.dictionary);
    put_number(out, "documents_bytes", all.documents);
    put_number(out, "titles_bytes", all.titles);
    put_number(out, "stored_text_bytes", all.text);
}

static gsearch_status put_classes(gs_buf *out, const gs_snapshot *snapshot, gsearch_error *err)
{
    static const char *const names[GS_LIST_CLASSES] = {"single", "short", "long"};
    gs_list_counts counts[GS_LIST_CLASSES] = {0};
    for (uint32_t i = 0; i < snapshot->segments_count; i++)
        GS_TRY(gs_segment_count_lists(snapshot->segments[i].segment, counts, err));
    for (size_t i = 0; i < GS_LIST_CLASSES; i++) {
        gs_buf_printf(out, "\"%s_lists\":%" PRIu64 ",\"%s_positions\":%" PRIu64 ",", names[i],
                      counts[i].lists, names[i], counts[i].positions);
        gs_buf_printf(out, "\"%s_bytes\":%" PRIu64 ",", names[i], counts[i].bytes);
    }
    return GSEARCH_OK;
}

gsearch_status gs_search_describe(gs_snapshot *snapshot, gs_buf *out, gsearch_error *err)
{
    uint64_t deleted = 0, positions = 0, postings = 0, lists = 0, text = 0;
    for (uint32_t i = 0; i < snapshot->segments_count; i++) {
        const gs_segment *in = snapshot->segments[i].segment;
        const gs_deletes *deletes = snapshot->segments[i].deletes;
        deleted += deletes ? deletes->deleted : 0;
        positions += in->docs.positions;
        postings += in->postings_count;
        lists += in->lists_count;
        text += in->text_bytes;
    }
    gs_buf_str(out, "{");
    put_number(out, "generation", snapshot->manifest.generation);
    gs_buf_printf(out, "\"degraded\":%s,", snapshot->manifest.degraded ? "true" : "false");
    put_number(out, "segments", snapshot->segments_count);
    put_number(out, "documents", snapshot->documents);
    put_number(out, "deleted", deleted);
    put_number(out, "length", snapshot->total_length);
    put_number(out, "positions", positions);
    put_number(out, "postings", postings);
    put_number(out, "lists", lists);
    put_number(out, "text_bytes", text);
    put_sizes(out, snapshot);
    GS_TRY(gs_snapshot_judge(snapshot, put_classes(out, snapshot, err), err));
    put_number(out, "analyzer", snapshot->manifest.analyzer);
    gs_buf_printf(out, "\"unicode\":\"%s\",\"kernels\":\"%s\"}\n", snapshot->manifest.unicode,
                  gs_kernels_active()->name);
    return out->status ? gs_fail_memory(err) : GSEARCH_OK;
}
