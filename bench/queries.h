/* SPDX-License-Identifier: Apache-2.0
 *
 * The queries of a benchmark: a file of lines `class TAB term TAB term…`, as gen_queries writes it.
 */
#ifndef GS_BENCH_QUERIES_H
#define GS_BENCH_QUERIES_H

#include "common/base/buf.h"
#include "gsearch/request.h"

#define GS_BENCH_TERMS_MAX 8u
#define GS_BENCH_NEAR 5 /* positions between the terms of `near` */

typedef struct gs_bench_query {
    const char *class_name;
    const char *terms[GS_BENCH_TERMS_MAX];
    size_t terms_count;
} gs_bench_query;

typedef struct gs_bench_queries {
    gs_bench_query *list;
    size_t count;
} gs_bench_queries;

/* Ends the program with a message if the file is not such a file. The queries live until then. */
gs_bench_queries gs_bench_queries_read(const char *path);

/* What follows the queries of the class that begins at `from`. */
size_t gs_bench_queries_class_end(const gs_bench_queries *queries, size_t from);

/* The request for a query, with its line in `line`: and2 `a b`, or5 `a OR b …`, near `a NEAR/5 b`,
 * any with match=any. No snippets. */
gsearch_request gs_bench_query_request(const gs_bench_query *query, gs_buf *line);

#endif
