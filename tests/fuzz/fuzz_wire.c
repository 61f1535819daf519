/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests as a daemon reads them: a stream that arrives in any pieces is cut into lines, each line
 * is parsed. What is a request can be written as one and reads back as the same; what is none is an
 * ERR line, which the client's reader understands.
 */
#include "common/wire/wire.h"

#include <stdlib.h>

#include "clients/c/reply.h"
#include "common/base/utf8.h"
#include "tests/fuzz/target.h"

#define BYTES_MAX 96u /* of a line: low, so that longer ones are met */

static void check_error(gsearch_status status, const gsearch_error *error)
{
    static gs_buf out;
    gsearch_error back;
    if (!out.max)
        gs_buf_init(&out, NULL, SIZE_MAX);
    gs_buf_reset(&out);
    assert_int_equal(error->code, status);
    gs_wire_put_error(&out, error);
    assert_ptr_equal(memchr(out.data, '\n', out.len), out.data + out.len - 1);
    gs_bytes line = gs_bytes_of(out.data, out.len - 1);
    assert_int_equal(gs_reply_first(line, GS_REPLY_PLAIN, NULL, &back), status);
    assert_string_equal(back.message, error->message);
}

static void check_request(const gsearch_request *request)
{
    static gs_buf out;
    gsearch_error error;
    gs_command again;
    if (!out.max)
        gs_buf_init(&out, NULL, SIZE_MAX);
    gs_buf_reset(&out);
    gsearch_status status = gs_wire_put_request(&out, request, &error);
    if (strpbrk(request->query, "\r\n")) {
        assert_int_equal(status, GSEARCH_BAD_ARGUMENT);
        return;
    }
    assert_ok(status, &error);
    out.data[out.len - 1] = 0;
    assert_ok(gs_wire_parse(gs_bytes_of(out.data, out.len - 1), &again, &error), &error);
    assert_int_equal(again.verb, GS_VERB_SEARCH);
    assert_string_equal(again.request.query, request->query);
    assert_true(again.request.limit == request->limit);
    assert_true(again.request.offset == request->offset);
    assert_int_equal(again.request.sort, request->sort);
    assert_int_equal(again.request.match, request->match);
    assert_int_equal(again.request.snippet, request->snippet);
    assert_int_equal(again.request.total, request->total);
    assert_int_equal(!again.request.facet, !request->facet);
}

static void check_id(gs_bytes text)
{
    static gs_buf out;
    gsearch_error error;
    if (!out.max)
        gs_buf_init(&out, NULL, SIZE_MAX);
    gs_buf_reset(&out);
    if (gs_wire_get_id(text, &out, &error) == GSEARCH_OK) {
        assert_int_equal(gs_utf8_valid_prefix(gs_buf_view(&out)), out.len);
        assert_null(out.len ? memchr(out.data, 0, out.len) : NULL);
    }
}

static void check_line(gs_bytes line)
{
    char text[BYTES_MAX + 1];
    gs_command command;
    gsearch_error error;
    memcpy(text, line.ptr, line.len);
    text[line.len] = 0;
    if (gs_wire_is_foreign(line, false))
        assert_true(gs_wire_is_foreign(line, true));
    gsearch_status status = gs_wire_parse(gs_bytes_of(text, line.len), &command, &error);
    if (status) {
        assert_true(status == GSEARCH_BAD_ARGUMENT || status == GSEARCH_LIMIT);
        check_error(status, &error);
        return;
    }
    const gsearch_request *request = &command.request;
    assert_true(request->limit == GSEARCH_LIMIT_ALL || request->limit <= 1000);
    assert_true(request->limit == GSEARCH_LIMIT_ALL || request->limit + request->offset <= 10000);
    assert_true((const char *)command.text.ptr == request->query);
    if (command.verb == GS_VERB_SEARCH)
        check_request(request);
    if (command.verb == GS_VERB_GET)
        check_id(command.text);
}

/* The next line of the whole stream; false if there is none, or it is too long. */
static bool take_line(gs_bytes *left, gs_bytes *line)
{
    const uint8_t *end = left->len ? memchr(left->ptr, '\n', left->len) : NULL;
    if (!end)
        return false;
    *line = gs_bytes_of(left->ptr, (size_t)(end - left->ptr));
    *left = gs_bytes_of(end + 1, left->len - line->len - 1);
    if (line->len && line->ptr[line->len - 1] == '\r')
        line->len--;
    return line->len <= BYTES_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t piece = 1 + data[0] % 40, scanned = 0;
    gs_bytes left = gs_bytes_of(data + 1, size - 1); // not yet cut, by the plain way
    gs_bytes waiting = gs_bytes_of(left.ptr, 0);     // arrived and not yet cut
    gs_line_state state = GS_LINE_PARTIAL;
    do {
        size_t more = (size_t)(data + size - waiting.ptr) - waiting.len;
        waiting.len += more < piece ? more : piece;
        gs_bytes line, wanted;
        size_t taken;
        for (; (state = gs_wire_next_line(waiting, scanned, BYTES_MAX, &line, &taken)) ==
               GS_LINE_COMPLETE;
             scanned = 0) {
            assert_true(take_line(&left, &wanted));
            assert_ptr_equal(line.ptr, wanted.ptr);
            assert_int_equal(line.len, wanted.len);
            assert_ptr_equal(waiting.ptr + taken, left.ptr);
            check_line(line);
            waiting = gs_bytes_of(left.ptr, waiting.len - taken);
        }
        scanned = waiting.len;
    } while (state == GS_LINE_PARTIAL && waiting.ptr + waiting.len < data + size);
    gs_bytes rest;
    assert_false(take_line(&left, &rest));
    return 0;
}
