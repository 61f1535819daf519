/* SPDX-License-Identifier: Apache-2.0
 *
 * The choice among the tables of kernels.h. A new instruction level is a file, a row in the build
 * and a row here.
 */
#include "common/simd/kernels.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/simd/levels.h"

static bool runs_portable(void)
{
    return true;
}

#ifdef __x86_64__
// these ask for what the operating system saves, too
static bool runs_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

static bool runs_avx512(void)
{
    return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2");
}
#endif

static const struct {
    const gs_kernels *table;
    bool (*runs)(void);
} levels[] = {
    {&gs_kernels_portable, runs_portable},
#ifdef __x86_64__
    {&gs_kernels_avx2, runs_avx2},
    {&gs_kernels_avx512, runs_avx512},
#endif
};

#define LEVELS (sizeof(levels) / sizeof(*levels))

const gs_kernels *gs_kernels_at(size_t level)
{
    // each level asks for all that the ones before it need
    return level < LEVELS && levels[level].runs() ? levels[level].table : NULL;
}

static const gs_kernels *choose(void)
{
    const char *wanted = getenv("GSEARCH_SIMD");
    const gs_kernels *best = NULL, *table;
    for (size_t level = 0; (table = gs_kernels_at(level)); level++) {
        best = table;
        if (wanted && strcmp(wanted, table->name) == 0)
            break;
    }
    return best;
}

const gs_kernels *gs_kernels_active(void)
{
    // the one state of the library beside its objects; all threads would write the same
    static _Atomic(const gs_kernels *) active;
    const gs_kernels *table = atomic_load_explicit(&active, memory_order_relaxed);
    if (!table) {
        table = choose();
        atomic_store_explicit(&active, table, memory_order_relaxed);
    }
    return table;
}
