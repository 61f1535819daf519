/* SPDX-License-Identifier: Apache-2.0
 *
 * The files under the paths of a run: walked without following links, each once, in bytewise order
 * of their paths.
 */
#ifndef GS_INDEXER_CORPUS_H
#define GS_INDEXER_CORPUS_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/fail.h"
#include "common/segment/inputs.h"
#include "indexer/update.h"

/* ---- paths and ids ---- */

/* Appends `path` without leading "./", doubled slashes and a slash at the end; "." gives "". */
void gs_path_normalize(gs_buf *out, gs_bytes path);

/* Appends the id of a path: bytes that are not UTF-8 as \xHH, a backslash as two. */
void gs_path_id(gs_buf *out, gs_bytes path);

/* ---- files ---- */

/* Stand for what cannot be trusted: the content is compared next time. A size in doubt also has the
 * file read again if it is the same, since an id in it may have become free. */
#define GS_MTIME_IN_DOUBT INT64_MIN
#define GS_SIZE_IN_DOUBT UINT64_MAX

typedef enum gs_corpus_plan {
    GS_PLAN_READ,  /* new, changed, or perhaps so */
    GS_PLAN_KEEP,  /* the index has it */
    GS_PLAN_AGAIN, /* the index has it, but an id of it may have become free */
    GS_PLAN_SKIPPED,
    GS_PLAN_LEFT, /* could not be read to its end: what the index has of it stays */
} gs_corpus_plan;

typedef struct gs_corpus_file {
    const char *path; /* as walked, raw bytes; "-" for standard input, which is the last */
    uint64_t size;
    int64_t mtime_ns;
    uint64_t hash;
    uint32_t documents; /* that it gave */
    uint32_t shadowed;  /* of these, not in the index because another file has the id */
    uint32_t skipped[GS_INPUT_REASONS]; /* records of it that gave none, by reason */
    uint32_t root_len;  /* of the path of the run that it was found under */
    uint8_t plan;       /* gs_corpus_plan */
    bool is_stdin;
    bool is_known; /* the index was made from it, with this `hash` */
    bool is_same;  /* read although its content is the one in the index */
} gs_corpus_file;

/* Says what was passed over; from one thread at a time. */
typedef void (*gs_corpus_skip)(gs_bytes path, gs_skip why, const char *detail, void *payload);

typedef struct gs_corpus {
    const gs_mem *mem;
    gs_arena arena;     /* paths */
    const char **roots; /* normalised, in bytewise order, each once */
    size_t roots_count;
    const char **unseen; /* what the walk could not look into, in bytewise order */
    size_t unseen_count, unseen_capacity;
    gs_corpus_file *files;
    size_t files_count, files_capacity;
    bool has_stdin;
} gs_corpus;

typedef struct gs_corpus_options {
    const char *const *paths;
    size_t paths_count;
    const char *index_dir; /* left out wherever it is met; may not exist yet */
    gs_corpus_skip on_skip;
    void *payload;
    const volatile int *stop; /* may be NULL */
} gs_corpus_options;

/* NOT_FOUND if one of the paths does not exist or cannot be read. Release it in every case. */
GS_CHECKED gsearch_status gs_corpus_walk(gs_corpus *corpus, const gs_mem *mem,
                                         const gs_corpus_options *options, gsearch_error *err);
void gs_corpus_release(gs_corpus *corpus);

/* True if `path` is, or lies under, one of the paths of the run. */
bool gs_corpus_covers(const gs_corpus *corpus, gs_bytes path);

/* True if `path` is, or lies under, something that the walk could not look into: it may be there
 * although it was not found. */
bool gs_corpus_is_unseen(const gs_corpus *corpus, gs_bytes path);

/* The number of the file with this path, or files_count. */
size_t gs_corpus_find(const gs_corpus *corpus, gs_bytes path);

/* What gs_input_reason is as a reason of `reasons=`. */
gs_skip gs_corpus_reason(gs_input_reason why);

/* Counts a record of the file that was passed over. */
void gs_corpus_note_skip(gs_corpus_file *file, gs_skip why);

/* Opens a file for reading, never waiting for the other end of a pipe, nor through a link below the
 * path that was typed; -1 with errno. */
int gs_corpus_open(const gs_corpus_file *file);

#endif
