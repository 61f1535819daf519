/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens to index files, through the calls of sys.h. An index folder is opened once;
 * everything else happens relative to it. No file is ever changed after it was published.
 */
#ifndef GS_BASE_FILE_H
#define GS_BASE_FILE_H

#include "common/base/buf.h"
#include "common/base/checksum.h"
#include "common/base/fail.h"

/* ---- the folder ---- */

typedef struct gs_dir gs_dir;

/* Opens `path`; NO_INDEX if it is not there. With `create`, for writers, it is made (0750, one
 * level) if need be, and its name is made durable. */
GS_CHECKED gsearch_status gs_dir_open(const gs_mem *mem, const char *path, bool create,
                                      gs_dir **out, gsearch_error *err);
void gs_dir_close(gs_dir *dir);
const char *gs_dir_path(const gs_dir *dir); /* as opened, while the folder is open */

/* flock on LOCK, which is never removed; writes pid and start time into it. LOCKED names the pid
 * and time of the holder. The lock ends with gs_dir_close or the process. */
GS_CHECKED gsearch_status gs_dir_lock(gs_dir *dir, gsearch_error *err);

/* Calls `visit` for every name in the folder, in no order. Stops at the first status that is not
 * OK and returns it. */
typedef gsearch_status (*gs_dir_visit)(const char *name, void *payload, gsearch_error *err);
GS_CHECKED gsearch_status gs_dir_list(gs_dir *dir, gs_dir_visit visit, void *payload,
                                      gsearch_error *err);

GS_CHECKED gsearch_status gs_dir_sync(gs_dir *dir, gsearch_error *err);
GS_CHECKED gsearch_status gs_dir_remove(gs_dir *dir, const char *name, gsearch_error *err);
GS_CHECKED gsearch_status gs_dir_file_size(gs_dir *dir, const char *name, uint64_t *out,
                                           gsearch_error *err); /* NOT_FOUND */
/* When it was last written, in ns since 1970. */
GS_CHECKED gsearch_status gs_dir_file_time(gs_dir *dir, const char *name, int64_t *out,
                                           gsearch_error *err); /* NOT_FOUND */

/* ---- writing a new file ---- */

/* Buffered, under a temporary name `.tmp-…`. Errors stick: gs_file_write does nothing after the
 * first one, gs_file_publish reports it. */
typedef struct gs_file gs_file;

GS_CHECKED gsearch_status gs_file_create(gs_dir *dir, gs_file **out, gsearch_error *err);
void gs_file_write(gs_file *file, const void *data, size_t len);
uint64_t gs_file_offset(const gs_file *file); /* bytes written so far */
gs_hash128 gs_file_hash(const gs_file *file); /* of these; unless a write has failed */

/* Flush, read back and compare with the checksum of what was written, fsync, close, rename to
 * `name` without replacing: LOCKED if the name is taken, since another writer was here; but with
 * `same_is_fine`, for files named by their content, one with that content may be there already
 * (another content is CORRUPT, and stays). The folder is not yet synced. Any failure unlinks the
 * temporary file; fsync is never tried twice. Frees the handle in every case. */
GS_CHECKED gsearch_status gs_file_publish(gs_file *file, const char *name, bool same_is_fine,
                                          gsearch_error *err);
/* Unlinks and frees. NULL is fine. */
void gs_file_abort(gs_file *file);

/* ---- scratch: a nameless file for sorted runs and text on their way into a segment ---- */

typedef struct gs_scratch gs_scratch;

GS_CHECKED gsearch_status gs_scratch_open(gs_dir *dir, gs_scratch **out, gsearch_error *err);
/* Appends, buffered; one thread. */
GS_CHECKED gsearch_status gs_scratch_write(gs_scratch *scratch, const void *data, size_t len,
                                           gsearch_error *err);
/* Writes out the buffer; reads see everything after it. */
GS_CHECKED gsearch_status gs_scratch_flush(gs_scratch *scratch, gsearch_error *err);
uint64_t gs_scratch_size(const gs_scratch *scratch);
/* Exactly `len` bytes at `offset`; any thread. */
GS_CHECKED gsearch_status gs_scratch_read(const gs_scratch *scratch, uint64_t offset, void *out,
                                          size_t len, gsearch_error *err);
void gs_scratch_close(gs_scratch *scratch);

/* ---- reading a published file ---- */

typedef struct gs_map gs_map;

/* The whole of `name`: mapped read-only if `map`, else a copy in memory. NOT_FOUND. `length` is
 * what the manifest says; another size is CORRUPT. Zero bytes are allowed. */
GS_CHECKED gsearch_status gs_map_open(gs_dir *dir, const char *name, uint64_t length, bool map,
                                      gs_map **out, gsearch_error *err);
gs_bytes gs_map_bytes(const gs_map *map);
/* True once a mapped page could not be read (the file was cut short); reads then see zeros. Only
 * with the guard of common/base/mapguard.h. */
bool gs_map_lost(const gs_map *map);
/* Gives back the memory of pages that were read; they are read again when they are needed. */
void gs_map_forget(const gs_map *map);
void gs_map_close(gs_map *map);

/* Reads a whole small file into `out` (appending); LIMIT if it is longer than `max`. */
GS_CHECKED gsearch_status gs_dir_read(gs_dir *dir, const char *name, size_t max, gs_buf *out,
                                      gsearch_error *err);

#endif
