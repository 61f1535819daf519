/* SPDX-License-Identifier: Apache-2.0
 *
 * Inodes and names in arrays. Content that was put or restored is borrowed until it is written to.
 */
#include "tests/durability/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/segment/segment.h"
#include "tests/support/check.h"

#define INODES_MAX 2048u
#define NAMES_MAX 256u
#define DESCRIPTORS_MAX 256
#define FIRST_DESCRIPTOR 1000000 /* no descriptor of the kernel is so high */
#define BLOCK_BYTES 4096u

typedef struct inode {
    uint8_t *data;
    size_t len;
    bool is_borrowed;
    unsigned uses; // names and descriptors
} inode;

typedef struct name {
    char text[GS_DISK_NAME_MAX];
    uint32_t inode;
} name;

typedef struct descriptor {
    enum { CLOSED, FILE_OPEN, FOLDER_OPEN, ROOT_OPEN } kind;
    uint32_t inode;
    size_t offset;
    bool has_lock;
} descriptor;

typedef struct stream {
    int fd;
    size_t next, count;
    struct stream *below;
    struct dirent entry;
    char names[NAMES_MAX][GS_DISK_NAME_MAX]; // as they were when it was opened
} stream;

static struct {
    inode inodes[INODES_MAX];
    uint32_t inodes_count;
    name names[NAMES_MAX];
    size_t names_count;
    descriptor descriptors[DESCRIPTORS_MAX];
    stream *streams;
    gs_disk_entry *log;
    size_t log_count, log_capacity;
    uint64_t bound;
    bool has_folder;
} disk;

/* ---- parts ---- */

static int fail_call(int failure)
{
    errno = failure;
    return -1;
}

static gs_disk_entry *note(gs_disk_change kind, uint32_t number)
{
    if (disk.log_count == disk.log_capacity) {
        disk.log_capacity = disk.log_capacity ? disk.log_capacity * 2 : 256;
        disk.log = realloc(disk.log, disk.log_capacity * sizeof(*disk.log));
        assert_non_null(disk.log);
    }
    gs_disk_entry *entry = &disk.log[disk.log_count++];
    *entry = (gs_disk_entry){.kind = kind, .inode = number};
    return entry;
}

static void copy_name(char *to, const char *from)
{
    assert_true(strlen(from) < GS_DISK_NAME_MAX);
    snprintf(to, GS_DISK_NAME_MAX, "%s", from);
}

static name *find_name(const char *text)
{
    for (size_t i = 0; i < disk.names_count; i++)
        if (strcmp(disk.names[i].text, text) == 0)
            return &disk.names[i];
    return NULL;
}

static void add_name(const char *text, uint32_t number)
{
    assert_true(disk.names_count < NAMES_MAX);
    name *added = &disk.names[disk.names_count++];
    copy_name(added->text, text);
    added->inode = number;
    disk.inodes[number].uses++;
}

static uint32_t add_inode(void)
{
    assert_true(disk.inodes_count < INODES_MAX);
    disk.inodes[disk.inodes_count] = (inode){0};
    return disk.inodes_count++;
}

static descriptor *descriptor_of(int fd)
{
    assert_true(gs_disk_has_fd(fd));
    descriptor *found = &disk.descriptors[fd - FIRST_DESCRIPTOR];
    assert_true(found->kind != CLOSED);
    return found;
}

static int open_as(descriptor opened)
{
    for (int i = 0; i < DESCRIPTORS_MAX; i++) {
        if (disk.descriptors[i].kind != CLOSED)
            continue;
        disk.descriptors[i] = opened;
        if (opened.kind == FILE_OPEN)
            disk.inodes[opened.inode].uses++;
        return FIRST_DESCRIPTOR + i;
    }
    return fail_call(EMFILE);
}

static uint64_t blocks(size_t len)
{
    return (len + BLOCK_BYTES - 1) / BLOCK_BYTES;
}

/* ---- for tests ---- */

void gs_disk_clear(void)
{
    for (uint32_t i = 0; i < disk.inodes_count; i++)
        if (!disk.inodes[i].is_borrowed)
            free(disk.inodes[i].data);
    for (size_t i = 0; i < disk.log_count; i++)
        free(disk.log[i].data);
    while (disk.streams)
        gs_disk_closedir((DIR *)disk.streams);
    memset(disk.descriptors, 0, sizeof(disk.descriptors));
    disk.inodes_count = 0;
    disk.names_count = disk.log_count = 0;
    disk.has_folder = false;
}

