/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns one run of `gsearch index`: which files are read, which documents come and go, and what is
 * remembered of the files.
 *
 * Files of the run are ordered by their paths; of documents with one id that of the last file
 * stays, so a run that reads a few files leaves what a run that reads all would have made. A file
 * outside the run, the library and standard input have no place in that order: there the newer one
 * stays.
 */
#include "indexer/update.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "common/segment/inputs.h"
#include "indexer/change.h"
#include "indexer/intake.h"
#include "indexer/reader.h"

#define THREAD_BYTES_MIN (24ull << 20) /* with less memory a thread would only sort tiny runs */

/* Where a document of the index came from, as this run sees it. */
typedef struct origin {
    enum {
        ORIGIN_FILE,     // a file of the run, `number` in the corpus
        ORIGIN_VANISHED, // a file that should be in the corpus and is not
        ORIGIN_OUTSIDE,  // another file: `number` among the inputs
        ORIGIN_LIBRARY,  // no file
    } kind;
    uint32_t number;
    bool is_gone; // its documents are to go
} origin;

typedef struct update {
    const gs_update_options *options;
    const gs_mem *mem;
    gs_update_summary *summary;
    gs_update_progress progress;
    struct timespec begin;
    gs_corpus corpus;
    gs_change change;
    gs_inputs inputs; // of the generation that stands
    bool has_inputs;
    uint32_t *outside_shadowed; // a number an input: documents that this run replaced
    gs_intake_result intake;
    size_t old_segments; // of change.segments
    origin **origins;    // of each source of each segment
} update;

const char *gs_skip_word(gs_skip skip)
{
    static const char *const words[GS_SKIPS] = {
#define GS_SKIP_WORD(name, word) word,
        GS_SKIP_LIST(GS_SKIP_WORD)
#undef GS_SKIP_WORD
    };
    return words[skip];
}

/* ---- telling ---- */

static double seconds_since(const struct timespec *begin)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

static void tell(update *self, const char *stage)
{
    self->progress.stage = stage;
    self->progress.seconds = seconds_since(&self->begin);
    if (self->options->on_progress)
        self->options->on_progress(&self->progress, self->options->payload);
}

static void on_bytes(uint64_t files, uint64_t bytes, void *payload)
{
    update *self = payload;
    self->progress.files_done += files;
    self->progress.bytes_done += bytes;
    tell(self, "reading");
}

/* `id` is the id of a document or of a whole file. */
static void on_skip(gs_bytes id, gs_skip why, const char *detail, void *payload)
{
    update *self = payload;
    self->summary->skipped++;
    self->summary->reasons[why]++;
    if (!self->options->on_skip)
        return;
    char *text = gs_mem_dup(self->mem, id);
    self->options->on_skip(text ? text : "", why, detail, self->options->payload);
    gs_mem_free(self->mem, text);
}

static void on_path_skip(gs_bytes path, gs_skip why, const char *detail, void *payload)
{
    update *self = payload;
    gs_buf id;
    gs_buf_init(&id, self->mem, 4 * GS_ID_BYTES_MAX);
    gs_path_id(&id, path.len ? path : gs_bytes_str("."));
    on_skip(gs_buf_view(&id), why, detail, self);
    gs_buf_release(&id);
}

/* ---- which files to read ---- */

static gsearch_status open_inputs(update *self, gsearch_error *err)
{
    const gs_manifest_file *file = &self->change.manifest.inputs;
    if (!file->length)
        return GSEARCH_OK;
    char hex[33];
    char name[64];
    gs_hash128_text(file->id, hex);
    snprintf(name, sizeof(name), "inputs-%s.gsi", hex);
    GS_TRY(gs_inputs_open(self->change.dir, self->mem, name, file->length, file->id, &self->inputs,
                          err));
    self->has_inputs = true;
    self->outside_shadowed =
        gs_mem_calloc(self->mem, (size_t)self->inputs.paths.count + 1, sizeof(uint32_t));
    return self->outside_shadowed ? GSEARCH_OK : gs_fail_memory(err);
}

static gsearch_status plan_known(update *self, gs_corpus_file *file, const gs_input *known,
                                 gsearch_error *err)
{
    bool has_size = file->size == known->size;
    file->is_known = true;
    file->hash = known->hash;
    file->documents = known->documents;
    file->shadowed = known->shadowed;
    if (has_size && file->mtime_ns == known->mtime_ns) {
        file->plan = GS_PLAN_KEEP;
    } else if (has_size) {
        uint64_t hash;
        bool is_readable;
        GS_TRY(gs_reader_hash(file, self->mem, &hash, &is_readable, err));
        if (is_readable && hash == known->hash)
            file->plan = GS_PLAN_KEEP;
    }
    return GSEARCH_OK;
}

