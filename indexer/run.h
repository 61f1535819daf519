/* SPDX-License-Identifier: Apache-2.0
 *
 * A sorted run: the lists of the words of one stretch of positions, bytewise, as a stream of
 *
 *     varint count · u8 length · bytes · count varints: gaps of positions, the first from `base`
 *
 * A count of 0 ends it.
 */
#ifndef GS_INDEXER_RUN_H
#define GS_INDEXER_RUN_H

#include "common/base/limits.h"
#include "indexer/spill.h"

typedef struct gs_run {
    gs_spill bytes;
    uint32_t base; /* position from which first gaps count */
} gs_run;

/* ---- writing ---- */

/* Adds the next list: the low halves of `pairs` are its positions, strictly rising. */
GS_CHECKED gsearch_status gs_run_add(gs_run *run, gs_bytes word, const uint64_t *pairs,
                                     size_t count, gsearch_error *err);
GS_CHECKED gsearch_status gs_run_end(gs_run *run, gsearch_error *err);

/* ---- reading ---- */

typedef struct gs_run_reader {
    gs_bytes word; /* in `room` */
    gs_spill_reader bytes;
    uint32_t left; /* positions of this list not yet read */
    uint32_t base, position;
    uint8_t room[GS_TERM_BYTES_MAX];
} gs_run_reader;

/* Positions come out with `shift` added. The reader stays where it is: `word` points into it. */
GS_CHECKED gsearch_status gs_run_reader_open(gs_run_reader *reader, const gs_run *run,
                                             uint32_t shift, size_t buffer_bytes,
                                             gsearch_error *err);
void gs_run_reader_close(gs_run_reader *reader);
/* To the next list, once all positions of the one before were read; `more` false at the end. */
GS_CHECKED gsearch_status gs_run_next(gs_run_reader *reader, bool *more, gsearch_error *err);
/* The next positions of the list, at most `capacity`; 0 at its end. */
GS_CHECKED gsearch_status gs_run_positions(gs_run_reader *reader, uint32_t *out, size_t capacity,
                                           size_t *count, gsearch_error *err);

#endif
