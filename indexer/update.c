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
        ORIGIN_OUTSIDE,  // a file that is not in the corpus and stays: `number` among the inputs
        ORIGIN_LIBRARY,  // no file, or none that is remembered
    } kind;
    uint32_t number;
    bool is_gone;    // its documents are to go
    bool is_covered; // it lies under the paths of the run
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
    size_t old_segments;        // of change.segments
    origin **origins;           // of each source of each segment
    size_t origins_count, origins_capacity;
    bool uncovers; // a document went, and one that it hid may have to come back
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

void gs_update_reasons(gs_buf *out, const gs_update_summary *summary)
{
    const char *comma = "";
    for (int why = 0; why < GS_SKIPS; why++) {
        if (!summary->reasons[why])
            continue;
        gs_buf_printf(out, "%s%s:%llu", comma, gs_skip_word((gs_skip)why),
                      (unsigned long long)summary->reasons[why]);
        comma = ",";
    }
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
static void count_skips(update *self, gs_bytes id, uint32_t count, gs_skip why, const char *detail)
{
    self->summary->skipped += count;
    self->summary->reasons[why] += count;
    if (!self->options->on_skip)
        return;
    char *text = gs_mem_dup(self->mem, id);
    self->options->on_skip(text ? text : "", why, detail, self->options->payload);
    gs_mem_free(self->mem, text);
}

static void on_skip(gs_bytes id, gs_skip why, const char *detail, void *payload)
{
    count_skips(payload, id, 1, why, detail);
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
    memcpy(file->skipped, known->skipped, sizeof(file->skipped));
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

static void choose_resources(const gs_update_options *options, gs_intake_options *out)
{
    uint64_t memory = options->memory_bytes ? options->memory_bytes : GS_MEMORY_BYTES_DEFAULT;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = options->threads ? options->threads : cores > 0 ? (unsigned)cores : 1;
    if (threads > GS_THREADS_MAX)
        threads = GS_THREADS_MAX;
    if (threads > memory / THREAD_BYTES_MIN)
        threads = memory < THREAD_BYTES_MIN ? 1 : (unsigned)(memory / THREAD_BYTES_MIN);
    out->memory_bytes = memory;
    out->threads = threads;
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
        uint8_t plan = self->corpus.files[number].plan;
        *out = (origin){.kind = ORIGIN_FILE,
                        .number = (uint32_t)number,
                        .is_gone = plan != GS_PLAN_KEEP && plan != GS_PLAN_LEFT,
                        .is_covered = true};
        return GSEARCH_OK;
    }
    out->is_covered = gs_corpus_covers(&self->corpus, path);
    if (out->is_covered && !gs_corpus_is_unseen(&self->corpus, path)) {
        out->kind = ORIGIN_VANISHED;
        out->is_gone = true;
    } else if (self->has_inputs) {
        bool found;
        GS_TRY(gs_strings_find(&self->inputs.paths, self->mem, path, &out->number, &found, err));
        if (found)
            out->kind = ORIGIN_OUTSIDE;
    }
    return GSEARCH_OK;
}

/* The same for a source of a segment that this run has made: standard input has none. */
static origin find_new_origin(const update *self, gs_bytes path)
{
    size_t number = path.len ? gs_corpus_find(&self->corpus, path) : self->corpus.files_count - 1;
    return (origin){.kind = ORIGIN_FILE, .number = (uint32_t)number, .is_covered = true};
}

static gsearch_status find_origins(const update *self, const gs_change_segment *segment,
                                   origin *out, gsearch_error *err)
{
    const gs_strings *sources = &segment->segment->sources;
    gs_buf path;
    gs_buf_init(&path, self->mem, GS_ID_BYTES_MAX);
    gsearch_status status = GSEARCH_OK;
    for (uint32_t i = 0; i < sources->count && !status; i++) {
        gs_buf_reset(&path);
        status = gs_strings_get(sources, i, &path, err);
        if (!status && segment->is_new)
            out[i] = find_new_origin(self, gs_buf_view(&path));
        else if (!status)
            status = find_origin(self, gs_buf_view(&path), &out[i], err);
    }
    gs_buf_release(&path);
    return status;
}

/* Finds the origins of the segments that have come since the last call, and anew those of the old
 * segments: what has become of files decides about their documents. */
static gsearch_status update_origins(update *self, gsearch_error *err)
{
    for (size_t i = 0; i < self->old_segments && i < self->origins_count; i++)
        GS_TRY(find_origins(self, &self->change.segments[i], self->origins[i], err));
    void *origins = self->origins;
    if (!gs_mem_grow(self->mem, &origins, &self->origins_capacity, self->change.segments_count,
                     SIZE_MAX, sizeof(*self->origins)))
        return gs_fail_memory(err);
    self->origins = origins;
    while (self->origins_count < self->change.segments_count) {
        const gs_change_segment *segment = &self->change.segments[self->origins_count];
        origin *added =
            gs_mem_calloc(self->mem, (size_t)segment->segment->sources.count + 1, sizeof(*added));
        if (!added)
            return gs_fail_memory(err);
        self->origins[self->origins_count++] = added;
        GS_TRY(find_origins(self, segment, added, err));
    }
    return GSEARCH_OK;
}

static const origin *origin_of(const update *self, size_t segment, uint32_t doc)
{
    return &self->origins[segment][gs_segment_source(self->change.segments[segment].segment, doc)];
}

/* ---- which documents stay ---- */

static uint32_t place_of(gs_bytes source, void *payload)
{
    return find_new_origin(payload, source).number;
}

static void on_shadowed(gs_bytes id, uint32_t place, void *payload)
{
    update *self = payload;
    self->corpus.files[place].shadowed++;
    on_skip(id, GS_SKIP_DUPLICATE, "", self);
}

/* True if a document that is in the index stays although a new one from `place` has its id. */
static bool stays_against(const update *self, const origin *old, uint32_t place)
{
    if (old->is_gone)
        return false;
    if (old->kind == ORIGIN_FILE)
        return old->number > place;
    return self->corpus.files[place].is_same; // then the file lost against it before
}

/* A new document meets a living one with its id: one of them goes. */
static void settle(update *self, gs_bytes id, size_t new_segment, uint32_t new_doc,
                   size_t old_segment, uint32_t old_doc)
{
    const origin *old = origin_of(self, old_segment, old_doc);
    uint32_t place = origin_of(self, new_segment, new_doc)->number;
    if (stays_against(self, old, place)) {
        on_shadowed(id, place, self);
        gs_change_delete(&self->change.segments[new_segment], new_doc);
        return;
    }
    bool is_own = old->kind == ORIGIN_FILE && old->number == place;
    if (!old->is_gone && old->kind == ORIGIN_FILE && !is_own)
        on_shadowed(id, old->number, self);
    else if (!old->is_gone && old->kind == ORIGIN_OUTSIDE)
        self->outside_shadowed[old->number]++;
    // Documents of files between the two were hidden by the old one and are not by the new one.
    if (old->is_gone && (old->kind != ORIGIN_FILE || old->number > place))
        self->uncovers = true;
    gs_change_delete(&self->change.segments[old_segment], old_doc);
    if (old_segment >= self->old_segments)
        return; // its id is counted already
    if (is_own && self->corpus.files[place].is_same)
        self->summary->unchanged++;
    else
        self->summary->replaced++;
}

/* Compares a new segment with all before `first`. */
static gsearch_status settle_segment(update *self, size_t number, size_t first, gsearch_error *err)
{
    const gs_change_segment *segment = &self->change.segments[number];
    gs_buf id;
    gs_buf_init(&id, self->mem, GS_ID_BYTES_MAX);
    gsearch_status status = GSEARCH_OK;
    for (uint32_t doc = 0; doc < segment->file.documents && !status; doc++) {
        if (!gs_change_is_live(segment, doc))
            continue;
        size_t old_segment = first;
        uint32_t old_doc = 0;
        gs_buf_reset(&id);
        status = gs_segment_key(segment->segment, doc, &id, err);
        if (!status)
            status = gs_change_find(&self->change, 0, first, gs_buf_view(&id), &old_segment,
                                    &old_doc, err);
        if (!status && old_segment < first)
            settle(self, gs_buf_view(&id), number, doc, old_segment, old_doc);
        else if (!status)
            self->summary->added++;
    }
    gs_buf_release(&id);
    return status;
}

static gsearch_status settle_batches(update *self, const gs_intake_result *taken,
                                     gsearch_error *err)
{
    gs_change_order order = {.place = place_of, .on_shadowed = on_shadowed, .payload = self};
    size_t first = self->change.segments_count;
    tell(self, "writing");
    GS_TRY(gs_change_write(&self->change, taken->batches, taken->batches_count, true, false,
                           &order, err));
    GS_TRY(update_origins(self, err));
    for (size_t i = first; i < self->change.segments_count; i++)
        GS_TRY(settle_segment(self, i, first, err));
    return GSEARCH_OK;
}

/* Takes in the files whose plan is `plan`, up to which of their documents stay. */
static gsearch_status take_in(update *self, gs_corpus_plan plan, gsearch_error *err)
{
    gs_intake_options intake = {
        .corpus = &self->corpus,
        .dir = self->change.dir,
        .mem = self->mem,
        .watch = {.on_skip = on_skip,
                  .on_bytes = on_bytes,
                  .payload = self,
                  .stop = self->options->stop},
    };
    gs_intake_result taken = {0};
    choose_resources(self->options, &intake);
    gsearch_status status = gs_intake_run(&intake, plan, &taken, err);
    self->summary->replacements += taken.replacements;
    self->summary->bytes += taken.bytes;
    if (!status && taken.batches_count)
        status = settle_batches(self, &taken, err);
    else if (!status)
        status = update_origins(self, err);
    gs_intake_release(&taken, self->mem);
    return status;
}

/* A living document that is to go and that no new one has replaced leaves its id free. */
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

/* Takes files in again that have documents which another one hid. */
static gsearch_status take_in_hidden(update *self, gsearch_error *err)
{
    bool has_hidden = false;
    for (size_t i = 0; i < self->corpus.files_count; i++) {
        gs_corpus_file *file = &self->corpus.files[i];
        if (file->plan == GS_PLAN_KEEP && file->shadowed) {
            file->plan = GS_PLAN_AGAIN;
            has_hidden = true;
            self->progress.files_total++;
            self->progress.bytes_total += file->size;
        }
    }
    return has_hidden ? take_in(self, GS_PLAN_AGAIN, err) : GSEARCH_OK;
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
            } else if (from->is_covered) {
                self->summary->unchanged++;
            }
        }
    }
}

