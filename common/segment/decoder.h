/* SPDX-License-Identifier: Apache-2.0
 *
 * Working memory of one reading thread: what decoding lists and stored text needs beside the
 * segment, kept from call to call. Its fields are for this folder; others only make and free it.
 */
#ifndef GS_SEGMENT_DECODER_H
#define GS_SEGMENT_DECODER_H

#include "common/base/buf.h"
#include "common/base/checksum.h"
#include "common/segment/format.h"
#include "common/segment/frame.h"

typedef struct gs_decoder {
    const gs_mem *mem;
    gs_frame_decoder *zstd;
    gs_buf text;                         /* raw text; gs_store_read gives views into it */
    gs_hash128 text_file;                /* if text_cached: `text` is one whole block of this file, */
    uint32_t text_block;                 /* this one, so that its next document costs nothing */
    bool text_cached;
    uint32_t block[GS_BLOCK_POSTINGS];   /* one block of a long list */
    uint8_t classes[GS_CHUNK_GAPS + 64]; /* size classes of one short-list chunk … */
    uint64_t chunk_owner;      /* … of this segment (gs_postings.owner), 0: none … */
    uint64_t chunk;            /* … with this number */
    const uint8_t *mantissas;  /* of the chunk, in the file */
    uint32_t next_gap, next_bit; /* where decoding can go on without counting again */
} gs_decoder;

gs_decoder *gs_decoder_new(const gs_mem *mem); /* NULL: no memory */
void gs_decoder_free(gs_decoder *decoder);

#endif
