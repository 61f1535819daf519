/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables behind kernels.h, each in a file compiled for its instructions. Nothing outside this
 * folder names them: to call one that the machine does not run is fatal.
 */
#ifndef GS_SIMD_LEVELS_H
#define GS_SIMD_LEVELS_H

#include "common/simd/kernels.h"

extern const gs_kernels gs_kernels_portable;
extern const gs_kernels gs_kernels_avx2;
extern const gs_kernels gs_kernels_avx512;

/* Kernels that more than one level has in its table. */
size_t gs_intersect_avx2(uint32_t *a, size_t a_count, uint32_t shift, const uint32_t *b,
                         size_t b_count);
size_t gs_group_avx2(const uint32_t *starts, const uint32_t *coarse, uint32_t coarse_shift,
                     const uint32_t *positions, size_t count, uint32_t *docs, uint32_t *firsts);

#endif
