/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the walk. Folders are opened relative to their parents and never through a link, so a tree
 * that changes meanwhile cannot lead out of itself. A path that was typed may be a link: whoever
 * types it means what it points to. One typed path inside another is walked by itself, so that
 * each file is met once.
 */
#include "indexer/corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "common/base/limits.h"
#include "common/base/sabotage.h"
#include "common/base/sys.h"
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
            gs_buf_printf(out, "\\x%02X", *ptr++);
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
    uint32_t root_len; // of the path that is walked
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

/* Says that what is at self->path may hold anything: documents of it are not gone. */
static gsearch_status skip_unseen(walk *self, gs_skip why, const char *detail, gsearch_error *err)
{
    gs_corpus *corpus = self->corpus;
    void *unseen = corpus->unseen;
    if (!gs_mem_grow(corpus->mem, &unseen, &corpus->unseen_capacity, corpus->unseen_count + 1,
                     SIZE_MAX, sizeof(*corpus->unseen)))
        return gs_fail_memory(err);
    corpus->unseen = unseen;
    const char *copy = gs_arena_dup(&corpus->arena, gs_bytes_of(self->path, self->path_len));
    if (!copy)
        return gs_fail_memory(err);
    corpus->unseen[corpus->unseen_count++] = copy;
    skip(self, why, detail);
    return GSEARCH_OK;
}

/* Adds the file at self->path, or standard input for a NULL `info`. */
static gsearch_status add_file(walk *self, const struct stat *info, gsearch_error *err)
{
    gs_corpus *corpus = self->corpus;
    void *files = corpus->files;
    if (!gs_mem_grow(corpus->mem, &files, &corpus->files_capacity, corpus->files_count + 1,
                     UINT32_MAX - 1, sizeof(*corpus->files)))
        return gs_fail_memory(err);
    corpus->files = files;
    gs_bytes path = info ? gs_bytes_of(self->path, self->path_len) : gs_bytes_str("-");
    const char *copy = gs_arena_dup(&corpus->arena, path);
    if (!copy)
        return gs_fail_memory(err);
    corpus->files[corpus->files_count++] = (gs_corpus_file){
        .path = copy,
        .size = info ? (uint64_t)info->st_size : 0,
        .mtime_ns = info ? (int64_t)info->st_mtim.tv_sec * NS_PER_S + info->st_mtim.tv_nsec : 0,
        .root_len = self->root_len,
        .is_stdin = !info,
    };
    return GSEARCH_OK;
}

static void leave_folder(walk *self)
{
    gs_sys_closedir(self->levels[--self->depth].stream);
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
static gsearch_status enter_folder(walk *self, int fd, gsearch_error *err)
{
    struct stat info;
    DIR *stream = NULL;
    gsearch_status status = GSEARCH_OK;
    if (gs_sys_fstat(fd, &info)) {
        status = skip_unseen(self, GS_SKIP_UNREADABLE, "cannot look at it", err);
    } else if (self->has_index && info.st_dev == self->index_device &&
               info.st_ino == self->index_inode) {
        // The index does not index itself.
    } else if (self->depth > GS_WALK_DEPTH_MAX || is_open(self, &info)) {
        status = skip_unseen(self, GS_SKIP_TOO_DEEP, "folder", err);
    } else {
        stream = gs_sys_fdopendir(fd);
        if (!stream)
            status = skip_unseen(self, GS_SKIP_UNREADABLE, "cannot list it", err);
    }
    if (!stream) {
        gs_sys_close(fd);
        return status;
    }
    self->levels[self->depth++] = (level){
        .stream = stream,
        .device = info.st_dev,
        .inode = info.st_ino,
        .path_len = self->path_len,
    };
    return GSEARCH_OK;
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

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b); // of bytes, as unsigned char
}

static bool has_path(const char *const *paths, size_t count, gs_bytes path)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        int order = gs_bytes_compare(gs_bytes_str(paths[middle]), path);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            count = middle;
    }
    return false;
}