static gsearch_status plan_files(update *self, gsearch_error *err)
{
    for (size_t i = 0; i < self->corpus.files_count; i++) {
        gs_corpus_file *file = &self->corpus.files[i];
        file->plan = GS_PLAN_READ;
        if (file->is_stdin || !self->has_inputs)
            continue;
        uint32_t at;
        bool found;
        GS_TRY(gs_strings_find(&self->inputs.paths, self->mem, gs_bytes_str(file->path), &at,
                               &found, err));
        if (!found)
            continue;
        gs_input known = gs_inputs_get(&self->inputs, at);
        GS_TRY(plan_known(self, file, &known, err));
    }
    for (size_t i = 0; i < self->corpus.files_count; i++) {
        if (self->corpus.files[i].plan == GS_PLAN_READ) {
            self->progress.files_total++;
            self->progress.bytes_total += self->corpus.files[i].size;
        }
    }
    return GSEARCH_OK;
}

static gsearch_status take_in(update *self, gs_corpus_plan plan, gsearch_error *err)
{
    const gs_update_options *options = self->options;
    uint64_t memory = options->memory_bytes ? options->memory_bytes : GS_MEMORY_BYTES_DEFAULT;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = options->threads ? options->threads : cores > 0 ? (unsigned)cores : 1;
    if (threads > GS_THREADS_MAX)
        threads = GS_THREADS_MAX;
    if (threads > memory / THREAD_BYTES_MIN)
        threads = memory < THREAD_BYTES_MIN ? 1 : (unsigned)(memory / THREAD_BYTES_MIN);
    gs_intake_options intake = {
        .corpus = &self->corpus,
        .dir = self->change.dir,
        .mem = self->mem,
        .memory_bytes = memory,
        .threads = threads,
        .watch = {.on_skip = on_skip, .on_bytes = on_bytes, .payload = self, .stop = options->stop},
    };
    return gs_intake_run(&intake, plan, &self->intake, err);
}

/* ---- where documents come from ---- */

static gsearch_status find_origin(const update *self, gs_bytes path, origin *out,
                                  gsearch_error *err)
{
    *out = (origin){.kind = ORIGIN_LIBRARY};
    if (path.len == 0)
        return GSEARCH_OK;
    size_t number = gs_corpus_find(&self->corpus, path);
    if (number < self->corpus.files_count) {
        bool is_kept = self->corpus.files[number].plan == GS_PLAN_KEEP;
        *out = (origin){.kind = ORIGIN_FILE, .number = (uint32_t)number, .is_gone = !is_kept};
    } else if (gs_corpus_covers(&self->corpus, path)) {
        *out = (origin){.kind = ORIGIN_VANISHED, .is_gone = true};
    } else if (self->has_inputs) {
        uint32_t at;
        bool found;
        GS_TRY(gs_strings_find(&self->inputs.paths, self->mem, path, &at, &found, err));
        if (found)
            *out = (origin){.kind = ORIGIN_OUTSIDE, .number = at};
    }
    return GSEARCH_OK;
}

/* Finds the origins of the sources of a segment of the generation that stands. */
static gsearch_status find_origins(const update *self, const gs_segment *segment, origin *out,
                                   gsearch_error *err)
{
    gs_buf path;
    gs_buf_init(&path, self->mem, GS_ID_BYTES_MAX);
    gsearch_status status = GSEARCH_OK;
    for (uint32_t i = 0; i < segment->sources.count && !status; i++) {
        gs_buf_reset(&path);
        status = gs_strings_get(&segment->sources, i, &path, err);
        if (!status)
            status = find_origin(self, gs_buf_view(&path), &out[i], err);
    }
    gs_buf_release(&path);
    return status;
}

static gsearch_status find_all_origins(update *self, gsearch_error *err)
{
    self->old_segments = self->change.segments_count;
    self->origins = gs_mem_calloc(self->mem, self->old_segments + 1, sizeof(*self->origins));
    if (!self->origins)
        return gs_fail_memory(err);
    for (size_t i = 0; i < self->old_segments; i++) {
        const gs_segment *segment = self->change.segments[i].segment;
        self->origins[i] =
            gs_mem_calloc(self->mem, (size_t)segment->sources.count + 1, sizeof(origin));
        if (!self->origins[i])
            return gs_fail_memory(err);
        GS_TRY(find_origins(self, segment, self->origins[i], err));
    }
    return GSEARCH_OK;
}

