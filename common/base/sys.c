/* SPDX-License-Identifier: Apache-2.0
 *
 * The calls themselves, and nothing that decides: loops and messages stand above, in file.c and
 * wherever else.
 */
#include "common/base/sys.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

void *gs_sys_resize(void *ptr, size_t size)
{
    if (size)
        return realloc(ptr, size);
    free(ptr);
    return NULL;
}

void gs_sys_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

int gs_sys_openat(int dir, const char *path, int flags, mode_t mode)
{
    return openat(dir, path, flags, mode);
}

int gs_sys_close(int fd)
{
    return close(fd);
}

ssize_t gs_sys_read(int fd, void *out, size_t len)
{
    return read(fd, out, len);
}

ssize_t gs_sys_pread(int fd, void *out, size_t len, off_t offset)
{
    return pread(fd, out, len, offset);
}

ssize_t gs_sys_write(int fd, const void *data, size_t len)
{
    return write(fd, data, len);
}

int gs_sys_ftruncate(int fd, off_t size)
{
    return ftruncate(fd, size);
}

int gs_sys_fsync(int fd)
{
    return fsync(fd);
}

int gs_sys_flock(int fd, int operation)
{
    return flock(fd, operation);
}

int gs_sys_fstat(int fd, struct stat *out)
{
    return fstat(fd, out);
}

int gs_sys_fstatat(int dir, const char *path, struct stat *out, int flags)
{
    return fstatat(dir, path, out, flags);
}

void *gs_sys_mmap(int fd, size_t len)
{
    return mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
}

int gs_sys_munmap(void *pages, size_t len)
{
    return munmap(pages, len);
}

int gs_sys_madvise(void *pages, size_t len, int advice)
{
    return madvise(pages, len, advice);
}

int gs_sys_mkdir(const char *path, mode_t mode)
{
    return mkdir(path, mode);
}

int gs_sys_renameat2(int dir, const char *from, const char *to, unsigned flags)
{
    return renameat2(dir, from, dir, to, flags);
}

int gs_sys_linkat(int dir, const char *from, const char *to)
{
    return linkat(dir, from, dir, to, 0);
}

int gs_sys_unlinkat(int dir, const char *path)
{
    return unlinkat(dir, path, 0);
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
    return fdopendir(fd);
}

struct dirent *gs_sys_readdir(DIR *stream)
{
    return readdir(stream);
}

int gs_sys_closedir(DIR *stream)
{
    return closedir(stream);
}

int gs_sys_dirfd(DIR *stream)
{
    return dirfd(stream);
}

ssize_t gs_sys_getrandom(void *out, size_t len, unsigned flags)
{
    return getrandom(out, len, flags);
}
