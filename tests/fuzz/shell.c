/* SPDX-License-Identifier: Apache-2.0
 *
 * The layout of docs/FORMAT.md, without the code that reads and writes it in earnest.
 */
#include "tests/fuzz/shell.h"

#include "tests/common/segment/seal.h"

#define SUM_BYTES 8u

static size_t aligned(size_t len)
{
    return (len + GS_CHUNK_ALIGN - 1) / GS_CHUNK_ALIGN * GS_CHUNK_ALIGN;
}

bool gs_shell_open(gs_bytes file, gs_shell *out)
{
    if (file.len < GS_HEADER_BYTES + GS_FOOTER_BYTES)
        return false;
    const uint8_t *footer = file.ptr + file.len - GS_FOOTER_BYTES;
    uint64_t toc = gs_load_u64(footer), rows = gs_load_u32(footer + 8);
    if (rows > GS_CHUNKS_MAX || toc > file.len || rows * GS_TOC_ROW_BYTES > file.len - toc)
        return false;
    *out = (gs_shell){.kind = gs_load_u32(file.ptr + 12), .count = rows};
    for (size_t i = 0; i < rows; i++) {
        const uint8_t *row = file.ptr + toc + i * GS_TOC_ROW_BYTES;
        uint64_t offset = gs_load_u64(row + 8), len = gs_load_u64(row + 16);
        if (offset > file.len || len > file.len - offset)
            return false;
        out->chunks[i].id = gs_load_u32(row);
        out->chunks[i].bytes = gs_bytes_of(file.ptr + offset, (size_t)len);
    }
    return true;
}

static size_t sums_offset(const gs_shell *shell)
{
    size_t at = GS_HEADER_BYTES;
    for (size_t i = 0; i < shell->count; i++)
        at += aligned(shell->chunks[i].bytes.len);
    return at;
}

static size_t sums_bytes(size_t sums)
{
    return (sums + GS_PAGE_BYTES - 1) / GS_PAGE_BYTES * SUM_BYTES;
}

size_t gs_shell_size(const gs_shell *shell)
{
    size_t sums = sums_offset(shell);
    return sums + sums_bytes(sums) + shell->count * GS_TOC_ROW_BYTES + GS_FOOTER_BYTES;
}

void gs_shell_write(const gs_shell *shell, uint8_t *out)
{
    size_t size = gs_shell_size(shell), sums = sums_offset(shell), at = GS_HEADER_BYTES;
    uint8_t *toc = out + sums + sums_bytes(sums), *footer = out + size - GS_FOOTER_BYTES;
    memset(out, 0, size);
    memcpy(out, GS_MAGIC, 8);
    gs_store_u32(out + 8, GS_FORMAT);
    gs_store_u32(out + 12, shell->kind);
    for (size_t i = 0; i < shell->count; i++) {
        gs_bytes bytes = shell->chunks[i].bytes;
        uint8_t *row = toc + i * GS_TOC_ROW_BYTES;
        gs_store_u32(row, shell->chunks[i].id);
        gs_store_u32(row + 4, 1); // version of chunks
        gs_store_u64(row + 8, at);
        gs_store_u64(row + 16, bytes.len);
        if (bytes.len)
            memcpy(out + at, bytes.ptr, bytes.len);
        at += aligned(bytes.len);
    }
    gs_store_u64(footer, (uint64_t)(toc - out));
    gs_store_u32(footer + 8, (uint32_t)shell->count);
    gs_store_u64(footer + 16, sums);
    gs_store_u64(footer + 48, size);
    gs_seal(out, size);
}
