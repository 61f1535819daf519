/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/corpus.c: which files a run meets, under which paths and ids.
 */
#include "indexer/corpus.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

typedef struct fixture {
    char *path;
    int old_folder;
    gs_corpus corpus;
    char skips[8192];
    gsearch_error error;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->path = gs_test_dir_make();
    f->old_folder = open(".", O_RDONLY | O_DIRECTORY);
    assert_int_equal(chdir(f->path), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gs_corpus_release(&f->corpus);
    assert_int_equal(fchdir(f->old_folder), 0);
    close(f->old_folder);
    gs_test_dir_remove(f->path);
    free(f);
    return 0;
}

static void note_skip(gs_bytes path, gs_skip why, const char *detail, void *payload)
{
    (void)detail;
    fixture *f = payload;
    size_t len = strlen(f->skips);
    snprintf(f->skips + len, sizeof(f->skips) - len, "%s %.*s;", gs_skip_word(why), (int)path.len,
             (const char *)path.ptr);
}

static gsearch_status walk(fixture *f, const char *const *paths, size_t count)
{
    gs_corpus_options options = {.paths = paths,
                                 .paths_count = count,
                                 .index_dir = "ix",
                                 .on_skip = note_skip,
                                 .payload = f};
    gs_corpus_release(&f->corpus);
    f->skips[0] = '\0';
    return gs_corpus_walk(&f->corpus, NULL, &options, &f->error);
}

/* `wanted`: the paths in order, each with a semicolon behind it. */
static void expect_paths(fixture *f, const char *const *paths, size_t count, const char *wanted)
{
    char found[8192] = "";
    assert_ok(walk(f, paths, count), &f->error);
    for (size_t i = 0; i < f->corpus.files_count; i++) {
        size_t len = strlen(found);
        snprintf(found + len, sizeof(found) - len, "%s;", f->corpus.files[i].path);
    }
    assert_string_equal(found, wanted);
}

static void expect(fixture *f, const char *path, const char *wanted)
{
    expect_paths(f, &path, 1, wanted);
}

static void touch(const char *name)
{
    gs_test_file_write(".", name, "x", 1);
}

static void files_come_in_bytewise_order_of_their_paths(void **state)
{
    fixture *f = *state;
    mkdir("in", 0755);
    mkdir("in/a", 0755);
    mkdir("in/\xE4\xB8\x80", 0755);
    touch("in/a/z");
    touch("in/a.txt"); // '.' is before '/'
    touch("in/a0");    // '0' is behind it
    touch("in/\xE4\xB8\x80/b");
    touch("in/\xFF");
    touch("in/B");
    expect(f, "in", "in/B;in/a.txt;in/a/z;in/a0;in/\xE4\xB8\x80/b;in/\xFF;");
}

static void paths_are_normalised(void **state)
{
    (void)state;
    const char *const cases[][2] = {
        {"./a/b", "a/b"}, {".//a///b//", "a/b"}, {"a/./b", "a/./b"}, {"../a/", "../a"},
        {"/", "/"},       {"//a/", "/a"},        {".", ""},          {"./", ""},
        {"././a", "a"},   {".a/", ".a"},         {"/./a", "/./a"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        gs_buf out;
        gs_buf_init(&out, NULL, 64);
        gs_path_normalize(&out, gs_bytes_str(cases[i][0]));
        gs_buf_u8(&out, 0);
        assert_string_equal((const char *)out.data, cases[i][1]);
        gs_buf_release(&out);
    }
}

static void ids_escape_what_is_not_utf8(void **state)
{
    (void)state;
    const char *const cases[][2] = {
        {"a/b.txt", "a/b.txt"},
        {"公开.txt", "公开.txt"},
        {"a\\b", "a\\\\b"},
        {"\xFF\xE4\xB8", "\\xFF\\xE4\\xB8"},
        {"line\nend\x1b", "line\nend\x1b"},
        {"\xEF\xBF\xBD", "\xEF\xBF\xBD"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        gs_buf out;
        gs_buf_init(&out, NULL, 64);
        gs_path_id(&out, gs_bytes_str(cases[i][0]));
        gs_buf_u8(&out, 0);
        assert_string_equal((const char *)out.data, cases[i][1]);
        gs_buf_release(&out);
    }
}

static void the_current_folder_gives_plain_names(void **state)
{
    fixture *f = *state;
    mkdir("in", 0755);
    touch("in/a");
    touch("b");
    expect(f, ".", "b;in/a;");
    expect(f, "./", "b;in/a;");
    char wanted[4096];
    snprintf(wanted, sizeof(wanted), "%s/in/a;", f->path);
    char *absolute = gs_test_path(f->path, "in//");
    expect(f, absolute, wanted);
    free(absolute);
}

static void a_file_under_two_paths_counts_once(void **state)
{
    fixture *f = *state;
    mkdir("in", 0755);
    mkdir("in/sub", 0755);
    touch("in/a");
    touch("in/sub/b");
    assert_int_equal(symlink("a", "in/link"), 0);
    const char *paths[] = {"in/sub", "in", "./in/", "in/a"};
    expect_paths(f, paths, 4, "in/a;in/sub/b;");
    assert_string_equal(f->skips, "symlink in/link;");
}

static void links_are_followed_only_where_they_are_typed(void **state)
{
    fixture *f = *state;
    mkdir("in", 0755);
    mkdir("out", 0755);
    touch("out/secret");
    assert_int_equal(symlink("../out", "in/dir"), 0);
    assert_int_equal(symlink("../out/secret", "in/file"), 0);
    assert_int_equal(symlink("nowhere", "in/dangling"), 0);
    assert_int_equal(symlink("loop", "in/loop"), 0);
    expect(f, "in", "");
    assert_int_equal(strlen(f->skips),
                     strlen("symlink in/dir;symlink in/file;symlink in/dangling;symlink in/loop;"));
    expect(f, "in/dir", "in/dir/secret;");
    expect(f, "in/file", "in/file;");
}

static void a_link_typed_below_another_path_is_followed(void **state)
{
    fixture *f = *state;
    mkdir("in", 0755);
    mkdir("out", 0755);
    touch("in/a");
    touch("out/b");
    assert_int_equal(symlink("../out", "in/dir"), 0);
    const char *paths[] = {"in", "in/dir"};
    expect_paths(f, paths, 2, "in/a;in/dir/b;");
    assert_string_equal(f->skips, "");
}

static void a_folder_that_became_a_link_is_not_followed(void **state)
{
    fixture *f = *state;
    mkdir("in", 0755);
    mkdir("in/sub", 0755);
    mkdir("out", 0755);
    touch("in/sub/a");
    touch("out/a");
    const char *in = "in";
    assert_ok(walk(f, &in, 1), &f->error);
    assert_int_equal(f->corpus.files_count, 1);
    int fd = gs_corpus_open(&f->corpus.files[0]);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(rename("in/sub", "in/old"), 0);
    assert_int_equal(symlink("../out", "in/sub"), 0);
    assert_int_equal(gs_corpus_open(&f->corpus.files[0]), -1);
}

static void what_is_no_file_is_not_opened(void **state)
{
    fixture *f = *state;
    mkdir("in", 0755);
    assert_int_equal(mkfifo("in/pipe", 0644), 0);
    expect(f, "in", "");
    assert_string_equal(f->skips, "special in/pipe;");
    expect(f, "in/pipe", "");
    assert_string_equal(f->skips, "special in/pipe;");
}

static void folders_are_entered_to_a_limit(void **state)
{
    fixture *f = *state;
    char path[8192] = "in";
    mkdir(path, 0755);
    for (unsigned depth = 1; depth <= GS_WALK_DEPTH_MAX + 2; depth++) {
        snprintf(path + strlen(path), sizeof(path) - strlen(path), "/d");
        mkdir(path, 0755);
        char name[8200];
        snprintf(name, sizeof(name), "%s/f", path);
        touch(name);
    }
    const char *in = "in";
    assert_ok(walk(f, &in, 1), &f->error);
    assert_int_equal(f->corpus.files_count, GS_WALK_DEPTH_MAX);
    assert_int_equal(strncmp(f->skips, "too-deep in/d/", 14), 0);
    assert_true(gs_corpus_is_unseen(&f->corpus, gs_bytes_str(path)));
    assert_false(gs_corpus_is_unseen(&f->corpus, gs_bytes_str("in/d/f")));
}

static void a_path_that_is_too_long_is_counted(void **state)
{
    fixture *f = *state;
    char name[201];
    memset(name, 'n', 200);
    name[200] = '\0';
    mkdir("in", 0755);
    int folders[23];
    folders[0] = open("in", O_RDONLY | O_DIRECTORY);
    for (unsigned i = 0; i < 22; i++) { // 2 + 22 * 201 bytes
        close(openat(folders[i], "f", O_CREAT | O_WRONLY, 0644));
        assert_int_equal(mkdirat(folders[i], name, 0755), 0);
        folders[i + 1] = openat(folders[i], name, O_RDONLY | O_DIRECTORY);
    }
    const char *in = "in";
    assert_ok(walk(f, &in, 1), &f->error);
    // 2 bytes, and 201 more a level: the 20th folder ends at byte 4,022
    assert_int_equal(f->corpus.files_count, 21);
    assert_int_equal(strncmp(f->skips, "too-deep in/nnn", 15), 0);
    // Nor is it for the path by which the test's folder is removed.
    for (unsigned i = 22; i; i--) {
        close(folders[i]);
        unlinkat(folders[i - 1], "f", 0);
        assert_int_equal(unlinkat(folders[i - 1], name, AT_REMOVEDIR), 0);
    }
    close(folders[0]);
}

static void what_cannot_be_read_fails_the_walk(void **state)
{
    fixture *f = *state;
    touch("a");
    const char *paths[] = {"a", "none"};
    assert_fails(GSEARCH_NOT_FOUND, walk(f, paths, 2), &f->error);
    paths[1] = "";
    assert_fails(GSEARCH_NOT_FOUND, walk(f, paths, 2), &f->error);
    paths[1] = "a/b";
    assert_fails(GSEARCH_NOT_FOUND, walk(f, paths, 2), &f->error);
    mkdir("in", 0755);
    touch("in/a");
    paths[0] = "in";
    paths[1] = "in/none"; // although it would lie in the first
    assert_fails(GSEARCH_NOT_FOUND, walk(f, paths, 2), &f->error);
}

static void the_index_folder_is_left_out(void **state)
{
    fixture *f = *state;
    mkdir("ix", 0755);
    touch("ix/a");
    touch("b");
    expect(f, ".", "b;");
    assert_string_equal(f->skips, "");
}

static void standard_input_is_the_last_file(void **state)
{
    fixture *f = *state;
    touch("a");
    touch("-");
    const char *paths[] = {"-", "a", "./-"};
    expect_paths(f, paths, 3, "-;a;-;");
    assert_true(f->corpus.files[2].is_stdin);
    assert_int_equal(gs_corpus_find(&f->corpus, gs_bytes_str("-")), 0);
}

static void a_run_covers_what_lies_under_its_paths(void **state)
{
    fixture *f = *state;
    mkdir("in", 0755);
    mkdir("in/a", 0755);
    const char *paths[] = {"in/a/"};
    assert_ok(walk(f, paths, 1), &f->error);
    assert_true(gs_corpus_covers(&f->corpus, gs_bytes_str("in/a")));
    assert_true(gs_corpus_covers(&f->corpus, gs_bytes_str("in/a/b/c")));
    assert_false(gs_corpus_covers(&f->corpus, gs_bytes_str("in/ab")));
    assert_false(gs_corpus_covers(&f->corpus, gs_bytes_str("in")));
    paths[0] = ".";
    assert_ok(walk(f, paths, 1), &f->error);
    assert_true(gs_corpus_covers(&f->corpus, gs_bytes_str("in/ab")));
    assert_false(gs_corpus_covers(&f->corpus, gs_bytes_str("/in")));
    assert_false(gs_corpus_covers(&f->corpus, gs_bytes_str("../in")));
    assert_true(gs_corpus_covers(&f->corpus, gs_bytes_str("..in")));
}

static void what_climbs_out_of_a_path_is_not_covered(void **state)
{
    fixture *f = *state;
    mkdir("a", 0755);
    mkdir("b", 0755);
    const char *paths[] = {"b"};
    assert_ok(walk(f, paths, 1), &f->error);
    assert_false(gs_corpus_covers(&f->corpus, gs_bytes_str("b/..")));
    assert_false(gs_corpus_covers(&f->corpus, gs_bytes_str("b/../a/x")));
    assert_false(gs_corpus_covers(&f->corpus, gs_bytes_str("b/c/../../a/x")));
    assert_true(gs_corpus_covers(&f->corpus, gs_bytes_str("b/..c/x")));
    assert_true(gs_corpus_covers(&f->corpus, gs_bytes_str("b/c..")));
    paths[0] = "b/../a";
    assert_ok(walk(f, paths, 1), &f->error);
    assert_true(gs_corpus_covers(&f->corpus, gs_bytes_str("b/../a/x")));
    assert_false(gs_corpus_covers(&f->corpus, gs_bytes_str("b/../a/../b/x")));
    paths[0] = ".";
    assert_ok(walk(f, paths, 1), &f->error);
    assert_false(gs_corpus_covers(&f->corpus, gs_bytes_str("b/../../x")));
    paths[0] = "..";
    assert_ok(walk(f, paths, 1), &f->error);
    assert_true(gs_corpus_covers(&f->corpus, gs_bytes_str("../x")));
    assert_false(gs_corpus_covers(&f->corpus, gs_bytes_str("../../x")));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(files_come_in_bytewise_order_of_their_paths),
        CASE(paths_are_normalised),
        CASE(ids_escape_what_is_not_utf8),
        CASE(the_current_folder_gives_plain_names),
        CASE(a_file_under_two_paths_counts_once),
        CASE(links_are_followed_only_where_they_are_typed),
        CASE(a_link_typed_below_another_path_is_followed),
        CASE(a_folder_that_became_a_link_is_not_followed),
        CASE(what_is_no_file_is_not_opened),
        CASE(folders_are_entered_to_a_limit),
        CASE(a_path_that_is_too_long_is_counted),
        CASE(what_cannot_be_read_fails_the_walk),
        CASE(the_index_folder_is_left_out),
        CASE(standard_input_is_the_last_file),
        CASE(a_run_covers_what_lies_under_its_paths),
        CASE(what_climbs_out_of_a_path_is_not_covered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
