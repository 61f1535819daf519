/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/base/file.c. What is on the disk is made and read by plain stdio of the fixture.
 */
#include "common/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"
#include "tests/support/flaky.h"

/* A kernel that can be made to misbehave: these stand before those of libc. */
static struct {
    bool short_transfers; // a third of what was asked, and every third call is interrupted
    bool no_renameat2;
    bool no_nameless_files;
    int fsync_errno;
    unsigned calls, fsyncs;
} kernel;

static bool cut_transfer(size_t *len)
{
    if (!kernel.short_transfers)
        return false;
    *len = *len / 3 + 1 < *len ? *len / 3 + 1 : *len;
    return ++kernel.calls % 3 == 0;
}

ssize_t write(int fd, const void *data, size_t len)
{
    if (cut_transfer(&len)) {
        errno = EINTR;
        return -1;
    }
    return syscall(SYS_write, fd, data, len);
}

ssize_t pread64(int fd, void *data, size_t len, off64_t offset)
{
    if (cut_transfer(&len)) {
        errno = EINTR;
        return -1;
    }
    return syscall(SYS_pread64, fd, data, len, offset);
}

int fsync(int fd)
{
    kernel.fsyncs++;
    if (kernel.fsync_errno) {
        errno = kernel.fsync_errno;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    if (kernel.no_renameat2) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

int openat64(int dir, const char *name, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, unsigned) : 0;
    va_end(args);
    if (kernel.no_nameless_files && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_openat, dir, name, flags, mode);
}

typedef struct fixture {
    char *path;
    gs_flaky flaky;
    gs_dir *dir;
    gsearch_error error;
} fixture;

static int set_up(void **state)
{
    memset(&kernel, 0, sizeof(kernel));
    fixture *f = calloc(1, sizeof(*f));
    f->path = gs_test_dir_make();
    gs_flaky_init(&f->flaky, 0);
    assert_ok(gs_dir_open(&f->flaky.mem, f->path, false, &f->dir, &f->error), &f->error);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gs_dir_close(f->dir);
    assert_int_equal(f->flaky.live, 0);
    gs_test_dir_remove(f->path);
    free(f);
    return 0;
}

static uint8_t *pattern(size_t len, uint64_t seed)
{
    uint8_t *data = malloc(len ? len : 1);
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)gs_test_random(&seed);
    return data;
}

static void publish(fixture *f, const char *name, const char *text)
{
    gs_file *file;
    assert_ok(gs_file_create(f->dir, &file, &f->error), &f->error);
    gs_file_write(file, text, strlen(text));
    assert_ok(gs_file_publish(file, name, false, &f->error), &f->error);
}

/* ---- the folder ---- */

static void a_missing_folder_is_no_index_and_create_makes_it(void **state)
{
    fixture *f = *state;
    char *path = gs_test_path(f->path, "new");
    gs_dir *dir = NULL;
    assert_fails(GSEARCH_NO_INDEX, gs_dir_open(NULL, path, false, &dir, &f->error), &f->error);
    assert_null(dir);
    assert_ok(gs_dir_open(NULL, path, true, &dir, &f->error), &f->error);
    assert_string_equal(gs_dir_path(dir), path);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07027, 0); // nothing beyond 0750
    gs_dir_close(dir);
    assert_ok(gs_dir_open(NULL, path, true, &dir, &f->error), &f->error); // it is there already
    gs_dir_close(dir);
    free(path);
}

static void a_file_in_place_of_the_folder_is_no_index(void **state)
{
    fixture *f = *state;
    gs_test_file_write(f->path, "plain", "x", 1);
    char *path = gs_test_path(f->path, "plain");
    gs_dir *dir;
    assert_fails(GSEARCH_NO_INDEX, gs_dir_open(NULL, path, true, &dir, &f->error), &f->error);
    free(path);
}

