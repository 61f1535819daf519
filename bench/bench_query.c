/* SPDX-License-Identifier: Apache-2.0
 *
 * Latency of phrase queries in this process, warm, one thread: bench_query DIR [COUNT]. Random
 * phrases of the text itself, exact total, top 10; first without snippets, then with ten.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/phrases.h"

#define COUNT_DEFAULT 1000u
#define ROUNDS 3u /* the first warms up; the fastest of the others counts */

static double ask(gsearch_index *index, const char *phrase, bool snippet, uint64_t *total)
{
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_results *results;
    gsearch_error err;
    request.query = phrase;
    request.snippet = snippet;
    double before = gs_measure_now();
    if (gsearch_search(index, &request, &results, &err)) {
        fprintf(stderr, "%s: %s\n", phrase, err.message);
        exit(1);
    }
    double seconds = gs_measure_now() - before;
    *total += results->total;
    gsearch_results_free(results);
    return seconds;
}

static void measure(gsearch_index *index, char **phrases, size_t count, bool snippet,
                    const char *name)
{
    double *seconds = calloc(count, sizeof(*seconds));
    uint64_t total = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        total = 0;
        for (size_t i = 0; i < count; i++) {
            double taken = ask(index, phrases[i], snippet, &total);
            if (round <= 1 || taken < seconds[i])
                seconds[i] = taken;
        }
    }
    gs_measure_print(name, seconds, count);
    if (total < count) { // every phrase was taken from the text
        fprintf(stderr, "%s: only %llu documents found\n", name, (unsigned long long)total);
        exit(1);
    }
    free(seconds);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench_query DIR [COUNT]\n");
        return 2;
    }
    size_t count = argc > 2 ? gs_measure_number(argv[2]) : COUNT_DEFAULT;
    static const struct {
        const char *name;
        unsigned least, most;
    } classes[] = {{"2-12 characters", 2, 12}, {"2 characters", 2, 2},
                   {"3 characters", 3, 3},     {"4 characters", 4, 4},
                   {"5-7 characters", 5, 7},   {"8-12 characters", 8, 12}};
    gsearch_index *index;
    gsearch_index_options options = {.struct_size = sizeof(options), .map = true};
    gsearch_error err;
    if (gsearch_index_open(argv[1], &options, &index, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    gs_measure_print_head();
    for (size_t c = 0; c < sizeof(classes) / sizeof(*classes); c++) {
        char **phrases = gs_phrases_draw(argv[1], count, classes[c].least, classes[c].most, 1 + c);
        if (!phrases) {
            fprintf(stderr, "%s: no text to draw phrases from\n", argv[1]);
            return 1;
        }
        measure(index, phrases, count, false, classes[c].name);
        if (c == 0)
            measure(index, phrases, count, true, "2-12, ten snippets");
        for (size_t i = 0; i < count; i++)
            free(phrases[i]);
        free(phrases);
    }
    gsearch_index_close(index);
    return 0;
}