void gs_disk_make_folder(void)
{
    disk.has_folder = true;
}

void gs_disk_put(const char *text, const uint8_t *data, size_t len)
{
    uint32_t number = add_inode();
    disk.inodes[number] =
        (inode){.data = (uint8_t *)(uintptr_t)data, .len = len, .is_borrowed = true};
    add_name(text, number);
}

static const uint8_t *content_of(uint32_t number, size_t *len)
{
    static const uint8_t nothing[1];
    *len = disk.inodes[number].len;
    return *len ? disk.inodes[number].data : nothing;
}

const uint8_t *gs_disk_get(const char *text, size_t *len)
{
    const name *found = find_name(text);
    return found ? content_of(found->inode, len) : NULL;
}

bool gs_disk_has_folder(void)
{
    return disk.has_folder;
}

size_t gs_disk_count(void)
{
    return disk.names_count;
}

const char *gs_disk_name(size_t number)
{
    return disk.names[number].text;
}

void gs_disk_bound(uint64_t bytes)
{
    disk.bound = bytes;
}

uint64_t gs_disk_used(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < disk.inodes_count; i++)
        if (disk.inodes[i].uses)
            sum += blocks(disk.inodes[i].len) * BLOCK_BYTES;
    return sum;
}

unsigned gs_disk_open_count(void)
{
    unsigned count = 0;
    for (int i = 0; i < DESCRIPTORS_MAX; i++)
        count += disk.descriptors[i].kind != CLOSED;
    return count;
}

gs_disk_entry *gs_disk_take_log(size_t *count)
{
    gs_disk_entry *log = disk.log;
    *count = disk.log_count;
    disk.log = NULL;
    disk.log_count = disk.log_capacity = 0;
    return log;
}

void gs_disk_log_free(gs_disk_entry *log, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(log[i].data);
    free(log);
}

size_t gs_disk_log_count(void)
{
    return disk.log_count;
}

struct gs_disk_image {
    bool has_folder;
    size_t count;
    struct {
        char name[GS_DISK_NAME_MAX];
        uint8_t *data;
        size_t len;
    } files[NAMES_MAX];
};

gs_disk_image *gs_disk_save(void)
{
    gs_disk_image *image = calloc(1, sizeof(*image));
    assert_non_null(image);
    image->has_folder = disk.has_folder;
    for (size_t i = 0; i < disk.names_count; i++) {
        size_t len;
        const uint8_t *data = content_of(disk.names[i].inode, &len);
        copy_name(image->files[i].name, disk.names[i].text);
        image->files[i].len = len;
        image->files[i].data = malloc(len + 1);
        assert_non_null(image->files[i].data);
        memcpy(image->files[i].data, data, len);
        image->count++;
    }
    return image;
}

void gs_disk_restore(const gs_disk_image *image)
{
    gs_disk_clear();
    disk.has_folder = image->has_folder;
    for (size_t i = 0; i < image->count; i++)
        gs_disk_put(image->files[i].name, image->files[i].data, image->files[i].len);
}

void gs_disk_add(const gs_disk_image *image)
{
    for (size_t i = 0; i < image->count; i++)
        if (!find_name(image->files[i].name))
            gs_disk_put(image->files[i].name, image->files[i].data, image->files[i].len);
}

void gs_disk_image_free(gs_disk_image *image)
{
    for (size_t i = 0; i < image->count; i++)
        free(image->files[i].data);
    free(image);
}

void gs_disk_each_file(const gs_manifest *manifest, void (*visit)(const char *text, void *payload),
                       void *payload)
{
    char hex[33], text[GS_DISK_NAME_MAX];
    for (uint32_t i = 0; i < manifest->segments_count; i++) {
        const gs_manifest_segment *segment = &manifest->segments[i];
        gs_segment_file_name(segment->segment.id, text);
        visit(text, payload);
        gs_hash128_text(segment->deletes.id, hex);
        snprintf(text, sizeof(text), "del-%s.gsd", hex);
        if (segment->deletes.length)
            visit(text, payload);
    }
    gs_hash128_text(manifest->inputs.id, hex);
    snprintf(text, sizeof(text), "inputs-%s.gsi", hex);
    if (manifest->inputs.length)
        visit(text, payload);
}

/* ---- calls on names ---- */

static bool is_index(const char *path)
{
    return strcmp(path, GS_DISK_INDEX) == 0;
}

