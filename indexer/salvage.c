/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the way from damaged segments to a whole index. Only what documents need is read, each page
 * of it by itself: lists and dictionaries are made anew, so they may be damaged, and so may the
 * header, the footer and the directory of the text. What is left of a document is saved, and what
 * is not is named.
 */
#include "indexer/salvage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/utf8.h"
#include "common/segment/deletes.h"
#include "common/segment/doctable.h"
#include "common/segment/manifest.h"
#include "common/segment/store.h"
#include "common/segment/strings.h"
#include "indexer/change.h"

#define ATTEMPTS_MAX 16u
#define WRECKS_MAX 4096u

/* One segment, and what of it can be read; `fault` says why nothing can. */
typedef struct wreck {
    gs_manifest_segment row; // documents 0: no manifest names it
    int64_t written;         // ns since 1970
    char name[64];
    gsearch_error fault;
    gs_container *container; // NULL with a fault
    uint32_t documents;
    gs_doctable columns;     // if has_columns: rank, flags and date alone
    bool has_columns;
    gs_strings keys, titles; // count 0: damaged
    gs_store store;          // of the documents whose text can be found
    gs_buf directory;        // of the store, if it had to be made anew
    gs_deletes *deletes;     // NULL: none, or damaged
} wreck;

typedef struct salvage {
    const gs_salvage_options *options;
    gs_salvage_summary *summary;
    gs_dir *from;
    gs_change change;    // of the new index
    gs_manifest manifest; // the newest that can be read; generation 0: none
    uint64_t newest;     // generation of which there is a manifest, readable or not
    wreck *wrecks;       // the later one wins
    size_t wrecks_count, wrecks_capacity;
    gs_batch **batches; // one a wreck
    size_t batches_count;
    gs_decoder *decoder;
    gs_buf key, title;
} salvage;

static void lose(salvage *self, const char *what, const char *why)
{
    if (self->options->on_lost)
        self->options->on_lost(what, why, self->options->payload);
}

static void lose_file(salvage *self, const char *name, const char *why)
{
    self->summary->lost_files++;
    lose(self, name, why);
}

static bool is_damage(gsearch_status status)
{
    return status == GSEARCH_CORRUPT || status == GSEARCH_VERSION || status == GSEARCH_NOT_FOUND ||
           status == GSEARCH_IO || status == GSEARCH_LIMIT;
}

/* Passes on what is wrong with us, not with a file. */
static gsearch_status unless_damage(gsearch_status status, const gsearch_error *fault,
                                    gsearch_error *err)
{
    return !status || is_damage(status) ? GSEARCH_OK : gs_fail_as(err, fault);
}

/* ---- one segment ---- */

/* The beginning of a list of strings; count 0 if it is damaged. */
static gs_strings open_strings(gs_container *container, uint32_t chunk, const char *what)
{
    gs_strings strings;
    gs_bytes bytes = gs_container_find(container, chunk);
    gs_bytes head = gs_bytes_of(bytes.ptr, bytes.len < 4 ? bytes.len : 4);
    bool is_whole = !gs_container_check(container, head, NULL) &&
                    !gs_strings_open(bytes, what, &strings, NULL);
    return is_whole ? strings : (gs_strings){0};
}

static gsearch_status open_text(salvage *self, wreck *segment, gsearch_error *err)
{
    gs_container *container = segment->container;
    gs_bytes text = gs_container_find(container, GS_CHUNK_TEXT), directory;
    if (!text.len)
        return gs_fail(err, GSEARCH_CORRUPT, "the segment was made without stored text");
    if (!gs_container_load(container, GS_CHUNK_TDIR, true, &directory, NULL) && directory.len &&
        !gs_store_open(container, text, directory, gs_bytes_of("", 0),
                       gs_load_u32(directory.ptr + directory.len - 4), &segment->store, NULL))
        return GSEARCH_OK;
    return gs_store_recover(container, text, self->decoder, &segment->directory, &segment->store,
                            err);
}

