/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of query/daemon/dispatch.c without sockets: how a reply is cut into pieces and what it
 * says when something fails.
 */
#include "query/daemon/dispatch.h"

#include "tests/query/daemon/stubindex.h"
#include "tests/support/check.h"

static gs_stub stub;
static gsearch_index *ix;

static gs_answer begin(const char *line)
{
    gs_answer answer;
    gsearch_error error;
    assert_ok(gs_answer_init(&answer, gs_bytes_str(line), &error), &error);
    return answer;
}

static void check_out(gs_answer *answer, const char *wanted)
{
    assert_true(gs_bytes_equal(gs_buf_view(&answer->out), gs_bytes_str(wanted)));
}

static void a_short_reply_is_one_piece(void **state)
{
    (void)state;
    gs_answer answer = begin("COUNT rows 5");
    assert_true(gs_answer_needs_index(&answer));
    assert_false(gs_answer_is_bulky(&answer));
    gs_answer_step(&answer, ix);
    assert_false(answer.more);
    check_out(&answer, "OK total=5 took_us=412 generation=1\nEND\n");
    gs_answer_release(&answer);
}

static void a_reply_that_does_not_stream_has_at_most_4_mib(void **state)
{
    (void)state;
    // "OK generation=1", {"id":"pad 4194263"} and END with their line ends take 41 bytes
    gs_answer answer = begin("GET pad 4194263");
    gs_answer_step(&answer, ix);
    assert_int_equal(answer.status, GSEARCH_OK);
    assert_int_equal(answer.out.len, 4u << 20);
    gs_answer_release(&answer);
    answer = begin("GET pad 4194264");
    gs_answer_step(&answer, ix);
    assert_int_equal(answer.status, GSEARCH_LIMIT);
    gs_answer_release(&answer);
}

static void a_long_reply_comes_in_pieces_of_one_generation(void **state)
{
    (void)state;
    gs_answer answer = begin("SEARCH limit=all snippet=off rows 2000");
    assert_true(gs_answer_is_bulky(&answer));
    size_t rows = 0, pieces = 0;
    do {
        gs_answer_step(&answer, ix);
        // a newer generation between two pieces changes nothing
        bool changed;
        stub.generation++;
        assert_int_equal(gsearch_index_refresh(ix, &changed, NULL), GSEARCH_OK);
        assert_true(answer.out.len < (64u << 10) + 1024);
        gs_buf_u8(&answer.out, '\0');
        for (const char *at = (char *)answer.out.data; (at = strstr(at, "\"generation 1 ")); at++)
            rows++;
        bool is_last = strstr((char *)answer.out.data, "END\n") != NULL;
        assert_int_equal(is_last, !answer.more);
        gs_buf_reset(&answer.out);
        pieces++;
    } while (answer.more);
    assert_int_equal(rows, 2000);
    assert_true(pieces > 3);
    assert_null(answer.search);
    gs_answer_release(&answer);
    stub.generation = 1;
    assert_int_equal(gsearch_index_refresh(ix, &(bool){false}, NULL), GSEARCH_OK);
}

static void a_line_at_fault_is_answered_without_the_index(void **state)
{
    (void)state;
    gs_answer answer = begin("SEARCH limit=x y");
    assert_int_equal(answer.status, GSEARCH_BAD_ARGUMENT);
    assert_false(gs_answer_needs_index(&answer));
    check_out(&answer, "ERR bad-argument bad value \"x\" of key \"limit\": expected N|all\n");
    gs_answer_release(&answer);
}

static void only_verbs_about_documents_need_the_index(void **state)
{
    (void)state;
    static const char *const others[] = {"STATS", "HELP", "PING", "QUIT", "AUTH x"};
    static const char *const verbs[] = {"SEARCH x", "COUNT x", "GET x", "EXPLAIN x", "SUGGEST x"};
    for (size_t i = 0; i < 5; i++) {
        gs_answer answer = begin(others[i]);
        assert_false(gs_answer_needs_index(&answer));
        gs_answer_release(&answer);
        answer = begin(verbs[i]);
        assert_true(gs_answer_needs_index(&answer));
        gs_answer_release(&answer);
    }
}

static void a_failure_before_the_first_piece_is_the_whole_reply(void **state)
{
    (void)state;
    gs_answer answer = begin("SEARCH limit=100 cut 50");
    gs_answer_step(&answer, ix);
    assert_false(answer.more);
    assert_false(answer.is_cut);
    assert_int_equal(answer.status, GSEARCH_CORRUPT);
    check_out(&answer, "ERR corrupt block 7 is damaged\n");
    gs_answer_release(&answer);
}

static void a_failure_after_the_first_piece_cuts_the_reply(void **state)
{
    (void)state;
    gs_answer answer = begin("SEARCH limit=all cut 1000");
    gs_answer_step(&answer, ix);
    assert_true(answer.more);
    while (answer.more) {
        gs_buf_reset(&answer.out);
        gs_answer_step(&answer, ix);
    }
    assert_true(answer.is_cut);
    assert_int_equal(answer.status, GSEARCH_CORRUPT);
    gs_answer_release(&answer);
}

static void a_document_over_the_limit_is_named_so(void **state)
{
    (void)state;
    gs_answer answer = begin("GET huge");
    gs_answer_step(&answer, ix);
    assert_int_equal(answer.status, GSEARCH_LIMIT);
    assert_true(answer.out.len < 200);
    gs_answer_release(&answer);
}

static int setup(void **state)
{
    (void)state;
    stub.generation = 1;
    gs_stub_use(&stub);
    return gs_index_open_durable("index", &ix, NULL);
}

static int teardown(void **state)
{
    (void)state;
    gsearch_index_close(ix);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_reply_is_one_piece),
        cmocka_unit_test(a_reply_that_does_not_stream_has_at_most_4_mib),
        cmocka_unit_test(a_long_reply_comes_in_pieces_of_one_generation),
        cmocka_unit_test(a_line_at_fault_is_answered_without_the_index),
        cmocka_unit_test(only_verbs_about_documents_need_the_index),
        cmocka_unit_test(a_failure_before_the_first_piece_is_the_whole_reply),
        cmocka_unit_test(a_failure_after_the_first_piece_cuts_the_reply),
        cmocka_unit_test(a_document_over_the_limit_is_named_so),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
