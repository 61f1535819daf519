/* SPDX-License-Identifier: Apache-2.0
 *
 * Being nobody in particular: what a daemon that root started needs root for is over once its
 * sockets are bound.
 */
#ifndef GS_CLI_PRIVILEGE_H
#define GS_CLI_PRIVILEGE_H

#include <stdbool.h>

#include "common/base/fail.h"

/* Turns a process of root into one of `user` and the groups of that user, for good; one of anybody
 * else stays as it is. Without a `user` that is `nobody`, if nobody can read the index `dir`; else
 * the process remains root and `*is_root` says so. Before any thread is made.
 * NOT_FOUND if there is no such user; DENIED if `user` is given and we are not root. */
GS_CHECKED gsearch_status gs_privilege_drop(const char *user, const char *dir, bool *is_root,
                                            gsearch_error *err);

#endif