static void open_columns(wreck *segment)
{
    gs_bytes columns = gs_container_find(segment->container, GS_CHUNK_COLS);
    gs_bytes first = gs_bytes_of(columns.ptr, columns.len < 4 ? columns.len : 4);
    segment->has_columns =
        !gs_container_check(segment->container, first, NULL) &&
        !gs_container_check(segment->container, gs_columns_head(columns), NULL) &&
        !gs_columns_open(columns, segment->documents, &segment->columns, NULL);
}

/* Takes the deletes file if it is of this segment and deletes more than what there is. */
static gsearch_status try_deletes(salvage *self, wreck *segment, gs_hash128 id, uint64_t length,
                                  gsearch_error *err)
{
    char name[64];
    gs_deletes *deletes;
    gs_container_file_name(GS_DELETES_PREFIX, id, GS_DELETES_SUFFIX, name);
    GS_TRY(gs_deletes_open(self->from, self->options->mem, name, length, id,
                           segment->row.segment.id, segment->documents, true, &deletes, err));
    bool is_newer = !segment->deletes || deletes->deleted > segment->deletes->deleted;
    gs_deletes_unref(is_newer ? segment->deletes : deletes);
    if (is_newer)
        segment->deletes = deletes;
    return GSEARCH_OK;
}

static gsearch_status open_parts(salvage *self, wreck *segment, gsearch_error *err)
{
    GS_TRY(open_text(self, segment, err));
    segment->keys = open_strings(segment->container, GS_CHUNK_KEYS, "KEYS");
    segment->titles = open_strings(segment->container, GS_CHUNK_TITL, "TITL");
    uint32_t found = segment->store.documents, named = segment->keys.count;
    segment->documents = segment->row.documents ? segment->row.documents
                         : named > found        ? named
                                                : found;
    open_columns(segment);
    const gs_manifest_file *deletes = &segment->row.deletes;
    gsearch_error fault = {0};
    gsearch_status status =
        deletes->length ? try_deletes(self, segment, deletes->id, deletes->length, &fault)
                        : GSEARCH_OK;
    return unless_damage(status, &fault, err);
}

static void close_wreck(wreck *segment)
{
    gs_deletes_unref(segment->deletes);
    gs_container_close(segment->container);
    gs_buf_release(&segment->directory);
}

/* Fills in a wreck whose row is set. */
static gsearch_status open_wreck(salvage *self, wreck *segment, gsearch_error *err)
{
    gs_hash128 id = segment->row.segment.id;
    const gs_mem *mem = self->options->mem;
    gs_buf_init(&segment->directory, mem, SIZE_MAX);
    gs_segment_file_name(id, segment->name);
    gsearch_status status =
        gs_dir_file_time(self->from, segment->name, &segment->written, &segment->fault);
    if (!status)
        status = gs_container_open_damaged(self->from, mem, segment->name, id, true,
                                           &segment->container, &segment->fault);
    if (!status)
        status = open_parts(self, segment, &segment->fault);
    return unless_damage(status, &segment->fault, err);
}

/* ---- which segments ---- */

static gsearch_status read_manifest(salvage *self, const char *name, gs_manifest *out,
                                    gsearch_error *err)
{
    gs_buf text;
    gs_buf_init(&text, self->options->mem, GS_MANIFEST_BYTES_MAX);
    gsearch_status status = gs_dir_read(self->from, name, GS_MANIFEST_BYTES_MAX, &text, err);
    if (!status)
        status = gs_manifest_parse(gs_buf_view(&text), out, err);
    gs_buf_release(&text);
    return status;
}

static gsearch_status note_manifest(const char *name, void *payload, gsearch_error *err)
{
    salvage *self = payload;
    uint64_t generation = gs_manifest_generation(name);
    gs_manifest manifest;
    gsearch_error fault = {0};
    self->newest = generation > self->newest ? generation : self->newest;
    if (generation <= self->manifest.generation)
        return GSEARCH_OK;
    gsearch_status status = read_manifest(self, name, &manifest, &fault);
    if (!status)
        self->manifest = manifest;
    return unless_damage(status, &fault, err);
}

