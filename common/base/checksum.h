/* SPDX-License-Identifier: Apache-2.0
 *
 * The one checksum of the project, XXH3 (xxhash): 64 bits over pages, chunks and files, 128 bits
 * where a segment is named by its content.
 */
#ifndef GS_BASE_CHECKSUM_H
#define GS_BASE_CHECKSUM_H

#include "common/base/mem.h"

typedef struct gs_hash128 {
    uint64_t low, high;
} gs_hash128;

uint64_t gs_checksum(const void *data, size_t len, uint64_t seed);

/* Streaming form, 64 and 128 bits of one pass. NULL when there is no memory. */
typedef struct gs_checksum_stream gs_checksum_stream;
gs_checksum_stream *gs_checksum_stream_new(const gs_mem *mem);
void gs_checksum_stream_add(gs_checksum_stream *stream, const void *data, size_t len);
gs_hash128 gs_checksum_stream_result(const gs_checksum_stream *stream);
void gs_checksum_stream_free(const gs_mem *mem, gs_checksum_stream *stream);

/* 32 lower-case hex digits, high half first, and a terminating zero; and back (false if not so). */
void gs_hash128_text(gs_hash128 hash, char out[33]);
bool gs_hash128_parse(gs_bytes text, gs_hash128 *out);

#endif
