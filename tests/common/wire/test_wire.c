/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/wire/wire.c: lines and what they must parse to, replies and what they must read
 * as, written out from docs/PROTOCOL.md.
 */
#include "common/wire/wire.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/limits.h"
#include "tests/support/check.h"

/* The line must stand in memory with a zero behind it. */
static gsearch_status parse(const char *line, gs_command *out, gsearch_error *error)
{
    return gs_wire_parse(gs_bytes_str(line), out, error);
}

static void check_text(const char *line, gs_verb verb, const char *text)
{
    gs_command command;
    gsearch_error error;
    if (parse(line, &command, &error))
        fail_msg("%s: %s", line, error.message);
    assert_int_equal(command.verb, verb);
    assert_true(gs_bytes_equal(command.text, gs_bytes_str(text)));
}

static void the_text_begins_at_the_first_word_that_is_no_key(void **state)
{
    (void)state;
    check_text("SEARCH 政务公开", GS_VERB_SEARCH, "政务公开");
    check_text("search 政务 公开", GS_VERB_SEARCH, "政务 公开");
    check_text("  SeArCh \t limit=1  a limit=2 ", GS_VERB_SEARCH, "a limit=2");
    check_text("SEARCH -- limit=1", GS_VERB_SEARCH, "limit=1");
    check_text("SEARCH limit=1 -- -- x", GS_VERB_SEARCH, "-- x");
    check_text("SEARCH --x", GS_VERB_SEARCH, "--x");
    check_text("SEARCH -丙 甲", GS_VERB_SEARCH, "-丙 甲");
    check_text("SEARCH =營商環境", GS_VERB_SEARCH, "=營商環境");
    check_text("SEARCH Limit=1", GS_VERB_SEARCH, "Limit=1");
    check_text("SEARCH a1=b", GS_VERB_SEARCH, "a1=b");
    check_text("SEARCH date:2017 x", GS_VERB_SEARCH, "date:2017 x");
    check_text("COUNT match=any x", GS_VERB_COUNT, "x");
    check_text("GET  a b.txt ", GS_VERB_GET, "a b.txt");
    check_text("get -- a=b", GS_VERB_GET, "a=b");
    check_text("EXPLAIN x", GS_VERB_EXPLAIN, "x");
    check_text("SUGGEST limit=5 政", GS_VERB_SUGGEST, "政");
    check_text("AUTH -- abc=", GS_VERB_AUTH, "abc=");
    check_text("STATS", GS_VERB_STATS, "");
    check_text("help ", GS_VERB_HELP, "");
    check_text("PING", GS_VERB_PING, "");
    check_text("QUIT --", GS_VERB_QUIT, "");
}

static void keys_fill_the_request(void **state)
{
    (void)state;
    gs_command command;
    gsearch_error error;
    assert_ok(parse("SEARCH x", &command, &error), &error);
    const gsearch_request *request = &command.request;
    assert_string_equal(request->query, "x");
    assert_int_equal(request->struct_size, sizeof(*request));
    assert_int_equal(request->limit, 10);
    assert_int_equal(request->offset, 0);
    assert_int_equal(request->sort, GSEARCH_SORT_SCORE);
    assert_int_equal(request->match, GSEARCH_MATCH_EXACT);
    assert_null(request->facet);
    assert_true(request->snippet);
    assert_true(request->total);
    assert_ok(parse("SEARCH total=none snippet=off facet=date match=any sort=-date offset=9000 "
                    "limit=1000 a b",
                    &command, &error),
              &error);
    assert_string_equal(request->query, "a b");
    assert_int_equal(request->limit, 1000);
    assert_int_equal(request->offset, 9000);
    assert_int_equal(request->sort, GSEARCH_SORT_DATE_DESC);
    assert_int_equal(request->match, GSEARCH_MATCH_ANY);
    assert_string_equal(request->facet, "date");
    assert_false(request->snippet);
    assert_false(request->total);
    assert_ok(parse("SEARCH sort=date limit=all offset=20000 x", &command, &error), &error);
    assert_int_equal(request->sort, GSEARCH_SORT_DATE);
    assert_true(request->limit == GSEARCH_LIMIT_ALL);
    assert_int_equal(request->offset, 20000);
    assert_ok(parse("SEARCH sort=score x", &command, &error), &error);
    assert_int_equal(request->sort, GSEARCH_SORT_SCORE);
}

