/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the walk. Folders are opened relative to their parents and never through a link, so a tree
 * that changes meanwhile cannot lead out of itself. A path that was typed may be a link: whoever
 * types it means what it points to.
 */
#include "indexer/corpus.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "common/base/utf8.h"

#define NS_PER_S 1000000000

/* ---- paths and ids ---- */

void gs_path_normalize(gs_buf *out, gs_bytes path)
{
    size_t from = 0;
    bool is_absolute = path.len && path.ptr[0] == '/';
    size_t begin = out->len;
    if (is_absolute)
        gs_buf_u8(out, '/');
    while (from < path.len) {
        const uint8_t *slash = memchr(path.ptr + from, '/', path.len - from);
        size_t end = slash ? (size_t)(slash - path.ptr) : path.len;
        gs_bytes name = gs_bytes_of(path.ptr + from, end - from);
        bool is_first = out->len == begin + is_absolute;
        bool is_dropped =
            name.len == 0 || (is_first && !is_absolute && name.len == 1 && name.ptr[0] == '.');
        if (!is_dropped) {
            if (!is_first)
                gs_buf_u8(out, '/');
            gs_buf_bytes(out, name);
        }
        from = end + 1;
    }
}

void gs_path_id(gs_buf *out, gs_bytes path)
{
    const uint8_t *ptr = path.ptr;
    const uint8_t *end = path.ptr + path.len;
    while (ptr < end) {
        size_t valid = gs_utf8_valid_prefix(gs_bytes_of(ptr, (size_t)(end - ptr)));
        for (const uint8_t *stop = ptr + valid; ptr < stop; ptr++) {
            if (*ptr == '\\')
                gs_buf_u8(out, '\\');
            gs_buf_u8(out, *ptr);
        }
        if (ptr == end)
            break;
        uint32_t code_point;
        for (size_t bad = gs_utf8_decode(ptr, end, &code_point); bad; bad--)
            gs_buf_printf(out, "\\x%02x", *ptr++);
    }
}

/* ---- the walk ---- */

typedef struct level {
    DIR *stream;
    dev_t device;
    ino_t inode;
    size_t path_len; // of the folder in walk.path
} level;

typedef struct walk {
    gs_corpus *corpus;
    const gs_corpus_options *options;
    bool has_index; // the index folder exists: device and inode
    dev_t index_device;
    ino_t index_inode;
    char path[GS_ID_BYTES_MAX + 1];
    size_t path_len;
    level levels[GS_WALK_DEPTH_MAX + 1];
    size_t depth; // levels in use
} walk;

static void skip(const walk *self, gs_skip why, const char *detail)
{
    self->options->on_skip(gs_bytes_of(self->path, self->path_len), why, detail,
                           self->options->payload);
}

static gsearch_status add_file(gs_corpus *corpus, gs_bytes path, const struct stat *info,
                               gsearch_error *err)
{
    void *files = corpus->files;
    if (!gs_mem_grow(corpus->mem, &files, &corpus->files_capacity, corpus->files_count + 1,
                     UINT32_MAX - 1, sizeof(*corpus->files)))
        return gs_fail_memory(err);
    corpus->files = files;
    char *copy = gs_arena_alloc(&corpus->arena, path.len + 1);
    if (!copy)
        return gs_fail_memory(err);
    memcpy(copy, path.ptr, path.len);
    copy[path.len] = '\0';
    corpus->files[corpus->files_count++] = (gs_corpus_file){
        .path = copy,
        .size = info ? (uint64_t)info->st_size : 0,
        .mtime_ns = info ? (int64_t)info->st_mtim.tv_sec * NS_PER_S + info->st_mtim.tv_nsec : 0,
        .is_stdin = !info,
    };
    return GSEARCH_OK;
}

static void leave_folder(walk *self)
{
    closedir(self->levels[--self->depth].stream);
}

/* A folder that contains itself, by a bind mount. */
static bool is_open(const walk *self, const struct stat *info)
{
    for (size_t i = 0; i < self->depth; i++) {
        if (self->levels[i].device == info->st_dev && self->levels[i].inode == info->st_ino)
            return true;
    }
    return false;
}

/* Takes over `fd`, a folder whose path is in self->path. */
static void enter_folder(walk *self, int fd)
{
    struct stat info;
    DIR *stream = NULL;
    if (fstat(fd, &info)) {
        skip(self, GS_SKIP_UNREADABLE, "cannot look at it");
    } else if (self->has_index && info.st_dev == self->index_device &&
               info.st_ino == self->index_inode) {
        // The index does not index itself.
    } else if (self->depth > GS_WALK_DEPTH_MAX || is_open(self, &info)) {
        skip(self, GS_SKIP_TOO_DEEP, "folder");
    } else {
        stream = fdopendir(fd);
        if (!stream)
            skip(self, GS_SKIP_UNREADABLE, "cannot list it");
    }
    if (!stream) {
        close(fd);
        return;
    }
    self->levels[self->depth++] = (level){
        .stream = stream,
        .device = info.st_dev,
        .inode = info.st_ino,
        .path_len = self->path_len,
    };
}

