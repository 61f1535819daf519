/* SPDX-License-Identifier: Apache-2.0
 *
 * The words for a segment whose content is known.
 */
#include "common/segment/dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/segment/manifest.h"
#include "tests/common/segment/randomsegment.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/flaky.h"

#define DOCUMENTS 25u
#define GRAMS 30u
#define WORDS 22u

typedef struct fixture {
    char *path;
    gs_dir *dir;
    random_segment *random;
    gs_container_name name;
    gs_buf text;
    gsearch_error error;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->path = gs_test_dir_make();
    assert_ok(gs_dir_open(NULL, f->path, false, &f->dir, &f->error), &f->error);
    f->random = random_segment_new(1, DOCUMENTS, GRAMS, WORDS);
    assert_ok(random_segment_write(f->random, f->dir, NULL, false, 256, &f->name, &f->error),
              &f->error);
    gs_manifest manifest = {
        .generation = 1,
        .analyzer = 1,
        .unicode = "15.0.0",
        .segments = {{.segment = {.id = f->name.id, .length = f->name.length},
                      .documents = DOCUMENTS}},
        .segments_count = 1,
    };
    assert_ok(gs_manifest_commit(f->dir, NULL, &manifest, &f->error), &f->error);
    gs_buf_init(&f->text, NULL, SIZE_MAX);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gs_buf_release(&f->text);
    random_segment_free(f->random);
    gs_dir_close(f->dir);
    gs_test_dir_remove(f->path);
    free(f);
    return 0;
}

static gsearch_status keep(gs_bytes text, void *payload, gsearch_error *err)
{
    (void)err;
    gs_buf_bytes(payload, text);
    return GSEARCH_OK;
}

static gsearch_status refuse(gs_bytes text, void *payload, gsearch_error *err)
{
    (void)text;
    (void)payload;
    return gs_fail(err, GSEARCH_IO, "enough");
}

static const char *dump(fixture *f, bool all)
{
    gs_dump_options options = {.all = all, .write = keep, .payload = &f->text};
    gs_buf_reset(&f->text);
    assert_ok(gs_dump_index(f->dir, &options, &f->error), &f->error);
    gs_buf_u8(&f->text, 0);
    return (const char *)f->text.data;
}

static void expect_line(const char *text, const char *line)
{
    char wanted[65536];
    snprintf(wanted, sizeof(wanted), "\n%s\n", line);
    if (!strstr(text, wanted))
        fail_msg("no line: %s", line);
}

static uint32_t count_lines(const char *text, const char *word)
{
    char wanted[64];
    uint32_t count = 0;
    snprintf(wanted, sizeof(wanted), "\n%s ", word);
    while ((text = strstr(text, wanted))) {
        count++;
        text++;
    }
    return count;
}

static void every_document_is_told(void **state)
{
    fixture *f = *state;
    const char *text = dump(f, true);
    assert_int_equal(count_lines(text, "document"), DOCUMENTS);
    assert_int_equal(count_lines(text, "text"), DOCUMENTS);
    for (uint32_t doc = 0; doc < DOCUMENTS; doc++) {
        char start[64], id[64];
        snprintf(start, sizeof(start), "\ndocument %u start=%u length=%u ", doc,
                 f->random->starts[doc], random_segment_length(f->random, doc));
        snprintf(id, sizeof(id), " id=\"%s\" ", f->random->keys[doc]);
        const char *line = strstr(text, start);
        assert_non_null(line);
        const char *found = strstr(line, id);
        assert_true(found && found < strchr(line + 1, '\n'));
    }
}

static void every_list_is_told_with_its_positions(void **state)
{
    fixture *f = *state;
    const char *text = dump(f, true);
    uint32_t lists = 0;
    for (uint32_t i = 0; i < GRAMS + WORDS; i++) {
        const random_list *list = &f->random->lists[i];
        char positions[65536] = " positions=";
        size_t len = strlen(positions);
        if (!list->count)
            continue;
        lists++;
        for (uint32_t p = 0; p < list->count; p++)
            len += (size_t)snprintf(positions + len, sizeof(positions) - len, p ? ",%u" : "%u",
                                    list->positions[p]);
        snprintf(positions + len, sizeof(positions) - len, "\n");
        if (!strstr(text, positions))
            fail_msg("list %u is not there", i);
        if (list->word[0]) {
            char word[64];
            snprintf(word, sizeof(word), "\nword \"%s\" ", list->word);
            assert_non_null(strstr(text, word));
        }
    }
    assert_int_equal(count_lines(text, "gram") + count_lines(text, "word"), lists);
}

static void both_ends_of_a_file_are_told(void **state)
{
    fixture *f = *state;
    const char *text = dump(f, true);
    size_t len;
    uint8_t *file = gs_test_file_read(f->path, f->name.name, &len);
    uint64_t sums = gs_load_u64(file + len - GS_FOOTER_BYTES + 16); // as docs/FORMAT.md has it
    expect_line(text, "header format=2 kind=SEGM");
    assert_int_equal(count_lines(text, "page"), (sums + GS_PAGE_BYTES - 1) / GS_PAGE_BYTES);
    char page[64];
    snprintf(page, sizeof(page), "page 0 sum=%016llx",
             (unsigned long long)gs_load_u64(file + sums));
    expect_line(text, page);
    free(file);
}

static void a_sample_says_how_much_more_there_is(void **state)
{
    fixture *f = *state;
    const char *text = dump(f, false);
    char more[64];
    assert_int_equal(count_lines(text, "document"), GS_DUMP_SAMPLE);
    snprintf(more, sizeof(more), "more documents %u", DOCUMENTS - GS_DUMP_SAMPLE);
    expect_line(text, more);
}

static void the_same_index_gives_the_same_text(void **state)
{
    fixture *f = *state;
    char *first = strdup(dump(f, true));
    assert_string_equal(dump(f, true), first);
    free(first);
}

static void the_taker_may_end_it(void **state)
{
    fixture *f = *state;
    gs_dump_options options = {.write = refuse};
    assert_fails(GSEARCH_IO, gs_dump_index(f->dir, &options, &f->error), &f->error);
}

static void without_memory_it_says_so(void **state)
{
    fixture *f = *state;
    gsearch_status status = GSEARCH_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at++) {
        gs_flaky flaky;
        gs_flaky_init(&flaky, fail_at);
        gs_dump_options options = {
            .mem = &flaky.mem, .all = true, .write = keep, .payload = &f->text};
        status = gs_dump_index(f->dir, &options, &f->error);
        if (status)
            assert_fails(GSEARCH_NO_MEMORY, status, &f->error);
        assert_int_equal(flaky.live, 0);
        assert_true(fail_at < 10000);
    }
}

static void an_empty_folder_has_nothing_to_tell(void **state)
{
    fixture *f = *state;
    char *path = gs_test_dir_make();
    gs_dir *dir;
    gs_dump_options options = {.write = refuse};
    assert_ok(gs_dir_open(NULL, path, false, &dir, &f->error), &f->error);
    assert_fails(GSEARCH_NO_INDEX, gs_dump_index(dir, &options, &f->error), &f->error);
    gs_dir_close(dir);
    gs_test_dir_remove(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_document_is_told),
        TEST(every_list_is_told_with_its_positions),
        TEST(both_ends_of_a_file_are_told),
        TEST(a_sample_says_how_much_more_there_is),
        TEST(the_same_index_gives_the_same_text),
        TEST(the_taker_may_end_it),
        TEST(without_memory_it_says_so),
        TEST(an_empty_folder_has_nothing_to_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
