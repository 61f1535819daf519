/* SPDX-License-Identifier: Apache-2.0
 *
 * The decoder of the WHATWG Encoding Standard, written as a table of what the second byte may be.
 */
#include "common/base/utf8.h"

#include "common/base/sabotage.h"

size_t gs_utf8_decode(const uint8_t *ptr, const uint8_t *end, uint32_t *code_point)
{
    uint8_t lead = ptr[0];
    if (lead < 0x80) {
        *code_point = lead;
        return 1;
    }
    *code_point = GS_UTF8_REPLACEMENT;
    if (lead < 0xC2 || lead > 0xF4)
        return 1;
    size_t len = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    // the second byte also keeps out overlong forms, surrogates and what is over U+10FFFF
    bool is_strict = !GS_SABOTAGED(overlong_forms);
    uint8_t lowest = lead == 0xE0 && is_strict ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    uint32_t value = lead & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if (ptr + i == end || ptr[i] < lowest || ptr[i] > highest)
            return i;
        value = value << 6 | (ptr[i] & 0x3Fu);
        lowest = 0x80;
        highest = 0xBF;
    }
    *code_point = value;
    return len;
}

size_t gs_utf8_encode(uint32_t code_point, uint8_t out[4])
{
    if (code_point < 0x80) {
        out[0] = (uint8_t)code_point;
        return 1;
    }
    size_t len = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    out[0] = (uint8_t)(0xF00u >> len | code_point);
    return len;
}

/* May any continuation byte follow this lead byte of a character of three? */
static bool takes_any_second(uint8_t lead)
{
    const uint32_t any = 0xFFFF & ~(1u << 0x0 | 1u << 0xD); // but E0 and ED
    return any >> (lead & 0xF) & 1;
}

/* How many of these eight bytes are surely well-formed: all if they are ASCII, six if they begin
 * with two characters of three bytes, the most frequent ones; else 0, and the decoder decides. */
static size_t well_formed(uint64_t word)
{
    const uint64_t ascii = 0x8080808080808080, shape = 0xC0C0F0C0C0F0, three = 0x8080E08080E0;
    if ((word & ascii) == 0)
        return 8;
    if ((word & shape) == three && takes_any_second((uint8_t)word) &&
        takes_any_second((uint8_t)(word >> 24)))
        return 6;
    return 0;
}

size_t gs_utf8_valid_prefix(gs_bytes text)
{
    static const uint8_t replacement[3] = {0xEF, 0xBF, 0xBD};
    const uint8_t *ptr = text.ptr;
    const uint8_t *end = text.ptr + text.len;
    while (ptr < end) {
        size_t good = end - ptr >= 8 ? well_formed(gs_load_u64(ptr)) : 0;
        if (good) {
            ptr += good;
            continue;
        }
        uint32_t code_point;
        size_t len = gs_utf8_decode(ptr, end, &code_point);
        // U+FFFD stands for damage unless the text itself spells it
        if (code_point == GS_UTF8_REPLACEMENT && (len != 3 || memcmp(ptr, replacement, 3) != 0))
            break;
        ptr += len;
    }
    return (size_t)(ptr - text.ptr);
}

size_t gs_utf8_repair(gs_buf *out, gs_bytes text)
{
    size_t repaired = 0;
    while (text.len) {
        size_t good = gs_utf8_valid_prefix(text);
        gs_buf_append(out, text.ptr, good);
        text = gs_bytes_of(text.ptr + good, text.len - good);
        if (text.len == 0)
            break;
        uint32_t code_point;
        size_t bad = gs_utf8_decode(text.ptr, text.ptr + text.len, &code_point);
        gs_buf_str(out, "\xEF\xBF\xBD");
        text = gs_bytes_of(text.ptr + bad, text.len - bad);
        repaired++;
    }
    return repaired;
}

size_t gs_utf8_count(gs_bytes text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += (text.ptr[i] & 0xC0) != 0x80;
    return count;
}

size_t gs_utf8_prefix(gs_bytes text, size_t count)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((text.ptr[i] & 0xC0) != 0x80 && count-- == 0)
            return i;
    }
    return text.len;
}
