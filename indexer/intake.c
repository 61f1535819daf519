/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the threads of a run. Under the lock a thread is dealt a stretch: names of whole files, and
 * slices of files of lines, as much as makes a batch. Then it reads them into a batch of its own
 * without the lock. Stretches end where text blocks end, so their size may follow the corpus and
 * the threads.
 */
#include "indexer/intake.h"

#include <pthread.h>

#include "common/base/limits.h"
#include "indexer/formats/formats.h"
#include "indexer/reader.h"

#define STRETCH_BYTES_MIN (2ull << 20)
#define STRETCH_BYTES_MAX (64ull << 20)
#define STRETCHES_A_THREAD 8u /* so that threads end together */
#define STRETCHES_MAX 512u    /* each batch may keep a file open */
#define PART_BYTES 256u       /* what a part counts for besides its bytes */
#define BUFFER_KEEP_BYTES (4u << 20)

/* A file of lines that is being dealt out or still read. Under the lock. */
typedef struct open_lines {
    gs_line_file *file;
    uint32_t users;
} open_lines;

typedef struct part {
    uint32_t file; // of the corpus
    bool ends_block;
    open_lines *lines; // NULL: the whole file
    gs_line_slice slice;
} part;

typedef struct stretch {
    part *parts;
    size_t parts_count, parts_capacity;
    size_t number; // its place among the batches
} stretch;

typedef struct intake {
    const gs_intake_options *options;
    gs_corpus_plan plan;
    gs_intake_result *result;
    uint64_t stretch_bytes;
    size_t batch_bytes;
    pthread_mutex_t lock;
    // all below under the lock
    size_t next_file;
    open_lines *lines;    // being dealt out, or NULL
    uint64_t block_bytes; // since the last end of a text block
    size_t stretches_count;
    gsearch_status status; // the first failure
    gsearch_error error;
} intake;

typedef struct worker {
    intake *intake;
    pthread_t thread;
    stretch stretch;
    gs_buf data, id;
    gs_batch *batch;
    gs_corpus_file *file; // being read
    uint32_t documents;   // of the part being read
    bool is_whole;
    gsearch_error error;
} worker;

/* ---- under the lock ---- */

static bool is_stopped(const intake *self)
{
    const volatile int *stop = self->options->watch.stop;
    return stop && *stop;
}

static void skip_locked(intake *self, gs_bytes id, gs_skip why, const char *detail)
{
    const gs_intake_watch *watch = &self->options->watch;
    watch->on_skip(id, why, detail, watch->payload);
}

/* What it means for a file that it was passed over: the reason may lie in the file or in us. */
static gs_corpus_plan plan_after(gs_skip why)
{
    return why == GS_SKIP_UNREADABLE || why == GS_SKIP_CHANGING ? GS_PLAN_LEFT : GS_PLAN_SKIPPED;
}

static void skip_file_locked(intake *self, gs_corpus_file *file, gs_skip why, const char *detail)
{
    gs_buf id;
    gs_buf_init(&id, self->options->mem, 4 * GS_ID_BYTES_MAX);
    gs_path_id(&id, gs_bytes_str(file->path));
    // a file of lines may fail several times
    if (file->plan != GS_PLAN_LEFT)
        skip_locked(self, gs_buf_view(&id), why, detail);
    file->plan = (uint8_t)plan_after(why);
    gs_buf_release(&id);
}

static void progress_locked(intake *self, uint64_t files, uint64_t bytes)
{
    const gs_intake_watch *watch = &self->options->watch;
    self->result->bytes += bytes;
    watch->on_bytes(files, bytes, watch->payload);
}

static void drop_lines(intake *self, open_lines *lines)
{
    if (!lines || --lines->users)
        return;
    gs_line_file_close(lines->file);
    gs_mem_free(self->options->mem, lines);
}

static gsearch_status open_lines_of(intake *self, gs_corpus_file *file, gsearch_error *err)
{
    const gs_intake_options *options = self->options;
    gs_reader_fault fault;
    gs_line_file *opened;
    GS_TRY(gs_line_file_open(file, options->dir, options->mem, options->watch.stop, &opened, &fault,
                             err));
    if (fault.is_skipped) {
        skip_file_locked(self, file, fault.why, fault.detail);
        progress_locked(self, 1, 0);
        return GSEARCH_OK;
    }
    open_lines *lines = gs_mem_alloc(options->mem, sizeof(*lines));
    if (!lines) {
        gs_line_file_close(opened);
        return gs_fail_memory(err);
    }
    *lines = (open_lines){.file = opened, .users = 1};
    self->lines = lines;
    return GSEARCH_OK;
}

