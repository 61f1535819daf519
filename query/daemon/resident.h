/* SPDX-License-Identifier: Apache-2.0
 *
 * How much memory this process has, asked of a file that is opened once: later, when privileges
 * are given up, it could not be.
 */
#ifndef GS_DAEMON_RESIDENT_H
#define GS_DAEMON_RESIDENT_H

#include <stdint.h>

/* A descriptor for gs_resident_bytes, gs_sys_close ends it; -1 if the system has no such file. */
int gs_resident_open(void);

/* Pages in memory, in bytes; 0 if that cannot be found out. Any thread. */
uint64_t gs_resident_bytes(int fd);

#endif
