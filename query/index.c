/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening a generation, sharing its snapshot among searches, taking the next one, and the sums that
 * ranking is made of.
 */
#include "query/index.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "common/base/sabotage.h"
#include "common/text/analyzer.h"

#define SCRUB_PAGES ((8u << 20) / GS_PAGE_BYTES) /* at a time */

struct gsearch_index {
    gs_mem own; // what `mem` points to if the caller gave an allocator
    const gs_mem *mem;
    char *path;
    bool map;
    bool durable;         // a generation is synced before it is shown
    pthread_mutex_t lock; // of `snapshot`
    gs_snapshot *snapshot;
};

static gsearch_status check_analyzer(const gs_manifest *manifest, gsearch_error *err)
{
    if (manifest->analyzer == GS_ANALYZER_VERSION &&
        strcmp(manifest->unicode, gs_analyzer_unicode()) == 0)
        return GSEARCH_OK;
    return gs_fail(err, GSEARCH_ANALYZER,
                   "the index was made by analyser %u with Unicode %s, this program has %u "
                   "with %s: build the index again",
                   manifest->analyzer, manifest->unicode, GS_ANALYZER_VERSION,
                   gs_analyzer_unicode());
}

static const gs_snapshot_segment *find_before(const gs_snapshot *before, gs_hash128 id)
{
    for (uint32_t i = 0; before && i < before->segments_count; i++) {
        gs_hash128 other = before->manifest.segments[i].segment.id;
        if (other.low == id.low && other.high == id.high)
            return &before->segments[i];
    }
    return NULL;
}

static gsearch_status open_deletes(gs_snapshot *snapshot, gs_dir *dir, bool map, uint32_t i,
                                   const gs_snapshot *before, gsearch_error *err)
{
    const gs_manifest_segment *row = &snapshot->manifest.segments[i];
    gs_hash128 id = row->deletes.id;
    const gs_snapshot_segment *old = find_before(before, row->segment.id);
    if (old && old->deletes) {
        gs_hash128 old_id = before->manifest.segments[old - before->segments].deletes.id;
        if (old_id.low == id.low && old_id.high == id.high) {
            snapshot->segments[i].deletes = gs_deletes_ref(old->deletes);
            return GSEARCH_OK;
        }
    }
    char hex[33], name[64];
    gs_hash128_text(id, hex);
    snprintf(name, sizeof(name), "del-%s.gsd", hex);
    return gs_deletes_open(dir, snapshot->mem, name, row->deletes.length, id, row->segment.id,
                           row->documents, map, &snapshot->segments[i].deletes, err);
}

static gsearch_status open_segment(gs_snapshot *snapshot, gs_dir *dir, bool map, uint32_t i,
                                   const gs_snapshot *before, gsearch_error *err)
{
    const gs_manifest_segment *row = &snapshot->manifest.segments[i];
    gs_snapshot_segment *out = &snapshot->segments[i];
    const gs_snapshot_segment *old = find_before(before, row->segment.id);
    if (old)
        out->segment = gs_segment_ref(old->segment);
    else
        GS_TRY(gs_segment_open(dir, snapshot->mem, row->segment.id, row->segment.length, map,
                               &out->segment, err));
    if (out->segment->docs.count != row->documents)
        return gs_corrupt(err, "the manifest says that %s has %u documents, it has %u",
                          gs_container_name_of(out->segment->container), row->documents,
                          out->segment->docs.count);
    if (row->deletes.length)
        GS_TRY(open_deletes(snapshot, dir, map, i, before, err));
    snapshot->documents += out->segment->docs.count;
    snapshot->total_length += out->segment->docs.total_length;
    if (out->deletes) {
        snapshot->documents -= out->deletes->deleted;
        snapshot->total_length -= out->deletes->deleted_length;
    }
    return GSEARCH_OK;
}

/* Makes a snapshot of the generation in `snapshot->manifest`. */
static gsearch_status open_files(gs_snapshot *snapshot, gs_dir *dir, bool map,
                                 const gs_snapshot *before, gsearch_error *err)
{
    GS_TRY(check_analyzer(&snapshot->manifest, err));
    uint32_t count = snapshot->manifest.segments_count;
    snapshot->segments = gs_mem_calloc(snapshot->mem, count + 1ull, sizeof(*snapshot->segments));
    if (!snapshot->segments)
        return gs_fail_memory(err);
    snapshot->segments_count = count;
    for (uint32_t i = 0; i < count; i++)
        GS_TRY(open_segment(snapshot, dir, map, i, before, err));
    return GSEARCH_OK;
}

