/* SPDX-License-Identifier: Apache-2.0
 *
 * Strict: no sign, no white space, no overflow.
 */
#include "cli/number.h"

#include <stddef.h>
#include <string.h>

static const char *digits(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    const char *ptr = text;
    for (; *ptr >= '0' && *ptr <= '9'; ptr++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*ptr - '0'), &value))
            return NULL;
    *out = value;
    return ptr == text ? NULL : ptr;
}

bool gs_number_parse(const char *text, uint64_t *out)
{
    uint64_t value;
    const char *end = digits(text, &value);
    if (!end || *end)
        return false;
    *out = value;
    return true;
}

bool gs_number_parse_size(const char *text, uint64_t *out)
{
    static const char units[] = "KMGT";
    uint64_t value;
    const char *end = digits(text, &value);
    if (!end)
        return false;
    const char *unit = *end ? strchr(units, *end & ~0x20) : NULL;
    if (*end && !unit)
        return false;
    for (ptrdiff_t i = 0; unit && i <= unit - units; i++)
        if (__builtin_mul_overflow(value, 1024, &value))
            return false;
    if (unit && strcmp(end + 1, "") != 0 && strcmp(end + 1, "B") != 0 && strcmp(end + 1, "iB") != 0)
        return false;
    *out = value;
    return true;
}
