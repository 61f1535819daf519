/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/intake.c: files to batches, by any number of threads.
 */
#include "indexer/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define FILES 30u

typedef struct fixture {
    char *in, *scratch;
    gs_dir *dir;
    gs_corpus corpus;
    gs_intake_result result;
    uint64_t files, bytes; // as reported
    unsigned skips[GS_SKIPS];
    gsearch_error error;
} fixture;

static void note_path(gs_bytes path, gs_skip why, const char *detail, void *payload)
{
    (void)path;
    (void)detail;
    ((fixture *)payload)->skips[why]++;
}

static void note_bytes(uint64_t files, uint64_t bytes, void *payload)
{
    fixture *f = payload;
    f->files += files;
    f->bytes += bytes;
}

/* 00.txt, 02.txt, … and 01.jsonl, 03.jsonl, …, some of them over a mebibyte. */
static void write_files(fixture *f)
{
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    for (unsigned i = 0; i < FILES; i++) {
        char name[16];
        gs_buf_reset(&text);
        for (unsigned j = 0; j < (i % 7 == 3 ? 40000u : 5u); j++)
            gs_buf_printf(&text, i % 2 ? "{\"text\":\"政务公开 %u\"}\n" : "政务公开 %u\n", j);
        snprintf(name, sizeof(name), i % 2 ? "%02u.jsonl" : "%02u.txt", i);
        gs_test_file_write(f->in, name, text.data, text.len);
    }
    gs_buf_release(&text);
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->in = gs_test_dir_make();
    f->scratch = gs_test_dir_make();
    write_files(f);
    assert_ok(gs_dir_open(NULL, f->scratch, false, &f->dir, &f->error), &f->error);
    const char *path = f->in;
    gs_corpus_options options = {.paths = &path,
                                 .paths_count = 1,
                                 .index_dir = f->scratch,
                                 .on_skip = note_path,
                                 .payload = f};
    assert_ok(gs_corpus_walk(&f->corpus, NULL, &options, &f->error), &f->error);
    assert_int_equal(f->corpus.files_count, FILES);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gs_intake_release(&f->result, NULL);
    gs_corpus_release(&f->corpus);
    gs_dir_close(f->dir);
    gs_test_dir_remove(f->in);
    gs_test_dir_remove(f->scratch);
    free(f);
    return 0;
}

static gsearch_status run(fixture *f, unsigned threads, const volatile int *stop)
{
    gs_intake_options options = {
        .corpus = &f->corpus,
        .dir = f->dir,
        .memory_bytes = 64u << 20,
        .threads = threads,
        .watch = {.on_skip = note_path, .on_bytes = note_bytes, .payload = f, .stop = stop},
    };
    return gs_intake_run(&options, GS_PLAN_READ, &f->result, &f->error);
}

static uint32_t documents_of(unsigned file)
{
    return file % 2 ? (file % 7 == 3 ? 40000 : 5) : 1;
}

static void check_all(fixture *f, unsigned threads)
{
    assert_ok(run(f, threads, NULL), &f->error);
    uint32_t wanted = 0;
    uint32_t found = 0;
    uint64_t bytes = 0;
    for (unsigned i = 0; i < FILES; i++) {
        assert_int_equal(f->corpus.files[i].documents, documents_of(i));
        wanted += documents_of(i);
        bytes += f->corpus.files[i].size;
    }
    for (size_t i = 0; i < f->result.batches_count; i++) {
        assert_true(gs_batch_documents(f->result.batches[i]) > 0);
        found += gs_batch_documents(f->result.batches[i]);
    }
    assert_int_equal(found, wanted);
    assert_int_equal(f->files, FILES);
    assert_int_equal(f->bytes, bytes);
    assert_int_equal(f->result.bytes, bytes);
}

static void one_thread_takes_in_every_file(void **state)
{
    check_all(*state, 1);
}

static void several_threads_take_in_every_file_once(void **state)
{
    check_all(*state, 5);
}

static void only_files_of_the_plan_are_read(void **state)
{
    fixture *f = *state;
    for (unsigned i = 0; i < FILES; i++) {
        f->corpus.files[i].plan = i == 4 ? GS_PLAN_READ : GS_PLAN_KEEP;
        f->corpus.files[i].documents = 77;
    }
    assert_ok(run(f, 2, NULL), &f->error);
    for (unsigned i = 0; i < FILES; i++)
        assert_int_equal(f->corpus.files[i].documents, i == 4 ? 1 : 77);
    assert_int_equal(f->result.batches_count, 1);
    assert_int_equal(gs_batch_documents(f->result.batches[0]), 1);
}

static void a_file_that_gives_nothing_is_skipped(void **state)
{
    fixture *f = *state;
    gs_test_file_write(f->in, "00.txt", "a\0", 2);
    gs_test_file_write(f->in, "01.jsonl", "", 0);
    gs_test_file_write(f->in, "02.txt", " ", 1);
    assert_ok(run(f, 2, NULL), &f->error);
    for (unsigned i = 0; i < FILES; i++)
        assert_int_equal(f->corpus.files[i].plan, i < 3 ? GS_PLAN_SKIPPED : GS_PLAN_READ);
    assert_int_equal(f->skips[GS_SKIP_BINARY], 1);
    assert_int_equal(f->skips[GS_SKIP_EMPTY], 2);
}

static void a_known_file_with_its_old_content_is_the_same(void **state)
{
    fixture *f = *state;
    assert_ok(run(f, 2, NULL), &f->error);
    gs_intake_release(&f->result, NULL);
    for (unsigned i = 0; i < FILES; i++) {
        assert_false(f->corpus.files[i].is_same);
        f->corpus.files[i].is_known = true;
    }
    gs_test_file_write(f->in, "00.txt", "other", 5);
    gs_test_file_write(f->in, "03.jsonl", "{\"text\":\"other\"}", 16);
    assert_ok(run(f, 2, NULL), &f->error);
    for (unsigned i = 0; i < FILES; i++)
        assert_int_equal(f->corpus.files[i].is_same, i != 0 && i != 3);
}

static void a_set_flag_stops_it(void **state)
{
    fixture *f = *state;
    volatile int stop = 1;
    assert_fails(GSEARCH_BUSY, run(f, 3, &stop), &f->error);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(one_thread_takes_in_every_file),
        CASE(several_threads_take_in_every_file_once),
        CASE(only_files_of_the_plan_are_read),
        CASE(a_file_that_gives_nothing_is_skipped),
        CASE(a_known_file_with_its_old_content_is_the_same),
        CASE(a_set_flag_stops_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
