/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls about sockets and limits that fail on demand: a program that links faultycalls.c, and wraps
 * what that names (tests/meson.build), says which one. What belongs to files and memory has the
 * seam of common/base/sys.h instead.
 */
#ifndef GS_TESTS_FAULTYCALLS_H
#define GS_TESTS_FAULTYCALLS_H

#include <stdbool.h>

/* From here on, in this process and those that it makes, the call number `at` of `name` (from 1)
 * fails with `error`, an errno, without being made. One plan at a time. */
void gs_calls_fail(const char *name, unsigned at, int error);
/* No plan. True if the call of the plan has been reached in this process. */
bool gs_calls_end(void);

/* For those who take the place of a call: counts this one; true, with errno, if it is to fail. */
bool gs_calls_fails(const char *name);

/* The names of the calls that can fail, up to NULL. */
extern const char *const gs_calls_of_sockets[];

#endif