/* Counts the bad records of files that were not read again: they are as bad as before. */
static void recall_skips(update *self)
{
    gs_buf id;
    gs_buf_init(&id, self->mem, 4 * GS_ID_BYTES_MAX);
    for (size_t i = 0; i < self->corpus.files_count; i++) {
        const gs_corpus_file *file = &self->corpus.files[i];
        for (int why = 0; why < GS_INPUT_REASONS && file->plan == GS_PLAN_KEEP; why++) {
            char detail[48];
            if (!file->skipped[why])
                continue;
            snprintf(detail, sizeof(detail), "%u of its records, as before", file->skipped[why]);
            gs_buf_reset(&id);
            gs_path_id(&id, gs_bytes_str(file->path));
            count_skips(self, gs_buf_view(&id), file->skipped[why],
                        gs_corpus_reason((gs_input_reason)why), detail);
        }
    }
    gs_buf_release(&id);
}

/* ---- what is remembered of the files ---- */

static bool is_remembered(const gs_corpus_file *file)
{
    return !file->is_stdin && file->plan != GS_PLAN_SKIPPED && file->plan != GS_PLAN_LEFT;
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
    memcpy(input.skipped, file->skipped, sizeof(input.skipped));
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
        bool has_vanished = gs_corpus_covers(&self->corpus, view) &&
                            !gs_corpus_is_unseen(&self->corpus, view);
        bool is_in_corpus = gs_corpus_find(&self->corpus, view) < self->corpus.files_count;
        if (status || has_vanished || is_in_corpus)
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

/* CORRUPT stands for data at fault, here the inputs: no other status ends a program with 65. */
static gsearch_status check_strict(const update *self, gsearch_error *err)
{
    const gs_update_summary *summary = self->summary;
    if (!self->options->strict || summary->skipped == 0)
        return GSEARCH_OK;
    gs_buf reasons;
    gs_buf_init(&reasons, self->mem, SIZE_MAX);
    gs_update_reasons(&reasons, summary);
    gsearch_status status =
        gs_fail(err, GSEARCH_CORRUPT,
                "%llu inputs were skipped (%.*s): nothing was committed, the index is as it was; "
                "list them with -v, mend them or run without --strict",
                (unsigned long long)summary->skipped, (int)reasons.len, (const char *)reasons.data);
    gs_buf_release(&reasons);
    return status;
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
    GS_TRY(gs_change_open(self->options->dir, self->mem, true, &self->change, err));
    if (self->options->on_opened)
        self->options->on_opened(self->options->payload);
    self->old_segments = self->change.segments_count;
    GS_TRY(open_inputs(self, err));
    GS_TRY(plan_files(self, err));
    tell(self, "reading");
    GS_TRY(take_in(self, GS_PLAN_READ, err));
    if (self->uncovers || frees_ids(self))
        GS_TRY(take_in_hidden(self, err));
    remove_gone(self);
    recall_skips(self);
    tell(self, "merging");
    GS_TRY(commit(self, err));
    self->summary->generation = self->change.manifest.generation;
    return GSEARCH_OK;
}

static void release(update *self)
{
    for (size_t i = 0; i < self->origins_count; i++)
        gs_mem_free(self->mem, self->origins[i]);
    gs_mem_free(self->mem, self->origins);
    gs_mem_free(self->mem, self->outside_shadowed);
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
