/* SPDX-License-Identifier: Apache-2.0
 *
 * The one place where the program prints an error.
 */
#include "cli/out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/json.h"
#include "common/base/utf8.h"

int gs_out_fail(const gsearch_error *err)
{
    fprintf(stderr, "gsearch: %s", gsearch_status_word(err->code));
    if (err->code == GSEARCH_BAD_QUERY && err->offset >= 0)
        fprintf(stderr, " offset=%lld", (long long)err->offset);
    fprintf(stderr, ": %s\n", err->message);
    return gsearch_status_exit(err->code);
}

bool gs_out_colour(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fileno(stream)) && !(no_color && *no_color) && !(term && !strcmp(term, "dumb"));
}

// why standard output first took no more; stdio forgets it
static int fault;

static void note_fault(bool good)
{
    if (!good && !fault)
        fault = errno ? errno : EIO;
}

bool gs_out_write(gs_buf *buf)
{
    bool whole = buf->status == GSEARCH_OK;
    errno = whole ? 0 : ENOMEM;
    bool good = whole && (!buf->len || fwrite(buf->data, 1, buf->len, stdout) == buf->len);
    note_fault(good);
    gs_buf_reset(buf);
    return good;
}

gsearch_status gs_out_finish(gsearch_error *err)
{
    errno = 0;
    note_fault(fflush(stdout) == 0 && !ferror(stdout));
    int first = fault;
    fault = 0; // it is told once
    return first == 0 || first == EPIPE ? GSEARCH_OK
                                        : gs_fail_errno(err, first, "standard output");
}

int gs_out_end(gs_buf *buf, gsearch_status status, gsearch_error *err)
{
    if (!status) {
        gs_out_write(buf);
        status = gs_out_finish(err);
    }
    gs_buf_release(buf);
    return status ? gs_out_fail(err) : 0;
}

static bool is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

static void put_shown(gs_buf *out, gs_bytes text, const char *kept)
{
    const uint8_t *end = text.ptr + text.len;
    for (const uint8_t *ptr = text.ptr; ptr < end;) {
        uint32_t code_point;
        uint8_t encoded[4];
        ptr += gs_utf8_decode(ptr, end, &code_point);
        if (is_control(code_point) && (!code_point || !strchr(kept, (int)code_point)))
            code_point = ' ';
        gs_buf_append(out, encoded, gs_utf8_encode(code_point, encoded));
    }
}

void gs_out_text(gs_buf *out, gs_bytes text)
{
    put_shown(out, text, "");
}

void gs_out_block(gs_buf *out, gs_bytes text)
{
    put_shown(out, text, "\n\t");
}

void gs_out_id(gs_buf *out, gs_bytes id)
{
    bool is_plain = !id.len || id.ptr[0] != '"';
    for (size_t i = 0; i < id.len; i++)
        is_plain &= id.ptr[i] >= 0x20 && id.ptr[i] != 0x7f;
    if (is_plain)
        gs_buf_bytes(out, id);
    else
        gs_json_string(out, id);
}

const char *gs_out_index_dir(const char *dir)
{
    const char *from_environment = getenv("GSEARCH_INDEX");
    if (dir)
        return dir;
    return from_environment && *from_environment ? from_environment : ".gsearch";
}