static void snapshot_free(gs_snapshot *snapshot)
{
    gs_workspace_pool_release(&snapshot->pool);
    for (uint32_t i = 0; i < snapshot->segments_count; i++) {
        gs_segment_unref(snapshot->segments[i].segment);
        gs_deletes_unref(snapshot->segments[i].deletes);
    }
    gs_mem_free(snapshot->mem, snapshot->segments);
    gs_mem_free(snapshot->mem, snapshot);
}

/* Loads the newest generation under `*bound`, and makes that its number; 0 if there is none. */
static gsearch_status load_below(gs_dir *dir, const gs_mem *mem, bool map,
                                 const gs_snapshot *before, uint64_t *bound, gs_snapshot **out,
                                 gsearch_error *err)
{
    // a writer may remove old files after the manifest was read: go on while generations advance
    for (uint64_t tried = 0;;) {
        gs_snapshot *snapshot = gs_mem_calloc(mem, 1, sizeof(*snapshot));
        if (!snapshot)
            return gs_fail_memory(err);
        snapshot->mem = mem;
        snapshot->references = 1;
        gs_workspace_pool_init(&snapshot->pool, mem);
        gsearch_status status =
            gs_manifest_load_below(dir, mem, *bound, &snapshot->manifest, err);
        uint64_t generation = snapshot->manifest.generation;
        if (!status)
            status = open_files(snapshot, dir, map, before, err);
        if (!status) {
            *out = snapshot;
            return GSEARCH_OK;
        }
        snapshot_free(snapshot);
        bool is_missing = status == GSEARCH_NOT_FOUND;
        if (is_missing && generation <= tried)
            status = gs_corrupt(err, "generation %llu of %s: a file that it names is missing",
                                (unsigned long long)generation, gs_dir_path(dir));
        if (!is_missing || generation <= tried) {
            *bound = generation;
            return status;
        }
        tried = generation;
        gs_error_clear(err);
    }
}

gsearch_status gs_snapshot_load(gs_dir *dir, const gs_mem *mem, bool map, const gs_snapshot *before,
                                gs_snapshot **out, gsearch_error *err)
{
    uint64_t bound = UINT64_MAX;
    gsearch_error fault = {0};
    gsearch_status status = load_below(dir, mem, map, before, &bound, out, err);
    // who has a whole one keeps it; who has none takes the one before
    while (status == GSEARCH_CORRUPT && !before && bound) {
        gsearch_status older = load_below(dir, mem, map, NULL, &bound, out, &fault);
        if (!older)
            gs_error_clear(err);
        if (older != GSEARCH_CORRUPT)
            return older ? status : GSEARCH_OK;
    }
    return status;
}

gs_snapshot *gs_snapshot_ref(gs_snapshot *snapshot)
{
    __atomic_add_fetch(&snapshot->references, 1, __ATOMIC_RELAXED);
    return snapshot;
}

void gs_snapshot_unref(gs_snapshot *snapshot)
{
    if (snapshot && __atomic_sub_fetch(&snapshot->references, 1, __ATOMIC_ACQ_REL) == 0)
        snapshot_free(snapshot);
}

gsearch_status gs_snapshot_judge(const gs_snapshot *snapshot, gsearch_status status,
                                 gsearch_error *err)
{
    for (uint32_t i = 0; i < snapshot->segments_count; i++) {
        const gs_snapshot_segment *part = &snapshot->segments[i];
        GS_TRY(gs_container_alive(part->segment->container, err));
        if (part->deletes)
            GS_TRY(gs_container_alive(part->deletes->container, err));
    }
    return status;
}

