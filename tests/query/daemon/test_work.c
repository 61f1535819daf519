/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of query/daemon/work.c on a loop without sockets.
 */
#include "query/daemon/work.h"

#include <stdlib.h>

#include "common/base/limits.h"
#include "tests/query/daemon/stubindex.h"
#include "tests/support/check.h"

typedef struct work_bench {
    uv_loop_t loop;
    gs_metrics metrics;
    gs_work work;
    gs_stub stub;
    gs_job *ended[64]; /* in the order in which they came back without more to come */
    unsigned ended_count;
} work_bench;

static void on_piece(gs_job *job)
{
    work_bench *bench = job->owner;
    assert_int_equal(job->state, GS_JOB_READY);
    gs_buf_reset(&job->answer.out);
    if (job->answer.more)
        gs_work_submit(job->work, job, NULL);
    else
        bench->ended[bench->ended_count++] = job;
}

static int setup(void **state)
{
    work_bench *bench = calloc(1, sizeof(*bench));
    bench->stub.generation = 1;
    sem_init(&bench->stub.gate, 0, 0);
    sem_init(&bench->stub.blocked, 0, 0);
    gs_stub_use(&bench->stub);
    uv_loop_init(&bench->loop);
    bench->work = (gs_work){.loop = &bench->loop,
                            .metrics = &bench->metrics,
                            .on_piece = on_piece,
                            .threads = 1,
                            .waiting_max = 3};
    assert_true(gs_work_init(&bench->work));
    *state = bench;
    return gs_index_open_durable("index", &bench->work.index, NULL);
}

static int teardown(void **state)
{
    work_bench *bench = *state;
    for (int i = 0; i < 8; i++)
        sem_post(&bench->stub.gate); // of a case that has failed
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    for (unsigned i = 0; i < bench->ended_count; i++)
        gs_job_free(bench->ended[i]);
    assert_int_equal(bench->metrics.waiting, 0);
    assert_int_equal(bench->metrics.running, 0);
    assert_int_equal(bench->metrics.streams, 0);
    gs_work_release(&bench->work);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    gsearch_index_close(bench->work.index);
    free(bench);
    return 0;
}

static gs_job *submit_after(work_bench *bench, gs_job *before, const char *line)
{
    gs_job *job = gs_job_new(&bench->work, bench, gs_bytes_str(line));
    assert_non_null(job);
    gs_work_submit(&bench->work, job, before);
    return job;
}

/* Of a connection that has nothing else to ask. */
static gs_job *submit(work_bench *bench, const char *line)
{
    return submit_after(bench, NULL, line);
}

static void first_come_first_served(void **state)
{
    work_bench *bench = *state;
    gs_job *jobs[3] = {submit(bench, "COUNT block"), submit(bench, "COUNT b"),
                       submit(bench, "COUNT c")};
    assert_int_equal(bench->metrics.running, 1);
    assert_int_equal(bench->metrics.waiting, 2);
    sem_post(&bench->stub.gate);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->ended_count, 3);
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(bench->ended[i], jobs[i]);
}

static void a_stream_lets_the_others_pass(void **state)
{
    work_bench *bench = *state;
    gs_job *stream = submit(bench, "SEARCH limit=all rows 10000");
    gs_job *later = submit(bench, "COUNT x");
    assert_int_equal(bench->metrics.streams, 1);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_ptr_equal(bench->ended[0], later);
    assert_ptr_equal(bench->ended[1], stream);
}

static void a_full_queue_refuses_at_once(void **state)
{
    work_bench *bench = *state;
    submit(bench, "COUNT block");
    for (int i = 0; i < 3; i++)
        submit(bench, "COUNT x");
    gs_job *refused = submit(bench, "COUNT x");
    assert_int_equal(refused->state, GS_JOB_READY);
    assert_int_equal(refused->answer.status, GSEARCH_BUSY);
    gs_job_free(refused);
    sem_post(&bench->stub.gate);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->ended_count, 4);
}

