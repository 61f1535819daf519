/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing streams forward and never seeks back; reading starts at the footer. The layout leaves no
 * freedom: each chunk begins at the first 64-byte border behind the one before, so a table of
 * contents is right or wrong, and no byte of the file is outside a checksum.
 */
#include "common/segment/container.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>

#include "common/base/sabotage.h"

#define CHUNK_VERSION 1u
#define PAGES_AT_ONCE 4u // together as much as a file takes without a copy
#define FOOTER_HASHED_BYTES (GS_FOOTER_BYTES - 8u) // the rest is their checksum
#define SUM_BYTES 8u

_Static_assert(sizeof(GS_MAGIC) - 1 == 8, "the magic has 8 bytes");
_Static_assert(GS_PAGE_BYTES % GS_CHUNK_ALIGN == 0, "a page holds whole alignment units");

typedef struct chunk_row {
    uint32_t id;
    uint64_t offset, length;
} chunk_row;

static uint64_t aligned(uint64_t offset)
{
    return (offset + GS_CHUNK_ALIGN - 1) / GS_CHUNK_ALIGN * GS_CHUNK_ALIGN;
}

static void format_header(uint32_t kind, uint8_t out[GS_HEADER_BYTES])
{
    memset(out, 0, GS_HEADER_BYTES);
    memcpy(out, GS_MAGIC, 8);
    gs_store_u32(out + 8, GS_FORMAT);
    gs_store_u32(out + 12, kind);
}

