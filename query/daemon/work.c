/* SPDX-License-Identifier: Apache-2.0
 *
 * First come, first served. A reply that streams comes back to the end of the queue with each of
 * its pieces, so that a long one does not hold up the short ones.
 */
#include "query/daemon/work.h"

#include "common/base/limits.h"

static void start_waiting(gs_work *work);

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

static void on_work(uv_work_t *request)
{
    gs_job *job = request->data;
    gs_answer_step(&job->answer, job->work->index);
}

static void on_worked(uv_work_t *request, int status)
{
    (void)status; // nothing is ever cancelled by libuv's means
    gs_job *job = request->data;
    gs_work *work = job->work;
    work->metrics->running--;
    job->state = GS_JOB_READY;
    if (job->owner)
        work->on_piece(job);
    else
        gs_job_free(job);
    start_waiting(work);
}

static void start_waiting(gs_work *work)
{
    while (work->first && work->metrics->running < work->threads) {
        gs_job *job = work->first;
        work->first = job->next_waiting;
        work->metrics->waiting--;
        if (!job->owner) {
            gs_job_free(job);
            continue;
        }
        job->request.data = job;
        work->metrics->running++;
        uv_queue_work(work->loop, &job->request, on_work, on_worked);
    }
}

/* False, with the reason as the reply, if the daemon has too much to do already. */
static bool admit(gs_work *work, gs_job *job)
{
    gsearch_error err;
    bool streams = job->answer.command.request.limit == GSEARCH_LIMIT_ALL;
    if (work->metrics->waiting >= work->waiting_max) {
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
    job->next_waiting = NULL;
    if (work->first)
        work->last->next_waiting = job;
    else
        work->first = job;
    work->last = job;
    work->metrics->waiting++;
    start_waiting(work);
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
