/* SPDX-License-Identifier: Apache-2.0
 *
 * Suggestions with the counts that searching them would give.
 */
#include "query/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/limits.h"
#include "tests/query/collection.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

typedef struct state {
    char *dir;
    gs_collection collection;
    gsearch_index *index;
    gs_snapshot *snapshot;
} state;

static int set_up(void **out)
{
    state *made = test_calloc(1, sizeof(*made));
    gs_collection *all = &made->collection;
    gs_collection_add(all, "a", "一，政务公开，政务公报", NULL, 0);
    gs_collection_add(all, "b", "一，政务公开，务公司", NULL, 0);
    gs_collection_add(all, "c", "一，政务公告，设备pd17，pd18 pd18", NULL, 0);
    gs_collection_add(all, "d", "一，pd18，公园", NULL, 0);
    gs_collection_add(all, "e", "一，政务公告，pd19，政务公款", NULL, 0);
    all->documents[4].deleted = true;
    made->dir = gs_test_dir_make();
    made->index = gs_collection_index(all, made->dir, 2, false);
    made->snapshot = gs_index_snapshot(made->index);
    *out = made;
    return 0;
}

static int tear_down(void **in)
{
    state *made = *in;
    gs_snapshot_unref(made->snapshot);
    gsearch_index_close(made->index);
    gs_test_dir_remove(made->dir);
    gs_collection_free(&made->collection);
    test_free(made);
    return 0;
}

static void check(void **in, const char *prefix, uint64_t limit, const char *wanted)
{
    state *made = *in;
    gs_buf out;
    gsearch_error error;
    gs_buf_init(&out, NULL, SIZE_MAX);
    assert_ok(gs_search_suggest(made->snapshot, gs_bytes_str(prefix), limit, &out, &error), &error);
    gs_buf_u8(&out, 0);
    assert_string_equal((const char *)out.data, wanted);
    gs_buf_release(&out);
}

static void a_character_goes_on_with_what_follows_the_whole_prefix(void **in)
{
    check(in, "政务公", 10,
          "{\"text\":\"政务公开\",\"documents\":2}\n"
          "{\"text\":\"政务公告\",\"documents\":1}\n"
          "{\"text\":\"政务公报\",\"documents\":1}\n");
    check(in, "政务公", 1, "{\"text\":\"政务公开\",\"documents\":2}\n");
}

static void a_beginning_that_is_too_long_is_refused(void **in)
{
    state *made = *in;
    char prefix[301];
    gs_buf out;
    gsearch_error error;
    memset(prefix, 'a', sizeof(prefix));
    gs_buf_init(&out, NULL, SIZE_MAX);
    for (size_t len = 236; len < sizeof(prefix); len += 64) {
        gsearch_status status =
            gs_search_suggest(made->snapshot, gs_bytes_of(prefix, len), 10, &out, &error);
        if (len == 236) {
            assert_ok(status, &error);
        } else {
            assert_fails(GSEARCH_LIMIT, status, &error);
            assert_non_null(strstr(error.message, "236"));
        }
    }
    gs_buf_release(&out);
}

static void a_beginning_that_is_no_text_is_refused(void **in)
{
    state *made = *in;
    gs_buf out;
    gsearch_error error;
    char *prefix = malloc(GS_REQUEST_LINE_BYTES_MAX + 1);
    memset(prefix, 'a', GS_REQUEST_LINE_BYTES_MAX + 1);
    gs_buf_init(&out, NULL, SIZE_MAX);
    assert_fails(GSEARCH_BAD_ARGUMENT,
                 gs_search_suggest(made->snapshot, gs_bytes_str("政\xff"), 10, &out, &error),
                 &error);
    assert_fails(GSEARCH_BAD_ARGUMENT,
                 gs_search_suggest(made->snapshot,
                                   gs_bytes_of(prefix, GS_REQUEST_LINE_BYTES_MAX + 1), 10, &out,
                                   &error),
                 &error);
    gs_buf_release(&out);
    free(prefix);
}

/* More endings than are looked at, each in as many documents as its number says. */
static void the_most_frequent_endings_are_kept(void **in)
{
    (void)in;
    gs_collection all = {0};
    char id[16], text[256];
    for (unsigned doc = 0; doc < 40; doc++) {
        size_t len = 0;
        for (unsigned word = doc; word < 40; word++)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "k%02u ", word);
        snprintf(id, sizeof(id), "%u", doc);
        gs_collection_add(&all, id, text, NULL, 0);
    }
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&all, dir, 1, false);
    state made = {.snapshot = gs_index_snapshot(index)}, *other = &made;
    check((void **)&other, "k", 2,
          "{\"text\":\"k39\",\"documents\":40}\n{\"text\":\"k38\",\"documents\":39}\n");
    gs_snapshot_unref(made.snapshot);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&all);
}

static void a_word_goes_on_with_what_it_begins(void **in)
{
    check(in, "pd1", 10,
          "{\"text\":\"pd18\",\"documents\":2}\n{\"text\":\"pd17\",\"documents\":1}\n");
    check(in, "设备 PD", 10, "{\"text\":\"设备 pd17\",\"documents\":1}\n");
}

static void what_leads_nowhere_gives_nothing(void **in)
{
    check(in, "", 10, "");
    check(in, "政务，", 10, "");
    check(in, "龙", 10, "");
    check(in, "zz", 10, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_character_goes_on_with_what_follows_the_whole_prefix),
        TEST(a_beginning_that_is_too_long_is_refused),
        TEST(a_beginning_that_is_no_text_is_refused),
        TEST(the_most_frequent_endings_are_kept),
        TEST(a_word_goes_on_with_what_it_begins),
        TEST(what_leads_nowhere_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