static void a_stream_pauses_where_others_wait(void **state)
{
    work_bench *bench = *state;
    submit(bench, "SEARCH limit=all rows 3000");
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->stub.pauses, 0); // it is alone
    submit(bench, "COUNT block");            // so that both wait
    submit(bench, "SEARCH limit=all rows 3000");
    submit(bench, "SEARCH limit=all rows 3000");
    sem_post(&bench->stub.gate);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_true(bench->stub.pauses > 0);
}

static void too_many_streams_are_refused(void **state)
{
    work_bench *bench = *state;
    bench->metrics.streams = GS_STREAMS_MAX;
    gs_job *refused = submit(bench, "SEARCH limit=all x");
    assert_int_equal(refused->answer.status, GSEARCH_BUSY);
    gs_job_free(refused);
    bench->metrics.streams = GS_STREAMS_MAX - 1;
    submit(bench, "SEARCH limit=all x");
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->ended_count, 1);
    assert_int_equal(bench->ended[0]->answer.status, GSEARCH_OK);
    bench->metrics.streams = 1;
}

static void streams_that_keep_too_much_are_refused(void **state)
{
    work_bench *bench = *state;
    bench->metrics.streams_bytes = GS_STREAMS_BYTES_MAX - 100; // the stub keeps that many
    submit(bench, "SEARCH limit=all rows 3000");
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->ended[0]->answer.status, GSEARCH_OK);
    assert_int_equal(bench->metrics.streams_bytes, GS_STREAMS_BYTES_MAX - 100);
    bench->metrics.streams_bytes++;
    submit(bench, "SEARCH limit=all rows 3000");
    submit(bench, "SEARCH limit=all x"); // is over with its first piece
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->ended_count, 3);
    for (int i = 1; i < 3; i++) {
        bool is_small = bench->ended[i]->answer.command.request.query[0] == 'x';
        assert_int_equal(bench->ended[i]->answer.status, is_small ? GSEARCH_OK : GSEARCH_BUSY);
    }
    assert_int_equal(bench->metrics.streams_bytes, GS_STREAMS_BYTES_MAX - 99);
}

static void unread_replies_beyond_the_limit_stop_new_work(void **state)
{
    work_bench *bench = *state;
    bench->metrics.output_bytes = GS_OUTPUT_ALL_BYTES_MAX + 1ull;
    gs_job *refused = submit(bench, "COUNT x");
    assert_int_equal(refused->answer.status, GSEARCH_BUSY);
    gs_job_free(refused);
    bench->metrics.output_bytes = GS_OUTPUT_ALL_BYTES_MAX;
    submit(bench, "COUNT x");
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->ended_count, 1);
    assert_int_equal(bench->ended[0]->answer.status, GSEARCH_OK);
}

/* Lets the loop run until so many have ended, and not for ever. */
static void run_until_ended(work_bench *bench, unsigned count)
{
    uint64_t give_up = uv_hrtime() + 10000000000u;
    while (bench->ended_count < count) {
        uv_run(&bench->loop, UV_RUN_NOWAIT);
        if (uv_hrtime() > give_up)
            fail_msg("%u of %u have ended", bench->ended_count, count);
    }
}

static void what_is_done_does_not_wait_for_what_comes_next(void **state)
{
    work_bench *bench = *state;
    gs_job *quick = submit(bench, "COUNT x"), *slow = submit(bench, "COUNT block");
    run_until_ended(bench, 1);
    assert_ptr_equal(bench->ended[0], quick);
    assert_int_equal(bench->metrics.running, 1);
    sem_post(&bench->stub.gate);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_ptr_equal(bench->ended[1], slow);
}

static void streams_leave_a_thread_to_the_others(void **state)
{
    work_bench *bench = *state;
    bench->work.threads = 2;
    submit(bench, "SEARCH limit=all block");
    submit(bench, "SEARCH limit=all block");
    gs_job *brief = submit(bench, "COUNT x");
    run_until_ended(bench, 1);
    assert_ptr_equal(bench->ended[0], brief);
    sem_post(&bench->stub.gate);
    sem_post(&bench->stub.gate);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->ended_count, 3);
}

