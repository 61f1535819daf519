/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of input files: whole, or line by line in slices that can be read again side by side.
 */
#ifndef GS_INDEXER_READER_H
#define GS_INDEXER_READER_H

#include "common/base/checksum.h"
#include "common/base/file.h"
#include "indexer/corpus.h"

#define GS_UNIT_BYTES (1u << 20) /* text blocks end at least this often */
#define GS_LOOK_BYTES 8192u      /* that tell whether a file is binary */

/* Why a file could not be read. */
typedef struct gs_reader_fault {
    bool is_skipped;
    gs_skip why;
    char detail[64];
} gs_reader_fault;

/* Reads all of a file into `out` (emptied first; with room for more than GS_DOCUMENT_BYTES_MAX) and
 * sets its size, time and hash; no more than its beginning if `is_binary`, which may be NULL, says
 * so. What is wrong with the file goes to `fault`, what is wrong with us is the status. */
GS_CHECKED gsearch_status gs_reader_whole(gs_corpus_file *file, const gs_mem *mem,
                                          bool (*is_binary)(gs_bytes beginning), gs_buf *out,
                                          gs_reader_fault *fault, gsearch_error *err);

/* The hash of a file's content, for one whose time is in doubt, which is then set. */
GS_CHECKED gsearch_status gs_reader_hash(gs_corpus_file *file, const gs_mem *mem, uint64_t *out,
                                         bool *is_readable, gsearch_error *err);

/* ---- by lines ---- */

typedef struct gs_line_file gs_line_file;

/* Opens the file; standard input is copied to a scratch file in `dir` first. `*out` stays NULL if
 * there is a fault. */
GS_CHECKED gsearch_status gs_line_file_open(gs_corpus_file *file, gs_dir *dir, const gs_mem *mem,
                                            const volatile int *stop, gs_line_file **out,
                                            gs_reader_fault *fault, gsearch_error *err);
void gs_line_file_close(gs_line_file *lines);

/* Whole lines of at least GS_UNIT_BYTES together, or the rest of the file. */
typedef struct gs_line_slice {
    uint64_t offset, len;
    uint64_t first_line;    /* from 1 */
    uint64_t too_long_line; /* 0, or the number of a line that was passed over: then len is 0 */
} gs_line_slice;

/* Finds the next slice. At the end `more` is false and the file's size, time and hash are set; so
 * it is where the file cannot be read further, with a fault. One thread at a time. */
GS_CHECKED gsearch_status gs_line_file_next(gs_line_file *lines, gs_line_slice *out, bool *more,
                                            gs_reader_fault *fault, gsearch_error *err);

/* Reads a slice into `out` (emptied first); a fault if not all of it is there any more. Any
 * thread. */
GS_CHECKED gsearch_status gs_line_file_read(const gs_line_file *lines, const gs_line_slice *slice,
                                            gs_buf *out, gs_reader_fault *fault,
                                            gsearch_error *err);

#endif
