/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the steps of a change. Everything before gs_manifest_commit only adds files that nobody
 * reads yet; whatever fails leaves them to be removed, now or by the next change.
 */
#include "indexer/change.h"

#include <stdio.h>

#include "common/text/analyzer.h"
#include "indexer/merge.h"
#include "indexer/share.h"

/* ---- segments ---- */

static void close_segment(const gs_mem *mem, gs_change_segment *segment)
{
    gs_segment_unref(segment->segment);
    gs_deletes_unref(segment->deletes);
    gs_mem_free(mem, segment->bits);
    *segment = (gs_change_segment){0};
}

static gsearch_status open_deletes(gs_change *change, gs_change_segment *segment,
                                   gsearch_error *err)
{
    const gs_manifest_file *file = &segment->file.deletes;
    char hex[33];
    char name[64];
    gs_hash128_text(file->id, hex);
    snprintf(name, sizeof(name), "del-%s.gsd", hex);
    GS_TRY(gs_deletes_open(change->dir, change->mem, name, file->length, file->id,
                           segment->file.segment.id, segment->file.documents, change->map,
                           &segment->deletes, err));
    memcpy(segment->bits, segment->deletes->bits, ((size_t)segment->file.documents + 7) / 8);
    segment->deleted = segment->deletes->deleted;
    return GSEARCH_OK;
}

gsearch_status gs_change_read(gs_change *change, gs_change_segment *segment, gsearch_error *err)
{
    const gs_manifest_segment *file = &segment->file;
    gs_segment *opened;
    if (segment->segment)
        return GSEARCH_OK;
    GS_TRY(gs_segment_open(change->dir, change->mem, file->segment.id, file->segment.length,
                           change->map, &opened, err));
    if (opened->docs.count != file->documents) {
        gs_segment_unref(opened);
        return gs_corrupt(err,
                          "%s: a segment has another number of documents than the manifest says",
                          gs_dir_path(change->dir));
    }
    segment->segment = opened;
    return GSEARCH_OK;
}

/* The file of a segment if it is among `known`, else NULL. */
static gs_segment *find_open(const gs_change_segment *known, size_t known_count, gs_hash128 id)
{
    for (size_t i = 0; i < known_count; i++) {
        gs_hash128 other = known[i].file.segment.id;
        if (known[i].segment && other.low == id.low && other.high == id.high)
            return gs_segment_ref(known[i].segment);
    }
    return NULL;
}

/* `known` is the file of the segment, which becomes its own, or NULL. */
static gsearch_status open_segment(gs_change *change, const gs_manifest_segment *file,
                                   gs_segment *known, bool read, gs_change_segment *out,
                                   gsearch_error *err)
{
    gs_change_segment opened = {.file = *file, .segment = known};
    gsearch_status status = GSEARCH_OK;
    opened.bits = gs_mem_calloc(change->mem, (size_t)file->documents / 8 + 1, 1);
    if (!opened.bits)
        status = gs_fail_memory(err);
    if (!status && read)
        status = gs_change_read(change, &opened, err);
    if (!status && file->deletes.length)
        status = open_deletes(change, &opened, err);
    if (status)
        close_segment(change->mem, &opened);
    else
        *out = opened;
    return status;
}

static gsearch_status add_segment(gs_change *change, const gs_manifest_segment *file,
                                  gs_segment *known, bool read, gsearch_error *err)
{
    void *segments = change->segments;
    if (!gs_mem_grow(change->mem, &segments, &change->segments_capacity, change->segments_count + 1,
                     SIZE_MAX, sizeof(*change->segments))) {
        gs_segment_unref(known);
        return gs_fail_memory(err);
    }
    change->segments = segments;
    gs_change_segment *segment = &change->segments[change->segments_count];
    GS_TRY(open_segment(change, file, known, read || change->map, segment, err));
    change->segments_count++;
    return GSEARCH_OK;
}

static void close_segments(const gs_mem *mem, gs_change_segment *segments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close_segment(mem, &segments[i]);
    gs_mem_free(mem, segments);
}

/* Opens the segments of the generation that stands, keeping the files that are open; `read` the
 * others too. */
