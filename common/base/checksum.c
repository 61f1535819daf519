/* SPDX-License-Identifier: Apache-2.0
 *
 * XXH3 behind names of our own. The state of a stream wants 64-byte alignment, which the allocator
 * does not promise, so it is placed inside a larger block.
 */
#include "common/base/checksum.h"

#define XXH_STATIC_LINKING_ONLY // for the size of XXH3_state_t
#include <xxhash.h>

#define STATE_ALIGNMENT 64u

struct gs_checksum_stream {
    XXH3_state_t state;
    void *block; // what the allocator gave
};

uint64_t gs_checksum(const void *data, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, len, seed);
}

gs_checksum_stream *gs_checksum_stream_new(const gs_mem *mem)
{
    void *block = gs_mem_alloc(mem, sizeof(gs_checksum_stream) + STATE_ALIGNMENT);
    if (!block)
        return NULL;
    uintptr_t misfit = (uintptr_t)block % STATE_ALIGNMENT;
    void *place = (uint8_t *)block + (STATE_ALIGNMENT - misfit) % STATE_ALIGNMENT;
    gs_checksum_stream *stream = place;
    stream->block = block;
    XXH3_128bits_reset(&stream->state);
    return stream;
}

void gs_checksum_stream_add(gs_checksum_stream *stream, const void *data, size_t len)
{
    if (len)
        XXH3_128bits_update(&stream->state, data, len);
}

gs_hash128 gs_checksum_stream_result(const gs_checksum_stream *stream)
{
    XXH128_hash_t hash = XXH3_128bits_digest(&stream->state);
    return (gs_hash128){.low = hash.low64, .high = hash.high64};
}

void gs_checksum_stream_free(const gs_mem *mem, gs_checksum_stream *stream)
{
    if (stream)
        gs_mem_free(mem, stream->block);
}

void gs_hash128_text(gs_hash128 hash, char out[33])
{
    for (unsigned i = 0; i < 32; i++) {
        uint64_t half = i < 16 ? hash.high : hash.low;
        out[i] = "0123456789abcdef"[half >> (60 - 4 * (i % 16)) & 15];
    }
    out[32] = '\0';
}

bool gs_hash128_parse(gs_bytes text, gs_hash128 *out)
{
    if (text.len != 32)
        return false;
    uint64_t halves[2] = {0, 0};
    for (unsigned i = 0; i < 32; i++) {
        uint8_t byte = text.ptr[i];
        uint64_t digit;
        if (byte >= '0' && byte <= '9')
            digit = (uint64_t)(byte - '0');
        else if (byte >= 'a' && byte <= 'f')
            digit = (uint64_t)(byte - 'a' + 10);
        else
            return false;
        halves[i / 16] = halves[i / 16] << 4 | digit;
    }
    *out = (gs_hash128){.low = halves[1], .high = halves[0]};
    return true;
}
