/* SPDX-License-Identifier: Apache-2.0
 *
 * Switches that take one safety away each, to show that a test would notice: scripts/sabotage.py
 * lists them with their tests. Only a build with -Dsabotage=true has them; it takes the name of the
 * switch from the environment. In every other build the condition is a constant that costs nothing.
 */
#ifndef GS_BASE_SABOTAGE_H
#define GS_BASE_SABOTAGE_H

#include <stdbool.h>

#ifdef GS_WITH_SABOTAGE
#include <stdlib.h>
#include <string.h>

static inline bool gs_is_sabotaged(const char *name)
{
    const char *chosen = getenv("GSEARCH_SABOTAGE");
    return chosen && strcmp(chosen, name) == 0;
}
#define GS_SABOTAGED(name) gs_is_sabotaged(#name)
#else
#define GS_SABOTAGED(name) false
#endif

#endif
