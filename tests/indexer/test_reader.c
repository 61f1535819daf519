/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/reader.c: whole files, and files of lines in slices.
 */
#include "indexer/reader.h"

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
    char *dir, *path; // the file is `path`
    gs_dir *scratch;
    gs_corpus_file file;
    gs_buf data;
    gs_reader_fault fault;
    gsearch_error error;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->dir = gs_test_dir_make();
    f->path = gs_test_path(f->dir, "f");
    f->file.path = f->path;
    f->file.root_len = (uint32_t)strlen(f->dir);
    gs_buf_init(&f->data, NULL, (size_t)GS_DOCUMENT_BYTES_MAX + 1);
    assert_ok(gs_dir_open(NULL, f->dir, false, &f->scratch, &f->error), &f->error);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gs_buf_release(&f->data);
    gs_dir_close(f->scratch);
    gs_test_dir_remove(f->dir);
    free(f->path);
    free(f);
    return 0;
}

static void put(fixture *f, const void *data, size_t len)
{
    gs_test_file_write(f->dir, "f", data, len);
    struct timespec times[2] = {{.tv_sec = 1500000000}, {.tv_sec = 1500000000, .tv_nsec = 5}};
    assert_int_equal(utimensat(AT_FDCWD, f->path, times, 0), 0);
}

static void read_whole(fixture *f)
{
    assert_ok(gs_reader_whole(&f->file, NULL, NULL, &f->data, &f->fault, &f->error), &f->error);
}

static void expect_fault(fixture *f, gs_skip why)
{
    read_whole(f);
    assert_true(f->fault.is_skipped);
    assert_int_equal(f->fault.why, why);
}

static void a_whole_file_comes_with_size_time_and_hash(void **state)
{
    fixture *f = *state;
    put(f, "政务", 6);
    read_whole(f);
    assert_false(f->fault.is_skipped);
    assert_true(gs_bytes_equal(gs_buf_view(&f->data), gs_bytes_str("政务")));
    assert_int_equal(f->file.size, 6);
    assert_int_equal(f->file.mtime_ns, 1500000000000000005);
    uint64_t hash;
    bool is_readable;
    assert_ok(gs_reader_hash(&f->file, NULL, &hash, &is_readable, &f->error), &f->error);
    assert_true(is_readable);
    assert_int_equal(hash, f->file.hash);
    put(f, "政府", 6);
    read_whole(f);
    assert_int_not_equal(hash, f->file.hash);
}

static void the_time_of_a_fresh_file_is_in_doubt(void **state)
{
    fixture *f = *state;
    gs_test_file_write(f->dir, "f", "a", 1);
    read_whole(f);
    assert_int_equal(f->file.mtime_ns, GS_MTIME_IN_DOUBT);
}

static void what_is_no_regular_file_has_its_reason(void **state)
{
    fixture *f = *state;
    expect_fault(f, GS_SKIP_UNREADABLE);
    assert_int_equal(symlink("elsewhere", f->path), 0);
    expect_fault(f, GS_SKIP_SYMLINK);
    unlink(f->path);
    assert_int_equal(mkfifo(f->path, 0644), 0);
    expect_fault(f, GS_SKIP_SPECIAL); // and does not wait for a writer
    unlink(f->path);
    assert_int_equal(mkdir(f->path, 0755), 0);
    expect_fault(f, GS_SKIP_SPECIAL);
}

static void a_file_of_64_mib_is_the_largest(void **state)
{
    fixture *f = *state;
    put(f, "a", 1);
    assert_int_equal(truncate(f->path, GS_DOCUMENT_BYTES_MAX), 0);
    read_whole(f);
    assert_false(f->fault.is_skipped);
    assert_int_equal(f->data.len, GS_DOCUMENT_BYTES_MAX);
    assert_int_equal(truncate(f->path, (off_t)GS_DOCUMENT_BYTES_MAX + 1), 0);
    expect_fault(f, GS_SKIP_TOO_LARGE);
}

