/* SPDX-License-Identifier: Apache-2.0
 *
 * A stretch of consecutive documents on their way into a segment, worked on by one thread:
 * analysed, inverted into sorted runs, their text packed. Positions count from the start of the
 * batch, so batches are made side by side and put one behind the other by adding a constant.
 */
#ifndef GS_INDEXER_BATCH_H
#define GS_INDEXER_BATCH_H

#include "common/base/file.h"
#include "common/segment/manifest.h"

#define GS_TEXT_LEVEL 3 /* zstd, for stored text */

/* One document as the formats give it. All borrowed for the call; well-formed UTF-8. */
typedef struct gs_document {
    gs_bytes id;
    gs_bytes title;      /* a field of its own, if has_title */
    bool has_title;      /* else the title is found in the text */
    gs_bytes text;
    gs_bytes fields;     /* JSON object of the keys that are kept and shown, or empty */
    uint32_t date;       /* yyyymmdd, 0: none */
} gs_document;

typedef struct gs_batch gs_batch;

/* `memory_bytes` bounds tokens, sort buffers and the like; runs and text beyond it go to scratch
 * files in `dir`. A finished batch keeps little memory, but one open file. */
GS_CHECKED gsearch_status gs_batch_new(gs_dir *dir, const gs_mem *mem, size_t memory_bytes,
                                       bool with_text, gs_batch **out, gsearch_error *err);
void gs_batch_free(gs_batch *batch);

/* Documents from now on come from this input; "" for the library. */
GS_CHECKED gsearch_status gs_batch_source(gs_batch *batch, gs_bytes path, gsearch_error *err);

/* Analyses and takes in one document. */
GS_CHECKED gsearch_status gs_batch_add(gs_batch *batch, const gs_document *document,
                                       gsearch_error *err);

/* Ends a text block here. Callers cut at places that depend on the inputs alone (every file, every
 * mebibyte of JSON Lines), never on threads or memory: that keeps segments byte-identical. */
GS_CHECKED gsearch_status gs_batch_cut(gs_batch *batch, gsearch_error *err);

uint32_t gs_batch_documents(const gs_batch *batch);

/* No more documents: sorts what is left into a last run. */
GS_CHECKED gsearch_status gs_batch_finish(gs_batch *batch, gsearch_error *err);

/* Writes finished batches, in the order given, as one segment, or more if the positions or
 * documents of one do not suffice; a batch is never split. Publishes the files; `out` has room for
 * `out_max`. Documents of equal id may be among them: the caller deletes the earlier ones. Text is
 * written only `with_text`, which every batch must have been made with then. */
GS_CHECKED gsearch_status gs_batches_write(gs_dir *dir, const gs_mem *mem, gs_batch **batches,
                                           size_t batches_count, bool with_text,
                                           gs_manifest_segment *out, size_t out_max,
                                           size_t *out_count, gsearch_error *err);

#endif
