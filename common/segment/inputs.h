/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 5: the files that an index was made from, with what tells whether they have changed.
 */
#ifndef GS_SEGMENT_INPUTS_H
#define GS_SEGMENT_INPUTS_H

#include "common/segment/container.h"
#include "common/segment/strings.h"

/* Why a record of an input gives no document: it is none, has no text, is too large, or its id is
 * too long. */
typedef enum gs_input_reason {
    GS_INPUT_BAD_RECORD,
    GS_INPUT_EMPTY,
    GS_INPUT_TOO_LARGE,
    GS_INPUT_TOO_DEEP,
    GS_INPUT_REASONS
} gs_input_reason;

typedef struct gs_input {
    uint64_t size;
    int64_t mtime_ns;
    uint64_t hash;      /* XXH3-64 of the content */
    uint32_t documents; /* it gave, those shadowed by a later one of the same id included */
    uint32_t shadowed;  /* of these, not in the index because a later input has the id */
    uint32_t skipped[GS_INPUT_REASONS]; /* records that gave none */
} gs_input;

typedef struct gs_inputs {
    gs_container *container;
    gs_strings paths; /* sorted bytewise */
    const uint8_t *rows;
} gs_inputs;

GS_CHECKED gsearch_status gs_inputs_open(gs_dir *dir, const gs_mem *mem, const char *name,
                                         uint64_t length, gs_hash128 id, gs_inputs *out,
                                         gsearch_error *err);
void gs_inputs_close(gs_inputs *inputs);
gs_input gs_inputs_get(const gs_inputs *inputs, uint32_t i);

/* Writes "inputs-<id>.gsi" row by row, paths rising. */
typedef struct gs_inputs_writer {
    const gs_mem *mem;
    gs_strings_writer paths;
    gs_buf rows;
} gs_inputs_writer;

void gs_inputs_writer_init(gs_inputs_writer *writer, const gs_mem *mem);
void gs_inputs_writer_add(gs_inputs_writer *writer, gs_bytes path, const gs_input *input);
void gs_inputs_writer_release(gs_inputs_writer *writer);
GS_CHECKED gsearch_status gs_inputs_writer_finish(gs_inputs_writer *writer, gs_dir *dir,
                                                  gs_container_name *out, gsearch_error *err);

#endif
