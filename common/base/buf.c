/* SPDX-License-Identifier: Apache-2.0
 *
 * Growth, the ceiling and the sticky status of gs_buf. Room is doubled, so appending is linear.
 */
#include "common/base/buf.h"

#include <stdarg.h>
#include <stdio.h>

void gs_buf_init(gs_buf *buf, const gs_mem *mem, size_t max)
{
    // one less than SIZE_MAX, since gs_buf_reserve keeps a spare byte behind
    *buf = (gs_buf){.mem = mem, .max = max < SIZE_MAX ? max : SIZE_MAX - 1};
}

void gs_buf_reset(gs_buf *buf)
{
    buf->len = 0;
    buf->status = GSEARCH_OK;
}

void gs_buf_release(gs_buf *buf)
{
    gs_mem_free(buf->mem, buf->data);
    gs_buf_init(buf, buf->mem, buf->max);
}

uint8_t *gs_buf_reserve(gs_buf *buf, size_t len)
{
    if (buf->status)
        return NULL;
    if (len > buf->max - buf->len) {
        buf->status = GSEARCH_LIMIT;
        return NULL;
    }
    void *data = buf->data;
    size_t need = buf->len + len + 1; // the spare byte takes the terminator of printf
    if (!gs_mem_grow(buf->mem, &data, &buf->capacity, need, buf->max + 1, 1)) {
        buf->status = GSEARCH_NO_MEMORY;
        return NULL;
    }
    buf->data = data;
    return buf->data + buf->len;
}

void gs_buf_append(gs_buf *buf, const void *data, size_t len)
{
    if (len == 0)
        return;
    uint8_t *room = gs_buf_reserve(buf, len);
    if (!room)
        return;
    memcpy(room, data, len);
    buf->len += len;
}

void gs_buf_bytes(gs_buf *buf, gs_bytes bytes)
{
    gs_buf_append(buf, bytes.ptr, bytes.len);
}

void gs_buf_str(gs_buf *buf, const char *text)
{
    gs_buf_append(buf, text, strlen(text));
}

void gs_buf_u8(gs_buf *buf, uint8_t value)
{
    gs_buf_append(buf, &value, sizeof(value));
}

void gs_buf_u16(gs_buf *buf, uint16_t value)
{
    gs_buf_append(buf, &value, sizeof(value));
}

void gs_buf_u32(gs_buf *buf, uint32_t value)
{
    gs_buf_append(buf, &value, sizeof(value));
}

void gs_buf_u64(gs_buf *buf, uint64_t value)
{
    gs_buf_append(buf, &value, sizeof(value));
}

void gs_buf_varint(gs_buf *buf, uint64_t value)
{
    uint8_t bytes[10];
    gs_buf_append(buf, bytes, gs_store_varint(bytes, value));
}

void gs_buf_zero(gs_buf *buf, size_t count)
{
    uint8_t *room = gs_buf_reserve(buf, count);
    if (!room)
        return;
    memset(room, 0, count);
    buf->len += count;
}

void gs_buf_decimal(gs_buf *buf, uint64_t value)
{
    char digits[20];
    size_t start = sizeof(digits);
    do {
        digits[--start] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    gs_buf_append(buf, digits + start, sizeof(digits) - start);
}

void gs_buf_printf(gs_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    uint8_t *room = len < 0 ? NULL : gs_buf_reserve(buf, (size_t)len);
    if (!room) {
        if (!buf->status)
            buf->status = GSEARCH_LIMIT;
        return;
    }
    va_start(args, format);
    vsnprintf((char *)room, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
}
