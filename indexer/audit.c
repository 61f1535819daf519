/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the going through of an index folder. Every file that a kept generation names is looked at
 * once, whatever is wrong with others, and reported by name.
 */
#include "indexer/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/segment/deletes.h"
#include "common/segment/inputs.h"
#include "common/segment/manifest.h"
#include "common/segment/segment.h"
#include "indexer/rebuild.h"
#include "indexer/share.h"

#define MANIFESTS_MAX 1024u

typedef struct audit {
    const gs_audit_options *options;
    gs_audit_summary *summary;
    gs_dir *dir;
    gs_dir *scratch; // NULL: lists are not compared with the text
    uint64_t generations[MANIFESTS_MAX];
    size_t generations_count;
    gs_buf seen; // gs_hash128: files already reported
    char manifest[64]; // the name of the one that is looked at
    gsearch_error first; // thing wrong
} audit;

/* ---- reporting ---- */

/* A commit removes old generations at any time, the manifest first. */
static bool has_vanished(const audit *self)
{
    uint64_t size;
    return gs_dir_file_size(self->dir, self->manifest, &size, NULL) == GSEARCH_NOT_FOUND;
}

static void report(audit *self, const char *file, uint64_t bytes, gsearch_error *fault)
{
    gs_audit_finding finding = {.file = file, .bytes = bytes};
    if (fault->code == GSEARCH_NOT_FOUND && has_vanished(self))
        return;
    if (fault->code == GSEARCH_NOT_FOUND)
        (void)gs_corrupt(fault, "%s names it, and it is not there", self->manifest);
    self->summary->files++;
    self->summary->bytes += bytes;
    if (fault->code) {
        finding.status = fault->code;
        finding.message = fault->message;
        self->summary->damaged++;
        if (!self->first.code)
            self->first = *fault;
    }
    if (self->options->report)
        self->options->report(&finding, self->options->payload);
}

/* True the second time it is asked about a file. */
static bool was_seen(audit *self, gs_hash128 id)
{
    for (size_t at = 0; at < self->seen.len; at += sizeof(id)) {
        gs_hash128 other;
        memcpy(&other, self->seen.data + at, sizeof(other));
        if (other.low == id.low && other.high == id.high)
            return true;
    }
    gs_buf_append(&self->seen, &id, sizeof(id));
    return false;
}

/* What is wrong with us, not with a file, ends the audit. */
static bool is_ours(gsearch_status status)
{
    return status == GSEARCH_NO_MEMORY || status == GSEARCH_NO_SPACE;
}

/* ---- files ---- */

static gsearch_status check_inputs(audit *self, const gs_manifest_file *file, const char *name,
                                   gsearch_error *err)
{
    gs_inputs inputs;
    GS_TRY(gs_inputs_open(self->dir, self->options->mem, name, file->length, file->id, &inputs,
                          err));
    gsearch_status status = gs_container_verify(inputs.container, err);
    gs_inputs_close(&inputs);
    return status;
}

/* The share is a function of the segment and the deleted documents, and a file is named by its
 * content, so counting it once more must give the same name. */
static gsearch_status check_share(audit *self, const gs_segment *segment, const gs_deletes *deletes,
                                  gs_hash128 id, gsearch_error *err)
{
    gs_container_name made;
    GS_TRY(gs_share_write(self->scratch, self->options->mem, segment, deletes->bits, &made, err));
    GS_TRY(gs_dir_remove(self->scratch, made.name, err));
    return made.id.low == id.low && made.id.high == id.high
               ? GSEARCH_OK
               : gs_corrupt(err, "the share of the deleted documents is not what the lists give");
}

static gsearch_status check_deletes(audit *self, const gs_manifest_segment *row,
                                    const gs_segment *segment, const char *name,
                                    gsearch_error *err)
{
    gs_deletes *deletes;
    GS_TRY(gs_deletes_open(self->dir, self->options->mem, name, row->deletes.length,
                           row->deletes.id, row->segment.id, row->documents, true, &deletes, err));
    gsearch_status status = gs_container_verify(deletes->container, err);
    if (!status && deletes->deleted != row->deleted)
        status = gs_corrupt(err, "%u documents are deleted, the manifest says %u",
                            deletes->deleted, row->deleted);
    if (!status && self->scratch && segment)
        status = check_share(self, segment, deletes, row->deletes.id, err);
    gs_deletes_unref(deletes);
    return status;
}

static gsearch_status check_segment(audit *self, const gs_manifest_segment *row,
                                    gs_segment *segment, gsearch_error *err)
{
    GS_TRY(gs_segment_verify(segment, err));
    if (segment->docs.count != row->documents)
        return gs_corrupt(err, "%u documents, the manifest says %u", segment->docs.count,
                          row->documents);
    if (!self->scratch || !segment->has_text)
        return GSEARCH_OK;
    GS_TRY(gs_rebuild_compare(segment, self->scratch, self->options->mem, err));
    self->summary->documents += segment->docs.count;
    self->summary->lists += segment->lists_count;
    return GSEARCH_OK;
}

