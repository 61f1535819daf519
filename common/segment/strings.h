/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 3.4: a list of strings, front-coded in blocks of 16, read by number or, if sorted, found
 * by value. Used for ids, titles and paths.
 */
#ifndef GS_SEGMENT_STRINGS_H
#define GS_SEGMENT_STRINGS_H

#include "common/base/buf.h"
#include "common/base/fail.h"
#include "common/segment/format.h"

typedef struct gs_strings_writer {
    gs_buf offsets; /* u32 a block */
    gs_buf data;
    gs_buf last; /* the string before, for the shared beginning */
    uint32_t count;
} gs_strings_writer;

void gs_strings_writer_init(gs_strings_writer *writer, const gs_mem *mem);
void gs_strings_writer_release(gs_strings_writer *writer);
void gs_strings_writer_add(gs_strings_writer *writer, gs_bytes string);
/* Appends the encoded list to `out`; errors of the writer arrive there. */
void gs_strings_writer_finish(gs_strings_writer *writer, gs_buf *out);

typedef struct gs_strings {
    uint32_t count;
    const uint8_t *offsets;
    gs_bytes data;
} gs_strings;

/* A view of verified bytes. CORRUPT if the frame of the list is wrong. */
GS_CHECKED gsearch_status gs_strings_open(gs_bytes bytes, const char *what, gs_strings *out,
                                          gsearch_error *err);

/* Has memory fetch some strings that are to be read soon, side by side, and does not wait. Each
 * number is below `count`. */
void gs_strings_expect(const gs_strings *strings, const uint32_t *numbers, size_t count);

/* What string `i` is read from, for lists of which not all bytes were verified: what says where its
 * block is, and, if that is right, the block; empty if it cannot be right. */
gs_bytes gs_strings_offsets(const gs_strings *strings, uint32_t i);
gs_bytes gs_strings_block(const gs_strings *strings, uint32_t i);

/* Appends string `i` (i < count) to `out`. CORRUPT. */
GS_CHECKED gsearch_status gs_strings_get(const gs_strings *strings, uint32_t i, gs_buf *out,
                                         gsearch_error *err);

typedef enum gs_strings_order {
    GS_STRINGS_ANY,
    GS_STRINGS_SORTED, /* none is less than the one before */
    GS_STRINGS_RISING, /* each is greater */
} gs_strings_order;

/* Decodes the whole list: every block ends where the next begins, and the strings have this order.
 * CORRUPT. */
GS_CHECKED gsearch_status gs_strings_verify(const gs_strings *strings, const gs_mem *mem,
                                            const char *what, gs_strings_order order,
                                            gsearch_error *err);

/* The number of `string` in a sorted list; `found` false if it is not there (then `at` is where it
 * would be). */
GS_CHECKED gsearch_status gs_strings_find(const gs_strings *strings, const gs_mem *mem,
                                          gs_bytes string, uint32_t *at, bool *found,
                                          gsearch_error *err);

#endif