static const origin *origin_of(const update *self, size_t segment, uint32_t doc)
{
    return &self->origins[segment][gs_segment_source(self->change.segments[segment].segment, doc)];
}

/* True if a living document is to go, so that its id becomes free. */
static bool frees_ids(const update *self)
{
    for (size_t i = 0; i < self->old_segments; i++) {
        const gs_change_segment *segment = &self->change.segments[i];
        for (uint32_t doc = 0; doc < segment->file.documents; doc++) {
            if (gs_change_is_live(segment, doc) && origin_of(self, i, doc)->is_gone)
                return true;
        }
    }
    return false;
}

/* Has files read again that gave documents which another one hid: an id may have become free. */
static gsearch_status take_in_hidden(update *self, gsearch_error *err)
{
    bool has_hidden = false;
    if (!frees_ids(self))
        return GSEARCH_OK;
    for (size_t i = 0; i < self->corpus.files_count; i++) {
        gs_corpus_file *file = &self->corpus.files[i];
        if (file->plan == GS_PLAN_KEEP && file->shadowed) {
            file->plan = GS_PLAN_AGAIN;
            has_hidden = true;
        }
    }
    if (!has_hidden)
        return GSEARCH_OK;
    GS_TRY(take_in(self, GS_PLAN_AGAIN, err));
    for (size_t i = 0; i < self->old_segments; i++)
        GS_TRY(find_origins(self, self->change.segments[i].segment, self->origins[i], err));
    return GSEARCH_OK;
}

/* ---- which documents stay ---- */

/* The file of a new document; standard input, whose documents have no source, is the last. */
static uint32_t place_of_new(gs_bytes source, void *payload)
{
    const update *self = payload;
    return (uint32_t)(source.len ? gs_corpus_find(&self->corpus, source)
                                 : self->corpus.files_count - 1);
}

static void on_shadowed(gs_bytes id, uint32_t place, void *payload)
{
    update *self = payload;
    self->corpus.files[place].shadowed++;
    on_skip(id, GS_SKIP_DUPLICATE, "", self);
}

/* A new document meets a living one with its id: one of them goes. */
static void settle(update *self, gs_bytes id, gs_change_segment *new_segment, uint32_t new_doc,
                   uint32_t place, size_t old_segment, uint32_t old_doc)
{
    const origin *old = origin_of(self, old_segment, old_doc);
    const gs_corpus_file *file = &self->corpus.files[place];
    bool old_stays = false;
    if (old->kind == ORIGIN_FILE && !old->is_gone) {
        old_stays = old->number > place;
        on_shadowed(id, old_stays ? place : old->number, self);
    } else if (!old->is_gone && file->is_same) {
        old_stays = true; // the file lost against it before
        on_shadowed(id, place, self);
    } else if (old->kind == ORIGIN_OUTSIDE) {
        self->outside_shadowed[old->number]++;
    }
    if (old_stays) {
        gs_change_delete(new_segment, new_doc);
        return;
    }
    gs_change_delete(&self->change.segments[old_segment], old_doc);
    bool is_same = old->kind == ORIGIN_FILE && old->number == place && file->is_same;
    if (is_same)
        self->summary->unchanged++;
    else
        self->summary->replaced++;
}

static gsearch_status settle_document(update *self, gs_change_segment *segment, uint32_t doc,
                                      const uint32_t *places, gs_buf *id, gsearch_error *err)
{
    gs_buf_reset(id);
    GS_TRY(gs_segment_key(segment->segment, doc, id, err));
    size_t old_segment;
    uint32_t old_doc;
    GS_TRY(gs_change_find(&self->change, 0, self->old_segments, gs_buf_view(id), &old_segment,
                          &old_doc, err));
    if (old_segment == self->old_segments)
        self->summary->added++;
    else
        settle(self, gs_buf_view(id), segment, doc,
               places[gs_segment_source(segment->segment, doc)], old_segment, old_doc);
    return GSEARCH_OK;
}

/* The files of the sources of a new segment. */
static gsearch_status find_places(update *self, const gs_segment *segment, uint32_t *out,
                                  gsearch_error *err)
{
    gs_buf path;
    gs_buf_init(&path, self->mem, GS_ID_BYTES_MAX);
    gsearch_status status = GSEARCH_OK;
    for (uint32_t i = 0; i < segment->sources.count && !status; i++) {
        gs_buf_reset(&path);
        status = gs_strings_get(&segment->sources, i, &path, err);
        if (!status)
            out[i] = place_of_new(gs_buf_view(&path), self);
    }
    gs_buf_release(&path);
    return status;
}