static gsearch_status open_segments(gs_change *change, bool read, gsearch_error *err)
{
    gs_change_segment *before = change->segments;
    size_t before_count = change->segments_count;
    change->segments = NULL;
    change->segments_count = change->segments_capacity = 0;
    gsearch_status status = GSEARCH_OK;
    for (uint32_t i = 0; i < change->manifest.segments_count && !status; i++) {
        const gs_manifest_segment *file = &change->manifest.segments[i];
        gs_segment *known = find_open(before, before_count, file->segment.id);
        status = add_segment(change, file, known, read, err);
    }
    close_segments(change->mem, before, before_count);
    return status;
}

/* ---- opening ---- */

static gsearch_status check_manifest(const gs_change *change, gsearch_error *err)
{
    const gs_manifest *manifest = &change->manifest;
    const char *path = gs_dir_path(change->dir);
    if (manifest->degraded)
        return gs_fail(err, GSEARCH_CORRUPT,
                       "%s: the newest generation is damaged; gsearch salvage saves what is left, "
                       "or index into another folder",
                       path);
    if (manifest->analyzer != GS_ANALYZER_VERSION ||
        strcmp(manifest->unicode, gs_analyzer_unicode()) != 0)
        return gs_fail(err, GSEARCH_ANALYZER,
                       "%s was made by analyser %u with Unicode %s, this program has %u with %s; "
                       "index into another folder",
                       path, manifest->analyzer, manifest->unicode, GS_ANALYZER_VERSION,
                       gs_analyzer_unicode());
    return GSEARCH_OK;
}

static gsearch_status load(gs_change *change, gsearch_error *err)
{
    gsearch_error fault;
    gs_error_clear(&fault);
    gsearch_status status = gs_manifest_load(change->dir, change->mem, &change->manifest, &fault);
    if (status == GSEARCH_NO_INDEX) {
        change->manifest = (gs_manifest){.analyzer = GS_ANALYZER_VERSION};
        snprintf(change->manifest.unicode, sizeof(change->manifest.unicode), "%s",
                 gs_analyzer_unicode());
    } else if (status) {
        return gs_fail_as(err, &fault);
    }
    GS_TRY(check_manifest(change, err));
    GS_TRY(gs_manifest_clean(change->dir, change->mem, err));
    return open_segments(change, true, err);
}

gsearch_status gs_change_open(const char *path, const gs_mem *mem, bool map, gs_change *out,
                              gsearch_error *err)
{
    gs_change change = {.mem = mem, .map = map};
    gsearch_status status = gs_dir_open(mem, path, true, &change.dir, err);
    if (!status)
        status = gs_dir_lock(change.dir, err);
    if (!status)
        status = load(&change, err);
    if (status)
        gs_change_close(&change);
    else
        *out = change;
    return status;
}

void gs_change_close(gs_change *change)
{
    close_segments(change->mem, change->segments, change->segments_count);
    // What cannot be removed now is removed by the next change.
    if (change->has_loose_files)
        (void)!gs_manifest_clean(change->dir, change->mem, NULL);
    gs_dir_close(change->dir);
    *change = (gs_change){0};
}

/* ---- documents ---- */

void gs_change_delete(gs_change_segment *segment, uint32_t doc)
{
    segment->bits[doc >> 3] |= (uint8_t)(1u << (doc & 7));
    segment->deleted++;
}

gsearch_status gs_change_find(gs_change *change, size_t from, size_t to, gs_bytes id,
                              size_t *segment, uint32_t *doc, gsearch_error *err)
{
    for (size_t i = from; i < to; i++) {
        bool found;
        uint32_t place;
        GS_TRY(gs_change_read(change, &change->segments[i], err));
        GS_TRY(gs_segment_find_key(change->segments[i].segment, id, &place, &found, err));
        if (found && gs_change_is_live(&change->segments[i], place)) {
            *segment = i;
            *doc = place;
            return GSEARCH_OK;
        }
    }
    *segment = to;
    return GSEARCH_OK;
}

/* ---- one document an id ---- */

typedef struct contest {
    gs_change *change;
    const gs_change_order *order;
    gs_buf source;
} contest;