/* Makes self->path the path of `name` in the top folder; false if it does not fit. */
static bool set_path(walk *self, const char *name)
{
    size_t len = self->levels[self->depth - 1].path_len;
    size_t name_len = strlen(name);
    bool needs_slash = len && self->path[len - 1] != '/';
    if (name_len + needs_slash > GS_ID_BYTES_MAX - len)
        return false;
    if (needs_slash)
        self->path[len++] = '/';
    memcpy(self->path + len, name, name_len);
    self->path_len = len + name_len;
    self->path[self->path_len] = '\0';
    return true;
}

static gsearch_status visit(walk *self, const char *name, gsearch_error *err)
{
    int parent = dirfd(self->levels[self->depth - 1].stream);
    if (!set_path(self, name)) {
        self->path_len = self->levels[self->depth - 1].path_len;
        skip(self, GS_SKIP_TOO_DEEP, "the path of something in it is too long");
        return GSEARCH_OK;
    }
    struct stat info;
    if (fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW)) {
        if (errno != ENOENT) // else it went away meanwhile
            skip(self, GS_SKIP_UNREADABLE, "cannot look at it");
        return GSEARCH_OK;
    }
    if (S_ISREG(info.st_mode))
        return add_file(self->corpus, gs_bytes_of(self->path, self->path_len), &info, err);
    if (S_ISLNK(info.st_mode)) {
        skip(self, GS_SKIP_SYMLINK, "");
    } else if (!S_ISDIR(info.st_mode)) {
        skip(self, GS_SKIP_SPECIAL, "");
    } else {
        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0)
            enter_folder(self, fd);
        else
            skip(self, GS_SKIP_UNREADABLE, "cannot open the folder");
    }
    return GSEARCH_OK;
}

static gsearch_status walk_folders(walk *self, gsearch_error *err)
{
    gsearch_status status = GSEARCH_OK;
    while (self->depth && !status) {
        if (self->options->stop && *self->options->stop) {
            status = gs_fail(err, GSEARCH_BUSY, "stopped by a signal");
            break;
        }
        level *top = &self->levels[self->depth - 1];
        errno = 0;
        const struct dirent *entry = readdir(top->stream);
        if (!entry) {
            self->path_len = top->path_len;
            if (errno)
                skip(self, GS_SKIP_UNREADABLE, "cannot list all of it");
            leave_folder(self);
        } else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = visit(self, entry->d_name, err);
        }
    }
    while (self->depth)
        leave_folder(self);
    return status;
}

