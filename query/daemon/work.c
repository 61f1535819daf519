/* SPDX-License-Identifier: Apache-2.0
 *
 * First come, first served, one request of a connection at a time: the next one goes to the end of
 * the queue when a worker is done with it. So who sends many at once has one thread at most, and no
 * more turns than anybody else. But what streams, a piece at a time and from the end of its own
 * queue each time, gives way to requests with one short reply: it gets the threads that they do not
 * need, all but one at most, and one turn in STREAM_TURN where they need all. So however many
 * streams there are, they hold up the others by a piece at most.
 */
#include "query/daemon/work.h"

#include "common/base/sabotage.h"

#define STREAM_TURN 16u

static void on_done(uv_async_t *is_done);

bool gs_work_init(gs_work *work)
{
    for (unsigned i = 0; i < GS_THREADS_MAX; i++) {
        work->workers[i].work = work;
        work->workers[i].request.data = &work->workers[i];
    }
    if (uv_mutex_init(&work->lock))
        return false;
    if (uv_async_init(work->loop, &work->is_done, on_done)) {
        uv_mutex_destroy(&work->lock);
        return false;
    }
    work->is_done.data = work;
    uv_unref((uv_handle_t *)&work->is_done); // the workers keep the loop running
    return true;
}

void gs_work_release(gs_work *work)
{
    uv_close((uv_handle_t *)&work->is_done, NULL);
    uv_run(work->loop, UV_RUN_DEFAULT);
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
    job->work->metrics->streams_bytes -= job->accounted_bytes;
    gs_answer_release(&job->answer);
    gs_mem_free(NULL, job);
}

/* ---- queues -------------------------------------------------------------------------------- */

static void push(gs_job_queue *queue, gs_job *job)
{
    job->next_pooled = NULL;
    if (queue->first)
        queue->last->next_pooled = job;
    else
        queue->first = job;
    queue->last = job;
    queue->count++;
}

static gs_job *shift(gs_job_queue *queue)
{
    gs_job *job = queue->first;
    queue->first = job->next_pooled;
    queue->count--;
    return job;
}

/* How many streams may be given to further workers. With the lock. */
static unsigned streams_to_take(const gs_work *work)
{
    unsigned at_once = work->threads > 1 ? work->threads - 1 : 1;
    unsigned room = at_once > work->streaming ? at_once - work->streaming : 0;
    return work->streams.count < room ? work->streams.count : room;
}

/* The job that a worker is to do next; NULL if there is none. With the lock. */
static gs_job *next_job(gs_work *work)
{
    unsigned streams = streams_to_take(work);
    bool is_turn = work->brief_taken >= STREAM_TURN || work->brief.count == 0;
    if (streams && is_turn) {
        work->brief_taken = 0;
        work->streaming++;
        return shift(&work->streams);
    }
    if (work->brief.count == 0)
        return NULL;
    work->brief_taken = streams ? work->brief_taken + 1 : 0;
    return shift(&work->brief);
}

/* ---- workers ------------------------------------------------------------------------------- */

/* Hands in what a worker is done with, if anything, and gets the next job. Without one the worker
 * ends, by which the loop is woken anyway. */
static gs_job *exchange(gs_work *work, gs_job *done)
{
    uv_mutex_lock(&work->lock);
    bool is_news = done && work->done.count == 0;
    if (done) {
        work->working--;
        work->streaming -= done->streams;
        if (done->follower)
            push(&work->brief, done->follower);
        done->follower = NULL;
        done->is_done = true;
        push(&work->done, done);
    }
    gs_job *job = next_job(work);
    if (job)
        work->working++;
    else
        work->active--;
    uv_mutex_unlock(&work->lock);
    if (job && is_news)
        uv_async_send(&work->is_done);
    return job;
}

static bool others_wait(gs_work *work)
{
    uv_mutex_lock(&work->lock);
    bool wait = work->brief.count || work->streams.count;
    uv_mutex_unlock(&work->lock);
    return wait;
}

static void step(gs_work *work, gs_job *job)
{
    if (__atomic_load_n(&job->answer.cancel, __ATOMIC_RELAXED))
        return;
    gs_answer_step(&job->answer, work->index);
    // else each of hundreds would hold what one search needs until it has a thread again
    if (job->answer.more && others_wait(work))
        gs_answer_pause(&job->answer);
}

/* On a thread of the pool: touches the queues, and the answers of the jobs it takes. */
static void on_work(uv_work_t *request)
{
    gs_work *work = ((gs_worker *)request->data)->work;
    gs_job *job = NULL;
    while ((job = exchange(work, job)))
        step(work, job);
}