/* Whatever their length: over every limit, and not `all`. */
static void numbers_that_fit_nowhere_are_numbers(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "SEARCH limit=1001 x", "SEARCH limit=18446744073709551614 x",
        "SEARCH limit=18446744073709551615 x", "SEARCH limit=18446744073709551616 x",
        "SEARCH limit=99999999999999999999999 x"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        gs_command command;
        gsearch_error error;
        assert_fails(GSEARCH_LIMIT, parse(lines[i], &command, &error), &error);
    }
}

static void a_line_at_fault_is_refused_and_the_fault_named(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        gsearch_status status;
        const char *named;
    } rows[] = {
        {" ", GSEARCH_BAD_ARGUMENT, "verb"},
        {"FROB x", GSEARCH_BAD_ARGUMENT, "FROB"},
        {"SEARCHES x", GSEARCH_BAD_ARGUMENT, "SEARCHES"},
        {"SEARC x", GSEARCH_BAD_ARGUMENT, "SEARC"},
        {"搜索 x", GSEARCH_BAD_ARGUMENT, "搜索"},
        {"SEARCH", GSEARCH_BAD_ARGUMENT, "QUERY"},
        {"SEARCH limit=1", GSEARCH_BAD_ARGUMENT, "QUERY"},
        {"SEARCH -- ", GSEARCH_BAD_ARGUMENT, "QUERY"},
        {"GET", GSEARCH_BAD_ARGUMENT, "ID"},
        {"SUGGEST", GSEARCH_BAD_ARGUMENT, "PREFIX"},
        {"AUTH", GSEARCH_BAD_ARGUMENT, "TOKEN"},
        {"PING x", GSEARCH_BAD_ARGUMENT, "PING"},
        {"STATS limit=1", GSEARCH_BAD_ARGUMENT, "limit"},
        {"SEARCH colour=red x", GSEARCH_BAD_ARGUMENT, "colour"},
        {"COUNT limit=1 x", GSEARCH_BAD_ARGUMENT, "limit"},
        {"GET match=any x", GSEARCH_BAD_ARGUMENT, "match"},
        {"SEARCH limit=1 limit=1 x", GSEARCH_BAD_ARGUMENT, "limit"},
        {"SEARCH limit= x", GSEARCH_BAD_ARGUMENT, "limit"},
        {"SEARCH limit=-1 x", GSEARCH_BAD_ARGUMENT, "-1"},
        {"SEARCH limit=+1 x", GSEARCH_BAD_ARGUMENT, "+1"},
        {"SEARCH limit=01 x", GSEARCH_BAD_ARGUMENT, "01"},
        {"SEARCH limit=1e3 x", GSEARCH_BAD_ARGUMENT, "1e3"},
        {"SEARCH limit=１ x", GSEARCH_BAD_ARGUMENT, "１"},
        {"SEARCH limit=ALL x", GSEARCH_BAD_ARGUMENT, "ALL"},
        {"SUGGEST limit=all x", GSEARCH_BAD_ARGUMENT, "all"},
        {"SEARCH offset=all x", GSEARCH_BAD_ARGUMENT, "all"},
        {"SEARCH sort=rank x", GSEARCH_BAD_ARGUMENT, "rank"},
        {"SEARCH match=exactly x", GSEARCH_BAD_ARGUMENT, "exactly"},
        {"SEARCH facet=colour x", GSEARCH_BAD_ARGUMENT, "colour"},
        {"SEARCH snippet=yes x", GSEARCH_BAD_ARGUMENT, "yes"},
        {"SEARCH total=0 x", GSEARCH_BAD_ARGUMENT, "0"},
        {"SEARCH limit=1001 x", GSEARCH_LIMIT, "1000"},
        {"SEARCH limit=18446744073709551615 x", GSEARCH_LIMIT, "1000"},
        {"SEARCH limit=99999999999999999999999 x", GSEARCH_LIMIT, "1000"},
        {"SUGGEST limit=1001 x", GSEARCH_LIMIT, "1000"},
        {"SEARCH limit=1000 offset=9001 x", GSEARCH_LIMIT, "10000"},
        {"SEARCH offset=18446744073709551615 x", GSEARCH_LIMIT, "10000"},
        {"SEARCH \xC3(", GSEARCH_BAD_ARGUMENT, "byte 7"},
        {"SEARCH \xED\xA0\x80", GSEARCH_BAD_ARGUMENT, "byte 7"},
        {"SEARCH \xC0\x80", GSEARCH_BAD_ARGUMENT, "byte 7"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        gs_command command;
        gsearch_error error;
        if (parse(rows[i].line, &command, &error) != rows[i].status)
            fail_msg("not refused as it should be: %s", rows[i].line);
        assert_int_equal(error.code, rows[i].status);
        if (!strstr(error.message, rows[i].named))
            fail_msg("%s: does not name %s: %s", rows[i].line, rows[i].named, error.message);
    }
}

