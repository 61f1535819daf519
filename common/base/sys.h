/* SPDX-License-Identifier: Apache-2.0
 *
 * The seam to the system: what the project asks of it about files and memory. Each function is its
 * namesake of libc, errno and all; nothing else calls those (tests/headers/test_imports.py looks at
 * the object files). A test that links functions of these names in their place decides which call
 * fails, is cut short or is the last one: tests/durability/faultysys.h.
 *
 * Sockets and standard output are not here: they belong to libuv, the client and the program.
 */
#ifndef GS_BASE_SYS_H
#define GS_BASE_SYS_H

#include <dirent.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* realloc; with size 0 it frees and returns NULL. Whoever has no allocator of his own comes here,
 * and so do zstd, libuv and jansson. */
void *gs_sys_resize(void *ptr, size_t size);
/* Gives freed memory that the allocator has kept back to the system, where it can. It may hold up
 * the allocations of other threads for some milliseconds. */
void gs_sys_trim(void);

int gs_sys_openat(int dir, const char *path, int flags, mode_t mode);
int gs_sys_close(int fd);
ssize_t gs_sys_read(int fd, void *out, size_t len);
ssize_t gs_sys_pread(int fd, void *out, size_t len, off_t offset);
ssize_t gs_sys_write(int fd, const void *data, size_t len);
int gs_sys_ftruncate(int fd, off_t size);
int gs_sys_fsync(int fd);
int gs_sys_flock(int fd, int operation);
int gs_sys_fstat(int fd, struct stat *out);
int gs_sys_fstatat(int dir, const char *path, struct stat *out, int flags);
/* All of a file, to be read and shared; MAP_FAILED. */
void *gs_sys_mmap(int fd, size_t len);
int gs_sys_munmap(void *pages, size_t len);
int gs_sys_madvise(void *pages, size_t len, int advice);

int gs_sys_mkdir(const char *path, mode_t mode);
int gs_sys_renameat2(int dir, const char *from, const char *to, unsigned flags);
int gs_sys_linkat(int dir, const char *from, const char *to);
int gs_sys_unlinkat(int dir, const char *path);
char *gs_sys_mkdtemp(char *path);
int gs_sys_rmdir(const char *path);
DIR *gs_sys_fdopendir(int fd);
struct dirent *gs_sys_readdir(DIR *stream);
int gs_sys_closedir(DIR *stream);
int gs_sys_dirfd(DIR *stream);

ssize_t gs_sys_getrandom(void *out, size_t len, unsigned flags);

#endif