static gsearch_status place_of(contest *self, const gs_change_segment *segment, uint32_t doc,
                               uint32_t *out, gsearch_error *err)
{
    *out = 0;
    if (!self->order)
        return GSEARCH_OK;
    gs_buf_reset(&self->source);
    GS_TRY(gs_strings_get(&segment->segment->sources, gs_segment_source(segment->segment, doc),
                          &self->source, err));
    *out = self->order->place(gs_buf_view(&self->source), self->order->payload);
    return GSEARCH_OK;
}

/* Deletes one of two documents of equal id; `second` is the later one. */
static gsearch_status settle(contest *self, gs_bytes id, gs_change_segment *first_segment,
                             uint32_t first, gs_change_segment *second_segment, uint32_t second,
                             bool *second_stays, gsearch_error *err)
{
    uint32_t first_place, second_place;
    GS_TRY(place_of(self, first_segment, first, &first_place, err));
    GS_TRY(place_of(self, second_segment, second, &second_place, err));
    *second_stays = second_place >= first_place;
    if (*second_stays)
        gs_change_delete(first_segment, first);
    else
        gs_change_delete(second_segment, second);
    if (self->order)
        self->order->on_shadowed(id, *second_stays ? first_place : second_place,
                                 self->order->payload);
    return GSEARCH_OK;
}

/* Equal ids are neighbours in rank order. */
static gsearch_status settle_ranks(contest *self, gs_change_segment *segment,
                                   const uint32_t *by_rank, gs_buf keys[2], gsearch_error *err)
{
    const gs_strings *all = &segment->segment->keys;
    uint32_t stays = 0;
    for (uint32_t rank = 0; rank < all->count; rank++) {
        gs_buf *key = &keys[rank & 1];
        gs_buf_reset(key);
        GS_TRY(gs_strings_get(all, rank, key, err));
        uint32_t doc = by_rank[rank];
        if (rank == 0 || !gs_bytes_equal(gs_buf_view(key), gs_buf_view(&keys[~rank & 1]))) {
            stays = doc;
            continue;
        }
        bool doc_stays; // it was added after the other
        GS_TRY(settle(self, gs_buf_view(key), segment, stays, segment, doc, &doc_stays, err));
        if (doc_stays)
            stays = doc;
    }
    return GSEARCH_OK;
}

static gsearch_status settle_segment(contest *self, gs_change_segment *segment, gsearch_error *err)
{
    const gs_mem *mem = self->change->mem;
    const uint32_t *by_rank;
    GS_TRY(gs_segment_by_rank(segment->segment, &by_rank, err));
    gs_buf keys[2];
    gs_buf_init(&keys[0], mem, GS_ID_BYTES_MAX);
    gs_buf_init(&keys[1], mem, GS_ID_BYTES_MAX);
    gsearch_status status = settle_ranks(self, segment, by_rank, keys, err);
    gs_buf_release(&keys[0]);
    gs_buf_release(&keys[1]);
    return status;
}

/* Deletes all documents but one of those in segments from `at` on that have the id of this one. */
static gsearch_status settle_document(contest *self, size_t at, uint32_t doc, gs_buf *key,
                                      gsearch_error *err)
{
    gs_change *change = self->change;
    gs_change_segment *segment = &change->segments[at];
    gs_buf_reset(key);
    GS_TRY(gs_segment_key(segment->segment, doc, key, err));
    while (gs_change_is_live(segment, doc)) {
        size_t other;
        uint32_t other_doc;
        bool other_stays;
        GS_TRY(gs_change_find(change, at + 1, change->segments_count, gs_buf_view(key), &other,
                              &other_doc, err));
        if (other == change->segments_count)
            break;
        GS_TRY(settle(self, gs_buf_view(key), segment, doc, &change->segments[other], other_doc,
                      &other_stays, err));
    }
    return GSEARCH_OK;
}

/* The same between segments, of which there are several only if one cannot hold all. */
static gsearch_status settle_across(contest *self, size_t first, gsearch_error *err)
{
    gs_change *change = self->change;
    gs_buf key;
    gs_buf_init(&key, change->mem, GS_ID_BYTES_MAX);
    gsearch_status status = GSEARCH_OK;
    for (size_t i = first; i + 1 < change->segments_count && !status; i++) {
        uint32_t count = change->segments[i].segment->docs.count;
        for (uint32_t doc = 0; doc < count && !status; doc++)
            status = settle_document(self, i, doc, &key, err);
    }
    gs_buf_release(&key);
    return status;
}

