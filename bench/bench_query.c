/* SPDX-License-Identifier: Apache-2.0
 *
 * Latency of queries in this process, warm, one thread: bench_query DIR QUERIES. The classes of
 * bench/gen_queries.c, top 10 without snippets, first with exact totals, then without totals.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/queries.h"
#include "gsearch/gsearch.h"

#define ROUNDS 4u /* the first warms up; the fastest of the others counts */

static double ask(gsearch_index *index, const gsearch_request *request, uint64_t *hits)
{
    gsearch_results *results;
    gsearch_error err;
    double before = gs_measure_now();
    if (gsearch_search(index, request, &results, &err)) {
        fprintf(stderr, "%s: %s\n", request->query, err.message);
        exit(1);
    }
    double seconds = gs_measure_now() - before;
    *hits += results->hits_count;
    gsearch_results_free(results);
    return seconds;
}

/* Every query was taken from the text; few of `near` stood on both sides of the border between
 * title and text, where they are not found. */
static void measure(gsearch_index *index, const gs_bench_query *queries, size_t count, bool total)
{
    double *seconds = calloc(count, sizeof(*seconds));
    gs_buf line;
    gs_buf_init(&line, NULL, SIZE_MAX);
    uint64_t hits = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < count; i++) {
            gsearch_request request = gs_bench_query_request(&queries[i], &line);
            request.total = total;
            double taken = ask(index, &request, &hits);
            if (round <= 1 || taken < seconds[i])
                seconds[i] = taken;
        }
    }
    if (hits < count * ROUNDS / 2) {
        fprintf(stderr, "%s: only %llu hits\n", queries->class_name, (unsigned long long)hits);
        exit(1);
    }
    gs_measure_print(queries->class_name, seconds, count);
    gs_buf_release(&line);
    free(seconds);
}

int main(int argc, char **argv)
{
    gsearch_index *index;
    gsearch_index_options options = {.struct_size = sizeof(options), .map = true};
    gsearch_error err;
    if (argc != 3) {
        fprintf(stderr, "usage: bench_query DIR QUERIES\n");
        return 2;
    }
    gs_bench_queries queries = gs_bench_queries_read(argv[2]);
    if (gsearch_index_open(argv[1], &options, &index, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    for (int total = 1; total >= 0; total--) {
        printf("%stotal=%s\n", total ? "" : "\n", total ? "exact" : "none");
        gs_measure_print_head();
        for (size_t from = 0, end; from < queries.count; from = end) {
            end = gs_bench_queries_class_end(&queries, from);
            measure(index, queries.list + from, end - from, total);
        }
    }
    gsearch_index_close(index);
    return 0;
}
