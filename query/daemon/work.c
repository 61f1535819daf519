/* SPDX-License-Identifier: Apache-2.0
 *
 * First come, first served. A reply that streams comes back to the end of the queue with each of
 * its pieces, so that a long one does not hold up the short ones.
 */
#include "query/daemon/work.h"

#include "common/base/sabotage.h"

/* How long a worker goes on before it reports back: short for those who wait for its first reply,
 * long beside the cost of waking the loop. */
#define SLICE_NS 300000u

bool gs_work_init(gs_work *work)
{
    for (unsigned i = 0; i < GS_THREADS_MAX; i++) {
        work->workers[i].work = work;
        work->workers[i].request.data = &work->workers[i];
    }
    return uv_mutex_init(&work->lock) == 0;
}

void gs_work_release(gs_work *work)
{
    uv_mutex_destroy(&work->lock);
}

gs_job *gs_job_new(gs_work *work, void *owner, gs_bytes line)
{
    gs_job *job = gs_mem_calloc(NULL, 1, sizeof(*job));
    gsearch_error err;
    if (!job)
        return NULL;
    if (gs_answer_init(&job->answer, line, &err)) {
        gs_mem_free(NULL, job);
        return NULL;
    }
    job->owner = owner;
    job->work = work;
    job->state = gs_answer_needs_index(&job->answer) ? GS_JOB_FRESH : GS_JOB_READY;
    return job;
}

gs_job *gs_job_new_failed(gs_work *work, void *owner, const gsearch_error *err)
{
    gs_job *job = gs_job_new(work, owner, gs_bytes_str(""));
    if (job)
        gs_answer_fail(&job->answer, err);
    return job;
}

void gs_job_free(gs_job *job)
{
    if (job->streams)
        job->work->metrics->streams--;
    gs_answer_release(&job->answer);
    gs_mem_free(NULL, job);
}

static gs_job *take_first(gs_work *work)
{
    uv_mutex_lock(&work->lock);
    gs_job *job = work->first;
    if (job)
        work->first = job->next_pooled;
    uv_mutex_unlock(&work->lock);
    return job;
}

/* On a thread of the pool: touches the queue, and the answers of the jobs it takes. */
static void on_work(uv_work_t *request)
{
    gs_worker *worker = request->data;
    gs_work *work = worker->work;
    uint64_t end = uv_hrtime() + SLICE_NS;
    do {
        gs_job *job = take_first(work);
        if (!job)
            return;
        if (!__atomic_load_n(&job->answer.cancel, __ATOMIC_RELAXED))
            gs_answer_step(&job->answer, work->index);
        job->next_pooled = NULL;
        if (worker->first_done)
            worker->last_done->next_pooled = job;
        else
            worker->first_done = job;
        worker->last_done = job;
    } while (uv_hrtime() < end);
}

static void start_workers(gs_work *work);

static void on_worked(uv_work_t *request, int status)
{
    (void)status; // nothing is ever cancelled by libuv's means
    gs_worker *worker = request->data;
    gs_work *work = worker->work;
    gs_job *job = worker->first_done;
    worker->first_done = NULL;
    worker->is_busy = false;
    work->metrics->running--;
    while (job) {
        gs_job *next = job->next_pooled;
        work->pooled--;
        job->state = GS_JOB_READY;
        if (job->owner)
            work->on_piece(job);
        else
            gs_job_free(job);
        job = next;
    }
    start_workers(work);
}

/* Puts as many workers to work as there is work for. */
static void start_workers(gs_work *work)
{
    gs_metrics *metrics = work->metrics;
    for (unsigned i = 0; i < work->threads && work->pooled > metrics->running; i++) {
        gs_worker *worker = &work->workers[i];
        if (worker->is_busy)
            continue;
        worker->is_busy = true;
        metrics->running++;
        uv_queue_work(work->loop, &worker->request, on_work, on_worked);
    }
    metrics->waiting = work->pooled > metrics->running ? work->pooled - metrics->running : 0;
}

/* False, with the reason as the reply, if the daemon has too much to do already. */
static bool admit(gs_work *work, gs_job *job)
{
    gsearch_error err;
    bool streams = job->answer.command.request.limit == GSEARCH_LIMIT_ALL;
    if (work->metrics->waiting >= work->waiting_max && !GS_SABOTAGED(work_queue)) {
        gs_fail(&err, GSEARCH_BUSY, "%u requests wait already, try again later", work->waiting_max);
    } else if (work->metrics->output_bytes > GS_OUTPUT_ALL_BYTES_MAX) {
        gs_fail(&err, GSEARCH_BUSY, "%u bytes of replies are not yet read, try again later",
                GS_OUTPUT_ALL_BYTES_MAX);
    } else if (streams && work->metrics->streams >= GS_STREAMS_MAX) {
        gs_fail(&err, GSEARCH_BUSY, "%u replies to limit=all are on their way, try again later",
                GS_STREAMS_MAX);
    } else {
        job->streams = streams;
        work->metrics->streams += streams;
        return true;
    }
    gs_answer_fail(&job->answer, &err);
    job->state = GS_JOB_READY;
    return false;
}

void gs_work_submit(gs_work *work, gs_job *job)
{
    if (job->state == GS_JOB_FRESH && !admit(work, job))
        return;
    job->state = GS_JOB_POOLED;
    job->next_pooled = NULL;
    uv_mutex_lock(&work->lock);
    if (work->first)
        work->last->next_pooled = job;
    else
        work->first = job;
    work->last = job;
    uv_mutex_unlock(&work->lock);
    work->pooled++;
    start_workers(work);
}

void gs_job_abandon(gs_job *job)
{
    if (job->state == GS_JOB_POOLED) {
        __atomic_store_n(&job->answer.cancel, 1, __ATOMIC_RELAXED);
        job->owner = NULL;
    } else {
        gs_job_free(job);
    }
}