/* A chunk id as text; what is not a printable letter or digit reads as '?'. */
static void id_text(uint32_t id, char out[5])
{
    for (unsigned i = 0; i < 4; i++) {
        char letter = (char)(id >> (8 * i) & 0x7F);
        bool printable = (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
                         (letter >= '0' && letter <= '9');
        out[i] = printable ? letter : '?';
    }
    out[4] = '\0';
}

/* ---- writing ---- */

struct gs_container_writer {
    gs_dir *dir;
    const gs_mem *mem;
    gs_file *file;
    gs_buf tail; // page sums, then the table of contents
    uint64_t page_number;
    uint64_t offset;
    size_t filled; // of `pages`
    uint32_t chunks_count;
    chunk_row chunks[GS_CHUNKS_MAX];
    uint8_t pages[PAGES_AT_ONCE * GS_PAGE_BYTES];
};

/* Sums up the pages that wait, of which the last may not be full, and writes them out. */
static void end_pages(gs_container_writer *writer)
{
    for (size_t at = 0; at < writer->filled; at += GS_PAGE_BYTES) {
        size_t left = writer->filled - at, len = left < GS_PAGE_BYTES ? left : GS_PAGE_BYTES;
        gs_buf_u64(&writer->tail, gs_checksum(writer->pages + at, len, writer->page_number++));
    }
    gs_file_write(writer->file, writer->pages, writer->filled);
    writer->filled = 0;
}

static void write_paged(gs_container_writer *writer, const void *data, size_t len)
{
    const uint8_t *ptr = data;
    writer->offset += len;
    while (len) {
        size_t room = sizeof(writer->pages) - writer->filled, taken = len < room ? len : room;
        memcpy(writer->pages + writer->filled, ptr, taken);
        writer->filled += taken;
        if (writer->filled == sizeof(writer->pages))
            end_pages(writer);
        ptr += taken;
        len -= taken;
    }
}

static void write_padding(gs_container_writer *writer)
{
    static const uint8_t zeros[GS_CHUNK_ALIGN];
    write_paged(writer, zeros, (size_t)(aligned(writer->offset) - writer->offset));
}

static void end_chunk(gs_container_writer *writer)
{
    if (writer->chunks_count) {
        chunk_row *row = &writer->chunks[writer->chunks_count - 1];
        row->length = writer->offset - row->offset;
        write_padding(writer);
    }
}

gsearch_status gs_container_create(gs_dir *dir, const gs_mem *mem, uint32_t kind,
                                   gs_container_writer **out, gsearch_error *err)
{
    gs_container_writer *writer = gs_mem_calloc(mem, 1, sizeof(*writer));
    if (!writer)
        return gs_fail_memory(err);
    writer->dir = dir;
    writer->mem = mem;
    gs_buf_init(&writer->tail, mem, SIZE_MAX / 2);
    gsearch_status status = gs_file_create(dir, &writer->file, err);
    if (status) {
        gs_container_abort(writer);
        return status;
    }
    uint8_t header[GS_HEADER_BYTES];
    format_header(kind, header);
    write_paged(writer, header, sizeof(header));
    *out = writer;
    return GSEARCH_OK;
}

void gs_container_abort(gs_container_writer *writer)
{
    if (!writer)
        return;
    gs_file_abort(writer->file);
    gs_buf_release(&writer->tail);
    gs_mem_free(writer->mem, writer);
}

void gs_container_chunk(gs_container_writer *writer, uint32_t id)
{
    assert(writer->chunks_count < GS_CHUNKS_MAX);
    end_chunk(writer);
    writer->chunks[writer->chunks_count++] = (chunk_row){.id = id, .offset = writer->offset};
}

void gs_container_write(gs_container_writer *writer, const void *data, size_t len)
{
    assert(writer->chunks_count > 0);
    write_paged(writer, data, len);
}

uint64_t gs_container_offset(const gs_container_writer *writer)
{
    return writer->offset - writer->chunks[writer->chunks_count - 1].offset;
}

static void write_tail(gs_container_writer *writer, gs_container_name *name)
{
    end_chunk(writer);
    uint64_t sums_offset = writer->offset;
    end_pages(writer);
    uint64_t toc_offset = sums_offset + writer->tail.len;
    for (uint32_t i = 0; i < writer->chunks_count; i++) {
        const chunk_row *row = &writer->chunks[i];
        gs_buf_u32(&writer->tail, row->id);
        gs_buf_u32(&writer->tail, CHUNK_VERSION);
        gs_buf_u64(&writer->tail, row->offset);
        gs_buf_u64(&writer->tail, row->length);
    }
    gs_file_write(writer->file, writer->tail.data, writer->tail.len);
    name->id = gs_file_hash(writer->file);
    name->length = gs_file_offset(writer->file) + GS_FOOTER_BYTES;

    uint8_t footer[GS_FOOTER_BYTES] = {0};
    gs_store_u64(footer, toc_offset);
    gs_store_u32(footer + 8, writer->chunks_count);
    gs_store_u64(footer + 16, sums_offset);
    gs_store_u64(footer + 24, gs_checksum(writer->tail.data, writer->tail.len, 0));
    gs_store_u64(footer + 32, name->id.low);
    gs_store_u64(footer + 40, name->id.high);
    gs_store_u64(footer + 48, name->length);
    gs_store_u64(footer + FOOTER_HASHED_BYTES, gs_checksum(footer, FOOTER_HASHED_BYTES, 0));
    gs_file_write(writer->file, footer, sizeof(footer));
}

void gs_container_file_name(const char *prefix, gs_hash128 id, const char *suffix, char out[64])
{
    char digits[33];
    gs_hash128_text(id, digits);
    snprintf(out, 64, "%s%s%s", prefix, digits, suffix);
}

gsearch_status gs_container_finish(gs_container_writer *writer, const char *prefix,
                                   const char *suffix, gs_container_name *out, gsearch_error *err)
{
    gs_container_name name;
    gsearch_status status = GSEARCH_OK;
    write_tail(writer, &name);
    if (writer->tail.status) {
        status = gs_fail_memory(err);
        goto out;
    }
    gs_container_file_name(prefix, name.id, suffix, name.name);
    gs_file *file = writer->file;
    writer->file = NULL; // publishing frees it in every case
    status = gs_file_publish(file, name.name, true, err);
    if (!status)
        *out = name;
out:
    gs_container_abort(writer);
    return status;
}

/* ---- reading ---- */

struct gs_container {
    const gs_mem *mem;
    gs_map *map;
    gs_bytes file;
    gs_hash128 id;
    uint64_t sums_offset; // end of what the page sums cover
    uint64_t pages;
    uint32_t chunks_count;
    chunk_row chunks[GS_CHUNKS_MAX];
    bool is_mapped;
    _Atomic bool has_changed;   // while it was open
    void *owned[GS_CHUNKS_MAX]; // copies of chunks
    uint32_t owned_count;
    char name[64];
    _Atomic uint64_t verified[]; // a bit a page; only ever set
};

static gsearch_status check_header(const gs_container *container, uint32_t kind,
                                   gsearch_error *err)
{
    const uint8_t *header = container->file.ptr;
    if (memcmp(header, GS_MAGIC, 8) != 0)
        return gs_corrupt(err, "%s does not begin as a file of gsearch", container->name);
    uint32_t format = gs_load_u32(header + 8);
    if (format != GS_FORMAT)
        return gs_fail(err, GSEARCH_VERSION, "%s has format %u, this build reads %u",
                       container->name, format, GS_FORMAT);
    uint8_t expected[GS_HEADER_BYTES];
    format_header(kind, expected);
    if (memcmp(header, expected, sizeof(expected)) != 0)
        return gs_corrupt(err, "%s has a damaged header", container->name);
    return GSEARCH_OK;
}

/* Reads the rows; each must begin where the layout says. `at` is the end of the header, then of
 * each chunk. */
static bool read_chunks(gs_container *container, gs_bytes toc)
{
    gs_cursor cursor = gs_cursor_of(toc);
    uint64_t at = GS_HEADER_BYTES;
    for (uint32_t i = 0; i < container->chunks_count; i++) {
        chunk_row *row = &container->chunks[i];
        row->id = gs_cursor_u32(&cursor);
        uint32_t version = gs_cursor_u32(&cursor);
        row->offset = gs_cursor_u64(&cursor);
        row->length = gs_cursor_u64(&cursor);
        if (version != CHUNK_VERSION || row->offset != at ||
            row->length > container->sums_offset - at)
            return false;
        for (uint32_t j = 0; j < i; j++) {
            if (container->chunks[j].id == row->id)
                return false;
        }
        // no overflow, and not behind sums_offset, which is inside the file and aligned
        at = aligned(row->offset + row->length);
    }
    return at == container->sums_offset;
}

/* Where the footer says that page sums and table of contents are; all but their content is checked.
 */
static gsearch_status read_footer(gs_container *container, gs_bytes *tail, uint64_t *checksum,
                                  gsearch_error *err)
{
    gs_bytes file = container->file;
    uint64_t footer_offset = file.len - GS_FOOTER_BYTES;
    const uint8_t *footer = file.ptr + footer_offset;
    if (gs_load_u64(footer + FOOTER_HASHED_BYTES) != gs_checksum(footer, FOOTER_HASHED_BYTES, 0))
        return gs_corrupt(err, "%s has a damaged footer", container->name);
    gs_hash128 own = {.low = gs_load_u64(footer + 32), .high = gs_load_u64(footer + 40)};
    bool is_other = own.low != container->id.low || own.high != container->id.high;
    if (is_other && !GS_SABOTAGED(file_id))
        return gs_corrupt(err, "%s holds another file than the one named so", container->name);

    uint64_t toc_offset = gs_load_u64(footer);
    uint64_t sums_offset = gs_load_u64(footer + 16);
    uint32_t chunks_count = gs_load_u32(footer + 8);
    if (gs_load_u64(footer + 48) != file.len || gs_load_u32(footer + 12) != 0 ||
        chunks_count > GS_CHUNKS_MAX || sums_offset < GS_HEADER_BYTES ||
        sums_offset > footer_offset || sums_offset % GS_CHUNK_ALIGN != 0)
        return gs_corrupt(err, "%s has a footer that cannot be right", container->name);
    uint64_t pages = (sums_offset + GS_PAGE_BYTES - 1) / GS_PAGE_BYTES;
    // no overflow: both products are small beside 2^64, as sums_offset is a length in memory
    if (toc_offset != sums_offset + pages * SUM_BYTES ||
        toc_offset + (uint64_t)chunks_count * GS_TOC_ROW_BYTES != footer_offset)
        return gs_corrupt(err, "%s has a table of contents in the wrong place", container->name);
    container->sums_offset = sums_offset;
    container->pages = pages;
    container->chunks_count = chunks_count;
    *tail = gs_bytes_of(file.ptr + sums_offset, (size_t)(footer_offset - sums_offset));
    *checksum = gs_load_u64(footer + 24);
    return GSEARCH_OK;
}

/* The rows at the end of page sums and table. */
static gs_bytes rows_of(const gs_container *container, gs_bytes tail)
{
    size_t sums = (size_t)container->pages * SUM_BYTES;
    return gs_bytes_of(tail.ptr + sums, tail.len - sums);
}

static gsearch_status check_footer(gs_container *container, gsearch_error *err)
{
    gs_bytes tail;
    uint64_t checksum;
    GS_TRY(read_footer(container, &tail, &checksum, err));
    if (checksum != gs_checksum(tail.ptr, tail.len, 0) && !GS_SABOTAGED(toc_checksum))
        return gs_corrupt(err, "%s has a damaged table of contents", container->name);
    return read_chunks(container, rows_of(container, tail))
               ? GSEARCH_OK
               : gs_corrupt(err, "%s has a table of contents that cannot be right",
                            container->name);
}

/* `fault` begins with the name of the file: adds where it is and what helps. */
static gsearch_status fail_open(gs_dir *dir, const gsearch_error *fault, gsearch_error *err)
{
    return gs_fail(err, fault->code, "%s/%s; %s", gs_dir_path(dir), fault->message,
                   fault->code == GSEARCH_VERSION
                       ? "use a newer gsearch or index into another folder"
                       : "see gsearch salvage");
}

/* Opens the file; nothing of it is looked at. */
static gsearch_status open_file(gs_dir *dir, const gs_mem *mem, const char *name, uint64_t length,
                                gs_hash128 id, bool map, gs_container **out, gsearch_error *err)
{
    gs_map *opened;
    GS_TRY(gs_map_open(dir, name, length, map, &opened, err));
    gs_bytes file = gs_map_bytes(opened);
    size_t words = file.len / GS_PAGE_BYTES / 64 + 1;
    gs_container *container =
        gs_mem_calloc(mem, 1, sizeof(*container) + words * sizeof(container->verified[0]));
    if (!container) {
        gs_map_close(opened);
        return gs_fail_memory(err);
    }
    container->mem = mem;
    container->map = opened;
    container->is_mapped = map;
    container->file = file;
    container->id = id;
    snprintf(container->name, sizeof(container->name), "%s", name);
    *out = container;
    return GSEARCH_OK;
}

gsearch_status gs_container_open(gs_dir *dir, const gs_mem *mem, const char *name, uint64_t length,
                                 uint32_t kind, gs_hash128 id, bool map, gs_container **out,
                                 gsearch_error *err)
{
    gs_container *container;
    gsearch_error fault = {0};
    if (length < GS_HEADER_BYTES + GS_FOOTER_BYTES)
        return gs_corrupt(err, "%s is too short: %llu bytes", name, (unsigned long long)length);
    GS_TRY(open_file(dir, mem, name, length, id, map, &container, err));
    gsearch_status status = check_header(container, kind, &fault);
    if (!status)
        status = check_footer(container, &fault);
    if (status) {
        gs_container_close(container);
        return fail_open(dir, &fault, err);
    }
    *out = container;
    return GSEARCH_OK;
}

/* Whether rows stand at `at` that lead from the header to page sums that end there: no other bytes
 * do that by chance. */
static bool find_rows(gs_container *container, uint64_t at)
{
    const uint8_t *row = container->file.ptr + at;
    uint64_t left = container->file.len - at;
    if (gs_load_u32(row + 4) != CHUNK_VERSION || gs_load_u64(row + 8) != GS_HEADER_BYTES)
        return false;
    container->pages = (at + GS_PAGE_BYTES + SUM_BYTES - 1) / (GS_PAGE_BYTES + SUM_BYTES);
    container->sums_offset = at - container->pages * SUM_BYTES;
    if (container->sums_offset % GS_CHUNK_ALIGN)
        return false;
    for (uint32_t count = 1; count <= GS_CHUNKS_MAX && count * GS_TOC_ROW_BYTES <= left; count++) {
        container->chunks_count = count;
        if (read_chunks(container, gs_bytes_of(row, count * GS_TOC_ROW_BYTES)))
            return true;
    }
    return false;
}

static bool find_table(gs_container *container)
{
    uint64_t len = container->file.len;
    for (uint64_t at = len / SUM_BYTES * SUM_BYTES; at > GS_HEADER_BYTES; at -= SUM_BYTES)
        if (len - at >= GS_TOC_ROW_BYTES && find_rows(container, at))
            return true;
    return false;
}

/* Looks for the one byte of the table that is wrong: with the right one its checksum fits. */
static gsearch_status mend_table(gs_container *container, gsearch_error *err)
{
    gs_bytes tail;
    uint64_t checksum;
    GS_TRY(read_footer(container, &tail, &checksum, err));
    uint8_t *copy = (uint8_t *)gs_mem_dup(container->mem, tail);
    if (!copy)
        return gs_fail_memory(err);
    gs_bytes rows = rows_of(container, gs_bytes_of(copy, tail.len));
    bool is_mended = false;
    for (size_t at = tail.len - rows.len; at < tail.len && !is_mended; at++) {
        for (unsigned change = 1; change < 256 && !is_mended; change++) {
            copy[at] = (uint8_t)(tail.ptr[at] ^ change);
            is_mended = gs_checksum(copy, tail.len, 0) == checksum && read_chunks(container, rows);
        }
        copy[at] = is_mended ? copy[at] : tail.ptr[at];
    }
    gs_mem_free(container->mem, copy);
    return is_mended ? GSEARCH_OK
                     : gs_corrupt(err, "%s has a damaged table of contents", container->name);
}

gsearch_status gs_container_open_damaged(gs_dir *dir, const gs_mem *mem, const char *name,
                                         gs_hash128 id, bool map, gs_container **out,
                                         gsearch_error *err)
{
    uint64_t length;
    gs_container *container;
    GS_TRY(gs_dir_file_size(dir, name, &length, err));
    if (length < GS_HEADER_BYTES + GS_FOOTER_BYTES)
        return gs_corrupt(err, "%s is too short: %llu bytes", name, (unsigned long long)length);
    GS_TRY(open_file(dir, mem, name, length, id, map, &container, err));
    gsearch_error fault = {0};
    gsearch_status status = check_footer(container, NULL);
    if (status)
        status = mend_table(container, &fault);
    if (status == GSEARCH_CORRUPT && find_table(container))
        status = GSEARCH_OK;
    if (!status) {
        *out = container;
        return GSEARCH_OK;
    }
    gs_container_close(container);
    return gs_fail_as(err, &fault);
}

void gs_container_close(gs_container *container)
{
    if (!container)
        return;
    for (uint32_t i = 0; i < container->owned_count; i++)
        gs_mem_free(container->mem, container->owned[i]);
    gs_map_close(container->map);
    gs_mem_free(container->mem, container);
}

void gs_container_forget(const gs_container *container)
{
    gs_map_forget(container->map);
}

static const chunk_row *find_chunk(const gs_container *container, uint32_t id)
{
    for (uint32_t i = 0; i < container->chunks_count; i++) {
        if (container->chunks[i].id == id)
            return &container->chunks[i];
    }
    return NULL;
}

gs_bytes gs_container_find(const gs_container *container, uint32_t id)
{
    const chunk_row *row = find_chunk(container, id);
    if (!row)
        return gs_bytes_of(container->file.ptr, 0);
    return gs_bytes_of(container->file.ptr + row->offset, (size_t)row->length);
}

gsearch_status gs_container_load(gs_container *container, uint32_t id, bool needed, gs_bytes *out,
                                 gsearch_error *err)
{
    if (needed && !find_chunk(container, id)) {
        char text[5];
        id_text(id, text);
        return gs_corrupt(err, "%s has no chunk %s", container->name, text);
    }
    gs_bytes bytes = gs_container_find(container, id);
    GS_TRY(gs_container_check(container, bytes, err));
    *out = bytes;
    return GSEARCH_OK;
}

gsearch_status gs_container_own(gs_container *container, uint32_t id, gs_bytes *out,
                                gsearch_error *err)
{
    GS_TRY(gs_container_load(container, id, true, out, err));
    if (!container->is_mapped || !out->len || GS_SABOTAGED(owned_tables))
        return GSEARCH_OK;
    assert(container->owned_count < GS_CHUNKS_MAX);
    void *copy = gs_mem_alloc(container->mem, out->len);
    if (!copy)
        return gs_fail_memory(err);
    memcpy(copy, out->ptr, out->len);
    container->owned[container->owned_count++] = copy;
    *out = gs_bytes_of(copy, out->len);
    return gs_container_alive(container, err);
}

static gsearch_status fail_page(const gs_container *container, uint64_t offset, uint64_t len,
                                gsearch_error *err)
{
    char chunk[5] = "none";
    for (uint32_t i = 0; i < container->chunks_count; i++) {
        const chunk_row *row = &container->chunks[i];
        if (row->offset < offset + len && row->offset + row->length > offset) {
            id_text(row->id, chunk);
            break;
        }
    }
    return gs_corrupt(err, "%s: bytes %llu to %llu (chunk %s) are damaged; see gsearch salvage",
                      container->name, (unsigned long long)offset,
                      (unsigned long long)(offset + len - 1), chunk);
}

static gsearch_status verify_page(gs_container *container, uint64_t page, gsearch_error *err)
{
    uint64_t offset = page * GS_PAGE_BYTES;
    uint64_t len = container->sums_offset - offset;
    len = len < GS_PAGE_BYTES ? len : GS_PAGE_BYTES;
    const uint8_t *sum = container->file.ptr + container->sums_offset + page * SUM_BYTES;
    if (gs_checksum(container->file.ptr + offset, (size_t)len, page) != gs_load_u64(sum) &&
        !GS_SABOTAGED(page_checksum)) {
        GS_TRY(gs_container_alive(container, err));
        return fail_page(container, offset, len, err);
    }
    // relaxed will do: the bit vouches for bytes that no thread of ours ever writes
    atomic_fetch_or_explicit(&container->verified[page / 64], 1ull << page % 64,
                             memory_order_relaxed);
    return GSEARCH_OK;
}

static inline bool is_verified(gs_container *container, uint64_t page)
{
    uint64_t word = atomic_load_explicit(&container->verified[page / 64], memory_order_relaxed);
    return word >> page % 64 & 1;
}

gsearch_status gs_container_check(gs_container *container, gs_bytes bytes, gsearch_error *err)
{
    if (bytes.len == 0)
        return GSEARCH_OK;
    uint64_t offset = (uint64_t)(bytes.ptr - container->file.ptr);
    uint64_t last = (offset + bytes.len - 1) / GS_PAGE_BYTES;
    assert(bytes.ptr >= container->file.ptr && last < container->pages);
    for (uint64_t page = offset / GS_PAGE_BYTES; page <= last; page++) {
        if (!is_verified(container, page))
            GS_TRY(verify_page(container, page, err));
    }
    return GSEARCH_OK;
}

static gsearch_status check_gaps(const gs_container *container, gsearch_error *err)
{
    for (uint32_t i = 0; i < container->chunks_count; i++) {
        const chunk_row *row = &container->chunks[i];
        uint64_t end = row->offset + row->length;
        for (uint64_t at = end; at < aligned(end); at++) {
            if (container->file.ptr[at])
                return gs_corrupt(err, "%s: byte %llu between chunks is not zero",
                                  container->name, (unsigned long long)at);
        }
    }
    return GSEARCH_OK;
}

gsearch_status gs_container_verify(gs_container *container, gsearch_error *err)
{
    // every page anew, verified or not: this is for finding what has rotted since
    for (uint64_t page = 0; page < container->pages; page++)
        GS_TRY(verify_page(container, page, err));
    GS_TRY(check_gaps(container, err));
    gs_bytes file = container->file;
    gs_checksum_stream *stream = gs_checksum_stream_new(container->mem);
    if (!stream)
        return gs_fail_memory(err);
    gs_checksum_stream_add(stream, file.ptr, file.len - GS_FOOTER_BYTES);
    gs_hash128 id = gs_checksum_stream_result(stream);
    gs_checksum_stream_free(container->mem, stream);
    GS_TRY(gs_container_alive(container, err));
    if (id.low != container->id.low || id.high != container->id.high)
        return gs_corrupt(err, "%s does not hold what its name says", container->name);
    return GSEARCH_OK;
}

gsearch_status gs_container_scrub(gs_container *container, uint64_t *page, uint64_t pages_max,
                                  gsearch_error *err)
{
    for (; *page < container->pages && pages_max; ++*page) {
        if (!is_verified(container, *page) || GS_SABOTAGED(scrub))
            continue;
        pages_max--;
        gsearch_status status = verify_page(container, *page, err);
        if (status == GSEARCH_CORRUPT)
            atomic_store(&container->has_changed, true);
        GS_TRY(status);
    }
    return GSEARCH_OK;
}

bool gs_container_ends(const gs_container *container, uint64_t page)
{
    return page >= container->pages;
}

gsearch_status gs_container_alive(const gs_container *container, gsearch_error *err)
{
    if (atomic_load_explicit(&container->has_changed, memory_order_relaxed))
        return gs_corrupt(err,
                          "%s has changed while it was open; restart when gsearch verify finds "
                          "nothing",
                          container->name);
    if (gs_map_lost(container->map) && !GS_SABOTAGED(lost_pages))
        return gs_fail(err, GSEARCH_IO, "%s was cut short while it was open", container->name);
    return GSEARCH_OK;
}

const char *gs_container_name_of(const gs_container *container)
{
    return container->name;
}

gs_hash128 gs_container_id(const gs_container *container)
{
    return container->id;
}

size_t gs_container_chunks(const gs_container *container)
{
    return container->chunks_count;
}

uint32_t gs_container_chunk_id(const gs_container *container, size_t i, uint64_t *offset,
                               uint64_t *length)
{
    const chunk_row *row = &container->chunks[i];
    *offset = row->offset;
    *length = row->length;
    return row->id;
}
