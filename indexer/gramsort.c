/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the sorting of grams. A bin holds its postings in position order and is sorted by key, in a
 * way that keeps equal keys in order. A bin that does not fit is read once a range of keys that
 * does, and a list that alone does not fit is handed on piece by piece, since it is in order
 * already. Start with gs_gramsort, at the end.
 */
#include "indexer/gramsort.h"

#include "common/segment/terms.h"

#define CAPACITY_MIN 4096u /* postings sorted at once; at least a block of a bin */
#define RADIX_BITS 8u
#define RADIX (1u << RADIX_BITS)
#define PASSES 3u
#define COARSE_BITS 12u /* keys are counted by their upper and then by their lower half */
#define COARSE (1u << COARSE_BITS)
#define INSERTION_MAX 48u

_Static_assert(GS_BIN_KEYS == 1u << PASSES * RADIX_BITS, "passes cover a key");
_Static_assert(GS_BIN_KEYS == COARSE << COARSE_BITS, "two halves are a key");

typedef struct gram_sort {
    const gs_gram_source *sources;
    size_t sources_count;
    gs_characters *characters;
    gs_segment_writer *writer;
    uint32_t bin;
    uint64_t *postings, *spare;
    size_t capacity, count;
    uint64_t *block;     // one block of a bin, as read
    uint32_t *positions; // of one list
    uint64_t *halves;    // COARSE counts of keys, twice
} gram_sort;

static uint32_t key_of(uint64_t posting)
{
    return (uint32_t)(posting >> GS_BIN_KEY_SHIFT);
}

/* ---- reading a bin ---- */

/* Calls `take` for every block of the bin, positions counting from the start of the segment. */
typedef gsearch_status (*take_block)(gram_sort *self, const uint64_t *postings, size_t count,
                                     uint64_t shift, const void *range, gsearch_error *err);

static gsearch_status each_block(gram_sort *self, take_block take, const void *range,
                                 gsearch_error *err)
{
    for (size_t s = 0; s < self->sources_count; s++) {
        const gs_gram_source *source = &self->sources[s];
        size_t blocks;
        const gs_bin_block *block = gs_bins_find(source->bins, self->bin, &blocks);
        for (size_t b = 0; b < blocks; b++) {
            GS_TRY(gs_bins_read(source->bins, &block[b], self->block, err));
            GS_TRY(take(self, self->block, block[b].count, source->shift, range, err));
        }
    }
    return GSEARCH_OK;
}

static uint64_t bin_postings(const gram_sort *self)
{
    uint64_t postings = 0;
    for (size_t s = 0; s < self->sources_count; s++) {
        size_t blocks;
        const gs_bin_block *block = gs_bins_find(self->sources[s].bins, self->bin, &blocks);
        for (size_t b = 0; b < blocks; b++)
            postings += block[b].count;
    }
    return postings;
}

/* ---- sorting ---- */

static void sort_few(uint64_t *postings, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t posting = postings[i];
        size_t at = i;
        for (; at && postings[at - 1] > posting; at--)
            postings[at] = postings[at - 1];
        postings[at] = posting;
    }
}

/* By key; equal keys stay in order. */
static void sort_postings(gram_sort *self)
{
    size_t count = self->count;
    if (count <= INSERTION_MAX) {
        sort_few(self->postings, count);
        return;
    }
    size_t places[PASSES][RADIX] = {0};
    for (size_t i = 0; i < count; i++) {
        uint32_t key = key_of(self->postings[i]);
        for (unsigned pass = 0; pass < PASSES; pass++)
            places[pass][key >> pass * RADIX_BITS & (RADIX - 1)]++;
    }
    for (unsigned pass = 0; pass < PASSES; pass++) {
        unsigned shift = GS_BIN_KEY_SHIFT + pass * RADIX_BITS;
        size_t *place = places[pass], sum = 0;
        const uint64_t *from = self->postings;
        uint64_t *to = self->spare;
        if (place[from[0] >> shift & (RADIX - 1)] == count)
            continue; // all have the same digit
        for (size_t digit = 0; digit < RADIX; digit++) {
            size_t here = place[digit];
            place[digit] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            to[place[from[i] >> shift & (RADIX - 1)]++] = from[i];
        self->spare = self->postings;
        self->postings = to;
    }
}

/* ---- giving lists ---- */

static uint64_t gram_of(const gram_sort *self, uint32_t key)
{
    uint32_t first = self->bin * GS_BIN_CODE_POINTS + (key >> (64 - 6 - GS_BIN_KEY_SHIFT));
    return gs_gram(first, key & (GS_CHARACTERS_END - 1), 0);
}

static gsearch_status give_lists(gram_sort *self, gsearch_error *err)
{
    const uint64_t *postings = self->postings;
    size_t count = self->count;
    for (size_t begin = 0, end; begin < count; begin = end) {
        uint32_t key = key_of(postings[begin]);
        for (end = begin; end < count && key_of(postings[end]) == key; end++)
            self->positions[end - begin] = (uint32_t)postings[end];
        uint64_t gram = gram_of(self, key);
        GS_TRY(gs_characters_give(self->characters, gs_gram_first(gram), self->writer, err));
        GS_TRY(gs_segment_add_gram(self->writer, gram, self->positions, (uint32_t)(end - begin),
                                   err));
    }
    self->count = 0;
    return GSEARCH_OK;
}

/* ---- one bin ---- */

typedef struct key_range {
    uint32_t from, to;
} key_range;

static gsearch_status take_range(gram_sort *self, const uint64_t *postings, size_t count,
                                 uint64_t shift, const void *range, gsearch_error *err)
{
    (void)err;
    const key_range *keys = range;
    uint32_t width = keys->to - keys->from;
    size_t kept = self->count;
    for (size_t i = 0; i < count; i++) {
        self->postings[kept] = postings[i] + shift;
        kept += key_of(postings[i]) - keys->from < width;
    }
    self->count = kept;
    return GSEARCH_OK;
}

static gsearch_status give_range(gram_sort *self, key_range keys, gsearch_error *err)
{
    GS_TRY(each_block(self, take_range, &keys, err));
    sort_postings(self);
    return give_lists(self, err);
}

/* Counts the keys of a range by their upper half or, if they have that in common, by the lower. */
typedef struct key_count {
    key_range keys;
    unsigned shift;
    uint64_t *counts;
} key_count;

static gsearch_status take_counts(gram_sort *self, const uint64_t *postings, size_t count,
                                  uint64_t shift, const void *range, gsearch_error *err)
{
    (void)self, (void)shift, (void)err;
    const key_count *wanted = range;
    for (size_t i = 0; i < count; i++) {
        uint32_t key = key_of(postings[i]);
        if (key - wanted->keys.from < wanted->keys.to - wanted->keys.from)
            wanted->counts[key >> wanted->shift & (COARSE - 1)]++;
    }
    return GSEARCH_OK;
}

static gsearch_status take_piece(gram_sort *self, const uint64_t *postings, size_t count,
                                 uint64_t shift, const void *range, gsearch_error *err)
{
    const key_range *keys = range;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (key_of(postings[i]) == keys->from)
            self->positions[kept++] = (uint32_t)(postings[i] + shift);
    }
    return gs_segment_add_positions(self->writer, self->positions, kept, err);
}