static gsearch_status collect(const char *name, void *payload, gsearch_error *err)
{
    size_t *seen = payload;
    if (strcmp(name, "stop") == 0)
        return gs_fail(err, GSEARCH_LIMIT, "stopped");
    if (strlen(name) == 1 && *name >= 'a' && *name <= 'c')
        seen[*name - 'a']++;
    else
        seen[3]++;
    return GSEARCH_OK;
}

static void list_visits_every_name_once_and_may_be_stopped(void **state)
{
    fixture *f = *state;
    gs_test_file_write(f->path, "a", "", 0);
    gs_test_file_write(f->path, "b", "", 0);
    gs_test_file_write(f->path, "c", "", 0);
    for (int round = 1; round <= 2; round++) { // a second listing starts from the front
        size_t seen[4] = {0};
        assert_ok(gs_dir_list(f->dir, collect, seen, &f->error), &f->error);
        assert_int_equal(seen[0], 1);
        assert_int_equal(seen[1], 1);
        assert_int_equal(seen[2], 1);
        assert_int_equal(seen[3], 0);
    }
    gs_test_file_write(f->path, "stop", "", 0);
    size_t seen[4] = {0};
    assert_fails(GSEARCH_LIMIT, gs_dir_list(f->dir, collect, seen, &f->error), &f->error);
}

static void sizes_and_removal_name_a_missing_file(void **state)
{
    fixture *f = *state;
    uint64_t size = 7;
    gsearch_error *err = &f->error;
    assert_fails(GSEARCH_NOT_FOUND, gs_dir_file_size(f->dir, "a", &size, err), err);
    assert_non_null(strstr(err->message, "/a"));
    assert_true(size == 7);
    assert_fails(GSEARCH_NOT_FOUND, gs_dir_remove(f->dir, "a", err), err);
    gs_test_file_write(f->path, "a", "12345", 5);
    assert_ok(gs_dir_file_size(f->dir, "a", &size, err), err);
    assert_true(size == 5);
    int64_t written = 7;
    const struct timespec times[2] = {{1, 2}, {1512432000, 123456789}};
    assert_fails(GSEARCH_NOT_FOUND, gs_dir_file_time(f->dir, "b", &written, err), err);
    char *path = gs_test_path(f->path, "a");
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    free(path);
    assert_ok(gs_dir_file_time(f->dir, "a", &written, err), err);
    assert_true(written == 1512432000123456789);
    assert_ok(gs_dir_remove(f->dir, "a", err), err);
    assert_false(gs_test_file_exists(f->path, "a"));
    assert_ok(gs_dir_sync(f->dir, err), err);
}

/* ---- the lock ---- */

