/* SPDX-License-Identifier: Apache-2.0
 *
 * The choice among the tables of kernels.h: a level is added here when it beats the one before.
 */
#include "common/simd/kernels.h"

const gs_kernels *gs_kernels_active(void)
{
    return &gs_kernels_portable;
}