static void a_nul_is_a_bad_argument(void **state)
{
    (void)state;
    gs_command command;
    gsearch_error error;
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_wire_parse(gs_bytes_of("PING\0", 5), &command, &error),
                 &error);
}

static void lines_are_found_wherever_the_data_stops(void **state)
{
    (void)state;
    static const char data[] = "abc\r\n\r\n\nde\rf\n";
    static const char *const wanted[] = {"abc", "", "", "de\rf"};
    gs_bytes line;
    size_t taken, at = 0;
    for (size_t i = 0; i < 4; i++) {
        size_t len = 0;
        while (gs_wire_next_line(gs_bytes_of(data + at, len), len ? len - 1 : 0, 100, &line,
                                 &taken) == GS_LINE_PARTIAL)
            assert_true(at + ++len < sizeof(data));
        assert_true(gs_bytes_equal(line, gs_bytes_str(wanted[i])));
        assert_int_equal(taken, len);
        at += taken;
    }
    assert_int_equal(at, sizeof(data) - 1);
}

static void a_line_is_too_long_from_one_byte_over_the_limit(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        gs_line_state state;
    } rows[] = {
        {"12345678\n", GS_LINE_COMPLETE},  {"12345678\r\n", GS_LINE_COMPLETE},
        {"12345678", GS_LINE_PARTIAL},     {"12345678\r", GS_LINE_PARTIAL},
        {"123456789", GS_LINE_TOO_LONG},   {"123456789\n", GS_LINE_TOO_LONG},
        {"12345678\rx", GS_LINE_TOO_LONG}, {"123456789\r\n", GS_LINE_TOO_LONG},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        gs_bytes line;
        size_t taken;
        assert_int_equal(gs_wire_next_line(gs_bytes_str(rows[i].data), 0, 8, &line, &taken),
                         rows[i].state);
    }
}

static void other_protocols_are_known_by_their_first_line(void **state)
{
    (void)state;
    static const char *const foreign[] = {
        "GET / HTTP/1.1",  "GET /x?q=a b HTTP/1.0",
        "POST / HTTP/1.1", "PUT /",
        "HEAD /",          "DELETE /x",
        "OPTIONS *",       "CONNECT x:1",
        "TRACE /",         "PATCH /",
        "SSH-2.0-OpenSSH", "\x16\x03\x01\x02",
        "PRI * HTTP/2.0",  "SEARCH x HTTP/1.1",
        " HTTP/1.1",
    };
    static const char *const ours[] = {
        "GET a",
        "GET HTTP/1.1x",
        "SEARCH HTTP/1.1 x",
        "POSTER",
        "PUT",
        "SSH",
        "\x16",
        "SEARCH HTTP/11",
        "SEARCH xHTTP/1.1",
        "post /",
        "",
        "SEARCH x HTTP/x.1",
        "SEARCH x HTTP/1,1",
        "SEARCH x HTTP/1.x",
    };
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        assert_true(gs_wire_is_foreign(gs_bytes_str(foreign[i]), true));
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        assert_false(gs_wire_is_foreign(gs_bytes_str(ours[i]), true));
    // half a line is foreign only if every end of it is
    assert_false(gs_wire_is_foreign(gs_bytes_str("GET / HTTP/1.1"), false));
    assert_true(gs_wire_is_foreign(gs_bytes_str("POST "), false));
}

