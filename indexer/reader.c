/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the reading of inputs. They belong to others, who may write, replace or cut them at any
 * time: a whole file is read again until it holds still, and of a file of lines only as much as it
 * had when it was opened counts.
 */
#include "indexer/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "common/base/sys.h"

#define NS_PER_S 1000000000
#define FRESH_NS \
    (2ll * NS_PER_S) /* a file written so short before may change under the same time */
#define TRIES_MAX 3
#define BLOCK_BYTES (256u << 10)
#define STOP_LOOK_MS 100

static void set_fault(gs_reader_fault *fault, gs_skip why, int failure)
{
    fault->is_skipped = true;
    fault->why = why;
    snprintf(fault->detail, sizeof(fault->detail), "%s", failure ? strerrordesc_np(failure) : "");
}

/* Returns a descriptor of a regular file, or -1 with the fault. */
static int open_regular(const gs_corpus_file *file, struct stat *info, gs_reader_fault *fault)
{
    int fd = gs_corpus_open(file);
    if (fd < 0) {
        set_fault(fault, errno == ELOOP ? GS_SKIP_SYMLINK : GS_SKIP_UNREADABLE, errno);
        return -1;
    }
    if (gs_sys_fstat(fd, info))
        set_fault(fault, GS_SKIP_UNREADABLE, errno);
    else if (!S_ISREG(info->st_mode))
        set_fault(fault, GS_SKIP_SPECIAL, 0);
    else
        return fd;
    gs_sys_close(fd);
    return -1;
}

static int64_t mtime_of(const struct stat *info)
{
    return (int64_t)info->st_mtim.tv_sec * NS_PER_S + info->st_mtim.tv_nsec;
}

/* The time to remember for a file that was just opened. */
static int64_t trusted_mtime(const struct stat *info)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t now_ns = (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
    int64_t mtime = mtime_of(info);
    return mtime > now_ns - FRESH_NS ? GS_MTIME_IN_DOUBT : mtime;
}

/* Returns 0 or an errno; 0 bytes at the end. */
static int read_some(int fd, void *out, size_t len, size_t *got)
{
    ssize_t done;
    do {
        done = gs_sys_read(fd, out, len);
    } while (done < 0 && errno == EINTR);
    *got = done > 0 ? (size_t)done : 0;
    return done < 0 ? errno : 0;
}

static gsearch_status hash_bytes(gs_bytes bytes, const gs_mem *mem, uint64_t *out,
                                 gsearch_error *err)
{
    gs_checksum_stream *sum = gs_checksum_stream_new(mem);
    if (!sum)
        return gs_fail_memory(err);
    gs_checksum_stream_add(sum, bytes.ptr, bytes.len);
    *out = gs_checksum_stream_result(sum).low;
    gs_checksum_stream_free(mem, sum);
    return GSEARCH_OK;
}

/* ---- whole ---- */

