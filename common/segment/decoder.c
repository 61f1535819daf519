/* SPDX-License-Identifier: Apache-2.0
 *
 * Birth and end of a decoder. It lives through one search or one merge, so it is made in one go
 * and its parts are never missing.
 */
#include "common/segment/decoder.h"

gs_decoder *gs_decoder_new(const gs_mem *mem)
{
    gs_decoder *decoder = gs_mem_calloc(mem, 1, sizeof(*decoder));
    if (!decoder)
        return NULL;
    decoder->mem = mem;
    // a whole document, and the block that is decoded behind what is there
    gs_buf_init(&decoder->text, mem, (size_t)GS_STORED_BYTES_MAX + GS_TEXT_BLOCK_BYTES_MAX);
    decoder->zstd = gs_frame_decoder_new(mem);
    if (!decoder->zstd) {
        gs_mem_free(mem, decoder);
        return NULL;
    }
    return decoder;
}

void gs_decoder_free(gs_decoder *decoder)
{
    if (!decoder)
        return;
    gs_frame_decoder_free(decoder->zstd);
    gs_buf_release(&decoder->text);
    gs_mem_free(decoder->mem, decoder);
}
