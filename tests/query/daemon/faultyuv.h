/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of libuv that fail on demand, by the plan of tests/support/faultycalls.h.
 */
#ifndef GS_TESTS_FAULTYUV_H
#define GS_TESTS_FAULTYUV_H

#include "tests/support/faultycalls.h"

/* The names of the calls that can fail, up to NULL. */
extern const char *const gs_calls_of_uv[];

#endif
