/* SPDX-License-Identifier: Apache-2.0
 *
 * An open index: the newest generation as a snapshot that searches pin while they run.
 */
#ifndef GS_QUERY_INDEX_H
#define GS_QUERY_INDEX_H

#include "common/base/file.h"
#include "common/segment/deletes.h"
#include "common/segment/manifest.h"
#include "common/segment/segment.h"
#include "gsearch/gsearch.h"
#include "query/workspace.h"

typedef struct gs_snapshot_segment {
    gs_segment *segment;
    gs_deletes *deletes; /* NULL: none */
} gs_snapshot_segment;

/* One generation; immutable, shared by reference count. Its sums are the statistics object. */
typedef struct gs_snapshot {
    gs_manifest manifest;
    gs_snapshot_segment *segments;
    uint32_t segments_count;
    uint64_t documents;    /* live */
    uint64_t total_length; /* of live documents, in positions */
    const gs_mem *mem;
    gs_workspace_pool pool;
    uint32_t references; /* atomic */
} gs_snapshot;

/* Opens the newest generation with one reference. Segments and deletes that `before` has are shared
 * with it. Without `before` (NULL), an older generation is opened if a file of the newest proves
 * damaged when it is opened, and the manifest is `degraded`.
 * NO_INDEX, VERSION, ANALYZER, CORRUPT. */
GS_CHECKED gsearch_status gs_snapshot_load(gs_dir *dir, const gs_mem *mem, bool map,
                                           const gs_snapshot *before, gs_snapshot **out,
                                           gsearch_error *err);
gs_snapshot *gs_snapshot_ref(gs_snapshot *snapshot);
void gs_snapshot_unref(gs_snapshot *snapshot);

/* `status` of what was read from the snapshot; or IO or CORRUPT if one of its mapped files was cut
 * short or has changed: what stands in the place of lost bytes may have passed for content. */
GS_CHECKED gsearch_status gs_snapshot_judge(const gs_snapshot *snapshot, gsearch_status status,
                                            gsearch_error *err);

/* How far scrubbing has come. */
typedef struct gs_scrub {
    uint32_t file; /* of the files of a snapshot */
    uint64_t page;
} gs_scrub;

/* Looks again at some megabytes of what searches have used, from *at on, round and round: CORRUPT,
 * and from then on gs_snapshot_judge says so, if it has changed on disk. */
GS_CHECKED gsearch_status gs_snapshot_scrub(const gs_snapshot *snapshot, gs_scrub *at,
                                            gsearch_error *err);

/* gsearch_index_open for a daemon, with maps: no generation is shown, here or after a refresh,
 * before the folder is synced, so that a power cut cannot take back what a client has seen. */
GS_CHECKED gsearch_status gs_index_open_durable(const char *dir, gsearch_index **out,
                                                gsearch_error *err);

/* Pins the current snapshot; the caller unrefs it. Any thread. */
gs_snapshot *gs_index_snapshot(gsearch_index *index);

/* The statistics of the generation: live documents that hold the term, summed over segments less
 * the share of the deleted. */
GS_CHECKED gsearch_status gs_snapshot_gram_documents(const gs_snapshot *snapshot, uint64_t gram,
                                                     uint64_t *out, gsearch_error *err);
GS_CHECKED gsearch_status gs_snapshot_word_documents(const gs_snapshot *snapshot, gs_bytes word,
                                                     uint64_t *out, gsearch_error *err);
uint64_t gs_snapshot_character_documents(const gs_snapshot *snapshot, uint32_t code_point);

/* The live document with this id. */
GS_CHECKED gsearch_status gs_snapshot_find(const gs_snapshot *snapshot, gs_bytes id,
                                           uint32_t *segment, uint32_t *doc, bool *found,
                                           gsearch_error *err);

#endif
