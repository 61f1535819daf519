/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of every level that runs here, one thread: bench_kernels [PASSES]. The whole table is
 * measured that many times and the best of each row counts, so that what else the machine does for
 * a moment does not. One row says what a kernel does to lists of one kind:
 *
 *     kernel level   input      length     M/s  ns/posting  B/posting   GB/s  of_memory
 *
 * `length` is that of the longer list. `B/posting` is what the kernel must read and write for one
 * posting, so that GB/s stands beside what this machine reads from memory, measured by the same
 * run; a share over 100% is one that only lists in a cache reach. Lists are so many or so long that
 * a processor does not learn their branches by heart.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "common/simd/kernels.h"

#define PASSES_DEFAULT 5u
#define ROUNDS 5u          /* in a pass */
#define ROWS_MAX 512u
#define WORK 2000000u      /* postings, about, in each */
#define LONG 16777216u     /* the longest list: 64 MiB, more than a cache holds */
#define COPIES_MAX 64u     /* of a list that is intersected in place */
#define COPIED_MAX 65536u  /* postings in all of them, unless one has more */
#define DOC_POSITIONS 128u /* a document */
#define DOCS (LONG / 8)
#define COARSE_SHIFT 7u

/* What a kernel works on; allocated once, filled for each row. */
typedef struct field {
    uint32_t *a, *b, *out, *spare; /* LONG each, one behind the other */
    uint8_t *bytes;                /* for what is packed: as many as `spare` has */
    size_t a_count, b_count, copies, blocks;
    unsigned bits;
    const gs_kernels *kernels;
    size_t rows_count; /* in this pass */
} field;

/* Runs `work` several times; gives the seconds of the fastest. */
static double best(void (*work)(field *), void (*prepare)(field *), field *on)
{
    double fastest = 1e9;
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (prepare)
            prepare(on);
        double before = gs_measure_now();
        work(on);
        double seconds = gs_measure_now() - before;
        fastest = seconds < fastest ? seconds : fastest;
    }
    return fastest;
}

/* What one row is about. */
typedef struct row {
    const char *kernel;
    char input[24];
    size_t length;
    double postings; /* that were worked on in the time measured */
    double bytes;    /* read and written for one of them */
} row;

static struct taken {
    row row;
    const char *level;
    double seconds;
} taken[ROWS_MAX];

static void take_row(field *on, const row *measured, double seconds)
{
    struct taken *best_yet = &taken[on->rows_count++];
    if (best_yet->seconds > 0 && best_yet->seconds < seconds)
        return;
    *best_yet = (struct taken){*measured, on->kernels ? on->kernels->name : "-", seconds};
}

static void print_row(const struct taken *best_yet)
{
    const row *r = &best_yet->row;
    double rate = r->postings / best_yet->seconds;
    double memory = taken[0].row.postings * taken[0].row.bytes / taken[0].seconds;
    printf("%-10s %-9s %-14s %9zu %9.0f %11.3f %10.2f %7.1f %9.0f%%\n", r->kernel,
           best_yet->level, r->input, r->length, rate * 1e-6, 1e9 / rate, r->bytes,
           rate * r->bytes * 1e-9, rate * r->bytes / memory * 100);
}

/* Rises by 1 to 2 step - 1 at a time. */
static void fill(uint32_t *list, size_t count, uint64_t step, uint64_t seed)
{
    uint32_t at = 0;
    for (size_t i = 0; i < count; i++)
        list[i] = at += 1 + (uint32_t)gs_measure_random(&seed, 2 * step - 1);
}

/* ---- memory --------------------------------------------------------------------------------- */

#define LANES 16u /* sums side by side, so that adding them up is not what is measured */

