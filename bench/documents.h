/* SPDX-License-Identifier: Apache-2.0
 *
 * The documents of a benchmark: JSON Lines with `id`, `text` and perhaps `title`, read into memory.
 */
#ifndef GS_BENCH_DOCUMENTS_H
#define GS_BENCH_DOCUMENTS_H

#include "common/base/bytes.h"

typedef struct gs_bench_document {
    gs_bytes id;
    gs_bytes text; /* the title, if there is one, 。 and the text; zero-terminated */
} gs_bench_document;

typedef struct gs_bench_documents {
    gs_bench_document *list;
    size_t count;
    uint64_t text_bytes; /* of all texts together */
} gs_bench_documents;

/* True for the characters that stand for themselves, by blocks: a rule that every peer can follow.
 * bench/prepare writes no text that the analyser reads otherwise. */
static inline bool gs_bench_is_cjk(uint32_t c)
{
    return (c >= 0x1100 && c <= 0x11ff) || (c >= 0x2e80 && c <= 0x9fff && c != 0x3002) ||
           (c >= 0xa960 && c <= 0xa97f) || (c >= 0xac00 && c <= 0xd7ff) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0x1aff0 && c <= 0x1b2ff) || c >= 0x20000;
}

/* Ends the program with a message if the file is not such a file. The documents live until then. */
gs_bench_documents gs_bench_documents_read(const char *path);

#endif
