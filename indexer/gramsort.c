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
#define FIRST_BITS 6u      /* of a character in its bin */
#define COARSE_BITS 12u    /* keys are counted by their upper and then by their lower half */
#define COARSE (1u << COARSE_BITS)
#define INSERTION_MAX 48u
#define FEW 4096u /* postings, up to which digits of eight bits are better than longer ones */
#define MARK_BITS 9u
#define SLOT_BITS_MAX 8u
#define NO_NUMBER (1u << 31) /* of a character that no document holds */

_Static_assert(GS_BIN_CODE_POINTS == 1u << FIRST_BITS, "a bin is what the first bits tell apart");
_Static_assert(GS_CHARACTERS_END == 1u << (2 * COARSE_BITS - FIRST_BITS), "two halves are a key");
_Static_assert(GS_MARK_FIRST == 1u << MARK_BITS, "the other marks go with a posting");

/* Postings on their way through the sort know all that their list says of them, for looking it up
 * behind the sort would be a walk through memory for each:
 *
 *     key · position · the low bits of the document's number, its slot · mark
 *
 * A key is the first character in its bin and the number of the second among those that occur. */
typedef struct gram_sort {
    const gs_gram_source *sources;
    size_t sources_count;
    gs_characters *characters;
    gs_segment_writer *writer;
    const gs_doctable *docs;
    uint32_t *numbers; // of second characters, by code point
    uint32_t *seconds; // the other way round
    unsigned second_bits, key_shift, position_shift;
    uint64_t slot_mask, position_mask; // once shifted
    uint32_t near; // positions so near to one another are in one document if they share a slot
    uint32_t bin;
    uint64_t *postings, *spare;
    size_t capacity, count;
    uint64_t *block;     // one block of a bin, as read
    uint32_t *positions; // of one list
    uint16_t *marks;
    uint64_t *halves; // COARSE counts of keys, twice
    uint32_t *places; // COARSE: of digits
} gram_sort;

static uint32_t key_of(const gram_sort *self, uint64_t posting)
{
    return (uint32_t)(posting >> self->key_shift);
}