/* One list that is too long to be sorted, and need not be. */
static gsearch_status give_list(gram_sort *self, uint32_t key, gsearch_error *err)
{
    key_range keys = {.from = key, .to = key + 1};
    uint64_t gram = gram_of(self, key);
    GS_TRY(gs_characters_give(self->characters, gs_gram_first(gram), self->writer, err));
    GS_TRY(gs_segment_add_list(self->writer, false, gram, gs_bytes_of(NULL, 0), err));
    return each_block(self, take_piece, &keys, err);
}

/* Cuts `keys` into ranges that fit, by counting them in steps of 1 << shift. */
static gsearch_status give_cut(gram_sort *self, key_range keys, unsigned shift, gsearch_error *err)
{
    uint64_t *counts = self->halves + (shift ? 0 : COARSE);
    key_count wanted = {.keys = keys, .shift = shift, .counts = counts};
    memset(counts, 0, COARSE * sizeof(*counts));
    GS_TRY(each_block(self, take_counts, &wanted, err));
    uint32_t steps = (keys.to - keys.from) >> shift;
    for (uint32_t i = 0, end; i < steps; i = end) {
        uint64_t sum = counts[i];
        for (end = i + 1; end < steps && sum + counts[end] <= self->capacity; end++)
            sum += counts[end];
        key_range part = {keys.from + (i << shift), keys.from + (end << shift)};
        if (sum <= self->capacity)
            GS_TRY(sum ? give_range(self, part, err) : GSEARCH_OK);
        else if (shift)
            GS_TRY(give_cut(self, part, 0, err));
        else
            GS_TRY(give_list(self, part.from, err));
    }
    return GSEARCH_OK;
}

static gsearch_status give_bin(gram_sort *self, gsearch_error *err)
{
    key_range all = {0, GS_BIN_KEYS};
    uint64_t postings = bin_postings(self);
    if (!postings)
        return GSEARCH_OK;
    return postings <= self->capacity ? give_range(self, all, err)
                                      : give_cut(self, all, COARSE_BITS, err);
}

/* ---- all ---- */

/* How many postings to sort at once: no more than the largest bin has. */
static size_t capacity_for(gram_sort *self, size_t memory_bytes)
{
    uint64_t most = 0;
    for (self->bin = 0; self->bin < GS_BINS; self->bin++) {
        uint64_t postings = bin_postings(self);
        most = postings > most ? postings : most;
    }
    uint64_t fits = memory_bytes / (2 * sizeof(uint64_t) + sizeof(uint32_t));
    uint64_t capacity = most < fits ? most : fits;
    return capacity < CAPACITY_MIN ? CAPACITY_MIN : (size_t)capacity;
}

gsearch_status gs_gramsort(const gs_gram_source *sources, size_t sources_count,
                           gs_characters *characters, const gs_mem *mem, size_t memory_bytes,
                           gs_segment_writer *writer, gsearch_error *err)
{
    gram_sort self = {.sources = sources,
                      .sources_count = sources_count,
                      .characters = characters,
                      .writer = writer};
    self.capacity = capacity_for(&self, memory_bytes);
    // a filtered block is written one place beyond what is kept of it
    self.postings = gs_mem_alloc(mem, (self.capacity + 1) * sizeof(*self.postings));
    self.spare = gs_mem_alloc(mem, (self.capacity + 1) * sizeof(*self.spare));
    self.positions = gs_mem_alloc(mem, self.capacity * sizeof(*self.positions));
    self.block = gs_mem_alloc(mem, GS_BIN_BLOCK_POSTINGS_MAX * sizeof(*self.block));
    self.halves = gs_mem_alloc(mem, 2 * COARSE * sizeof(*self.halves));
    gsearch_status status = GSEARCH_OK;
    if (!self.postings || !self.spare || !self.positions || !self.block || !self.halves)
        status = gs_fail_memory(err);
    for (self.bin = 0; self.bin < GS_BINS && !status; self.bin++)
        status = give_bin(&self, err);
    gs_mem_free(mem, self.postings);
    gs_mem_free(mem, self.spare);
    gs_mem_free(mem, self.positions);
    gs_mem_free(mem, self.block);
    gs_mem_free(mem, self.halves);
    return status;
}
