/* SPDX-License-Identifier: Apache-2.0
 *
 * A change of an index on the disk in memory, run again and again under one fault or another: what
 * it must leave, and what may fail with which status.
 */
#ifndef GS_TESTS_TRIAL_H
#define GS_TESTS_TRIAL_H

#include "tests/durability/disk.h"
#include "tests/durability/scenario.h"

typedef struct gs_fault {
    const char *name;
    int error;     /* 0: the transfer is cut */
    size_t cut_to; /* as in gs_faults */
    gsearch_status status;
} gs_fault;

/* First those that are errors. */
#define GS_ERRORS 9u
#define GS_FAULTS 11u
extern const gs_fault gs_fault_list[GS_FAULTS];

#define GS_TRIAL_KNOWN_MAX 1024u

typedef struct gs_trial {
    const gs_scenario *scenario;
    gs_stage stage;
    gs_disk_image *before;
    char *old, *new; /* contents */
    unsigned calls;  /* to the system, of an undisturbed run */
    long blocks, descriptors;
    struct {
        uint64_t disk;
        const char *content;
    } known[GS_TRIAL_KNOWN_MAX]; /* disks that were looked at */
    size_t known_count;
    char where[256]; /* for messages */
} gs_trial;

/* Runs the scenario once without a fault, on an empty disk; the trial must stay where it is. */
void gs_trial_begin(gs_trial *trial, const gs_scenario *scenario);
void gs_trial_end(gs_trial *trial);

/* The disk as before the first run, and no plan. */
void gs_trial_restore(gs_trial *trial);
/* One run under the plan in gs_faults_here(). */
gsearch_status gs_trial_run(gs_trial *trial);

/* The newest generation must be whole and have `wanted`, which is `old` or `new` of the trial. */
void gs_trial_check_content(gs_trial *trial, const char *wanted);
/* No temporary file, unless removing one failed, no descriptor and no memory. */
void gs_trial_check_left(const gs_trial *trial);

#endif
