/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of clients/c/reply.c: lines as docs/PROTOCOL.md shows them, and lines it does not allow.
 */
#include "clients/c/reply.h"

#include <stdio.h>

#include "tests/support/check.h"

static gs_arena arena;

static gsearch_status first(const char *line, gsearch_results *head, gsearch_error *error)
{
    return gs_reply_first(gs_bytes_str(line), GS_REPLY_HEAD, head, error);
}

static void the_ok_line_gives_the_head(void **state)
{
    (void)state;
    gsearch_results head;
    gsearch_error error;
    assert_ok(first("OK total=128 hits=1 took_us=412 generation=7", &head, &error), &error);
    assert_true(head.has_total);
    assert_int_equal(head.total, 128);
    assert_int_equal(head.hits_count, 1);
    assert_int_equal(head.took_us, 412);
    assert_int_equal(head.generation, 7);
    assert_ok(first("OK hits=0 took_us=1 generation=1 later=x", &head, &error), &error);
    assert_false(head.has_total);
}

static void an_err_line_gives_its_status(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        gsearch_status status;
        int64_t offset;
        const char *message;
    } rows[] = {
        {"ERR bad-query offset=12 unbalanced mark", GSEARCH_BAD_QUERY, 12, "unbalanced mark"},
        {"ERR bad-query unbalanced mark", GSEARCH_BAD_QUERY, -1, "unbalanced mark"},
        {"ERR bad-query offset=65536 x", GSEARCH_BAD_QUERY, 65536, "x"},
        {"ERR bad-query offset=65537 x", GSEARCH_BAD_QUERY, -1, "x"}, // longer than any query
        {"ERR bad-query offset=1x y", GSEARCH_BAD_QUERY, -1, "offset=1x y"},
        {"ERR bad-query offset y", GSEARCH_BAD_QUERY, -1, "offset y"},
        {"ERR bad-query offset: y", GSEARCH_BAD_QUERY, -1, "offset: y"},
        {"ERR limit offset=3 is too far", GSEARCH_LIMIT, -1, "offset=3 is too far"},
        {"ERR no-index none here", GSEARCH_NO_INDEX, -1, "none here"},
        {"ERR busy try again", GSEARCH_BUSY, -1, "try again"},
        {"ERR denied no", GSEARCH_DENIED, -1, "no"},
        {"ERR line-too-long x", GSEARCH_LINE_TOO_LONG, -1, "x"},
        {"ERR some-later-word x y", GSEARCH_INTERNAL, -1, "x y"},
        {"ERR ok x", GSEARCH_INTERNAL, -1, "x"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        gsearch_results head;
        gsearch_error error;
        assert_int_equal(first(rows[i].line, &head, &error), rows[i].status);
        assert_int_equal(error.code, rows[i].status);
        assert_int_equal(error.offset, rows[i].offset);
        assert_string_equal(error.message, rows[i].message);
    }
}

static void every_status_has_a_word(void **state)
{
    (void)state;
    static const struct {
        gsearch_status status;
        const char *word;
    } rows[] = {
#define ROW(name, number, exit_code, text, summary) {GSEARCH_##name, text},
        GSEARCH_STATUS_LIST(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        gsearch_results head;
        char line[64];
        snprintf(line, sizeof(line), "ERR %s x", rows[i].word);
        gsearch_status wanted = rows[i].status ? rows[i].status : GSEARCH_INTERNAL;
        assert_int_equal(first(line, &head, NULL), wanted);
    }
}

static void what_is_no_reply_is_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "HTTP/1.1 400 Bad Request",
        "OKAY hits=1 took_us=1 generation=1",
        "OK PONG",
        "OK total=1 took_us=1 generation=1",
        "OK hits=-1 took_us=1 generation=1",
        "OK hits=1e3 took_us=1 generation=1",
        "OK hits=99999999999999999999 took_us=1 generation=1",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        gsearch_results head;
        gsearch_error error;
        assert_fails(GSEARCH_PROTOCOL, first(lines[i], &head, &error), &error);
    }
}

static void a_hit_line_gives_the_hit(void **state)
{
    (void)state;
    gsearch_hit hit;
    gsearch_error error;
    static const char line[] =
        "{\"rank\":1,\"score\":11.42,\"id\":\"a/b.txt\",\"title\":\"\\u653f\\\"务\\n\",\"date\":"
        "\"2017-12-05\",\"docno\":\"银政办发〔2017〕116号\",\"agency\":\"x\",\"later\":[{\"a\":[1,"
        "null]},true,\"]\"],\"snippet\":\"政务公开\",\"marks\":[[0,2],[3,1]]}";
    assert_ok(gs_reply_hit(gs_bytes_str(line), &arena, &hit, &error), &error);
    assert_int_equal(hit.rank, 1);
    assert_true(hit.score == 11.42);
    assert_string_equal(hit.id, "a/b.txt");
    assert_string_equal(hit.title, "政\"务\n");
    assert_string_equal(hit.date, "2017-12-05");
    assert_string_equal(hit.docno, "银政办发〔2017〕116号");
    assert_string_equal(hit.agency, "x");
    assert_string_equal(hit.snippet, "政务公开");
    assert_int_equal(hit.marks_count, 2);
    assert_int_equal(hit.marks[1].start, 3);
    assert_int_equal(hit.marks[1].length, 1);
}

