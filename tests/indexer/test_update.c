/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/update.c: whatever way an index came to its inputs, it holds what a fresh build
 * of them holds.
 */
#include "indexer/update.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/file.h"
#include "tests/indexer/content.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define LONG_AGO 1500000000 /* a time that is never in doubt */

typedef struct fixture {
    char *path; // of the test, and the current folder while it runs
    int old_folder;
    time_t clock; // of files written last
    gs_update_options options;
    gs_update_summary summary;
    gsearch_error error;
    char skips[4096]; // "word id\n" of each
} fixture;

static void note_skip(const char *id, gs_skip why, const char *detail, void *payload)
{
    (void)detail;
    fixture *f = payload;
    size_t len = strlen(f->skips);
    snprintf(f->skips + len, sizeof(f->skips) - len, "%s %s\n", gs_skip_word(why), id);
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->path = gs_test_dir_make();
    f->old_folder = open(".", O_RDONLY | O_DIRECTORY);
    f->clock = LONG_AGO;
    assert_int_equal(chdir(f->path), 0);
    assert_int_equal(mkdir("in", 0755), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    assert_int_equal(fchdir(f->old_folder), 0);
    close(f->old_folder);
    gs_test_dir_remove(f->path);
    free(f);
    return 0;
}

static void set_time(const char *name, time_t seconds)
{
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

/* Every write gets a time of its own, as if a second had passed. */
static void put_bytes(fixture *f, const char *name, const void *data, size_t len)
{
    gs_test_file_write(".", name, data, len);
    set_time(name, ++f->clock);
}

static void put(fixture *f, const char *name, const char *text)
{
    put_bytes(f, name, text, strlen(text));
}

static gsearch_status try_index(fixture *f, const char *dir, const char *const *paths, size_t count)
{
    gs_update_options options = f->options;
    options.dir = dir;
    options.paths = paths;
    options.paths_count = count;
    options.on_skip = note_skip;
    options.payload = f;
    f->skips[0] = '\0';
    return gs_update_run(&options, &f->summary, &f->error);
}

static void index_path(fixture *f, const char *path)
{
    assert_ok(try_index(f, "ix", &path, 1), &f->error);
}

static void expect(const fixture *f, uint64_t added, uint64_t replaced, uint64_t removed,
                   uint64_t unchanged)
{
    assert_int_equal(f->summary.added, added);
    assert_int_equal(f->summary.replaced, replaced);
    assert_int_equal(f->summary.removed, removed);
    assert_int_equal(f->summary.unchanged, unchanged);
}

static void expect_like_fresh(fixture *f, const char *path)
{
    assert_ok(try_index(f, "fresh", &path, 1), &f->error);
    char *updated = gs_test_content("ix");
    char *fresh = gs_test_content("fresh");
    assert_string_equal(updated, fresh);
    free(updated);
    free(fresh);
    gs_test_dir_remove(strdup("fresh"));
}

static void expect_content(const char *line, bool is_there)
{
    char *content = gs_test_content("ix");
    bool found = strstr(content, line) != NULL;
    if (found != is_there)
        fail_msg("%s %s in:\n%s", line, is_there ? "is not" : "is", content);
    free(content);
}

/* ---- building ---- */

static void a_fresh_build_holds_every_document(void **state)
{
    fixture *f = *state;
    mkdir("in/sub", 0755);
    put(f, "in/a.txt", "政务公开\n\n年度报告");
    put(f, "in/sub/b.md", "# 营商环境\nabc");
    put(f, "in/r.jsonl",
        "{\"id\":\"x\",\"title\":\"题\",\"text\":\"三公经费\",\"date\":\"20171211\","
        "\"n\":[1, 2]}\n\n{\"text\":\"没有编号\"}\n");
    index_path(f, "./in//");
    expect(f, 4, 0, 0, 0);
    assert_int_equal(f->summary.generation, 1);
    expect_content("document in/a.txt | 政务公开 | 4 0 0 | 政务公开\n\n年度报告 | ", true);
    expect_content("document in/sub/b.md | 营商环境 | 4 0 0 | # 营商环境\nabc | ", true);
    expect_content("document x | 题 | 1 1 20171211 | 三公经费 | {\"n\":[1,2]}", true);
    expect_content("document in/r.jsonl#3 | 没有编号 | 4 0 0 | 没有编号 | ", true);
    expect_content("documents 4 length", true);
}

static void an_index_of_nothing_is_an_index(void **state)
{
    fixture *f = *state;
    index_path(f, "in");
    expect(f, 0, 0, 0, 0);
    assert_int_equal(f->summary.generation, 1);
    expect_content("documents 0 length 0\n", true);
}

static void segments_do_not_depend_on_threads_or_memory(void **state)
{
    fixture *f = *state;
    uint64_t random = 7;
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    for (int i = 0; i < 40; i++) {
        char name[32];
        gs_buf_reset(&text);
        uint64_t len = gs_test_random_below(&random, 120000);
        while (text.len < len)
            gs_buf_printf(&text, "%c%c%c%c w%u ", 0xE4 + (int)gs_test_random_below(&random, 2),
                          0x80 + (int)gs_test_random_below(&random, 64), 0x80,
                          gs_test_random_below(&random, 9) ? ' ' : '\n',
                          (unsigned)gs_test_random_below(&random, 5000));
        snprintf(name, sizeof(name), "in/%02d.txt", i);
        put_bytes(f, name, text.data ? text.data : (const uint8_t *)"", text.len);
    }
    gs_buf_reset(&text);
    for (int i = 0; text.len < 5000000; i++)
        gs_buf_printf(&text, "{\"id\":%u,\"text\":\"政务 %u 公开 %u\"}\n",
                      (unsigned)gs_test_random_below(&random, 200000), (unsigned)i,
                      (unsigned)gs_test_random_below(&random, 1000));
    put_bytes(f, "in/20.jsonl", text.data, text.len);
    gs_buf_release(&text);
    char *segments[4];
    const unsigned threads[] = {1, 4, 4, 2};
    const uint64_t memory[] = {256ull << 20, 256ull << 20, 16ull << 20, 100ull << 20};
    const char *path = "in";
    for (int i = 0; i < 4; i++) {
        char dir[16];
        snprintf(dir, sizeof(dir), "ix%d", i);
        f->options = (gs_update_options){.threads = threads[i], .memory_bytes = memory[i]};
        assert_ok(try_index(f, dir, &path, 1), &f->error);
        assert_true(f->summary.added > 40);
        segments[i] = gs_test_segments(dir);
        assert_string_equal(segments[i], segments[0]);
    }
    for (int i = 0; i < 4; i++)
        free(segments[i]);
}

/* ---- bringing up to date ---- */

static void a_second_run_reads_nothing(void **state)
{
    fixture *f = *state;
    put(f, "in/a.txt", "政务公开");
    put(f, "in/b.jsonl", "{\"id\":\"x\",\"text\":\"年度\"}\n");
    index_path(f, "in");
    // Other bytes of the same size and time: only a run that reads them would see that.
    time_t clock = f->clock;
    put(f, "in/a.txt", "政务公示");
    put(f, "in/b.jsonl", "{\"id\":\"x\",\"text\":\"月度\"}\n");
    set_time("in/a.txt", clock - 1);
    set_time("in/b.jsonl", clock);
    index_path(f, "in");
    expect(f, 0, 0, 0, 2);
    assert_int_equal(f->summary.generation, 1);
    expect_content("政务公开", true);
}

static void changed_new_and_vanished_files_are_followed(void **state)
{
    fixture *f = *state;
    put(f, "in/a.txt", "政务公开 one");
    put(f, "in/b.txt", "年度报告 two");
    put(f, "in/c.jsonl", "{\"id\":\"x\",\"text\":\"一二\"}\n{\"id\":\"y\",\"text\":\"三四\"}\n");
    index_path(f, "in");
    put(f, "in/a.txt", "营商环境 three");
    put(f, "in/d.txt", "新的 four");
    put(f, "in/c.jsonl", "{\"id\":\"y\",\"text\":\"五六\"}\n{\"id\":\"z\",\"text\":\"七八\"}\n");
    unlink("in/b.txt");
    index_path(f, "in");
    expect(f, 2, 2, 2, 0); // d and z; a and y; b and x
    assert_int_equal(f->summary.generation, 2);
    expect_like_fresh(f, "in");
}

static void a_touched_file_is_unchanged(void **state)
{
    fixture *f = *state;
    put(f, "in/a.txt", "政务公开");
    index_path(f, "in");
    set_time("in/a.txt", LONG_AGO + 100);
    index_path(f, "in");
    expect(f, 0, 0, 0, 1);
    assert_int_equal(f->summary.generation, 1);
}

static void a_file_written_just_now_is_compared(void **state)
{
    fixture *f = *state;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time_t soon = now.tv_sec + 1000;
    put(f, "in/a.txt", "政务公开");
    set_time("in/a.txt", soon);
    index_path(f, "in");
    put(f, "in/a.txt", "政务公示");
    set_time("in/a.txt", soon);
    index_path(f, "in");
    expect(f, 0, 1, 0, 0);
    expect_like_fresh(f, "in");
}

static void files_outside_the_run_stay(void **state)
{
    fixture *f = *state;
    mkdir("in/one", 0755);
    mkdir("in/two", 0755);
    put(f, "in/one/a.txt", "政务公开");
    put(f, "in/two/b.txt", "年度报告");
    index_path(f, "in/one");
    index_path(f, "in/two");
    expect(f, 1, 0, 0, 0);
    unlink("in/one/a.txt");
    index_path(f, "in/two");
    expect(f, 0, 0, 0, 1);
    expect_content("document in/one/a.txt", true);
    index_path(f, "in/one");
    expect(f, 0, 0, 1, 0);
    expect_like_fresh(f, "in");
}

static void a_path_with_a_step_back_is_its_own(void **state)
{
    fixture *f = *state;
    mkdir("in/a", 0755);
    mkdir("in/b", 0755);
    put(f, "in/a/x.txt", "政务公开");
    put(f, "in/b/y.txt", "年度报告");
    index_path(f, "in/b/../a");
    expect(f, 1, 0, 0, 0);
    index_path(f, "in/b");
    expect(f, 1, 0, 0, 0);
    expect_content("in/b/../a/x.txt", true);
}

/* ---- ids met twice ---- */

static void of_equal_ids_the_last_in_walk_order_stays(void **state)
{
    fixture *f = *state;
    put(f, "in/a.jsonl", "{\"id\":\"x\",\"text\":\"甲\"}\n{\"id\":\"x\",\"text\":\"乙\"}\n");
    put(f, "in/b.jsonl", "{\"id\":\"x\",\"text\":\"丙\"}\n");
    index_path(f, "in");
    expect(f, 1, 0, 0, 0);
    assert_int_equal(f->summary.reasons[GS_SKIP_DUPLICATE], 2);
    assert_string_equal(f->skips, "duplicate x\nduplicate x\n");
    expect_content("丙", true);
    expect_content("documents 1 length 1\n", true);
}

static void an_earlier_file_does_not_replace_a_later_one(void **state)
{
    fixture *f = *state;
    put(f, "in/b.jsonl", "{\"id\":\"x\",\"text\":\"丙\"}\n");
    index_path(f, "in");
    put(f, "in/a.jsonl", "{\"id\":\"x\",\"text\":\"甲\"}\n{\"id\":\"y\",\"text\":\"乙\"}\n");
    put(f, "in/c.jsonl", "{\"id\":\"y\",\"text\":\"丁\"}\n");
    index_path(f, "in");
    expect(f, 1, 0, 0, 1);
    expect_like_fresh(f, "in");
}

static void a_hidden_document_comes_back(void **state)
{
    fixture *f = *state;
    put(f, "in/a.jsonl", "{\"id\":\"x\",\"text\":\"甲\"}\n{\"id\":\"w\",\"text\":\"我\"}\n");
    put(f, "in/b.jsonl", "{\"id\":\"x\",\"text\":\"乙\"}\n");
    put(f, "in/c.jsonl", "{\"id\":\"x\",\"text\":\"丙\"}\n{\"id\":\"z\",\"text\":\"丁\"}\n");
    index_path(f, "in");
    put(f, "in/c.jsonl", "{\"id\":\"z\",\"text\":\"戊\"}\n");
    index_path(f, "in");
    expect_content("乙", true);
    expect_like_fresh(f, "in");
    unlink("in/b.jsonl");
    index_path(f, "in");
    expect_content("甲", true);
    expect_like_fresh(f, "in");
}

static void a_hidden_document_comes_back_over_a_new_one(void **state)
{
    fixture *f = *state;
    put(f, "in/b.jsonl", "{\"id\":\"x\",\"text\":\"乙\"}\n");
    put(f, "in/c.jsonl", "{\"id\":\"x\",\"text\":\"丙\"}\n{\"id\":\"z\",\"text\":\"丁\"}\n");
    index_path(f, "in");
    put(f, "in/a.jsonl", "{\"id\":\"x\",\"text\":\"甲\"}\n");
    put(f, "in/c.jsonl", "{\"id\":\"z\",\"text\":\"丁\"}\n");
    index_path(f, "in");
    expect(f, 0, 2, 0, 0);
    expect_content("document x | 乙", true);
    expect_like_fresh(f, "in");
}

static void a_file_of_another_run_is_replaced_by_id(void **state)
{
    fixture *f = *state;
    put(f, "in/b.jsonl", "{\"id\":\"x\",\"text\":\"旧\"}\n{\"id\":\"y\",\"text\":\"二\"}\n");
    put(f, "in/a.jsonl", "{\"id\":\"x\",\"text\":\"新\"}\n");
    index_path(f, "in/b.jsonl");
    index_path(f, "in/a.jsonl");
    expect(f, 0, 1, 0, 0);
    expect_content("document x | 新", true);
    expect_content("documents 2 ", true);
    // Gone from the newer file: the older one has it again at its own next run.
    put(f, "in/a.jsonl", "{\"id\":\"v\",\"text\":\"新\"}\n");
    index_path(f, "in/a.jsonl");
    expect(f, 1, 0, 1, 0);
    index_path(f, "in/b.jsonl");
    expect(f, 1, 0, 0, 1);
    expect_like_fresh(f, "in");
}

static void random_steps_end_where_a_fresh_build_does(void **state)
{
    fixture *f = *state;
    uint64_t random = 42;
    for (int step = 0; step < 100; step++) {
        for (uint64_t i = gs_test_random_below(&random, 4); i; i--) {
            char name[32];
            char text[512] = "";
            unsigned number = (unsigned)gs_test_random_below(&random, 8);
            snprintf(name, sizeof(name), number < 3 ? "in/%u.txt" : "in/%u.jsonl", number);
            if (gs_test_random_below(&random, 4) == 0) {
                unlink(name);
                continue;
            }
            for (uint64_t j = gs_test_random_below(&random, 5) + 1; j; j--) {
                size_t len = strlen(text);
                const char *const words[] = {"政务", "公开", "报告", "a1", "2017"};
                const char *word = words[gs_test_random_below(&random, 5)];
                if (number < 3)
                    snprintf(text + len, sizeof(text) - len, "%s\n", word);
                else
                    snprintf(text + len, sizeof(text) - len, "{\"id\":%u,\"text\":\"%s%s\"}\n",
                             (unsigned)gs_test_random_below(&random, 12), word,
                             words[gs_test_random_below(&random, 5)]);
            }
            put(f, name, text);
        }
        index_path(f, "in");
        expect_like_fresh(f, "in");
    }
}

/* ---- what is passed over ---- */

static void what_is_not_text_is_counted_by_reason(void **state)
{
    fixture *f = *state;
    put(f, "in/a.txt", "政务公开");
    put_bytes(f, "in/binary", "a\0b", 3);
    put(f, "in/blank", " \n\t\xE3\x80\x80");
    put(f, "in/empty", "");
    put(f, "in/r.jsonl", "[1]\n{\"id\":1}\n{\"text\":\"好\"}\nnot json\n");
    assert_int_equal(symlink("a.txt", "in/link"), 0);
    assert_int_equal(symlink("..", "in/up"), 0);
    assert_int_equal(mkfifo("in/pipe", 0644), 0);
    int fd = open("in/sparse", O_WRONLY | O_CREAT, 0644);
    assert_int_equal(ftruncate(fd, 1ll << 40), 0);
    close(fd);
    index_path(f, "in");
    expect(f, 2, 0, 0, 0);
    const uint64_t *reasons = f->summary.reasons;
    assert_int_equal(reasons[GS_SKIP_BINARY], 1);
    assert_int_equal(reasons[GS_SKIP_EMPTY], 2);
    assert_int_equal(reasons[GS_SKIP_BAD_RECORD], 3);
    assert_int_equal(reasons[GS_SKIP_SYMLINK], 2);
    assert_int_equal(reasons[GS_SKIP_SPECIAL], 1);
    assert_int_equal(reasons[GS_SKIP_TOO_LARGE], 1);
    assert_int_equal(f->summary.skipped, 10);
}

static void a_file_that_ends_to_be_text_goes(void **state)
{
    fixture *f = *state;
    put(f, "in/a.txt", "政务公开");
    put(f, "in/b.txt", "年度报告");
    index_path(f, "in");
    put_bytes(f, "in/a.txt", "\0", 1);
    index_path(f, "in");
    expect(f, 0, 0, 1, 1);
    index_path(f, "in");
    expect(f, 0, 0, 0, 1);
    assert_int_equal(f->summary.generation, 2);
}

#define NOBODY 65534 /* whom permissions bind, unlike root */

static void become(uid_t user)
{
    if (geteuid() == 0)
        setfsuid(user);
}

static void what_cannot_be_read_stays_as_it_was(void **state)
{
    fixture *f = *state;
    put(f, "in/a.txt", "政务公开");
    put(f, "in/b.txt", "年度报告");
    put(f, "in/r.jsonl", "{\"id\":\"x\",\"text\":\"三公经费\"}\n");
    assert_int_equal(mkdir("in/sub", 0755), 0);
    put(f, "in/sub/c.txt", "营商环境");
    if (geteuid() == 0)
        assert_int_equal(chown(".", NOBODY, (gid_t)-1), 0);
    become(NOBODY);
    index_path(f, "in");
    become(0);
    expect(f, 4, 0, 0, 0);

    put(f, "in/a.txt", "新的文字");
    put(f, "in/r.jsonl", "{\"id\":\"y\",\"text\":\"新的\"}\n");
    unlink("in/b.txt");
    const char *const closed[] = {"in/a.txt", "in/r.jsonl", "in/sub"};
    for (int i = 0; i < 3; i++)
        assert_int_equal(chmod(closed[i], 0), 0);
    become(NOBODY);
    index_path(f, "in");
    become(0);
    expect(f, 0, 0, 1, 3);
    assert_int_equal(f->summary.reasons[GS_SKIP_UNREADABLE], 3);
    expect_content("document in/a.txt | 政务公开", true);
    expect_content("document x | ", true);
    expect_content("document in/sub/c.txt | 营商环境", true);
    expect_content("in/b.txt", false);

    for (int i = 0; i < 3; i++)
        assert_int_equal(chmod(closed[i], 0755), 0);
    unlink("in/sub/c.txt");
    become(NOBODY);
    index_path(f, "in");
    become(0);
    expect(f, 1, 1, 2, 0); // y; a.txt; x and c.txt
    expect_like_fresh(f, "in");
}

static void a_strict_run_commits_nothing_if_it_skips(void **state)
{
    fixture *f = *state;
    const char *path = "in";
    put(f, "in/a.txt", "政务公开");
    put(f, "in/empty", "");
    f->options.strict = true;
    put_bytes(f, "in/binary", "\0", 1);
    assert_fails(GSEARCH_CORRUPT, try_index(f, "ix", &path, 1), &f->error);
    assert_int_equal(gsearch_status_exit(f->error.code), 65);
    assert_non_null(strstr(f->error.message, "2 inputs were skipped (binary:1,empty:1)"));
    assert_non_null(strstr(f->error.message, "nothing was committed"));
    expect_content("documents", false);
    unlink("in/empty");
    unlink("in/binary");
    index_path(f, "in");
    expect(f, 1, 0, 0, 0);
}

static void bad_records_of_an_unchanged_file_are_counted_again(void **state)
{
    fixture *f = *state;
    put(f, "in/a.txt", "政务公开");
    put(f, "in/none.jsonl", "[]\n");
    put(f, "in/r.jsonl", "x\n{\"text\":\" \"}\n{\"id\":\"r\",\"text\":\"年报\"}\ny\n");
    index_path(f, "in");
    assert_int_equal(f->summary.skipped, 4);
    for (unsigned run = 0; run < 2; run++) {
        index_path(f, "in");
        expect(f, 0, 0, 0, 2);
        assert_int_equal(f->summary.bytes, 0);
        assert_int_equal(f->summary.skipped, 4);
        assert_int_equal(f->summary.reasons[GS_SKIP_BAD_RECORD], 3);
        assert_int_equal(f->summary.reasons[GS_SKIP_EMPTY], 1);
        assert_string_equal(f->skips, "bad-record in/none.jsonl\nbad-record in/r.jsonl\n"
                                      "empty in/r.jsonl\n");
    }
    const char *path = "in";
    f->options.strict = true;
    assert_fails(GSEARCH_CORRUPT, try_index(f, "ix", &path, 1), &f->error);
    assert_non_null(strstr(f->error.message, "4 inputs were skipped (empty:1,bad-record:3)"));
    f->options.strict = false;
    // What another run remembers of it is what this one found.
    put(f, "b.txt", "营商环境");
    index_path(f, "b.txt");
    assert_int_equal(f->summary.skipped, 0);
    index_path(f, "in");
    assert_int_equal(f->summary.skipped, 4);
    // Mended, it is counted no more.
    put(f, "in/r.jsonl", "{\"id\":\"r\",\"text\":\"年报\"}\n");
    put(f, "in/none.jsonl", "{\"text\":\"通知\"}\n");
    f->options.strict = true;
    index_path(f, "in");
    index_path(f, "in");
    assert_int_equal(f->summary.skipped, 0);
}

static void a_missing_path_commits_nothing(void **state)
{
    fixture *f = *state;
    put(f, "in/a.txt", "政务公开");
    const char *paths[] = {"in", "in/none"};
    assert_fails(GSEARCH_NOT_FOUND, try_index(f, "ix", paths, 2), &f->error);
    assert_non_null(strstr(f->error.message, "in/none"));
    assert_int_equal(access("ix", F_OK), -1);
}

static void the_index_does_not_index_itself(void **state)
{
    fixture *f = *state;
    const char *path = ".";
    put(f, "in/a.txt", "政务公开");
    for (int i = 0; i < 2; i++) {
        assert_ok(try_index(f, "in/ix", &path, 1), &f->error);
        expect(f, i == 0, 0, 0, i != 0);
        assert_int_equal(f->summary.skipped, 0);
    }
}

/* ---- standard input ---- */

static void index_stdin(fixture *f, const char *text)
{
    const char *path = "-";
    int old = dup(STDIN_FILENO);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], text, strlen(text)), (ssize_t)strlen(text));
    close(fds[1]);
    dup2(fds[0], STDIN_FILENO);
    close(fds[0]);
    gsearch_status status = try_index(f, "ix", &path, 1);
    dup2(old, STDIN_FILENO);
    close(old);
    assert_ok(status, &f->error);
}

