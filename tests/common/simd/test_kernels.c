/* SPDX-License-Identifier: Apache-2.0
 *
 * Every kernel of every level that runs here against the plainest loop, from any address, with
 * guards around what it writes. Lists end where their memory ends, for sanitizers to see.
 */
#include "common/simd/kernels.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define GUARD 0xdeadbeefu
#define GUARDS 16u

static void for_every_level(void (*check)(const gs_kernels *kernels, uint64_t *seed))
{
    const gs_kernels *kernels;
    for (size_t level = 0; (kernels = gs_kernels_at(level)); level++) {
        uint64_t seed = 5;
        print_message("# level %s\n", kernels->name);
        check(kernels, &seed);
    }
}

/* `count` numbers between guards, `skew` numbers off the allocation's alignment. */
typedef struct fenced {
    uint32_t *memory, *numbers;
    size_t count;
} fenced;

static fenced fence(size_t count, size_t skew)
{
    fenced out = {.count = count, .memory = malloc((2 * GUARDS + skew + count) * sizeof(uint32_t))};
    assert_non_null(out.memory);
    for (size_t i = 0; i < 2 * GUARDS + skew + count; i++)
        out.memory[i] = GUARD;
    out.numbers = out.memory + GUARDS + skew;
    return out;
}

static void assert_fence(const fenced *numbers)
{
    for (size_t i = 1; i <= GUARDS; i++) {
        assert_int_equal(numbers->numbers[-(ptrdiff_t)i], GUARD);
        assert_int_equal(numbers->numbers[numbers->count + i - 1], GUARD);
    }
}

/* ---- unpacking ------------------------------------------------------------------------------ */

static void check_unpack(const gs_kernels *kernels, uint64_t *seed)
{
    for (unsigned bits = 0; bits <= 32; bits++) {
        for (unsigned form = 0; form < 8; form++) { // random, all ones, all zeros; any address
            size_t len = gs_bitpack_bytes(GS_BITPACK_NUMBERS, bits), skew = form % 5;
            uint8_t *packed = malloc(skew + len + !len); // ends where the block ends
            uint32_t in[GS_BITPACK_NUMBERS], first = (uint32_t)gs_test_random(seed), sum = first;
            fenced out = fence(GS_BITPACK_NUMBERS, form);
            assert_non_null(packed);
            for (unsigned i = 0; i < GS_BITPACK_NUMBERS; i++) {
                uint64_t number = form == 1 ? UINT64_MAX : form == 2 ? 0 : gs_test_random(seed);
                in[i] = bits ? (uint32_t)(number >> (64 - bits)) : 0;
            }
            gs_bitpack(in, bits, packed + skew);
            kernels->unpack(packed + skew, bits, first, out.numbers);
            for (unsigned i = 0; i < GS_BITPACK_NUMBERS; i++)
                assert_int_equal(out.numbers[i], sum += in[i]);
            assert_fence(&out);
            free(packed);
            free(out.memory);
        }
    }
}

static void unpacking_sums_every_width_from_any_address(void **state)
{
    (void)state;
    for_every_level(check_unpack);
}

/* ---- rising --------------------------------------------------------------------------------- */

static void check_rises(const gs_kernels *kernels, uint64_t *seed)
{
    for (size_t count = 0; count <= 300; count += count < 70 ? 1 : 31) {
        fenced list = fence(count, count % 9);
        uint32_t at = UINT32_MAX - 5 * 300; // over the border of signed numbers, to the end
        for (size_t i = 0; i < count; i++)
            list.numbers[i] = at += 1 + (uint32_t)gs_test_random_below(seed, 5);
        assert_true(kernels->rises(list.numbers, count));
        for (size_t i = 1; i < count; i++) {
            uint32_t kept = list.numbers[i];
            list.numbers[i] = list.numbers[i - 1];
            assert_false(kernels->rises(list.numbers, count));
            list.numbers[i] = (uint32_t)gs_test_random_below(seed, list.numbers[i - 1]);
            assert_false(kernels->rises(list.numbers, count));
            list.numbers[i] = kept;
        }
        free(list.memory);
    }
}

static void a_list_rises_if_no_number_is_at_most_the_one_before(void **state)
{
    (void)state;
    for_every_level(check_rises);
}

/* ---- short lists ---------------------------------------------------------------------------- */

static uint64_t bit_of(const uint8_t *bytes, size_t at)
{
    return bytes[at / 8] >> at % 8 & 1;
}

