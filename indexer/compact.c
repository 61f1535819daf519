/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the choice of what goes together: neighbours, greedily, so that the order of documents
 * stays.
 */
#include "indexer/compact.h"

#include "common/segment/manifest.h"
#include "indexer/change.h"
#include "indexer/merge.h"

/* Positions that the living documents need, separators included. */
static uint64_t live_positions(const gs_change_segment *segment)
{
    const gs_doctable *docs = &segment->segment->docs;
    uint64_t positions = 0;
    for (uint32_t doc = 0; doc < docs->count; doc++)
        if (gs_change_is_live(segment, doc))
            positions += gs_doctable_length(docs, doc) + 1ull;
    return positions;
}

static uint32_t live_documents(const gs_change_segment *segment)
{
    return segment->file.documents - segment->deleted;
}

/* How many segments from `first` on fit into one. */
static size_t count_fitting(const gs_change *change, size_t first)
{
    uint64_t positions = 0, documents = 0;
    size_t i = first;
    for (; i < change->segments_count; i++) {
        positions += live_positions(&change->segments[i]);
        documents += live_documents(&change->segments[i]);
        if (positions > GS_SEGMENT_POSITIONS_MAX || documents > GS_SEGMENT_DOCUMENTS_MAX)
            break;
    }
    return i > first ? i - first : 1;
}

static bool stays(const gs_change_segment *segment, bool small)
{
    bool is_small = segment->segment->postings.long_min > GS_LONG_MIN_DEFAULT;
    return !segment->deleted && is_small == small;
}

static gsearch_status merge_groups(gs_change *change, bool small, gs_manifest *next, bool *changed,
                                   gsearch_error *err)
{
    for (size_t first = 0, count; first < change->segments_count; first += count) {
        gs_manifest_segment rows[GS_SEGMENTS_MAX];
        gs_manifest_segment merged = change->segments[first].file;
        count = count_fitting(change, first);
        if (count > 1 || !stays(&change->segments[first], small)) {
            for (size_t i = 0; i < count; i++)
                rows[i] = change->segments[first + i].file;
            GS_TRY(gs_merge_segments(change->dir, change->mem, rows, count, change->map, small,
                                     &merged, err));
            *changed = true;
        }
        if (merged.documents)
            next->segments[next->segments_count++] = merged;
    }
    return GSEARCH_OK;
}

static gsearch_status compact(gs_change *change, bool small, gs_compact_summary *out,
                              gsearch_error *err)
{
    bool changed = false;
    gs_manifest next = change->manifest;
    next.segments_count = 0;
    GS_TRY(merge_groups(change, small, &next, &changed, err));
    if (changed) {
        next.generation++;
        next.previous_checksum = change->manifest.checksum;
        GS_TRY(gs_manifest_commit(change->dir, change->mem, &next, err));
    }
    *out = (gs_compact_summary){
        .before = change->manifest.segments_count,
        .after = next.segments_count,
        .generation = next.generation,
    };
    for (uint32_t i = 0; i < next.segments_count; i++)
        out->bytes += next.segments[i].segment.length;
    return GSEARCH_OK;
}

/* What is no index yet must not become one here. */
static gsearch_status check_there(const char *path, const gs_mem *mem, gsearch_error *err)
{
    gs_dir *dir;
    gs_manifest manifest;
    GS_TRY(gs_dir_open(mem, path, false, &dir, err));
    gsearch_status status = gs_manifest_load(dir, mem, &manifest, err);
    gs_dir_close(dir);
    return status;
}

gsearch_status gs_compact_run(const char *path, bool small, const gs_mem *mem,
                              gs_compact_summary *out, gsearch_error *err)
{
    gs_change change;
    GS_TRY(check_there(path, mem, err));
    GS_TRY(gs_change_open(path, mem, true, &change, err));
    gsearch_status status = compact(&change, small, out, err);
    // files of an unfinished merge, or of the generation before the last
    (void)!gs_manifest_clean(change.dir, mem, NULL);
    gs_change_close(&change);
    return status;
}
