/* SPDX-License-Identifier: Apache-2.0
 *
 * Random documents, indexes of them cut into segments in any way, and what a search of them must
 * find, by comparing every token of every document with the query.
 */
#ifndef GS_TESTS_COLLECTION_H
#define GS_TESTS_COLLECTION_H

#include "gsearch/gsearch.h"
#include "indexer/batch.h"
#include "query/parse.h"

typedef struct gs_collection_token {
    bool is_gap; /* between title and text, and behind the document: equals nothing */
    gs_token_kind kind;
    uint32_t code_point;
    gs_bytes word;
    gs_bytes source; /* the text that it stands in, and where */
    uint32_t byte_start, byte_end;
} gs_collection_token;

typedef struct gs_collection_document {
    gs_document document;
    bool deleted;                /* added to an index and then deleted, or not added at all */
    gs_collection_token *tokens; /* the gap behind included */
    uint32_t length;             /* without it */
    uint32_t title_length;
} gs_collection_document;

typedef struct gs_collection {
    gs_collection_document *documents;
    size_t count;
} gs_collection;

typedef struct gs_collection_options {
    size_t documents;
    size_t pieces_max; /* of a text */
    size_t characters; /* how many different ones */
    bool deletes;      /* a fifth of the documents */
} gs_collection_options;

gs_collection gs_collection_make(uint64_t seed, gs_collection_options options);
/* A document of its own; the last two may be NULL and 0. */
void gs_collection_add(gs_collection *corpus, const char *id, const char *text, const char *title,
                       uint32_t date);
void gs_collection_free(gs_collection *corpus);

/* Writes an index of `segments` segments, document i in segment i % segments or, with
 * `only_live`, without the deleted ones; and opens it. */
gsearch_index *gs_collection_index(const gs_collection *corpus, const char *dir, size_t segments,
                                   bool only_live);

/* ---- the slow search ---- */

typedef struct gs_collection_hit {
    const gs_collection_document *document;
    double score;
} gs_collection_hit;

/* Live documents that match, in no order; the caller frees them. */
gs_collection_hit *gs_collection_search(const gs_collection *corpus, const gs_node *root,
                                        size_t *count);
/* The same for match=any. */
gs_collection_hit *gs_collection_ask(const gs_collection *corpus, const gs_question *question,
                                     size_t *count);

/* Fails the test unless the rows are all of these documents, with these scores, and in order. */
void gs_collection_check(const gsearch_results *results, const gs_collection_hit *wanted,
                         size_t count, const char *query);

#endif
