/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses and tokens as a daemon is given them.
 */
#include "common/wire/address.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/utf8.h"
#include "query/daemon/token.h"
#include "tests/fuzz/target.h"

#define TEXT_BYTES_MAX 255u

static void check_address(const char *text)
{
    gs_address address, again;
    gsearch_error error;
    char form[GS_ADDRESS_TEXT_MAX], form_again[GS_ADDRESS_TEXT_MAX];
    gsearch_status status = gs_address_parse(text, &address, &error);
    if (status) {
        assert_true(status == GSEARCH_BAD_ARGUMENT || status == GSEARCH_LIMIT);
        return;
    }
    gs_address_format(&address, form);
    assert_ok(gs_address_parse(form, &again, &error), &error);
    gs_address_format(&again, form_again);
    assert_string_equal(form, form_again);
    assert_int_equal(again.len, address.len);
    assert_int_equal(again.any.sa_family, address.any.sa_family);
    assert_int_equal(gs_address_is_local(&again), gs_address_is_local(&address));
    if (address.any.sa_family == AF_UNIX)
        assert_string_equal(form, text);
    if (address.any.sa_family == AF_INET && strncmp(text, "127.", 4) == 0)
        assert_true(gs_address_is_local(&address));
}

static void check_token(gs_bytes content)
{
    static int fd = -1;
    static char path[32];
    gs_token token;
    gsearch_error error;
    if (fd < 0) {
        fd = memfd_create("token", MFD_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(fchmod(fd, 0600), 0);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, content.ptr, content.len, 0), content.len);
    gsearch_status status = gs_token_load(path, &token, &error);
    if (status) {
        assert_true(status == GSEARCH_BAD_ARGUMENT || status == GSEARCH_LIMIT);
        return;
    }
    gs_bytes bytes = gs_bytes_of(token.bytes, token.len);
    assert_true(token.len > 0 && token.len <= content.len && content.len <= token.len + 2);
    assert_memory_equal(token.bytes, content.ptr, token.len);
    assert_int_equal(gs_utf8_valid_prefix(bytes), token.len);
    assert_null(memchr(token.bytes, '\n', token.len));
    assert_true(gs_token_matches(&token, bytes));
    assert_false(gs_token_matches(&token, gs_bytes_of(token.bytes, token.len - 1)));
    uint8_t other[sizeof(token.bytes)];
    memcpy(other, token.bytes, token.len);
    other[content.ptr[0] % token.len] ^= 1;
    assert_false(gs_token_matches(&token, gs_bytes_of(other, token.len)));
}

/* An odd first byte: a token. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_BYTES_MAX + 1];
    if (size == 0 || size > TEXT_BYTES_MAX)
        return 0;
    if (data[0] & 1) {
        check_token(gs_bytes_of(data + 1, size - 1));
        return 0;
    }
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    check_address(text);
    return 0;
}