static void a_lock_of_another_process_names_its_pid(void **state)
{
    fixture *f = *state;
    int ready[2];
    int done[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    pid_t child = fork();
    if (child == 0) {
        gs_dir *dir;
        char byte = 0;
        bool held = gs_dir_open(NULL, f->path, false, &dir, NULL) == GSEARCH_OK &&
                    gs_dir_lock(dir, NULL) == GSEARCH_OK;
        close(done[1]);
        _exit(!held || write(ready[1], "x", 1) != 1 || read(done[0], &byte, 1) != 0);
    }
    close(done[0]);
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_fails(GSEARCH_LOCKED, gs_dir_lock(f->dir, &f->error), &f->error);
    char wanted[40];
    snprintf(wanted, sizeof(wanted), "process %ld since 2", (long)child);
    assert_non_null(strstr(f->error.message, wanted));
    close(done[1]); // the child ends, and its lock with it
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_ok(gs_dir_lock(f->dir, &f->error), &f->error);
    assert_ok(gs_dir_lock(f->dir, &f->error), &f->error); // once more is fine
    close(ready[0]);
    close(ready[1]);
}

static void a_second_handle_of_this_process_is_locked_out_too(void **state)
{
    fixture *f = *state;
    gs_dir *second;
    assert_ok(gs_dir_open(NULL, f->path, false, &second, &f->error), &f->error);
    assert_ok(gs_dir_lock(f->dir, &f->error), &f->error);
    assert_fails(GSEARCH_LOCKED, gs_dir_lock(second, &f->error), &f->error);
    gs_dir_close(second);
    assert_true(gs_test_file_exists(f->path, "LOCK"));
}

/* ---- writing and publishing ---- */

static void a_published_file_holds_what_was_written_in_any_pieces(void **state)
{
    fixture *f = *state;
    enum { LEN = 1000003 };
    uint8_t *data = pattern(LEN, 1);
    uint64_t random = 2;
    const size_t pieces[] = {1, 100, 65536, 65537, 300000};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        gs_file *file;
        assert_ok(gs_file_create(f->dir, &file, &f->error), &f->error);
        for (size_t at = 0; at < LEN;) {
            size_t len = pieces[i] == 1 ? gs_test_random_below(&random, 3000) : pieces[i];
            len = len < LEN - at ? len : LEN - at;
            gs_file_write(file, data + at, len);
            at += len;
            assert_true(gs_file_offset(file) == at);
        }
        char name[] = {(char)('a' + i), '\0'};
        assert_ok(gs_file_publish(file, name, false, &f->error), &f->error);
        size_t len;
        uint8_t *read = gs_test_file_read(f->path, name, &len);
        assert_int_equal(len, LEN);
        assert_memory_equal(read, data, LEN);
        free(read);
    }
    assert_int_equal(gs_test_dir_count(f->path), 5); // no temporary file is left
    free(data);
}

static void a_file_is_closed_to_others_whatever_the_umask(void **state)
{
    fixture *f = *state;
    mode_t before = umask(0);
    publish(f, "a", "text");
    umask(before);
    struct stat info;
    char *path = gs_test_path(f->path, "a");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    free(path);
}

static void an_empty_file_can_be_published(void **state)
{
    fixture *f = *state;
    publish(f, "empty", "");
    uint64_t size = 1;
    assert_ok(gs_dir_file_size(f->dir, "empty", &size, &f->error), &f->error);
    assert_true(size == 0);
}

static void a_taken_name_is_locked_and_nothing_is_replaced(void **state)
{
    fixture *f = *state;
    publish(f, "a", "first");
    gs_file *file;
    assert_ok(gs_file_create(f->dir, &file, &f->error), &f->error);
    gs_file_write(file, "other", 5);
    assert_fails(GSEARCH_LOCKED, gs_file_publish(file, "a", false, &f->error), &f->error);
    size_t len;
    uint8_t *read = gs_test_file_read(f->path, "a", &len);
    assert_string_equal((const char *)read, "first");
    free(read);
    assert_int_equal(gs_test_dir_count(f->path), 1);
}

static void a_name_taken_by_the_same_content_is_fine_if_allowed(void **state)
{
    fixture *f = *state;
    publish(f, "a", "same");
    gs_file *file;
    assert_ok(gs_file_create(f->dir, &file, &f->error), &f->error);
    gs_file_write(file, "same", 4);
    assert_ok(gs_file_publish(file, "a", true, &f->error), &f->error);
    assert_ok(gs_file_create(f->dir, &file, &f->error), &f->error);
    gs_file_write(file, "longer", 6);
    assert_fails(GSEARCH_CORRUPT, gs_file_publish(file, "a", true, &f->error), &f->error);
    assert_int_equal(gs_test_dir_count(f->path), 1);
}

