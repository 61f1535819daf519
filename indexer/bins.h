/* SPDX-License-Identifier: Apache-2.0
 *
 * The postings of grams on their way from a batch into a segment, partitioned by first character.
 * A bin takes 64 code points, so bins follow one another in dictionary order, and each can be
 * sorted on its own. In a bin postings stand in position order, each read as one number:
 *
 *     first, low 6 bits << 58 | second, 18 bits << 40 | position from the start of the batch
 *
 * A block of them is stored in five bytes a posting: 24 bits of both characters, and 16 of the
 * distance from the position before. A distance of GS_BIN_STEP_MAX says that there is no posting
 * but as many steps of that length as the 24 bits say.
 */
#ifndef GS_INDEXER_BINS_H
#define GS_INDEXER_BINS_H

#include "indexer/characters.h"
#include "indexer/spill.h"

#define GS_BIN_CODE_POINTS 64u
#define GS_BINS (GS_CHARACTERS_END / GS_BIN_CODE_POINTS)
#define GS_BIN_BLOCK_POSTINGS_MAX 4096u
#define GS_BIN_POSTING_BYTES 5u
#define GS_BIN_STEP_SHIFT 24u
#define GS_BIN_STEP_MAX 0xffffu
#define GS_BIN_KEY_SHIFT 40u

/* Postings of one bin that were written together. */
typedef struct gs_bin_block {
    uint32_t bin, count, bytes;
    uint64_t offset; /* in the scratch file, or in `kept` */
} gs_bin_block;

/* Where the next posting of a bin goes. */
typedef struct gs_bin_room {
    uint8_t *next, *limit; /* at the limit it does not take any posting more */
    uint32_t last;         /* position in the block so far; 0 at its beginning */
    uint32_t steps;        /* that took the place of a posting */
} gs_bin_room;

typedef struct gs_bins {
    const gs_mem *mem;
    gs_spill_file *file;
    gs_bin_room *rooms;  /* GS_BINS; NULL once sealed */
    uint8_t **begins;    /* of the rooms */
    size_t block_bytes;
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

/* Takes long steps; returns what is left of `step`. */
uint32_t gs_bins_step(gs_bin_room *room, uint32_t step);

/* Adds a posting; positions of one bin do not fall. `first` and `second` are below
 * GS_CHARACTERS_END. */
static inline gsearch_status gs_bins_add(gs_bins *bins, uint32_t first, uint32_t second,
                                         uint32_t position, gsearch_error *err)
{
    uint32_t bin = first / GS_BIN_CODE_POINTS;
    gs_bin_room *room = &bins->rooms[bin];
    if (__builtin_expect(room->next >= room->limit, 0))
        GS_TRY(gs_bins_room(bins, bin, err));
    uint32_t step = position - room->last;
    if (__builtin_expect(step >= GS_BIN_STEP_MAX, 0))
        step = gs_bins_step(room, step);
    uint64_t key = first % GS_BIN_CODE_POINTS << 18 | second;
    gs_store_u64(room->next, key | (uint64_t)step << GS_BIN_STEP_SHIFT);
    room->next += GS_BIN_POSTING_BYTES;
    room->last = position;
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