static gsearch_status visit(walk *self, const char *name, gsearch_error *err)
{
    int parent = gs_sys_dirfd(self->levels[self->depth - 1].stream);
    if (!set_path(self, name)) {
        self->path_len = self->levels[self->depth - 1].path_len;
        skip(self, GS_SKIP_TOO_DEEP, "the path of something in it is too long");
        return GSEARCH_OK;
    }
    gs_bytes path = gs_bytes_of(self->path, self->path_len);
    if (has_path(self->corpus->roots, self->corpus->roots_count, path))
        return GSEARCH_OK; // it is walked by itself
    struct stat info;
    if (gs_sys_fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW)) {
        if (errno == ENOENT) // it went away meanwhile
            return GSEARCH_OK;
        return skip_unseen(self, GS_SKIP_UNREADABLE, "cannot look at it", err);
    }
    if (S_ISREG(info.st_mode))
        return add_file(self, &info, err);
    if (S_ISLNK(info.st_mode)) {
        skip(self, GS_SKIP_SYMLINK, "");
    } else if (!S_ISDIR(info.st_mode)) {
        skip(self, GS_SKIP_SPECIAL, "");
    } else {
        int fd = gs_sys_openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
        if (fd >= 0)
            return enter_folder(self, fd, err);
        return skip_unseen(self, GS_SKIP_UNREADABLE, "cannot open the folder", err);
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
        const struct dirent *entry = gs_sys_readdir(top->stream);
        if (!entry) {
            self->path_len = top->path_len;
            if (errno)
                status = skip_unseen(self, GS_SKIP_UNREADABLE, "cannot list all of it", err);
            leave_folder(self);
        } else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = visit(self, entry->d_name, err);
        }
    }
    while (self->depth)
        leave_folder(self);
    return status;
}

#define OPEN_FILE (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define OPEN_FOLDER (O_PATH | O_DIRECTORY | O_CLOEXEC)

static int open_typed(const char *path, int flags)
{
    return gs_sys_openat(AT_FDCWD, *path ? path : ".", flags, 0);
}

/* Step by step: a folder on the way may have become a link since the walk. */
int gs_corpus_open(const gs_corpus_file *file)
{
    const char *rest = file->path + file->root_len;
    if (!*rest)
        return open_typed(file->path, OPEN_FILE);
    char name[GS_ID_BYTES_MAX + 1];
    memcpy(name, file->path, file->root_len);
    name[file->root_len] = '\0';
    int fd = open_typed(name, OPEN_FOLDER);
    while (fd >= 0 && *rest) {
        rest += *rest == '/';
        size_t len = strcspn(rest, "/");
        memcpy(name, rest, len);
        name[len] = '\0';
        rest += len;
        int no_link = GS_SABOTAGED(input_link) ? 0 : O_NOFOLLOW;
        int next = gs_sys_openat(fd, name, (*rest ? OPEN_FOLDER : OPEN_FILE) | no_link, 0);
        int failure = errno;
        gs_sys_close(fd);
        errno = failure;
        fd = next;
    }
    return fd;
}

static gsearch_status walk_root(walk *self, const char *root, gsearch_error *err)
{
    struct stat info;
    int fd = open_typed(root, OPEN_FILE);
    if (fd < 0 || gs_sys_fstat(fd, &info)) {
        int failure = errno;
        if (fd >= 0)
            gs_sys_close(fd);
        return gs_fail(err, GSEARCH_NOT_FOUND, "cannot read %s: %s; nothing was indexed",
                       *root ? root : ".", strerrordesc_np(failure));
    }
    self->path_len = strlen(root);
    self->root_len = (uint32_t)self->path_len;
    memcpy(self->path, root, self->path_len + 1);
    if (S_ISDIR(info.st_mode)) {
        GS_TRY(enter_folder(self, fd, err));
        return walk_folders(self, err);
    }
    gs_sys_close(fd);
    if (S_ISREG(info.st_mode))
        return add_file(self, &info, err);
    skip(self, GS_SKIP_SPECIAL, "");
    return GSEARCH_OK;
}