static void a_rotted_file_is_not_taken_for_its_content_and_stays(void **state)
{
    fixture *f = *state;
    uint8_t *data = pattern(100000, 8); // longer than the buffer
    for (size_t at = 0; at < 100000; at += 99999) {
        gs_test_file_write(f->path, "a", data, 100000);
        data[at] ^= 1;
        gs_file *file;
        assert_ok(gs_file_create(f->dir, &file, &f->error), &f->error);
        gs_file_write(file, data, 100000);
        assert_fails(GSEARCH_CORRUPT, gs_file_publish(file, "a", true, &f->error), &f->error);
        assert_non_null(strstr(f->error.message, "/a is there already"));
        data[at] ^= 1;
        size_t len;
        uint8_t *read = gs_test_file_read(f->path, "a", &len);
        assert_int_equal(len, 100000);
        assert_memory_equal(read, data, 100000);
        free(read);
        assert_int_equal(gs_test_dir_count(f->path), 1);
    }
    free(data);
}

static void a_folder_opened_by_a_writer_has_a_durable_name(void **state)
{
    fixture *f = *state;
    gs_dir *dir;
    kernel.fsyncs = 0;
    assert_ok(gs_dir_open(NULL, f->path, false, &dir, &f->error), &f->error);
    gs_dir_close(dir);
    assert_int_equal(kernel.fsyncs, 0);
    // it was made by somebody else, who may have ended before the folder above was synced
    assert_ok(gs_dir_open(NULL, f->path, true, &dir, &f->error), &f->error);
    gs_dir_close(dir);
    assert_int_equal(kernel.fsyncs, 1);
    kernel.fsync_errno = EIO;
    assert_fails(GSEARCH_IO, gs_dir_open(NULL, f->path, true, &dir, &f->error), &f->error);
    assert_non_null(strstr(f->error.message, "above"));
}

static void an_aborted_file_leaves_nothing(void **state)
{
    fixture *f = *state;
    gs_file *file;
    assert_ok(gs_file_create(f->dir, &file, &f->error), &f->error);
    gs_file_write(file, "x", 1);
    assert_int_equal(gs_test_dir_count(f->path), 1);
    gs_file_abort(file);
    assert_int_equal(gs_test_dir_count(f->path), 0);
    gs_file_abort(NULL);
}