static void a_file_that_yields_more_than_its_size_is_not_taken(void **state)
{
    fixture *f = *state;
    f->file.path = "/proc/self/status"; // size 0, yet there is something to read
    f->file.root_len = (uint32_t)strlen(f->file.path);
    expect_fault(f, GS_SKIP_CHANGING);
}

static bool begins_with_z(gs_bytes beginning)
{
    assert_true(beginning.len <= GS_LOOK_BYTES);
    return beginning.len && beginning.ptr[0] == 'z';
}

static void a_binary_file_is_read_no_further(void **state)
{
    fixture *f = *state;
    char data[3 * GS_LOOK_BYTES];
    memset(data, 'z', sizeof(data));
    put(f, data, sizeof(data));
    assert_ok(gs_reader_whole(&f->file, NULL, begins_with_z, &f->data, &f->fault, &f->error),
              &f->error);
    assert_int_equal(f->fault.why, GS_SKIP_BINARY);
    assert_int_equal(f->data.len, GS_LOOK_BYTES);
    data[0] = 'a';
    put(f, data, sizeof(data));
    assert_ok(gs_reader_whole(&f->file, NULL, begins_with_z, &f->data, &f->fault, &f->error),
              &f->error);
    assert_false(f->fault.is_skipped);
    assert_int_equal(f->data.len, sizeof(data));
}

/* Slices must be whole lines, follow one another, and hold at least a unit each but the last. */
static void check_slices(fixture *f, const char *data, size_t len, size_t slices_wanted)
{
    gs_line_file *lines;
    put(f, data, len);
    assert_ok(gs_line_file_open(&f->file, f->scratch, NULL, NULL, &lines, &f->fault, &f->error),
              &f->error);
    uint64_t offset = 0;
    uint64_t line = 1;
    for (size_t slices = 0;; slices++) {
        gs_line_slice slice;
        bool more;
        assert_ok(gs_line_file_next(lines, &slice, &more, &f->fault, &f->error), &f->error);
        if (!more) {
            assert_int_equal(slices, slices_wanted);
            break;
        }
        assert_int_equal(slice.offset, offset);
        assert_int_equal(slice.first_line, line);
        assert_true(slice.len >= GS_UNIT_BYTES || offset + slice.len == len);
        assert_ok(gs_line_file_read(lines, &slice, &f->data, &f->fault, &f->error),
                  &f->error);
        assert_true(
            gs_bytes_equal(gs_buf_view(&f->data), gs_bytes_of(data + offset, (size_t)slice.len)));
        offset += slice.len;
        assert_true(offset == len || data[offset - 1] == '\n');
        // no line earlier would have done
        const char *before = data + slice.offset + GS_UNIT_BYTES - 1;
        if (offset < len)
            assert_ptr_equal(memchr(before, '\n', len), data + offset - 1);
        for (size_t i = 0; i < f->data.len; i++)
            line += f->data.data[i] == '\n';
    }
    assert_int_equal(offset, len);
    uint64_t hash;
    bool is_readable;
    assert_ok(gs_reader_hash(&f->file, NULL, &hash, &is_readable, &f->error), &f->error);
    assert_int_equal(hash, f->file.hash);
    assert_int_equal(f->file.size, len);
    gs_line_file_close(lines);
}

static void slices_end_at_lines_behind_each_mebibyte(void **state)
{
    fixture *f = *state;
    size_t len = 5u << 20;
    char *data = malloc(len);
    uint64_t random = 5;
    for (size_t i = 0; i < len; i++)
        data[i] = gs_test_random_below(&random, 5000) ? 'a' : '\n';
    check_slices(f, data, len, 5);
    memset(data, '\n', len);
    check_slices(f, data, len, 5);
    memset(data, 'a', len);
    check_slices(f, data, len, 1);
    check_slices(f, "a\nb", 3, 1);
    check_slices(f, "\n", 1, 1);
    free(data);
}

static void an_empty_file_of_lines_is_empty(void **state)
{
    fixture *f = *state;
    gs_line_file *lines = NULL;
    put(f, "", 0);
    assert_ok(gs_line_file_open(&f->file, f->scratch, NULL, NULL, &lines, &f->fault, &f->error),
              &f->error);
    assert_null(lines);
    assert_int_equal(f->fault.why, GS_SKIP_EMPTY);
}