static void what_a_document_lacks_is_null(void **state)
{
    (void)state;
    gsearch_hit hit;
    gsearch_error error;
    assert_ok(
        gs_reply_hit(gs_bytes_str("{\"rank\":2,\"score\":0,\"id\":\"a\"}"), &arena, &hit, &error),
        &error);
    assert_null(hit.title);
    assert_null(hit.date);
    assert_null(hit.docno);
    assert_null(hit.agency);
    assert_null(hit.snippet);
    assert_int_equal(hit.marks_count, 0);
}

static void a_broken_hit_line_is_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "END",
        "{}",
        "{\"rank\":1}",
        "{\"rank\":0,\"id\":\"a\"}",
        "{\"rank\":1,\"id\":null}",
        "{\"rank\":1,\"id\":\"a\"",
        "{\"rank\":1,\"id\":\"a\"}}",
        "{\"rank\":1,\"id\":\"a\",}",
        "{\"rank\":1 \"id\":\"a\"}",
        "{\"rank\":-1,\"id\":\"a\"}",
        "{\"rank\":01,\"id\":\"a\"}",
        "{\"rank\":1,\"id\":\"a\\u0000\"}",
        "{\"rank\":1,\"id\":\"\xC3\"}",
        "{\"rank\":1,\"id\":\"a\",\"marks\":[[0]]}",
        "{\"rank\":1,\"id\":\"a\",\"marks\":[[0,1],]}",
        "{\"rank\":1,\"id\":\"a\",\"marks\":[[0,4294967296]]}",
        "{\"rank\":1,\"id\":\"a\",\"x\":"
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        gsearch_hit hit;
        gsearch_error error;
        if (gs_reply_hit(gs_bytes_str(lines[i]), &arena, &hit, &error) != GSEARCH_PROTOCOL)
            fail_msg("accepted: %s", lines[i]);
    }
}

static void every_beginning_of_a_hit_line_is_refused(void **state)
{
    (void)state;
    static const char line[] =
        "{\"rank\":1,\"score\":1.5e3,\"id\":\"\\ud842\\udfb7\",\"marks\":[[0,"
        "2]],\"x\":{\"y\":[false]}}";
    gsearch_hit hit;
    gsearch_error error;
    for (size_t len = 0; len < sizeof(line) - 1; len++) {
        gsearch_status status = gs_reply_hit(gs_bytes_of(line, len), &arena, &hit, &error);
        assert_int_equal(status, GSEARCH_PROTOCOL);
    }
    assert_ok(gs_reply_hit(gs_bytes_str(line), &arena, &hit, &error), &error);
    assert_string_equal(hit.id, "𠮷");
    assert_true(hit.score == 1500);
}

static void the_facet_line_gives_values_and_counts(void **state)
{
    (void)state;
    gsearch_results head = {0};
    gsearch_error error;
    assert_ok(gs_reply_facets(gs_bytes_str("{\"facets\":{\"date\":[[\"2017\",12],[\"2016\",3]]}}"),
                              &arena, &head, &error),
              &error);
    assert_int_equal(head.facets_count, 2);
    assert_string_equal(head.facets[0].value, "2017");
    assert_int_equal(head.facets[0].count, 12);
    assert_string_equal(head.facets[1].value, "2016");
    assert_ok(gs_reply_facets(gs_bytes_str("{\"facets\":{\"date\":[]}}"), &arena, &head, &error),
              &error);
    assert_int_equal(head.facets_count, 0);
    static const char *const broken[] = {"",
                                         "END",
                                         "{\"facets\":[]}",
                                         "{\"facet\":{\"date\":[]}}",
                                         "{\"facets\":{\"date\":[[\"2017\"]]}}",
                                         "{\"facets\":{\"date\":[[\"2017\",1]]}"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        gsearch_status status = gs_reply_facets(gs_bytes_str(broken[i]), &arena, &head, &error);
        assert_int_equal(status, GSEARCH_PROTOCOL);
    }
}

static int setup(void **state)
{
    (void)state;
    gs_arena_init(&arena, NULL, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gs_arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ok_line_gives_the_head),
        cmocka_unit_test(an_err_line_gives_its_status),
        cmocka_unit_test(every_status_has_a_word),
        cmocka_unit_test(what_is_no_reply_is_refused),
        cmocka_unit_test(a_hit_line_gives_the_hit),
        cmocka_unit_test(what_a_document_lacks_is_null),
        cmocka_unit_test(a_broken_hit_line_is_refused),
        cmocka_unit_test(every_beginning_of_a_hit_line_is_refused),
        cmocka_unit_test(the_facet_line_gives_values_and_counts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