static gsearch_status add_part(intake *self, stretch *out, const part *added, uint64_t bytes,
                               gsearch_error *err)
{
    void *parts = out->parts;
    if (!gs_mem_grow(self->options->mem, &parts, &out->parts_capacity, out->parts_count + 1,
                     SIZE_MAX, sizeof(*out->parts)))
        return gs_fail_memory(err);
    out->parts = parts;
    part *place = &out->parts[out->parts_count++];
    *place = *added;
    self->block_bytes += bytes;
    place->ends_block = self->block_bytes >= GS_UNIT_BYTES;
    if (place->ends_block)
        self->block_bytes = 0;
    if (place->lines)
        place->lines->users++;
    return GSEARCH_OK;
}

/* A slice of the file of lines at hand, or its end. */
static gsearch_status deal_lines(intake *self, stretch *out, uint64_t *bytes, gsearch_error *err)
{
    uint32_t number = (uint32_t)self->next_file - 1;
    gs_corpus_file *file = &self->options->corpus->files[number];
    uint64_t old_hash = file->hash;
    part slice = {.file = number, .lines = self->lines};
    bool more = false;
    gs_reader_fault fault;
    GS_TRY(gs_line_file_next(self->lines->file, &slice.slice, &more, &fault, err));
    if (fault.is_skipped)
        skip_file_locked(self, file, fault.why, fault.detail);
    if (!more) {
        file->is_same = !fault.is_skipped && file->is_known && file->hash == old_hash;
        drop_lines(self, self->lines);
        self->lines = NULL;
        progress_locked(self, 1, 0);
        return GSEARCH_OK;
    }
    *bytes = slice.slice.len + PART_BYTES;
    return add_part(self, out, &slice, *bytes, err);
}

static gsearch_status deal_file(intake *self, stretch *out, uint64_t *bytes, gsearch_error *err)
{
    uint32_t number = (uint32_t)self->next_file++;
    gs_corpus_file *file = &self->options->corpus->files[number];
    if (file->plan != self->plan)
        return GSEARCH_OK;
    file->documents = file->shadowed = 0;
    memset(file->skipped, 0, sizeof(file->skipped));
    if (file->is_stdin || gs_format_find(gs_bytes_str(file->path))->by_lines)
        return open_lines_of(self, file, err);
    *bytes = file->size + PART_BYTES;
    return add_part(self, out, &(part){.file = number}, *bytes, err);
}

/* Deals out the next stretch; an empty one at the end. */
static gsearch_status deal(intake *self, stretch *out, gsearch_error *err)
{
    const gs_corpus *corpus = self->options->corpus;
    uint64_t dealt = 0;
    out->parts_count = 0;
    while (self->lines || self->next_file < corpus->files_count) {
        bool is_full = dealt >= self->stretch_bytes;
        if (is_full && out->parts[out->parts_count - 1].ends_block)
            break;
        if (is_stopped(self))
            return gs_fail(err, GSEARCH_BUSY, "stopped by a signal");
        uint64_t bytes = 0;
        if (self->lines)
            GS_TRY(deal_lines(self, out, &bytes, err));
        else
            GS_TRY(deal_file(self, out, &bytes, err));
        dealt += bytes;
    }
    if (out->parts_count == 0)
        return GSEARCH_OK;
    void *batches = self->result->batches;
    if (!gs_mem_grow(self->options->mem, &batches, &self->result->batches_capacity,
                     self->result->batches_count + 1, SIZE_MAX, sizeof(gs_batch *)))
        return gs_fail_memory(err);
    self->result->batches = batches;
    out->number = self->result->batches_count++;
    self->result->batches[out->number] = NULL;
    return GSEARCH_OK;
}

/* ---- without the lock ---- */

static void skip_unlocked(gs_bytes id, gs_skip why, const char *detail, void *payload)
{
    worker *self = payload;
    if (self->is_whole)
        self->file->plan = (uint8_t)plan_after(why);
    pthread_mutex_lock(&self->intake->lock);
    if (!self->is_whole)
        gs_corpus_note_skip(self->file, why);
    skip_locked(self->intake, id, why, detail);
    pthread_mutex_unlock(&self->intake->lock);
}

