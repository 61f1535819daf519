/* SPDX-License-Identifier: Apache-2.0
 *
 * What a server may say to the client library: first lines, facets, hits. What is accepted is
 * written by the server's own writer and must read back as the same. Values that are passed over
 * are JSON if jansson says so.
 */
#include "clients/c/reply.h"

#include <jansson.h>
#include <math.h>

#include "common/base/utf8.h"
#include "common/wire/jsonreader.h"
#include "common/wire/wire.h"
#include "tests/fuzz/target.h"

#define DEPTH_MAX 32 /* of values that are passed over */

static gs_arena arena;
static gs_buf written;

static gs_bytes written_line(void)
{
    assert_int_equal(written.status, GSEARCH_OK);
    assert_ptr_equal(memchr(written.data, '\n', written.len), written.data + written.len - 1);
    return gs_bytes_of(written.data, written.len - 1);
}

static void check_refusal(gsearch_status status, const gsearch_error *error)
{
    assert_true(status != GSEARCH_OK && status == error->code);
    assert_int_equal(gs_utf8_valid_prefix(gs_bytes_str(error->message)), strlen(error->message));
}

static void check_first(gs_bytes line)
{
    gsearch_results head, again;
    gsearch_error error;
    gsearch_status status = gs_reply_first(line, GS_REPLY_HEAD, &head, &error);
    if (status) {
        check_refusal(status, &error);
        return;
    }
    gs_wire_put_head(&written, &head, true);
    assert_ok(gs_reply_first(written_line(), GS_REPLY_HEAD, &again, &error), &error);
    assert_int_equal(again.has_total, head.has_total);
    assert_true(!head.has_total || again.total == head.total);
    assert_true(again.hits_count == head.hits_count && again.took_us == head.took_us);
    assert_true(again.generation == head.generation);
}

static void check_facets(gs_bytes line)
{
    gsearch_results head = {0}, again = {0};
    gsearch_error error;
    gsearch_status status = gs_reply_facets(line, &arena, &head, &error);
    if (status) {
        assert_int_equal(status, GSEARCH_PROTOCOL);
        return;
    }
    gs_wire_put_facets(&written, "date", &head);
    assert_ok(gs_reply_facets(written_line(), &arena, &again, &error), &error);
    assert_int_equal(again.facets_count, head.facets_count);
    for (size_t i = 0; i < head.facets_count; i++) {
        assert_string_equal(again.facets[i].value, head.facets[i].value);
        assert_true(again.facets[i].count == head.facets[i].count);
    }
}

static void check_string(const char *a, const char *b)
{
    assert_int_equal(!a, !b);
    if (a)
        assert_string_equal(a, b);
}

static void check_hit(gs_bytes line)
{
    gsearch_hit hit, again;
    gsearch_error error;
    gsearch_status status = gs_reply_hit(line, &arena, &hit, &error);
    if (status) {
        assert_int_equal(status, GSEARCH_PROTOCOL);
        return;
    }
    assert_true(isfinite(hit.score));
    gs_wire_put_hit(&written, &hit);
    assert_ok(gs_reply_hit(written_line(), &arena, &again, &error), &error);
    assert_true(again.rank == hit.rank && again.score == hit.score);
    check_string(again.id, hit.id);
    check_string(again.title, hit.title);
    check_string(again.date, hit.date);
    check_string(again.docno, hit.docno);
    check_string(again.agency, hit.agency);
    check_string(again.snippet, hit.snippet);
    if (hit.snippet) { // without one, marks are not written
        assert_int_equal(again.marks_count, hit.marks_count);
        for (size_t i = 0; i < hit.marks_count; i++)
            assert_memory_equal(&again.marks[i], &hit.marks[i], sizeof(hit.marks[i]));
    }
}

/* How deep brackets stand in one another, outside of strings. */
static unsigned depth_of(gs_bytes json)
{
    unsigned depth = 0, deepest = 0;
    bool quoted = false;
    for (size_t i = 0; i < json.len; i++) {
        uint8_t byte = json.ptr[i];
        if (quoted && byte == '\\')
            i++;
        else if (byte == '"')
            quoted = !quoted;
        else if (!quoted && (byte == '{' || byte == '['))
            deepest = ++depth > deepest ? depth : deepest;
        else if (!quoted && (byte == '}' || byte == ']') && depth)
            depth--;
    }
    return deepest;
}

static void check_value(gs_bytes json)
{
    gs_cursor cursor = gs_cursor_of(json);
    json_error_t fault;
    gs_json_skip_value(&cursor);
    if (json.len && memchr(json.ptr, 0, json.len)) { // jansson passes over one behind a number
        assert_false(gs_json_is_done(&cursor));
        return;
    }
    json_t *value = json_loadb((const char *)json.ptr, json.len,
                               JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &fault);
    assert_int_equal(gs_json_is_done(&cursor), value && depth_of(json) <= DEPTH_MAX);
    json_decref(value);
}

/* The first byte says what the rest is read as. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!written.max) {
        gs_buf_init(&written, NULL, SIZE_MAX);
        gs_arena_init(&arena, NULL, 1u << 24);
    }
    if (size == 0)
        return 0;
    gs_buf_reset(&written);
    gs_arena_reset(&arena);
    gs_bytes line = gs_bytes_of(data + 1, size - 1);
    if (data[0] % 4 == 0)
        check_first(line);
    else if (data[0] % 4 == 1)
        check_facets(line);
    else if (data[0] % 4 == 2)
        check_hit(line);
    else
        check_value(line);
    return 0;
}
