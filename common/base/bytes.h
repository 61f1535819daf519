/* SPDX-License-Identifier: Apache-2.0
 *
 * Borrowed slices, little-endian loads and stores, and the one bounded reader through which all
 * bytes from disk and socket are parsed.
 */
#ifndef GS_BASE_BYTES_H
#define GS_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/sabotage.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "gsearch index files are little-endian and read in place"
#endif

typedef struct gs_bytes {
    const uint8_t *ptr;
    size_t len;
} gs_bytes;

static inline gs_bytes gs_bytes_of(const void *ptr, size_t len)
{
    return (gs_bytes){.ptr = ptr, .len = len};
}

static inline gs_bytes gs_bytes_str(const char *text)
{
    return gs_bytes_of(text, strlen(text));
}

static inline bool gs_bytes_equal(gs_bytes a, gs_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Bytewise order, shorter first where one is the beginning of the other. */
static inline int gs_bytes_compare(gs_bytes a, gs_bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static inline uint16_t gs_load_u16(const void *ptr)
{
    uint16_t value;
    memcpy(&value, ptr, sizeof(value));
    return value;
}

static inline uint32_t gs_load_u32(const void *ptr)
{
    uint32_t value;
    memcpy(&value, ptr, sizeof(value));
    return value;
}

static inline uint64_t gs_load_u64(const void *ptr)
{
    uint64_t value;
    memcpy(&value, ptr, sizeof(value));
    return value;
}

static inline void gs_store_u32(void *ptr, uint32_t value)
{
    memcpy(ptr, &value, sizeof(value));
}

static inline void gs_store_u64(void *ptr, uint64_t value)
{
    memcpy(ptr, &value, sizeof(value));
}

/* LEB128: at most 5 bytes for 32 bits, 10 for 64. Returns the length written. */
static inline size_t gs_store_varint(uint8_t *ptr, uint64_t value)
{
    size_t len = 0;
    while (value >= 0x80) {
        ptr[len++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    ptr[len++] = (uint8_t)value;
    return len;
}

/* Reads forward and never past `end`. The first fault sets `bad`, moves to the end and makes every
 * later read return 0, so that a record is read whole and checked once. */
typedef struct gs_cursor {
    const uint8_t *ptr;
    const uint8_t *end;
    bool bad;
} gs_cursor;

static inline gs_cursor gs_cursor_of(gs_bytes bytes)
{
    return (gs_cursor){.ptr = bytes.ptr, .end = bytes.ptr + bytes.len};
}

static inline size_t gs_cursor_left(const gs_cursor *cursor)
{
    return (size_t)(cursor->end - cursor->ptr);
}

static inline uint64_t gs_cursor_fail(gs_cursor *cursor)
{
    cursor->bad = true;
    cursor->ptr = cursor->end;
    return 0;
}

static inline gs_bytes gs_cursor_bytes(gs_cursor *cursor, uint64_t len)
{
    if (len > gs_cursor_left(cursor) && !GS_SABOTAGED(cursor_bounds)) {
        gs_cursor_fail(cursor);
        return gs_bytes_of(cursor->end, 0);
    }
    gs_bytes bytes = gs_bytes_of(cursor->ptr, (size_t)len);
    cursor->ptr += len;
    return bytes;
}

static inline uint8_t gs_cursor_u8(gs_cursor *cursor)
{
    gs_bytes bytes = gs_cursor_bytes(cursor, 1);
    return bytes.len ? *bytes.ptr : 0;
}

static inline uint16_t gs_cursor_u16(gs_cursor *cursor)
{
    gs_bytes bytes = gs_cursor_bytes(cursor, 2);
    return bytes.len ? gs_load_u16(bytes.ptr) : 0;
}

static inline uint32_t gs_cursor_u32(gs_cursor *cursor)
{
    gs_bytes bytes = gs_cursor_bytes(cursor, 4);
    return bytes.len ? gs_load_u32(bytes.ptr) : 0;
}

static inline uint64_t gs_cursor_u64(gs_cursor *cursor)
{
    gs_bytes bytes = gs_cursor_bytes(cursor, 8);
    return bytes.len ? gs_load_u64(bytes.ptr) : 0;
}

/* Overlong forms and values over 64 bits are faults. */
static inline uint64_t gs_cursor_varint(gs_cursor *cursor)
{
    uint64_t value = 0;
    for (unsigned shift = 0; cursor->ptr < cursor->end; shift += 7) {
        uint8_t byte = *cursor->ptr++;
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return byte == 0 && shift ? gs_cursor_fail(cursor) : value;
        if (shift == 63)
            break;
    }
    return gs_cursor_fail(cursor);
}

static inline uint32_t gs_cursor_varint32(gs_cursor *cursor)
{
    uint64_t value = gs_cursor_varint(cursor);
    return value <= UINT32_MAX ? (uint32_t)value : (uint32_t)gs_cursor_fail(cursor);
}

#endif
