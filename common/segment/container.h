/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 2: the shell around every binary file of an index. Chunks are written one after another
 * and found again through a table at the end; every byte is under a checksum, in pages of 16 KiB
 * that are verified when they are first used.
 *
 *     header 64 | chunk | 0… | chunk | 0… | page sums | table of contents | footer 64
 */
#ifndef GS_SEGMENT_CONTAINER_H
#define GS_SEGMENT_CONTAINER_H

#include "common/base/checksum.h"
#include "common/base/file.h"
#include "common/segment/format.h"

/* ---- writing ---- */

typedef struct gs_container_writer gs_container_writer;

GS_CHECKED gsearch_status gs_container_create(gs_dir *dir, const gs_mem *mem, uint32_t kind,
                                              gs_container_writer **out, gsearch_error *err);
/* Ends the chunk before, if any, and starts `id`. Errors stick until finish. */
void gs_container_chunk(gs_container_writer *writer, uint32_t id);
void gs_container_write(gs_container_writer *writer, const void *data, size_t len);
/* Bytes written into the current chunk so far. */
uint64_t gs_container_offset(const gs_container_writer *writer);

typedef struct gs_container_name {
    gs_hash128 id; /* XXH3-128 of everything before the footer */
    uint64_t length;
    char name[64];
} gs_container_name;

/* `prefix` + 32 hex digits of the id + `suffix`. */
void gs_container_file_name(const char *prefix, gs_hash128 id, const char *suffix, char out[64]);

/* Writes sums, table and footer and publishes the file under gs_container_file_name. Frees the
 * writer in every case. */
GS_CHECKED gsearch_status gs_container_finish(gs_container_writer *writer, const char *prefix,
                                              const char *suffix, gs_container_name *out,
                                              gsearch_error *err);
void gs_container_abort(gs_container_writer *writer);

/* ---- reading ---- */

typedef struct gs_container gs_container;

/* Opens `name`, checks header, footer, sums and table of contents. `id` is what the manifest says.
 * NOT_FOUND, CORRUPT, VERSION. */
GS_CHECKED gsearch_status gs_container_open(gs_dir *dir, const gs_mem *mem, const char *name,
                                            uint64_t length, uint32_t kind, gs_hash128 id, bool map,
                                            gs_container **out, gsearch_error *err);
/* For salvage: opens a file of any length, whose header and footer may be damaged. The table of
 * contents is found by its form alone, wherever the file has been cut behind it or has grown; one
 * that has a wrong byte, by its checksum in the footer. NOT_FOUND; CORRUPT if there is none. */
GS_CHECKED gsearch_status gs_container_open_damaged(gs_dir *dir, const gs_mem *mem,
                                                    const char *name, gs_hash128 id, bool map,
                                                    gs_container **out, gsearch_error *err);
void gs_container_close(gs_container *container);

/* Gives back the memory of what was read so far; reading on stays possible. */
void gs_container_forget(const gs_container *container);

/* The bytes of a chunk, not yet verified; empty if the file has none. */
gs_bytes gs_container_find(const gs_container *container, uint32_t id);
/* The same, every page of it verified. CORRUPT if a page is damaged or, with `needed`, the chunk is
 * missing. */
GS_CHECKED gsearch_status gs_container_load(gs_container *container, uint32_t id, bool needed,
                                            gs_bytes *out, gsearch_error *err);

/* The same in memory that belongs to the container, if the file is mapped: whoever writes into a
 * mapped file cannot change it. For what is checked once and trusted then. */
GS_CHECKED gsearch_status gs_container_own(gs_container *container, uint32_t id, gs_bytes *out,
                                           gsearch_error *err);

/* Verifies the pages under `bytes`, which lie in the file, unless they were verified before. Any
 * thread; costs a bit test a page when warm. */
GS_CHECKED gsearch_status gs_container_check(gs_container *container, gs_bytes bytes,
                                             gsearch_error *err);

/* Verifies every page and the id, and that the gaps between chunks are zero. */
GS_CHECKED gsearch_status gs_container_verify(gs_container *container, gsearch_error *err);

/* Looks again at pages that were used, from `*page` on and at so many at most, and moves `*page`
 * behind them. CORRUPT if one is no longer what it was: then gs_container_alive fails for good. */
GS_CHECKED gsearch_status gs_container_scrub(gs_container *container, uint64_t *page,
                                             uint64_t pages_max, gsearch_error *err);
/* Whether `page` is behind the last one. */
bool gs_container_ends(const gs_container *container, uint64_t page);

/* IO if the mapped file was cut short (see gs_map_lost), CORRUPT if a scrub has found a change; ask
 * after using mapped bytes. */
GS_CHECKED gsearch_status gs_container_alive(const gs_container *container, gsearch_error *err);

const char *gs_container_name_of(const gs_container *container);
gs_hash128 gs_container_id(const gs_container *container);
/* For `dump`: the rows of the table of contents. */
size_t gs_container_chunks(const gs_container *container);
uint32_t gs_container_chunk_id(const gs_container *container, size_t i, uint64_t *offset,
                               uint64_t *length);

#endif
