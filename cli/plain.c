/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine says what it has to say in JSON lines, once; here they become text.
 */
#include "cli/plain.h"

#include <inttypes.h>

#include "cli/out.h"
#include "common/base/json.h"
#include "indexer/formats/jsonloader.h"

#define NAME_COLUMNS 14
#define INDENT 2

static gsearch_status load(gs_bytes line, json_t **out, gsearch_error *err)
{
    json_error_t fault;
    GS_TRY(gs_json_load(line, JSON_ALLOW_NUL, out, &fault, err));
    return *out ? GSEARCH_OK : gs_fail(err, GSEARCH_INTERNAL, "not JSON: %s", fault.text);
}

static void put_scalar(gs_buf *out, const json_t *value)
{
    static const char *const words[] = {
        [JSON_TRUE] = "true", [JSON_FALSE] = "false", [JSON_NULL] = "null"};
    switch (json_typeof(value)) {
    case JSON_STRING:
        gs_out_text(out, gs_bytes_of(json_string_value(value), json_string_length(value)));
        break;
    case JSON_INTEGER:
        gs_buf_printf(out, "%" PRId64, (int64_t)json_integer_value(value));
        break;
    case JSON_REAL:
        gs_json_double(out, json_real_value(value));
        break;
    default:
        gs_buf_str(out, words[json_typeof(value)]);
        break;
    }
}

/* Anything in one line. */
static void put_value(gs_buf *out, json_t *value)
{
    if (json_typeof(value) == JSON_ARRAY) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            gs_buf_str(out, i ? ", " : "");
            put_value(out, json_array_get(value, i));
        }
    } else if (json_typeof(value) == JSON_OBJECT) {
        const char *space = "";
        for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
            gs_buf_printf(out, "%s%s=", space, json_object_iter_key(at));
            put_value(out, json_object_iter_value(at));
            space = " ";
        }
    } else {
        put_scalar(out, value);
    }
}

static void put_member(gs_buf *out, int indent, const char *name, json_t *value)
{
    gs_buf_printf(out, "%*s%-*s ", indent, "", NAME_COLUMNS, name);
    put_value(out, value);
    gs_buf_str(out, "\n");
}

static void put_members(gs_buf *out, json_t *object, const char *without)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *name = json_object_iter_key(at);
        json_t *value = json_object_iter_value(at);
        if (without && strcmp(name, without) == 0)
            continue;
        if (json_typeof(value) != JSON_OBJECT) {
            put_member(out, 0, name, value);
            continue;
        }
        gs_buf_printf(out, "%s\n", name);
        for (void *in = json_object_iter(value); in; in = json_object_iter_next(value, in))
            put_member(out, INDENT, json_object_iter_key(in), json_object_iter_value(in));
    }
}

gsearch_status gs_plain_members(gs_buf *out, gs_bytes line, gsearch_error *err)
{
    json_t *object;
    GS_TRY(load(line, &object, err));
    put_members(out, object, NULL);
    json_decref(object);
    return GSEARCH_OK;
}

gsearch_status gs_plain_document(gs_buf *out, gs_bytes line, gsearch_error *err)
{
    json_t *object;
    GS_TRY(load(line, &object, err));
    put_members(out, object, "text");
    const json_t *text = json_object_get(object, "text");
    if (text) {
        gs_bytes bytes = gs_bytes_of(json_string_value(text), json_string_length(text));
        gs_buf_str(out, "\n");
        gs_out_block(out, bytes);
        if (!bytes.len || bytes.ptr[bytes.len - 1] != '\n')
            gs_buf_str(out, "\n");
    }
    json_decref(object);
    return GSEARCH_OK;
}

static bool is_of_objects(const json_t *value)
{
    return json_typeof(value) == JSON_ARRAY && json_array_size(value) &&
           json_typeof(json_array_get(value, 0)) == JSON_OBJECT;
}

static void put_step(gs_buf *out, json_t *object)
{
    const char *space = "";
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        if (is_of_objects(json_object_iter_value(at)))
            continue;
        gs_buf_printf(out, "%s%s=", space, json_object_iter_key(at));
        put_value(out, json_object_iter_value(at));
        space = " ";
    }
    gs_buf_str(out, "\n");
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const json_t *items = json_object_iter_value(at);
        for (size_t i = 0; is_of_objects(items) && i < json_array_size(items); i++) {
            gs_buf_printf(out, "%*s", INDENT, "");
            put_value(out, json_array_get(items, i));
            gs_buf_str(out, "\n");
        }
    }
}

gsearch_status gs_plain_steps(gs_buf *out, gs_bytes lines, gsearch_error *err)
{
    while (lines.len) {
        const uint8_t *end = memchr(lines.ptr, '\n', lines.len);
        size_t len = end ? (size_t)(end - lines.ptr) : lines.len;
        json_t *object;
        GS_TRY(load(gs_bytes_of(lines.ptr, len), &object, err));
        put_step(out, object);
        json_decref(object);
        len += end != NULL;
        lines = gs_bytes_of(lines.ptr + len, lines.len - len);
    }
    return GSEARCH_OK;
}

gsearch_status gs_plain_line(gs_buf *out, gs_buf *line, bool json, gsearch_error *err)
{
    gsearch_status status = line->status ? gs_fail_memory(err) : GSEARCH_OK;
    if (!status && json)
        gs_buf_printf(out, "%.*s\n", (int)line->len, (const char *)line->data);
    else if (!status)
        status = gs_plain_steps(out, gs_buf_view(line), err);
    gs_buf_release(line);
    return status;
}
