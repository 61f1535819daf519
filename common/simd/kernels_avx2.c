/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels for AVX2: eight numbers a vector.
 */
#include <immintrin.h>
#include <string.h>

#include "common/simd/levels.h"
#include "common/simd/plain.inc"

#define LANES 8u
#define BLOCK 32u        /* numbers compared at once with one of a much shorter list */
#define SIMILAR_RATIO 4u /* up to this ratio of lengths, eight against eight */
#define DENSE 4u         /* positions a document, about, that are faster grouped one by one */
#define TOGETHER 4u      /* vectors of positions whose documents are looked up side by side */

static inline __m256i load(const void *from)
{
    return _mm256_loadu_si256(from);
}

static inline void store(void *to, __m256i numbers)
{
    _mm256_storeu_si256(to, numbers);
}

/* ---- unpacking ------------------------------------------------------------------------------ */

/* Each number with all before it. */
static inline __m256i sums(__m256i x)
{
    x = _mm256_add_epi32(x, _mm256_slli_si256(x, 4));
    x = _mm256_add_epi32(x, _mm256_slli_si256(x, 8));
    __m256i low_half = _mm256_permute2x128_si256(x, x, 0x08); // behind zeros
    return _mm256_add_epi32(x, _mm256_shuffle_epi32(low_half, 0xff));
}

static inline __m256i last_of(__m256i x)
{
    return _mm256_permutevar8x32_epi32(x, _mm256_set1_epi32(LANES - 1));
}

static void unpack(const uint8_t *in, unsigned bits, uint32_t first,
                   uint32_t out[GS_BITPACK_NUMBERS])
{
    const __m256i mask = _mm256_set1_epi32(bits == 32 ? -1 : (int)((1u << bits) - 1));
    const __m256i width = _mm256_set1_epi32((int)bits), full = _mm256_set1_epi32(32);
    __m256i before = _mm256_set1_epi32((int)first), shift = _mm256_setzero_si256();
    if (bits == 0) { // nothing to read
        for (unsigned i = 0; i < GS_BITPACK_NUMBERS; i += LANES)
            store(out + i, before);
        return;
    }
    for (unsigned row = 0, bit = 0; row < GS_BITPACK_NUMBERS / LANES; row++, bit += bits) {
        // the bits of a number may go on in the next word; behind the last word nothing does
        unsigned word = bit / 32, next = word + 1 < bits ? word + 1 : word;
        __m256i low = _mm256_srlv_epi32(load(in + 32 * (size_t)word), shift);
        __m256i high = _mm256_sllv_epi32(load(in + 32 * (size_t)next),
                                         _mm256_sub_epi32(full, shift));
        __m256i x = sums(_mm256_and_si256(_mm256_or_si256(low, high), mask));
        store(out + LANES * row, _mm256_add_epi32(x, before));
        before = _mm256_add_epi32(before, last_of(x));
        shift = _mm256_and_si256(_mm256_add_epi32(shift, width), _mm256_set1_epi32(31));
    }
}

/* ---- intersecting --------------------------------------------------------------------------- */

/* Moves the lanes in `mask` to the front. */
static inline __m256i pack(__m256i x, unsigned mask)
{
    uint64_t bytes = _pdep_u64(mask, 0x0101010101010101u) * 0xff;
    long long lanes = (long long)_pext_u64(0x0706050403020100u, bytes);
    return _mm256_permutevar8x32_epi32(x, _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(lanes)));
}

/* The lanes of `x` that equal any lane of `y`: as it is and turned within its halves, then with the
 * halves changed over. Turning within halves is the cheapest move there is. */
static inline __m256i equal_any(__m256i x, __m256i y)
{
    __m256i found = _mm256_setzero_si256();
    for (unsigned half = 0; half < 2; half++) {
        __m256i by_1 = _mm256_shuffle_epi32(y, 0x39), by_2 = _mm256_shuffle_epi32(y, 0x4e),
                by_3 = _mm256_shuffle_epi32(y, 0x93);
        __m256i low = _mm256_or_si256(_mm256_cmpeq_epi32(x, y), _mm256_cmpeq_epi32(x, by_1));
        __m256i high = _mm256_or_si256(_mm256_cmpeq_epi32(x, by_2), _mm256_cmpeq_epi32(x, by_3));
        found = _mm256_or_si256(found, _mm256_or_si256(low, high));
        y = _mm256_permute2x128_si256(y, y, 0x01);
    }
    return found;
}

static inline unsigned mask_of(__m256i lanes)
{
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(lanes));
}

