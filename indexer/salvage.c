/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the way from damaged segments to a whole index. Only what documents need is opened: lists
 * and the dictionary are made anew, so they may be damaged.
 */
#include "indexer/salvage.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/utf8.h"
#include "common/segment/deletes.h"
#include "common/segment/manifest.h"
#include "common/segment/segmentmeta.h"
#include "common/segment/segment.h"
#include "indexer/change.h"

/* The parts of one segment. */
typedef struct wreck {
    char name[64];
    gs_container *container;
    gs_doctable docs;
    gs_strings keys;
    gs_strings titles; // count 0: damaged
    gs_store store;
    gs_deletes *deletes; // NULL: none, or damaged
} wreck;

typedef struct salvage {
    const gs_salvage_options *options;
    gs_salvage_summary *summary;
    gs_dir *from;
    gs_change change; // of the new index
    gs_manifest manifest; // what is known of the old one
    gs_batch *batches[GS_SEGMENTS_MAX];
    size_t batches_count;
    gs_decoder *decoder;
    gs_buf key, title;
} salvage;

static void lose(salvage *self, const char *what, const char *why)
{
    if (self->options->on_lost)
        self->options->on_lost(what, why, self->options->payload);
}

static bool is_damage(gsearch_status status)
{
    return status == GSEARCH_CORRUPT || status == GSEARCH_VERSION || status == GSEARCH_NOT_FOUND ||
           status == GSEARCH_IO;
}

/* ---- which segments ---- */

static bool has_affixes(const char *name, const char *prefix, const char *suffix)
{
    size_t len = strlen(name), before = strlen(prefix), after = strlen(suffix);
    return len == before + 32 + after && memcmp(name, prefix, before) == 0 &&
           strcmp(name + len - after, suffix) == 0;
}

static int compare_ids(gs_hash128 a, gs_hash128 b)
{
    int order = (a.high > b.high) - (a.high < b.high);
    return order ? order : (a.low > b.low) - (a.low < b.low);
}

/* Without a manifest: a row for every segment file, in an order that does not depend on the
 * folder's. */
static gsearch_status note_segment(const char *name, void *payload, gsearch_error *err)
{
    salvage *self = payload;
    gs_manifest_segment row = {0};
    if (!has_affixes(name, GS_SEGMENT_PREFIX, GS_SEGMENT_SUFFIX) ||
        !gs_hash128_parse(gs_bytes_of(name + strlen(GS_SEGMENT_PREFIX), 32), &row.segment.id))
        return GSEARCH_OK;
    if (self->manifest.segments_count == GS_SEGMENTS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "more than %u segments and no manifest",
                       GS_SEGMENTS_MAX);
    GS_TRY(gs_dir_file_size(self->from, name, &row.segment.length, err));
    gs_manifest_segment *rows = self->manifest.segments;
    uint32_t at = self->manifest.segments_count++;
    for (; at && compare_ids(row.segment.id, rows[at - 1].segment.id) < 0; at--)
        rows[at] = rows[at - 1];
    rows[at] = row;
    return GSEARCH_OK;
}

static gsearch_status note_manifest(const char *name, void *payload, gsearch_error *err)
{
    salvage *self = payload;
    uint64_t generation = gs_manifest_generation(name);
    if (generation <= self->manifest.generation)
        return GSEARCH_OK;
    gs_buf text;
    gs_manifest manifest;
    gsearch_error fault = {0};
    gs_buf_init(&text, self->options->mem, GS_MANIFEST_BYTES_MAX);
    gsearch_status status = gs_dir_read(self->from, name, GS_MANIFEST_BYTES_MAX, &text, &fault);
    if (!status)
        status = gs_manifest_parse(gs_buf_view(&text), &manifest, &fault);
    gs_buf_release(&text);
    if (!status)
        self->manifest = manifest;
    else if (is_damage(status) || status == GSEARCH_LIMIT)
        lose(self, name, fault.message);
    else if (err)
        *err = fault;
    return !status || is_damage(status) || status == GSEARCH_LIMIT ? GSEARCH_OK : status;
}