/* The key of a posting as bins have it; NO_NUMBER set if its second character is unknown. */
static uint32_t key_in_bin(const gram_sort *self, uint64_t posting)
{
    uint32_t second = posting >> GS_BIN_KEY_SHIFT & (GS_CHARACTERS_END - 1);
    return (uint32_t)(posting >> (64 - FIRST_BITS)) << self->second_bits | self->numbers[second];
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

/* Sorts by the digit of `bits` bits at `shift`, keeping equal ones in order. */
static void sort_digit(gram_sort *self, unsigned shift, unsigned bits)
{
    uint32_t *places = self->places, mask = (1u << bits) - 1, sum = 0;
    size_t count = self->count;
    const uint64_t *from = self->postings;
    uint64_t *to = self->spare;
    memset(places, 0, (mask + 1ull) * sizeof(*places));
    for (size_t i = 0; i < count; i++)
        places[from[i] >> shift & mask]++;
    if (places[from[0] >> shift & mask] == count)
        return; // all have the same digit
    for (size_t digit = 0; digit <= mask; digit++) {
        uint32_t here = places[digit];
        places[digit] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++)
        to[places[from[i] >> shift & mask]++] = from[i];
    self->spare = self->postings;
    self->postings = to;
}

/* By key; equal keys stay in order. */
static void sort_postings(gram_sort *self)
{
    unsigned key_bits = FIRST_BITS + self->second_bits;
    unsigned passes = self->count <= FEW ? (key_bits + 7) / 8 : 2;
    unsigned bits = (key_bits + passes - 1) / passes;
    if (self->count <= INSERTION_MAX) {
        sort_few(self->postings, self->count);
        return;
    }
    for (unsigned shift = self->key_shift; shift < 64; shift += bits)
        sort_digit(self, shift, shift + bits <= 64 ? bits : 64 - shift);
}

/* ---- giving lists ---- */

static uint64_t gram_of(const gram_sort *self, uint32_t key)
{
    uint32_t first = self->bin * GS_BIN_CODE_POINTS + (key >> self->second_bits);
    return gs_gram(first, self->seconds[key & ((1u << self->second_bits) - 1)], 0);
}

static bool is_one_document(const gram_sort *self, uint32_t left, uint32_t right)
{
    return right - left <= self->near ||
           gs_doctable_find(self->docs, left) == gs_doctable_find(self->docs, right);
}

/* Takes the postings apart from `begin` on that have the same key; returns where they end. */
static size_t take_list(gram_sort *self, size_t begin)
{
    const uint64_t *postings = self->postings + begin;
    uint32_t *positions = self->positions;
    uint16_t *marks = self->marks;
    unsigned key_shift = self->key_shift, position_shift = self->position_shift;
    uint64_t position_mask = self->position_mask, key = postings[0] >> key_shift;
    uint64_t document_mask = self->slot_mask << MARK_BITS | GS_MARK_LENGTH;
    uint64_t before = ~postings[0]; // of no document like that of the first
    size_t left = self->count - begin, count = 0;
    do {
        uint64_t posting = postings[count];
        uint32_t position = (uint32_t)(posting >> position_shift & position_mask);
        bool is_first = (posting ^ before) & document_mask ||
                        !is_one_document(self, positions[count - 1], position);
        positions[count] = position;
        marks[count] =
            (uint16_t)((posting & (GS_MARK_FIRST - 1)) | (is_first ? GS_MARK_FIRST : 0));
        before = posting;
        count++;
    } while (count < left && postings[count] >> key_shift == key);
    return begin + count;
}

static gsearch_status give_lists(gram_sort *self, gsearch_error *err)
{
    for (size_t begin = 0, end; begin < self->count; begin = end) {
        uint64_t gram = gram_of(self, key_of(self, self->postings[begin]));
        end = take_list(self, begin);
        GS_TRY(gs_characters_give(self->characters, gs_gram_first(gram), self->writer, err));
        GS_TRY(gs_segment_add_gram(self->writer, gram, self->positions, self->marks,
                                   (uint32_t)(end - begin), err));
    }
    self->count = 0;
    return GSEARCH_OK;
}

/* ---- one bin ---- */

typedef struct key_range {
    uint32_t from, to;
} key_range;

/* Adds the marks and slots of the postings from `from` on, which are in position order. */
static void mark_postings(gram_sort *self, size_t from)
{
    const gs_doctable docs = *self->docs;
    uint64_t *postings = self->postings, position_mask = self->position_mask, of_document = 0;
    unsigned position_shift = self->position_shift;
    uint32_t end = 0, title_end = 0;
    for (size_t i = from, count = self->count; i < count; i++) {
        uint32_t position = (uint32_t)(postings[i] >> position_shift & position_mask);
        if (position >= end) {
            uint32_t doc = gs_doctable_find(&docs, position);
            end = docs.starts[doc + 1];
            title_end = gs_doctable_title_end(&docs, doc);
            of_document = (doc & self->slot_mask) << MARK_BITS |
                          gs_length_code(gs_doctable_length(&docs, doc));
        }
        postings[i] |= of_document | (position < title_end ? GS_MARK_TITLE : 0);
    }
}

static gsearch_status take_range(gram_sort *self, const uint64_t *postings, size_t count,
                                 uint64_t shift, const void *range, gsearch_error *err)
{
    const key_range *keys = range;
    uint32_t from = keys->from, width = keys->to - from, all = 0;
    unsigned key_shift = self->key_shift, position_shift = self->position_shift;
    uint64_t *out = self->postings;
    size_t before = self->count, kept = before;
    for (size_t i = 0; i < count; i++) {
        uint32_t key = key_in_bin(self, postings[i]);
        out[kept] = (uint64_t)key << key_shift |
                    (uint64_t)(uint32_t)(postings[i] + shift) << position_shift;
        kept += key - from < width;
        all |= key;
    }
    if (all & NO_NUMBER)
        return gs_fail(err, GSEARCH_INTERNAL, "a gram of a character that no document holds");
    self->count = kept;
    mark_postings(self, before);
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
    (void)shift, (void)err;
    const key_count *wanted = range;
    for (size_t i = 0; i < count; i++) {
        uint32_t key = key_in_bin(self, postings[i]);
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
        if (key_in_bin(self, postings[i]) == keys->from)
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
    key_range all = {0, 1u << (FIRST_BITS + self->second_bits)};
    uint64_t postings = bin_postings(self);
    if (!postings)
        return GSEARCH_OK;
    return postings <= self->capacity ? give_range(self, all, err)
                                      : give_cut(self, all, COARSE_BITS, err);
}

/* ---- all ---- */

/* Numbers the second characters that can occur, those that are none included. */
static gsearch_status number_seconds(gram_sort *self, const gs_mem *mem, gsearch_error *err)
{
    self->numbers = gs_mem_alloc(mem, GS_CHARACTERS_END * sizeof(*self->numbers));
    self->seconds = gs_mem_alloc(mem, GS_CHARACTERS_END * sizeof(*self->seconds));
    if (!self->numbers || !self->seconds)
        return gs_fail_memory(err);
    uint32_t count = 0;
    for (uint32_t i = 0; i < GS_CHARACTERS_END; i++) {
        bool occurs = self->characters->documents[i] || i == GS_GRAM_SEAM || i == GS_GRAM_STOP;
        self->numbers[i] = occurs ? count : NO_NUMBER;
        if (occurs)
            self->seconds[count++] = i;
    }
    // at least so many that two halves are a key
    self->second_bits = COARSE_BITS - FIRST_BITS;
    while (count > 1u << self->second_bits)
        self->second_bits++;
    return GSEARCH_OK;
}

/* How far from a position the next document that has its slot is at least. */
static uint32_t least_to_slot(const gs_doctable *docs, unsigned slot_bits)
{
    uint32_t others = (1u << slot_bits) - 1, least = UINT32_MAX;
    for (uint32_t doc = 1; doc + (uint64_t)others < docs->count; doc++) {
        uint32_t between = docs->starts[doc + others] - docs->starts[doc];
        least = between < least ? between : least;
    }
    return least;
}

/* Makes room in a posting: for the slot, what the rest leaves. */
static gsearch_status lay_out(gram_sort *self, gsearch_error *err)
{
    self->docs = gs_segment_docs(self->writer);
    self->key_shift = 64 - FIRST_BITS - self->second_bits;
    unsigned position_bits = 1;
    while ((uint64_t)self->docs->positions >> position_bits)
        position_bits++;
    if (position_bits + MARK_BITS > self->key_shift)
        return gs_fail(err, GSEARCH_INTERNAL, "too many CJK characters");
    self->position_shift = self->key_shift - position_bits;
    self->position_mask = (1ull << position_bits) - 1;
    unsigned left = self->position_shift - MARK_BITS;
    unsigned slot_bits = left < SLOT_BITS_MAX ? left : SLOT_BITS_MAX;
    self->slot_mask = (1ull << slot_bits) - 1;
    self->near = least_to_slot(self->docs, slot_bits);
    return GSEARCH_OK;
}

/* How many postings to sort at once: no more than the largest bin has. */
static size_t capacity_for(gram_sort *self, size_t memory_bytes)
{
    uint64_t most = 0;
    for (self->bin = 0; self->bin < GS_BINS; self->bin++) {
        uint64_t postings = bin_postings(self);
        most = postings > most ? postings : most;
    }
    uint64_t fits = memory_bytes / (2 * sizeof(uint64_t) + sizeof(uint32_t) + sizeof(uint16_t));
    uint64_t capacity = most < fits ? most : fits;
    return capacity < CAPACITY_MIN ? CAPACITY_MIN : (size_t)capacity;
}

static gsearch_status make_room(gram_sort *self, const gs_mem *mem, size_t memory_bytes,
                                gsearch_error *err)
{
    size_t capacity = self->capacity = capacity_for(self, memory_bytes);
    // a filtered block is written one place beyond what is kept of it
    self->postings = gs_mem_alloc(mem, (capacity + 1) * sizeof(*self->postings));
    self->spare = gs_mem_alloc(mem, (capacity + 1) * sizeof(*self->spare));
    self->positions = gs_mem_alloc(mem, capacity * sizeof(*self->positions));
    self->marks = gs_mem_alloc(mem, capacity * sizeof(*self->marks));
    self->block = gs_mem_alloc(mem, GS_BIN_BLOCK_POSTINGS_MAX * sizeof(*self->block));
    self->halves = gs_mem_alloc(mem, 2 * COARSE * sizeof(*self->halves));
    self->places = gs_mem_alloc(mem, COARSE * sizeof(*self->places));
    return self->postings && self->spare && self->positions && self->marks && self->block &&
                   self->halves && self->places
               ? GSEARCH_OK
               : gs_fail_memory(err);
}

gsearch_status gs_gramsort(const gs_gram_source *sources, size_t sources_count,
                           gs_characters *characters, const gs_mem *mem, size_t memory_bytes,
                           gs_segment_writer *writer, gsearch_error *err)
{
    gram_sort self = {.sources = sources,
                      .sources_count = sources_count,
                      .characters = characters,
                      .writer = writer};
    gsearch_status status = number_seconds(&self, mem, err);
    if (!status)
        status = lay_out(&self, err);
    if (!status)
        status = make_room(&self, mem, memory_bytes, err);
    for (self.bin = 0; self.bin < GS_BINS && !status; self.bin++)
        status = give_bin(&self, err);
    void *rooms[] = {self.numbers, self.seconds, self.postings, self.spare, self.positions,
                     self.marks,   self.block,   self.halves,   self.places};
    for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++)
        gs_mem_free(mem, rooms[i]);
    return status;
}
