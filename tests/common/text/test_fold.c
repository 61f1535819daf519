/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of the table of common/text/fold.h and of common/text/fold.c. The table comes from the
 * Unicode Character Database; utf8proc has its own copy of that, and both must agree.
 */
#include "common/text/fold.h"

#include <utf8proc.h>

#include "common/base/utf8.h"
#include "tests/support/check.h"

#define CODE_POINT_MAX 0x10FFFFu
#define IDEOGRAPHIC_ZERO 0x3007u
#define HALF_WIDTH_CIRCLE 0xFFEEu // folds to ○, which is nothing by itself

static bool is_surrogate(uint32_t code_point)
{
    return code_point >= 0xD800 && code_point <= 0xDFFF;
}

static void fold_one(uint32_t code_point, gs_fold_result *out)
{
    uint8_t bytes[4];
    gs_fold_apply(gs_bytes_of(bytes, gs_utf8_encode(code_point, bytes)), out);
}

static bool has_meaning(gs_fold_class class)
{
    return class == GS_FOLD_CJK || class == GS_FOLD_WORD || class == GS_FOLD_SEQUENCE;
}

static void folding_twice_is_folding_once(void **state)
{
    (void)state;
    gs_fold_result once, twice;
    for (uint32_t code_point = 0; code_point <= CODE_POINT_MAX; code_point++) {
        if (is_surrogate(code_point))
            continue;
        fold_one(code_point, &once);
        for (uint32_t i = 0; i < once.count; i++) {
            fold_one(once.code_points[i], &twice);
            assert_int_equal(twice.count, 1);
            assert_int_equal(twice.code_points[0], once.code_points[i]);
        }
    }
}

/* utf8proc's folding of one code point, each result through the table once more. */
static void fold_by_utf8proc(uint32_t code_point, gs_fold_result *out)
{
    uint8_t bytes[4];
    utf8proc_int32_t folded[GS_FOLD_CODE_POINTS_MAX];
    utf8proc_option_t options = (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE |
                                                    UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                                                    UTF8PROC_IGNORE);
    utf8proc_ssize_t len = (utf8proc_ssize_t)gs_utf8_encode(code_point, bytes);
    utf8proc_ssize_t count =
        utf8proc_decompose(bytes, len, folded, GS_FOLD_CODE_POINTS_MAX, options);
    assert_in_range(count, 0, GS_FOLD_CODE_POINTS_MAX);
    count = utf8proc_normalize_utf32(folded, count, options);
    out->count = 0;
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        gs_fold_result one;
        fold_one((uint32_t)folded[i], &one);
        assert_int_equal(one.count, 1);
        out->code_points[out->count++] = one.code_points[0];
    }
}

static void table_agrees_with_utf8proc(void **state)
{
    (void)state;
    gs_fold_result table, other;
    assert_string_equal(gs_fold_unicode, utf8proc_unicode_version());
    for (uint32_t code_point = 0; code_point <= CODE_POINT_MAX; code_point++) {
        if (is_surrogate(code_point))
            continue;
        gs_fold_class class = gs_fold_class_of(gs_fold_entry(code_point));
        fold_by_utf8proc(code_point, &other);
        if (has_meaning(class)) {
            fold_one(code_point, &table);
            assert_int_equal(table.count, other.count);
            assert_memory_equal(table.code_points, other.code_points,
                                other.count * sizeof(uint32_t));
        } else if (class == GS_FOLD_NOTHING && code_point != HALF_WIDTH_CIRCLE) {
            for (uint32_t i = 0; i < other.count; i++)
                assert_false(has_meaning(gs_fold_class_of(gs_fold_entry(other.code_points[i]))));
        }
    }
}

static void assert_fold(const char *text, const char *wanted)
{
    gs_fold_result result;
    char found[256] = "";
    size_t len = 0;
    gs_fold_apply(gs_bytes_str(text), &result);
    for (uint32_t i = 0; i < result.count; i++)
        len += gs_utf8_encode(result.code_points[i], (uint8_t *)found + len);
    found[len] = '\0';
    assert_string_equal(found, wanted);
}

static void traditional_becomes_simplified(void **state)
{
    (void)state;
    assert_fold("營", "营");
    assert_fold("發", "发");
    assert_fold("髮", "发");
    assert_fold("爲", "为");
    assert_fold("為", "为"); // Taiwan's and Hong Kong's form
    assert_fold("衞", "卫"); // Hong Kong's form of 衛
    assert_fold("裡", "里"); // Taiwan's form of 裏
    assert_fold("薴", "苎"); // by way of 苧
    assert_fold("国", "国");
    assert_fold("芸", "芸"); // no Japanese simplification
}