static gsearch_status add_wreck(salvage *self, const gs_manifest_segment *row, gsearch_error *err)
{
    void *wrecks = self->wrecks;
    if (self->wrecks_count == WRECKS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "more than %u segments", WRECKS_MAX);
    if (!gs_mem_grow(self->options->mem, &wrecks, &self->wrecks_capacity, self->wrecks_count + 1,
                     WRECKS_MAX, sizeof(*self->wrecks)))
        return gs_fail_memory(err);
    self->wrecks = wrecks;
    wreck *segment = &self->wrecks[self->wrecks_count++];
    *segment = (wreck){.row = *row};
    return open_wreck(self, segment, err);
}

static void drop_wrecks(salvage *self)
{
    while (self->wrecks_count)
        close_wreck(&self->wrecks[--self->wrecks_count]);
}

/* Whether `name` is `prefix`, 32 digits and `suffix`. */
static bool read_id(const char *name, const char *prefix, const char *suffix, gs_hash128 *out)
{
    size_t len = strlen(name), before = strlen(prefix), after = strlen(suffix);
    return len == before + 32 + after && memcmp(name, prefix, before) == 0 &&
           strcmp(name + len - after, suffix) == 0 &&
           gs_hash128_parse(gs_bytes_of(name + before, 32), out);
}

static bool has_wreck(const salvage *self, gs_hash128 id)
{
    for (size_t i = 0; i < self->wrecks_count; i++) {
        gs_hash128 other = self->wrecks[i].row.segment.id;
        if (other.low == id.low && other.high == id.high)
            return true;
    }
    return false;
}

static gsearch_status note_segment(const char *name, void *payload, gsearch_error *err)
{
    salvage *self = payload;
    gs_manifest_segment row = {0};
    if (!read_id(name, GS_SEGMENT_PREFIX, GS_SEGMENT_SUFFIX, &row.segment.id) ||
        has_wreck(self, row.segment.id))
        return GSEARCH_OK;
    return add_wreck(self, &row, err);
}

static gsearch_status note_deletes(const char *name, void *payload, gsearch_error *err)
{
    salvage *self = payload;
    gs_hash128 id;
    uint64_t length;
    gsearch_error fault = {0};
    if (!read_id(name, GS_DELETES_PREFIX, GS_DELETES_SUFFIX, &id) ||
        gs_dir_file_size(self->from, name, &length, NULL))
        return GSEARCH_OK;
    for (size_t i = 0; i < self->wrecks_count; i++) {
        wreck *segment = &self->wrecks[i];
        gsearch_status status =
            segment->container ? try_deletes(self, segment, id, length, &fault) : GSEARCH_OK;
        GS_TRY(unless_damage(status, &fault, err));
    }
    return GSEARCH_OK;
}

static int compare_age(const void *a, const void *b)
{
    const wreck *x = a, *y = b;
    gs_hash128 p = x->row.segment.id, q = y->row.segment.id;
    if (x->written != y->written)
        return x->written < y->written ? -1 : 1;
    return p.high != q.high ? (p.high < q.high ? -1 : 1) : (p.low > q.low) - (p.low < q.low);
}

/* Takes every segment there is, the last written last, and the most that any deletes file says. */
static gsearch_status take_all(salvage *self, gsearch_error *err)
{
    self->summary->stale = true;
    GS_TRY(gs_dir_list(self->from, note_segment, self, err));
    GS_TRY(gs_dir_list(self->from, note_deletes, self, err));
    if (self->wrecks_count)
        qsort(self->wrecks, self->wrecks_count, sizeof(*self->wrecks), compare_age);
    return GSEARCH_OK;
}

