/* SPDX-License-Identifier: Apache-2.0
 *
 * The requests that wait for a worker, and the workers: threads of libuv's pool, of which one is
 * left free for reloads. A worker goes on with the next request by itself, so that a loaded daemon
 * does not wake a thread for every request. All functions are for the loop thread.
 */
#ifndef GS_DAEMON_WORK_H
#define GS_DAEMON_WORK_H

#include <uv.h>

#include "common/base/limits.h"
#include "query/daemon/dispatch.h"
#include "query/daemon/metrics.h"

typedef struct gs_job gs_job;
typedef struct gs_work gs_work;

typedef enum gs_job_state {
    GS_JOB_FRESH,  /* not begun */
    GS_JOB_POOLED, /* waits for a worker or has one: its answer is not ours to touch */
    GS_JOB_READY,  /* a piece of the reply is there */
} gs_job_state;

/* One request on its way. */
struct gs_job {
    gs_answer answer;
    gs_job_state state;
    bool streams; /* counted in metrics.streams */
    uint64_t accounted_bytes; /* of its answer, in metrics.streams_bytes */
    void *owner;  /* the connection; NULL once that is gone */
    gs_job *next; /* in the order of the connection */

    gs_job *next_pooled; /* in one of the queues */
    gs_job *follower;    /* joins the queue when a worker is done with this one */
    bool is_done;        /* a worker is, though the loop may not know yet */
    gs_work *work;
};

/* Jobs in the order in which they came. */
typedef struct gs_job_queue {
    gs_job *first, *last;
    unsigned count;
} gs_job_queue;

/* One worker at work. */
typedef struct gs_worker {
    uv_work_t request;
    gs_work *work;
    bool is_busy; /* from its start until the loop knows of its end */
} gs_worker;

struct gs_work {
    uv_loop_t *loop;
    gsearch_index *index;
    gs_metrics *metrics;
    void (*on_piece)(gs_job *job); /* a job with an owner is READY */
    unsigned threads;              /* that may work at once, at most GS_THREADS_MAX */
    unsigned waiting_max;

    gs_worker workers[GS_THREADS_MAX];
    unsigned pooled;    /* jobs that wait or are worked on, as far as the loop thread knows */
    uv_async_t is_done; /* wakes the loop */

    uv_mutex_t lock;             /* of the rest */
    gs_job_queue brief, streams; /* the two kinds that wait */
    gs_job_queue done;           /* to be taken by the loop */
    unsigned brief_taken;        /* while a stream waited */
    unsigned active;             /* workers that have a job or will look for one */
    unsigned working;            /* of these, with a job, */
    unsigned streaming;          /* which is a stream */
};

/* After loop, metrics and what follows are set; false if the system has no lock to give. */
bool gs_work_init(gs_work *work);
/* Once nothing runs on the loop any more, and before it is closed. */
void gs_work_release(gs_work *work);

/* A job with a copy of `line`, parsed; NULL when there is no memory. */
gs_job *gs_job_new(gs_work *work, void *owner, gs_bytes line);
/* The same for a reply that is an error from the start. */
gs_job *gs_job_new_failed(gs_work *work, void *owner, const gsearch_error *err);
/* Not while POOLED. */
void gs_job_free(gs_job *job);

/* Hands a job to the pool. A FRESH one for which there is no room becomes READY with an ERR busy
 * reply at once. `before` is the last brief one before it on its connection that is POOLED, if
 * any: a brief job waits until that is done, and then behind those of the other connections. */
void gs_work_submit(gs_work *work, gs_job *job, gs_job *before);

/* The owner is gone: a POOLED job is cancelled and frees itself, another is freed now. */
void gs_job_abandon(gs_job *job);

#endif
