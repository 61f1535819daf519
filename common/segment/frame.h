/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 2.5: a zstd frame as this format uses it. It says how much it holds, takes up its bytes
 * exactly and needs no dictionary; whatever the bytes, decoding stays inside the given room.
 */
#ifndef GS_SEGMENT_FRAME_H
#define GS_SEGMENT_FRAME_H

#include "common/base/buf.h"
#include "common/base/fail.h"

typedef struct ZSTD_CCtx_s gs_frame_encoder;
typedef struct ZSTD_DCtx_s gs_frame_decoder;

/* NULL: no memory. `mem` must outlive them. One thread at a time each. The levels are those of
 * zstd, but below 0, too, bytes that are not part of a match are coded by how often they are. */
gs_frame_encoder *gs_frame_encoder_new(const gs_mem *mem, int level);
void gs_frame_encoder_free(gs_frame_encoder *encoder);
gs_frame_decoder *gs_frame_decoder_new(const gs_mem *mem);
void gs_frame_decoder_free(gs_frame_decoder *decoder);

/* Appends `raw` as one frame. */
GS_CHECKED gsearch_status gs_frame_encode(gs_frame_encoder *encoder, gs_bytes raw, gs_buf *out,
                                          gsearch_error *err);

/* Decodes `stored`, which is one frame and nothing else, into `room` bytes at `out`, and gives the
 * raw length. CORRUPT. */
GS_CHECKED gsearch_status gs_frame_decode(gs_frame_decoder *decoder, gs_bytes stored, uint8_t *out,
                                          size_t room, size_t *raw_len, gsearch_error *err);

/* The length of the frame that `bytes` begin with; 0 if none does, or it goes beyond them. */
size_t gs_frame_length(gs_bytes bytes);

#endif
