/* SPDX-License-Identifier: Apache-2.0
 *
 * What the peers written in C and C++ share: reading, timing and printing are peer.c's, an engine
 * gives the functions below.
 *
 *     PEER INDEX DOCUMENTS QUERIES [reuse]
 *
 * prints lines of fields with tabs between: `version TEXT`; `build SECONDS BYTES-OF-TEXT`, unless
 * the index is there already (`reuse`); `size BYTES`; and for each query and mode
 * `query CLASS NUMBER MODE MATCHES MICROSECONDS`, where MATCHES is `-` if the mode does not count.
 * A query that the engine cannot answer has no line.
 */
#ifndef GS_BENCH_PEERS_PEER_H
#define GS_BENCH_PEERS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PEER_MEMORY_BYTES (256u << 20) /* for building */
#define PEER_ROWS 10
#define PEER_NEAR 5 /* positions between the terms of the class near */
#define PEER_TERMS_MAX 8u
#define PEER_TOKENS_MAX 64u /* of a query */

/* ---- text: what is prepared, as bigrams ---- */

/* A word, two neighbouring characters, or one that has no neighbour. Positions count characters,
 * words and breaks. */
typedef struct peer_token {
    const char *term;
    size_t length;
    uint32_t position;
    bool is_run_end; /* the last character of a run of two or more, alone */
} peer_token;

typedef struct peer_cutter {
    const char *next, *end;
    uint32_t position;
    bool in_run; /* `next` is the second character of a bigram already given */
} peer_cutter;

void peer_cut(peer_cutter *cutter, const char *text, size_t length);
bool peer_next(peer_cutter *cutter, peer_token *out);

/* ---- queries ---- */

typedef struct peer_query {
    const char *class_name;
    const char *terms[PEER_TERMS_MAX];
    size_t terms_count;
} peer_query;

bool peer_is(const peer_query *query, const char *class_name);

/* The tokens of a term without ends of runs, and without `*` behind it; those of equal terms once
 * if `distinct`. */
size_t peer_tokens(const char *term, bool distinct, peer_token tokens[PEER_TOKENS_MAX]);

/* True if the term is a word and a `*`. */
bool peer_is_word_prefix(const char *term);

typedef struct peer_text {
    const char *bytes;
    size_t length;
} peer_text;

/* ---- an engine ---- */

void peer_put_version(void);
/* Builds an index of the texts in the folder `dir`, which is empty, and makes it durable. */
void peer_build(const char *dir, const peer_text *texts, size_t count);
/* Opens it for searching, whole in memory or in the page cache. */
void peer_open(const char *dir);
/* Bytes on disk, without what only building needs. */
uint64_t peer_size(const char *dir);
/* False if the engine cannot answer this query. */
bool peer_can(const peer_query *query);
/* The ten best documents; all counted if `exact`. Returns the number of documents that match. */
uint64_t peer_search(const peer_query *query, bool exact);

__attribute__((noreturn)) void peer_die(const char *what, const char *why);
uint64_t peer_folder_bytes(const char *dir);

#ifdef __cplusplus
}
#endif

#endif
