/* SPDX-License-Identifier: Apache-2.0
 *
 * gsearch itself, through its public library: no stored text, no snippets.
 */
#include <stdio.h>
#include <string.h>

#include "bench/peers/peer.h"
#include "bench/queries.h"
#include "gsearch/gsearch.h"

static gsearch_index *opened;
static gs_buf line;

void peer_put_version(void)
{
    fputs(GSEARCH_VERSION_TEXT, stdout);
}

void peer_build(const char *dir, const peer_text *texts, size_t count)
{
    gsearch_writer_options options = {.struct_size = sizeof(options),
                                      .memory_bytes = PEER_MEMORY_BYTES,
                                      .without_text = true};
    gsearch_writer *writer;
    gsearch_error err;
    if (gsearch_writer_open(dir, &options, &writer, &err))
        peer_die(dir, err.message);
    for (size_t i = 0; i < count; i++) {
        gsearch_document document = GSEARCH_DOCUMENT_INIT;
        char id[24];
        snprintf(id, sizeof(id), "%08zu", i);
        document.id = id;
        document.title = ""; // all is one text, as for the others
        document.text = texts[i].bytes;
        document.text_len = texts[i].length;
        if (gsearch_writer_add(writer, &document, &err))
            peer_die(dir, err.message);
    }
    if (gsearch_writer_commit(writer, NULL, &err))
        peer_die(dir, err.message);
    gsearch_writer_close(writer);
}

void peer_open(const char *dir)
{
    gsearch_index_options options = {.struct_size = sizeof(options), .map = true};
    gsearch_error err;
    if (gsearch_index_open(dir, &options, &opened, &err))
        peer_die(dir, err.message);
    gs_buf_init(&line, NULL, SIZE_MAX);
}

uint64_t peer_size(const char *dir)
{
    return peer_folder_bytes(dir);
}

bool peer_can(const peer_query *query)
{
    (void)query;
    return true;
}

uint64_t peer_search(const peer_query *query, bool exact)
{
    gs_bench_query same = {.class_name = query->class_name, .terms_count = query->terms_count};
    gsearch_results *results;
    gsearch_error err;
    memcpy(same.terms, query->terms, sizeof(query->terms));
    gsearch_request request = gs_bench_query_request(&same, &line);
    request.total = exact;
    if (gsearch_search(opened, &request, &results, &err))
        peer_die(request.query, err.message);
    uint64_t total = results->total;
    gsearch_results_free(results);
    return total;
}