gsearch_status gs_change_write(gs_change *change, gs_batch **batches, size_t batches_count,
                               bool with_text, bool ids_differ, const gs_change_order *order,
                               gsearch_error *err)
{
    gs_manifest_segment written[GS_SEGMENTS_MAX];
    size_t written_count;
    size_t first = change->segments_count;
    change->has_loose_files = true;
    GS_TRY(gs_batches_write(change->dir, change->mem, batches, batches_count, with_text, written,
                            GS_SEGMENTS_MAX, &written_count, err));
    contest self = {.change = change, .order = order};
    gs_buf_init(&self.source, change->mem, GS_ID_BYTES_MAX);
    gsearch_status status = GSEARCH_OK;
    for (size_t i = 0; i < written_count && !status; i++) {
        status = add_segment(change, &written[i], NULL, !ids_differ, err);
        if (!status)
            change->segments[first + i].is_new = true;
    }
    for (size_t i = first; i < change->segments_count && !status && !ids_differ; i++)
        status = settle_segment(&self, &change->segments[i], err);
    if (!status && !ids_differ)
        status = settle_across(&self, first, err);
    gs_buf_release(&self.source);
    return status;
}

/* ---- committing ---- */

static gsearch_status merge_rows(gs_change *change, gs_manifest *next, gsearch_error *err)
{
    for (;;) {
        size_t first, count;
        gs_merge_choose(next, &first, &count);
        if (count == 0)
            return GSEARCH_OK;
        gs_manifest_segment merged;
        GS_TRY(gs_merge_segments(change->dir, change->mem, next->segments + first, count,
                                 change->map, false, &merged, err));
        next->segments[first] = merged;
        memmove(next->segments + first + 1, next->segments + first + count,
                (next->segments_count - first - count) * sizeof(merged));
        next->segments_count -= (uint32_t)count - 1;
    }
}

/* The row of a segment in the next manifest; not called for one that is all deleted. */
static gsearch_status next_row(gs_change *change, gs_change_segment *segment,
                               gs_manifest_segment *out, gsearch_error *err)
{
    *out = segment->file;
    if (segment->deleted == segment->file.deleted)
        return GSEARCH_OK;
    gs_container_name name;
    GS_TRY(gs_change_read(change, segment, err));
    GS_TRY(gs_share_write(change->dir, change->mem, segment->segment, segment->bits, &name, err));
    out->deletes = (gs_manifest_file){.id = name.id, .length = name.length};
    out->deleted = segment->deleted;
    return GSEARCH_OK;
}

static gsearch_status next_rows(gs_change *change, gs_manifest *next, gsearch_error *err)
{
    for (size_t i = 0; i < change->segments_count; i++) {
        gs_change_segment *segment = &change->segments[i];
        if (segment->deleted == segment->file.documents)
            continue;
        if (next->segments_count == GS_SEGMENTS_MAX)
            GS_TRY(merge_rows(change, next, err));
        if (next->segments_count == GS_SEGMENTS_MAX)
            return gs_fail(err, GSEARCH_LIMIT, "%s: more than %u segments; run `gsearch merge`",
                           gs_dir_path(change->dir), GS_SEGMENTS_MAX);
        GS_TRY(next_row(change, segment, &next->segments[next->segments_count], err));
        next->segments_count++;
    }
    return GSEARCH_OK;
}

gsearch_status gs_change_commit(gs_change *change, gs_manifest_file inputs, gsearch_error *err)
{
    gs_manifest next = change->manifest;
    next.generation++;
    next.previous_checksum = change->manifest.checksum;
    next.inputs = inputs;
    next.segments_count = 0;
    change->has_loose_files = true;
    GS_TRY(next_rows(change, &next, err));
    GS_TRY(merge_rows(change, &next, err));
    GS_TRY(gs_manifest_commit(change->dir, change->mem, &next, err));
    change->manifest = next;
    // The generation is committed: what cannot be removed now is removed by the next change.
    change->has_loose_files = gs_manifest_clean(change->dir, change->mem, NULL) != GSEARCH_OK;
    return open_segments(change, false, err);
}
