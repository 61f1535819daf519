/* SPDX-License-Identifier: Apache-2.0
 *
 * Table 3-7 of the Unicode Standard (well-formed byte sequences) and its rule of maximal subparts,
 * written out as a table: what decoders are compared with.
 */
#ifndef GS_TESTS_UTF8TABLE_H
#define GS_TESTS_UTF8TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row of table 3-7: the range of each byte. */
typedef struct utf8_row {
    size_t len;
    uint8_t from[4], to[4];
} utf8_row;

static const utf8_row utf8_table[] = {
    {1, {0x00}, {0x7F}},
    {2, {0xC2, 0x80}, {0xDF, 0xBF}},
    {3, {0xE0, 0xA0, 0x80}, {0xE0, 0xBF, 0xBF}},
    {3, {0xE1, 0x80, 0x80}, {0xEC, 0xBF, 0xBF}},
    {3, {0xED, 0x80, 0x80}, {0xED, 0x9F, 0xBF}},
    {3, {0xEE, 0x80, 0x80}, {0xEF, 0xBF, 0xBF}},
    {4, {0xF0, 0x90, 0x80, 0x80}, {0xF0, 0xBF, 0xBF, 0xBF}},
    {4, {0xF1, 0x80, 0x80, 0x80}, {0xF3, 0xBF, 0xBF, 0xBF}},
    {4, {0xF4, 0x80, 0x80, 0x80}, {0xF4, 0x8F, 0xBF, 0xBF}},
};

/* How many bytes at `ptr` are the longest beginning of some well-formed sequence (at least 1), and
 * whether that sequence is complete. */
static inline size_t utf8_reference(const uint8_t *ptr, size_t len, bool *complete)
{
    size_t best = 0;
    *complete = false;
    for (size_t i = 0; i < sizeof(utf8_table) / sizeof(utf8_table[0]); i++) {
        const utf8_row *row = &utf8_table[i];
        size_t fits = 0;
        if (ptr[0] > row->to[0])
            continue;
        while (fits < len && fits < row->len && ptr[fits] >= row->from[fits] &&
               ptr[fits] <= row->to[fits])
            fits++;
        if (fits > best)
            best = fits;
        if (fits == row->len)
            *complete = true;
    }
    return best ? best : 1;
}

#endif