/* Opens what the newest manifest names; again if a commit was faster. */
static gsearch_status open_newest(salvage *self, bool *is_whole, gsearch_error *err)
{
    uint64_t before = 0;
    for (unsigned attempt = 0;; attempt++) {
        bool is_missing = false;
        *is_whole = true;
        GS_TRY(gs_dir_list(self->from, note_manifest, self, err));
        for (uint32_t i = 0; i < self->manifest.segments_count; i++) {
            GS_TRY(add_wreck(self, &self->manifest.segments[i], err));
            const wreck *segment = &self->wrecks[i];
            *is_whole &= !segment->fault.code;
            is_missing |= segment->fault.code == GSEARCH_NOT_FOUND ||
                          (segment->row.deletes.length && !segment->deletes);
        }
        if (!is_missing || attempt == ATTEMPTS_MAX || self->manifest.generation == before)
            return GSEARCH_OK;
        before = self->manifest.generation;
        drop_wrecks(self);
    }
}

static gsearch_status choose(salvage *self, gsearch_error *err)
{
    bool is_whole;
    GS_TRY(open_newest(self, &is_whole, err));
    if (!is_whole || !self->manifest.generation || self->newest != self->manifest.generation)
        GS_TRY(take_all(self, err));
    return self->wrecks_count || self->manifest.generation
               ? GSEARCH_OK
               : gs_fail(err, GSEARCH_NO_INDEX, "no index in %s", gs_dir_path(self->from));
}

/* ---- what is lost as a whole ---- */

static gsearch_status tell_manifest(const char *name, void *payload, gsearch_error *err)
{
    salvage *self = payload;
    gs_manifest manifest;
    gsearch_error fault = {0};
    if (gs_manifest_generation(name) <= self->manifest.generation)
        return GSEARCH_OK;
    gsearch_status status = read_manifest(self, name, &manifest, &fault);
    if (is_damage(status))
        lose_file(self, name, fault.message);
    return unless_damage(status, &fault, err);
}

static void tell_segment(salvage *self, const wreck *segment)
{
    char name[64];
    const gs_manifest_segment *row = &segment->row;
    if (segment->fault.code) {
        lose_file(self, segment->name, segment->fault.message);
        self->summary->lost += row->documents - row->deleted;
    } else if (row->deletes.length && !segment->deletes) {
        gs_container_file_name(GS_DELETES_PREFIX, row->deletes.id, GS_DELETES_SUFFIX, name);
        lose_file(self, name, "deleted documents of its segment come back");
        self->summary->stale = true;
    }
}

static gsearch_status tell_files(salvage *self, gsearch_error *err)
{
    GS_TRY(gs_dir_list(self->from, tell_manifest, self, err));
    if (!self->newest)
        lose_file(self, "the manifest", "there is none");
    for (size_t i = 0; i < self->wrecks_count; i++)
        tell_segment(self, &self->wrecks[i]);
    return GSEARCH_OK;
}

/* ---- documents ---- */

/* The string with this number, of a list that was opened. */
static gsearch_status read_string(const wreck *segment, const gs_strings *strings, uint64_t i,
                                  gs_buf *out, gsearch_error *err)
{
    gs_buf_reset(out);
    if (i >= strings->count)
        return gs_corrupt(err, "%s: a list of strings is damaged", segment->name);
    uint32_t number = (uint32_t)i;
    GS_TRY(gs_container_check(segment->container, gs_strings_offsets(strings, number), err));
    GS_TRY(gs_container_check(segment->container, gs_strings_block(strings, number), err));
    GS_TRY(gs_strings_get(strings, number, out, err));
    return gs_utf8_valid_prefix(gs_buf_view(out)) == out->len
               ? GSEARCH_OK
               : gs_corrupt(err, "%s: a string is not UTF-8", segment->name);
}

static gsearch_status read_number(const wreck *segment, const gs_column *column, uint32_t doc,
                                  uint64_t *out, gsearch_error *err)
{
    if (!segment->has_columns)
        return gs_corrupt(err, "%s: the columns are damaged", segment->name);
    const uint8_t *value = column->data + (size_t)doc * column->width;
    GS_TRY(gs_container_check(segment->container, gs_bytes_of(value, column->width), err));
    *out = gs_column_get(column, doc);
    return GSEARCH_OK;
}