static gsearch_status take_document(const gs_document *document, void *payload, gsearch_error *err)
{
    worker *self = payload;
    if (is_stopped(self->intake))
        return gs_fail(err, GSEARCH_BUSY, "stopped by a signal");
    if (document->id.len > GS_ID_BYTES_MAX) {
        skip_unlocked(document->id, GS_SKIP_TOO_DEEP, "its path is too long", self);
        return GSEARCH_OK;
    }
    GS_TRY(gs_batch_add(self->batch, document, err));
    self->documents++;
    return GSEARCH_OK;
}

/* Fills self->data with the part; false if there is nothing to parse. */
static gsearch_status load_part(worker *self, const part *next, const gs_format *format,
                                bool *is_there, gsearch_error *err)
{
    const gs_mem *mem = self->intake->options->mem;
    *is_there = false;
    if (next->lines && next->slice.too_long_line) {
        gs_buf_u8(&self->id, '#');
        gs_buf_decimal(&self->id, next->slice.too_long_line);
        skip_unlocked(gs_buf_view(&self->id), GS_SKIP_TOO_LARGE, "", self);
        return GSEARCH_OK;
    }
    gs_reader_fault fault;
    if (next->lines) {
        GS_TRY(gs_line_file_read(next->lines->file, &next->slice, &self->data, &fault, err));
        *is_there = !fault.is_skipped;
        if (fault.is_skipped) {
            pthread_mutex_lock(&self->intake->lock);
            skip_file_locked(self->intake, self->file, fault.why, fault.detail);
            pthread_mutex_unlock(&self->intake->lock);
        }
        return GSEARCH_OK;
    }
    uint64_t old_hash = self->file->hash;
    GS_TRY(gs_reader_whole(self->file, mem, format->is_binary, &self->data, &fault, err));
    if (fault.is_skipped) {
        skip_unlocked(gs_buf_view(&self->id), fault.why, fault.detail, self);
        return GSEARCH_OK;
    }
    self->file->is_same = self->file->is_known && self->file->hash == old_hash;
    *is_there = true;
    return GSEARCH_OK;
}

static gsearch_status read_part(worker *self, const part *next, uint64_t *replacements,
                                gsearch_error *err)
{
    self->file = &self->intake->options->corpus->files[next->file];
    self->is_whole = !next->lines;
    self->documents = 0;
    gs_bytes path = gs_bytes_str(self->file->path);
    gs_buf_reset(&self->id);
    gs_path_id(&self->id, path);
    if (self->id.status)
        return gs_fail_memory(err);
    const gs_format *format = self->file->is_stdin ? &gs_format_jsonl : gs_format_find(path);
    bool is_there;
    GS_TRY(load_part(self, next, format, &is_there, err));
    if (is_there) {
        gs_piece piece = {.data = gs_buf_view(&self->data),
                          .id = gs_buf_view(&self->id),
                          .first_line = next->slice.first_line};
        gs_sink sink = {.document = take_document, .skip = skip_unlocked, .payload = self};
        GS_TRY(
            gs_batch_source(self->batch, self->file->is_stdin ? gs_bytes_of(NULL, 0) : path, err));
        GS_TRY(format->read(&piece, self->intake->options->mem, &sink, err));
        *replacements += sink.replacements;
    }
    return next->ends_block ? gs_batch_cut(self->batch, err) : GSEARCH_OK;
}

/* Reads the whole stretch into self->batch. */
static gsearch_status read_stretch(worker *self, gsearch_error *err)
{
    intake *shared = self->intake;
    const gs_intake_options *options = shared->options;
    GS_TRY(gs_batch_new(options->dir, options->mem, shared->batch_bytes, true, &self->batch, err));
    for (size_t i = 0; i < self->stretch.parts_count; i++) {
        const part *next = &self->stretch.parts[i];
        uint64_t replacements = 0;
        GS_TRY(read_part(self, next, &replacements, err));
        pthread_mutex_lock(&shared->lock);
        self->file->documents += self->documents;
        shared->result->replacements += replacements;
        progress_locked(shared, self->is_whole, self->data.len);
        pthread_mutex_unlock(&shared->lock);
        if (self->data.capacity > BUFFER_KEEP_BYTES)
            gs_buf_release(&self->data);
        gs_buf_reset(&self->data);
    }
    return gs_batch_finish(self->batch, err);
}

