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

/* Ends the program with a message if the file is not such a file. The documents live until then. */
gs_bench_documents gs_bench_documents_read(const char *path);

#endif