static gsearch_status settle_segment(update *self, gs_change_segment *segment, gsearch_error *err)
{
    uint32_t *places =
        gs_mem_calloc(self->mem, (size_t)segment->segment->sources.count + 1, sizeof(*places));
    if (!places)
        return gs_fail_memory(err);
    gs_buf id;
    gs_buf_init(&id, self->mem, GS_ID_BYTES_MAX);
    gsearch_status status = find_places(self, segment->segment, places, err);
    for (uint32_t doc = 0; doc < segment->file.documents && !status; doc++) {
        if (gs_change_is_live(segment, doc))
            status = settle_document(self, segment, doc, places, &id, err);
    }
    gs_buf_release(&id);
    gs_mem_free(self->mem, places);
    return status;
}

/* Deletes what is left of documents that are to go, and counts what stays. */
static void remove_gone(update *self)
{
    for (size_t i = 0; i < self->old_segments; i++) {
        gs_change_segment *segment = &self->change.segments[i];
        for (uint32_t doc = 0; doc < segment->file.documents; doc++) {
            if (!gs_change_is_live(segment, doc))
                continue;
            const origin *from = origin_of(self, i, doc);
            if (from->is_gone) {
                gs_change_delete(segment, doc);
                self->summary->removed++;
            } else if (from->kind == ORIGIN_FILE) {
                self->summary->unchanged++;
            }
        }
    }
}

static gsearch_status settle_all(update *self, gsearch_error *err)
{
    gs_change_order order = {.place = place_of_new, .on_shadowed = on_shadowed, .payload = self};
    if (self->intake.batches_count)
        GS_TRY(gs_change_write(&self->change, self->intake.batches, self->intake.batches_count,
                               true, &order, err));
    for (size_t i = self->old_segments; i < self->change.segments_count; i++)
        GS_TRY(settle_segment(self, &self->change.segments[i], err));
    remove_gone(self);
    return GSEARCH_OK;
}

/* ---- what is remembered of the files ---- */

static bool is_remembered(const gs_corpus_file *file)
{
    return !file->is_stdin && file->plan != GS_PLAN_SKIPPED;
}

static void remember_file(gs_inputs_writer *writer, const gs_corpus_file *file)
{
    gs_input input = {
        .size = file->size,
        .mtime_ns = file->mtime_ns,
        .hash = file->hash,
        .documents = file->documents,
        .shadowed = file->shadowed,
    };
    gs_inputs_writer_add(writer, gs_bytes_str(file->path), &input);
}

static void remember_outside(const update *self, gs_inputs_writer *writer, gs_bytes path,
                             uint32_t number)
{
    gs_input input = gs_inputs_get(&self->inputs, number);
    // An id that became free may be one that it has.
    if (input.shadowed && self->summary->removed)
        input.size = GS_SIZE_IN_DOUBT;
    input.shadowed += self->outside_shadowed[number];
    gs_inputs_writer_add(writer, path, &input);
}

/* Adds the files of the run up to `path`, or all that are left if it is NULL. */
static void remember_files(const update *self, gs_inputs_writer *writer, size_t *next,
                           const gs_bytes *path)
{
    for (; *next < self->corpus.files_count; (*next)++) {
        const gs_corpus_file *file = &self->corpus.files[*next];
        if (path && gs_bytes_compare(gs_bytes_str(file->path), *path) > 0)
            return;
        if (is_remembered(file))
            remember_file(writer, file);
    }
}

static gsearch_status remember_all(const update *self, gs_inputs_writer *writer, gsearch_error *err)
{
    gs_buf path;
    gs_buf_init(&path, self->mem, GS_ID_BYTES_MAX);
    size_t next = 0;
    gsearch_status status = GSEARCH_OK;
    uint32_t count = self->has_inputs ? self->inputs.paths.count : 0;
    for (uint32_t i = 0; i < count && !status; i++) {
        gs_buf_reset(&path);
        status = gs_strings_get(&self->inputs.paths, i, &path, err);
        gs_bytes view = gs_buf_view(&path);
        if (status || gs_corpus_covers(&self->corpus, view))
            continue;
        remember_files(self, writer, &next, &view);
        remember_outside(self, writer, view, i);
    }
    if (!status)
        remember_files(self, writer, &next, NULL);
    gs_buf_release(&path);
    return status;
}

