/* SPDX-License-Identifier: Apache-2.0
 *
 * Each call does what its namesake does: seen through libc's own calls.
 */
#include "common/base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/fixture.h"

static int open_folder(const char *path)
{
    int dir = gs_sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    assert_true(dir >= 0);
    return dir;
}

static void memory_grows_keeps_its_content_and_goes(void **state)
{
    (void)state;
    char *text = gs_sys_resize(NULL, 4);
    memcpy(text, "abc", 4);
    text = gs_sys_resize(text, 1 << 20);
    assert_string_equal(text, "abc");
    assert_null(gs_sys_resize(text, 0));
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    char *path = gs_test_dir_make();
    int dir = open_folder(path);
    int fd = gs_sys_openat(dir, "a", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0640);
    assert_int_equal(gs_sys_write(fd, "hello", 5), 5);
    assert_int_equal(gs_sys_fsync(fd), 0);
    char text[8] = "";
    assert_int_equal(gs_sys_pread(fd, text, sizeof(text), 1), 4);
    assert_memory_equal(text, "ello", 4);
    struct stat info, same;
    assert_int_equal(gs_sys_fstat(fd, &info), 0);
    assert_int_equal(gs_sys_fstatat(dir, "a", &same, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(info.st_size, 5);
    assert_int_equal(info.st_ino, same.st_ino);
    const char *pages = gs_sys_mmap(fd, 5);
    assert_memory_equal(pages, "hello", 5);
    assert_int_equal(gs_sys_madvise((void *)(uintptr_t)pages, 5, MADV_DONTNEED), 0);
    assert_int_equal(gs_sys_munmap((void *)(uintptr_t)pages, 5), 0);
    assert_int_equal(gs_sys_ftruncate(fd, 2), 0);
    assert_int_equal(gs_sys_close(fd), 0);
    fd = open_folder(path);
    int file = gs_sys_openat(fd, "a", O_RDONLY | O_CLOEXEC, 0);
    assert_int_equal(gs_sys_read(file, text, sizeof(text)), 2);
    gs_sys_close(file);
    gs_sys_close(fd);
    gs_sys_close(dir);
    gs_test_dir_remove(path);
}

static void names_come_go_and_are_listed(void **state)
{
    (void)state;
    char *path = gs_test_dir_make();
    gs_test_file_write(path, "a", "1", 1);
    gs_test_file_write(path, "b", "2", 1);
    int dir = open_folder(path);
    assert_int_equal(gs_sys_renameat2(dir, "a", "b", RENAME_NOREPLACE), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(gs_sys_renameat2(dir, "a", "c", RENAME_NOREPLACE), 0);
    assert_int_equal(gs_sys_linkat(dir, "c", "d"), 0);
    assert_int_equal(gs_sys_unlinkat(dir, "b"), 0);
    char *folder = gs_test_path(path, "in");
    assert_int_equal(gs_sys_mkdir(folder, 0750), 0);
    free(folder);
    size_t count = 0;
    DIR *stream = gs_sys_fdopendir(dir);
    assert_int_equal(gs_sys_dirfd(stream), dir);
    for (const struct dirent *entry; (entry = gs_sys_readdir(stream));)
        count += strchr("cdi.", entry->d_name[0]) != NULL;
    assert_int_equal(gs_sys_closedir(stream), 0);
    assert_int_equal(count, 5); // ".", "..", "c", "d" and "in"
    assert_true(gs_test_file_exists(path, "c") && gs_test_file_exists(path, "d"));
    gs_test_dir_remove(path);
}

static void a_scratch_folder_is_new_and_goes_when_empty(void **state)
{
    (void)state;
    char *path = gs_test_dir_make();
    char *scratch = gs_test_path(path, "a-XXXXXX");
    assert_ptr_equal(gs_sys_mkdtemp(scratch), scratch);
    assert_null(strstr(scratch, "XXXXXX"));
    assert_int_equal(gs_sys_rmdir(path), -1);
    assert_int_equal(errno, ENOTEMPTY);
    assert_int_equal(gs_sys_rmdir(scratch), 0);
    assert_int_equal(gs_test_dir_count(path), 0);
    free(scratch);
    gs_test_dir_remove(path);
}

static void the_second_lock_waits_outside(void **state)
{
    (void)state;
    char *path = gs_test_dir_make();
    int one = open_folder(path), two = open_folder(path);
    assert_int_equal(gs_sys_flock(one, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(gs_sys_flock(two, LOCK_EX | LOCK_NB), -1);
    assert_int_equal(errno, EWOULDBLOCK);
    gs_sys_close(one);
    assert_int_equal(gs_sys_flock(two, LOCK_EX | LOCK_NB), 0);
    gs_sys_close(two);
    gs_test_dir_remove(path);
}

static void chance_differs(void **state)
{
    (void)state;
    uint64_t a = 0, b = 0;
    assert_int_equal(gs_sys_getrandom(&a, sizeof(a), 0), sizeof(a));
    assert_int_equal(gs_sys_getrandom(&b, sizeof(b), 0), sizeof(b));
    assert_true(a != b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_grows_keeps_its_content_and_goes),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(names_come_go_and_are_listed),
        cmocka_unit_test(a_scratch_folder_is_new_and_goes_when_empty),
        cmocka_unit_test(the_second_lock_waits_outside),
        cmocka_unit_test(chance_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
