/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the partition: a room a bin, which grows to the size of a block and is then written out
 * again and again. Writing blocks one behind the other and finding them through a table is all that
 * is needed, since each is read once. Start with gs_bins_room.
 */
#include "indexer/bins.h"

#include <stdlib.h>

#define BLOCK_BYTES_MIN (64u * GS_BIN_POSTING_BYTES)
#define BLOCK_BYTES_MAX (GS_BIN_BLOCK_POSTINGS_MAX * GS_BIN_POSTING_BYTES)
#define ROOM_GROWTH 8u
#define SLACK (sizeof(uint64_t) - GS_BIN_POSTING_BYTES) /* postings are written as eight bytes */
#define ADDED_BYTES_MAX (2 * GS_BIN_POSTING_BYTES)      /* with a posting that is far away */

gsearch_status gs_bins_init(gs_bins *bins, gs_spill_file *file, const gs_mem *mem,
                            size_t memory_bytes, gsearch_error *err)
{
    *bins = (gs_bins){.mem = mem, .file = file, .block_bytes = BLOCK_BYTES_MIN};
    while (bins->block_bytes < BLOCK_BYTES_MAX && bins->block_bytes * 2 * GS_BINS <= memory_bytes)
        bins->block_bytes *= 2;
    bins->rooms = gs_mem_calloc(mem, GS_BINS, sizeof(*bins->rooms));
    bins->begins = gs_mem_calloc(mem, GS_BINS, sizeof(*bins->begins));
    return bins->rooms && bins->begins ? GSEARCH_OK : gs_fail_memory(err);
}

static void free_rooms(gs_bins *bins)
{
    for (uint32_t bin = 0; bins->begins && bin < GS_BINS; bin++)
        gs_mem_free(bins->mem, bins->begins[bin]);
    gs_mem_free(bins->mem, bins->begins);
    gs_mem_free(bins->mem, bins->rooms);
    bins->begins = NULL;
    bins->rooms = NULL;
}

void gs_bins_release(gs_bins *bins)
{
    free_rooms(bins);
    gs_mem_free(bins->mem, bins->blocks);
    gs_mem_free(bins->mem, bins->kept);
    *bins = (gs_bins){0};
}

static size_t filled(const gs_bins *bins, uint32_t bin)
{
    return (size_t)(bins->rooms[bin].next - bins->begins[bin]);
}

static gsearch_status add_block(gs_bins *bins, uint32_t bin, uint64_t offset, gsearch_error *err)
{
    if (!gs_mem_grow(bins->mem, (void **)&bins->blocks, &bins->blocks_capacity,
                     bins->blocks_count + 1, SIZE_MAX / sizeof(*bins->blocks),
                     sizeof(*bins->blocks)))
        return gs_fail_memory(err);
    uint32_t bytes = (uint32_t)filled(bins, bin);
    uint32_t count = bytes / GS_BIN_POSTING_BYTES - bins->rooms[bin].steps;
    bins->blocks[bins->blocks_count++] =
        (gs_bin_block){.bin = bin, .count = count, .bytes = bytes, .offset = offset};
    return GSEARCH_OK;
}

/* Moves what the room holds to the scratch file. */
static gsearch_status write_room(gs_bins *bins, uint32_t bin, gsearch_error *err)
{
    gs_spill_file *file = bins->file;
    if (!file->scratch)
        GS_TRY(gs_scratch_open(file->dir, &file->scratch, err));
    GS_TRY(add_block(bins, bin, gs_scratch_size(file->scratch), err));
    GS_TRY(gs_scratch_write(file->scratch, bins->begins[bin], filled(bins, bin), err));
    gs_bin_room *room = &bins->rooms[bin];
    room->next = bins->begins[bin];
    room->last = room->steps = 0;
    return GSEARCH_OK;
}

gsearch_status gs_bins_room(gs_bins *bins, uint32_t bin, gsearch_error *err)
{
    gs_bin_room *room = &bins->rooms[bin];
    size_t bytes = 0, count = filled(bins, bin);
    if (bins->begins[bin])
        bytes = (size_t)(room->limit - bins->begins[bin]) + ADDED_BYTES_MAX - 1;
    if (bytes == bins->block_bytes)
        return write_room(bins, bin, err);
    bytes = bytes ? bytes * ROOM_GROWTH : BLOCK_BYTES_MIN;
    bytes = bytes < bins->block_bytes ? bytes : bins->block_bytes;
    uint8_t *grown = gs_mem_resize(bins->mem, bins->begins[bin], bytes + SLACK);
    if (!grown)
        return gs_fail_memory(err);
    bins->begins[bin] = grown;
    room->next = grown + count;
    room->limit = grown + bytes - (ADDED_BYTES_MAX - 1);
    return GSEARCH_OK;
}