static gsearch_status read_key(salvage *self, const wreck *segment, uint32_t doc,
                               gsearch_error *err)
{
    uint64_t rank;
    GS_TRY(read_number(segment, &segment->columns.rank, doc, &rank, err));
    return read_string(segment, &segment->keys, rank, &self->key, err);
}

static gsearch_status read_title(salvage *self, const wreck *segment, uint32_t doc, bool *has_title,
                                 gsearch_error *err)
{
    uint64_t flags;
    gs_buf_reset(&self->title);
    *has_title = false;
    GS_TRY(read_number(segment, &segment->columns.flags, doc, &flags, err));
    if (!(flags & GS_DOC_TITLE_IS_FIELD))
        return GSEARCH_OK;
    GS_TRY(read_string(segment, &segment->titles, doc, &self->title, err));
    *has_title = true;
    return GSEARCH_OK;
}

static gsearch_status read_text(salvage *self, const wreck *segment, uint32_t doc, gs_stored *out,
                                gsearch_error *err)
{
    if (doc >= segment->store.documents)
        return gs_corrupt(err, "%s: its text is not found", segment->name);
    GS_TRY(gs_store_read(&segment->store, self->decoder, doc, 0, UINT32_MAX, out, err));
    return gs_utf8_valid_prefix(out->text) == out->text.len
               ? GSEARCH_OK
               : gs_corrupt(err, "%s: its text is not UTF-8", segment->name);
}

/* What could not be read of a document. */
typedef struct lost_parts {
    gsearch_error id, title, date, text;
} lost_parts;

static gsearch_status tell_parts(salvage *self, const lost_parts *lost, gsearch_error *err)
{
    const struct {
        const char *what;
        const gsearch_error *why;
    } parts[] = {{"the id of ", &lost->id}, {"the title of ", &lost->title},
                 {"the date of ", &lost->date}, {"", &lost->text}};
    bool is_lost = lost->text.code;
    gs_buf line;
    gs_buf_init(&line, self->options->mem, SIZE_MAX);
    gsearch_status status = GSEARCH_OK;
    for (size_t i = is_lost ? 3 : 0; i < 4 && !status; i++) {
        const gsearch_error *why = parts[i].why;
        gs_buf_reset(&line);
        gs_buf_str(&line, parts[i].what);
        gs_buf_bytes(&line, gs_buf_view(&self->key));
        gs_buf_u8(&line, 0);
        if (line.status)
            status = gs_fail_memory(err);
        else if (why->code)
            lose(self, (const char *)line.data, why->message);
    }
    gs_buf_release(&line);
    self->summary->lost += is_lost;
    self->summary->incomplete += !is_lost;
    return status;
}

/* Saves what can be read of a document; one without an id gets its place for one. */
static gsearch_status save_document(salvage *self, const wreck *segment, uint32_t doc,
                                    gs_batch *batch, gsearch_error *err)
{
    lost_parts lost = {0};
    gs_stored stored = {0};
    bool has_title;
    uint64_t date = 0;
    gsearch_status of_key = read_key(self, segment, doc, &lost.id);
    gsearch_status of_title = read_title(self, segment, doc, &has_title, &lost.title);
    gsearch_status of_date = read_number(segment, &segment->columns.date, doc, &date, &lost.date);
    gsearch_status of_text = read_text(self, segment, doc, &stored, &lost.text);
    GS_TRY(unless_damage(of_key, &lost.id, err));
    GS_TRY(unless_damage(of_title, &lost.title, err));
    GS_TRY(unless_damage(of_text, &lost.text, err));
    if (of_key) {
        gs_buf_reset(&self->key);
        gs_buf_printf(&self->key, "%s#%u", segment->name, doc);
    }
    if (of_key || of_title || of_date || of_text)
        GS_TRY(tell_parts(self, &lost, err));
    if (of_text)
        return GSEARCH_OK;
    gs_document document = {
        .id = gs_buf_view(&self->key),
        .title = gs_buf_view(&self->title),
        .has_title = has_title,
        .text = stored.text,
        .fields = stored.fields,
        .date = (uint32_t)date,
    };
    return gs_batch_add(batch, &document, err);
}