static gsearch_status choose_segments(salvage *self, gsearch_error *err)
{
    GS_TRY(gs_dir_list(self->from, note_manifest, self, err));
    if (self->manifest.generation)
        return GSEARCH_OK;
    GS_TRY(gs_dir_list(self->from, note_segment, self, err));
    return self->manifest.segments_count
               ? GSEARCH_OK
               : gs_fail(err, GSEARCH_NO_INDEX, "no index in %s", gs_dir_path(self->from));
}

/* ---- one segment ---- */

static gsearch_status open_documents(wreck *segment, gsearch_error *err)
{
    gs_container *container = segment->container;
    gs_bytes meta_bytes, docs, cols, keys;
    gs_segment_meta meta;
    GS_TRY(gs_container_load(container, GS_CHUNK_META, true, &meta_bytes, err));
    gs_cursor cursor = gs_cursor_of(meta_bytes);
    gs_segment_meta_read(&cursor, &meta);
    if (cursor.bad)
        return gs_corrupt(err, "META is cut short");
    if (!meta.has_text)
        return gs_fail(err, GSEARCH_CORRUPT, "the segment was made without stored text");
    GS_TRY(gs_container_load(container, GS_CHUNK_DOCS, true, &docs, err));
    GS_TRY(gs_container_load(container, GS_CHUNK_COLS, true, &cols, err));
    GS_TRY(gs_doctable_open(docs, cols, &segment->docs, err));
    GS_TRY(gs_container_load(container, GS_CHUNK_KEYS, true, &keys, err));
    GS_TRY(gs_strings_open(keys, "KEYS", &segment->keys, err));
    return segment->keys.count == segment->docs.count
               ? GSEARCH_OK
               : gs_corrupt(err, "KEYS does not fit %u documents", segment->docs.count);
}

static gsearch_status open_text(wreck *segment, gsearch_error *err)
{
    gs_container *container = segment->container;
    gs_bytes directory, titles, none = gs_bytes_of("", 0);
    GS_TRY(gs_container_load(container, GS_CHUNK_TDIR, true, &directory, err));
    GS_TRY(gs_store_open(container, gs_container_find(container, GS_CHUNK_TEXT), directory, none,
                         segment->docs.count, &segment->store, err));
    if (gs_container_load(container, GS_CHUNK_TITL, true, &titles, NULL) ||
        gs_strings_open(titles, "TITL", &segment->titles, NULL) ||
        segment->titles.count != segment->docs.count)
        segment->titles = (gs_strings){0};
    return GSEARCH_OK;
}

static void open_deletes(salvage *self, const gs_manifest_segment *row, wreck *segment)
{
    char name[64];
    gsearch_error fault = {0};
    if (!row->deletes.length)
        return;
    gs_container_file_name(GS_DELETES_PREFIX, row->deletes.id, GS_DELETES_SUFFIX, name);
    if (gs_deletes_open(self->from, self->options->mem, name, row->deletes.length,
                        row->deletes.id, row->segment.id, segment->docs.count, false,
                        &segment->deletes, &fault))
        lose(self, name, "deleted documents of its segment come back");
}

static gsearch_status open_wreck(salvage *self, const gs_manifest_segment *row, wreck *segment,
                                 gsearch_error *err)
{
    *segment = (wreck){0};
    gs_segment_file_name(row->segment.id, segment->name);
    GS_TRY(gs_container_open(self->from, self->options->mem, segment->name, row->segment.length,
                             GS_KIND_SEGMENT, row->segment.id, false, &segment->container, err));
    gsearch_status status = open_documents(segment, err);
    return status ? status : open_text(segment, err);
}

static void close_wreck(wreck *segment)
{
    gs_deletes_unref(segment->deletes);
    gs_container_close(segment->container);
}

/* ---- documents ---- */

