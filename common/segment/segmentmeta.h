/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 3.1: the META chunk, read and written in one place.
 */
#ifndef GS_SEGMENT_SEGMENTMETA_H
#define GS_SEGMENT_SEGMENTMETA_H

#include "common/base/buf.h"

typedef struct gs_segment_meta {
    uint32_t analyzer;
    bool has_text;
    uint32_t long_min;
    uint32_t trigram_min;
    uint64_t gaps, text_bytes, postings, lists;
    char unicode[16];
} gs_segment_meta;

static inline void gs_segment_meta_write(gs_buf *out, const gs_segment_meta *meta)
{
    gs_buf_u32(out, meta->analyzer);
    gs_buf_u32(out, meta->has_text);
    gs_buf_u32(out, meta->long_min);
    gs_buf_u32(out, meta->trigram_min);
    gs_buf_u64(out, meta->gaps);
    gs_buf_u64(out, meta->text_bytes);
    gs_buf_u64(out, meta->postings);
    gs_buf_u64(out, meta->lists);
    gs_buf_append(out, meta->unicode, sizeof(meta->unicode));
}

static inline void gs_segment_meta_read(gs_cursor *cursor, gs_segment_meta *meta)
{
    meta->analyzer = gs_cursor_u32(cursor);
    uint32_t has_text = gs_cursor_u32(cursor);
    meta->has_text = has_text == 1;
    meta->long_min = gs_cursor_u32(cursor);
    meta->trigram_min = gs_cursor_u32(cursor);
    meta->gaps = gs_cursor_u64(cursor);
    meta->text_bytes = gs_cursor_u64(cursor);
    meta->postings = gs_cursor_u64(cursor);
    meta->lists = gs_cursor_u64(cursor);
    gs_bytes unicode = gs_cursor_bytes(cursor, sizeof(meta->unicode));
    memset(meta->unicode, 0, sizeof(meta->unicode));
    memcpy(meta->unicode, unicode.ptr, unicode.len);
    if (has_text > 1)
        gs_cursor_fail(cursor);
}

#endif
