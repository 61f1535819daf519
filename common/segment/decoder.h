/* SPDX-License-Identifier: Apache-2.0
 *
 * Working memory of one reading thread: what decoding lists and stored text needs beside the
 * segment, kept from call to call. Its fields are for this folder; others only make and free it.
 */
#ifndef GS_SEGMENT_DECODER_H
#define GS_SEGMENT_DECODER_H

#include "common/base/buf.h"
#include "common/segment/format.h"
#include "common/segment/frame.h"

typedef struct gs_decoder {
    const gs_mem *mem;
    gs_frame_decoder *zstd;
    gs_buf text;                         /* raw text blocks; gs_store_read gives views into it */
    uint32_t block[GS_BLOCK_POSTINGS];   /* one block of a long list */
    uint8_t classes[GS_CHUNK_GAPS + 64]; /* size classes of one short-list chunk */
} gs_decoder;

gs_decoder *gs_decoder_new(const gs_mem *mem); /* NULL: no memory */
void gs_decoder_free(gs_decoder *decoder);

#endif
