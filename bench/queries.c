/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of terms to queries of the query language.
 */
#include "bench/queries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_line(gs_bench_query *out, const char *line)
{
    char *field = gs_mem_dup(NULL, gs_bytes_str(line));
    if (!field)
        return false;
    field[strcspn(field, "\n")] = 0;
    out->class_name = field;
    while ((field = strchr(field, '\t'))) {
        *field++ = 0;
        if (out->terms_count == GS_BENCH_TERMS_MAX || *field == 0 || *field == '\t')
            return false;
        out->terms[out->terms_count++] = field;
    }
    return out->terms_count > 0;
}

gs_bench_queries gs_bench_queries_read(const char *path)
{
    gs_bench_queries queries = {0};
    size_t capacity = 0, line_capacity = 0;
    char *line = NULL;
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(1);
    }
    while (getline(&line, &line_capacity, file) > 0) {
        gs_bench_query query = {0};
        if (!read_line(&query, line) ||
            !gs_mem_grow(NULL, (void **)&queries.list, &capacity, queries.count + 1, SIZE_MAX,
                         sizeof(query))) {
            fprintf(stderr, "%s: line %zu is no query\n", path, queries.count + 1);
            exit(1);
        }
        queries.list[queries.count++] = query;
    }
    free(line);
    fclose(file);
    return queries;
}

size_t gs_bench_queries_class_end(const gs_bench_queries *queries, size_t from)
{
    size_t end = from;
    while (end < queries->count &&
           strcmp(queries->list[end].class_name, queries->list[from].class_name) == 0)
        end++;
    return end;
}

gsearch_request gs_bench_query_request(const gs_bench_query *query, gs_buf *line)
{
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gs_buf_reset(line);
    for (size_t i = 0; i < query->terms_count; i++) {
        if (i > 0 && strcmp(query->class_name, "or5") == 0)
            gs_buf_str(line, " OR ");
        else if (i > 0 && strcmp(query->class_name, "near") == 0)
            gs_buf_printf(line, " NEAR/%d ", GS_BENCH_NEAR);
        else if (i > 0)
            gs_buf_u8(line, ' ');
        gs_buf_str(line, query->terms[i]);
    }
    gs_buf_u8(line, 0);
    request.query = (const char *)line->data;
    request.snippet = false;
    if (strcmp(query->class_name, "any") == 0)
        request.match = GSEARCH_MATCH_ANY;
    return request;
}
