/* SPDX-License-Identifier: Apache-2.0
 *
 * An index that is none: it stands behind the daemon in its tests, so that everything about sockets
 * is checked without the engine and the tests decide what a search does. The first word of a query
 * says what happens:
 *
 *     rows N    N rows of some 200 bytes, each with the generation in its title
 *     cut N     the same, but CORRUPT instead of row N
 *     block     waits until gs_stub_open_gate, then one row
 *     bad       BAD_QUERY at offset 3
 *     other     one row, whose title is the query
 *
 * GET knows every id but "none"; the document "huge" has 5 MiB, "pad N" N bytes more than others.
 */
#ifndef GS_TESTS_STUBINDEX_H
#define GS_TESTS_STUBINDEX_H

#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

/* Shared with the process that serves. */
typedef struct gs_stub {
    volatile uint64_t generation; /* of the next refresh */
    volatile bool refuses_refresh;
    volatile bool has_changed; /* the files of the generation that answers */
    volatile uint64_t refreshes;
    volatile uint64_t rows_made;
    volatile uint64_t pauses; /* of searches with rows to come */
    sem_t gate;    /* one search that blocks goes on for each post */
    sem_t blocked; /* posted by each search that begins to block */
} gs_stub;

/* For the servers started after it. */
void gs_stub_use(gs_stub *stub);

#endif
