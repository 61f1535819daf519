/* SPDX-License-Identifier: Apache-2.0
 *
 * `gsearch index`: brings an index up to date with files and folders.
 */
#ifndef GS_INDEXER_UPDATE_H
#define GS_INDEXER_UPDATE_H

#include "common/base/buf.h"
#include "common/base/fail.h"
#include "common/base/mem.h"
#include "gsearch/gsearch.h"

/* Why a file or record was skipped; the words of `reasons=`. */
#define GS_SKIP_LIST(X)                                                                      \
    X(BINARY, "binary")         /* a NUL in the first 8 KiB */                               \
    X(EMPTY, "empty")           /* no text in it */                                          \
    X(UNREADABLE, "unreadable") /* no permission, or an error while reading */               \
    X(SYMLINK, "symlink")       /* links are not followed */                                 \
    X(SPECIAL, "special")       /* not a regular file */                                     \
    X(TOO_LARGE, "too-large")   /* over GS_DOCUMENT_BYTES_MAX */                             \
    X(TOO_DEEP, "too-deep")     /* over GS_WALK_DEPTH_MAX, or a path over GS_ID_BYTES_MAX */ \
    X(CHANGING, "changing")     /* changed while it was read */                              \
    X(BAD_RECORD, "bad-record") /* a line that is no JSON object with a text or title */     \
    X(DUPLICATE, "duplicate")   /* the id came again later in the run */

typedef enum gs_skip {
#define GS_SKIP_ENUM(name, word) GS_SKIP_##name,
    GS_SKIP_LIST(GS_SKIP_ENUM)
#undef GS_SKIP_ENUM
        GS_SKIPS
} gs_skip;

const char *gs_skip_word(gs_skip skip);

typedef struct gs_update_progress {
    uint64_t files_done, files_total;
    uint64_t bytes_done, bytes_total;
    double seconds;
    const char *stage; /* "reading", "writing", "merging" */
} gs_update_progress;

typedef struct gs_update_options {
    const char *dir;
    const char *const *paths; /* as typed; "-" is standard input, JSON Lines */
    size_t paths_count;
    uint64_t memory_bytes; /* 0: GS_MEMORY_BYTES_DEFAULT */
    unsigned threads;      /* 0: one a core */
    bool strict;           /* a skipped file or record: CORRUPT before the commit */
    const gs_mem *mem;
    /* Called once when the index is open and the paths are there, before any of them is read and
     * before there is a thread: the place to give up what is not needed for that. May be NULL. */
    void (*on_opened)(void *payload);
    /* May be NULL; from any thread, one at a time. */
    void (*on_progress)(const gs_update_progress *progress, void *payload);
    void (*on_skip)(const char *id, gs_skip why, const char *detail, void *payload);
    void *payload;
    const volatile int *stop; /* set by a signal: end without a commit; may be NULL */
} gs_update_options;

typedef struct gs_update_summary {
    uint64_t added, replaced, removed, unchanged; /* documents */
    uint64_t skipped;                             /* files and records */
    uint64_t reasons[GS_SKIPS];
    uint64_t replacements; /* invalid UTF-8 sequences replaced by U+FFFD */
    uint64_t bytes;        /* of input read */
    double seconds;
    uint64_t generation; /* the old one if nothing changed */
} gs_update_summary;

/* Appends why inputs were skipped and how many: "binary:2,empty:1". */
void gs_update_reasons(gs_buf *out, const gs_update_summary *summary);

GS_CHECKED gsearch_status gs_update_run(const gs_update_options *options, gs_update_summary *out,
                                        gsearch_error *err);

#endif
