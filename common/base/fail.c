/* SPDX-License-Identifier: Apache-2.0
 *
 * The only place where messages are made. No allocation and no locale: it must work when memory
 * is gone.
 */
#include "common/base/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/utf8.h"

static bool is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0) ||
           code_point == 0x2028 || code_point == 0x2029;
}

/* Names of files and words of queries come from outside: keep terminals and logs safe of them. */
static void clean_text(char *text, size_t len)
{
    uint8_t *ptr = (uint8_t *)text;
    uint8_t *end = ptr + len;
    while (ptr < end) {
        uint32_t code_point;
        size_t taken = gs_utf8_decode(ptr, end, &code_point);
        bool good = gs_utf8_valid_prefix(gs_bytes_of(ptr, taken)) == taken;
        if (!good || is_control(code_point))
            memset(ptr, '?', taken);
        ptr += taken;
    }
}

/* Formats into `room` bytes of `out`, cut at a character border, and returns the length. */
__attribute__((format(printf, 3, 0))) static size_t format_text(char *out, size_t room,
                                                                const char *format, va_list args)
{
    int wanted = vsnprintf(out, room, format, args);
    if (wanted < 0) {
        out[0] = '\0';
        return 0;
    }
    size_t len = (size_t)wanted;
    if (len >= room) {
        len = room - 1;
        // back over at most three continuation bytes to the start of a character that is cut
        size_t start = len;
        while (start > 0 && len - start < 3 && ((uint8_t)out[start - 1] & 0xC0) == 0x80)
            start--;
        if (start > 0 && (uint8_t)out[start - 1] >= 0xC0) {
            start--;
            size_t tail = len - start;
            if (gs_utf8_valid_prefix(gs_bytes_of(out + start, tail)) != tail)
                len = start;
        }
    }
    clean_text(out, len);
    out[len] = '\0';
    return len;
}

static void fill(gsearch_error *err, gsearch_status code, int sys_errno)
{
    err->code = code;
    err->sys_errno = sys_errno;
    err->offset = -1;
}

gsearch_status gs_fail(gsearch_error *err, gsearch_status code, const char *format, ...)
{
    if (err) {
        fill(err, code, 0);
        va_list args;
        va_start(args, format);
        format_text(err->message, sizeof(err->message), format, args);
        va_end(args);
    }
    return code;
}

static gsearch_status status_of_errno(int sys_errno)
{
    switch (sys_errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: // a limit of the user or of the file system
        return GSEARCH_NO_SPACE;
    case ENOMEM:
        return GSEARCH_NO_MEMORY;
    case EACCES:
    case EPERM:
    case EROFS:
        return GSEARCH_DENIED;
    case ENOENT:
    case ENOTDIR:
        return GSEARCH_NOT_FOUND;
    default:
        return GSEARCH_IO;
    }
}

gsearch_status gs_fail_errno(gsearch_error *err, int sys_errno, const char *format, ...)
{
    gsearch_status code = status_of_errno(sys_errno);
    if (err) {
        fill(err, code, sys_errno);
        const char *reason = strerrordesc_np(sys_errno); // not translated, unlike strerror
        if (!reason)
            reason = "unknown error";
        // the reason is what helps: a long name gives way to it
        size_t tail = strlen(reason) + 2;
        va_list args;
        va_start(args, format);
        size_t len = format_text(err->message, sizeof(err->message) - tail, format, args);
        va_end(args);
        snprintf(err->message + len, sizeof(err->message) - len, ": %s", reason);
    }
    return code;
}

gsearch_status gs_fail_memory(gsearch_error *err)
{
    return gs_fail(err, GSEARCH_NO_MEMORY, "out of memory");
}

gsearch_status gs_fail_as(gsearch_error *err, const gsearch_error *fault)
{
    if (err)
        *err = *fault;
    return fault->code;
}

gsearch_status gs_corrupt(gsearch_error *err, const char *format, ...)
{
    if (err) {
        fill(err, GSEARCH_CORRUPT, 0);
        va_list args;
        va_start(args, format);
        format_text(err->message, sizeof(err->message), format, args);
        va_end(args);
    }
    return GSEARCH_CORRUPT;
}

void gs_error_clear(gsearch_error *err)
{
    if (err) {
        fill(err, GSEARCH_OK, 0);
        err->message[0] = '\0';
    }
}
