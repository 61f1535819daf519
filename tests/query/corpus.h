/* SPDX-License-Identifier: Apache-2.0
 *
 * Random documents, indexes of them cut into segments in any way, and what a search of them must
 * find, by comparing every token of every document with the query.
 */
#ifndef GS_TESTS_CORPUS_H
#define GS_TESTS_CORPUS_H

#include "gsearch/gsearch.h"
#include "indexer/batch.h"
#include "query/parse.h"

typedef struct gs_corpus_token {
    bool is_gap; /* between title and text, and behind the document: equals nothing */
    gs_token_kind kind;
    uint32_t code_point;
    gs_bytes word;
    gs_bytes source; /* the text that it stands in, and where */
    uint32_t byte_start, byte_end;
} gs_corpus_token;

typedef struct gs_corpus_document {
    gs_document document;
    bool deleted; /* added to an index and then deleted, or not added at all */
    gs_corpus_token *tokens; /* the gap behind included */
    uint32_t length;         /* without it */
    uint32_t title_length;
} gs_corpus_document;

typedef struct gs_corpus {
    gs_corpus_document *documents;
    size_t count;
} gs_corpus;

typedef struct gs_corpus_options {
    size_t documents;
    size_t pieces_max; /* of a text */
    size_t characters; /* how many different ones */
    bool deletes;      /* a fifth of the documents */
} gs_corpus_options;

gs_corpus gs_corpus_make(uint64_t seed, gs_corpus_options options);
/* A document of its own; the last two may be NULL and 0. */
void gs_corpus_add(gs_corpus *corpus, const char *id, const char *text, const char *title,
                   uint32_t date);
void gs_corpus_free(gs_corpus *corpus);

/* Writes an index of `segments` segments, document i in segment i % segments or, with
 * `only_live`, without the deleted ones; and opens it. */
gsearch_index *gs_corpus_index(const gs_corpus *corpus, const char *dir, size_t segments,
                               bool only_live);

/* ---- the slow search ---- */

typedef struct gs_corpus_hit {
    const gs_corpus_document *document;
    double score;
} gs_corpus_hit;

/* Live documents that match, in no order; the caller frees them. */
gs_corpus_hit *gs_corpus_search(const gs_corpus *corpus, const gs_node *root, size_t *count);
/* The same for match=any. */
gs_corpus_hit *gs_corpus_ask(const gs_corpus *corpus, const gs_question *question, size_t *count);

#endif