/* How many workers there should be beside those that are active. With the lock. */
static unsigned workers_to_start(const gs_work *work)
{
    unsigned jobs = work->brief.count + streams_to_take(work);
    unsigned looking = work->active - work->working;
    unsigned wanted = jobs > looking ? jobs - looking : 0;
    unsigned room = work->threads - work->active;
    return wanted < room ? wanted : room;
}

static void on_worked(uv_work_t *request, int status);

/* Puts as many workers to work as there is work for. */
static void start_workers(gs_work *work)
{
    gs_worker *found[GS_THREADS_MAX];
    unsigned count = 0;
    uv_mutex_lock(&work->lock);
    unsigned wanted = workers_to_start(work);
    // one that has ended without the loop knowing it is started again when it does
    for (unsigned i = 0; i < work->threads && count < wanted; i++)
        if (!work->workers[i].is_busy)
            found[count++] = &work->workers[i];
    work->active += count;
    uv_mutex_unlock(&work->lock);
    for (unsigned i = 0; i < count; i++) {
        found[i]->is_busy = true;
        uv_queue_work(work->loop, &found[i]->request, on_work, on_worked);
    }
    gs_metrics *metrics = work->metrics;
    metrics->running += count;
    metrics->waiting = work->pooled > metrics->running ? work->pooled - metrics->running : 0;
}

static void account(gs_job *job)
{
    job->work->metrics->streams_bytes += job->answer.bytes - job->accounted_bytes;
    job->accounted_bytes = job->answer.bytes;
}

/* Counts what a stream keeps. If all keep too much, one that has only begun, of which nothing is
 * sent yet, makes room for the others. */
static void admit_bytes(gs_job *job)
{
    gsearch_error err;
    bool has_begun = job->accounted_bytes > 0;
    account(job);
    if (has_begun || job->work->metrics->streams_bytes <= GS_STREAMS_BYTES_MAX)
        return;
    gs_fail(&err, GSEARCH_BUSY, "more than %u bytes of matches of limit=all wait, try again later",
            GS_STREAMS_BYTES_MAX);
    gs_answer_fail(&job->answer, &err);
    account(job);
}

/* Passes on what the workers have done so far. */
static void take_done(gs_work *work)
{
    uv_mutex_lock(&work->lock);
    gs_job *job = work->done.first;
    work->done = (gs_job_queue){0};
    uv_mutex_unlock(&work->lock);
    while (job) {
        gs_job *next = job->next_pooled;
        work->pooled--;
        job->state = GS_JOB_READY;
        if (job->streams)
            admit_bytes(job);
        if (job->owner)
            work->on_piece(job);
        else
            gs_job_free(job);
        job = next;
    }
    start_workers(work);
}

static void on_done(uv_async_t *is_done)
{
    take_done(is_done->data);
}

static void on_worked(uv_work_t *request, int status)
{
    (void)status; // nothing is ever cancelled by libuv's means
    gs_worker *worker = request->data;
    worker->is_busy = false;
    worker->work->metrics->running--;
    take_done(worker->work);
}

/* ---- the loop ------------------------------------------------------------------------------ */

/* False, with the reason as the reply, if the daemon has too much to do already. */
static bool admit(gs_work *work, gs_job *job)
{
    gsearch_error err;
    bool streams = job->answer.command.request.limit == GSEARCH_LIMIT_ALL;
    if (work->metrics->waiting >= work->waiting_max && !GS_SABOTAGED(work_queue)) {
        gs_fail(&err, GSEARCH_BUSY, "%u requests wait already, try again later", work->waiting_max);
    } else if (work->metrics->output_bytes > GS_OUTPUT_ALL_BYTES_MAX && !GS_SABOTAGED(output_all)) {
        gs_fail(&err, GSEARCH_BUSY, "%u bytes of replies are not yet read, try again later",
                GS_OUTPUT_ALL_BYTES_MAX);
    } else if (streams && work->metrics->streams >= GS_STREAMS_MAX && !GS_SABOTAGED(streams)) {
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

void gs_work_submit(gs_work *work, gs_job *job, gs_job *before)
{
    if (job->state == GS_JOB_FRESH && !admit(work, job))
        return;
    job->state = GS_JOB_POOLED;
    job->is_done = false;
    uv_mutex_lock(&work->lock);
    if (job->streams && !GS_SABOTAGED(streams_apart))
        push(&work->streams, job);
    else if (before && !before->is_done && !GS_SABOTAGED(one_at_a_time))
        before->follower = job;
    else
        push(&work->brief, job);
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