static void a_failed_write_sticks_and_is_reported_by_publish(void **state)
{
    fixture *f = *state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit low = {.rlim_cur = 100000, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    gs_file *file;
    assert_ok(gs_file_create(f->dir, &file, &f->error), &f->error);
    uint8_t *data = pattern(70000, 3);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    for (int i = 0; i < 10; i++)
        gs_file_write(file, data, 70000);
    gsearch_status status = gs_file_publish(file, "a", false, &f->error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_fails(GSEARCH_NO_SPACE, status, &f->error);
    assert_non_null(strstr(f->error.message, "cannot write"));
    assert_int_equal(gs_test_dir_count(f->path), 0);
    free(data);
}

static gsearch_status damage(const char *name, void *payload, gsearch_error *err)
{
    (void)err;
    char *path = gs_test_path(payload, name);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fputc('X', file), 'X');
    fclose(file);
    free(path);
    return GSEARCH_OK;
}

static void content_that_does_not_read_back_is_not_published(void **state)
{
    fixture *f = *state;
    uint8_t *data = pattern(100000, 6);
    data[0] = 'x';
    gs_file *file;
    assert_ok(gs_file_create(f->dir, &file, &f->error), &f->error);
    gs_file_write(file, data, 100000); // longer than the buffer: it is in the file now
    assert_ok(gs_dir_list(f->dir, damage, f->path, &f->error), &f->error);
    assert_fails(GSEARCH_IO, gs_file_publish(file, "a", false, &f->error), &f->error);
    assert_non_null(strstr(f->error.message, "read back"));
    assert_int_equal(gs_test_dir_count(f->path), 0);
    free(data);
}

static void short_and_interrupted_transfers_lose_nothing(void **state)
{
    fixture *f = *state;
    enum { LEN = 300000 };
    uint8_t *data = pattern(LEN, 7);
    kernel.short_transfers = true;
    gs_file *file;
    assert_ok(gs_file_create(f->dir, &file, &f->error), &f->error);
    gs_file_write(file, data, LEN / 2);
    for (size_t at = LEN / 2; at < LEN; at += 1000)
        gs_file_write(file, data + at, 1000);
    assert_ok(gs_file_publish(file, "a", false, &f->error), &f->error);
    gs_map *map;
    assert_ok(gs_map_open(f->dir, "a", LEN, false, &map, &f->error), &f->error);
    assert_true(gs_bytes_equal(gs_map_bytes(map), gs_bytes_of(data, LEN)));
    gs_map_close(map);
    gs_scratch *scratch;
    assert_ok(gs_scratch_open(f->dir, &scratch, &f->error), &f->error);
    assert_ok(gs_scratch_write(scratch, data, LEN, &f->error), &f->error);
    assert_ok(gs_scratch_flush(scratch, &f->error), &f->error);
    uint8_t *read = malloc(LEN);
    assert_ok(gs_scratch_read(scratch, 0, read, LEN, &f->error), &f->error);
    assert_memory_equal(read, data, LEN);
    gs_scratch_close(scratch);
    assert_true(kernel.calls > 100);
    free(read);
    free(data);
}

static void a_failed_fsync_is_final(void **state)
{
    fixture *f = *state;
    gs_file *file;
    assert_ok(gs_file_create(f->dir, &file, &f->error), &f->error);
    gs_file_write(file, "x", 1);
    kernel.fsync_errno = EIO;
    assert_fails(GSEARCH_IO, gs_file_publish(file, "a", false, &f->error), &f->error);
    assert_int_equal(f->error.sys_errno, EIO);
    assert_int_equal(kernel.fsyncs, 1); // not tried again
    assert_int_equal(gs_test_dir_count(f->path), 0);
    assert_fails(GSEARCH_IO, gs_dir_sync(f->dir, &f->error), &f->error);
}

static void without_renameat2_a_name_is_still_never_replaced(void **state)
{
    fixture *f = *state;
    kernel.no_renameat2 = true;
    publish(f, "a", "first");
    gs_file *file;
    assert_ok(gs_file_create(f->dir, &file, &f->error), &f->error);
    gs_file_write(file, "other", 5);
    assert_fails(GSEARCH_LOCKED, gs_file_publish(file, "a", false, &f->error), &f->error);
    size_t len;
    uint8_t *read = gs_test_file_read(f->path, "a", &len);
    assert_string_equal((const char *)read, "first");
    free(read);
    assert_int_equal(gs_test_dir_count(f->path), 1);
}

static void scratch_has_no_name_where_nameless_files_are_unknown(void **state)
{
    fixture *f = *state;
    kernel.no_nameless_files = true;
    gs_scratch *scratch;
    assert_ok(gs_scratch_open(f->dir, &scratch, &f->error), &f->error);
    assert_int_equal(gs_test_dir_count(f->path), 0);
    assert_ok(gs_scratch_write(scratch, "kept", 4, &f->error), &f->error);
    assert_ok(gs_scratch_flush(scratch, &f->error), &f->error);
    char out[4];
    assert_ok(gs_scratch_read(scratch, 0, out, 4, &f->error), &f->error);
    assert_memory_equal(out, "kept", 4);
    gs_scratch_close(scratch);
}

static void without_memory_nothing_is_left_behind(void **state)
{
    fixture *f = *state;
    for (size_t n = 1;; n++) {
        gs_flaky flaky;
        gs_flaky_init(&flaky, n);
        gs_dir *dir = NULL;
        gs_file *file = NULL;
        gsearch_status status = gs_dir_open(&flaky.mem, f->path, false, &dir, &f->error);
        if (!status)
            status = gs_file_create(dir, &file, &f->error);
        if (!status) {
            gs_file_write(file, "x", 1);
            status = gs_file_publish(file, "a", false, &f->error);
        }
        gs_dir_close(dir);
        assert_int_equal(flaky.live, 0);
        if (!status)
            break;
        assert_fails(GSEARCH_NO_MEMORY, status, &f->error);
        assert_int_equal(gs_test_dir_count(f->path), 0);
    }
    assert_int_equal(gs_test_dir_count(f->path), 1);
}

/* ---- scratch ---- */

static void scratch_gives_back_any_stretch_and_has_no_name(void **state)
{
    fixture *f = *state;
    enum { LEN = 500000 };
    uint8_t *data = pattern(LEN, 4);
    gs_scratch *scratch;
    assert_ok(gs_scratch_open(f->dir, &scratch, &f->error), &f->error);
    assert_int_equal(gs_test_dir_count(f->path), 0);
    uint64_t random = 5;
    for (size_t at = 0; at < LEN;) {
        size_t len = gs_test_random_below(&random, 100000);
        len = len < LEN - at ? len : LEN - at;
        assert_ok(gs_scratch_write(scratch, data + at, len, &f->error), &f->error);
        at += len;
        assert_true(gs_scratch_size(scratch) == at);
    }
    assert_ok(gs_scratch_flush(scratch, &f->error), &f->error);
    static uint8_t out[LEN];
    for (int round = 0; round < 200; round++) {
        size_t from = gs_test_random_below(&random, LEN);
        size_t len = gs_test_random_below(&random, LEN - from + 1);
        assert_ok(gs_scratch_read(scratch, from, out, len, &f->error), &f->error);
        assert_memory_equal(out, data + from, len);
    }
    assert_fails(GSEARCH_IO, gs_scratch_read(scratch, LEN - 1, out, 2, &f->error), &f->error);
    gs_scratch_close(scratch);
    gs_scratch_close(NULL);
    free(data);
}

/* ---- reading ---- */

static void a_map_shows_the_file_mapped_or_copied(void **state)
{
    fixture *f = *state;
    publish(f, "a", "content");
    publish(f, "empty", "");
    for (int mapped = 0; mapped <= 1; mapped++) {
        gs_map *map;
        assert_ok(gs_map_open(f->dir, "a", 7, mapped, &map, &f->error), &f->error);
        assert_true(gs_bytes_equal(gs_map_bytes(map), gs_bytes_str("content")));
        assert_false(gs_map_lost(map));
        gs_map_forget(map);
        assert_true(gs_bytes_equal(gs_map_bytes(map), gs_bytes_str("content")));
        gs_map_close(map);
        assert_ok(gs_map_open(f->dir, "empty", 0, mapped, &map, &f->error), &f->error);
        assert_int_equal(gs_map_bytes(map).len, 0);
        gs_map_forget(map);
        gs_map_close(map);
    }
    gs_map_close(NULL);
}

static void a_map_of_another_length_is_corrupt(void **state)
{
    fixture *f = *state;
    publish(f, "a", "content");
    for (int mapped = 0; mapped <= 1; mapped++) {
        gs_map *map = NULL;
        for (uint64_t length = 6; length <= 8; length += 2)
            assert_fails(GSEARCH_CORRUPT,
                         gs_map_open(f->dir, "a", length, mapped, &map, &f->error), &f->error);
        assert_fails(GSEARCH_NOT_FOUND, gs_map_open(f->dir, "b", 7, mapped, &map, &f->error),
                     &f->error);
        assert_null(map);
    }
}

static void what_is_not_a_regular_file_is_refused_without_waiting(void **state)
{
    fixture *f = *state;
    char *path = gs_test_path(f->path, "fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    free(path);
    publish(f, "a", "content");
    path = gs_test_path(f->path, "link");
    assert_int_equal(symlink("a", path), 0);
    free(path);
    gs_map *map;
    gs_buf buf;
    gs_buf_init(&buf, NULL, 100);
    assert_fails(GSEARCH_CORRUPT, gs_map_open(f->dir, "fifo", 0, true, &map, &f->error),
                 &f->error);
    assert_fails(GSEARCH_CORRUPT, gs_map_open(f->dir, "link", 7, true, &map, &f->error),
                 &f->error);
    assert_fails(GSEARCH_CORRUPT, gs_dir_read(f->dir, "link", 10, &buf, &f->error), &f->error);
    assert_fails(GSEARCH_CORRUPT, gs_dir_read(f->dir, "fifo", 10, &buf, &f->error), &f->error);
}

static void maps_fail_cleanly_without_memory(void **state)
{
    fixture *f = *state;
    publish(f, "a", "content");
    for (int mapped = 0; mapped <= 1; mapped++) {
        gsearch_status status = GSEARCH_NO_MEMORY;
        for (size_t n = 1; status; n++) {
            gs_map *map = NULL;
            size_t live = f->flaky.live;
            f->flaky.calls = 0;
            f->flaky.fail_at = n;
            status = gs_map_open(f->dir, "a", 7, mapped, &map, &f->error);
            f->flaky.fail_at = 0;
            if (status)
                assert_fails(GSEARCH_NO_MEMORY, status, &f->error);
            gs_map_close(map);
            assert_int_equal(f->flaky.live, live);
        }
    }
}

static void read_appends_small_files_up_to_its_limit(void **state)
{
    fixture *f = *state;
    publish(f, "a", "0123456789");
    gs_buf buf;
    gs_buf_init(&buf, NULL, 15);
    gs_buf_str(&buf, "<");
    assert_ok(gs_dir_read(f->dir, "a", 10, &buf, &f->error), &f->error);
    assert_true(gs_bytes_equal(gs_buf_view(&buf), gs_bytes_str("<0123456789")));
    assert_fails(GSEARCH_LIMIT, gs_dir_read(f->dir, "a", 9, &buf, &f->error), &f->error);
    assert_fails(GSEARCH_LIMIT, gs_dir_read(f->dir, "a", 10, &buf, &f->error), &f->error);
    assert_fails(GSEARCH_NOT_FOUND, gs_dir_read(f->dir, "b", 9, &buf, &f->error), &f->error);
    gs_buf_release(&buf);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_missing_folder_is_no_index_and_create_makes_it),
        CASE(a_file_in_place_of_the_folder_is_no_index),
        CASE(list_visits_every_name_once_and_may_be_stopped),
        CASE(sizes_and_removal_name_a_missing_file),
        CASE(a_lock_of_another_process_names_its_pid),
        CASE(a_second_handle_of_this_process_is_locked_out_too),
        CASE(a_published_file_holds_what_was_written_in_any_pieces),
        CASE(a_file_is_closed_to_others_whatever_the_umask),
        CASE(an_empty_file_can_be_published),
        CASE(a_taken_name_is_locked_and_nothing_is_replaced),
        CASE(a_name_taken_by_the_same_content_is_fine_if_allowed),
        CASE(a_rotted_file_is_not_taken_for_its_content_and_stays),
        CASE(a_folder_opened_by_a_writer_has_a_durable_name),
        CASE(an_aborted_file_leaves_nothing),
        CASE(a_failed_write_sticks_and_is_reported_by_publish),
        CASE(content_that_does_not_read_back_is_not_published),
        CASE(short_and_interrupted_transfers_lose_nothing),
        CASE(a_failed_fsync_is_final),
        CASE(without_renameat2_a_name_is_still_never_replaced),
        CASE(scratch_has_no_name_where_nameless_files_are_unknown),
        CASE(without_memory_nothing_is_left_behind),
        CASE(scratch_gives_back_any_stretch_and_has_no_name),
        CASE(a_map_shows_the_file_mapped_or_copied),
        CASE(a_map_of_another_length_is_corrupt),
        CASE(what_is_not_a_regular_file_is_refused_without_waiting),
        CASE(maps_fail_cleanly_without_memory),
        CASE(read_appends_small_files_up_to_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
