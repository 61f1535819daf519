/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of a run to batches, by several threads. One thread at a time deals out the next
 * stretch of the run; reading, parsing and inverting it goes on side by side. Where text blocks end
 * follows from the sizes of the files alone, so the batches, put in order, give the same segment
 * whatever the number of threads or the memory.
 */
#ifndef GS_INDEXER_INTAKE_H
#define GS_INDEXER_INTAKE_H

#include "indexer/batch.h"
#include "indexer/corpus.h"

/* What a run reports to while it goes on; called by one thread at a time. */
typedef struct gs_intake_watch {
    void (*on_skip)(gs_bytes id, gs_skip why, const char *detail, void *payload);
    void (*on_bytes)(uint64_t files, uint64_t bytes, void *payload); /* more of them are done */
    void *payload;
    const volatile int *stop; /* ends the intake with BUSY when it becomes set; may be NULL */
} gs_intake_watch;

typedef struct gs_intake_options {
    gs_corpus *corpus;
    gs_dir *dir; /* for scratch files */
    const gs_mem *mem;
    uint64_t memory_bytes;
    unsigned threads;
    gs_intake_watch watch;
} gs_intake_options;

/* Finished batches, in order, those of several intakes one after another. */
typedef struct gs_intake_result {
    gs_batch **batches; /* none of them empty */
    size_t batches_count, batches_capacity;
    uint64_t replacements;
    uint64_t bytes; /* read */
} gs_intake_result;

/* Takes in the files whose plan is `plan` and fills in what the corpus says of them; a file that
 * gives nothing gets the plan SKIPPED, one that could not be read to its end LEFT. Adds to
 * `result`, which the caller releases. */
GS_CHECKED gsearch_status gs_intake_run(const gs_intake_options *options, gs_corpus_plan plan,
                                        gs_intake_result *result, gsearch_error *err);
void gs_intake_release(gs_intake_result *result, const gs_mem *mem);

#endif
