/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as people type them.
 */
#ifndef GS_CLI_NUMBER_H
#define GS_CLI_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits and nothing else, below 2^64; false if not. */
bool gs_number_parse(const char *text, uint64_t *out);

/* The same with K, M, G or T (powers of 1,024) behind it, also written KiB or KB. */
bool gs_number_parse_size(const char *text, uint64_t *out);

#endif
