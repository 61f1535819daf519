/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens to index files: every loop over short transfers, every fsync and every rename is
 * here. In order: the folder, writing and publishing, scratch files, and
 * reading.
 */
#include "common/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "common/base/checksum.h"
#include "common/base/mapguard.h"
#include "common/base/sabotage.h"
#include "common/base/sys.h"

#define LOCK_NAME "LOCK"
#define LOCK_TEXT_BYTES_MAX 128
#define WRITE_BUFFER_BYTES 65536u
#define TEMPORARY_TRIES_MAX 16
#define NS_PER_S 1000000000

struct gs_dir {
    const gs_mem *mem;
    int fd;
    int lock_fd; // -1 without the lock
    char path[];
};

/* ---- transfers of any length ---- */

/* Returns 0 or an errno. */
static int write_all(int fd, const uint8_t *data, size_t len)
{
    while (len) {
        ssize_t done = gs_sys_write(fd, data, len);
        if (done < 0 && errno == EINTR && !GS_SABOTAGED(interrupted_write))
            continue;
        if (done <= 0)
            return done < 0 ? errno : EIO;
        if (GS_SABOTAGED(short_write))
            return 0;
        data += done;
        len -= (size_t)done;
    }
    return 0;
}

/* Returns 0 or an errno; `*got` is less than `len` only at the end of the file. */
static int read_at(int fd, uint64_t offset, uint8_t *out, size_t len, size_t *got)
{
    *got = 0;
    while (*got < len) {
        ssize_t done = gs_sys_pread(fd, out + *got, len - *got, (off_t)(offset + *got));
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return errno;
        if (done == 0)
            break;
        *got += (size_t)done;
    }
    return 0;
}

/* ---- the folder ---- */

/* A folder is durable only when its name is. Whoever made it may have ended before that, so this is
 * done whenever a folder is opened to be written; of one that we did not make, the folder above may
 * be closed to us. */
static gsearch_status sync_parent(gs_dir *dir, bool made, gsearch_error *err)
{
    int fd = gs_sys_openat(dir->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0 && errno == EACCES && !made)
        return GSEARCH_OK;
    if (fd < 0)
        return gs_fail_errno(err, errno, "cannot open the folder above %s", dir->path);
    int failure = !GS_SABOTAGED(parent_sync) && gs_sys_fsync(fd) ? errno : 0;
    gs_sys_close(fd);
    if (failure)
        return gs_fail_errno(err, failure, "cannot sync the folder above %s", dir->path);
    return GSEARCH_OK;
}

gsearch_status gs_dir_open(const gs_mem *mem, const char *path, bool create, gs_dir **out,
                           gsearch_error *err)
{
    bool made = create && gs_sys_mkdir(path, 0750) == 0;
    if (create && !made && errno != EEXIST)
        return gs_fail_errno(err, errno, "cannot make the folder %s", path);
    int fd = gs_sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0 && errno == ENOENT)
        return gs_fail(err, GSEARCH_NO_INDEX,
                       "there is no folder %s; gsearch index PATH… makes one", path);
    if (fd < 0 && errno == ENOTDIR)
        return gs_fail(err, GSEARCH_NO_INDEX, "%s is not a folder", path);
    if (fd < 0)
        return gs_fail_errno(err, errno, "cannot open the folder %s", path);
    size_t path_bytes = strlen(path) + 1;
    gs_dir *dir = gs_mem_alloc(mem, sizeof(*dir) + path_bytes);
    if (!dir) {
        gs_sys_close(fd);
        return gs_fail_memory(err);
    }
    *dir = (gs_dir){.mem = mem, .fd = fd, .lock_fd = -1};
    memcpy(dir->path, path, path_bytes);
    gsearch_status status = create ? sync_parent(dir, made, err) : GSEARCH_OK;
    if (status) {
        gs_dir_close(dir);
        return status;
    }
    *out = dir;
    return GSEARCH_OK;
}

void gs_dir_close(gs_dir *dir)
{
    if (!dir)
        return;
    if (dir->lock_fd >= 0)
        gs_sys_close(dir->lock_fd);
    gs_sys_close(dir->fd);
    gs_mem_free(dir->mem, dir);
}

const char *gs_dir_path(const gs_dir *dir)
{
    return dir->path;
}

