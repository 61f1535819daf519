/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts, decides, and passes on to the disk in memory or to libc.
 */
#include "tests/durability/faultysys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/base/sys.h"
#include "tests/durability/disk.h"
#include "tests/support/check.h"

static gs_faults *here;

gs_faults *gs_faults_here(void)
{
    if (!here) {
        here = mmap(NULL, sizeof(*here), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(here != MAP_FAILED);
    }
    return here;
}

void gs_faults_detach(void)
{
    here = NULL;
}

void gs_faults_reset(void)
{
    gs_faults *faults = gs_faults_here();
    long blocks = faults->blocks, descriptors = faults->descriptors;
    memset(faults, 0, sizeof(*faults));
    faults->blocks = blocks;
    faults->descriptors = descriptors;
}

/* ---- the plan ---- */

typedef struct call {
    unsigned number; // 0: not counted
    bool is_hit;
    int error;
    size_t cut_to;
} call;

/* The plan for what comes after the first call that was hit. */
static void plan_second(gs_faults *faults, unsigned number)
{
    faults->at = number + faults->then_after;
    faults->error = faults->then_error;
    faults->for_good = faults->then_for_good;
    faults->cut_to = 0;
    faults->then_after = 0;
}

static call enter(gs_fault_call kind, bool is_input, size_t len)
{
    gs_faults *faults = gs_faults_here();
    if (!faults->is_on || (faults->only_changes && kind >= GS_CALL_CHANGES))
        return (call){0};
    call made = {.number = atomic_fetch_add(&faults->calls, 1) + 1};
    made.is_hit =
        faults->at && (made.number == faults->at || (faults->for_good && made.number > faults->at));
    made.error = faults->error;
    made.cut_to = faults->cut_to;
    if (made.is_hit && !atomic_exchange(&faults->is_hit, true)) {
        faults->hit_call = kind;
        faults->hit_len = len;
    }
    if (made.is_hit && is_input)
        faults->hit_input = true;
    if (made.is_hit && kind == GS_CALL_REMOVE)
        faults->remove_failed = true;
    if (made.is_hit && faults->dies && !faults->dies_after)
        _exit(GS_FAULT_EXIT);
    if (made.is_hit && faults->then_after)
        plan_second(faults, made.number);
    return made;
}

static call enter_change(gs_fault_call kind, int fd, const char *from, const char *to, size_t len)
{
    const gs_faults *faults = gs_faults_here();
    if (faults->is_on && faults->on_change)
        faults->on_change(kind, fd, from, to);
    return enter(kind, false, len);
}

static bool fails(call made)
{
    if (!made.is_hit || !made.error)
        return false;
    errno = made.error;
    return true;
}

static void leave(call made)
{
    const gs_faults *faults = gs_faults_here();
    if (made.is_hit && faults->dies)
        _exit(GS_FAULT_EXIT);
}

static size_t cut(call made, size_t len)
{
    if (!made.is_hit || !made.cut_to || len < 2)
        return len;
    return made.cut_to >= len ? len - 1 : made.cut_to;
}

static bool is_input(int dir, const char *path)
{
    return !gs_disk_has(dir, path);
}

static int opened(int fd)
{
    if (fd >= 0)
        atomic_fetch_add(&gs_faults_here()->descriptors, 1);
    return fd;
}

/* ---- memory ---- */

bool gs_faults_allow(void)
{
    gs_faults *faults = gs_faults_here();
    if (!faults->is_on)
        return true;
    unsigned number = atomic_fetch_add(&faults->allocations, 1) + 1;
    unsigned at = faults->allocation_at;
    return !at || (number != at && (!faults->allocations_for_good || number < at));
}

void *gs_sys_resize(void *ptr, size_t size)
{
    gs_faults *faults = gs_faults_here();
    if (!size) {
        if (ptr)
            atomic_fetch_sub(&faults->blocks, 1);
        free(ptr);
        return NULL;
    }
    if (!gs_faults_allow())
        return NULL;
    void *moved = realloc(ptr, size);
    if (moved && !ptr)
        atomic_fetch_add(&faults->blocks, 1);
    return moved;
}

void gs_sys_trim(void)
{
}

/* ---- descriptors ---- */

int gs_sys_openat(int dir, const char *path, int flags, mode_t mode)
{
    bool makes = flags & O_CREAT;
    call made = makes ? enter_change(GS_CALL_MAKE, dir, path, "", 0)
                      : enter(GS_CALL_OPEN, is_input(dir, path), 0);
    int fd = -1;
    if (!fails(made))
        fd = opened(gs_disk_has(dir, path) ? gs_disk_openat(dir, path, flags)
                                           : openat(dir, path, flags, mode));
    leave(made);
    return fd;
}

int gs_sys_close(int fd)
{
    call made = enter(GS_CALL_CLOSE, !gs_disk_has_fd(fd), 0);
    int failed = gs_disk_has_fd(fd) ? gs_disk_close(fd) : close(fd);
    atomic_fetch_sub(&gs_faults_here()->descriptors, 1);
    return fails(made) ? -1 : failed; // the descriptor is gone all the same
}

ssize_t gs_sys_read(int fd, void *out, size_t len)
{
    call made = enter(GS_CALL_READ, !gs_disk_has_fd(fd), len);
    if (fails(made))
        return -1;
    len = cut(made, len);
    return gs_disk_has_fd(fd) ? gs_disk_read(fd, out, len) : read(fd, out, len);
}

ssize_t gs_sys_pread(int fd, void *out, size_t len, off_t offset)
{
    call made = enter(GS_CALL_READ, !gs_disk_has_fd(fd), len);
    if (fails(made))
        return -1;
    len = cut(made, len);
    return gs_disk_has_fd(fd) ? gs_disk_pread(fd, out, len, offset) : pread(fd, out, len, offset);
}

ssize_t gs_sys_write(int fd, const void *data, size_t len)
{
    call made = enter_change(GS_CALL_WRITE, fd, NULL, "", len);
    ssize_t done = -1;
    if (!fails(made)) {
        len = cut(made, len);
        done = gs_disk_has_fd(fd) ? gs_disk_write(fd, data, len) : write(fd, data, len);
    }
    leave(made);
    return done;
}

int gs_sys_ftruncate(int fd, off_t size)
{
    call made = enter_change(GS_CALL_CUT, fd, NULL, "", 0);
    int failed = -1;
    if (!fails(made))
        failed = gs_disk_has_fd(fd) ? gs_disk_ftruncate(fd, size) : ftruncate(fd, size);
    leave(made);
    return failed;
}

int gs_sys_fsync(int fd)
{
    call made = enter_change(GS_CALL_SYNC, fd, NULL, "", 0);
    int failed = -1;
    if (!fails(made))
        failed = gs_disk_has_fd(fd) ? gs_disk_fsync(fd) : 0;
    leave(made);
    return failed;
}

int gs_sys_flock(int fd, int operation)
{
    if (fails(enter(GS_CALL_LOCK, false, 0)))
        return -1;
    return gs_disk_has_fd(fd) ? gs_disk_flock(fd) : flock(fd, operation);
}

int gs_sys_fstat(int fd, struct stat *out)
{
    if (fails(enter(GS_CALL_LOOK, !gs_disk_has_fd(fd), 0)))
        return -1;
    return gs_disk_has_fd(fd) ? gs_disk_fstat(fd, out) : fstat(fd, out);
}

int gs_sys_fstatat(int dir, const char *path, struct stat *out, int flags)
{
    if (fails(enter(GS_CALL_LOOK, is_input(dir, path), 0)))
        return -1;
    return gs_disk_has(dir, path) ? gs_disk_fstatat(dir, path, out)
                                  : fstatat(dir, path, out, flags);
}

void *gs_sys_mmap(int fd, size_t len)
{
    if (fails(enter(GS_CALL_MAP, false, 0)))
        return MAP_FAILED;
    if (!gs_disk_has_fd(fd))
        return mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
    errno = ENODEV;
    return MAP_FAILED;
}

int gs_sys_munmap(void *pages, size_t len)
{
    return munmap(pages, len);
}

int gs_sys_madvise(void *pages, size_t len, int advice)
{
    return madvise(pages, len, advice);
}

/* ---- names ---- */

int gs_sys_mkdir(const char *path, mode_t mode)
{
    call made = enter_change(GS_CALL_MKDIR, -1, path, "", 0);
    int failed = -1;
    if (!fails(made))
        failed = gs_disk_has(AT_FDCWD, path) ? gs_disk_mkdir(path) : mkdir(path, mode);
    leave(made);
    return failed;
}

int gs_sys_renameat2(int dir, const char *from, const char *to, unsigned flags)
{
    call made = enter_change(GS_CALL_RENAME, dir, from, to, 0);
    int failed = -1;
    if (!fails(made))
        failed =
            gs_disk_has_fd(dir) ? gs_disk_rename(from, to) : renameat2(dir, from, dir, to, flags);
    gs_faults *faults = gs_faults_here();
    if (faults->is_on && !failed && strncmp(to, "manifest-", 9) == 0)
        faults->has_manifest = true;
    leave(made);
    return failed;
}

int gs_sys_linkat(int dir, const char *from, const char *to)
{
    call made = enter_change(GS_CALL_LINK, dir, from, to, 0);
    int failed = -1;
    if (!fails(made))
        failed = gs_disk_has_fd(dir) ? gs_disk_link(from, to) : linkat(dir, from, dir, to, 0);
    gs_faults *faults = gs_faults_here();
    if (faults->is_on && !failed && strncmp(to, "manifest-", 9) == 0)
        faults->has_manifest = true;
    leave(made);
    return failed;
}

int gs_sys_unlinkat(int dir, const char *path)
{
    call made = enter_change(GS_CALL_REMOVE, dir, path, "", 0);
    int failed = -1;
    if (!fails(made))
        failed = gs_disk_has_fd(dir) ? gs_disk_unlink(path) : unlinkat(dir, path, 0);
    leave(made);
    return failed;
}

char *gs_sys_mkdtemp(char *path)
{
    return mkdtemp(path);
}

int gs_sys_rmdir(const char *path)
{
    return rmdir(path);
}

DIR *gs_sys_fdopendir(int fd)
{
    if (fails(enter(GS_CALL_LIST, !gs_disk_has_fd(fd), 0)))
        return NULL;
    return gs_disk_has_fd(fd) ? gs_disk_fdopendir(fd) : fdopendir(fd);
}

struct dirent *gs_sys_readdir(DIR *stream)
{
    bool is_disk = gs_disk_has_stream(stream);
    if (fails(enter(GS_CALL_LIST, !is_disk, 0)))
        return NULL;
    return is_disk ? gs_disk_readdir(stream) : readdir(stream);
}

int gs_sys_closedir(DIR *stream)
{
    atomic_fetch_sub(&gs_faults_here()->descriptors, 1);
    return gs_disk_has_stream(stream) ? gs_disk_closedir(stream) : closedir(stream);
}

int gs_sys_dirfd(DIR *stream)
{
    return dirfd(stream);
}

ssize_t gs_sys_getrandom(void *out, size_t len, unsigned flags)
{
    if (fails(enter(GS_CALL_RANDOM, false, 0)))
        return -1;
    return getrandom(out, len, flags);
}