static void read_memory(field *on)
{
    uint32_t sums[LANES] = {0};
    for (size_t i = 0; i < (size_t)4 * LONG; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            sums[lane] += on->a[i + lane];
    for (size_t lane = 1; lane < LANES; lane++)
        sums[0] += sums[lane];
    on->a[0] = sums[0];
}

static void copy_memory(field *on)
{
    memcpy(on->out, on->a, (size_t)2 * LONG * sizeof(uint32_t));
}

static void bench_memory(field *on)
{
    row reads = {"memory", "reads", (size_t)4 * LONG, 4.0 * LONG, 4};
    row copies = {"memory", "copies", (size_t)2 * LONG, 2.0 * LONG, 8};
    take_row(on, &reads, best(read_memory, NULL, on));
    take_row(on, &copies, best(copy_memory, NULL, on));
}

/* ---- blocks of long lists ------------------------------------------------------------------- */

static size_t rounds_of(size_t blocks)
{
    size_t all = WORK / GS_BITPACK_NUMBERS;
    return all > blocks ? all / blocks : 1;
}

static void unpack(field *on)
{
    size_t len = gs_bitpack_bytes(GS_BITPACK_NUMBERS, on->bits);
    for (size_t round = 0; round < rounds_of(on->blocks); round++)
        for (size_t i = 0; i < on->blocks; i++)
            on->kernels->unpack(on->bytes + i * len, on->bits, (uint32_t)i, on->out);
}

static void bench_unpack(field *on, unsigned bits, size_t blocks)
{
    uint64_t seed = bits;
    on->bits = bits;
    on->blocks = blocks;
    for (size_t i = 0; i < blocks * GS_BITPACK_NUMBERS * bits / 8; i += 8) {
        uint64_t word = gs_measure_random(&seed, UINT64_MAX);
        memcpy(on->bytes + i, &word, sizeof(word));
    }
    row r = {"unpack", "", blocks * GS_BITPACK_NUMBERS,
             (double)(rounds_of(blocks) * blocks * GS_BITPACK_NUMBERS), 4 + bits / 8.0};
    snprintf(r.input, sizeof(r.input), "%u-bits", bits);
    take_row(on, &r, best(unpack, NULL, on));
}

static void check_rise(field *on)
{
    for (size_t i = 0; i < WORK / GS_BITPACK_NUMBERS; i++)
        on->spare[0] += on->kernels->rises(on->a + i % 16 * GS_BITPACK_NUMBERS, GS_BITPACK_NUMBERS);
}

static void bench_blocks(field *on)
{
    static const unsigned widths[] = {1, 4, 7, 8, 11, 16, 23};
    static const size_t lengths[] = {65536, 1048576, LONG};
    for (size_t w = 0; w < sizeof(widths) / sizeof(*widths); w++)
        bench_unpack(on, widths[w], 16);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
        bench_unpack(on, 8, lengths[i] / GS_BITPACK_NUMBERS);
    row r = {"rises", "block", 16 * GS_BITPACK_NUMBERS,
             WORK / GS_BITPACK_NUMBERS * GS_BITPACK_NUMBERS, 4};
    fill(on->a, r.length, 20, 1);
    take_row(on, &r, best(check_rise, NULL, on));
}

/* A block's gaps in codes; the classes are as random as those of lists are. */
static void decode_codes(field *on)
{
    const gs_gap_codes table = gs_gap_codes_of(on->bits);
    for (size_t i = 0; i < WORK / GS_BITPACK_NUMBERS; i++) {
        const uint8_t *codes = on->bytes + i % on->blocks * GS_BITPACK_NUMBERS / 2;
        uint32_t *bit = &on->spare[on->blocks * GS_BITPACK_NUMBERS];
        *bit = 0;
        on->kernels->codes(codes, on->bytes, &table, GS_BITPACK_NUMBERS, bit, 0, on->out);
    }
}

static void bench_codes(field *on, unsigned high, unsigned classes)
{
    uint64_t seed = high;
    double bits = 0;
    size_t codes = 256 * GS_BITPACK_NUMBERS / 2;
    const gs_gap_codes table = gs_gap_codes_of(high);
    on->blocks = 256;
    on->bits = high;
    for (size_t i = 0; i < codes; i++) {
        unsigned low = gs_gap_code(high, high - (unsigned)gs_measure_random(&seed, classes));
        unsigned next = gs_gap_code(high, high - (unsigned)gs_measure_random(&seed, classes));
        on->bytes[i] = (uint8_t)(low | next << 4);
        bits += table.widths[low] + table.widths[next];
    }
    double rests = bits / (2.0 * (double)codes);
    row r = {"codes", "", 256 * GS_BITPACK_NUMBERS,
             WORK / GS_BITPACK_NUMBERS * GS_BITPACK_NUMBERS, 4 + (4 + rests) / 8};
    snprintf(r.input, sizeof(r.input), "%u-to-%u-bits", high + 1 - classes, high);
    take_row(on, &r, best(decode_codes, NULL, on));
}

/* ---- short lists ---------------------------------------------------------------------------- */

#define CHUNK 2048u

static void decode(field *on)
{
    const uint8_t *classes = on->bytes, *mantissas = on->bytes + CHUNK;
    for (size_t i = 0; i < WORK / CHUNK; i++) {
        uint32_t bit = 0;
        for (size_t from = 0; from + on->a_count <= CHUNK; from += on->a_count)
            on->kernels->gaps(classes + from, on->a_count, mantissas, &bit, 0, on->out);
    }
}

static void bench_gaps(field *on)
{
    static const size_t lengths[] = {3, 10, 30, 100, CHUNK};
    uint64_t seed = 3;
    double bits = 0;
    for (size_t i = 0; i < CHUNK; i++)
        bits += on->bytes[i] = (uint8_t)(6 + gs_measure_random(&seed, 12));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        size_t lists = CHUNK / lengths[i];
        on->a_count = lengths[i];
        row r = {"gaps", "6-17-bits", lengths[i], (double)(WORK / CHUNK * lists * lengths[i]),
                 1 + bits / CHUNK / 8 + 4};
        take_row(on, &r, best(decode, NULL, on));
    }
}

