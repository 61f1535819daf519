/* SPDX-License-Identifier: Apache-2.0
 *
 * UTF-8 in and out, by the WHATWG Encoding Standard: a maximal ill-formed part becomes one U+FFFD.
 */
#ifndef GS_BASE_UTF8_H
#define GS_BASE_UTF8_H

#include "common/base/buf.h"

#define GS_UTF8_REPLACEMENT 0xFFFDu

/* Decodes the code point at `ptr` (ptr < end), well-formed or not, and returns how many bytes it
 * took (1 to 4); an ill-formed part gives U+FFFD. */
size_t gs_utf8_decode(const uint8_t *ptr, const uint8_t *end, uint32_t *code_point);

/* Writes 1 to 4 bytes; `code_point` is a scalar value. */
size_t gs_utf8_encode(uint32_t code_point, uint8_t out[4]);

/* Length of the well-formed beginning of `text`; `text.len` if all of it is. */
size_t gs_utf8_valid_prefix(gs_bytes text);

/* Appends `text` with every ill-formed part replaced, and returns how many there were. */
size_t gs_utf8_repair(gs_buf *out, gs_bytes text);

/* Number of code points of well-formed text. */
size_t gs_utf8_count(gs_bytes text);

/* Byte length of the first `count` code points of well-formed text (all of it if shorter). */
size_t gs_utf8_prefix(gs_bytes text, size_t count);

#endif
