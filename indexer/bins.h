/* SPDX-License-Identifier: Apache-2.0
 *
 * The postings of grams on their way from a batch into a segment, partitioned by first character.
 * A bin takes 64 code points, so bins follow one another in dictionary order, and each can be
 * sorted on its own. In a bin postings stand in position order, each in one number:
 *
 *     first, low 6 bits << 58 | second, 18 bits << 40 | position from the start of the batch
 */
#ifndef GS_INDEXER_BINS_H
#define GS_INDEXER_BINS_H

#include "indexer/characters.h"
#include "indexer/spill.h"

#define GS_BIN_CODE_POINTS 64u
#define GS_BINS (GS_CHARACTERS_END / GS_BIN_CODE_POINTS)
#define GS_BIN_BLOCK_POSTINGS_MAX 4096u
#define GS_BIN_KEY_SHIFT 40u

/* Postings of one bin that were written together. */
typedef struct gs_bin_block {
    uint32_t bin, count;
    uint64_t offset; /* in the scratch file, or in `kept` */
} gs_bin_block;

/* Where the next posting of a bin goes. */
typedef struct gs_bin_room {
    uint64_t *next, *end;
} gs_bin_room;

typedef struct gs_bins {
    const gs_mem *mem;
    gs_spill_file *file;
    gs_bin_room *rooms;  /* GS_BINS; NULL once sealed */
    uint64_t **begins;   /* of the rooms */
    size_t block_postings;
    gs_bin_block *blocks; /* once sealed: by bin, in the order written */
    size_t blocks_count, blocks_capacity;
    uint8_t *kept; /* all postings of a small batch; NULL: they are in the scratch file */
} gs_bins;

/* Postings that are not yet in the scratch file take at most `memory_bytes`. `file` outlives the
 * bins and stays where it is. */
GS_CHECKED gsearch_status gs_bins_init(gs_bins *bins, gs_spill_file *file, const gs_mem *mem,
                                       size_t memory_bytes, gsearch_error *err);
void gs_bins_release(gs_bins *bins);

/* Makes room for one more posting of a bin. */
GS_CHECKED gsearch_status gs_bins_room(gs_bins *bins, uint32_t bin, gsearch_error *err);

/* Adds a posting; positions of one bin do not fall. `first` and `second` are below
 * GS_CHARACTERS_END. */
static inline gsearch_status gs_bins_add(gs_bins *bins, uint32_t first, uint32_t second,
                                         uint32_t position, gsearch_error *err)
{
    uint32_t bin = first / GS_BIN_CODE_POINTS;
    gs_bin_room *room = &bins->rooms[bin];
    if (__builtin_expect(room->next == room->end, 0))
        GS_TRY(gs_bins_room(bins, bin, err));
    *room->next++ = (uint64_t)(first % GS_BIN_CODE_POINTS) << 58 |
                    (uint64_t)second << GS_BIN_KEY_SHIFT | position;
    return GSEARCH_OK;
}

/* Nothing more is added: from now on they can be read, by any thread. Keeps the memory of small
 * batches only. */
GS_CHECKED gsearch_status gs_bins_seal(gs_bins *bins, gsearch_error *err);

/* The blocks of a bin of sealed bins, in position order. */
const gs_bin_block *gs_bins_find(const gs_bins *bins, uint32_t bin, size_t *count);
/* Its postings into `out`, which has room for block->count. */
GS_CHECKED gsearch_status gs_bins_read(const gs_bins *bins, const gs_bin_block *block,
                                       uint64_t *out, gsearch_error *err);

#endif