static void check_gaps(const gs_kernels *kernels, uint64_t *seed)
{
    for (unsigned round = 0; round < 3000; round++) {
        size_t count = round % 100, room = 0;
        unsigned most = 1 + round % 32; // classes below
        uint32_t bit = (uint32_t)gs_test_random_below(seed, 100), at = bit;
        uint8_t *classes = malloc(count + 1);
        fenced out = fence(count, round % 7);
        assert_non_null(classes);
        for (size_t i = 0; i < count; i++) {
            uint64_t class = gs_test_random_below(seed, most);
            if (round % 3 == 0 && gs_test_random_below(seed, 40) == 0)
                class = 31 - gs_test_random_below(seed, 8);
            classes[i] = (uint8_t)(round % 5 == 0 ? most - 1 : class);
            room += classes[i];
        }
        size_t len = (bit + room + 7) / 8 + GS_GAPS_ROOM;
        uint8_t *mantissas = malloc(len);
        assert_non_null(mantissas);
        for (size_t i = 0; i < len; i++)
            mantissas[i] = (uint8_t)gs_test_random(seed);
        uint64_t start = gs_test_random_below(seed, UINT32_MAX), sum = start;
        uint64_t got = kernels->gaps(classes, count, mantissas, &at, start, out.numbers);
        for (size_t i = 0; i < count; i++) {
            sum += 1ull << classes[i];
            for (unsigned b = 0; b < classes[i]; b++)
                sum += bit_of(mantissas, bit + b) << b;
            bit += classes[i];
            assert_int_equal(out.numbers[i], (uint32_t)(sum - 1));
        }
        assert_true(got == sum);
        assert_int_equal(at, bit);
        assert_fence(&out);
        free(mantissas);
        free(classes);
        free(out.memory);
    }
}

static void gaps_are_read_bit_by_bit(void **state)
{
    (void)state;
    for_every_level(check_gaps);
}

/* Codes as docs/FORMAT.md, 3.10, says, for every highest class. */
static void check_codes(const gs_kernels *kernels, uint64_t *seed)
{
    for (unsigned round = 0; round < 3200; round++) {
        unsigned high = round % 32, pairs = high > 15 ? high - 15 : 0, most = high - pairs;
        uint32_t count = (uint32_t)gs_test_random_below(seed, round % 7 ? 256 : 4);
        size_t codes_bytes = (count + 1) / 2, room = codes_bytes + 256 * 4 + sizeof(uint64_t);
        uint8_t *codes = malloc(room), *rests = codes + codes_bytes;
        fenced out = fence(count, round % 7);
        assert_non_null(codes);
        for (size_t i = 0; i < room; i++)
            codes[i] = (uint8_t)gs_test_random(seed);
        uint32_t bit = 0, expected[256];
        uint64_t first = (uint32_t)gs_test_random(seed), sum = first;
        for (uint32_t i = 0; i < count; i++) {
            unsigned code = (unsigned)gs_test_random_below(seed, most + 1);
            unsigned width = code < pairs ? 2 * code + 2 : code + pairs, at = i % 2 * 4;
            codes[i / 2] = (uint8_t)((codes[i / 2] & ~(15u << at)) | code << at);
            sum += code < pairs ? 1u << 2 * code : 1u << width;
            for (unsigned b = 0; b < width; b++)
                sum += (uint64_t)bit_of(rests, bit + b) << b;
            bit += width;
            expected[i] = (uint32_t)sum;
        }
        const gs_gap_codes table = gs_gap_codes_of(high);
        // in two pieces, the second of which begins with a byte of codes
        uint32_t bits = 0, half = count / 4 * 2;
        uint64_t at = kernels->codes(codes, rests, &table, half, &bits, first, out.numbers);
        at = kernels->codes(codes + half / 2, rests, &table, count - half, &bits, at,
                            out.numbers + half);
        assert_int_equal(at, sum);
        assert_int_equal(bits, bit);
        assert_memory_equal(out.numbers, expected, count * sizeof(uint32_t));
        assert_fence(&out);
        free(codes);
        free(out.memory);
    }
}

static void codes_are_read_bit_by_bit(void **state)
{
    (void)state;
    for_every_level(check_codes);
}

/* ---- intersecting --------------------------------------------------------------------------- */

/* Rising numbers, on average `step` apart; in runs without gaps if `dense`. */
static fenced rising(uint64_t *seed, size_t count, uint64_t step, uint32_t from, bool dense)
{
    fenced out = fence(count, gs_test_random_below(seed, 9));
    uint32_t at = from;
    for (size_t i = 0; i < count; i++) {
        bool jump = !dense || gs_test_random_below(seed, 20) == 0;
        out.numbers[i] = at += 1 + (jump ? (uint32_t)gs_test_random_below(seed, 2 * step) : 0);
    }
    return out;
}

