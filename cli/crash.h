/* SPDX-License-Identifier: Apache-2.0
 *
 * The last words of a program with a fault in it.
 */
#ifndef GS_CLI_CRASH_H
#define GS_CLI_CRASH_H

/* From here on SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT write one line to stderr before they end
 * the process as they always do. Where something else handles such a signal already, a sanitizer
 * say, it keeps it. */
void gs_crash_report(void);

#endif
