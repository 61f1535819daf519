/* SPDX-License-Identifier: Apache-2.0
 *
 * Files never change, so all there is to consistency is to have them open, all of them, before a
 * commit removes one. Mapped files stay readable after that.
 */
#include "indexer/backup.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/segment/manifest.h"

#define FILES_MAX (2 * GS_SEGMENTS_MAX + 1)
#define ATTEMPTS_MAX 16u

typedef struct pinned_file {
    char name[64];
    gs_map *map;
    bool is_copied; // by this run
} pinned_file;

typedef struct backup {
    const gs_mem *mem;
    gs_dir *from, *to;
    gs_manifest manifest;
    pinned_file files[FILES_MAX];
    size_t files_count;
    char name[64]; // of the copied manifest; empty before it is begun
} backup;

static void unpin(backup *self)
{
    while (self->files_count)
        gs_map_close(self->files[--self->files_count].map);
}

static gsearch_status pin(backup *self, const gs_manifest_file *file, const char *prefix,
                          const char *suffix, gsearch_error *err)
{
    if (!file->length)
        return GSEARCH_OK;
    pinned_file *pinned = &self->files[self->files_count];
    pinned->is_copied = false;
    gs_container_file_name(prefix, file->id, suffix, pinned->name);
    GS_TRY(gs_map_open(self->from, pinned->name, file->length, true, &pinned->map, err));
    self->files_count++;
    return GSEARCH_OK;
}

static gsearch_status pin_all(backup *self, gsearch_error *err)
{
    const gs_manifest *manifest = &self->manifest;
    GS_TRY(pin(self, &manifest->inputs, GS_INPUTS_PREFIX, GS_INPUTS_SUFFIX, err));
    for (uint32_t i = 0; i < manifest->segments_count; i++) {
        const gs_manifest_segment *segment = &manifest->segments[i];
        GS_TRY(pin(self, &segment->segment, GS_SEGMENT_PREFIX, GS_SEGMENT_SUFFIX, err));
        GS_TRY(pin(self, &segment->deletes, GS_DELETES_PREFIX, GS_DELETES_SUFFIX, err));
    }
    return GSEARCH_OK;
}

/* Loads the newest generation and opens its files; again if a commit was faster. */
static gsearch_status pin_newest(backup *self, gsearch_error *err)
{
    uint64_t before = 0;
    for (unsigned attempt = 0;; attempt++) {
        GS_TRY(gs_manifest_load(self->from, self->mem, &self->manifest, err));
        gsearch_error fault = {0};
        gsearch_status status = pin_all(self, &fault);
        if (!status)
            return GSEARCH_OK;
        unpin(self);
        bool is_overtaken = status == GSEARCH_NOT_FOUND && attempt < ATTEMPTS_MAX &&
                            self->manifest.generation != before;
        before = self->manifest.generation;
        if (!is_overtaken)
            return gs_fail_as(err, &fault);
    }
}

static gsearch_status copy_file(backup *self, pinned_file *pinned, gsearch_error *err)
{
    gs_file *file;
    uint64_t size;
    bool is_there = !gs_dir_file_size(self->to, pinned->name, &size, NULL);
    GS_TRY(gs_file_create(self->to, &file, err));
    gs_bytes bytes = gs_map_bytes(pinned->map);
    gs_file_write(file, bytes.ptr, bytes.len);
    if (gs_map_lost(pinned->map)) {
        gs_file_abort(file);
        return gs_fail(err, GSEARCH_IO, "%s was cut short while it was copied", pinned->name);
    }
    GS_TRY(gs_file_publish(file, pinned->name, true, err));
    pinned->is_copied = !is_there;
    return GSEARCH_OK;
}

/* The same bytes again: a manifest has one text. */
static gsearch_status copy_manifest(backup *self, gsearch_error *err)
{
    GS_TRY(gs_dir_sync(self->to, err));
    gs_buf text;
    gs_buf_init(&text, self->mem, GS_MANIFEST_BYTES_MAX);
    gs_manifest_format(&self->manifest, &text);
    gs_file *file = NULL;
    gsearch_status status = text.status ? gs_fail_memory(err)
                                        : gs_file_create(self->to, &file, err);
    if (!status) {
        snprintf(self->name, sizeof(self->name),
                 GS_MANIFEST_PREFIX "%016" PRIx64 GS_MANIFEST_SUFFIX, self->manifest.generation);
        gs_file_write(file, text.data, text.len);
        status = gs_file_publish(file, self->name, false, err);
    }
    gs_buf_release(&text);
    return status ? status : gs_dir_sync(self->to, err);
}

/* Takes back what a copy that failed has made, the manifest first. */
static void undo(backup *self)
{
    if (self->name[0])
        (void)!gs_dir_remove(self->to, self->name, NULL);
    for (size_t i = 0; i < self->files_count; i++)
        if (self->files[i].is_copied)
            (void)!gs_dir_remove(self->to, self->files[i].name, NULL);
}

/* The target's lock is held from here on. */
static gsearch_status open_target(backup *self, const char *to, gsearch_error *err)
{
    gs_manifest there;
    gsearch_error fault = {0};
    GS_TRY(gs_dir_open(self->mem, to, true, &self->to, err));
    GS_TRY(gs_dir_lock(self->to, err));
    gsearch_status status = gs_manifest_load(self->to, self->mem, &there, &fault);
    if (status == GSEARCH_NO_INDEX)
        return gs_manifest_clean_temporary(self->to, err);
    if (status && status != GSEARCH_CORRUPT && status != GSEARCH_VERSION)
        return gs_fail_as(err, &fault);
    return gs_fail(err, GSEARCH_BAD_ARGUMENT, "%s has an index already: name a new folder", to);
}

static gsearch_status copy_all(backup *self, gs_backup_summary *out, gsearch_error *err)
{
    gs_backup_summary summary = {
        .generation = self->manifest.generation,
        .files = self->files_count + 1,
    };
    for (size_t i = 0; i < self->files_count; i++) {
        GS_TRY(copy_file(self, &self->files[i], err));
        summary.bytes += gs_map_bytes(self->files[i].map).len;
    }
    GS_TRY(copy_manifest(self, err));
    *out = summary;
    return GSEARCH_OK;
}

static gsearch_status run(backup *self, const char *from, const char *to, gs_backup_summary *out,
                          gsearch_error *err)
{
    GS_TRY(gs_dir_open(self->mem, from, false, &self->from, err));
    GS_TRY(pin_newest(self, err));
    GS_TRY(open_target(self, to, err));
    gsearch_status status = copy_all(self, out, err);
    if (status)
        undo(self);
    return status;
}

gsearch_status gs_backup_run(const char *from, const char *to, const gs_mem *mem,
                             gs_backup_summary *out, gsearch_error *err)
{
    backup *self = gs_mem_calloc(mem, 1, sizeof(*self));
    if (!self)
        return gs_fail_memory(err);
    self->mem = mem;
    gsearch_status status = run(self, from, to, out, err);
    unpin(self);
    gs_dir_close(self->from);
    gs_dir_close(self->to);
    gs_mem_free(mem, self);
    return status;
}
