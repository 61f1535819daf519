/* SPDX-License-Identifier: Apache-2.0
 *
 * The formats of inputs: bytes of a file to documents. A new one is a file in this folder and a row
 * in formats.c.
 */
#ifndef GS_INDEXER_FORMATS_H
#define GS_INDEXER_FORMATS_H

#include "indexer/batch.h"
#include "indexer/update.h"

/* What a format is given: all of an input, or, if it is read by lines, some whole lines. */
typedef struct gs_piece {
    gs_bytes data;
    gs_bytes id;         /* of the input: its path */
    uint64_t first_line; /* number of the first line, from 1 */
} gs_piece;

/* What it gives. */
typedef struct gs_sink {
    /* The document is borrowed for the call. */
    gsearch_status (*document)(const gs_document *document, void *payload, gsearch_error *err);
    /* Says that a document with this id was passed over. */
    void (*skip)(gs_bytes id, gs_skip why, const char *detail, void *payload);
    void *payload;
    uint64_t replacements; /* added to: invalid sequences replaced by U+FFFD */
} gs_sink;

typedef struct gs_format {
    const char *suffixes[4]; /* of file names, in lower case; any case matches */
    bool by_lines;
    /* True if a file that begins like this (GS_LOOK_BYTES, or all of it) is not to be read further;
     * NULL: none. */
    bool (*is_binary)(gs_bytes beginning);
    gsearch_status (*read)(const gs_piece *piece, const gs_mem *mem, gs_sink *sink,
                           gsearch_error *err);
} gs_format;

extern const gs_format gs_format_text;  /* text and markdown: what nothing else claims */
extern const gs_format gs_format_jsonl; /* JSON Lines */

/* The format of a file, by its name. */
const gs_format *gs_format_find(gs_bytes path);

/* `text` without a byte order mark in front. */
gs_bytes gs_format_skip_mark(gs_bytes text);

/* True if there is nothing but white space. */
bool gs_format_is_blank(gs_bytes text);

#endif
