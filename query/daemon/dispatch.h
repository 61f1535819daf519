/* SPDX-License-Identifier: Apache-2.0
 *
 * From a request to its reply, in pieces: what a worker thread does, without sockets.
 */
#ifndef GS_DAEMON_DISPATCH_H
#define GS_DAEMON_DISPATCH_H

#include "common/wire/wire.h"
#include "query/search.h"

/* One reply in the making. It is used by one thread at a time: the loop fills in the command, a
 * worker makes a piece, the loop takes it, and so on while there is `more`. */
typedef struct gs_answer {
    char *line; /* owned; the command points into it */
    gs_command command;
    gs_buf out;        /* the piece; the taker resets it */
    gs_search *search; /* open while rows are to come */
    uint64_t bytes;    /* that it keeps */
    gsearch_status status;
    bool begun; /* a piece was made: it is too late for an ERR line */
    bool more;
    bool is_cut;         /* it failed after its first piece and will have no END */
    volatile int cancel; /* set by any thread: nobody waits for the reply any more */
} gs_answer;

/* Copies `line` and parses it; after a failure the reply is complete and says so. NO_MEMORY only
 * if there was none for the copy. */
GS_CHECKED gsearch_status gs_answer_init(gs_answer *answer, gs_bytes line, gsearch_error *err);
void gs_answer_release(gs_answer *answer);

/* Makes the reply, so far empty, the ERR line of `err`. */
void gs_answer_fail(gs_answer *answer, const gsearch_error *err);

/* True for the verbs that gs_answer_step answers; the others are the business of the loop. */
bool gs_answer_needs_index(const gs_answer *answer);

/* True if the reply may be big: it is begun only when its connection has nothing else to send. */
bool gs_answer_is_bulky(const gs_answer *answer);

/* Appends the next piece to `out`, some 64 KiB where the reply streams. */
void gs_answer_step(gs_answer *answer, gsearch_index *index);

/* After a piece, if the next one has to wait: gives back what that does not need. */
void gs_answer_pause(gs_answer *answer);

#endif
