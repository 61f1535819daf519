/* SPDX-License-Identifier: Apache-2.0
 *
 * gsearch inside a program: a writer that commits documents to an index folder and a reader that
 * searches it. No global state, no output, no exit, no signal handler; every call reports through
 * its status and an optional gsearch_error. Out pointers are written on success only.
 *
 *     gsearch_writer *writer;
 *     gsearch_writer_open("my.index", NULL, &writer, &error);
 *     gsearch_document document = GSEARCH_DOCUMENT_INIT;
 *     document.id = "a", document.text = "政务公开年度报告";
 *     gsearch_writer_add(writer, &document, &error);
 *     gsearch_writer_commit(writer, NULL, &error);
 *     gsearch_writer_close(writer);
 */
#ifndef GSEARCH_H
#define GSEARCH_H

#include "gsearch/request.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(GSEARCH_BUILDING)
#define GSEARCH_API __attribute__((visibility("default")))
#else
#define GSEARCH_API
#endif

#define GSEARCH_VERSION_TEXT "0.1.0"

/* Memory comes from here if given: `resize` behaves as realloc, with size 0 it frees and returns
 * NULL. It may be called from several threads at once and must outlive the handle. */
typedef struct gsearch_allocator {
    void *(*resize)(void *ptr, size_t size, void *payload);
    void *payload;
} gsearch_allocator;

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct gsearch_index gsearch_index;

typedef struct gsearch_index_options {
    size_t struct_size;
    const gsearch_allocator *allocator; /* NULL: malloc */
    bool map; /* map the files instead of reading copies: less memory and a faster open, but a file
                 cut short by another program while it is mapped raises SIGBUS (false) */
} gsearch_index_options;

/* Opens the newest generation in `dir`. NO_INDEX if there is none, VERSION or ANALYZER if another
 * program made it, CORRUPT. The handle is safe to share between threads. */
GSEARCH_API gsearch_status gsearch_index_open(const char *dir, const gsearch_index_options *options,
                                              gsearch_index **out, gsearch_error *error);

/* Takes the newest generation if it has changed; searches that run keep the one they began with.
 * The folder is looked for by its name again, so NO_INDEX if it is gone. On failure the old one
 * stays. CORRUPT, too, if only the one before it is left to be read. `changed` may be NULL. */
GSEARCH_API gsearch_status gsearch_index_refresh(gsearch_index *index, bool *changed,
                                                 gsearch_error *error);

/* After the last search has returned. NULL is fine. */
GSEARCH_API void gsearch_index_close(gsearch_index *index);

/* Answers one request. BAD_QUERY (with offset), BAD_ARGUMENT, LIMIT, BUDGET, TIMEOUT, CORRUPT.
 * Safe on one index from any number of threads. The results do not depend on the handle. */
GSEARCH_API gsearch_status gsearch_search(gsearch_index *index, const gsearch_request *request,
                                          gsearch_results **out, gsearch_error *error);

/* The same, row by row: holds 16 bytes a match and one row at a time, so limit may be
 * GSEARCH_LIMIT_ALL. Either callback may be NULL. */
GSEARCH_API gsearch_status gsearch_search_each(gsearch_index *index, const gsearch_request *request,
                                               gsearch_on_head on_head, gsearch_on_hit on_hit,
                                               void *payload, gsearch_error *error);

/* ---- writing ------------------------------------------------------------------------------- */

typedef struct gsearch_writer gsearch_writer;

typedef struct gsearch_writer_options {
    size_t struct_size;
    const gsearch_allocator *allocator; /* NULL: malloc */
    uint64_t memory_bytes;              /* budget before runs go to disk; 0: 256 MiB */
    bool without_text; /* do not store the text: no snippets, no `=`, no `show` (false) */
} gsearch_writer_options;

/* A document to add. Strings are UTF-8 and borrowed for the call; invalid sequences are replaced
 * by U+FFFD. `title` NULL: the first line of `text` that is not empty. */
typedef struct gsearch_document {
    size_t struct_size;
    const char *id; /* 1 to 4,096 bytes; an id met again replaces the document */
    const char *title;
    const char *text;
    size_t text_len;    /* SIZE_MAX: up to the terminating zero */
    const char *date;   /* "2017-12-05", "20171205" or ISO 8601; NULL: none */
    const char *fields; /* NULL, or a JSON object kept and shown as it is */
} gsearch_document;

#define GSEARCH_DOCUMENT_INIT                                                                      \
    {                                                                                              \
        .struct_size = sizeof(gsearch_document), .text_len = SIZE_MAX                              \
    }

/* Takes the lock of `dir`, which is made if missing. LOCKED while another writer has it. The writer
 * reads copies of the files of the index: nothing that happens to them can end the process. */
GSEARCH_API gsearch_status gsearch_writer_open(const char *dir,
                                               const gsearch_writer_options *options,
                                               gsearch_writer **out, gsearch_error *error);

/* Adds or replaces; nothing is visible before the commit. One thread at a time. */
GSEARCH_API gsearch_status gsearch_writer_add(gsearch_writer *writer,
                                              const gsearch_document *document,
                                              gsearch_error *error);

/* Removes the document with this id; NOT_FOUND if there is none. */
GSEARCH_API gsearch_status gsearch_writer_delete(gsearch_writer *writer, const char *id,
                                                 gsearch_error *error);

/* Makes everything so far the newest generation; durable when it returns. `generation` may be
 * NULL. After a failure the old generation stands and the writer can only be closed. */
GSEARCH_API gsearch_status gsearch_writer_commit(gsearch_writer *writer, uint64_t *generation,
                                                 gsearch_error *error);

/* Drops what was not committed and frees the lock. NULL is fine. */
GSEARCH_API void gsearch_writer_close(gsearch_writer *writer);

#ifdef __cplusplus
}
#endif

#endif