static bool is_same_state(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && mtime_of(a) == mtime_of(b) &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Reads up to `stop` bytes in all, fewer at the end of the file. */
static gsearch_status read_up_to(int fd, size_t stop, gs_buf *out, gs_reader_fault *fault,
                                 gsearch_error *err)
{
    while (out->len < stop) {
        uint8_t *ptr = gs_buf_reserve(out, stop - out->len);
        if (!ptr)
            return gs_fail_memory(err);
        size_t got;
        int failure = read_some(fd, ptr, stop - out->len, &got);
        if (failure)
            set_fault(fault, GS_SKIP_UNREADABLE, failure);
        if (got == 0)
            break;
        out->len += got;
    }
    return GSEARCH_OK;
}

/* Reads a file of `size` bytes, and one more if there is one. */
static gsearch_status read_all(int fd, size_t size, bool (*is_binary)(gs_bytes beginning),
                               gs_buf *out, gs_reader_fault *fault, gsearch_error *err)
{
    if (is_binary) {
        GS_TRY(read_up_to(fd, size < GS_LOOK_BYTES ? size : GS_LOOK_BYTES, out, fault, err));
        if (!fault->is_skipped && is_binary(gs_buf_view(out)))
            set_fault(fault, GS_SKIP_BINARY, 0);
    }
    return fault->is_skipped ? GSEARCH_OK : read_up_to(fd, size + 1, out, fault, err);
}

/* One attempt; `fault` is CHANGING if the file did not hold still. */
static gsearch_status try_whole(gs_corpus_file *file, bool (*is_binary)(gs_bytes beginning),
                                gs_buf *out, gs_reader_fault *fault, gsearch_error *err)
{
    struct stat before, after;
    int fd = open_regular(file, &before, fault);
    if (fd < 0)
        return GSEARCH_OK;
    gsearch_status status = GSEARCH_OK;
    file->mtime_ns = trusted_mtime(&before);
    file->size = (uint64_t)before.st_size;
    if (file->size > GS_DOCUMENT_BYTES_MAX)
        set_fault(fault, GS_SKIP_TOO_LARGE, 0);
    else
        status = read_all(fd, (size_t)file->size, is_binary, out, fault, err);
    if (!status && !fault->is_skipped) {
        if (gs_sys_fstat(fd, &after))
            set_fault(fault, GS_SKIP_UNREADABLE, errno);
        else if (out->len != file->size || !is_same_state(&before, &after))
            set_fault(fault, GS_SKIP_CHANGING, 0);
    }
    gs_sys_close(fd);
    return status;
}

gsearch_status gs_reader_whole(gs_corpus_file *file, const gs_mem *mem,
                               bool (*is_binary)(gs_bytes beginning), gs_buf *out,
                               gs_reader_fault *fault, gsearch_error *err)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        *fault = (gs_reader_fault){0};
        gs_buf_reset(out);
        GS_TRY(try_whole(file, is_binary, out, fault, err));
        if (!fault->is_skipped)
            return hash_bytes(gs_buf_view(out), mem, &file->hash, err);
        if (fault->why != GS_SKIP_CHANGING)
            break;
    }
    return GSEARCH_OK;
}

gsearch_status gs_reader_hash(gs_corpus_file *file, const gs_mem *mem, uint64_t *out,
                              bool *is_readable, gsearch_error *err)
{
    struct stat info;
    gs_reader_fault fault = {0};
    *is_readable = false;
    int fd = open_regular(file, &info, &fault);
    if (fd < 0)
        return GSEARCH_OK;
    gs_checksum_stream *sum = gs_checksum_stream_new(mem);
    uint8_t *block = gs_mem_alloc(mem, BLOCK_BYTES);
    gsearch_status status = sum && block ? GSEARCH_OK : gs_fail_memory(err);
    uint64_t left = (uint64_t)info.st_size;
    int failure = 0;
    while (!status && !failure && left) {
        size_t got;
        failure = read_some(fd, block, left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES, &got);
        if (got == 0)
            break;
        gs_checksum_stream_add(sum, block, got);
        left -= got;
    }
    if (!status && !failure) {
        *out = gs_checksum_stream_result(sum).low;
        *is_readable = true;
        file->mtime_ns = trusted_mtime(&info);
    }
    gs_checksum_stream_free(mem, sum);
    gs_mem_free(mem, block);
    gs_sys_close(fd);
    return status;
}

/* ---- by lines ---- */

struct gs_line_file {
    const gs_mem *mem;
    gs_corpus_file *file;
    int fd;              // -1 for standard input
    gs_scratch *scratch; // its copy
    uint64_t size;
    gs_checksum_stream *sum;
    uint64_t summed; // bytes that went into it
    uint64_t next;   // where the next slice begins
    uint64_t line;   // its first line
    uint64_t block_offset;
    size_t block_len;
    uint8_t block[BLOCK_BYTES];
};