static void an_id_is_raw_or_a_json_string(void **state)
{
    (void)state;
    static const struct {
        const char *text, *id;
    } rows[] = {
        {"a b.txt", "a b.txt"},
        {"dir\\xB0\"x", "dir\\xB0\"x"},
        {"\"a b.txt\"", "a b.txt"},
        {"\"\\u653f\\ud842\\udfb7\\\"\\\\\\/\\n\"", "政𠮷\"\\/\n"},
        {"\"\"", ""},
        {"", ""},
    };
    gs_buf id;
    gsearch_error error;
    gs_buf_init(&id, NULL, 1000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        gs_buf_reset(&id);
        assert_ok(gs_wire_get_id(gs_bytes_str(rows[i].text), &id, &error), &error);
        assert_true(gs_bytes_equal(gs_buf_view(&id), gs_bytes_str(rows[i].id)));
    }
    static const char *const broken[] = {"\"",        "\"a",         "\"a\" b",     "\"\\x\"",
                                         "\"\\u12\"", "\"\\ud800\"", "\"\\u0000\"", "\"\t\""};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        assert_fails(GSEARCH_BAD_ARGUMENT, gs_wire_get_id(gs_bytes_str(broken[i]), &id, &error),
                     &error);
    gs_buf_release(&id);
}

static void check_reply(gs_buf *out, const char *wanted)
{
    gs_buf_u8(out, '\0');
    assert_int_equal(out->status, GSEARCH_OK);
    assert_string_equal((const char *)out->data, wanted);
    gs_buf_reset(out);
}

static void replies_read_as_the_protocol_says(void **state)
{
    (void)state;
    gs_buf out;
    gs_buf_init(&out, NULL, 10000);
    const gsearch_facet facets[] = {{"2017", 12}, {"2016", 3}};
    gsearch_results head = {.has_total = true,
                            .total = 128,
                            .took_us = 412,
                            .generation = 7,
                            .hits_count = 1,
                            .facets = facets,
                            .facets_count = 2};
    gs_wire_put_head(&out, &head, true);
    check_reply(&out, "OK total=128 hits=1 took_us=412 generation=7\n");
    gs_wire_put_head(&out, &head, false);
    check_reply(&out, "OK total=128 took_us=412 generation=7\n");
    head.has_total = false;
    gs_wire_put_head(&out, &head, true);
    check_reply(&out, "OK hits=1 took_us=412 generation=7\n");
    gs_wire_put_facets(&out, "date", &head);
    check_reply(&out, "{\"facets\":{\"date\":[[\"2017\",12],[\"2016\",3]]}}\n");
    head.facets_count = 0;
    gs_wire_put_facets(&out, "date", &head);
    check_reply(&out, "{\"facets\":{\"date\":[]}}\n");
    gs_wire_put_end(&out);
    check_reply(&out, "END\n");
    gs_buf_release(&out);
}