static void assert_same(const char *one, const char *other)
{
    gs_fold_result folded_one, folded_other;
    gs_fold_apply(gs_bytes_str(one), &folded_one);
    gs_fold_apply(gs_bytes_str(other), &folded_other);
    assert_int_equal(folded_one.count, folded_other.count);
    assert_memory_equal(folded_one.code_points, folded_other.code_points,
                        folded_one.count * sizeof(uint32_t));
}

static void characters_that_phrases_disagree_on_are_the_same(void **state)
{
    (void)state;
    assert_same("瞭", "了");
    assert_same("藉", "借");
    assert_same("乾", "干");
    assert_same("鍾", "锺");
    assert_same("鍾", "钟");
    assert_same("覆", "复");
    assert_same("沈", "沉");
    assert_same("牴", "抵");
    assert_same("畫", "划");
    assert_same("畫", "画");
}

static void radicals_become_ideographs(void **state)
{
    (void)state;
    assert_fold("⼀", "一");
    assert_fold("⽂", "文");
    assert_fold("⻢", "马");
    assert_fold("⺟", "母");
    assert_fold("\xEF\xA4\x80", "岂"); // U+F900, by way of 豈
}

static void marks_are_composed_with_their_base(void **state)
{
    (void)state;
    assert_fold("e\xCC\x81", "é");
    assert_fold("か\xE3\x82\x99", "が");
    assert_fold("ｶﾞ", "ガ");
    assert_fold("ﾊﾟ", "パ");
    assert_fold("営\xEF\xB8\x80", "営");
    assert_fold("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", "한");
    assert_fold("x\xCC\x82", "x\xCC\x82");
}

static void assert_cluster(const char *text, size_t wanted)
{
    gs_bytes bytes = gs_bytes_str(text);
    assert_int_equal(gs_fold_cluster(bytes.ptr, bytes.ptr + bytes.len), wanted);
}

static void character_reaches_over_its_marks(void **state)
{
    (void)state;
    assert_cluster("ab", 1);
    assert_cluster("e\xCC\x81x", 3);
    assert_cluster("e\xCC\x81\xCC\xA3", 5);
    assert_cluster("ｶﾞｶ", 6);
    assert_cluster("葛\xF3\xA0\x84\x80飾", 7);
}

static void hangul_letters_join_to_syllables(void **state)
{
    (void)state;
    assert_cluster("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", 9);             // L V T
    assert_cluster("가\xE1\x86\xA8", 6);                                   // LV T
    assert_cluster("각\xE1\x86\xA8", 3);                                   // LVT T
    assert_cluster("\xE1\x84\x92\xE1\x86\xAB", 3);                         // L T
    assert_cluster("\xE1\x84\x92\xCC\x81\xE1\x85\xA1", 5);                 // a mark between
    assert_cluster("ㄱㅏㄴㅏ", 6);                                         // compatibility letters
    assert_cluster("ﾡￂ", 6);                                             // half-width ones
    assert_cluster("\xE4\xB8\x80\xE1\x85\xA1", 3);                         // Han V
}

static void marks_without_end_are_read_but_not_all_folded(void **state)
{
    (void)state;
    char text[1 + 2 * 1000 + 1] = "q";
    for (size_t i = 0; i < 1000; i++)
        memcpy(text + 1 + 2 * i, "\xCC\x81", 2);
    assert_cluster(text, sizeof(text) - 1);
    gs_fold_result result;
    gs_fold_apply(gs_bytes_str(text), &result);
    assert_int_equal(result.count, 31);
    assert_int_equal(result.code_points[0], 'q');
}

static void circle_folds_to_zero(void **state)
{
    (void)state;
    assert_int_equal(gs_fold_target(gs_fold_entry(0x25CB), 0x25CB), IDEOGRAPHIC_ZERO);
    assert_int_equal(gs_fold_target(gs_fold_entry(0x25EF), 0x25EF), IDEOGRAPHIC_ZERO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_twice_is_folding_once),
        cmocka_unit_test(table_agrees_with_utf8proc),
        cmocka_unit_test(traditional_becomes_simplified),
        cmocka_unit_test(characters_that_phrases_disagree_on_are_the_same),
        cmocka_unit_test(radicals_become_ideographs),
        cmocka_unit_test(marks_are_composed_with_their_base),
        cmocka_unit_test(character_reaches_over_its_marks),
        cmocka_unit_test(hangul_letters_join_to_syllables),
        cmocka_unit_test(marks_without_end_are_read_but_not_all_folded),
        cmocka_unit_test(circle_folds_to_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