/* Waits for standard input; false once `stop` is set. A signal may arrive just before a read, or in
 * another thread, and would then not end it: so no read is begun that might wait. */
static bool wait_for_stdin(const volatile int *stop)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    for (;;) {
        if (stop && *stop)
            return false;
        int ready = poll(&input, 1, STOP_LOOK_MS);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return true; // what is wrong with it, the read will say
    }
}

static gsearch_status copy_stdin(gs_line_file *lines, gs_dir *dir, const volatile int *stop,
                                 gsearch_error *err)
{
    GS_TRY(gs_scratch_open(dir, &lines->scratch, err));
    for (;;) {
        if (!wait_for_stdin(stop))
            return gs_fail(err, GSEARCH_BUSY, "stopped by a signal");
        ssize_t got = gs_sys_read(STDIN_FILENO, lines->block, BLOCK_BYTES);
        int failure = got < 0 ? errno : 0;
        if (failure == EINTR)
            continue;
        if (failure)
            return gs_fail_errno(err, failure, "cannot read standard input");
        if (got == 0)
            break;
        GS_TRY(gs_scratch_write(lines->scratch, lines->block, (size_t)got, err));
    }
    lines->size = gs_scratch_size(lines->scratch);
    return gs_scratch_flush(lines->scratch, err);
}

static gsearch_status open_lines(gs_line_file *lines, gs_dir *dir, const volatile int *stop,
                                 gs_reader_fault *fault, gsearch_error *err)
{
    gs_corpus_file *file = lines->file;
    lines->sum = gs_checksum_stream_new(lines->mem);
    if (!lines->sum)
        return gs_fail_memory(err);
    if (file->is_stdin)
        return copy_stdin(lines, dir, stop, err);
    struct stat info;
    lines->fd = open_regular(file, &info, fault);
    if (lines->fd < 0)
        return GSEARCH_OK;
    lines->size = (uint64_t)info.st_size;
    file->size = lines->size;
    file->mtime_ns = trusted_mtime(&info);
    if (lines->size == 0)
        set_fault(fault, GS_SKIP_EMPTY, 0);
    return GSEARCH_OK;
}

gsearch_status gs_line_file_open(gs_corpus_file *file, gs_dir *dir, const gs_mem *mem,
                                 const volatile int *stop, gs_line_file **out,
                                 gs_reader_fault *fault, gsearch_error *err)
{
    gs_line_file *lines = gs_mem_alloc(mem, sizeof(*lines));
    if (!lines)
        return gs_fail_memory(err);
    *fault = (gs_reader_fault){0};
    lines->mem = mem;
    lines->file = file;
    lines->fd = -1;
    lines->scratch = NULL;
    lines->size = lines->summed = lines->next = lines->block_offset = 0;
    lines->block_len = 0;
    lines->line = 1;
    gsearch_status status = open_lines(lines, dir, stop, fault, err);
    if (status || fault->is_skipped)
        gs_line_file_close(lines);
    else
        *out = lines;
    return status;
}

void gs_line_file_close(gs_line_file *lines)
{
    if (!lines)
        return;
    if (lines->fd >= 0)
        gs_sys_close(lines->fd);
    if (lines->scratch)
        gs_scratch_close(lines->scratch);
    gs_checksum_stream_free(lines->mem, lines->sum);
    gs_mem_free(lines->mem, lines);
}

/* Reads `len` bytes at `offset`, which the file had when it was opened. */
static gsearch_status read_at(const gs_line_file *lines, uint64_t offset, uint8_t *out, size_t len,
                              gs_reader_fault *fault, gsearch_error *err)
{
    if (lines->scratch)
        return gs_scratch_read(lines->scratch, offset, out, len, err);
    while (len) {
        ssize_t done = gs_sys_pread(lines->fd, out, len, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            set_fault(fault, done ? GS_SKIP_UNREADABLE : GS_SKIP_CHANGING, done ? errno : 0);
            return GSEARCH_OK;
        }
        offset += (uint64_t)done;
        out += done;
        len -= (size_t)done;
    }
    return GSEARCH_OK;
}

