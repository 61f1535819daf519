/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps inside of the engine that fail on demand, as the system does in faultysys.h: a program that
 * links faultysteps.c (and wraps what it names, tests/meson.build) plans in gs_faults which read of
 * a file finds damage and which look at a budget ends a search. What an arena hands out counts as
 * an allocation, and so does what fills a batch, a run or a segment, be there room this time or
 * not. The clock of searches stands still.
 */
#ifndef GS_TESTS_FAULTYSTEPS_H
#define GS_TESTS_FAULTYSTEPS_H

#include "tests/durability/faultysys.h"

#define GS_STEP_DAMAGE "damage of the plan"
#define GS_STEP_END "the plan ends the search"

#endif