gsearch_status gs_snapshot_scrub(const gs_snapshot *snapshot, gs_scrub *at, gsearch_error *err)
{
    if (at->file >= 2 * snapshot->segments_count) // a segment and its deletes in turn
        *at = (gs_scrub){0};
    for (uint64_t left = SCRUB_PAGES; left && at->file < 2 * snapshot->segments_count;) {
        const gs_snapshot_segment *part = &snapshot->segments[at->file / 2];
        gs_container *container = part->segment->container;
        if (at->file % 2)
            container = part->deletes ? part->deletes->container : NULL;
        uint64_t from = at->page;
        if (container)
            GS_TRY(gs_container_scrub(container, &at->page, left, err));
        if (container && !gs_container_ends(container, at->page))
            break;
        left -= at->page - from < left ? at->page - from : left;
        *at = (gs_scrub){.file = at->file + 1};
    }
    return GSEARCH_OK;
}

/* ---- statistics ---------------------------------------------------------------------------- */

gsearch_status gs_snapshot_gram_documents(const gs_snapshot *snapshot, uint64_t gram, uint64_t *out,
                                          gsearch_error *err)
{
    uint64_t documents = 0;
    for (uint32_t i = 0; i < snapshot->segments_count; i++) {
        const gs_snapshot_segment *part = &snapshot->segments[i];
        gs_list list;
        GS_TRY(gs_terms_find_gram(&part->segment->terms, gram, &list, err));
        if (list.count)
            documents += list.documents - gs_deletes_gram_share(part->deletes, gram);
    }
    *out = documents;
    return GSEARCH_OK;
}

gsearch_status gs_snapshot_word_documents(const gs_snapshot *snapshot, gs_bytes word, uint64_t *out,
                                          gsearch_error *err)
{
    uint64_t documents = 0;
    for (uint32_t i = 0; i < snapshot->segments_count; i++) {
        const gs_snapshot_segment *part = &snapshot->segments[i];
        gs_list list;
        uint32_t share = 0;
        GS_TRY(gs_terms_find_word(&part->segment->terms, word, &list, err));
        if (list.count)
            GS_TRY(gs_deletes_word_share(part->deletes, word, &share, err));
        documents += list.count ? list.documents - share : 0;
    }
    *out = documents;
    return GSEARCH_OK;
}

uint64_t gs_snapshot_character_documents(const gs_snapshot *snapshot, uint32_t code_point)
{
    uint64_t documents = 0;
    for (uint32_t i = 0; i < snapshot->segments_count; i++) {
        const gs_snapshot_segment *part = &snapshot->segments[i];
        documents += gs_terms_character(&part->segment->terms, code_point);
        documents -= gs_deletes_character_share(part->deletes, code_point);
    }
    return documents;
}

gsearch_status gs_snapshot_find(const gs_snapshot *snapshot, gs_bytes id, uint32_t *segment,
                                uint32_t *doc, bool *found, gsearch_error *err)
{
    *found = false;
    for (uint32_t i = 0; i < snapshot->segments_count && !*found; i++) {
        const gs_snapshot_segment *part = &snapshot->segments[i];
        uint32_t at = 0;
        GS_TRY(gs_segment_find_key(part->segment, id, &at, found, err));
        *found = *found && !gs_deletes_has(part->deletes, at);
        if (*found) {
            *segment = i;
            *doc = at;
        }
    }
    return GSEARCH_OK;
}

/* ---- the public handle --------------------------------------------------------------------- */

static gsearch_status sync_folder(const gsearch_index *index, gs_dir *dir, gsearch_error *err)
{
    gsearch_error fault = {0};
    gsearch_status status = index->durable ? gs_dir_sync(dir, &fault) : GSEARCH_OK;
    // file systems that nobody can write to may have no fsync, and nothing to take back
    if (status && fault.sys_errno != EINVAL && fault.sys_errno != EROFS)
        return gs_fail_as(err, &fault);
    return GSEARCH_OK;
}

/* The newest generation, fit to be shown. */
static gsearch_status load(const gsearch_index *index, gs_dir *dir, const gs_snapshot *before,
                           gs_snapshot **out, gsearch_error *err)
{
    gs_snapshot *snapshot;
    GS_TRY(gs_snapshot_load(dir, index->mem, index->map, before, &snapshot, err));
    gsearch_status status =
        GS_SABOTAGED(durable_answers) ? GSEARCH_OK : sync_folder(index, dir, err);
    if (status)
        gs_snapshot_unref(snapshot);
    else
        *out = snapshot;
    return status;
}

