/* SPDX-License-Identifier: Apache-2.0
 *
 * A file system in memory that holds one index folder, keeps a log of all that changed it, and
 * forgets nothing: from the log, a test makes every disk that a power cut may leave. It knows the
 * calls of common/base/sys.h that the folder needs. For one thread.
 */
#ifndef GS_TESTS_DISK_H
#define GS_TESTS_DISK_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "common/segment/manifest.h"

#define GS_DISK_ROOT "/disk" /* always there */
#define GS_DISK_INDEX GS_DISK_ROOT "/ix"
#define GS_DISK_NAME_MAX 64

typedef enum gs_disk_change {
    GS_DISK_MAKE_FOLDER,
    GS_DISK_CREATE, /* `inode` is `name` */
    GS_DISK_WRITE,  /* `data` at `offset` of `inode` */
    GS_DISK_CUT,    /* `inode` to `offset` bytes */
    GS_DISK_RENAME, /* `inode` is `to` and no longer `name` */
    GS_DISK_LINK,   /* `inode` is `to` as well */
    GS_DISK_REMOVE, /* `name` is gone */
    GS_DISK_SYNC,   /* `inode` */
    GS_DISK_SYNC_FOLDER,
    GS_DISK_SYNC_ROOT,
} gs_disk_change;

typedef struct gs_disk_entry {
    gs_disk_change kind;
    uint32_t inode;
    char name[GS_DISK_NAME_MAX], to[GS_DISK_NAME_MAX];
    uint64_t offset;
    uint8_t *data;
    size_t len;
} gs_disk_entry;

/* ---- for tests ---- */

/* Empty, without the index folder, with an empty log; closes what is open. */
void gs_disk_clear(void);
/* A folder without files, which is no entry of the log. */
void gs_disk_make_folder(void);
/* A file that was there before the log begins; `data` is borrowed until the next gs_disk_clear. */
void gs_disk_put(const char *name, const uint8_t *data, size_t len);
/* The content of a file of the folder; NULL if there is none. Until the file changes. */
const uint8_t *gs_disk_get(const char *name, size_t *len);
bool gs_disk_has_folder(void);
size_t gs_disk_count(void);
const char *gs_disk_name(size_t number);
/* Writes fail once files take more than that, in blocks of 4 KiB; 0: no bound. */
void gs_disk_bound(uint64_t bytes);
uint64_t gs_disk_used(void);
unsigned gs_disk_open_count(void); /* descriptors */
/* The log, which begins anew; gs_disk_log_free. */
gs_disk_entry *gs_disk_take_log(size_t *count);
void gs_disk_log_free(gs_disk_entry *log, size_t count);
size_t gs_disk_log_count(void);

/* A copy of the folder. */
typedef struct gs_disk_image gs_disk_image;
gs_disk_image *gs_disk_save(void);
/* Clears and restores; the image must outlive it. */
void gs_disk_restore(const gs_disk_image *image);
/* Adds the files of the image whose names are not there; what is open stays open. */
void gs_disk_add(const gs_disk_image *image);
void gs_disk_image_free(gs_disk_image *image);

/* The name of every file that a generation consists of, beside its manifest. */
void gs_disk_each_file(const gs_manifest *manifest, void (*visit)(const char *name, void *payload),
                       void *payload);

/* ---- calls ---- */

bool gs_disk_has(int dir, const char *path); /* whether it is about this disk */
bool gs_disk_has_fd(int fd);
int gs_disk_openat(int dir, const char *path, int flags);
int gs_disk_close(int fd);
ssize_t gs_disk_read(int fd, void *out, size_t len);
ssize_t gs_disk_pread(int fd, void *out, size_t len, off_t offset);
ssize_t gs_disk_write(int fd, const void *data, size_t len);
int gs_disk_ftruncate(int fd, off_t size);
int gs_disk_fsync(int fd);
int gs_disk_flock(int fd);
int gs_disk_fstat(int fd, struct stat *out);
int gs_disk_fstatat(int dir, const char *path, struct stat *out);
int gs_disk_mkdir(const char *path);
int gs_disk_rename(const char *from, const char *to); /* without replacing */
int gs_disk_link(const char *from, const char *to);
int gs_disk_unlink(const char *name);
DIR *gs_disk_fdopendir(int fd);
bool gs_disk_has_stream(const DIR *stream);
struct dirent *gs_disk_readdir(DIR *stream);
int gs_disk_closedir(DIR *stream);

#endif
