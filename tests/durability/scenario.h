/* SPDX-License-Identifier: Apache-2.0
 *
 * The changes of an index that faults are tried on: each begins with an index as an earlier run has
 * left it, or with none, and comes to the same end every time.
 */
#ifndef GS_TESTS_SCENARIO_H
#define GS_TESTS_SCENARIO_H

#include "common/base/mem.h"
#include "gsearch/gsearch.h"

typedef struct gs_stage {
    char *path; /* a folder of the test */
    char *in;   /* the documents, in it */
    char *index;
    long seconds; /* of the document put last */
    gsearch_error error;
} gs_stage;

typedef struct gs_scenario {
    const char *name;
    void (*prepare)(gs_stage *stage);
    gsearch_status (*run)(gs_stage *stage);
} gs_scenario;

#define GS_SCENARIOS 5u
extern const gs_scenario gs_scenarios[GS_SCENARIOS];

/* Makes the stage; the index is `index`, copied, or a folder in the stage if that is NULL. */
gs_stage gs_stage_begin(const gs_scenario *scenario, const char *index);
void gs_stage_end(gs_stage *stage);

/* A document, with a time that no other has and that is not near now, so that a run takes the same
 * way whenever it comes. */
void gs_stage_put(gs_stage *stage, const char *name, const void *data, size_t len);

/* The newest generation whole, and its content: "" without an index. Fails the test, with `where`,
 * if gs_audit_verify finds anything wrong. The caller gives it to gs_mem_free. */
char *gs_stage_content(gs_stage *stage, const char *where);

#endif