static void a_hit_has_its_fields_in_order_and_no_control_character(void **state)
{
    (void)state;
    gs_buf out;
    gs_buf_init(&out, NULL, 10000);
    const gsearch_mark marks[] = {{12, 4}, {20, 1}};
    gsearch_hit hit = {.rank = 1, .score = 11.42, .id = "a\nOK total=1\x1b[2J"};
    gs_wire_put_hit(&out, &hit);
    check_reply(&out, "{\"rank\":1,\"score\":11.42,\"id\":\"a\\nOK total=1\\u001b[2J\"}\n");
    hit.id = "a\"\\";
    hit.title = "题";
    hit.date = "2017-12-05";
    hit.docno = "银政办发〔2017〕116号";
    hit.agency = "办";
    hit.snippet = "政务公开";
    gs_wire_put_hit(&out, &hit);
    check_reply(&out, "{\"rank\":1,\"score\":11.42,\"id\":\"a\\\"\\\\\",\"title\":\"题\",\"date\":"
                      "\"2017-12-05\",\"docno\":\"银政办发〔2017〕116号\",\"agency\":\"办\","
                      "\"snippet\":\"政务公开\",\"marks\":[]}\n");
    hit.title = hit.date = hit.docno = hit.agency = NULL;
    hit.marks = marks;
    hit.marks_count = 2;
    gs_wire_put_hit(&out, &hit);
    check_reply(&out, "{\"rank\":1,\"score\":11.42,\"id\":\"a\\\"\\\\\",\"snippet\":\"政务公开\","
                      "\"marks\":[[12,4],[20,1]]}\n");
    gs_buf_release(&out);
}