static gsearch_status save_segment(salvage *self, const wreck *segment, gsearch_error *err)
{
    gs_batch *batch;
    GS_TRY(gs_batch_new(self->change.dir, self->options->mem, GS_MEMORY_BYTES_DEFAULT, true,
                        &batch, err));
    self->batches[self->batches_count++] = batch;
    GS_TRY(gs_batch_source(batch, gs_bytes_of("", 0), err));
    for (uint32_t doc = 0; doc < segment->documents; doc++)
        if (!gs_deletes_has(segment->deletes, doc))
            GS_TRY(save_document(self, segment, doc, batch, err));
    return gs_batch_finish(batch, err);
}

static gsearch_status save_all(salvage *self, gsearch_error *err)
{
    self->batches = gs_mem_calloc(self->options->mem, self->wrecks_count + 1, sizeof(gs_batch *));
    if (!self->batches)
        return gs_fail_memory(err);
    for (size_t i = 0; i < self->wrecks_count; i++)
        if (!self->wrecks[i].fault.code)
            GS_TRY(save_segment(self, &self->wrecks[i], err));
    return GSEARCH_OK;
}

/* ---- the new index ---- */

static gsearch_status open_target(salvage *self, const char *to, gsearch_error *err)
{
    GS_TRY(gs_change_open(to, self->options->mem, true, &self->change, err));
    if (self->change.manifest.generation)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "%s has an index already: name a new folder",
                       to);
    return GSEARCH_OK;
}

static gsearch_status run(salvage *self, const char *from, const char *to, gsearch_error *err)
{
    self->decoder = gs_decoder_new(self->options->mem);
    if (!self->decoder)
        return gs_fail_memory(err);
    GS_TRY(gs_dir_open(self->options->mem, from, false, &self->from, err));
    GS_TRY(choose(self, err));
    GS_TRY(open_target(self, to, err));
    GS_TRY(tell_files(self, err));
    GS_TRY(save_all(self, err));
    uint64_t documents = 0;
    for (size_t i = 0; i < self->batches_count; i++)
        documents += gs_batch_documents(self->batches[i]);
    if (!documents)
        return gs_fail(err, GSEARCH_CORRUPT, "nothing of %s could be saved", from);
    GS_TRY(gs_change_write(&self->change, self->batches, self->batches_count, true, false,
                           NULL, err));
    GS_TRY(gs_change_commit(&self->change, (gs_manifest_file){0}, err));
    const gs_manifest *made = &self->change.manifest;
    for (uint32_t i = 0; i < made->segments_count; i++)
        self->summary->saved += made->segments[i].documents - made->segments[i].deleted;
    self->summary->generation = made->generation;
    return GSEARCH_OK;
}

gsearch_status gs_salvage_run(const char *from, const char *to, const gs_salvage_options *options,
                              gs_salvage_summary *out, gsearch_error *err)
{
    *out = (gs_salvage_summary){0};
    salvage *self = gs_mem_calloc(options->mem, 1, sizeof(*self));
    if (!self)
        return gs_fail_memory(err);
    self->options = options;
    self->summary = out;
    gs_buf_init(&self->key, options->mem, SIZE_MAX);
    gs_buf_init(&self->title, options->mem, SIZE_MAX);
    gsearch_status status = run(self, from, to, err);
    while (self->batches_count)
        gs_batch_free(self->batches[--self->batches_count]);
    gs_mem_free(options->mem, self->batches);
    drop_wrecks(self);
    gs_mem_free(options->mem, self->wrecks);
    gs_change_close(&self->change);
    gs_dir_close(self->from);
    gs_decoder_free(self->decoder);
    gs_buf_release(&self->key);
    gs_buf_release(&self->title);
    gs_mem_free(options->mem, self);
    return status;
}
