/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 1: the manifest, a text file a generation that names every other file of it. The newest
 * valid one is the index; none is ever changed.
 */
#ifndef GS_SEGMENT_MANIFEST_H
#define GS_SEGMENT_MANIFEST_H

#include "common/segment/container.h"
#include "common/base/limits.h"

typedef struct gs_manifest_file {
    gs_hash128 id;
    uint64_t length; /* 0: there is no such file */
} gs_manifest_file;

typedef struct gs_manifest_segment {
    gs_manifest_file segment;
    gs_manifest_file deletes;
    uint32_t documents; /* deleted ones included */
    uint32_t deleted;
} gs_manifest_segment;

typedef struct gs_manifest {
    uint64_t generation; /* 1 for the first; 0: there is no index yet */
    uint64_t previous_checksum; /* of the manifest before; 0 for the first */
    uint64_t checksum;          /* of this one, as in its last line */
    uint32_t analyzer;
    char unicode[16];
    gs_manifest_file inputs;
    gs_manifest_segment segments[GS_SEGMENTS_MAX];
    uint32_t segments_count;
    bool degraded; /* a newer manifest is there and cannot be used */
} gs_manifest;

/* The newest generation whose manifest parses and whose files are all there with the right length.
 * NO_INDEX if there is none and no manifest file at all; if manifests are there but none is usable,
 * the newest one's fault. If a newer one than the result is damaged, `degraded` is set; but if the
 * newest is whole and of another format, that is VERSION: another program is at work here. */
GS_CHECKED gsearch_status gs_manifest_load(gs_dir *dir, const gs_mem *mem, gs_manifest *out,
                                           gsearch_error *err);
/* The same for generations under `bound` alone. */
GS_CHECKED gsearch_status gs_manifest_load_below(gs_dir *dir, const gs_mem *mem, uint64_t bound,
                                                 gs_manifest *out, gsearch_error *err);

/* Appends what users are told of a degraded `manifest` in `dir`: one line without its end. */
void gs_manifest_put_warning(const gs_manifest *manifest, const char *dir, gs_buf *out);

/* Reads one manifest text (CORRUPT, VERSION), and appends one:
 * the text of `manifest`, whose checksum it sets. */
GS_CHECKED gsearch_status gs_manifest_parse(gs_bytes text, gs_manifest *out, gsearch_error *err);
void gs_manifest_format(gs_manifest *manifest, gs_buf *out);

/* The number of a manifest file; 0 for other names. */
uint64_t gs_manifest_generation(const char *name);

/* Publishes `manifest` as its generation: syncs the folder (all its files are published), writes
 * the manifest, syncs the folder again. Only then is it committed. LOCKED if the number is taken.
 * If the last sync fails the status is IO and the message says that the generation is visible but
 * not known to be durable. */
GS_CHECKED gsearch_status gs_manifest_commit(gs_dir *dir, const gs_mem *mem, gs_manifest *manifest,
                                             gsearch_error *err);

/* Removes what is in neither of the last GS_GENERATIONS_KEPT usable generations: files whose names
 * have exactly our patterns, and nothing else. While the newest manifest is unusable only temporary
 * files go, so that `salvage` finds all there is. Under the lock only. */
GS_CHECKED gsearch_status gs_manifest_clean(gs_dir *dir, const gs_mem *mem, gsearch_error *err);
/* Removes temporary files alone, which a run that was killed has left. Under the lock only. */
GS_CHECKED gsearch_status gs_manifest_clean_temporary(gs_dir *dir, gsearch_error *err);

#endif