static void standard_input_adds_and_replaces(void **state)
{
    fixture *f = *state;
    put(f, "in/a.jsonl", "{\"id\":\"x\",\"text\":\"甲\"}\n{\"id\":\"y\",\"text\":\"乙\"}\n");
    index_path(f, "in");
    index_stdin(
        f, "{\"id\":\"x\",\"text\":\"丙\"}\n{\"id\":\"z\",\"text\":\"丁\"}\n{\"text\":\"戊\"}\n");
    expect(f, 2, 1, 0, 0);
    expect_content("document x | 丙", true);
    expect_content("document -#3 | 戊", true);
    index_stdin(f, "{\"id\":\"z\",\"text\":\"己\"}\n");
    expect(f, 0, 1, 0, 0);
    index_path(f, "in");
    expect(f, 0, 0, 0, 1);
    expect_content("documents 4 ", true);
}

/* ---- one writer, and what it leaves ---- */

static void a_second_writer_is_refused(void **state)
{
    fixture *f = *state;
    const char *path = "in";
    gs_dir *dir;
    put(f, "in/a.txt", "政务公开");
    index_path(f, "in");
    assert_ok(gs_dir_open(NULL, "ix", false, &dir, &f->error), &f->error);
    assert_ok(gs_dir_lock(dir, &f->error), &f->error);
    assert_fails(GSEARCH_LOCKED, try_index(f, "ix", &path, 1), &f->error);
    gs_dir_close(dir);
    index_path(f, "in");
}