static void check_pair(const gs_kernels *kernels, fenced *a, const fenced *b, uint32_t shift)
{
    uint32_t *wanted = malloc((a->count + 1) * sizeof(*wanted));
    size_t count = 0;
    assert_non_null(wanted);
    for (size_t i = 0, j = 0; i < a->count; i++) {
        while (j < b->count && b->numbers[j] < a->numbers[i] + shift)
            j++;
        if (j < b->count && b->numbers[j] == a->numbers[i] + shift)
            wanted[count++] = a->numbers[i];
    }
    size_t got = kernels->intersect(a->numbers, a->count, shift, b->numbers, b->count);
    assert_int_equal(got, count);
    if (count)
        assert_memory_equal(a->numbers, wanted, count * sizeof(*wanted));
    assert_fence(a);
    assert_fence(b);
    free(wanted);
}

static void check_intersect(const gs_kernels *kernels, uint64_t *seed)
{
    static const size_t counts[] = {0,  1,  2,  7,  8,  9,   15,  16,  17,  31,   32,  33,
                                    63, 64, 65, 96, 127, 129, 256, 300, 700, 1500, 3000};
    const size_t sizes = sizeof(counts) / sizeof(*counts);
    for (size_t i = 0; i < sizes * sizes * 12; i++) {
        size_t a_count = counts[i % sizes], b_count = counts[i / sizes % sizes];
        uint64_t reach = 3 * (a_count > b_count ? a_count : b_count) + 9;
        // steps that let both lists reach equally far, or not
        uint64_t a_step = i % 5 ? 1 + reach / (a_count + 1) / 2 : 1 + i % 7;
        uint64_t b_step = i % 5 ? 1 + reach / (b_count + 1) / 2 : 1 + i % 3;
        uint32_t shift = i % 4 ? (uint32_t)gs_test_random_below(seed, 40) : 0;
        uint32_t from = i % 3 ? (uint32_t)gs_test_random_below(seed, 50) : 0x7fffff00u;
        fenced a = rising(seed, a_count, a_step, from, i % 11 == 0);
        fenced b = rising(seed, b_count, b_step, from, i % 13 == 0);
        check_pair(kernels, &a, &b, shift);
        free(a.memory);
        free(b.memory);
    }
}

static void intersect_keeps_what_is_in_both(void **state)
{
    (void)state;
    for_every_level(check_intersect);
}

static void check_same(const gs_kernels *kernels, uint64_t *seed)
{
    for (size_t count = 0; count <= 200; count++) {
        fenced a = rising(seed, count, 3, 0, false), b = fence(count, 2);
        uint32_t shift = (uint32_t)gs_test_random_below(seed, 100);
        for (size_t i = 0; i < count; i++)
            b.numbers[i] = a.numbers[i] + shift;
        assert_int_equal(kernels->intersect(a.numbers, count, shift, b.numbers, count), count);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(a.numbers[i] + shift, b.numbers[i]);
        assert_int_equal(kernels->intersect(a.numbers, count, shift + 1 + UINT32_MAX / 2, b.numbers,
                                            count), 0);
        assert_fence(&a);
        free(a.memory);
        free(b.memory);
    }
}

static void intersect_keeps_all_of_equal_lists(void **state)
{
    (void)state;
    for_every_level(check_same);
}

/* ---- documents ------------------------------------------------------------------------------ */

#define DOCS 400u

typedef struct table {
    uint32_t starts[DOCS + 1], *coarse, shift;
} table;

static void make_table(table *docs, uint64_t *seed, uint64_t length, uint32_t shift)
{
    docs->starts[0] = 0;
    docs->shift = shift;
    for (uint32_t d = 0; d < DOCS; d++)
        docs->starts[d + 1] = docs->starts[d] + 1 + (uint32_t)gs_test_random_below(seed, length);
    docs->coarse = malloc(((docs->starts[DOCS] >> shift) + 1) * sizeof(uint32_t));
    assert_non_null(docs->coarse);
    for (uint32_t cell = 0, d = 0; cell <= docs->starts[DOCS] >> shift; cell++) {
        while (d < DOCS - 1 && docs->starts[d + 1] <= cell << shift)
            d++;
        docs->coarse[cell] = d;
    }
}

static void check_groups(const gs_kernels *kernels, const table *docs, const fenced *positions)
{
    fenced met = fence(positions->count, 1), firsts = fence(positions->count, 3);
    size_t groups = 0;
    size_t got = kernels->group(docs->starts, docs->coarse, docs->shift, positions->numbers,
                                positions->count, met.numbers, firsts.numbers);
    for (size_t i = 0, doc = 0; i < positions->count; i++) {
        while (docs->starts[doc + 1] <= positions->numbers[i])
            doc++;
        if (i && positions->numbers[i - 1] >= docs->starts[doc])
            continue;
        assert_true(groups < got);
        assert_int_equal(met.numbers[groups], doc);
        assert_int_equal(firsts.numbers[groups], i);
        groups++;
    }
    assert_int_equal(groups, got);
    assert_fence(&met);
    assert_fence(&firsts);
    free(met.memory);
    free(firsts.memory);
}