/* ---- the whole ---- */

static int compare_files(const void *a, const void *b)
{
    const gs_corpus_file *left = a;
    const gs_corpus_file *right = b;
    return strcmp(left->path, right->path); // of bytes, as unsigned char
}

/* True if the name at `at` leads out of the folder that is named before it. */
static bool climbs(gs_bytes path, size_t at)
{
    return path.len - at >= 2 && memcmp(path.ptr + at, "..", 2) == 0 &&
           (path.len - at == 2 || path.ptr[at + 2] == '/');
}

/* True if `paths` have `path` or something above it. Where ".." follows, nothing before it is. */
static bool has_above(const char *const *paths, size_t count, gs_bytes path)
{
    if (count == 0)
        return false;
    for (size_t len = path.len; len; len--) {
        bool is_whole = len == path.len || path.ptr[len] == '/';
        if (is_whole && len < path.len && climbs(path, len + 1))
            return false;
        if (is_whole && has_path(paths, count, gs_bytes_of(path.ptr, len)))
            return true;
    }
    // what is left is the root folder, or the current one
    bool is_absolute = path.len && path.ptr[0] == '/';
    gs_bytes top = gs_bytes_str(is_absolute ? "/" : "");
    return !climbs(path, is_absolute) && has_path(paths, count, top);
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

/* A path typed twice counts once. */
static void sort_roots(gs_corpus *corpus)
{
    if (corpus->roots_count == 0)
        return;
    qsort(corpus->roots, corpus->roots_count, sizeof(*corpus->roots), compare_paths);
    size_t kept = 1;
    for (size_t i = 1; i < corpus->roots_count; i++) {
        if (strcmp(corpus->roots[i], corpus->roots[kept - 1]) != 0)
            corpus->roots[kept++] = corpus->roots[i];
    }
    corpus->roots_count = kept;
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
    sort_roots(corpus);
    for (size_t i = 0; i < corpus->roots_count; i++)
        GS_TRY(walk_root(self, corpus->roots[i], err));
    if (corpus->files_count)
        qsort(corpus->files, corpus->files_count, sizeof(*corpus->files), compare_files);
    if (corpus->unseen_count)
        qsort(corpus->unseen, corpus->unseen_count, sizeof(*corpus->unseen), compare_paths);
    return corpus->has_stdin ? add_file(self, NULL, err) : GSEARCH_OK;
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
        if (gs_sys_fstatat(AT_FDCWD, options->index_dir, &info, 0) == 0) {
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
    gs_mem_free(corpus->mem, corpus->unseen);
    gs_mem_free(corpus->mem, corpus->files);
    *corpus = (gs_corpus){.mem = corpus->mem};
}

bool gs_corpus_covers(const gs_corpus *corpus, gs_bytes path)
{
    return has_above(corpus->roots, corpus->roots_count, path);
}

bool gs_corpus_is_unseen(const gs_corpus *corpus, gs_bytes path)
{
    return has_above(corpus->unseen, corpus->unseen_count, path);
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

gs_skip gs_corpus_reason(gs_input_reason why)
{
    static const gs_skip reasons[GS_INPUT_REASONS] = {
        [GS_INPUT_BAD_RECORD] = GS_SKIP_BAD_RECORD,
        [GS_INPUT_EMPTY] = GS_SKIP_EMPTY,
        [GS_INPUT_TOO_LARGE] = GS_SKIP_TOO_LARGE,
        [GS_INPUT_TOO_DEEP] = GS_SKIP_TOO_DEEP,
    };
    return reasons[why];
}

void gs_corpus_note_skip(gs_corpus_file *file, gs_skip why)
{
    for (int i = 0; i < GS_INPUT_REASONS; i++) {
        if (gs_corpus_reason((gs_input_reason)i) == why && file->skipped[i] < UINT32_MAX)
            file->skipped[i]++;
    }
}