/* ---- intersecting --------------------------------------------------------------------------- */

// in place, so every repetition has a copy of the list, made beforehand
static void copy_lists(field *on)
{
    for (size_t i = 0; i < on->copies; i++)
        memcpy(on->out + i * on->a_count, on->a, on->a_count * sizeof(uint32_t));
}

static void intersect(field *on)
{
    for (size_t i = 0; i < on->copies; i++)
        on->kernels->intersect(on->out + i * on->a_count, on->a_count, 1, on->b, on->b_count);
}

/* A fourth of the positions of the longer list's range are in each of two equal lists. */
static void bench_pair(field *on, size_t a_count, size_t b_count)
{
    size_t longer = a_count > b_count ? a_count : b_count;
    on->a_count = a_count;
    on->b_count = b_count;
    on->copies = COPIED_MAX / a_count < COPIES_MAX ? COPIED_MAX / a_count : COPIES_MAX;
    on->copies += on->copies == 0;
    fill(on->a, a_count, 4 * longer / a_count, 5);
    fill(on->b, b_count, 4 * longer / b_count, 6);
    row r = {"intersect", "", longer, (double)(on->copies * (a_count + b_count)), 4};
    if (a_count > b_count)
        snprintf(r.input, sizeof(r.input), "%zu:1", a_count / b_count);
    else
        snprintf(r.input, sizeof(r.input), "1:%zu", b_count / a_count);
    take_row(on, &r, best(intersect, copy_lists, on));
}

static void bench_intersect(field *on)
{
    for (size_t length = 64; length <= LONG; length *= 4)
        bench_pair(on, length, length);
    for (size_t ratio = 2; ratio <= 1024; ratio *= 2)
        bench_pair(on, 4096 / ratio, 4096);
    for (size_t ratio = 4; ratio <= 1024; ratio *= 16)
        bench_pair(on, 1048576 / ratio, 1048576);
    bench_pair(on, LONG / 16, LONG);
    bench_pair(on, 4096, 512);
    bench_pair(on, 4096, 64);
    for (size_t i = 1; i <= 256; i *= 4) // a block of a long list
        bench_pair(on, i, 256);
}

/* ---- documents ------------------------------------------------------------------------------ */

static void group(field *on)
{
    for (size_t i = 0; i < WORK / on->a_count; i++)
        on->kernels->group(on->b, on->b + LONG / 2, COARSE_SHIFT, on->a, on->a_count, on->out,
                           on->spare);
}