bool gs_disk_has(int dir, const char *path)
{
    return dir == AT_FDCWD ? strncmp(path, GS_DISK_ROOT "/", sizeof(GS_DISK_ROOT)) == 0
                           : gs_disk_has_fd(dir);
}

static int open_file(const char *path, int flags)
{
    const name *found = find_name(path);
    if (found && (flags & O_CREAT) && (flags & O_EXCL))
        return fail_call(EEXIST);
    if (!found && !(flags & O_CREAT))
        return fail_call(ENOENT);
    uint32_t number;
    if (found) {
        number = found->inode;
    } else {
        number = add_inode();
        add_name(path, number);
        copy_name(note(GS_DISK_CREATE, number)->name, path);
    }
    return open_as((descriptor){.kind = FILE_OPEN, .inode = number});
}

int gs_disk_openat(int dir, const char *path, int flags)
{
    if (dir == AT_FDCWD && !is_index(path))
        return fail_call(ENOENT);
    if (dir == AT_FDCWD)
        return disk.has_folder ? open_as((descriptor){.kind = FOLDER_OPEN}) : fail_call(ENOENT);
    assert_int_equal(descriptor_of(dir)->kind, FOLDER_OPEN);
    if (strcmp(path, "..") == 0)
        return open_as((descriptor){.kind = ROOT_OPEN});
    if (strcmp(path, ".") != 0)
        return open_file(path, flags);
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return open_as((descriptor){.kind = FILE_OPEN, .inode = add_inode()});
    return open_as((descriptor){.kind = FOLDER_OPEN});
}

static int look(uint32_t number, struct stat *out)
{
    *out = (struct stat){
        .st_mode = S_IFREG | 0640, .st_size = (off_t)disk.inodes[number].len, .st_ino = number + 2};
    return 0;
}

static int look_at_folder(struct stat *out)
{
    *out = (struct stat){.st_mode = S_IFDIR | 0750, .st_ino = 1};
    return 0;
}

int gs_disk_fstatat(int dir, const char *path, struct stat *out)
{
    if (dir == AT_FDCWD)
        return is_index(path) && disk.has_folder ? look_at_folder(out) : fail_call(ENOENT);
    const name *found = find_name(path);
    return found ? look(found->inode, out) : fail_call(ENOENT);
}

int gs_disk_mkdir(const char *path)
{
    assert_true(is_index(path));
    if (disk.has_folder)
        return fail_call(EEXIST);
    disk.has_folder = true;
    note(GS_DISK_MAKE_FOLDER, 0);
    return 0;
}

int gs_disk_rename(const char *from, const char *to)
{
    name *found = find_name(from);
    if (!found || find_name(to))
        return fail_call(found ? EEXIST : ENOENT);
    gs_disk_entry *entry = note(GS_DISK_RENAME, found->inode);
    copy_name(entry->name, from);
    copy_name(entry->to, to);
    copy_name(found->text, to);
    return 0;
}

int gs_disk_link(const char *from, const char *to)
{
    const name *found = find_name(from);
    if (!found || find_name(to))
        return fail_call(found ? EEXIST : ENOENT);
    gs_disk_entry *entry = note(GS_DISK_LINK, found->inode);
    copy_name(entry->name, from);
    copy_name(entry->to, to);
    add_name(to, found->inode);
    return 0;
}

int gs_disk_unlink(const char *text)
{
    name *found = find_name(text);
    if (!found)
        return fail_call(ENOENT);
    copy_name(note(GS_DISK_REMOVE, found->inode)->name, text);
    disk.inodes[found->inode].uses--;
    *found = disk.names[--disk.names_count];
    return 0;
}

/* ---- calls on descriptors ---- */

bool gs_disk_has_fd(int fd)
{
    return fd >= FIRST_DESCRIPTOR && fd < FIRST_DESCRIPTOR + DESCRIPTORS_MAX;
}

int gs_disk_close(int fd)
{
    descriptor *closed = descriptor_of(fd);
    if (closed->kind == FILE_OPEN)
        disk.inodes[closed->inode].uses--;
    *closed = (descriptor){.kind = CLOSED};
    return 0;
}

ssize_t gs_disk_pread(int fd, void *out, size_t len, off_t offset)
{
    const inode *from = &disk.inodes[descriptor_of(fd)->inode];
    size_t start = (size_t)offset < from->len ? (size_t)offset : from->len;
    if (len > from->len - start)
        len = from->len - start;
    if (len)
        memcpy(out, from->data + start, len);
    return (ssize_t)len;
}

