/* SPDX-License-Identifier: Apache-2.0
 *
 * What one core more gives: bench_threads DIR QUERIES [SECONDS]. One to as many threads as there
 * are cores ask the queries of bench/queries.h of one index, shared and warm, with exact totals and
 * the top 10, as fast as they can. Rounds of one, two and more threads take turns, so that what
 * else the machine does meets all of them; the best round of each counts.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/queries.h"
#include "gsearch/gsearch.h"

#define THREADS_MAX 64u
#define ROUNDS 5u
#define SECONDS_DEFAULT 2u /* a round */

typedef struct asker {
    pthread_t thread;
    gsearch_index *index;
    const gs_bench_queries *queries;
    size_t from; /* where in the queries this thread begins */
    double end;
    uint64_t answered, hits;
} asker;

static void *ask(void *payload)
{
    asker *self = payload;
    gs_buf line;
    gs_buf_init(&line, NULL, SIZE_MAX);
    for (size_t i = self->from; gs_measure_now() < self->end; i++, self->answered++) {
        const gs_bench_query *query = &self->queries->list[i % self->queries->count];
        gsearch_request request = gs_bench_query_request(query, &line);
        gsearch_results *results;
        gsearch_error err;
        if (gsearch_search(self->index, &request, &results, &err)) {
            fprintf(stderr, "%s: %s\n", request.query, err.message);
            exit(1);
        }
        self->hits += results->hits_count;
        gsearch_results_free(results);
    }
    gs_buf_release(&line);
    return NULL;
}

/* Queries a second. */
static double run(gsearch_index *index, const gs_bench_queries *queries, unsigned threads,
                  double seconds)
{
    static asker askers[THREADS_MAX];
    uint64_t answered = 0, hits = 0;
    double begin = gs_measure_now();
    for (unsigned i = 0; i < threads; i++) {
        askers[i] = (asker){.index = index, .queries = queries,
                            .from = queries->count / threads * i, .end = begin + seconds};
        if (pthread_create(&askers[i].thread, NULL, ask, &askers[i])) {
            perror("pthread_create");
            exit(1);
        }
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(askers[i].thread, NULL);
        answered += askers[i].answered;
        hits += askers[i].hits;
    }
    if (hits < answered / 2) { // all were taken from the text
        fprintf(stderr, "bench_threads: only %llu hits\n", (unsigned long long)hits);
        exit(1);
    }
    return (double)answered / (gs_measure_now() - begin);
}

int main(int argc, char **argv)
{
    double best[THREADS_MAX + 1] = {0};
    gsearch_index *index;
    gsearch_index_options options = {.struct_size = sizeof(options), .map = true};
    gsearch_error err;
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: bench_threads DIR QUERIES [SECONDS]\n");
        return 2;
    }
    double seconds = argc > 3 ? (double)gs_measure_number(argv[3]) : SECONDS_DEFAULT;
    gs_bench_queries queries = gs_bench_queries_read(argv[2]);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned most = cores < 2 ? 2 : cores > THREADS_MAX ? THREADS_MAX : (unsigned)cores;
    if (gsearch_index_open(argv[1], &options, &index, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    run(index, &queries, most, seconds); // warms up
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned threads = 1; threads <= most; threads *= 2) {
            double rate = run(index, &queries, threads, seconds);
            best[threads] = rate > best[threads] ? rate : best[threads];
        }
    }
    printf("%7s %10s %7s\n", "threads", "queries/s", "ratio");
    for (unsigned threads = 1; threads <= most; threads *= 2)
        printf("%7u %10.0f %7.2f\n", threads, best[threads], best[threads] / best[1]);
    gsearch_index_close(index);
    return 0;
}
