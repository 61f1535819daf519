/* SPDX-License-Identifier: Apache-2.0
 *
 * zstd with our allocator, and the checks before and after it.
 */
#include "common/segment/frame.h"

#define ZSTD_STATIC_LINKING_ONLY // for contexts that take an allocator
#include <zstd.h>
#include <zstd_errors.h>

#include "common/base/sabotage.h"

static void *frame_alloc(void *payload, size_t size)
{
    return gs_mem_alloc(payload, size);
}

static void frame_free(void *payload, void *ptr)
{
    gs_mem_free(payload, ptr);
}

static ZSTD_customMem memory_of(const gs_mem *mem)
{
    // zstd hands the pointer back and never writes through it
    return (ZSTD_customMem){
        .customAlloc = frame_alloc, .customFree = frame_free, .opaque = (void *)(uintptr_t)mem};
}

gs_frame_encoder *gs_frame_encoder_new(const gs_mem *mem, int level)
{
    gs_frame_encoder *encoder = ZSTD_createCCtx_advanced(memory_of(mem));
    if (encoder &&
        (ZSTD_isError(ZSTD_CCtx_setParameter(encoder, ZSTD_c_compressionLevel, level)) ||
         ZSTD_isError(ZSTD_CCtx_setParameter(encoder, ZSTD_c_literalCompressionMode,
                                             ZSTD_ps_enable)))) {
        ZSTD_freeCCtx(encoder);
        return NULL;
    }
    return encoder;
}

void gs_frame_encoder_free(gs_frame_encoder *encoder)
{
    ZSTD_freeCCtx(encoder);
}

gs_frame_decoder *gs_frame_decoder_new(const gs_mem *mem)
{
    return ZSTD_createDCtx_advanced(memory_of(mem));
}

void gs_frame_decoder_free(gs_frame_decoder *decoder)
{
    ZSTD_freeDCtx(decoder);
}

gsearch_status gs_frame_encode(gs_frame_encoder *encoder, gs_bytes raw, gs_buf *out,
                               gsearch_error *err)
{
    size_t bound = ZSTD_compressBound(raw.len);
    uint8_t *room = gs_buf_reserve(out, bound);
    if (!room)
        return gs_fail(err, out->status, "no room for a compressed block of %zu bytes", raw.len);
    size_t stored = ZSTD_compress2(encoder, room, bound, raw.ptr, raw.len);
    if (ZSTD_isError(stored)) {
        if (ZSTD_getErrorCode(stored) == ZSTD_error_memory_allocation)
            return gs_fail_memory(err);
        return gs_fail(err, GSEARCH_INTERNAL, "compressing a block: %s",
                       ZSTD_getErrorName(stored));
    }
    out->len += stored;
    return GSEARCH_OK;
}

gsearch_status gs_frame_decode(gs_frame_decoder *decoder, gs_bytes stored, uint8_t *out,
                               size_t room, size_t *raw_len, gsearch_error *err)
{
    // a skippable frame would pass for an empty one, hence the magic number
    if (stored.len < sizeof(uint32_t) || gs_load_u32(stored.ptr) != ZSTD_MAGICNUMBER)
        return gs_corrupt(err, "a compressed block does not begin as one");
    unsigned long long declared = ZSTD_getFrameContentSize(stored.ptr, stored.len);
    if (declared == ZSTD_CONTENTSIZE_UNKNOWN || declared == ZSTD_CONTENTSIZE_ERROR)
        return gs_corrupt(err, "a compressed block does not say how much it holds");
    if (declared > room)
        return gs_corrupt(err, "a compressed block holds %llu bytes, at most %zu are allowed",
                          declared, room);
    if (ZSTD_findFrameCompressedSize(stored.ptr, stored.len) != stored.len &&
        !GS_SABOTAGED(frame_end))
        return gs_corrupt(err, "a compressed block of %zu bytes is not one frame", stored.len);
    size_t written = ZSTD_decompressDCtx(decoder, out, room, stored.ptr, stored.len);
    if (ZSTD_isError(written)) {
        if (ZSTD_getErrorCode(written) == ZSTD_error_memory_allocation)
            return gs_fail_memory(err);
        return gs_corrupt(err, "a compressed block: %s", ZSTD_getErrorName(written));
    }
    if (written != declared)
        return gs_corrupt(err, "a compressed block gave %zu bytes, not %llu", written, declared);
    *raw_len = written;
    return GSEARCH_OK;
}

size_t gs_frame_length(gs_bytes bytes)
{
    size_t len = ZSTD_findFrameCompressedSize(bytes.ptr, bytes.len);
    return ZSTD_isError(len) ? 0 : len;
}
