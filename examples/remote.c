/* SPDX-License-Identifier: Apache-2.0
 *
 * The question of embed.c, put to a daemon. Of the search itself one line differs.
 *
 *     cc remote.c $(pkg-config --cflags --libs gsearch-client) -o remote
 *     gsearch serve -d my.index & ./remote 127.0.0.1:7719 政务公开
 */
#include <gsearch/client.h>
#include <stdio.h>

static gsearch_status ask(const char *address, const char *query, gsearch_error *error)
{
    gsearch_client *client;
    gsearch_results *results;
    gsearch_request request = GSEARCH_REQUEST_INIT;
    request.query = query;
    gsearch_status status = gsearch_client_open(address, 0, &client, error);
    if (status)
        return status;
    status = gsearch_client_search(client, &request, &results, error);
    if (!status) {
        printf("total %llu\n", (unsigned long long)results->total);
        for (size_t i = 0; i < results->hits_count; i++)
            printf("%s\t%s\n", results->hits[i].id, results->hits[i].title);
        gsearch_results_free(results);
    }
    gsearch_client_close(client);
    return status;
}

int main(int argc, char **argv)
{
    gsearch_error error;
    if (argc != 3) {
        fprintf(stderr, "usage: remote ADDRESS QUERY\n");
        return 2;
    }
    gsearch_status status = ask(argv[1], argv[2], &error);
    if (status)
        fprintf(stderr, "remote: %s\n", error.message);
    return gsearch_status_exit(status);
}