static size_t intersect_similar(uint32_t *a, size_t a_count, uint32_t shift, const uint32_t *b,
                                size_t b_count)
{
    const __m256i shifts = _mm256_set1_epi32((int)shift);
    __m256i found = _mm256_setzero_si256(); // in the block of `a`
    uint32_t unused[LANES];
    progress at = {0};
    // without branches: which list goes on is a coin toss
    while (at.i + LANES <= a_count && at.j + LANES <= b_count) {
        __m256i own = load(a + at.i);
        found = _mm256_or_si256(found,
                                equal_any(_mm256_add_epi32(own, shifts), load(b + at.j)));
        uint32_t a_last = a[at.i + LANES - 1] + shift, b_last = b[at.j + LANES - 1];
        bool done = a_last <= b_last; // then no lane that is still to be read is written over
        unsigned mask = mask_of(found) & (done ? ~0u : 0);
        store(done ? a + at.kept : unused, pack(own, mask));
        found = _mm256_andnot_si256(_mm256_set1_epi32(done ? -1 : 0), found);
        at.kept += (unsigned)__builtin_popcount(mask);
        at.i += done ? LANES : 0;
        at.j += b_last <= a_last ? LANES : 0;
    }
    for (unsigned mask = mask_of(found); mask; mask &= mask - 1)
        a[at.kept++] = a[at.i + (unsigned)__builtin_ctz(mask)];
    if (at.i < at.kept) // `b` is beyond those between, and they are written over
        at.i = at.kept;
    return plain_merge(at, a, a_count, shift, b, b_count);
}

/* Goes on from `at` in whole blocks to the one that `wanted` would be in. */
static inline size_t skip_blocks(const uint32_t *list, size_t at, size_t count, uint32_t wanted)
{
    size_t step = BLOCK;
    for (; at + step <= count && list[at + step - 1] < wanted; step *= 2)
        at += step;
    while (step > BLOCK) {
        step /= 2;
        if (at + step <= count && list[at + step - 1] < wanted)
            at += step;
    }
    return at;
}

static inline bool has(const uint32_t *block, uint32_t wanted)
{
    const __m256i x = _mm256_set1_epi32((int)wanted);
    __m256i found = _mm256_setzero_si256();
    for (unsigned i = 0; i < BLOCK; i += LANES)
        found = _mm256_or_si256(found, _mm256_cmpeq_epi32(x, load(block + i)));
    return !_mm256_testz_si256(found, found);
}

static size_t intersect_few(uint32_t *a, size_t a_count, uint32_t shift, const uint32_t *b,
                            size_t b_count)
{
    progress at = {0};
    for (; at.i < a_count; at.i++) {
        uint32_t wanted = a[at.i] + shift;
        at.j = skip_blocks(b, at.j, b_count, wanted);
        if (at.j + BLOCK > b_count)
            break;
        a[at.kept] = a[at.i];
        at.kept += has(b + at.j, wanted);
    }
    return plain_few(at, a, a_count, shift, b, b_count);
}

static size_t intersect_many(uint32_t *a, size_t a_count, uint32_t shift, const uint32_t *b,
                             size_t b_count)
{
    progress at = {0};
    for (; at.j < b_count; at.j++) {
        if (b[at.j] < shift)
            continue;
        uint32_t wanted = b[at.j] - shift;
        at.i = skip_blocks(a, at.i, a_count, wanted);
        if (at.i + BLOCK > a_count)
            break;
        if (has(a + at.i, wanted))
            a[at.kept++] = wanted; // at or before where it stood
    }
    return plain_many(at, a, a_count, shift, b, b_count);
}

size_t gs_intersect_avx2(uint32_t *a, size_t a_count, uint32_t shift, const uint32_t *b,
                         size_t b_count)
{
    if (b_count / SIMILAR_RATIO > a_count)
        return intersect_few(a, a_count, shift, b, b_count);
    if (a_count / SIMILAR_RATIO > b_count)
        return intersect_many(a, a_count, shift, b, b_count);
    return intersect_similar(a, a_count, shift, b, b_count);
}

/* ---- documents ------------------------------------------------------------------------------ */

static inline __m256i gather(const uint32_t *from, __m256i at)
{
    return _mm256_i32gather_epi32((const void *)from, at, 4);
}

/* Lanes with x <= y, unsigned. */
static inline __m256i at_most(__m256i x, __m256i y)
{
    return _mm256_cmpeq_epi32(_mm256_min_epu32(x, y), x);
}

/* The documents of some vectors of positions. All are narrowed down side by side, since each look
 * waits for memory: a position's is one of those from its cell's to the next cell's, and every
 * round halves them. */