/* The bytes from `offset` on that are in the block, which is filled if there are none; empty at
 * the end, and with a fault. */
static gsearch_status look(gs_line_file *lines, uint64_t offset, gs_bytes *out,
                           gs_reader_fault *fault, gsearch_error *err)
{
    if (offset < lines->block_offset || offset >= lines->block_offset + lines->block_len) {
        uint64_t left = lines->size - offset;
        size_t len = left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES;
        lines->block_offset = offset;
        lines->block_len = 0;
        GS_TRY(read_at(lines, offset, lines->block, len, fault, err));
        if (!fault->is_skipped)
            lines->block_len = len;
        if (offset <= lines->summed && offset + lines->block_len > lines->summed) {
            size_t known = (size_t)(lines->summed - offset);
            gs_checksum_stream_add(lines->sum, lines->block + known, lines->block_len - known);
            lines->summed = offset + lines->block_len;
        }
    }
    size_t from = (size_t)(offset - lines->block_offset);
    *out = gs_bytes_of(lines->block + from, lines->block_len - from);
    return GSEARCH_OK;
}

/* A place in the file, and the line that begins or goes on there. */
typedef struct line_place {
    uint64_t offset; // of the byte looked at next
    uint64_t begin;  // of the line
    uint64_t line;
} line_place;

/* Moves on to behind the next line end, or the end of the file. */
static gsearch_status pass_line(gs_line_file *lines, line_place *place, gs_reader_fault *fault,
                                gsearch_error *err)
{
    for (;;) {
        gs_bytes bytes;
        GS_TRY(look(lines, place->offset, &bytes, fault, err));
        if (bytes.len == 0)
            return GSEARCH_OK;
        const uint8_t *end = memchr(bytes.ptr, '\n', bytes.len);
        place->offset += end ? (size_t)(end - bytes.ptr) + 1 : bytes.len;
        if (end)
            return GSEARCH_OK;
    }
}

gsearch_status gs_line_file_next(gs_line_file *lines, gs_line_slice *out, bool *more,
                                 gs_reader_fault *fault, gsearch_error *err)
{
    *fault = (gs_reader_fault){0};
    *out = (gs_line_slice){.offset = lines->next, .first_line = lines->line};
    line_place place = {.offset = lines->next, .begin = lines->next, .line = lines->line};
    while (place.begin - out->offset < GS_UNIT_BYTES) {
        GS_TRY(pass_line(lines, &place, fault, err));
        if (place.offset == place.begin || fault->is_skipped)
            break; // the end of the file
        if (place.offset - place.begin > GS_DOCUMENT_BYTES_MAX) {
            if (place.begin > out->offset)
                break; // it comes next time
            out->too_long_line = place.line;
        }
        place.begin = place.offset;
        place.line++;
        if (out->too_long_line)
            break;
    }
    *more = place.begin > out->offset && !fault->is_skipped;
    out->len = out->too_long_line ? 0 : place.begin - out->offset;
    lines->next = place.begin;
    lines->line = place.line;
    if (!*more)
        lines->file->hash = gs_checksum_stream_result(lines->sum).low;
    return GSEARCH_OK;
}

gsearch_status gs_line_file_read(const gs_line_file *lines, const gs_line_slice *slice, gs_buf *out,
                                 gs_reader_fault *fault, gsearch_error *err)
{
    *fault = (gs_reader_fault){0};
    gs_buf_reset(out);
    uint8_t *ptr = gs_buf_reserve(out, (size_t)slice->len);
    if (!ptr)
        return gs_fail_memory(err);
    GS_TRY(read_at(lines, slice->offset, ptr, (size_t)slice->len, fault, err));
    out->len = fault->is_skipped ? 0 : (size_t)slice->len;
    return GSEARCH_OK;
}