static void a_line_over_64_mib_is_passed_over(void **state)
{
    fixture *f = *state;
    size_t long_len = (size_t)GS_DOCUMENT_BYTES_MAX + 1;
    char *data = malloc(long_len + 4);
    memset(data, 'a', long_len + 4);
    memcpy(data, "x\n", 2);
    memcpy(data + 2 + long_len - 1, "\nyy", 3); // the line has one byte too many with its end
    put(f, data, long_len + 4);
    free(data);
    gs_line_file *lines;
    assert_ok(gs_line_file_open(&f->file, f->scratch, NULL, NULL, &lines, &f->fault, &f->error),
              &f->error);
    const gs_line_slice wanted[] = {
        {.offset = 0, .len = 2, .first_line = 1},
        {.offset = 2, .len = 0, .first_line = 2, .too_long_line = 2},
        {.offset = 2 + long_len, .len = 2, .first_line = 3},
    };
    for (size_t i = 0; i < 3; i++) {
        gs_line_slice slice;
        bool more;
        assert_ok(gs_line_file_next(lines, &slice, &more, &f->fault, &f->error), &f->error);
        assert_true(more);
        assert_int_equal(slice.offset, wanted[i].offset);
        assert_int_equal(slice.len, wanted[i].len);
        assert_int_equal(slice.first_line, wanted[i].first_line);
        assert_int_equal(slice.too_long_line, wanted[i].too_long_line);
    }
    uint64_t hash;
    bool more, is_readable;
    gs_line_slice slice;
    assert_ok(gs_line_file_next(lines, &slice, &more, &f->fault, &f->error), &f->error);
    assert_false(more);
    assert_ok(gs_reader_hash(&f->file, NULL, &hash, &is_readable, &f->error), &f->error);
    assert_int_equal(hash, f->file.hash);
    gs_line_file_close(lines);
}

static void a_file_of_lines_that_shrinks_is_changing(void **state)
{
    fixture *f = *state;
    gs_line_file *lines;
    gs_line_slice slice;
    bool more;
    put(f, "aaa\nbbb\n", 8);
    assert_ok(gs_line_file_open(&f->file, f->scratch, NULL, NULL, &lines, &f->fault, &f->error),
              &f->error);
    assert_ok(gs_line_file_next(lines, &slice, &more, &f->fault, &f->error), &f->error);
    assert_int_equal(slice.len, 8);
    assert_false(f->fault.is_skipped);
    assert_int_equal(truncate(f->path, 5), 0);
    assert_ok(gs_line_file_read(lines, &slice, &f->data, &f->fault, &f->error), &f->error);
    assert_true(f->fault.is_skipped);
    assert_int_equal(f->fault.why, GS_SKIP_CHANGING);
    assert_int_equal(f->data.len, 0);
    gs_line_file_close(lines);

    put(f, "aaa\nbbb\n", 8);
    assert_ok(gs_line_file_open(&f->file, f->scratch, NULL, NULL, &lines, &f->fault, &f->error),
              &f->error);
    assert_int_equal(truncate(f->path, 5), 0);
    assert_ok(gs_line_file_next(lines, &slice, &more, &f->fault, &f->error), &f->error);
    assert_false(more);
    assert_true(f->fault.is_skipped);
    assert_int_equal(f->fault.why, GS_SKIP_CHANGING);
    gs_line_file_close(lines);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_whole_file_comes_with_size_time_and_hash),
        CASE(the_time_of_a_fresh_file_is_in_doubt),
        CASE(what_is_no_regular_file_has_its_reason),
        CASE(a_file_of_64_mib_is_the_largest),
        CASE(a_file_that_yields_more_than_its_size_is_not_taken),
        CASE(a_binary_file_is_read_no_further),
        CASE(slices_end_at_lines_behind_each_mebibyte),
        CASE(an_empty_file_of_lines_is_empty),
        CASE(a_line_over_64_mib_is_passed_over),
        CASE(a_file_of_lines_that_shrinks_is_changing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
