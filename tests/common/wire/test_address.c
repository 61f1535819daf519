/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/wire/address.c.
 */
#include "common/wire/address.h"

#include <string.h>

#include "tests/support/check.h"

static void addresses_read_and_print_the_same(void **state)
{
    (void)state;
    static const char *const texts[] = {"127.0.0.1:7719",  "0.0.0.0:0",           "[::1]:65535",
                                        "[2001:db8::1]:1", "unix:/run/gsearch/s", "unix:s"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        gs_address address;
        gsearch_error error;
        char text[GS_ADDRESS_TEXT_MAX];
        assert_ok(gs_address_parse(texts[i], &address, &error), &error);
        gs_address_format(&address, text);
        assert_string_equal(text, texts[i]);
    }
}

static void names_and_half_addresses_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "7719",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:655360",
        "127.0.0.1:-1",
        "127.0.0.1:07",
        "127.0.0.1:x",
        "localhost:1",
        "::1:7719",
        "[::1]",
        "[::1]7719",
        "[127.0.0.1]:1",
        "[]:1",
        "[:1",
        "[::1:1",
        "127.1:1",
        "unix:",
        ":1",
        "1.2.3.4:1:1",
        "[::1]x:1",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        gs_address address;
        gsearch_error error;
        if (gs_address_parse(texts[i], &address, &error) != GSEARCH_BAD_ARGUMENT)
            fail_msg("accepted: %s", texts[i]);
    }
}

static void a_socket_path_may_have_107_bytes(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        gsearch_status status;
    } rows[] = {{107, GSEARCH_OK}, {108, GSEARCH_LIMIT}, {130, GSEARCH_LIMIT}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[200] = "unix:";
        gs_address address;
        gsearch_error error;
        memset(text + 5, 'x', rows[i].len);
        assert_int_equal(gs_address_parse(text, &address, &error), rows[i].status);
    }
}

static void local_is_what_other_machines_cannot_reach(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_local;
    } rows[] = {
        {"127.0.0.1:1", true},   {"127.255.0.9:1", true},
        {"[::1]:1", true},       {"unix:/x", true},
        {"0.0.0.0:1", false},    {"[::]:1", false},
        {"10.0.0.1:1", false},   {"128.0.0.1:1", false},
        {"[fe80::1]:1", false},  {"[::ffff:127.0.0.1]:1", false},
        {"[0:0:1::1]:1", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        gs_address address;
        gsearch_error error;
        assert_ok(gs_address_parse(rows[i].text, &address, &error), &error);
        assert_int_equal(gs_address_is_local(&address), rows[i].is_local);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_read_and_print_the_same),
        cmocka_unit_test(names_and_half_addresses_are_refused),
        cmocka_unit_test(a_socket_path_may_have_107_bytes),
        cmocka_unit_test(local_is_what_other_machines_cannot_reach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