static void every_status_has_its_word_on_the_wire(void **state)
{
    (void)state;
    gs_buf out;
    gs_buf_init(&out, NULL, 10000);
    gsearch_error error;
    gs_fail(&error, GSEARCH_BAD_QUERY, "unbalanced\nmark");
    error.offset = 12;
    gs_wire_put_error(&out, &error);
    check_reply(&out, "ERR bad-query offset=12 unbalanced?mark\n");
    error.offset = -1;
    gs_wire_put_error(&out, &error);
    check_reply(&out, "ERR bad-query unbalanced?mark\n");
    static const struct {
        gsearch_status status;
        const char *reply;
    } rows[] = {
        {GSEARCH_BAD_ARGUMENT, "ERR bad-argument x\n"},
        {GSEARCH_LIMIT, "ERR limit x\n"},
        {GSEARCH_CORRUPT, "ERR corrupt x\n"},
        {GSEARCH_VERSION, "ERR version x\n"},
        {GSEARCH_ANALYZER, "ERR analyzer x\n"},
        {GSEARCH_NOT_FOUND, "ERR not-found x\n"},
        {GSEARCH_NO_INDEX, "ERR no-index x\n"},
        {GSEARCH_INTERNAL, "ERR internal x\n"},
        {GSEARCH_NO_MEMORY, "ERR no-memory x\n"},
        {GSEARCH_IO, "ERR io x\n"},
        {GSEARCH_NO_SPACE, "ERR no-space x\n"},
        {GSEARCH_LOCKED, "ERR locked x\n"},
        {GSEARCH_BUSY, "ERR busy x\n"},
        {GSEARCH_TIMEOUT, "ERR timeout x\n"},
        {GSEARCH_BUDGET, "ERR budget x\n"},
        {GSEARCH_PROTOCOL, "ERR protocol x\n"},
        {GSEARCH_DENIED, "ERR denied x\n"},
        {GSEARCH_LINE_TOO_LONG, "ERR line-too-long x\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        gs_fail(&error, rows[i].status, "x");
        gs_wire_put_error(&out, &error);
        check_reply(&out, rows[i].reply);
    }
    error = (gsearch_error){.code = GSEARCH_BUSY};
    gs_wire_put_error(&out, &error);
    char wanted[128];
    snprintf(wanted, sizeof(wanted), "ERR busy %s\n", gsearch_status_text(GSEARCH_BUSY));
    check_reply(&out, wanted);
    gs_buf_release(&out);
}

static void what_the_client_writes_the_server_reads(void **state)
{
    (void)state;
    gs_buf out;
    gs_buf_init(&out, NULL, 1 << 20);
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_error error;
    gs_command command;
    request.query = "limit=1 政务";
    assert_ok(gs_wire_put_request(&out, &request, &error), &error);
    check_reply(&out, "SEARCH -- limit=1 政务\n");
    request = (gsearch_request){.struct_size = sizeof(request),
                                .query = "x",
                                .limit = GSEARCH_LIMIT_ALL,
                                .offset = 7,
                                .sort = GSEARCH_SORT_DATE_DESC,
                                .match = GSEARCH_MATCH_ANY,
                                .facet = "date"};
    assert_ok(gs_wire_put_request(&out, &request, &error), &error);
    out.data[out.len - 1] = '\0';
    assert_ok(gs_wire_parse(gs_bytes_of(out.data, out.len - 1), &command, &error), &error);
    assert_true(command.request.limit == GSEARCH_LIMIT_ALL);
    assert_int_equal(command.request.offset, 7);
    assert_int_equal(command.request.sort, GSEARCH_SORT_DATE_DESC);
    assert_int_equal(command.request.match, GSEARCH_MATCH_ANY);
    assert_string_equal(command.request.facet, "date");
    assert_false(command.request.snippet);
    assert_false(command.request.total);
    gs_buf_reset(&out);
    request = (gsearch_request)GSEARCH_REQUEST_INIT;
    request.query = "x";
    request.sort = GSEARCH_SORT_DATE;
    request.limit = 7;
    assert_ok(gs_wire_put_request(&out, &request, &error), &error);
    check_reply(&out, "SEARCH limit=7 sort=date -- x\n");
    gs_buf_release(&out);
}

static void without_room_for_it_nothing_is_said_to_be_written(void **state)
{
    (void)state;
    gs_buf out;
    gsearch_error error;
    gsearch_request request = GSEARCH_REQUEST_INIT;
    request.query = "x";
    gs_buf_init(&out, NULL, 5);
    assert_fails(GSEARCH_NO_MEMORY, gs_wire_put_request(&out, &request, &error), &error);
    gs_buf_release(&out);
    gs_buf_init(&out, NULL, 5);
    assert_fails(GSEARCH_NO_MEMORY, gs_wire_get_id(gs_bytes_str("123456"), &out, &error), &error);
    gs_buf_release(&out);
}

static void a_request_that_fits_no_line_is_not_written(void **state)
{
    (void)state;
    gs_buf out;
    gs_buf_init(&out, NULL, 1 << 20);
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_error error;
    char *query = calloc(1, GS_REQUEST_LINE_BYTES_MAX + 1);
    size_t room = GS_REQUEST_LINE_BYTES_MAX - strlen("SEARCH -- ");
    memset(query, 'x', room);
    request.query = query;
    assert_ok(gs_wire_put_request(&out, &request, &error), &error);
    query[room] = 'x';
    assert_fails(GSEARCH_LIMIT, gs_wire_put_request(&out, &request, &error), &error);
    request.query = "a\rb";
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_wire_put_request(&out, &request, &error), &error);
    request.query = NULL;
    assert_fails(GSEARCH_BAD_ARGUMENT, gs_wire_put_request(&out, &request, &error), &error);
    request.query = "x";
    static const char *const facets[] = {"date QUIT", "date\tx", "date\nQUIT", "date\r"};
    for (size_t i = 0; i < sizeof(facets) / sizeof(*facets); i++) {
        request.facet = facets[i];
        assert_fails(GSEARCH_BAD_ARGUMENT, gs_wire_put_request(&out, &request, &error), &error);
    }
    free(query);
    gs_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_begins_at_the_first_word_that_is_no_key),
        cmocka_unit_test(keys_fill_the_request),
        cmocka_unit_test(numbers_that_fit_nowhere_are_numbers),
        cmocka_unit_test(a_line_at_fault_is_refused_and_the_fault_named),
        cmocka_unit_test(a_nul_is_a_bad_argument),
        cmocka_unit_test(lines_are_found_wherever_the_data_stops),
        cmocka_unit_test(a_line_is_too_long_from_one_byte_over_the_limit),
        cmocka_unit_test(other_protocols_are_known_by_their_first_line),
        cmocka_unit_test(an_id_is_raw_or_a_json_string),
        cmocka_unit_test(replies_read_as_the_protocol_says),
        cmocka_unit_test(a_hit_has_its_fields_in_order_and_no_control_character),
        cmocka_unit_test(every_status_has_its_word_on_the_wire),
        cmocka_unit_test(what_the_client_writes_the_server_reads),
        cmocka_unit_test(without_room_for_it_nothing_is_said_to_be_written),
        cmocka_unit_test(a_request_that_fits_no_line_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