ssize_t gs_disk_read(int fd, void *out, size_t len)
{
    descriptor *from = descriptor_of(fd);
    ssize_t got = gs_disk_pread(fd, out, len, (off_t)from->offset);
    from->offset += (size_t)got;
    return got;
}

/* How many of `len` more bytes have room on the disk. */
static size_t room_for(const inode *to, size_t offset, size_t len)
{
    if (!disk.bound)
        return len;
    uint64_t others = gs_disk_used() - blocks(to->len) * BLOCK_BYTES;
    uint64_t room = disk.bound > others ? (disk.bound - others) / BLOCK_BYTES * BLOCK_BYTES : 0;
    if (offset + len <= to->len || offset + len <= room)
        return len;
    return room > offset ? (size_t)room - offset : 0;
}

static void set_len(inode *file, size_t len)
{
    if (file->is_borrowed) {
        uint8_t *own = malloc(file->len + 1);
        assert_non_null(own);
        if (file->len)
            memcpy(own, file->data, file->len);
        file->data = own;
        file->is_borrowed = false;
    }
    file->data = realloc(file->data, len + 1);
    assert_non_null(file->data);
    if (len > file->len)
        memset(file->data + file->len, 0, len - file->len);
    file->len = len;
}

ssize_t gs_disk_write(int fd, const void *data, size_t len)
{
    descriptor *to = descriptor_of(fd);
    inode *file = &disk.inodes[to->inode];
    size_t fits = room_for(file, to->offset, len);
    if (len && !fits)
        return fail_call(ENOSPC);
    set_len(file, to->offset + fits > file->len ? to->offset + fits : file->len);
    memcpy(file->data + to->offset, data, fits);
    gs_disk_entry *entry = note(GS_DISK_WRITE, to->inode);
    entry->offset = to->offset;
    entry->len = fits;
    entry->data = malloc(fits + 1);
    assert_non_null(entry->data);
    memcpy(entry->data, data, fits);
    to->offset += fits;
    return (ssize_t)fits;
}

int gs_disk_ftruncate(int fd, off_t size)
{
    uint32_t number = descriptor_of(fd)->inode;
    set_len(&disk.inodes[number], (size_t)size);
    note(GS_DISK_CUT, number)->offset = (uint64_t)size;
    return 0;
}

int gs_disk_fsync(int fd)
{
    const descriptor *synced = descriptor_of(fd);
    gs_disk_change kind = synced->kind == FILE_OPEN     ? GS_DISK_SYNC
                          : synced->kind == FOLDER_OPEN ? GS_DISK_SYNC_FOLDER
                                                        : GS_DISK_SYNC_ROOT;
    note(kind, synced->inode);
    return 0;
}

int gs_disk_flock(int fd)
{
    descriptor *wanted = descriptor_of(fd);
    for (int i = 0; i < DESCRIPTORS_MAX; i++) {
        const descriptor *other = &disk.descriptors[i];
        if (other != wanted && other->has_lock && other->inode == wanted->inode)
            return fail_call(EWOULDBLOCK);
    }
    wanted->has_lock = true;
    return 0;
}

int gs_disk_fstat(int fd, struct stat *out)
{
    const descriptor *opened = descriptor_of(fd);
    return opened->kind == FILE_OPEN ? look(opened->inode, out) : look_at_folder(out);
}

/* ---- lists ---- */

DIR *gs_disk_fdopendir(int fd)
{
    stream *opened = malloc(sizeof(*opened));
    assert_non_null(opened);
    opened->fd = fd;
    opened->next = 0;
    opened->count = disk.names_count;
    for (size_t i = 0; i < disk.names_count; i++)
        copy_name(opened->names[i], disk.names[i].text);
    opened->below = disk.streams;
    disk.streams = opened;
    return (DIR *)opened;
}

bool gs_disk_has_stream(const DIR *wanted)
{
    for (const stream *at = disk.streams; at; at = at->below)
        if ((const DIR *)at == wanted)
            return true;
    return false;
}

struct dirent *gs_disk_readdir(DIR *opened)
{
    stream *from = (stream *)opened;
    if (from->next == from->count)
        return NULL;
    copy_name(from->entry.d_name, from->names[from->next++]);
    return &from->entry;
}

int gs_disk_closedir(DIR *opened)
{
    stream **at = &disk.streams;
    while ((DIR *)*at != opened)
        at = &(*at)->below;
    stream *closed = *at;
    *at = closed->below;
    gs_disk_close(closed->fd);
    free(closed);
    return 0;
}