static gsearch_status fail_locked(gs_dir *dir, int fd, gsearch_error *err)
{
    uint8_t text[LOCK_TEXT_BYTES_MAX];
    size_t len;
    if (read_at(fd, 0, text, sizeof(text), &len) || len == 0)
        return gs_fail(err, GSEARCH_LOCKED, "%s is being written by another process", dir->path);
    if (text[len - 1] == '\n')
        len--;
    return gs_fail(err, GSEARCH_LOCKED, "%s is being written by %.*s; try again when it has ended",
                   dir->path, (int)len, (const char *)text);
}

/* Who holds the lock, for the message that the next one gets. */
static int write_holder(int fd)
{
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    char text[LOCK_TEXT_BYTES_MAX];
    int len = snprintf(text, sizeof(text), "process %ld since %04d-%02d-%02dT%02d:%02d:%02dZ\n",
                       (long)getpid(), utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min, utc.tm_sec);
    if (gs_sys_ftruncate(fd, 0))
        return errno;
    return write_all(fd, (const uint8_t *)text, (size_t)len);
}

gsearch_status gs_dir_lock(gs_dir *dir, gsearch_error *err)
{
    if (dir->lock_fd >= 0)
        return GSEARCH_OK;
    int fd = gs_sys_openat(dir->fd, LOCK_NAME,
                           O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    if (fd < 0)
        return gs_fail_errno(err, errno, "cannot open %s/" LOCK_NAME, dir->path);
    gsearch_status status = GSEARCH_OK;
    int failure = 0;
    if (!GS_SABOTAGED(lock) && gs_sys_flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK)
            status = fail_locked(dir, fd, err);
        else
            failure = errno;
    } else {
        failure = write_holder(fd);
    }
    if (failure)
        status = gs_fail_errno(err, failure, "cannot lock %s/" LOCK_NAME, dir->path);
    if (status)
        gs_sys_close(fd);
    else
        dir->lock_fd = fd;
    return status;
}

