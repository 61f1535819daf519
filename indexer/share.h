/* SPDX-License-Identifier: Apache-2.0
 *
 * The share of deleted documents in the statistics of their segment, counted and written as a
 * deletes file.
 */
#ifndef GS_INDEXER_SHARE_H
#define GS_INDEXER_SHARE_H

#include "common/segment/deletes.h"
#include "common/segment/segment.h"

/* Publishes the deletes file of `segment` for the documents set in `bits`. Reads the text of these
 * documents if they are few, else every list of the segment once. */
GS_CHECKED gsearch_status gs_share_write(gs_dir *dir, const gs_mem *mem, const gs_segment *segment,
                                         const uint8_t *bits, gs_container_name *out,
                                         gsearch_error *err);

#endif
