/* SPDX-License-Identifier: Apache-2.0
 *
 * Damage of each kind, and what is left.
 */
#include "indexer/salvage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/segment/format.h"
#include "tests/indexer/content.h"
#include "tests/indexer/sampleindex.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

typedef struct fixture {
    char *dir, *saved;
    char lost[16384]; // a line each
    gs_salvage_summary summary;
    gsearch_error error;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->dir = gs_test_dir_make();
    f->saved = gs_test_dir_make();
    gs_sample_index_make(f->dir);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gs_test_dir_remove(f->dir);
    gs_test_dir_remove(f->saved);
    free(f);
    return 0;
}

static void on_lost(const char *what, const char *why, void *payload)
{
    fixture *f = payload;
    size_t len = strlen(f->lost);
    assert_true(*why != '\0');
    snprintf(f->lost + len, sizeof(f->lost) - len, "%s\n", what);
}

static gsearch_status salvage(fixture *f)
{
    gs_salvage_options options = {.on_lost = on_lost, .payload = f};
    return gs_salvage_run(f->dir, f->saved, &options, &f->summary, &f->error);
}

/* Lines of `text` that begin with `word`. */
static unsigned count_lines(const char *text, const char *word)
{
    unsigned count = 0;
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        count += strncmp(line, word, strlen(word)) == 0;
    }
    return count;
}

static void a_whole_index_is_saved_whole(void **state)
{
    fixture *f = *state;
    assert_ok(salvage(f), &f->error);
    char *is = gs_test_content(f->saved), *should = gs_test_content(f->dir);
    assert_string_equal(is, should);
    assert_string_equal(f->lost, "");
    assert_int_equal(f->summary.saved, GS_SAMPLE_COMMITS * GS_SAMPLE_DOCUMENTS - 3);
    assert_int_equal(f->summary.lost, 0);
    free(is);
    free(should);
}

/* Zeroes some bytes in the middle of a chunk of the first segment; its name, to be freed. */
static char *wipe(fixture *f, unsigned chunk, size_t count)
{
    uint64_t offset, length;
    size_t len;
    char *name = gs_sample_index_place(f->dir, chunk, &offset, &length);
    uint8_t *data = gs_test_file_read(f->dir, name, &len);
    count = count < length ? count : (size_t)length;
    memset(data + offset + (length - count) / 2, 0, count);
    gs_test_file_write(f->dir, name, data, len);
    free(data);
    return name;
}

static void salvage_again(fixture *f)
{
    gs_test_dir_remove(f->saved);
    f->saved = gs_test_dir_make();
    f->lost[0] = '\0';
    assert_ok(salvage(f), &f->error);
}

/* The first segment with other bytes: what it was is saved all the same. */
static void check_whole(fixture *f, const char *name, const uint8_t *data, size_t len,
                        const char *content)
{
    gs_test_file_write(f->dir, name, data, len);
    salvage_again(f);
    char *is = gs_test_content(f->saved);
    assert_string_equal(is, content);
    assert_string_equal(f->lost, "");
    assert_int_equal(f->summary.lost + f->summary.incomplete + f->summary.lost_files, 0);
    assert_false(f->summary.stale);
    free(is);
}

static void the_ends_of_a_segment_may_be_damaged(void **state)
{
    fixture *f = *state;
    uint64_t offset, length;
    size_t len;
    char *name = gs_sample_index_place(f->dir, GS_CHUNK_META, &offset, &length);
    char *content = gs_test_content(f->dir);
    uint8_t *data = gs_test_file_read(f->dir, name, &len);
    data = realloc(data, len + 1000);
    memset(data + len, 1, 1000);
    check_whole(f, name, data, len + 1, content);
    check_whole(f, name, data, len + 1000, content);
    check_whole(f, name, data, len - 1, content);
    check_whole(f, name, data, len - GS_FOOTER_BYTES, content);
    size_t table = len - GS_FOOTER_BYTES - 15 * GS_TOC_ROW_BYTES;
    for (size_t at = table; at < len; at += 13) {
        data[at] ^= 0x55;
        check_whole(f, name, data, len, content);
        data[at] ^= 0x55;
    }
    free(data);
    free(content);
    free(name);
}

/* Each document is saved or named, and named for each part of it that is missing. */
static void what_is_damaged_is_named(void **state)
{
    static const unsigned chunks[] = {GS_CHUNK_DOCS, GS_CHUNK_KEYS, GS_CHUNK_COLS, GS_CHUNK_TITL,
                                      GS_CHUNK_POST, GS_CHUNK_GRAM, GS_CHUNK_TDIR, GS_CHUNK_META};
    const unsigned documents = GS_SAMPLE_COMMITS * GS_SAMPLE_DOCUMENTS - 3;
    fixture *f = *state;
    for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
        gs_test_dir_remove(f->dir);
        f->dir = gs_test_dir_make();
        gs_sample_index_make(f->dir);
        free(wipe(f, chunks[i], 8));
        salvage_again(f);
        char *content = gs_test_content(f->saved);
        assert_int_equal(f->summary.saved, count_lines(content, "document "));
        assert_int_equal(f->summary.saved + f->summary.lost, documents);
        assert_true(f->summary.saved > documents - GS_SAMPLE_DOCUMENTS);
        assert_int_equal(f->summary.lost_files, 0);
        assert_false(f->summary.stale);
        unsigned without_id = count_lines(content, "document seg-");
        assert_int_equal(count_lines(f->lost, "the id of seg-"), without_id);
        assert_true(f->summary.incomplete >= without_id);
        assert_int_equal(f->summary.lost == 0, !count_lines(f->lost, "0-"));
        free(content);
    }
}

