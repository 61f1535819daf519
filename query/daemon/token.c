/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and comparing the token. It comes from a file alone, so that it is in no list of
 * processes and in no environment.
 */
#include "query/daemon/token.h"

#include <errno.h>
#include <fcntl.h>

#include "common/base/sabotage.h"
#include "common/base/sys.h"
#include "common/base/utf8.h"

/* "AUTH -- " stands before it on the line. */
#define TOKEN_BYTES_MAX (GS_REQUEST_LINE_BYTES_BEFORE_AUTH_MAX - 8)

static gsearch_status check_file(int fd, const char *path, gsearch_error *err)
{
    struct stat info;
    if (gs_sys_fstat(fd, &info))
        return gs_fail_errno(err, errno, "cannot look at the token file %s", path);
    if (!S_ISREG(info.st_mode))
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the token file %s is not a regular file", path);
    if (info.st_mode & 077 && !GS_SABOTAGED(token_mode)) {
        return gs_fail(err, GSEARCH_DENIED,
                       "others have access to the token file %s (mode %04o): chmod 600 it", path,
                       (unsigned)(info.st_mode & 07777));
    }
    if (info.st_size > GS_TOKEN_BYTES_MAX) {
        return gs_fail(err, GSEARCH_LIMIT, "the token file %s has more than %u bytes", path,
                       GS_TOKEN_BYTES_MAX);
    }
    return GSEARCH_OK;
}

static gsearch_status read_file(int fd, const char *path, uint8_t *data, size_t room, size_t *len,
                                gsearch_error *err)
{
    *len = 0;
    while (*len < room) {
        ssize_t got = gs_sys_read(fd, data + *len, room - *len);
        if (got == 0)
            return GSEARCH_OK;
        if (got < 0 && errno != EINTR)
            return gs_fail_errno(err, errno, "cannot read the token file %s", path);
        if (got > 0)
            *len += (size_t)got;
    }
    return GSEARCH_OK;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static gsearch_status take_line(const char *path, gs_bytes text, gs_token *out, gsearch_error *err)
{
    if (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    if (text.len > 0 && text.ptr[text.len - 1] == '\r')
        text.len--;
    if (text.len == 0)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "the token file %s is empty", path);
    if (text.len > TOKEN_BYTES_MAX) {
        return gs_fail(err, GSEARCH_LIMIT, "the token in %s has more than %u bytes", path,
                       TOKEN_BYTES_MAX);
    }
    bool one_line = !memchr(text.ptr, '\n', text.len) && !memchr(text.ptr, '\0', text.len) &&
                    !is_blank(text.ptr[0]) && !is_blank(text.ptr[text.len - 1]);
    if (!one_line || gs_utf8_valid_prefix(text) != text.len) {
        return gs_fail(err, GSEARCH_BAD_ARGUMENT,
                       "the token in %s must be one line of UTF-8 without blanks around it", path);
    }
    memcpy(out->bytes, text.ptr, text.len);
    out->len = text.len;
    return GSEARCH_OK;
}

gsearch_status gs_token_load(const char *path, gs_token *out, gsearch_error *err)
{
    uint8_t data[GS_TOKEN_BYTES_MAX];
    size_t len;
    int fd = gs_sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0)
        return gs_fail_errno(err, errno, "cannot open the token file %s", path);
    gsearch_status status = check_file(fd, path, err);
    if (!status)
        status = read_file(fd, path, data, sizeof(data), &len, err);
    gs_sys_close(fd);
    if (!status)
        status = take_line(path, gs_bytes_of(data, len), out, err);
    explicit_bzero(data, sizeof(data));
    return status;
}

bool gs_token_matches(const gs_token *token, gs_bytes presented)
{
    // every byte presented is compared, with some byte of the token if it is longer
    unsigned different = token->len != presented.len && !GS_SABOTAGED(token_length);
    for (size_t i = 0; i < presented.len; i++)
        different |= (unsigned)(token->bytes[i % token->len] ^ presented.ptr[i]);
    if (GS_SABOTAGED(token_bytes))
        return true;
    return different == 0;
}
