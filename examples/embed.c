/* SPDX-License-Identifier: Apache-2.0
 *
 * gsearch inside a program: three documents go into an index, one question is asked.
 *
 *     cc embed.c $(pkg-config --cflags --libs gsearch) -o embed
 *     ./embed my.index 政务公开
 */
#include <gsearch/gsearch.h>
#include <stdio.h>

static gsearch_status fill(const char *dir, gsearch_error *error)
{
    static const char *const texts[][2] = {
        {"a", "政务公开年度报告\n2017年,各部门主动公开信息。"},
        {"b", "關於優化營商環境的通知\n各縣政府:……"},
        {"c", "政務公開工作要點\n公开、透明。"},
    };
    gsearch_writer *writer;
    gsearch_status status = gsearch_writer_open(dir, NULL, &writer, error);
    if (status)
        return status;
    for (int i = 0; i < 3 && !status; i++) {
        gsearch_document document = GSEARCH_DOCUMENT_INIT;
        document.id = texts[i][0];
        document.text = texts[i][1];
        status = gsearch_writer_add(writer, &document, error);
    }
    if (!status)
        status = gsearch_writer_commit(writer, NULL, error);
    gsearch_writer_close(writer);
    return status;
}

static gsearch_status ask(const char *dir, const char *query, gsearch_error *error)
{
    gsearch_index *index;
    gsearch_results *results;
    gsearch_request request = GSEARCH_REQUEST_INIT;
    request.query = query;
    gsearch_status status = gsearch_index_open(dir, NULL, &index, error);
    if (status)
        return status;
    status = gsearch_search(index, &request, &results, error);
    if (!status) {
        printf("total %llu\n", (unsigned long long)results->total);
        for (size_t i = 0; i < results->hits_count; i++)
            printf("%s\t%s\n", results->hits[i].id, results->hits[i].title);
        gsearch_results_free(results);
    }
    gsearch_index_close(index);
    return status;
}

int main(int argc, char **argv)
{
    gsearch_error error;
    if (argc != 3) {
        fprintf(stderr, "usage: embed DIR QUERY\n");
        return 2;
    }
    gsearch_status status = fill(argv[1], &error);
    if (!status)
        status = ask(argv[1], argv[2], &error);
    if (status)
        fprintf(stderr, "embed: %s\n", error.message);
    return gsearch_status_exit(status);
}
