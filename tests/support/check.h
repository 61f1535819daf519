/* SPDX-License-Identifier: Apache-2.0
 *
 * cmocka with the headers that it wants to see first, and checks of a status with its error.
 */
#ifndef GS_TESTS_CHECK_H
#define GS_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gsearch/status.h"

/* A status that must be OK; prints the message of `error` if it is not. */
#define assert_ok(status, error)                                                                   \
    do {                                                                                           \
        if ((status) != GSEARCH_OK)                                                                \
            fail_msg("%s", (error)->message);                                                      \
    } while (0)

/* A status that must be `wanted`, with a message about it. */
#define assert_fails(wanted, status, error)                                                        \
    do {                                                                                           \
        assert_int_equal(status, wanted);                                                          \
        assert_int_equal((error)->code, wanted);                                                   \
        assert_true((error)->message[0] != '\0');                                                  \
    } while (0)

#endif