static int open_typed(const char *path)
{
    return open(*path ? path : ".", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int gs_corpus_open(const gs_corpus_file *file)
{
    if (file->is_typed)
        return open_typed(file->path);
    return open(file->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* `is_walked`: it lies in another root, so that it only has to be there. */
static gsearch_status walk_root(walk *self, const char *root, bool is_walked, gsearch_error *err)
{
    struct stat info;
    int fd = open_typed(root);
    if (fd < 0 || fstat(fd, &info)) {
        int failure = errno;
        if (fd >= 0)
            close(fd);
        return gs_fail(err, GSEARCH_NOT_FOUND, "cannot read %s: %s; nothing was indexed",
                       *root ? root : ".", strerrordesc_np(failure));
    }
    if (is_walked) {
        close(fd);
        return GSEARCH_OK;
    }
    self->path_len = strlen(root);
    memcpy(self->path, root, self->path_len + 1);
    if (S_ISDIR(info.st_mode)) {
        enter_folder(self, fd);
        return walk_folders(self, err);
    }
    close(fd);
    if (S_ISREG(info.st_mode)) {
        GS_TRY(add_file(self->corpus, gs_bytes_str(root), &info, err));
        self->corpus->files[self->corpus->files_count - 1].is_typed = true;
    } else {
        skip(self, GS_SKIP_SPECIAL, "");
    }
    return GSEARCH_OK;
}

/* ---- the whole ---- */

static int compare_files(const void *a, const void *b)
{
    const gs_corpus_file *left = a;
    const gs_corpus_file *right = b;
    return strcmp(left->path, right->path); // of bytes, as unsigned char
}

/* Files met twice, because one of the paths lies in another, count once. */
static void sort_files(gs_corpus *corpus)
{
    if (corpus->files_count == 0)
        return;
    qsort(corpus->files, corpus->files_count, sizeof(*corpus->files), compare_files);
    size_t kept = 1;
    for (size_t i = 1; i < corpus->files_count; i++) {
        if (strcmp(corpus->files[i].path, corpus->files[kept - 1].path) != 0)
            corpus->files[kept++] = corpus->files[i];
    }
    corpus->files_count = kept;
}

static bool is_under(gs_bytes root, gs_bytes path)
{
    if (root.len == 0) {
        bool is_above = path.len >= 2 && memcmp(path.ptr, "..", 2) == 0 &&
                        (path.len == 2 || path.ptr[2] == '/');
        return path.len == 0 || (path.ptr[0] != '/' && !is_above);
    }
    if (path.len < root.len || memcmp(path.ptr, root.ptr, root.len) != 0)
        return false;
    return path.len == root.len || root.ptr[root.len - 1] == '/' || path.ptr[root.len] == '/';
}

static gsearch_status add_root(gs_corpus *corpus, const char *typed, gsearch_error *err)
{
    gs_buf path;
    gs_buf_init(&path, corpus->mem, GS_ID_BYTES_MAX);
    gs_path_normalize(&path, gs_bytes_str(typed));
    gsearch_status status = GSEARCH_OK;
    if (*typed == '\0')
        status = gs_fail(err, GSEARCH_NOT_FOUND, "a path is empty; nothing was indexed");
    else if (path.status == GSEARCH_LIMIT)
        status = gs_fail(err, GSEARCH_NOT_FOUND, "a path is longer than %u bytes", GS_ID_BYTES_MAX);
    else if (path.status)
        status = gs_fail_memory(err);
    if (!status) {
        char *copy = gs_arena_dup(&corpus->arena, gs_buf_view(&path));
        if (copy)
            corpus->roots[corpus->roots_count++] = copy;
        else
            status = gs_fail_memory(err);
    }
    gs_buf_release(&path);
    return status;
}

static bool is_inside_another(const gs_corpus *corpus, size_t i)
{
    gs_bytes path = gs_bytes_str(corpus->roots[i]);
    for (size_t j = 0; j < corpus->roots_count; j++) {
        gs_bytes root = gs_bytes_str(corpus->roots[j]);
        if (j != i && is_under(root, path) && (j < i || !gs_bytes_equal(root, path)))
            return true;
    }
    return false;
}

static gsearch_status walk_roots(walk *self, gsearch_error *err)
{
    gs_corpus *corpus = self->corpus;
    for (size_t i = 0; i < self->options->paths_count; i++) {
        if (strcmp(self->options->paths[i], "-") == 0)
            corpus->has_stdin = true;
        else
            GS_TRY(add_root(corpus, self->options->paths[i], err));
    }
    for (size_t i = 0; i < corpus->roots_count; i++)
        GS_TRY(walk_root(self, corpus->roots[i], is_inside_another(corpus, i), err));
    sort_files(corpus);
    if (corpus->has_stdin)
        return add_file(corpus, gs_bytes_str("-"), NULL, err);
    return GSEARCH_OK;
}

gsearch_status gs_corpus_walk(gs_corpus *corpus, const gs_mem *mem,
                              const gs_corpus_options *options, gsearch_error *err)
{
    *corpus = (gs_corpus){.mem = mem};
    gs_arena_init(&corpus->arena, mem, SIZE_MAX);
    corpus->roots = gs_mem_calloc(mem, options->paths_count + 1, sizeof(*corpus->roots));
    walk *self = gs_mem_calloc(mem, 1, sizeof(*self));
    gsearch_status status = corpus->roots && self ? GSEARCH_OK : gs_fail_memory(err);
    if (!status) {
        self->corpus = corpus;
        self->options = options;
        struct stat info;
        if (stat(options->index_dir, &info) == 0) {
            self->has_index = true;
            self->index_device = info.st_dev;
            self->index_inode = info.st_ino;
        }
        status = walk_roots(self, err);
    }
    gs_mem_free(mem, self);
    return status;
}

void gs_corpus_release(gs_corpus *corpus)
{
    gs_arena_release(&corpus->arena);
    gs_mem_free(corpus->mem, corpus->roots);
    gs_mem_free(corpus->mem, corpus->files);
    *corpus = (gs_corpus){.mem = corpus->mem};
}

bool gs_corpus_covers(const gs_corpus *corpus, gs_bytes path)
{
    for (size_t i = 0; i < corpus->roots_count; i++) {
        if (is_under(gs_bytes_str(corpus->roots[i]), path))
            return true;
    }
    return false;
}

size_t gs_corpus_find(const gs_corpus *corpus, gs_bytes path)
{
    size_t low = 0;
    size_t high = corpus->files_count - corpus->has_stdin;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = gs_bytes_compare(gs_bytes_str(corpus->files[middle].path), path);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return corpus->files_count;
}