static void bench_group(field *on)
{
    static const uint64_t steps[] = {4, 32, 128, 1024};
    uint32_t *starts = on->b, *coarse = on->b + LONG / 2, doc = 0;
    uint64_t seed = 8;
    starts[0] = 0;
    for (uint32_t d = 0; d < DOCS; d++)
        starts[d + 1] = starts[d] + 1 + (uint32_t)gs_measure_random(&seed, 2 * DOC_POSITIONS - 1);
    for (uint32_t cell = 0; cell <= starts[DOCS] >> COARSE_SHIFT; cell++) {
        while (doc + 1 < DOCS && starts[doc + 1] <= cell << COARSE_SHIFT)
            doc++;
        coarse[cell] = doc;
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        size_t fitting = DOCS * 64 / steps[i];
        on->a_count = fitting < WORK / 2 ? fitting : WORK / 2;
        fill(on->a, on->a_count, steps[i], 9);
        // a position in; a start, a cell, a document and a first position for each document met
        size_t met = on->kernels->group(starts, coarse, COARSE_SHIFT, on->a, on->a_count, on->out,
                                        on->spare);
        row r = {"group", "", on->a_count, (double)(WORK / on->a_count * on->a_count),
                 4 + 16.0 * (double)met / (double)on->a_count};
        snprintf(r.input, sizeof(r.input), "every-%u", (unsigned)steps[i]);
        take_row(on, &r, best(group, NULL, on));
    }
}

/* ---- scoring -------------------------------------------------------------------------------- */

static void reach(field *on)
{
    const gs_reach score = {
        .weight = 1, .least = 0.8, .constant = 0.3, .slope = 0.9 / DOC_POSITIONS};
    for (size_t i = 0; i < WORK / on->a_count; i++)
        on->out[LONG - 1] = (uint32_t)on->kernels->reach(on->b, on->a, on->spare, on->a_count,
                                                         &score, on->out);
}

/* Documents with few matches each, as in most lists; the starts are those of bench_group. */
static void bench_reach(field *on)
{
    static const uint64_t steps[] = {2, 16, 128};
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        uint64_t seed = 11;
        on->a_count = DOCS / 2 / steps[i] < WORK / 2 ? DOCS / 2 / steps[i] : WORK / 2;
        fill(on->a, on->a_count, steps[i], 12);
        for (size_t d = 0; d < on->a_count; d++)
            on->spare[d] = 1 + (uint32_t)gs_measure_random(&seed, 3);
        // a document and its frequency in, and two starts
        row r = {"reach", "", on->a_count, (double)(WORK / on->a_count * on->a_count), 16};
        snprintf(r.input, sizeof(r.input), "every-%u", (unsigned)steps[i]);
        take_row(on, &r, best(reach, NULL, on));
    }
}

int main(int argc, char **argv)
{
    size_t passes = argc > 1 ? gs_measure_number(argv[1]) : PASSES_DEFAULT;
    field on = {.a = malloc((size_t)4 * LONG * sizeof(uint32_t))};
    if (!on.a || !passes) {
        fputs("usage: bench_kernels [PASSES]; it needs 256 MiB of memory\n", stderr);
        return 1;
    }
    memset(on.a, 1, (size_t)4 * LONG * sizeof(uint32_t)); // so that every page is there
    on.b = on.a + LONG;
    on.out = on.b + LONG;
    on.spare = on.out + LONG;
    on.bytes = (uint8_t *)on.spare;
    for (size_t pass = 0; pass < passes; pass++) {
        on.rows_count = 0;
        on.kernels = NULL;
        bench_memory(&on);
        for (size_t level = 0; (on.kernels = gs_kernels_at(level)); level++) {
            bench_blocks(&on);
            bench_codes(&on, 10, 8);
            bench_codes(&on, 15, 8);
            bench_codes(&on, 20, 12);
            bench_gaps(&on);
            bench_intersect(&on);
            bench_group(&on);
            bench_reach(&on);
        }
    }
    printf("%-10s %-9s %-14s %9s %9s %11s %10s %7s %10s\n", "kernel", "level", "input", "length",
           "M/s", "ns/posting", "B/posting", "GB/s", "of_memory");
    for (size_t i = 0; i < on.rows_count; i++)
        print_row(&taken[i]);
    free(on.a);
    return 0;
}