/* Hands over the batch, or reports the failure. */
static void end_stretch(worker *self, gsearch_status status)
{
    intake *shared = self->intake;
    pthread_mutex_lock(&shared->lock);
    for (size_t i = 0; i < self->stretch.parts_count; i++)
        drop_lines(shared, self->stretch.parts[i].lines);
    self->stretch.parts_count = 0;
    if (!status && self->batch && gs_batch_documents(self->batch)) {
        shared->result->batches[self->stretch.number] = self->batch;
        self->batch = NULL;
    }
    if (status && !shared->status) {
        shared->status = status;
        shared->error = self->error;
    }
    pthread_mutex_unlock(&shared->lock);
    gs_batch_free(self->batch);
    self->batch = NULL;
}

static void *work(void *payload)
{
    worker *self = payload;
    intake *shared = self->intake;
    for (;;) {
        pthread_mutex_lock(&shared->lock);
        gsearch_status status = shared->status;
        if (!status)
            status = deal(shared, &self->stretch, &self->error);
        pthread_mutex_unlock(&shared->lock);
        bool is_over = status || self->stretch.parts_count == 0;
        if (!is_over)
            status = read_stretch(self, &self->error);
        end_stretch(self, status);
        if (is_over || status)
            return NULL;
    }
}

/* ---- the whole ---- */

static void init_worker(worker *self, intake *shared)
{
    const gs_mem *mem = shared->options->mem;
    *self = (worker){.intake = shared};
    gs_error_clear(&self->error);
    gs_buf_init(&self->data, mem, GS_DOCUMENT_BYTES_MAX + GS_UNIT_BYTES);
    gs_buf_init(&self->id, mem, 4 * GS_ID_BYTES_MAX + 32);
}

static void release_worker(worker *self)
{
    gs_buf_release(&self->data);
    gs_buf_release(&self->id);
    gs_mem_free(self->intake->options->mem, self->stretch.parts);
}

/* Runs all workers, the first in this thread. Fewer than asked for do as well. */
static gsearch_status run_workers(intake *self, unsigned count, gsearch_error *err)
{
    const gs_mem *mem = self->options->mem;
    worker *workers = gs_mem_calloc(mem, count, sizeof(*workers));
    if (!workers)
        return gs_fail_memory(err);
    unsigned started = 1;
    for (unsigned i = 0; i < count; i++)
        init_worker(&workers[i], self);
    while (started < count &&
           !pthread_create(&workers[started].thread, NULL, work, &workers[started]))
        started++;
    work(&workers[0]);
    for (unsigned i = 1; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    for (unsigned i = 0; i < count; i++)
        release_worker(&workers[i]);
    gs_mem_free(mem, workers);
    drop_lines(self, self->lines); // left open by a failure
    if (self->status && err)
        *err = self->error;
    return self->status;
}

static uint64_t choose_stretch(const intake *self, unsigned threads)
{
    const gs_corpus *corpus = self->options->corpus;
    uint64_t total = 0;
    for (size_t i = 0; i < corpus->files_count; i++) {
        if (corpus->files[i].plan == self->plan)
            total += corpus->files[i].size + PART_BYTES;
    }
    uint64_t bytes = total / (threads * STRETCHES_A_THREAD);
    if (bytes > STRETCH_BYTES_MAX)
        bytes = STRETCH_BYTES_MAX;
    if (bytes < total / STRETCHES_MAX)
        bytes = total / STRETCHES_MAX;
    return bytes < STRETCH_BYTES_MIN ? STRETCH_BYTES_MIN : bytes;
}

gsearch_status gs_intake_run(const gs_intake_options *options, gs_corpus_plan plan,
                             gs_intake_result *result, gsearch_error *err)
{
    intake self = {.options = options, .plan = plan, .result = result};
    gs_error_clear(&self.error);
    self.stretch_bytes = choose_stretch(&self, options->threads);
    self.batch_bytes = (size_t)(options->memory_bytes / 4 * 3 / options->threads);
    if (pthread_mutex_init(&self.lock, NULL))
        return gs_fail_memory(err);
    gsearch_status status = run_workers(&self, options->threads, err);
    pthread_mutex_destroy(&self.lock);
    if (status)
        return status;
    size_t kept = 0;
    for (size_t i = 0; i < result->batches_count; i++) {
        if (result->batches[i])
            result->batches[kept++] = result->batches[i];
    }
    result->batches_count = kept;
    return GSEARCH_OK;
}

void gs_intake_release(gs_intake_result *result, const gs_mem *mem)
{
    for (size_t i = 0; i < result->batches_count; i++)
        gs_batch_free(result->batches[i]);
    gs_mem_free(mem, result->batches);
    *result = (gs_intake_result){0};
}
