/* SPDX-License-Identifier: Apache-2.0
 *
 * Segments to one segment, leaving out deleted documents.
 */
#ifndef GS_INDEXER_MERGE_H
#define GS_INDEXER_MERGE_H

#include "common/base/file.h"
#include "common/segment/manifest.h"

/* Merges `inputs` (in this order) into one segment file and publishes it. `map`: the inputs are
 * mapped, else read as copies. `small`: zstd over all lists. LIMIT if their positions together do
 * not fit one segment. If every document is deleted no file is made and `out->documents` is 0. */
GS_CHECKED gsearch_status gs_merge_segments(gs_dir *dir, const gs_mem *mem,
                                            const gs_manifest_segment *inputs, size_t inputs_count,
                                            bool map, bool small, gs_manifest_segment *out,
                                            gsearch_error *err);

/* The policy: picks neighbouring segments of `manifest` worth merging after an update (too many, or
 * too many deleted documents) as the range [*first, *first + *count); count 0: none. */
void gs_merge_choose(const gs_manifest *manifest, size_t *first, size_t *count);

#endif
