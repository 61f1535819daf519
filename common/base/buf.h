/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes that grow up to a ceiling given at the start. Errors stick: append thirty fields, then look
 * at `status` once. After a failure appends do nothing.
 */
#ifndef GS_BASE_BUF_H
#define GS_BASE_BUF_H

#include "common/base/mem.h"
#include "gsearch/status.h"

typedef struct gs_buf {
    const gs_mem *mem;
    uint8_t *data;
    size_t len;
    size_t capacity;
    size_t max;
    gsearch_status status; /* OK, NO_MEMORY, or LIMIT when `max` was reached */
} gs_buf;

void gs_buf_init(gs_buf *buf, const gs_mem *mem, size_t max);
void gs_buf_reset(gs_buf *buf);   /* keeps the memory */
void gs_buf_release(gs_buf *buf); /* frees it; usable again */

/* Room for `len` more bytes at data + buf->len, or NULL; the caller then adds to buf->len. */
uint8_t *gs_buf_reserve(gs_buf *buf, size_t len);
void gs_buf_append(gs_buf *buf, const void *data, size_t len);
void gs_buf_bytes(gs_buf *buf, gs_bytes bytes);
void gs_buf_str(gs_buf *buf, const char *text);
void gs_buf_u8(gs_buf *buf, uint8_t value);
void gs_buf_u16(gs_buf *buf, uint16_t value);
void gs_buf_u32(gs_buf *buf, uint32_t value);
void gs_buf_u64(gs_buf *buf, uint64_t value);
void gs_buf_varint(gs_buf *buf, uint64_t value);
void gs_buf_zero(gs_buf *buf, size_t count);
/* Decimal, for text. */
void gs_buf_decimal(gs_buf *buf, uint64_t value);
__attribute__((format(printf, 2, 3))) void gs_buf_printf(gs_buf *buf, const char *format, ...);

static inline gs_bytes gs_buf_view(const gs_buf *buf)
{
    return gs_bytes_of(buf->data, buf->len);
}

#endif