uint32_t gs_bins_step(gs_bin_room *room, uint32_t step)
{
    uint64_t steps = step / GS_BIN_STEP_MAX;
    gs_store_u64(room->next, steps | (uint64_t)GS_BIN_STEP_MAX << GS_BIN_STEP_SHIFT);
    room->next += GS_BIN_POSTING_BYTES;
    room->steps++;
    return step % GS_BIN_STEP_MAX;
}

/* Packs what all rooms hold into `kept`. */
static gsearch_status keep_rooms(gs_bins *bins, size_t bytes, gsearch_error *err)
{
    bins->kept = gs_mem_alloc(bins->mem, bytes);
    if (!bins->kept)
        return gs_fail_memory(err);
    uint64_t offset = 0;
    for (uint32_t bin = 0; bin < GS_BINS; bin++) {
        size_t len = filled(bins, bin);
        if (!len)
            continue;
        GS_TRY(add_block(bins, bin, offset, err));
        memcpy(bins->kept + offset, bins->begins[bin], len);
        offset += len;
    }
    return GSEARCH_OK;
}

/* Blocks in the order written have rising offsets. */
static int by_bin(const void *a, const void *b)
{
    const gs_bin_block *left = a, *right = b;
    if (left->bin != right->bin)
        return left->bin < right->bin ? -1 : 1;
    return (left->offset > right->offset) - (left->offset < right->offset);
}

gsearch_status gs_bins_seal(gs_bins *bins, gsearch_error *err)
{
    size_t bytes = 0;
    for (uint32_t bin = 0; bin < GS_BINS; bin++)
        bytes += filled(bins, bin);
    if (bytes <= GS_SPILL_KEEP_BYTES && !bins->blocks_count) {
        GS_TRY(keep_rooms(bins, bytes, err));
    } else {
        for (uint32_t bin = 0; bin < GS_BINS; bin++) {
            if (filled(bins, bin))
                GS_TRY(write_room(bins, bin, err));
        }
        GS_TRY(gs_scratch_flush(bins->file->scratch, err));
        qsort(bins->blocks, bins->blocks_count, sizeof(*bins->blocks), by_bin);
    }
    free_rooms(bins);
    return GSEARCH_OK;
}

/* The first block of `bin` or of one behind it. */
static size_t first_block(const gs_bins *bins, uint32_t bin)
{
    size_t low = 0, high = bins->blocks_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bins->blocks[middle].bin < bin)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const gs_bin_block *gs_bins_find(const gs_bins *bins, uint32_t bin, size_t *count)
{
    size_t first = first_block(bins, bin);
    *count = first_block(bins, bin + 1) - first;
    return *count ? bins->blocks + first : NULL;
}

/* Of a block; false if they are not as many as it says. */
static bool decode(const uint8_t *bytes, const gs_bin_block *block, uint64_t *out)
{
    const uint64_t key_mask = (1u << GS_BIN_STEP_SHIFT) - 1;
    const uint8_t *end = bytes + block->bytes;
    uint64_t position = 0;
    uint32_t count = 0;
    while (bytes < end && count < block->count) {
        uint64_t posting = gs_load_u64(bytes), key = posting & key_mask;
        uint32_t step = posting >> GS_BIN_STEP_SHIFT & GS_BIN_STEP_MAX;
        bytes += GS_BIN_POSTING_BYTES;
        if (__builtin_expect(step == GS_BIN_STEP_MAX, 0)) {
            position += key * GS_BIN_STEP_MAX;
            continue;
        }
        position += step;
        out[count++] = key << GS_BIN_KEY_SHIFT | (uint32_t)position;
    }
    return bytes == end && count == block->count;
}

gsearch_status gs_bins_read(const gs_bins *bins, const gs_bin_block *block, uint64_t *out,
                            gsearch_error *err)
{
    uint8_t bytes[BLOCK_BYTES_MAX + SLACK];
    if (bins->kept)
        memcpy(bytes, bins->kept + block->offset, block->bytes);
    else
        GS_TRY(gs_scratch_read(bins->file->scratch, block->offset, bytes, block->bytes, err));
    memset(bytes + block->bytes, 0, SLACK);
    return decode(bytes, block, out) ? GSEARCH_OK
                                     : gs_fail(err, GSEARCH_INTERNAL, "a bin does not read back");
}
