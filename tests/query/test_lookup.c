/* SPDX-License-Identifier: Apache-2.0
 *
 * A document as it was stored, and the counts.
 */
#include <string.h>

#include "query/search.h"
#include "tests/query/collection.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

typedef struct state {
    char *dir;
    gs_collection collection;
    gsearch_index *index;
    gs_snapshot *snapshot;
    gs_buf out;
} state;

static int set_up(void **out)
{
    state *made = test_calloc(1, sizeof(*made));
    gs_collection *all = &made->collection;
    gs_collection_add(all, "a", "标题\n\"正文\"\x01", NULL, 20171205);
    gs_collection_add(all, "b", "正文", "题", 0);
    // kept as it was given: on two lines, with characters that a reply must not have
    all->documents[1].document.fields = gs_bytes_str("{\"n\":\n\"\x7f\xc2\x85\xe2\x80\xa8\"}");
    gs_collection_add(all, "c", "正文", "题", 0);
    all->documents[2].deleted = true;
    made->dir = gs_test_dir_make();
    made->index = gs_collection_index(all, made->dir, 2, false);
    made->snapshot = gs_index_snapshot(made->index);
    gs_buf_init(&made->out, NULL, SIZE_MAX);
    *out = made;
    return 0;
}

static int tear_down(void **in)
{
    state *made = *in;
    gs_buf_release(&made->out);
    gs_snapshot_unref(made->snapshot);
    gsearch_index_close(made->index);
    gs_test_dir_remove(made->dir);
    gs_collection_free(&made->collection);
    test_free(made);
    return 0;
}

static const char *document(state *made, const char *id)
{
    gsearch_error error;
    gs_buf_reset(&made->out);
    assert_ok(gs_search_document(made->snapshot, gs_bytes_str(id), &made->out, &error), &error);
    gs_buf_u8(&made->out, 0);
    return (const char *)made->out.data;
}

static void a_document_comes_as_one_line(void **in)
{
    assert_string_equal(document(*in, "a"),
                        "{\"id\":\"a\",\"title\":\"标题\",\"text\":\"标题\\n\\\"正文\\\"\\u0001\","
                        "\"date\":\"2017-12-05\"}\n");
}

static void kept_fields_come_as_they_are_but_on_the_same_line(void **in)
{
    assert_string_equal(document(*in, "b"), "{\"id\":\"b\",\"title\":\"题\",\"text\":\"正文\","
                                            "\"fields\":{\"n\": \"\\u007f\\u0085\\u2028\"}}\n");
}

static void a_deleted_or_unknown_document_is_not_found(void **in)
{
    state *made = *in;
    gsearch_error error;
    assert_fails(GSEARCH_NOT_FOUND,
                 gs_search_document(made->snapshot, gs_bytes_str("c"), &made->out, &error), &error);
    assert_fails(GSEARCH_NOT_FOUND,
                 gs_search_document(made->snapshot, gs_bytes_str("x"), &made->out, &error), &error);
    assert_non_null(strstr(error.message, "x"));
}

static void counts_are_of_the_generation(void **in)
{
    state *made = *in;
    gsearch_error error;
    assert_ok(gs_search_describe(made->snapshot, &made->out, &error), &error);
    gs_buf_u8(&made->out, 0);
    const char *line = (const char *)made->out.data;
    // 标题正文; 题, field break, 正文
    static const char *const parts[] = {"\"generation\":1,", "\"segments\":2,", "\"documents\":2,",
                                        "\"deleted\":1,",    "\"length\":8,",   "\"analyzer\":1,"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        assert_non_null(strstr(line, parts[i]));
    assert_ptr_equal(strchr(line, '\n') + 1, line + strlen(line));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_document_comes_as_one_line),
        TEST(kept_fields_come_as_they_are_but_on_the_same_line),
        TEST(a_deleted_or_unknown_document_is_not_found),
        TEST(counts_are_of_the_generation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