static gsearch_status write_inputs(const update *self, gs_manifest_file *out, gsearch_error *err)
{
    gs_inputs_writer writer;
    gs_inputs_writer_init(&writer, self->mem);
    gs_container_name name;
    gsearch_status status = remember_all(self, &writer, err);
    if (!status)
        status = gs_inputs_writer_finish(&writer, self->change.dir, &name, err);
    gs_inputs_writer_release(&writer);
    if (!status)
        *out = (gs_manifest_file){.id = name.id, .length = name.length};
    return status;
}

/* ---- the run ---- */

static gsearch_status check_strict(const update *self, gsearch_error *err)
{
    const gs_update_summary *summary = self->summary;
    if (!self->options->strict || summary->skipped == 0)
        return GSEARCH_OK;
    size_t why = 0;
    while (summary->reasons[why] == 0)
        why++;
    return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                   "%llu files or records were skipped (%s and perhaps others) and the run is "
                   "strict; nothing was committed",
                   (unsigned long long)summary->skipped, gs_skip_word((gs_skip)why));
}

static gsearch_status check_options(const gs_update_options *options, gsearch_error *err)
{
    if (options->paths_count == 0)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "no path to index");
    if (options->memory_bytes && options->memory_bytes < GS_MEMORY_BYTES_MIN)
        return gs_fail(err, GSEARCH_LIMIT, "memory is below the least of %llu bytes",
                       (unsigned long long)GS_MEMORY_BYTES_MIN);
    if (options->threads > GS_THREADS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "more than %u threads", GS_THREADS_MAX);
    return GSEARCH_OK;
}

static gsearch_status commit(update *self, gsearch_error *err)
{
    const gs_update_summary *summary = self->summary;
    GS_TRY(check_strict(self, err));
    bool is_changed = summary->added || summary->replaced || summary->removed;
    if (!is_changed && self->change.manifest.generation)
        return GSEARCH_OK;
    if (self->options->stop && *self->options->stop)
        return gs_fail(err, GSEARCH_BUSY, "stopped by a signal");
    gs_manifest_file inputs;
    GS_TRY(write_inputs(self, &inputs, err));
    return gs_change_commit(&self->change, inputs, err);
}

static gsearch_status run(update *self, gsearch_error *err)
{
    gs_corpus_options corpus = {
        .paths = self->options->paths,
        .paths_count = self->options->paths_count,
        .index_dir = self->options->dir,
        .on_skip = on_path_skip,
        .payload = self,
        .stop = self->options->stop,
    };
    GS_TRY(check_options(self->options, err));
    GS_TRY(gs_corpus_walk(&self->corpus, self->mem, &corpus, err));
    GS_TRY(gs_change_open(self->options->dir, self->mem, &self->change, err));
    GS_TRY(open_inputs(self, err));
    GS_TRY(plan_files(self, err));
    tell(self, "reading");
    GS_TRY(take_in(self, GS_PLAN_READ, err));
    GS_TRY(find_all_origins(self, err));
    GS_TRY(take_in_hidden(self, err));
    tell(self, "writing");
    GS_TRY(settle_all(self, err));
    self->summary->replacements = self->intake.replacements;
    self->summary->bytes = self->intake.bytes;
    tell(self, "merging");
    GS_TRY(commit(self, err));
    self->summary->generation = self->change.manifest.generation;
    return GSEARCH_OK;
}

static void release(update *self)
{
    if (self->origins) {
        for (size_t i = 0; i < self->old_segments; i++)
            gs_mem_free(self->mem, self->origins[i]);
    }
    gs_mem_free(self->mem, self->origins);
    gs_mem_free(self->mem, self->outside_shadowed);
    gs_intake_release(&self->intake, self->mem);
    if (self->has_inputs)
        gs_inputs_close(&self->inputs);
    gs_change_close(&self->change);
    gs_corpus_release(&self->corpus);
}

gsearch_status gs_update_run(const gs_update_options *options, gs_update_summary *out,
                             gsearch_error *err)
{
    gs_update_summary summary = {0};
    update self = {.options = options, .mem = options->mem, .summary = &summary};
    clock_gettime(CLOCK_MONOTONIC, &self.begin);
    gsearch_status status = run(&self, err);
    summary.seconds = seconds_since(&self.begin);
    release(&self);
    if (!status)
        *out = summary;
    return status;
}
