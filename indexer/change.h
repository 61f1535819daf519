/* SPDX-License-Identifier: Apache-2.0
 *
 * One change of an index: from the lock over new segments and deleted documents to the next
 * generation. The library's writer and `gsearch index` both go through here.
 *
 * Between commits an id names at most one living document of all segments; of the documents in one
 * segment that have the same id only the last can be it.
 */
#ifndef GS_INDEXER_CHANGE_H
#define GS_INDEXER_CHANGE_H

#include "common/segment/deletes.h"
#include "common/segment/manifest.h"
#include "common/segment/segment.h"
#include "indexer/batch.h"

typedef struct gs_change_segment {
    gs_manifest_segment file; /* with the deletes of the generation that stands */
    gs_segment *segment; /* NULL: not read yet, see gs_change_read */
    gs_deletes *deletes; /* likewise; NULL: none */
    uint8_t *bits;       /* bit i: document i is deleted, this change included */
    uint32_t deleted;    /* how many */
    bool is_new;         /* made by this change */
} gs_change_segment;

typedef struct gs_change {
    const gs_mem *mem;
    gs_dir *dir;
    bool map;             /* files instead of reading copies */
    bool has_loose_files; /* there may be some that no generation names */
    gs_manifest manifest; /* the generation that stands */
    gs_change_segment *segments;
    size_t segments_count;
    size_t segments_capacity;
} gs_change;

/* Opens or makes the folder, takes its lock, removes what an earlier run left behind and opens the
 * newest generation. Files are mapped if `map`, for programs with gs_map_guard installed, else read
 * into memory. LOCKED, ANALYZER, VERSION, CORRUPT. */
GS_CHECKED gsearch_status gs_change_open(const char *path, const gs_mem *mem, bool map,
                                         gs_change *out, gsearch_error *err);
/* Drops what was not committed and frees the lock. A zeroed change is fine. */
void gs_change_close(gs_change *change);

static inline bool gs_change_is_live(const gs_change_segment *segment, uint32_t doc)
{
    return !(segment->bits[doc >> 3] >> (doc & 7) & 1);
}

/* Deletes a living document. */
void gs_change_delete(gs_change_segment *segment, uint32_t doc);

/* Opens the file of a segment. All of them are open if files are mapped; else those that this
 * change has written are read into memory when they are needed, which they seldom are. */
GS_CHECKED gsearch_status gs_change_read(gs_change *change, gs_change_segment *segment,
                                         gsearch_error *err);

/* The living document with this id in the segments [from, to); if there is none, `*segment` is
 * `to`. */
GS_CHECKED gsearch_status gs_change_find(gs_change *change, size_t from, size_t to,
                                         gs_bytes id, size_t *segment, uint32_t *doc,
                                         gsearch_error *err);

/* Which of two new documents with one id stays: that whose source has the greater place, then the
 * later one. */
typedef struct gs_change_order {
    uint32_t (*place)(gs_bytes source, void *payload);
    void (*on_shadowed)(gs_bytes id, uint32_t place, void *payload); /* of the one that goes */
    void *payload;
} gs_change_order;

/* Writes finished batches as new segments at the end of `segments`, each id once in all of them.
 * `order` may be NULL: the later document stays. If `ids_differ`, none of them has an id twice. */
GS_CHECKED gsearch_status gs_change_write(gs_change *change, gs_batch **batches,
                                          size_t batches_count, bool with_text, bool ids_differ,
                                          const gs_change_order *order, gsearch_error *err);

/* Makes the change the next generation, merging where the policy asks for it. `inputs` is the file
 * that it names, zeroed for none. Then the change stands at that generation. */
GS_CHECKED gsearch_status gs_change_commit(gs_change *change, gs_manifest_file inputs,
                                           gsearch_error *err);

#endif