static void leftovers_of_a_crash_are_removed(void **state)
{
    fixture *f = *state;
    put(f, "in/a.txt", "政务公开");
    index_path(f, "in");
    gs_test_file_write("ix", ".tmp-0123456789abcdef", "half", 4);
    gs_test_file_write("ix", "seg-0123456789abcdef0123456789abcdef.gss", "lost", 4);
    gs_test_file_write("ix", "notes.txt", "mine", 4);
    index_path(f, "in");
    assert_false(gs_test_file_exists("ix", ".tmp-0123456789abcdef"));
    assert_false(gs_test_file_exists("ix", "seg-0123456789abcdef0123456789abcdef.gss"));
    assert_true(gs_test_file_exists("ix", "notes.txt"));
}

static void a_signal_ends_the_run_without_a_commit(void **state)
{
    fixture *f = *state;
    const char *path = "in";
    volatile int stop = 1;
    put(f, "in/a.txt", "政务公开");
    f->options.stop = &stop;
    assert_fails(GSEARCH_BUSY, try_index(f, "ix", &path, 1), &f->error);
    stop = 0;
    index_path(f, "in");
    assert_int_equal(f->summary.generation, 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_fresh_build_holds_every_document),
        CASE(an_index_of_nothing_is_an_index),
        CASE(segments_do_not_depend_on_threads_or_memory),
        CASE(a_second_run_reads_nothing),
        CASE(changed_new_and_vanished_files_are_followed),
        CASE(a_touched_file_is_unchanged),
        CASE(a_file_written_just_now_is_compared),
        CASE(files_outside_the_run_stay),
        CASE(a_path_with_a_step_back_is_its_own),
        CASE(of_equal_ids_the_last_in_walk_order_stays),
        CASE(an_earlier_file_does_not_replace_a_later_one),
        CASE(a_hidden_document_comes_back),
        CASE(a_hidden_document_comes_back_over_a_new_one),
        CASE(a_file_of_another_run_is_replaced_by_id),
        CASE(random_steps_end_where_a_fresh_build_does),
        CASE(what_is_not_text_is_counted_by_reason),
        CASE(a_file_that_ends_to_be_text_goes),
        CASE(what_cannot_be_read_stays_as_it_was),
        CASE(a_strict_run_commits_nothing_if_it_skips),
        CASE(bad_records_of_an_unchanged_file_are_counted_again),
        CASE(a_missing_path_commits_nothing),
        CASE(the_index_does_not_index_itself),
        CASE(standard_input_adds_and_replaces),
        CASE(a_second_writer_is_refused),
        CASE(leftovers_of_a_crash_are_removed),
        CASE(a_signal_ends_the_run_without_a_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
