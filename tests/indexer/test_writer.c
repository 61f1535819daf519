/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/writer.c: the public writer, as a program uses it.
 */
#include "gsearch/gsearch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "tests/indexer/content.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/flaky.h"

typedef struct fixture {
    char *dir;
    gsearch_writer *writer;
    gsearch_error error;
} fixture;

static void open_writer(fixture *f)
{
    assert_ok(gsearch_writer_open(f->dir, NULL, &f->writer, &f->error), &f->error);
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->dir = gs_test_dir_make();
    open_writer(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gsearch_writer_close(f->writer);
    gs_test_dir_remove(f->dir);
    free(f);
    return 0;
}

static void add(fixture *f, const char *id, const char *text)
{
    gsearch_document document = GSEARCH_DOCUMENT_INIT;
    document.id = id;
    document.text = text;
    assert_ok(gsearch_writer_add(f->writer, &document, &f->error), &f->error);
}

static void delete (fixture *f, const char *id)
{
    assert_ok(gsearch_writer_delete(f->writer, id, &f->error), &f->error);
}

static uint64_t commit(fixture *f)
{
    uint64_t generation;
    assert_ok(gsearch_writer_commit(f->writer, &generation, &f->error), &f->error);
    return generation;
}

/* The documents in the index, as "id=text " by id. */
static void expect(const fixture *f, const char *wanted)
{
    char *content = gs_test_content(f->dir);
    char found[4096] = "";
    char *rest = NULL;
    for (char *line = strtok_r(content, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char id[64], title[64], text[64];
        size_t len = strlen(found);
        if (sscanf(line, "document %63s | %63s | %*d %*d %*d | %63s |", id, title, text) == 3)
            snprintf(found + len, sizeof(found) - len, "%s=%s ", id, text);
    }
    assert_string_equal(found, wanted);
    free(content);
}

static void nothing_is_visible_before_the_commit(void **state)
{
    fixture *f = *state;
    add(f, "a", "政务公开");
    expect(f, "");
    assert_int_equal(commit(f), 1);
    expect(f, "a=政务公开 ");
}

static void an_id_met_again_replaces_the_document(void **state)
{
    fixture *f = *state;
    add(f, "a", "一");
    add(f, "b", "二");
    add(f, "a", "三");
    assert_int_equal(commit(f), 1);
    expect(f, "a=三 b=二 ");
    add(f, "b", "四");
    add(f, "c", "五");
    assert_int_equal(commit(f), 2);
    expect(f, "a=三 b=四 c=五 ");
}

static void the_last_of_add_and_delete_counts(void **state)
{
    fixture *f = *state;
    add(f, "a", "一");
    add(f, "b", "二");
    commit(f);
    delete (f, "a");
    add(f, "c", "三");
    delete (f, "c");
    delete (f, "b");
    add(f, "b", "四");
    assert_int_equal(commit(f), 2);
    expect(f, "b=四 ");
}

static void deleting_what_is_not_there_is_not_found(void **state)
{
    fixture *f = *state;
    assert_fails(GSEARCH_NOT_FOUND, gsearch_writer_delete(f->writer, "a", &f->error), &f->error);
    add(f, "a", "一");
    delete (f, "a");
    assert_fails(GSEARCH_NOT_FOUND, gsearch_writer_delete(f->writer, "a", &f->error), &f->error);
    commit(f);
    assert_fails(GSEARCH_NOT_FOUND, gsearch_writer_delete(f->writer, "a", &f->error), &f->error);
}

static void a_commit_without_changes_keeps_the_generation(void **state)
{
    fixture *f = *state;
    assert_int_equal(commit(f), 1); // an empty index is one, too
    assert_int_equal(commit(f), 1);
    add(f, "a", "一");
    assert_int_equal(commit(f), 2);
    assert_int_equal(commit(f), 2);
}

static void what_was_not_committed_is_dropped(void **state)
{
    fixture *f = *state;
    add(f, "a", "一");
    commit(f);
    add(f, "b", "二");
    delete (f, "a");
    gsearch_writer_close(f->writer);
    expect(f, "a=一 ");
    open_writer(f);
    assert_int_equal(commit(f), 1);
}

static void one_writer_at_a_time(void **state)
{
    fixture *f = *state;
    gsearch_writer *second;
    assert_fails(GSEARCH_LOCKED, gsearch_writer_open(f->dir, NULL, &second, &f->error), &f->error);
}

static void many_commits_end_like_one(void **state)
{
    fixture *f = *state;
    uint64_t random = 3;
    const char *last[50] = {NULL};
    const char *const texts[] = {"政务公开", "年度报告", "abc", "三公经费2017", NULL};
    for (int step = 0; step < 40; step++) {
        for (uint64_t i = gs_test_random_below(&random, 12); i; i--) {
            uint64_t number = gs_test_random_below(&random, 50);
            const char *text = texts[gs_test_random_below(&random, 5)];
            char id[8];
            snprintf(id, sizeof(id), "%u", (unsigned)number);
            if (text)
                add(f, id, text);
            else if (last[number])
                delete (f, id);
            last[number] = text;
        }
        commit(f);
    }
    char *stepwise = gs_test_content(f->dir);
    gsearch_writer_close(f->writer);
    gs_test_dir_remove(f->dir);
    f->dir = gs_test_dir_make();
    open_writer(f);
    for (unsigned number = 0; number < 50; number++) {
        char id[8];
        snprintf(id, sizeof(id), "%u", number);
        if (last[number])
            add(f, id, last[number]);
    }
    commit(f);
    char *at_once = gs_test_content(f->dir);
    assert_string_equal(stepwise, at_once);
    free(stepwise);
    free(at_once);
}

static void all_fields_of_a_document_are_kept(void **state)
{
    fixture *f = *state;
    gsearch_document document = {
        .struct_size = sizeof(document),
        .id = "a\xFF",
        .title = "题",
        .text = "正文\xFF之外",
        .text_len = 7,
        .date = "2017-12-11",
        .fields = "{\"k\": [1, 2]}",
    };
    assert_ok(gsearch_writer_add(f->writer, &document, &f->error), &f->error);
    commit(f);
    char *content = gs_test_content(f->dir);
    assert_non_null(strstr(content, "document a\xEF\xBF\xBD | 题 | 1 1 20171211 | "
                                    "正文\xEF\xBF\xBD | {\"k\": [1, 2]}\n"));
    free(content);
}

static void without_text_statistics_are_the_same(void **state)
{
    fixture *f = *state;
    gsearch_writer_options options = {.struct_size = sizeof(options), .without_text = true};
    gsearch_writer_close(f->writer);
    assert_ok(gsearch_writer_open(f->dir, &options, &f->writer, &f->error), &f->error);
    add(f, "a", "政务公开");
    add(f, "b", "公开");
    commit(f);
    delete (f, "a");
    commit(f);
    char *content = gs_test_content(f->dir);
    // 公 516C << 42 | 开 5F00 << 21, and 开 alone, which ends the run
    assert_string_equal(content, "documents 1 length 2\n"
                                 "character 00516c 1\ncharacter 005f00 1\n"
                                 "document b | 公开 | 2 0 0 | \n"
                                 "gram 0145b00be0000000 1\ngram 017c000000000000 1\n");
    free(content);
}

static void bad_documents_are_refused_and_do_no_harm(void **state)
{
    fixture *f = *state;
    char long_id[GS_ID_BYTES_MAX + 2];
    memset(long_id, 'a', sizeof(long_id) - 1);
    long_id[sizeof(long_id) - 1] = '\0';
    const struct {
        gsearch_status status;
        gsearch_document document;
    } cases[] = {
        {GSEARCH_BAD_ARGUMENT, {.struct_size = 0, .id = "a", .text = "b"}},
        {GSEARCH_BAD_ARGUMENT, {.struct_size = sizeof(gsearch_document), .text = "b"}},
        {GSEARCH_BAD_ARGUMENT, {.struct_size = sizeof(gsearch_document), .id = "", .text = "b"}},
        {GSEARCH_BAD_ARGUMENT, {.struct_size = sizeof(gsearch_document), .id = "a"}},
        {GSEARCH_LIMIT, {.struct_size = sizeof(gsearch_document), .id = long_id, .text = "b"}},
        {GSEARCH_LIMIT,
         {.struct_size = sizeof(gsearch_document),
          .id = "a",
          .text = "b",
          .text_len = GS_DOCUMENT_BYTES_MAX + 1ull}},
        {GSEARCH_BAD_ARGUMENT,
         {.struct_size = sizeof(gsearch_document), .id = "a", .text = "b", .date = "2017-02-30"}},
        {GSEARCH_BAD_ARGUMENT,
         {.struct_size = sizeof(gsearch_document), .id = "a", .text = "b", .fields = "[1]"}},
        {GSEARCH_BAD_ARGUMENT,
         {.struct_size = sizeof(gsearch_document), .id = "a", .text = "b", .fields = "{\n}"}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_fails(cases[i].status, gsearch_writer_add(f->writer, &cases[i].document, &f->error),
                     &f->error);
    long_id[GS_ID_BYTES_MAX] = '\0';
    add(f, long_id, "一");
    add(f, "b", "二");
    assert_int_equal(commit(f), 1);
}

/* A program has no handler for the SIGBUS of a mapped page that is gone. */
static void files_cut_short_under_a_writer_do_not_end_the_program(void **state)
{
    fixture *f = *state;
    add(f, "a", "政务公开");
    add(f, "b", "营商环境");
    commit(f);
    delete (f, "b");
    commit(f);
    char *names = gs_test_segments(f->dir);
    char *rest = NULL;
    for (char *name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
        char *path = gs_test_path(f->dir, name);
        assert_int_equal(truncate(path, 0), 0);
        free(path);
    }
    free(names);
    // what the writer has read it still has; what it reads now it finds damaged
    gsearch_status status = gsearch_writer_delete(f->writer, "a", &f->error);
    assert_true(status == GSEARCH_OK || status == GSEARCH_CORRUPT);
    add(f, "c", "年度报告");
    status = gsearch_writer_commit(f->writer, NULL, &f->error);
    assert_true(status == GSEARCH_OK || status == GSEARCH_CORRUPT);
}

static void null_is_an_error_and_not_a_crash(void **state)
{
    fixture *f = *state;
    gsearch_document document = GSEARCH_DOCUMENT_INIT;
    gsearch_writer *writer;
    assert_int_equal(gsearch_writer_open(NULL, NULL, &writer, NULL), GSEARCH_BAD_ARGUMENT);
    assert_int_equal(gsearch_writer_open(f->dir, NULL, NULL, NULL), GSEARCH_BAD_ARGUMENT);
    gsearch_writer_options options = {.struct_size = 0};
    assert_int_equal(gsearch_writer_open(f->dir, &options, &writer, NULL), GSEARCH_BAD_ARGUMENT);
    assert_int_equal(gsearch_writer_add(NULL, &document, NULL), GSEARCH_BAD_ARGUMENT);
    assert_int_equal(gsearch_writer_add(f->writer, NULL, NULL), GSEARCH_BAD_ARGUMENT);
    assert_int_equal(gsearch_writer_delete(f->writer, NULL, NULL), GSEARCH_BAD_ARGUMENT);
    assert_int_equal(gsearch_writer_commit(NULL, NULL, NULL), GSEARCH_BAD_ARGUMENT);
    assert_int_equal(gsearch_writer_commit(f->writer, NULL, NULL), GSEARCH_OK);
    gsearch_writer_close(NULL);
}

static void many_ids_are_told_apart(void **state)
{
    fixture *f = *state;
    char id[16];
    for (int round = 0; round < 2; round++)
        for (unsigned i = 0; i < 1000; i++) {
            snprintf(id, sizeof(id), "%u", i);
            add(f, id, round ? "二" : "一");
        }
    for (unsigned i = 0; i < 1000; i += 2) {
        snprintf(id, sizeof(id), "%u", i);
        delete (f, id);
        assert_fails(GSEARCH_NOT_FOUND, gsearch_writer_delete(f->writer, id, &f->error),
                     &f->error);
    }
    commit(f);
    char *content = gs_test_content(f->dir);
    unsigned documents = 0;
    for (const char *at = content; (at = strstr(at, "document ")); at++)
        documents++;
    assert_int_equal(documents, 500);
    assert_null(strstr(content, "一"));
    free(content);
}

static void invalid_bytes_are_replaced_as_far_as_there_is_room(void **state)
{
    fixture *f = *state;
    char long_id[GS_ID_BYTES_MAX + 1], *text = malloc(GS_DOCUMENT_BYTES_MAX / 2);
    gsearch_document document = GSEARCH_DOCUMENT_INIT;
    memset(long_id, '\xff', sizeof(long_id) - 1);
    long_id[sizeof(long_id) - 1] = '\0';
    memset(text, '\xff', GS_DOCUMENT_BYTES_MAX / 2); // each becomes three
    document.id = long_id;
    document.text = "一";
    assert_fails(GSEARCH_LIMIT, gsearch_writer_add(f->writer, &document, &f->error), &f->error);
    document.id = "a";
    document.text = text;
    document.text_len = GS_DOCUMENT_BYTES_MAX / 2;
    assert_fails(GSEARCH_LIMIT, gsearch_writer_add(f->writer, &document, &f->error), &f->error);
    document.text_len = 2;
    document.title = "\xff";
    document.fields = "{\"\xff\":1";
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_writer_add(f->writer, &document, &f->error),
                 &f->error);
    document.fields = "{";
    assert_fails(GSEARCH_BAD_ARGUMENT, gsearch_writer_add(f->writer, &document, &f->error),
                 &f->error);
    document.fields = "{\"\xff\":1}";
    assert_ok(gsearch_writer_add(f->writer, &document, &f->error), &f->error);
    commit(f);
    char *content = gs_test_content(f->dir);
    assert_non_null(strstr(content, "\xef\xbf\xbd\xef\xbf\xbd |"));
    free(content);
    free(text);
}

/* More text than one block has. */
static void long_texts_end_their_block(void **state)
{
    fixture *f = *state;
    size_t len = (1u << 20) + 1;
    char *text = malloc(len + 1);
    memset(text, 'a', len);
    text[len] = '\0';
    for (size_t at = 7; at < len; at += 8)
        text[at] = ' ';
    add(f, "a", text);
    add(f, "b", text);
    assert_int_equal(commit(f), 1);
    free(text);
}

/* With a memory of its own, which ends at every allocation in turn. */
static void a_writer_that_failed_is_of_no_more_use(void **state)
{
    fixture *f = *state;
    unsigned broken = 0;
    gsearch_status status = GSEARCH_NO_MEMORY;
    gsearch_writer_close(f->writer);
    f->writer = NULL;
    for (size_t at = 1; status; at++) {
        gs_flaky flaky;
        gsearch_writer *writer = NULL;
        gs_flaky_init(&flaky, at);
        gsearch_allocator allocator = {.resize = flaky.mem.resize, .payload = flaky.mem.payload};
        gsearch_writer_options options = {.struct_size = sizeof(options), .memory_bytes = 1,
                                          .allocator = &allocator};
        gsearch_document document = GSEARCH_DOCUMENT_INIT;
        document.id = "a";
        document.text = "一";
        status = gsearch_writer_open(f->dir, &options, &writer, &f->error);
        if (!status)
            status = gsearch_writer_add(writer, &document, &f->error);
        if (!status)
            status = gsearch_writer_commit(writer, NULL, &f->error);
        if (status)
            assert_fails(GSEARCH_NO_MEMORY, status, &f->error);
        flaky.fail_at = 0; // there is memory again
        if (status && writer)
            broken += gsearch_writer_commit(writer, NULL, &f->error) == GSEARCH_BAD_ARGUMENT;
        gsearch_writer_close(writer);
        assert_int_equal(flaky.live, 0);
    }
    assert_true(broken > 10);
    open_writer(f);
    expect(f, "a=一 ");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_visible_before_the_commit),
        CASE(an_id_met_again_replaces_the_document),
        CASE(the_last_of_add_and_delete_counts),
        CASE(deleting_what_is_not_there_is_not_found),
        CASE(a_commit_without_changes_keeps_the_generation),
        CASE(what_was_not_committed_is_dropped),
        CASE(one_writer_at_a_time),
        CASE(many_commits_end_like_one),
        CASE(all_fields_of_a_document_are_kept),
        CASE(without_text_statistics_are_the_same),
        CASE(bad_documents_are_refused_and_do_no_harm),
        CASE(files_cut_short_under_a_writer_do_not_end_the_program),
        CASE(many_ids_are_told_apart),
        CASE(invalid_bytes_are_replaced_as_far_as_there_is_room),
        CASE(long_texts_end_their_block),
        CASE(a_writer_that_failed_is_of_no_more_use),
        CASE(null_is_an_error_and_not_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