static void streams_have_a_turn_where_the_others_need_all(void **state)
{
    work_bench *bench = *state;
    bench->work.waiting_max = 64;
    submit(bench, "COUNT block");
    gs_job *stream = submit(bench, "SEARCH limit=all rows 1");
    for (int i = 0; i < 40; i++)
        submit(bench, "COUNT x");
    sem_post(&bench->stub.gate);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->ended_count, 42);
    unsigned place = 0;
    while (bench->ended[place] != stream)
        place++;
    assert_in_range(place, 10, 20);
}

static void connections_have_turns(void **state)
{
    work_bench *bench = *state;
    bench->work.waiting_max = 64;
    gs_job *eager = submit(bench, "COUNT block"), *other = NULL, *wanted[9];
    wanted[0] = eager;
    for (int i = 0; i < 4; i++) {
        eager = submit_after(bench, eager, "COUNT x");
        wanted[2 * i + 2] = eager;
    }
    for (int i = 0; i < 4; i++) {
        other = submit_after(bench, other, "COUNT x");
        wanted[2 * i + 1] = other;
    }
    sem_post(&bench->stub.gate);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->ended_count, 9);
    for (int i = 0; i < 9; i++)
        assert_ptr_equal(bench->ended[i], wanted[i]);
}

static void a_connection_has_one_thread_at_a_time(void **state)
{
    work_bench *bench = *state;
    bench->work.threads = 2;
    bench->work.waiting_max = 64;
    gs_job *eager = NULL;
    for (int i = 0; i < 8; i++)
        eager = submit_after(bench, eager, "COUNT block");
    gs_job *other = submit(bench, "COUNT x");
    run_until_ended(bench, 1);
    assert_ptr_equal(bench->ended[0], other);
    for (int i = 0; i < 8; i++)
        sem_post(&bench->stub.gate);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->ended_count, 9);
    assert_ptr_equal(bench->ended[8], eager);
}

static void what_follows_a_job_that_is_done_waits_no_longer(void **state)
{
    work_bench *bench = *state;
    gs_job *first = submit(bench, "COUNT block"); // done before the loop knows
    sem_post(&bench->stub.gate);
    bool is_done = false;
    for (uint64_t give_up = uv_hrtime() + 10000000000u; !is_done && uv_hrtime() < give_up;) {
        uv_mutex_lock(&bench->work.lock);
        is_done = first->is_done;
        uv_mutex_unlock(&bench->work.lock);
    }
    gs_job *second = submit_after(bench, first, "COUNT x");
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->ended_count, 2);
    assert_ptr_equal(bench->ended[1], second);
}

static void an_abandoned_job_is_cancelled_and_frees_itself(void **state)
{
    work_bench *bench = *state;
    gs_job *running = submit(bench, "COUNT block");
    gs_job *waiting = submit_after(bench, running, "COUNT x");
    gs_job *fresh = gs_job_new(&bench->work, bench, gs_bytes_str("COUNT x"));
    sem_wait(&bench->stub.blocked);
    gs_job_abandon(running); // the gate stays shut: only the cancelling ends it
    gs_job_abandon(waiting);
    gs_job_abandon(fresh);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->ended_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_come_first_served, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stream_lets_the_others_pass, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_done_does_not_wait_for_what_comes_next, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(streams_leave_a_thread_to_the_others, setup, teardown),
        cmocka_unit_test_setup_teardown(streams_have_a_turn_where_the_others_need_all, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(connections_have_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(a_connection_has_one_thread_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(what_follows_a_job_that_is_done_waits_no_longer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_queue_refuses_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stream_pauses_where_others_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_streams_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(streams_that_keep_too_much_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(unread_replies_beyond_the_limit_stop_new_work, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_abandoned_job_is_cancelled_and_frees_itself, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
