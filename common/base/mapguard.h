/* SPDX-License-Identifier: Apache-2.0
 *
 * The guard against mapped files that are cut short. It needs a signal handler and a table that
 * the handler may look at, which a program may have and a library must not: so it is a library of
 * its own, linked into a program by its call of gs_map_guard. common/base/file.c refers to the
 * rest weakly: without the guard these functions are NULL, and nothing watches over the maps.
 */
#ifndef GS_BASE_MAPGUARD_H
#define GS_BASE_MAPGUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/fail.h"

/* Installs the SIGBUS handler that turns an unreadable page of a gs_map into zeros and marks that
 * map as lost; any other SIGBUS ends the process as before. For programs only, once, at start. */
GS_CHECKED gsearch_status gs_map_guard(gsearch_error *err);

/* ---- for common/base/file.c ---- */

/* Hidden: a symbol that is met in another module must not take the place of a missing one. */
#define GS_IF_GUARDED __attribute__((weak, visibility("hidden")))

typedef struct gs_guarded gs_guarded;

/* Watches over mapped pages. NULL if too many maps are watched. */
GS_IF_GUARDED gs_guarded *gs_guard_watch(const void *pages, size_t len);
/* True once one of the pages could not be read. */
GS_IF_GUARDED bool gs_guard_lost(const gs_guarded *guarded);
/* To be called before the pages are unmapped. */
GS_IF_GUARDED void gs_guard_release(gs_guarded *guarded);

#endif
