/* SPDX-License-Identifier: Apache-2.0
 *
 * The seam of common/base/sys.h with a will of its own: a program that links this file instead
 * decides which call fails, is cut short or is the last one. What is about GS_DISK_ROOT happens in
 * memory, the rest for real, but for fsync, which only pretends: the system outlives the process.
 */
#ifndef GS_TESTS_FAULTYSYS_H
#define GS_TESTS_FAULTYSYS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define GS_FAULT_EXIT 77 /* the status of a process that the plan has ended */

typedef enum gs_fault_call {
    /* these change something … */
    GS_CALL_MAKE, /* of a file, by open */
    GS_CALL_WRITE,
    GS_CALL_CUT,
    GS_CALL_SYNC,
    GS_CALL_RENAME,
    GS_CALL_LINK,
    GS_CALL_REMOVE,
    GS_CALL_MKDIR,
    GS_CALL_CHANGES, /* … and those after it do not */
    GS_CALL_OPEN = GS_CALL_CHANGES,
    GS_CALL_CLOSE,
    GS_CALL_READ,
    GS_CALL_LOCK,
    GS_CALL_LOOK, /* stat */
    GS_CALL_MAP,
    GS_CALL_LIST, /* fdopendir and readdir */
    GS_CALL_RANDOM,
    GS_CALLS
} gs_fault_call;

/* One for a process and its children: it lies in memory that they share. */
typedef struct gs_faults {
    /* the plan, of numbers from 1 */
    bool is_on; /* else nothing is counted and nothing fails */
    bool only_changes;
    unsigned at;   /* the call that it is about; 0: none */
    bool for_good; /* and those after it */
    int error;     /* it fails with this errno; */
    size_t cut_to; /* else, if a transfer, it is cut to that length, SIZE_MAX: to one byte less; */
    unsigned then_after; /* so many calls after the first that is hit comes another; 0: none */
    int then_error;
    bool then_for_good;
    bool dies, dies_after; /* else it is the last one, before or after it was made */
    unsigned allocation_at;
    bool allocations_for_good;
    unsigned page_at;   /* the read that finds damage, see faultysteps.h */
    unsigned budget_at; /* the look at a budget that ends the search, likewise */
    /* of every call that changes something, before it is made; may be NULL */
    void (*on_change)(gs_fault_call call, int fd, const char *from, const char *to);

    /* what was seen */
    atomic_uint calls, allocations, pages, budgets;
    atomic_bool is_hit;
    gs_fault_call hit_call;   /* the first that is hit */
    size_t hit_len;           /* of a transfer */
    bool hit_input;           /* a call about neither the index folder nor the one above */
    bool remove_failed;       /* a call that should clean up */
    atomic_bool has_manifest; /* the rename of one was made */
    atomic_long blocks;       /* of memory that are in use, planned or not */
    atomic_long descriptors;  /* that are open, likewise, of files */
} gs_faults;

gs_faults *gs_faults_here(void);
/* No plan, nothing seen; `blocks` and `descriptors` stay. */
void gs_faults_reset(void);
/* Counts one allocation; false if the plan says that it fails. */
bool gs_faults_allow(void);
/* For a child: from here on it has a plan, and counters, of its own. */
void gs_faults_detach(void);

#endif
