/* SPDX-License-Identifier: Apache-2.0
 *
 * What a command gives up before it meets what others wrote: files by Landlock, system calls by
 * seccomp. So code that a crafted file or request could run finds nothing to do harm with. Of the
 * program: a library must not confine its host.
 */
#ifndef GS_CLI_SANDBOX_H
#define GS_CLI_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* What stays possible, beside computing and using what is open already. */
typedef struct gs_sandbox {
    const char *const *readable; /* files, and folders with all that is beneath */
    size_t readable_count;
    const char *writable; /* a folder: files in it may be made, written and removed; may be NULL */
    bool accepts;         /* connections of sockets that listen already */
} gs_sandbox;

/* Gives up the rest for good, for this thread and those that it makes from here on, so call it
 * while it is the only one: no other files, no new sockets, no programs or processes, no code that
 * is made at run time, no change of user. What is tried all the same fails with EACCES, EPERM, or
 * ENOSYS, as if the kernel had never known it.
 * Returns NULL, or a sentence about what this system cannot enforce; the rest is in force then. In
 * builds with sanitizers or coverage it does nothing, for these need what is given up. */
const char *gs_sandbox_enter(const gs_sandbox *sandbox);

/* The same in all builds; for tests. */
const char *gs_sandbox_confine(const gs_sandbox *sandbox);

#endif