static void damaged_text_costs_its_block_alone(void **state)
{
    fixture *f = *state;
    free(gs_sample_index_damage(f->dir, GS_CHUNK_TEXT));
    assert_ok(salvage(f), &f->error);
    char *content = gs_test_content(f->saved);
    assert_int_equal(f->summary.saved, count_lines(content, "document "));
    assert_int_equal(f->summary.saved + f->summary.lost,
                     GS_SAMPLE_COMMITS * GS_SAMPLE_DOCUMENTS - 3);
    assert_int_equal(f->summary.lost, count_lines(f->lost, "0-")); // of the first commit alone
    assert_true(f->summary.lost > 0);
    free(content);
}

/* A line of the content. */
static bool has_document(const char *content, const char *id)
{
    char word[64];
    snprintf(word, sizeof(word), "document %s ", id);
    return count_lines(content, word) == 1;
}

static void a_lost_segment_is_named(void **state)
{
    fixture *f = *state;
    char *name = wipe(f, 0, SIZE_MAX);
    assert_ok(salvage(f), &f->error);
    assert_int_equal(f->summary.lost_files, 1);
    assert_int_equal(count_lines(f->lost, name), 1);
    assert_true(f->summary.stale);
    free(name);
}

/* The last commit, number 3, has replaced 2-03 and deleted 2-07. */
static void check_newest(fixture *f, const char *whole)
{
    char *content = gs_test_content(f->saved);
    assert_true(has_document(content, "3-00"));
    assert_false(has_document(content, "2-07"));
    const char *replaced = strstr(whole, "document 2-03 ");
    size_t len = (size_t)(strchr(strchr(replaced, '\n') + 1, '\n') - replaced);
    assert_non_null(strstr(replaced, "版本2"));
    assert_non_null(memmem(content, strlen(content), replaced, len));
    assert_int_equal(f->summary.saved, GS_SAMPLE_COMMITS * GS_SAMPLE_DOCUMENTS - 3);
    assert_int_equal(f->summary.lost_files, 1);
    assert_int_equal(f->summary.lost, 0);
    assert_true(f->summary.stale);
    free(content);
}

static void the_newest_segments_are_saved_without_their_manifest(void **state)
{
    fixture *f = *state;
    char *whole = gs_test_content(f->dir);
    char name[64];
    snprintf(name, sizeof(name), "manifest-%016x.gsm", GS_SAMPLE_COMMITS);
    gs_test_file_write(f->dir, name, "ruins", 5);
    assert_ok(salvage(f), &f->error);
    assert_int_equal(count_lines(f->lost, name), 1);
    check_newest(f, whole);
    free(whole);
}

static void without_any_manifest_the_newest_versions_stay(void **state)
{
    fixture *f = *state;
    char *whole = gs_test_content(f->dir);
    for (unsigned generation = 1; generation <= GS_SAMPLE_COMMITS; generation++) {
        char name[64];
        snprintf(name, sizeof(name), "manifest-%016x.gsm", generation);
        char *path = gs_test_path(f->dir, name);
        unlink(path); // the older ones are gone already
        free(path);
    }
    assert_ok(salvage(f), &f->error);
    check_newest(f, whole);
    free(whole);
}

static void a_folder_with_an_index_is_refused(void **state)
{
    fixture *f = *state;
    assert_ok(salvage(f), &f->error);
    assert_fails(GSEARCH_BAD_ARGUMENT, salvage(f), &f->error);
}

static void nothing_comes_of_nothing(void **state)
{
    fixture *f = *state;
    char *empty = gs_test_dir_make();
    gs_salvage_options options = {.on_lost = NULL};
    assert_fails(GSEARCH_NO_INDEX,
                 gs_salvage_run(empty, f->saved, &options, &f->summary, &f->error), &f->error);
    assert_int_equal(gs_test_dir_count(f->saved), 0);
    gs_test_dir_remove(empty);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_index_is_saved_whole),
        TEST(the_ends_of_a_segment_may_be_damaged),
        TEST(what_is_damaged_is_named),
        TEST(damaged_text_costs_its_block_alone),
        TEST(a_lost_segment_is_named),
        TEST(the_newest_segments_are_saved_without_their_manifest),
        TEST(without_any_manifest_the_newest_versions_stay),
        TEST(a_folder_with_an_index_is_refused),
        TEST(nothing_comes_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
