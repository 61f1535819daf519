/* SPDX-License-Identifier: Apache-2.0
 *
 * Proof that nothing is missed: random pieces of the stored text are asked for, and what the index
 * answers is compared with a reading of every document.
 */
#ifndef GS_CLI_RECALL_H
#define GS_CLI_RECALL_H

#include "query/index.h"

typedef struct gs_recall_options {
    uint64_t samples;
    uint64_t seed; /* the same seed on the same generation asks the same */
    /* Called for a piece that finds other documents than the reading. */
    void (*on_difference)(const char *piece, uint64_t found, uint64_t expected, void *payload);
    void *payload;
} gs_recall_options;

typedef struct gs_recall_summary {
    uint64_t compared;
    uint64_t unanswered; /* over the budget of a query: neither right nor wrong */
    uint64_t differences;
    uint64_t documents; /* read */
} gs_recall_summary;

/* The pieces are 1 to 12 characters of a text, or of a title that is a field, breaks and all. OK
 * whether there are differences or not; BAD_ARGUMENT if no text is stored. */
GS_CHECKED gsearch_status gs_recall_run(gs_snapshot *snapshot, const gs_recall_options *options,
                                        gs_recall_summary *out, gsearch_error *err);

#endif