static void check_group(const gs_kernels *kernels, uint64_t *seed)
{
    for (unsigned round = 0; round < 600; round++) {
        static const uint32_t shifts[] = {4, 0, 9, 1, 6};
        static const uint64_t lengths[] = {90, 1, 3, 1000};
        table docs;
        make_table(&docs, seed, lengths[round % 4], shifts[round % 5]);
        uint64_t step = 1 + docs.starts[DOCS] / (1 + round), most = round % 3 ? round : round % 40;
        fenced all = rising(seed, most, 1 + step / 2, (uint32_t)gs_test_random_below(seed, 9), 0);
        fenced positions = fence(0, 0);
        size_t count = 0;
        while (count < all.count && all.numbers[count] < docs.starts[DOCS])
            count++;
        free(positions.memory);
        positions = fence(count, round % 8);
        memcpy(positions.numbers, all.numbers, count * sizeof(uint32_t));
        check_groups(kernels, &docs, &positions);
        free(positions.memory);
        free(all.memory);
        free(docs.coarse);
    }
}

static void group_finds_documents_and_their_first_positions(void **state)
{
    (void)state;
    for_every_level(check_group);
}

/* ---- the choice ----------------------------------------------------------------------------- */

/* ---- scoring -------------------------------------------------------------------------------- */

static void check_reach(const gs_kernels *kernels, uint64_t *seed)
{
    for (size_t round = 0; round < 2000; round++) {
        table made;
        make_table(&made, seed, 1 + round % 900, 4);
        size_t count = round % 70, kept = 0;
        fenced docs = rising(seed, count, DOCS / (count + 1) / 2 + 1, 0, false);
        fenced tfs = fence(count, round % 5), out = fence(count, 1);
        gs_reach score = {.weight = 1 + (double)gs_test_random_below(seed, 100),
                          .constant = 0.3, .slope = 0.9 / 100};
        score.least = score.weight * (double)gs_test_random_below(seed, 1000) / 1000;
        for (size_t i = 0; i < count; i++)
            tfs.numbers[i] = 1 + (uint32_t)gs_test_random_below(seed, 1u << round % 12);
        size_t got = kernels->reach(made.starts, docs.numbers, tfs.numbers, count, &score,
                                    out.numbers);
        for (size_t i = 0; i < count; i++) {
            uint32_t doc = docs.numbers[i], length = made.starts[doc + 1] - made.starts[doc] - 1;
            double least = score.least * (tfs.numbers[i] + (0.3 + 0.9 / 100 * length));
            if (score.weight * tfs.numbers[i] < least)
                continue;
            assert_true(kept < got);
            assert_int_equal(out.numbers[kept++], i);
        }
        assert_int_equal(kept, got);
        assert_fence(&out);
        free(made.coarse);
        free(docs.memory);
        free(tfs.memory);
        free(out.memory);
    }
}

static void documents_reach_a_score_or_not(void **state)
{
    (void)state;
    for_every_level(check_reach);
}

static void searches_use_the_level_of_the_environment_or_the_best(void **state)
{
    (void)state;
    const char *wanted = getenv("GSEARCH_SIMD");
    const gs_kernels *best = NULL, *kernels;
    assert_string_equal(gs_kernels_at(0)->name, "portable");
    for (size_t level = 0; (kernels = gs_kernels_at(level)); level++) {
        best = kernels;
        if (wanted && strcmp(wanted, kernels->name) == 0)
            break;
    }
    assert_ptr_equal(gs_kernels_active(), best);
    assert_ptr_equal(gs_kernels_active(), best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpacking_sums_every_width_from_any_address),
        cmocka_unit_test(a_list_rises_if_no_number_is_at_most_the_one_before),
        cmocka_unit_test(gaps_are_read_bit_by_bit),
        cmocka_unit_test(codes_are_read_bit_by_bit),
        cmocka_unit_test(intersect_keeps_what_is_in_both),
        cmocka_unit_test(intersect_keeps_all_of_equal_lists),
        cmocka_unit_test(group_finds_documents_and_their_first_positions),
        cmocka_unit_test(documents_reach_a_score_or_not),
        cmocka_unit_test(searches_use_the_level_of_the_environment_or_the_best),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
