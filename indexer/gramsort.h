/* SPDX-License-Identifier: Apache-2.0
 *
 * The lists of grams of a segment, out of the bins of its batches: bin after bin is read, sorted
 * and given to the segment writer, which is dictionary order.
 */
#ifndef GS_INDEXER_GRAMSORT_H
#define GS_INDEXER_GRAMSORT_H

#include "indexer/bins.h"

/* The bins of one batch, and what its positions count from in the segment. */
typedef struct gs_gram_source {
    const gs_bins *bins;
    uint32_t shift;
} gs_gram_source;

/* Gives all lists of grams, and characters in step with them. Sources follow one another in
 * position order. Sorts at most `memory_bytes` of postings at once, but always a few: a bin that is
 * larger is read several times. */
GS_CHECKED gsearch_status gs_gramsort(const gs_gram_source *sources, size_t sources_count,
                                      gs_characters *characters, const gs_mem *mem,
                                      size_t memory_bytes, gs_segment_writer *writer,
                                      gsearch_error *err);

#endif
