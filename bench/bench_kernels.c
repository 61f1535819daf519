/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of every level that runs here, one thread: million postings a second and nanoseconds
 * a posting, best of several, beside the speed of memory. Lists of 4,096 stay in the first two
 * caches, those of four million do not. Positions to be grouped are so many that a processor does
 * not learn them by heart.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "common/simd/kernels.h"

#define ROUNDS 9u          /* the best of them counts */
#define WORK 2000000u      /* postings, about, in each */
#define LONG 4194304u      /* the longest list */
#define DOC_POSITIONS 128u /* a document */
#define COARSE_SHIFT 7u

/* What a kernel works on; allocated once, filled for each row. */
typedef struct field {
    uint32_t *a, *b, *out, *spare;
    uint8_t *bytes;
    size_t a_count, b_count, blocks;
    unsigned bits;
    const gs_kernels *kernels;
} field;

static void *need(size_t bytes)
{
    void *memory = calloc(1, bytes);
    if (!memory) {
        fputs("bench_kernels: no memory\n", stderr);
        exit(1);
    }
    return memory;
}

/* Runs `work` as often as it takes; gives the seconds of the fastest run. */
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

static void print_row(const field *on, const char *kernel, const char *what, double postings,
                      double seconds)
{
    printf("%-10s %-10s %-28s %9.0f %9.3f\n", kernel, on->kernels->name, what,
           postings / seconds * 1e-6, seconds / postings * 1e9);
}

static void fill(uint32_t *list, size_t count, uint64_t step, uint64_t seed)
{
    uint32_t at = 0;
    for (size_t i = 0; i < count; i++)
        list[i] = at += 1 + (uint32_t)gs_measure_random(&seed, 2 * step - 1);
}

/* ---- blocks --------------------------------------------------------------------------------- */

static void unpack(field *on)
{
    size_t len = gs_bitpack_bytes(GS_BITPACK_NUMBERS, on->bits);
    for (size_t i = 0; i < WORK / GS_BITPACK_NUMBERS; i++)
        on->kernels->unpack(on->bytes + i % on->blocks * len, on->bits, (uint32_t)i, on->out);
}

static void check_rise(field *on)
{
    for (size_t i = 0; i < WORK / GS_BITPACK_NUMBERS; i++)
        on->spare[0] += on->kernels->rises(on->a + i % 16 * GS_BITPACK_NUMBERS, GS_BITPACK_NUMBERS);
}

static void bench_blocks(field *on)
{
    static const unsigned widths[] = {1, 4, 7, 8, 11, 16, 23};
    char what[32];
    double postings = WORK / GS_BITPACK_NUMBERS * GS_BITPACK_NUMBERS;
    for (size_t w = 0; w < sizeof(widths) / sizeof(*widths); w++) {
        uint64_t seed = w;
        on->bits = widths[w];
        on->blocks = 16;
        for (size_t i = 0; i < on->blocks * GS_BITPACK_NUMBERS * on->bits / 8; i++)
            on->bytes[i] = (uint8_t)gs_measure_random(&seed, 256);
        snprintf(what, sizeof(what), "%u bits", on->bits);
        print_row(on, "unpack", what, postings, best(unpack, NULL, on));
    }
    fill(on->a, (size_t)16 * GS_BITPACK_NUMBERS, 20, 1);
    print_row(on, "rises", "256", postings, best(check_rise, NULL, on));
}

/* ---- short lists ---------------------------------------------------------------------------- */

static void decode(field *on)
{
    const uint8_t *classes = on->bytes, *mantissas = on->bytes + 4096;
    for (size_t i = 0; i < WORK / 2048; i++) {
        uint32_t bit = 0;
        for (size_t from = 0; from + on->a_count <= 2048; from += on->a_count)
            on->kernels->gaps(classes + from, on->a_count, mantissas, &bit, 0, on->out);
    }
}

static void bench_gaps(field *on)
{
    static const size_t lengths[] = {3, 10, 30, 100, 2048};
    uint64_t seed = 3;
    char what[32];
    for (size_t i = 0; i < 2048; i++)
        on->bytes[i] = (uint8_t)(6 + gs_measure_random(&seed, 12));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        size_t lists = 2048 / lengths[i];
        on->a_count = lengths[i];
        snprintf(what, sizeof(what), "lists of %zu", lengths[i]);
        print_row(on, "gaps", what, (double)(WORK / 2048 * lists * lengths[i]),
                  best(decode, NULL, on));
    }
}

