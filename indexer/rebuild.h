/* SPDX-License-Identifier: Apache-2.0
 *
 * A segment made once more from the text that it stores, and compared with itself.
 */
#ifndef GS_INDEXER_REBUILD_H
#define GS_INDEXER_REBUILD_H

#include "common/segment/segment.h"

/* Analyses every document of `segment` again, builds a segment from them in `scratch`, which has
 * nothing else in it, and compares documents, characters, lists, counts and restart points. CORRUPT
 * names the first difference. Whatever was made in `scratch` is removed. */
GS_CHECKED gsearch_status gs_rebuild_compare(gs_segment *segment, gs_dir *scratch,
                                             const gs_mem *mem, gsearch_error *err);

#endif