gsearch_status gs_dir_list(gs_dir *dir, gs_dir_visit visit, void *payload, gsearch_error *err)
{
    int fd = gs_sys_openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return gs_fail_errno(err, errno, "cannot list %s", dir->path);
    DIR *stream = gs_sys_fdopendir(fd);
    if (!stream) {
        int failure = errno;
        gs_sys_close(fd);
        return gs_fail_errno(err, failure, "cannot list %s", dir->path);
    }
    gsearch_status status = GSEARCH_OK;
    while (!status) {
        errno = 0;
        const struct dirent *entry = gs_sys_readdir(stream);
        if (!entry) {
            if (errno)
                status = gs_fail_errno(err, errno, "cannot list %s", dir->path);
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = visit(entry->d_name, payload, err);
    }
    gs_sys_closedir(stream);
    return status;
}

gsearch_status gs_dir_sync(gs_dir *dir, gsearch_error *err)
{
    if (gs_sys_fsync(dir->fd))
        return gs_fail_errno(err, errno, "cannot sync the folder %s", dir->path);
    return GSEARCH_OK;
}

gsearch_status gs_dir_remove(gs_dir *dir, const char *name, gsearch_error *err)
{
    if (gs_sys_unlinkat(dir->fd, name))
        return gs_fail_errno(err, errno, "cannot remove %s/%s", dir->path, name);
    return GSEARCH_OK;
}

static gsearch_status look_at(gs_dir *dir, const char *name, struct stat *out, gsearch_error *err)
{
    if (gs_sys_fstatat(dir->fd, name, out, AT_SYMLINK_NOFOLLOW))
        return gs_fail_errno(err, errno, "cannot look at %s/%s", dir->path, name);
    return S_ISREG(out->st_mode)
               ? GSEARCH_OK
               : gs_corrupt(err, "%s/%s is not a regular file", dir->path, name);
}

gsearch_status gs_dir_file_size(gs_dir *dir, const char *name, uint64_t *out, gsearch_error *err)
{
    struct stat info;
    GS_TRY(look_at(dir, name, &info, err));
    *out = (uint64_t)info.st_size;
    return GSEARCH_OK;
}

gsearch_status gs_dir_file_time(gs_dir *dir, const char *name, int64_t *out, gsearch_error *err)
{
    struct stat info;
    GS_TRY(look_at(dir, name, &info, err));
    *out = (int64_t)info.st_mtim.tv_sec * NS_PER_S + info.st_mtim.tv_nsec;
    return GSEARCH_OK;
}

/* Opens a regular file for reading and gives its size. */
static gsearch_status open_file(gs_dir *dir, const char *name, int *out_fd, uint64_t *out_size,
                                gsearch_error *err)
{
    // a FIFO put in place of a file must not make us wait for its writer
    int no_link = GS_SABOTAGED(link) ? 0 : O_NOFOLLOW;
    int fd = gs_sys_openat(dir->fd, name, O_RDONLY | O_CLOEXEC | no_link | O_NONBLOCK, 0);
    if (fd < 0 && errno == ELOOP)
        return gs_corrupt(err, "%s/%s is not a regular file", dir->path, name);
    if (fd < 0)
        return gs_fail_errno(err, errno, "cannot open %s/%s", dir->path, name);
    struct stat info;
    gsearch_status status = GSEARCH_OK;
    if (gs_sys_fstat(fd, &info))
        status = gs_fail_errno(err, errno, "cannot look at %s/%s", dir->path, name);
    else if (!S_ISREG(info.st_mode))
        status = gs_corrupt(err, "%s/%s is not a regular file", dir->path, name);
    if (status) {
        gs_sys_close(fd);
        return status;
    }
    *out_fd = fd;
    *out_size = (uint64_t)info.st_size;
    return GSEARCH_OK;
}

/* ---- writing a new file ---- */

struct gs_file {
    gs_dir *dir;
    gs_checksum_stream *sum;
    uint64_t offset; // bytes taken, written out or not
    size_t filled;   // bytes of `buffer` in use
    int fd;
    int failure; // the first errno of a write, or 0
    char name[sizeof(".tmp-") + 16];
    uint8_t buffer[WRITE_BUFFER_BYTES];
};

/* Opens a new file under a random name, which is left in `name`. Returns the descriptor or -1 with
 * errno set. */
static int open_temporary(gs_dir *dir, char *name, size_t room)
{
    for (int i = 0; i < TEMPORARY_TRIES_MAX; i++) {
        uint64_t number;
        if (gs_sys_getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
            return -1;
        snprintf(name, room, ".tmp-%016llx", (unsigned long long)number);
        int fd = gs_sys_openat(dir->fd, name,
                               O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW,
                               GS_SABOTAGED(file_mode) ? 0666 : 0640);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

gsearch_status gs_file_create(gs_dir *dir, gs_file **out, gsearch_error *err)
{
    gs_file *file = gs_mem_alloc(dir->mem, sizeof(*file));
    if (!file)
        return gs_fail_memory(err);
    file->dir = dir;
    file->offset = 0;
    file->filled = 0;
    file->failure = 0;
    file->sum = gs_checksum_stream_new(dir->mem);
    if (!file->sum) {
        gs_mem_free(dir->mem, file);
        return gs_fail_memory(err);
    }
    file->fd = open_temporary(dir, file->name, sizeof(file->name));
    if (file->fd < 0) {
        int failure = errno;
        gs_checksum_stream_free(dir->mem, file->sum);
        gs_mem_free(dir->mem, file);
        return gs_fail_errno(err, failure, "cannot make a file in %s", dir->path);
    }
    *out = file;
    return GSEARCH_OK;
}

static void write_out(gs_file *file, const uint8_t *data, size_t len)
{
    if (!file->failure)
        file->failure = write_all(file->fd, data, len);
}

void gs_file_write(gs_file *file, const void *data, size_t len)
{
    if (len == 0 || file->failure)
        return;
    gs_checksum_stream_add(file->sum, data, len);
    file->offset += len;
    if (len > sizeof(file->buffer) - file->filled) {
        write_out(file, file->buffer, file->filled);
        file->filled = 0;
    }
    if (len >= sizeof(file->buffer)) {
        write_out(file, data, len);
        return;
    }
    memcpy(file->buffer + file->filled, data, len);
    file->filled += len;
}

uint64_t gs_file_offset(const gs_file *file)
{
    return file->offset;
}

gs_hash128 gs_file_hash(const gs_file *file)
{
    return gs_checksum_stream_result(file->sum);
}

/* Whether all of `fd` is what was handed to `file`, whose buffer is used up. */
static gsearch_status compare_content(gs_file *file, int fd, const char *name, bool *same,
                                      gsearch_error *err)
{
    const gs_dir *dir = file->dir;
    gs_checksum_stream *sum = gs_checksum_stream_new(dir->mem);
    if (!sum)
        return gs_fail_memory(err);
    uint64_t offset = 0;
    size_t got;
    int failure;
    do {
        failure = read_at(fd, offset, file->buffer, sizeof(file->buffer), &got);
        gs_checksum_stream_add(sum, file->buffer, got);
        offset += got;
    } while (!failure && got == sizeof(file->buffer));
    gs_hash128 read = gs_checksum_stream_result(sum);
    gs_hash128 written = gs_checksum_stream_result(file->sum);
    gs_checksum_stream_free(dir->mem, sum);
    if (failure)
        return gs_fail_errno(err, failure, "cannot read back %s/%s", dir->path, name);
    *same = offset == file->offset && read.low == written.low && read.high == written.high;
    return GSEARCH_OK;
}

static gsearch_status read_back(gs_file *file, const char *name, gsearch_error *err)
{
    bool same;
    GS_TRY(compare_content(file, file->fd, name, &same, err));
    if (!same && !GS_SABOTAGED(read_back))
        return gs_fail(err, GSEARCH_IO,
                       "%s/%s does not read back as it was written; check the disk",
                       file->dir->path, name);
    return GSEARCH_OK;
}

/* Gives the file its name unless that is taken. Returns 0 or an errno. */
static int rename_new(int dir_fd, const char *from, const char *to)
{
    unsigned flags = GS_SABOTAGED(no_replace) ? 0 : RENAME_NOREPLACE;
    if (gs_sys_renameat2(dir_fd, from, to, flags) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    // a file system without this kind of rename: a second name never replaces either
    if (gs_sys_linkat(dir_fd, from, to))
        return errno;
    return gs_sys_unlinkat(dir_fd, from) ? errno : 0;
}

/* The name is taken: fine if it stands for the same content. A file that has rotted is not
 * replaced, since a generation may name it. */
static gsearch_status accept_same(gs_file *file, const char *name, bool same_is_fine,
                                  gsearch_error *err)
{
    const char *path = file->dir->path;
    if (!same_is_fine)
        return gs_fail(err, GSEARCH_LOCKED, "%s/%s is there already: another writer was here",
                       path, name);
    int fd;
    uint64_t length;
    bool same = false;
    GS_TRY(open_file(file->dir, name, &fd, &length, err));
    gsearch_status status = GSEARCH_OK;
    if (length == file->offset)
        status = compare_content(file, fd, name, &same, err);
    if (!status && !same)
        status = gs_corrupt(err,
                            "%s/%s is there already and damaged; move it away and try again, or "
                            "build the index anew elsewhere", path, name);
    if (!status && gs_sys_fsync(fd)) // whoever wrote it may have ended before
        status = gs_fail_errno(err, errno, "cannot sync %s/%s", path, name);
    gs_sys_close(fd);
    return status;
}

/* Everything up to the rename. Closes the descriptor in every case. */
static gsearch_status settle(gs_file *file, const char *name, gsearch_error *err)
{
    const char *path = file->dir->path;
    gsearch_status status = GSEARCH_OK;
    write_out(file, file->buffer, file->filled);
    if (file->failure)
        status = gs_fail_errno(err, file->failure, "cannot write %s/%s", path, name);
    if (!status)
        status = read_back(file, name, err);
    if (!status && !GS_SABOTAGED(file_sync) && gs_sys_fsync(file->fd))
        status = gs_fail_errno(err, errno, "cannot sync %s/%s", path, name);
    if (gs_sys_close(file->fd) && !status)
        status = gs_fail_errno(err, errno, "cannot close %s/%s", path, name);
    file->fd = -1;
    return status;
}

gsearch_status gs_file_publish(gs_file *file, const char *name, bool same_is_fine,
                               gsearch_error *err)
{
    gsearch_status status = settle(file, name, err);
    if (status)
        goto out;
    int failure = rename_new(file->dir->fd, file->name, name);
    if (failure == 0)
        file->name[0] = '\0';
    else if (failure == EEXIST)
        status = accept_same(file, name, same_is_fine, err);
    else
        status = gs_fail_errno(err, failure, "cannot name %s/%s", file->dir->path, name);
out:
    gs_file_abort(file);
    return status;
}

void gs_file_abort(gs_file *file)
{
    if (!file)
        return;
    const gs_mem *mem = file->dir->mem;
    if (file->fd >= 0)
        gs_sys_close(file->fd);
    if (file->name[0] && !GS_SABOTAGED(clean_up))
        gs_sys_unlinkat(file->dir->fd, file->name);
    gs_checksum_stream_free(mem, file->sum);
    gs_mem_free(mem, file);
}

/* ---- scratch ---- */

struct gs_scratch {
    gs_dir *dir;
    uint64_t offset;
    size_t filled;
    int fd;
    uint8_t buffer[WRITE_BUFFER_BYTES];
};

/* Returns a descriptor of a file without a name, or -1 with errno set. */
static int open_nameless(gs_dir *dir)
{
    int fd = gs_sys_openat(dir->fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    char name[sizeof(".tmp-") + 16];
    fd = open_temporary(dir, name, sizeof(name));
    if (fd >= 0)
        gs_sys_unlinkat(dir->fd, name);
    return fd;
}

gsearch_status gs_scratch_open(gs_dir *dir, gs_scratch **out, gsearch_error *err)
{
    gs_scratch *scratch = gs_mem_alloc(dir->mem, sizeof(*scratch));
    if (!scratch)
        return gs_fail_memory(err);
    scratch->dir = dir;
    scratch->offset = 0;
    scratch->filled = 0;
    scratch->fd = open_nameless(dir);
    if (scratch->fd < 0) {
        int failure = errno;
        gs_mem_free(dir->mem, scratch);
        return gs_fail_errno(err, failure, "cannot make a scratch file in %s", dir->path);
    }
    *out = scratch;
    return GSEARCH_OK;
}

gsearch_status gs_scratch_flush(gs_scratch *scratch, gsearch_error *err)
{
    int failure = write_all(scratch->fd, scratch->buffer, scratch->filled);
    if (failure)
        return gs_fail_errno(err, failure, "cannot write a scratch file in %s",
                             scratch->dir->path);
    scratch->filled = 0;
    return GSEARCH_OK;
}

gsearch_status gs_scratch_write(gs_scratch *scratch, const void *data, size_t len,
                                gsearch_error *err)
{
    const uint8_t *ptr = data;
    while (len) {
        if (scratch->filled == sizeof(scratch->buffer))
            GS_TRY(gs_scratch_flush(scratch, err));
        size_t part = sizeof(scratch->buffer) - scratch->filled;
        if (part > len)
            part = len;
        memcpy(scratch->buffer + scratch->filled, ptr, part);
        scratch->filled += part;
        scratch->offset += part;
        ptr += part;
        len -= part;
    }
    return GSEARCH_OK;
}

uint64_t gs_scratch_size(const gs_scratch *scratch)
{
    return scratch->offset;
}

gsearch_status gs_scratch_read(const gs_scratch *scratch, uint64_t offset, void *out, size_t len,
                               gsearch_error *err)
{
    size_t got;
    int failure = read_at(scratch->fd, offset, out, len, &got);
    if (failure)
        return gs_fail_errno(err, failure, "cannot read a scratch file in %s",
                             scratch->dir->path);
    if (got != len)
        return gs_fail(err, GSEARCH_IO, "a scratch file in %s ends early", scratch->dir->path);
    return GSEARCH_OK;
}

void gs_scratch_close(gs_scratch *scratch)
{
    if (!scratch)
        return;
    gs_sys_close(scratch->fd);
    gs_mem_free(scratch->dir->mem, scratch);
}

/* ---- reading a published file ---- */

gsearch_status gs_dir_read(gs_dir *dir, const char *name, size_t max, gs_buf *out,
                           gsearch_error *err)
{
    int fd;
    uint64_t size;
    GS_TRY(open_file(dir, name, &fd, &size, err));
    gsearch_status status = GSEARCH_OK;
    if (size > max) {
        status = gs_fail(err, GSEARCH_LIMIT, "%s/%s has %llu bytes, over the limit of %zu",
                         dir->path, name, (unsigned long long)size, max);
        goto out;
    }
    uint8_t *room = gs_buf_reserve(out, (size_t)size);
    if (!room) {
        status = out->status == GSEARCH_LIMIT
                     ? gs_fail(err, GSEARCH_LIMIT, "%s/%s is too long", dir->path, name)
                     : gs_fail_memory(err);
        goto out;
    }
    size_t got;
    int failure = read_at(fd, 0, room, (size_t)size, &got);
    if (failure)
        status = gs_fail_errno(err, failure, "cannot read %s/%s", dir->path, name);
    else
        out->len += got;
out:
    gs_sys_close(fd);
    return status;
}

/* ---- maps ---- */

struct gs_map {
    const gs_mem *mem;
    const uint8_t *data;
    size_t len;
    bool is_mapped;      // else `data` is a copy in memory
    gs_guarded *guarded; // NULL without the guard of the programs
};

/* False, with nothing changed, if the file cannot be mapped or the guard has no room for it. */
static bool map_pages(gs_map *map, int fd)
{
    void *pages = gs_sys_mmap(fd, map->len);
    if (pages == MAP_FAILED)
        return false;
    gs_guarded *guarded = gs_guard_watch ? gs_guard_watch(pages, map->len) : NULL;
    if (gs_guard_watch && !guarded) {
        gs_sys_munmap(pages, map->len);
        return false;
    }
    map->data = pages;
    map->is_mapped = true;
    map->guarded = guarded;
    return true;
}

static gsearch_status copy_content(gs_map *map, gs_dir *dir, const char *name, int fd,
                                   gsearch_error *err)
{
    uint8_t *data = gs_mem_alloc(map->mem, map->len);
    if (!data)
        return gs_fail_memory(err);
    size_t got;
    int failure = read_at(fd, 0, data, map->len, &got);
    if (failure == 0 && got == map->len) {
        map->data = data;
        return GSEARCH_OK;
    }
    gs_mem_free(map->mem, data);
    if (failure)
        return gs_fail_errno(err, failure, "cannot read %s/%s", dir->path, name);
    return gs_corrupt(err, "%s/%s was cut short while it was read", dir->path, name);
}

gsearch_status gs_map_open(gs_dir *dir, const char *name, uint64_t length, bool map, gs_map **out,
                           gsearch_error *err)
{
    int fd;
    uint64_t size;
    GS_TRY(open_file(dir, name, &fd, &size, err));
    gsearch_status status = GSEARCH_OK;
    gs_map *opened = NULL;
    if (size != length && !GS_SABOTAGED(file_length)) {
        status = gs_corrupt(err, "%s/%s has %llu bytes instead of %llu", dir->path, name,
                            (unsigned long long)size, (unsigned long long)length);
        goto out;
    }
    opened = gs_mem_alloc(dir->mem, sizeof(*opened));
    if (!opened) {
        status = gs_fail_memory(err);
        goto out;
    }
    *opened = (gs_map){.mem = dir->mem, .len = (size_t)size};
    // a file that cannot be mapped can still be read
    if (!map || opened->len == 0 || !map_pages(opened, fd))
        status = copy_content(opened, dir, name, fd, err);
out:
    gs_sys_close(fd);
    if (status)
        gs_mem_free(dir->mem, opened);
    else
        *out = opened;
    return status;
}

gs_bytes gs_map_bytes(const gs_map *map)
{
    return gs_bytes_of(map->data, map->len);
}

bool gs_map_lost(const gs_map *map)
{
    return map->guarded && gs_guard_lost(map->guarded);
}

void gs_map_forget(const gs_map *map)
{
    // advice: if it is not taken, the pages stay until the system needs them
    if (map->is_mapped)
        (void)!gs_sys_madvise((void *)(uintptr_t)map->data, map->len, MADV_DONTNEED);
}

void gs_map_close(gs_map *map)
{
    if (!map)
        return;
    if (map->guarded)
        gs_guard_release(map->guarded);
    if (map->is_mapped)
        gs_sys_munmap((void *)(uintptr_t)map->data, map->len);
    else
        gs_mem_free(map->mem, (void *)(uintptr_t)map->data);
    gs_mem_free(map->mem, map);
}