static void find_together(const uint32_t *starts, const uint32_t *coarse, uint32_t coarse_shift,
                          const uint32_t *positions, unsigned vectors, __m256i doc[TOGETHER])
{
    const __m128i cell_bits = _mm_cvtsi32_si128((int)coarse_shift);
    const __m256i ones = _mm256_set1_epi32(1);
    __m256i most[TOGETHER], open = _mm256_setzero_si256();
    for (unsigned v = 0; v < vectors; v++) {
        __m256i cell = _mm256_srl_epi32(load(positions + LANES * v), cell_bits);
        doc[v] = gather(coarse, cell);
        most[v] = gather(coarse + 1, cell);
        open = _mm256_or_si256(open, _mm256_xor_si256(doc[v], most[v]));
    }
    while (!_mm256_testz_si256(open, open)) {
        open = _mm256_setzero_si256();
        for (unsigned v = 0; v < vectors; v++) {
            __m256i left = _mm256_add_epi32(_mm256_sub_epi32(most[v], doc[v]), ones);
            __m256i middle = _mm256_add_epi32(doc[v], _mm256_srli_epi32(left, 1));
            __m256i begun = at_most(gather(starts, middle), load(positions + LANES * v));
            doc[v] = _mm256_blendv_epi8(doc[v], middle, begun);
            most[v] = _mm256_blendv_epi8(_mm256_sub_epi32(middle, ones), most[v], begun);
            open = _mm256_or_si256(open, _mm256_xor_si256(doc[v], most[v]));
        }
    }
}

/* How many whole vectors of positions to take together: they end before cell `last`. */
static unsigned vectors_before(const uint32_t *positions, size_t count, uint32_t coarse_shift,
                               uint32_t last)
{
    unsigned vectors = count / LANES < TOGETHER ? (unsigned)(count / LANES) : TOGETHER;
    while (vectors && positions[LANES * vectors - 1] >> coarse_shift >= last)
        vectors--;
    return vectors;
}

size_t gs_group_avx2(const uint32_t *starts, const uint32_t *coarse, uint32_t coarse_shift,
                     const uint32_t *positions, size_t count, uint32_t *docs, uint32_t *firsts)
{
    const __m256i turn = _mm256_setr_epi32(7, 0, 1, 2, 3, 4, 5, 6);
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    size_t i = 0, groups = 0;
    uint32_t end = 0;                    // of the document met last
    __m256i met = _mm256_set1_epi32(-1); // it, in lane 7: no document has this number
    uint32_t last = count ? positions[count - 1] >> coarse_shift : 0; // no cell may follow
    uint32_t cells = count ? last - (positions[0] >> coarse_shift) : 0;
    // without a shift a cell may be over 2^31, which gathering takes for negative
    if (!coarse_shift || count / DENSE > cells)
        return plain_group(starts, coarse, coarse_shift, positions, 0, count, docs, firsts, 0);
    for (unsigned vectors; (vectors = vectors_before(positions + i, count - i, coarse_shift, last));
         i += LANES * vectors) {
        __m256i doc[TOGETHER];
        if (positions[i + LANES * vectors - 1] < end)
            continue;
        find_together(starts, coarse, coarse_shift, positions + i, vectors, doc);
        for (unsigned v = 0; v < vectors; v++) {
            __m256i before = _mm256_blend_epi32(_mm256_permutevar8x32_epi32(doc[v], turn),
                                                _mm256_permutevar8x32_epi32(met, turn), 1);
            unsigned mask = ~mask_of(_mm256_cmpeq_epi32(doc[v], before)) & 0xff;
            __m256i index = _mm256_add_epi32(lanes, _mm256_set1_epi32((int)(i + LANES * v)));
            store(docs + groups, pack(doc[v], mask));
            store(firsts + groups, pack(index, mask));
            groups += (unsigned)__builtin_popcount(mask);
            met = doc[v];
        }
        end = starts[_mm256_extract_epi32(met, LANES - 1) + 1];
    }
    return plain_group(starts, coarse, coarse_shift, positions, i, count, docs, firsts, groups);
}

const gs_kernels gs_kernels_avx2 = {
    .name = "avx2",
    .unpack = unpack,
    .rises = rises,
    .gaps = plain_gaps, // gathering mantissas is no faster
    .codes = plain_codes,
    .intersect = gs_intersect_avx2,
    .group = gs_group_avx2,
    .reach = plain_reach, // looking lengths up is all of it, and gathering is no faster
};