static gsearch_status open_index(const char *dir, const gsearch_index_options *options,
                                 bool durable, gsearch_index **out, gsearch_error *error)
{
    gs_mem given = {0};
    const gs_mem *mem = NULL;
    if (options && options->allocator) {
        given = (gs_mem){options->allocator->resize, options->allocator->payload};
        mem = &given;
    }
    gsearch_index *index = gs_mem_calloc(mem, 1, sizeof(*index));
    if (!index)
        return gs_fail_memory(error);
    index->own = given;
    index->mem = mem ? &index->own : NULL;
    index->map = options && options->map;
    index->durable = durable;
    pthread_mutex_init(&index->lock, NULL);
    gs_dir *folder = NULL;
    index->path = gs_mem_dup(index->mem, gs_bytes_str(dir));
    gsearch_status status = index->path ? gs_dir_open(index->mem, dir, false, &folder, error)
                                        : gs_fail_memory(error);
    if (!status)
        status = load(index, folder, NULL, &index->snapshot, error);
    gs_dir_close(folder);
    if (status) {
        gsearch_index_close(index);
        return status;
    }
    *out = index;
    return GSEARCH_OK;
}

gsearch_status gsearch_index_open(const char *dir, const gsearch_index_options *options,
                                  gsearch_index **out, gsearch_error *error)
{
    gs_error_clear(error);
    if (!dir || !out || (options && options->struct_size != sizeof(*options)))
        return gs_fail(error, GSEARCH_BAD_ARGUMENT,
                       "gsearch_index_open: dir, out or the size of the options is wrong");
    return open_index(dir, options, false, out, error);
}

gsearch_status gs_index_open_durable(const char *dir, gsearch_index **out, gsearch_error *err)
{
    const gsearch_index_options options = {.struct_size = sizeof(options), .map = true};
    return open_index(dir, &options, true, out, err);
}

gs_snapshot *gs_index_snapshot(gsearch_index *index)
{
    pthread_mutex_lock(&index->lock);
    gs_snapshot *snapshot = gs_snapshot_ref(index->snapshot);
    pthread_mutex_unlock(&index->lock);
    return snapshot;
}

gsearch_status gsearch_index_refresh(gsearch_index *index, bool *changed, gsearch_error *error)
{
    gs_error_clear(error);
    gs_dir *dir; // opened each time, for another folder may have taken the place of the first
    GS_TRY(gs_dir_open(index->mem, index->path, false, &dir, error));
    gs_snapshot *before = gs_index_snapshot(index);
    gs_manifest newest;
    gs_snapshot *after = NULL;
    gsearch_status status = gs_manifest_load(dir, index->mem, &newest, error);
    bool differs = !status && (newest.generation != before->manifest.generation ||
                               newest.checksum != before->manifest.checksum);
    // a newer one may be damaged, or that be mended, while the same generation answers
    bool is_stale = differs || (!status && newest.degraded != before->manifest.degraded);
    if (differs && newest.checksum == before->manifest.previous_checksum)
        status = gs_fail(error, GSEARCH_CORRUPT,
                         "generation %llu is gone or damaged on disk, and answers from memory; "
                         "after a restart generation %llu would",
                         (unsigned long long)before->manifest.generation,
                         (unsigned long long)newest.generation);
    if (is_stale && !status)
        status = load(index, dir, before, &after, error);
    gs_snapshot_unref(before);
    gs_dir_close(dir);
    if (status)
        return status;
    if (is_stale) {
        pthread_mutex_lock(&index->lock);
        gs_snapshot *old = index->snapshot;
        index->snapshot = after;
        pthread_mutex_unlock(&index->lock);
        gs_snapshot_unref(old);
    }
    if (changed)
        *changed = differs;
    return GSEARCH_OK;
}

void gsearch_index_close(gsearch_index *index)
{
    if (!index)
        return;
    gs_snapshot_unref(index->snapshot);
    gs_mem_free(index->mem, index->path);
    pthread_mutex_destroy(&index->lock);
    gs_mem mem = index->own;
    gs_mem_free(index->mem ? &mem : NULL, index);
}
