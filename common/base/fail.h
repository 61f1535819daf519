/* SPDX-License-Identifier: Apache-2.0
 *
 * How a failure is born and passed on. Whoever detects it calls gs_fail; whoever passes it on adds
 * nothing. A function that can fail returns gsearch_status and takes a gsearch_error last, which
 * may be NULL.
 */
#ifndef GS_BASE_FAIL_H
#define GS_BASE_FAIL_H

#include "gsearch/status.h"

#define GS_CHECKED __attribute__((warn_unused_result))

/* Fills `err` (if any) and returns `code`. The message says what and where, lower-case, without a
 * full stop; it is cut to fit at a character border and control bytes in it become '?'. */
__attribute__((format(printf, 3, 4))) gsearch_status gs_fail(gsearch_error *err,
                                                             gsearch_status code,
                                                             const char *format, ...);

/* The same for a failed system call: `code` follows from `sys_errno` (NO_SPACE, NO_MEMORY, DENIED,
 * NOT_FOUND for ENOENT and ENOTDIR, else IO) and its text is appended. */
__attribute__((format(printf, 3, 4))) gsearch_status gs_fail_errno(gsearch_error *err,
                                                                   int sys_errno,
                                                                   const char *format, ...);

gsearch_status gs_fail_memory(gsearch_error *err);

/* The same failure as `fault`, which somebody has looked at meanwhile. */
gsearch_status gs_fail_as(gsearch_error *err, const gsearch_error *fault);

/* The one place where damage is declared: set a breakpoint here. */
__attribute__((format(printf, 2, 3))) gsearch_status gs_corrupt(gsearch_error *err,
                                                                const char *format, ...);

/* Empties an error before a call whose failure is looked at. */
void gs_error_clear(gsearch_error *err);

#define GS_TRY(expression)                                                                         \
    do {                                                                                           \
        gsearch_status gs_try_status = (expression);                                               \
        if (gs_try_status)                                                                         \
            return gs_try_status;                                                                  \
    } while (0)

#endif
