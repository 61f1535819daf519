/* SPDX-License-Identifier: Apache-2.0
 *
 * Folding of one character with its marks. A character without marks is looked up in the table;
 * only one with marks, or a Hangul syllable in letters, goes through utf8proc.
 */
#include "common/text/fold.h"

#include "common/base/utf8.h"

#include <utf8proc.h>

/* Unicode's stream-safe format allows as many; more are noise. */
#define CLUSTER_CODE_POINTS_MAX 31

enum hangul_end { HANGUL_OTHER, HANGUL_LEADING, HANGUL_VOWEL };

/* What a Hangul character that ends in `folded` can be joined by: leading consonants take a vowel,
 * vowels a final consonant. */
static enum hangul_end hangul_end(uint32_t folded)
{
    if (folded >= 0x1100 && folded <= 0x1112)
        return HANGUL_LEADING;
    if (folded >= 0xAC00 && folded <= 0xD7A3 && (folded - 0xAC00) % 28 == 0)
        return HANGUL_VOWEL;
    return HANGUL_OTHER;
}

static bool hangul_joins(enum hangul_end *before, uint32_t folded)
{
    bool vowel = folded >= 0x1161 && folded <= 0x1175;
    if (*before == HANGUL_LEADING && vowel) {
        *before = HANGUL_VOWEL;
        return true;
    }
    if (*before == HANGUL_VOWEL && !vowel) {
        *before = HANGUL_OTHER;
        return true;
    }
    return false;
}

size_t gs_fold_cluster(const uint8_t *ptr, const uint8_t *end)
{
    uint32_t code_point;
    const uint8_t *next = ptr + gs_utf8_decode(ptr, end, &code_point);
    uint32_t entry = gs_fold_entry(code_point);
    enum hangul_end before = HANGUL_OTHER;
    if (gs_fold_class_of(entry) == GS_FOLD_CJK)
        before = hangul_end(gs_fold_target(entry, code_point));
    while (next < end) {
        size_t len = gs_utf8_decode(next, end, &code_point);
        entry = gs_fold_entry(code_point);
        if (!(entry & GS_FOLD_EXTENDS))
            break;
        if (gs_fold_class_of(entry) == GS_FOLD_MARK)
            before = HANGUL_OTHER;
        else if (!hangul_joins(&before, gs_fold_target(entry, code_point)))
            break;
        next += len;
    }
    return (size_t)(next - ptr);
}

/* Through utf8proc, of a beginning of `cluster` that surely fits. */
static void normalize(gs_bytes cluster, unsigned options, gs_fold_result *out)
{
    utf8proc_int32_t buffer[GS_FOLD_CODE_POINTS_MAX];
    size_t len = gs_utf8_prefix(cluster, CLUSTER_CODE_POINTS_MAX);
    utf8proc_option_t how = (utf8proc_option_t)(options | UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    utf8proc_ssize_t count = utf8proc_decompose(cluster.ptr, (utf8proc_ssize_t)len, buffer,
                                                GS_FOLD_CODE_POINTS_MAX, how);
    out->count = 0;
    if (count < 0 || count > GS_FOLD_CODE_POINTS_MAX)
        return;
    count = utf8proc_normalize_utf32(buffer, count, how);
    for (utf8proc_ssize_t i = 0; i < count; i++)
        out->code_points[out->count++] = (uint32_t)buffer[i];
}

static void look_up(uint32_t code_point, gs_fold_result *out)
{
    uint32_t entry = gs_fold_entry(code_point);
    if (gs_fold_class_of(entry) != GS_FOLD_SEQUENCE) {
        out->count = 1;
        out->code_points[0] = gs_fold_target(entry, code_point);
        return;
    }
    const uint32_t *sequence = gs_fold_sequences + (entry & GS_FOLD_TARGET_MASK);
    out->count = sequence[0];
    for (uint32_t i = 0; i < out->count; i++)
        out->code_points[i] = sequence[1 + i];
}

void gs_fold_apply(gs_bytes cluster, gs_fold_result *out)
{
    uint32_t code_point;
    if (gs_utf8_decode(cluster.ptr, cluster.ptr + cluster.len, &code_point) == cluster.len) {
        look_up(code_point, out);
        return;
    }
    normalize(cluster, UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, out);
    for (uint32_t i = 0; i < out->count; i++) {
        code_point = out->code_points[i];
        uint32_t entry = gs_fold_entry(code_point);
        if (gs_fold_class_of(entry) != GS_FOLD_SEQUENCE)
            out->code_points[i] = gs_fold_target(entry, code_point);
    }
}

void gs_fold_compose(gs_bytes cluster, gs_fold_result *out)
{
    uint32_t code_point;
    size_t len = gs_utf8_decode(cluster.ptr, cluster.ptr + cluster.len, &code_point);
    if (len == cluster.len && code_point >= 0x4E00 && code_point <= 0x9FFF) {
        out->count = 1;
        out->code_points[0] = code_point;
        return;
    }
    normalize(cluster, 0, out);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < out->count; i++)
        if (!(gs_fold_entry(out->code_points[i]) & GS_FOLD_IGNORABLE))
            out->code_points[kept++] = out->code_points[i];
    out->count = kept;
}