static gsearch_status read_document(salvage *self, const wreck *segment, uint32_t doc,
                                    gs_document *out, gsearch_error *err)
{
    gs_stored stored;
    bool has_title = gs_column_get(&segment->docs.flags, doc) & GS_DOC_TITLE_IS_FIELD;
    gs_buf_reset(&self->title);
    GS_TRY(gs_store_read(&segment->store, self->decoder, doc, 0, UINT32_MAX, &stored, err));
    if (has_title && !segment->titles.count)
        return gs_corrupt(err, "its title is damaged");
    if (has_title)
        GS_TRY(gs_strings_get(&segment->titles, doc, &self->title, err));
    if (gs_utf8_valid_prefix(stored.text) != stored.text.len ||
        gs_utf8_valid_prefix(gs_buf_view(&self->title)) != self->title.len)
        return gs_corrupt(err, "its text is not UTF-8");
    *out = (gs_document){
        .id = gs_buf_view(&self->key),
        .title = gs_buf_view(&self->title),
        .has_title = has_title,
        .text = stored.text,
        .fields = stored.fields,
        .date = (uint32_t)gs_column_get(&segment->docs.date, doc),
    };
    return GSEARCH_OK;
}

static gsearch_status read_key(salvage *self, const wreck *segment, uint32_t doc,
                               gsearch_error *err)
{
    uint64_t rank = gs_column_get(&segment->docs.rank, doc);
    gs_buf_reset(&self->key);
    if (rank >= segment->keys.count)
        return gs_corrupt(err, "its id is damaged");
    return gs_strings_get(&segment->keys, (uint32_t)rank, &self->key, err);
}

static gsearch_status save_document(salvage *self, const wreck *segment, uint32_t doc,
                                    gs_batch *batch, gsearch_error *err)
{
    gs_document document;
    gsearch_error fault = {0};
    gsearch_status status = read_key(self, segment, doc, &fault);
    if (status)
        gs_buf_printf(&self->key, "%s document %u", segment->name, doc);
    else
        status = read_document(self, segment, doc, &document, &fault);
    if (!status)
        return gs_batch_add(batch, &document, err);
    if (!is_damage(status)) {
        if (err)
            *err = fault;
        return status;
    }
    gs_buf_u8(&self->key, 0);
    if (self->key.status)
        return gs_fail_memory(err);
    lose(self, (const char *)self->key.data, fault.message);
    self->summary->lost++;
    return GSEARCH_OK;
}

static gsearch_status save_segment(salvage *self, const wreck *segment, gsearch_error *err)
{
    gs_batch *batch;
    GS_TRY(gs_batch_new(self->change.dir, self->options->mem, GS_MEMORY_BYTES_DEFAULT, true,
                        &batch, err));
    self->batches[self->batches_count++] = batch;
    GS_TRY(gs_batch_source(batch, gs_bytes_of("", 0), err));
    for (uint32_t doc = 0; doc < segment->docs.count; doc++)
        if (!gs_deletes_has(segment->deletes, doc))
            GS_TRY(save_document(self, segment, doc, batch, err));
    return gs_batch_finish(batch, err);
}

static gsearch_status save_row(salvage *self, const gs_manifest_segment *row, gsearch_error *err)
{
    wreck segment;
    gsearch_error fault = {0};
    gsearch_status status = open_wreck(self, row, &segment, &fault);
    if (!status) {
        open_deletes(self, row, &segment);
        status = save_segment(self, &segment, err);
    } else if (is_damage(status)) {
        lose(self, segment.name, fault.message);
        self->summary->lost += row->documents - row->deleted;
        self->summary->lost_files++;
        status = GSEARCH_OK;
    } else if (err) {
        *err = fault;
    }
    close_wreck(&segment);
    return status;
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
    GS_TRY(choose_segments(self, err));
    GS_TRY(open_target(self, to, err));
    for (uint32_t i = 0; i < self->manifest.segments_count; i++)
        GS_TRY(save_row(self, &self->manifest.segments[i], err));
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
    gs_change_close(&self->change);
    gs_dir_close(self->from);
    gs_decoder_free(self->decoder);
    gs_buf_release(&self->key);
    gs_buf_release(&self->title);
    gs_mem_free(options->mem, self);
    return status;
}
