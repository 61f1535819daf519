/* SPDX-License-Identifier: Apache-2.0
 *
 * Small random corpora, and what a segment of them must hold by the rules of docs/QUERY.md, worked
 * out the slow way: all tokens in one array, all postings in another, sorted by comparing.
 */
#ifndef GS_TESTS_MODEL_H
#define GS_TESTS_MODEL_H

#include "common/segment/manifest.h"
#include "indexer/batch.h"

typedef struct gs_model_document {
    gs_document document;
    gs_bytes source;
    bool cut_behind; /* end a text block behind it */
} gs_model_document;

typedef struct gs_model {
    gs_model_document *documents;
    size_t count;
} gs_model;

/* `count` documents, some of them empty, some with titles, a few long ones. */
gs_model gs_model_make(uint64_t seed, size_t count);
void gs_model_free(gs_model *model);

/* Adds documents [from, to) to a new batch and finishes it. */
gs_batch *gs_model_batch(const gs_model *model, size_t from, size_t to, gs_dir *dir,
                         size_t memory_bytes, bool with_text);

/* Writes all documents as one segment, through batches of `batch_documents`. */
gs_manifest_segment gs_model_write(const gs_model *model, gs_dir *dir, size_t batch_documents,
                                   size_t memory_bytes, bool with_text);

/* Fails the test if the segment does not hold exactly this. */
void gs_model_check(const gs_model *model, gs_dir *dir, const gs_manifest_segment *segment,
                    bool with_text);

#endif
