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

#define GS_SUMS_ROOM 8u /* numbers behind the sums that may be read */

typedef struct gs_decoder {
    const gs_mem *mem;
    gs_frame_decoder *zstd;
    /* store.c: raw text, into which gs_store_read gives views; if text_cached, this whole block of
     * this file, so that the next document in it costs nothing */
    gs_buf text;
    gs_hash128 text_file;
    uint32_t text_block;
    bool text_cached;
    /* postings.c: one short-list chunk; copied, since the segment may be closed before the decoder.
     * Mantissas are read a vector at a time, hence the room behind them. `sums` are those of gaps
     * sums_from up to each that is before sums_to, modulo 2^32 */
    uint8_t classes[GS_CHUNK_GAPS];
    uint8_t mantissas[GS_CHUNK_GAPS * sizeof(uint32_t) + sizeof(uint64_t)];
    uint32_t sums[GS_CHUNK_GAPS + GS_SUMS_ROOM];
    uint64_t chunk_owner; /* gs_postings.owner of its segment; 0: none */
    uint64_t chunk;       /* its number there */
    uint32_t gaps;        /* that it has */
    uint32_t sums_from, sums_to;
} gs_decoder;

gs_decoder *gs_decoder_new(const gs_mem *mem); /* NULL: no memory */
void gs_decoder_free(gs_decoder *decoder);

#endif