/* ---- intersecting --------------------------------------------------------------------------- */

// in place, so every repetition has a copy of the list, made beforehand
static void copy_lists(field *on)
{
    for (size_t i = 0; i < on->blocks; i++)
        memcpy(on->out + i * on->a_count, on->a, on->a_count * sizeof(uint32_t));
}

static void intersect(field *on)
{
    for (size_t i = 0; i < on->blocks; i++)
        on->kernels->intersect(on->out + i * on->a_count, on->a_count, 1, on->b, on->b_count);
}

static void bench_pair(field *on, size_t a_count, size_t b_count)
{
    char what[32];
    size_t longer = a_count > b_count ? a_count : b_count;
    on->a_count = a_count;
    on->b_count = b_count;
    on->blocks = LONG / longer < 64 ? LONG / longer : 64;
    fill(on->a, a_count, 4 * longer / a_count, 5);
    fill(on->b, b_count, 4 * longer / b_count, 6);
    snprintf(what, sizeof(what), "%zu : %zu", a_count, b_count);
    print_row(on, "intersect", what, (double)(on->blocks * (a_count + b_count)),
              best(intersect, copy_lists, on));
}

static void bench_intersect(field *on)
{
    static const size_t ratios[] = {1, 2, 4, 8, 16, 64, 256};
    for (size_t i = 0; i < sizeof(ratios) / sizeof(*ratios); i++)
        bench_pair(on, 4096 / ratios[i], 4096);
    bench_pair(on, 4096, 512);
    bench_pair(on, 4096, 64);
    for (size_t i = 1; i <= 256; i *= 4) // a block of a long list
        bench_pair(on, i, 256);
    bench_pair(on, LONG, LONG);
    bench_pair(on, LONG / 16, LONG);
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
    uint32_t *starts = on->b, *coarse = on->b + LONG / 2, docs = LONG / 8, doc = 0;
    uint64_t seed = 8;
    char what[40];
    starts[0] = 0;
    for (uint32_t d = 0; d < docs; d++)
        starts[d + 1] = starts[d] + 1 + (uint32_t)gs_measure_random(&seed, 2 * DOC_POSITIONS - 1);
    for (uint32_t cell = 0; cell <= starts[docs] >> COARSE_SHIFT; cell++) {
        while (doc + 1 < docs && starts[doc + 1] <= cell << COARSE_SHIFT)
            doc++;
        coarse[cell] = doc;
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        on->a_count = LONG / 8 * 64 / steps[i] < LONG / 4 ? LONG / 8 * 64 / steps[i] : LONG / 4;
        fill(on->a, on->a_count, steps[i], 9);
        snprintf(what, sizeof(what), "every %llu, documents of %u", (unsigned long long)steps[i],
                 DOC_POSITIONS);
        print_row(on, "group", what, (double)(WORK / on->a_count * on->a_count),
                  best(group, NULL, on));
    }
}

/* ---- memory --------------------------------------------------------------------------------- */

static void copy_memory(field *on)
{
    memcpy(on->out, on->b, LONG * sizeof(uint32_t));
}

static void read_memory(field *on)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < LONG; i++)
        sum += on->b[i];
    on->spare[0] = sum;
}

int main(void)
{
    field on = {.a = need(LONG * sizeof(uint32_t)),
                .b = need(LONG * sizeof(uint32_t)),
                .out = need(LONG * sizeof(uint32_t)),
                .spare = need(LONG * sizeof(uint32_t)),
                .bytes = need(65536)};
    fill(on.b, LONG, 2, 1);
    double megabytes = LONG * sizeof(uint32_t) * 1e-6;
    printf("memory: reads %.1f GB/s, copies %.1f GB/s\n\n",
           megabytes / best(read_memory, NULL, &on) * 1e-3,
           megabytes / best(copy_memory, NULL, &on) * 1e-3);
    printf("%-10s %-10s %-28s %9s %9s\n", "kernel", "level", "input", "M/s", "ns");
    for (size_t level = 0; (on.kernels = gs_kernels_at(level)); level++) {
        bench_blocks(&on);
        bench_gaps(&on);
        bench_intersect(&on);
        bench_group(&on);
    }
    free(on.a);
    free(on.b);
    free(on.out);
    free(on.spare);
    free(on.bytes);
    return 0;
}
