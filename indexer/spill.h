/* SPDX-License-Identifier: Apache-2.0
 *
 * A stream of bytes that is written once and then read from the front: short ones stay in memory,
 * longer ones go piece by piece to a scratch file that several streams share.
 */
#ifndef GS_INDEXER_SPILL_H
#define GS_INDEXER_SPILL_H

#include "common/base/file.h"

#define GS_SPILL_BYTES (256u << 10)      /* a tail from this length on goes to the file */
#define GS_SPILL_KEEP_BYTES (16u << 10)  /* what a finished stream may keep in memory */
#define GS_SPILL_TAIL_BYTES_MAX (1u << 30)

/* The shared scratch file, made when first needed. One thread writes. */
typedef struct gs_spill_file {
    gs_dir *dir;
    gs_scratch *scratch;
} gs_spill_file;

typedef struct gs_spill_extent {
    uint64_t offset, len;
} gs_spill_extent;

typedef struct gs_spill {
    gs_spill_file *file;
    const gs_mem *mem;
    gs_buf tail; /* writers append here, then call gs_spill_relieve */
    gs_spill_extent *extents;
    size_t extents_count, extents_capacity;
} gs_spill;

/* `file` outlives the stream and stays where it is. */
void gs_spill_init(gs_spill *spill, gs_spill_file *file, const gs_mem *mem);
void gs_spill_release(gs_spill *spill);

/* Reports what went wrong with appends to the tail, and moves a long tail to the file. */
GS_CHECKED gsearch_status gs_spill_relieve(gs_spill *spill, gsearch_error *err);
/* Nothing more is written: from now on the stream can be read. */
GS_CHECKED gsearch_status gs_spill_seal(gs_spill *spill, gsearch_error *err);

/* Reads a sealed stream through a buffer of its own; any number of readers, any thread. */
typedef struct gs_spill_reader {
    const gs_spill *spill;
    uint8_t *buffer;
    size_t capacity;
    const uint8_t *next, *end; /* what is in the buffer and not yet used */
    size_t extent;             /* of the next read; extents_count: the tail */
    uint64_t offset;           /* in it */
} gs_spill_reader;

GS_CHECKED gsearch_status gs_spill_reader_open(gs_spill_reader *reader, const gs_spill *spill,
                                               size_t buffer_bytes, gsearch_error *err);
void gs_spill_reader_close(gs_spill_reader *reader);

/* Refills, so that `need` bytes (at most the buffer) or all that is left lie at `next`. */
GS_CHECKED gsearch_status gs_spill_reader_fill(gs_spill_reader *reader, size_t need,
                                               gsearch_error *err);
/* Exactly `len` bytes; INTERNAL if the stream has fewer. */
GS_CHECKED gsearch_status gs_spill_reader_get(gs_spill_reader *reader, void *out, size_t len,
                                              gsearch_error *err);
/* True if nothing is left. */
bool gs_spill_reader_done(const gs_spill_reader *reader);

#endif