static gsearch_status audit_row(audit *self, const gs_manifest_segment *row, gsearch_error *err)
{
    char name[64];
    gs_segment *segment = NULL;
    gsearch_error fault = {0};
    gs_segment_file_name(row->segment.id, name);
    bool is_new = !was_seen(self, row->segment.id);
    gsearch_status status = gs_segment_open(self->dir, self->options->mem, row->segment.id,
                                            row->segment.length, true, &segment, &fault);
    if (!status && is_new)
        status = check_segment(self, row, segment, &fault);
    if (is_new && !is_ours(status))
        report(self, name, row->segment.length, &fault);
    if (!is_ours(status) && row->deletes.length && !was_seen(self, row->deletes.id)) {
        fault = (gsearch_error){0};
        gs_container_file_name(GS_DELETES_PREFIX, row->deletes.id, GS_DELETES_SUFFIX, name);
        status = check_deletes(self, row, segment, name, &fault);
        if (!is_ours(status))
            report(self, name, row->deletes.length, &fault);
    }
    gs_segment_unref(segment);
    return is_ours(status) ? gs_fail_as(err, &fault) : GSEARCH_OK;
}

/* ---- generations ---- */

static gsearch_status note_manifest(const char *name, void *payload, gsearch_error *err)
{
    audit *self = payload;
    uint64_t generation = gs_manifest_generation(name);
    if (!generation)
        return GSEARCH_OK;
    if (self->generations_count == MANIFESTS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "more than %u manifests", MANIFESTS_MAX);
    self->generations[self->generations_count++] = generation;
    return GSEARCH_OK;
}

static int compare_falling(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

static gsearch_status read_manifest(audit *self, uint64_t generation, gs_manifest *out,
                                    uint64_t *bytes, gsearch_error *err)
{
    gs_buf text;
    gs_buf_init(&text, self->options->mem, GS_MANIFEST_BYTES_MAX);
    gsearch_status status =
        gs_dir_read(self->dir, self->manifest, GS_MANIFEST_BYTES_MAX, &text, err);
    *bytes = text.len;
    if (status == GSEARCH_LIMIT)
        status = gs_corrupt(err, "%s is too long for a manifest", self->manifest);
    if (!status)
        status = gs_manifest_parse(gs_buf_view(&text), out, err);
    if (!status && out->generation != generation)
        status = gs_corrupt(err, "the manifest is of generation %" PRIu64, out->generation);
    gs_buf_release(&text);
    return status;
}

/* One generation; `*claimed` is what the one after it says of this one's checksum, 0 if there is
 * none. Gives what this one says of the one before. */
static gsearch_status audit_generation(audit *self, uint64_t generation, uint64_t *claimed,
                                       gsearch_error *err)
{
    uint64_t bytes = 0, checksum = *claimed;
    gs_manifest manifest;
    gsearch_error fault = {0};
    *claimed = 0;
    snprintf(self->manifest, sizeof(self->manifest),
             GS_MANIFEST_PREFIX "%016" PRIx64 GS_MANIFEST_SUFFIX, generation);
    gsearch_status status = read_manifest(self, generation, &manifest, &bytes, &fault);
    if (!status && checksum && checksum != manifest.checksum)
        status = gs_corrupt(&fault, "the generation after it was made from another manifest");
    if (is_ours(status))
        return gs_fail_as(err, &fault);
    report(self, self->manifest, bytes, &fault);
    if (status)
        return GSEARCH_OK;
    *claimed = manifest.previous_checksum;
    if (!self->summary->generation)
        self->summary->generation = generation;
    if (manifest.inputs.length && !was_seen(self, manifest.inputs.id)) {
        char name[64];
        gs_container_file_name(GS_INPUTS_PREFIX, manifest.inputs.id, GS_INPUTS_SUFFIX, name);
        if (is_ours(check_inputs(self, &manifest.inputs, name, &fault)))
            return gs_fail_as(err, &fault);
        report(self, name, manifest.inputs.length, &fault);
    }
    for (uint32_t i = 0; i < manifest.segments_count; i++)
        GS_TRY(audit_row(self, &manifest.segments[i], err));
    return GSEARCH_OK;
}

static gsearch_status audit_folder(audit *self, gsearch_error *err)
{
    GS_TRY(gs_dir_list(self->dir, note_manifest, self, err));
    if (!self->generations_count)
        return gs_fail(err, GSEARCH_NO_INDEX, "no index in %s", gs_dir_path(self->dir));
    qsort(self->generations, self->generations_count, sizeof(*self->generations),
          compare_falling);
    uint64_t claimed = 0;
    for (size_t i = 0; i < self->generations_count; i++) {
        bool is_next = i && self->generations[i] + 1 == self->generations[i - 1];
        claimed = is_next ? claimed : 0;
        GS_TRY(audit_generation(self, self->generations[i], &claimed, err));
    }
    if (self->seen.status)
        return gs_fail_memory(err);
    return self->first.code ? gs_fail_as(err, &self->first) : GSEARCH_OK;
}

gsearch_status gs_audit_verify(const char *path, const gs_audit_options *options,
                               gs_audit_summary *out, gsearch_error *err)
{
    *out = (gs_audit_summary){0};
    audit *self = gs_mem_calloc(options->mem, 1, sizeof(*self));
    if (!self)
        return gs_fail_memory(err);
    self->options = options;
    self->summary = out;
    gs_buf_init(&self->seen, options->mem, SIZE_MAX);
    gsearch_status status = gs_dir_open(options->mem, path, false, &self->dir, err);
    if (!status) {
        if (options->scratch)
            status = gs_dir_open(options->mem, options->scratch, false, &self->scratch, err);
        if (!status)
            status = audit_folder(self, err);
        gs_dir_close(self->scratch);
        gs_dir_close(self->dir);
    }
    gs_buf_release(&self->seen);
    gs_mem_free(options->mem, self);
    return status;
}
