/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the table of formats, and what several of them need.
 */
#include "indexer/formats/formats.h"

#include "common/base/utf8.h"

static const gs_format *const formats[] = {&gs_format_jsonl};

static bool has_suffix(gs_bytes path, const char *suffix)
{
    size_t len = strlen(suffix);
    if (path.len < len)
        return false;
    const uint8_t *tail = path.ptr + path.len - len;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = tail[i];
        if (byte >= 'A' && byte <= 'Z')
            byte = (uint8_t)(byte + ('a' - 'A'));
        if (byte != (uint8_t)suffix[i])
            return false;
    }
    return true;
}

const gs_format *gs_format_find(gs_bytes path)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        for (const char *const *suffix = formats[i]->suffixes; *suffix; suffix++) {
            if (has_suffix(path, *suffix))
                return formats[i];
        }
    }
    return &gs_format_text;
}

gs_bytes gs_format_skip_mark(gs_bytes text)
{
    bool has_mark = text.len >= 3 && memcmp(text.ptr, "\xEF\xBB\xBF", 3) == 0;
    return has_mark ? gs_bytes_of(text.ptr + 3, text.len - 3) : text;
}

bool gs_format_is_blank(gs_bytes text)
{
    const uint8_t *end = text.ptr + text.len;
    for (const uint8_t *ptr = text.ptr; ptr < end;) {
        uint32_t c;
        ptr += gs_utf8_decode(ptr, end, &c);
        bool is_white = c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 ||
                        c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
                        c == 0x202F || c == 0x205F || c == 0x3000;
        if (!is_white)
            return false;
    }
    return true;
}
