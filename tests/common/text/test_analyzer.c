/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of common/text/analyzer.c, rule by rule of docs/QUERY.md, and of tests/data/acid.tsv.
 * reference_analyzer.py compares it with the rules on random texts.
 */
#include "common/text/analyzer.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/utf8.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define TOKENS_MAX 8192
#define TERM_BYTES_MAX 300

/* Tokens with terms of their own. */
typedef struct reading {
    size_t count;
    gs_token tokens[TOKENS_MAX];
    char terms[TOKENS_MAX][TERM_BYTES_MAX];
} reading;

static void read_from(gs_bytes text, size_t from, uint32_t position, size_t capacity,
                      reading *out)
{
    gs_analyzer analyzer;
    size_t count;
    out->count = 0;
    gs_analyzer_start(&analyzer, text, from, position);
    while ((count = gs_analyzer_next(&analyzer, out->tokens + out->count, capacity))) {
        assert_in_range(count, 1, capacity);
        for (size_t i = out->count; i < out->count + count; i++) {
            gs_token *token = out->tokens + i;
            char *term = out->terms[i];
            size_t len = 0;
            if (token->kind == GS_TOKEN_CJK)
                len = gs_utf8_encode(token->code_point, (uint8_t *)term);
            else if (token->kind == GS_TOKEN_WORD)
                memcpy(term, token->term.ptr, len = token->term.len);
            else
                term[len++] = '/';
            term[len] = '\0';
        }
        out->count += count;
        assert_in_range(out->count, 0, TOKENS_MAX - 64);
    }
}

static reading *read_text(const char *text)
{
    reading *found = calloc(1, sizeof(*found));
    assert_non_null(found);
    read_from(gs_bytes_str(text), 0, 0, 32, found);
    return found;
}

/* Appends to a text in an array of `size` bytes. */
static void append(char *text, size_t size, const char *more, size_t len)
{
    size_t used = strlen(text);
    assert_in_range(used + len, 0, size - 1);
    memcpy(text + used, more, len);
    text[used + len] = '\0';
}

/* Compares the terms, parted by spaces (`/` is a break), and the positions 0, 1, 2, … */
static void assert_terms(const char *text, const char *wanted)
{
    reading *found = read_text(text);
    char terms[4096] = "";
    for (size_t i = 0; i < found->count; i++) {
        assert_int_equal(found->tokens[i].position, i);
        append(terms, sizeof(terms), " ", i ? 1 : 0);
        append(terms, sizeof(terms), found->terms[i], strlen(found->terms[i]));
    }
    free(found);
    assert_string_equal(terms, wanted);
}

/* Compares the original of each token: its byte range, parted by `|`. */
static void assert_originals(const char *text, const char *wanted)
{
    reading *found = read_text(text);
    char originals[4096] = "";
    for (size_t i = 0; i < found->count; i++) {
        const gs_token *token = found->tokens + i;
        append(originals, sizeof(originals), "|", i ? 1 : 0);
        append(originals, sizeof(originals), text + token->byte_start,
               token->byte_end - token->byte_start);
    }
    free(found);
    assert_string_equal(originals, wanted);
}

/* ---- rule 1: classes ---- */

static void every_cjk_character_takes_a_position(void **state)
{
    (void)state;
    assert_terms("政务公开", "政 务 公 开");
    assert_terms("ひらがなカタカナー", "ひ ら が な カ タ カ ナ ー");
    assert_terms("한국어", "한 국 어");
    assert_terms("ㄅㄆ", "ㄅ ㄆ");
    assert_terms("人々〆〇", "人 々 〆 〇");
    assert_terms("𠮷野", "𠮷 野");
}

static void nothings_take_no_position(void **state)
{
    (void)state;
    assert_terms("“三公”经费", "三 公 经 费");
    assert_terms("通　知", "通 知");
    assert_terms("《书》〔2017〕「名」·☆", "书 2017 名");
    assert_terms("征收补\n偿", "征 收 补 偿");
    assert_terms("征收补\r\n偿", "征 收 补 偿");
    assert_terms("征收补\r偿", "征 收 补 偿");
    assert_terms("", "");
    assert_terms(" 「」 ", "");
}

static void symbol_has_the_class_of_what_it_folds_to(void **state)
{
    (void)state;
    assert_terms("10㎡", "10m2");
    assert_terms("㈠", "一");
    assert_terms("㌔", "キ ロ");
    assert_terms("㍿", "株 式 会 社");
    assert_terms("㋉", "10 月");
    assert_terms("½", "1 2");
    assert_terms("①", "1");
    assert_terms("℃", "c");
    assert_terms("\xE3\x87\x90", "一"); // U+31D0, a stroke
}

static void circle_is_zero_between_han_characters_only(void **state)
{
    (void)state;
    assert_terms("二○一七", "二 〇 一 七");
    assert_terms("二◯◯○年", "二 〇 〇 〇 年");
    assert_terms("○一", "一");
    assert_terms("一○", "一");
    assert_terms("一○○", "一");
    assert_terms("一○ 一", "一 一");
    assert_terms("一 ○一", "一 一");
    assert_terms("か○か", "か か");
    assert_terms("1○1", "1 1");
    assert_terms("一○か", "一 か");
}

/* Every circle must not look through all the others: that would take minutes. */
static void long_runs_of_circles_are_read_in_one_pass(void **state)
{
    (void)state;
    const size_t circles = 1u << 20;
    uint8_t *text = malloc(3 * (circles + 2));
    assert_non_null(text);
    for (size_t i = 0; i < circles + 2; i++)
        memcpy(text + 3 * i, "○", 3);
    memcpy(text, "一", 3);
    gs_token tokens[32];
    size_t count, all = 0;
    for (int closed = 0; closed < 2; closed++) {
        gs_analyzer analyzer;
        gs_analyzer_start(&analyzer, gs_bytes_of(text, 3 * (circles + 2)), 0, 0);
        for (all = 0; (count = gs_analyzer_next(&analyzer, tokens, 32)); all += count)
            ;
        assert_int_equal(all, closed ? circles + 2 : 1);
        memcpy(text + 3 * (circles + 1), "一", 3);
    }
    free(text);
}

static void breaks_take_a_position(void **state)
{
    (void)state;
    const char *const marks[] = {"。", "，", "、", "；", "：", "！", "？", "…", "⋯", "｡", "､",
                                 ";",  "!",  "?",  ",",  ".",  ":",  "\xE2\x80\xA9", "\f"};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        char text[32];
        snprintf(text, sizeof(text), "甲%s乙", marks[i]);
        assert_terms(text, "甲 / 乙");
    }
    assert_terms("。甲。", "/ 甲 /");
}

static void run_of_breaks_takes_one_position(void **state)
{
    (void)state;
    assert_terms("甲。”\n\n“！… 乙", "甲 / 乙");
    assert_originals("甲。”\n\n“！ 乙", "甲|。”\n\n“！|乙");
    assert_originals("甲 。」乙", "甲|。|乙");
}

static void blank_line_is_a_break(void **state)
{
    (void)state;
    assert_terms("甲\n\n乙", "甲 / 乙");
    assert_terms("甲\r\n\r\n乙", "甲 / 乙");
    assert_terms("甲\r\r乙", "甲 / 乙");
    assert_terms("甲\n 　\t\n乙", "甲 / 乙");
    assert_terms("甲\n」\n乙", "甲 乙");
    assert_terms("甲\r\n乙\n", "甲 乙");
    assert_terms("\n甲", "/ 甲");
    assert_originals("甲\n \r\n乙", "甲|\r\n|乙");
}

static void end_of_a_heading_is_a_break(void **state)
{
    (void)state;
    assert_terms("# 标题\n正文", "标 题 / 正 文");
    assert_terms("前\n  ## 标题 ##\r\n正文", "前 标 题 / 正 文");
    assert_terms("#\n正文", "/ 正 文");
    assert_terms("#标题\n正文", "标 题 正 文");
    assert_terms("    # 标题\n正文", "标 题 正 文");
    assert_terms("标题 # 1\n正文", "标 题 1 正 文");
    assert_terms("# 标题", "标 题");
}

static void mark_without_a_base_is_nothing(void **state)
{
    (void)state;
    assert_terms("\xCC\x81", "");
    assert_terms(" \xCC\x81" "a", "a");
    assert_terms("。\xCC\x81乙", "/ 乙");
    assert_terms("ﾞ", "");
}

static void ignorable_code_points_are_nothing(void **state)
{
    (void)state;
    assert_terms("政\xE2\x80\x8B务", "政 务");
    assert_terms("葛\xF3\xA0\x84\x80飾", "葛 饰");
    assert_terms("ab\xC2\xAD" "cd", "ab cd");
    assert_terms("\xEF\xBB\xBF甲", "甲");
}

/* ---- rule 2: folding ---- */

static void texts_are_folded(void **state)
{
    (void)state;
    assert_terms("營商環境", "营 商 环 境");
    assert_terms("ＰＤ１７２８Ａ型", "pd1728a 型");
    assert_terms("⽂件⼀览表", "文 件 一 览 表");
    assert_terms("ÄÖ STRASSE straße", "äö strasse strasse");
    assert_terms("ｶﾞｰﾅ", "ガ ー ナ");
}

static void marks_share_the_bytes_of_their_base(void **state)
{
    (void)state;
    assert_terms("か\xE3\x82\x99き", "が き");
    assert_originals("か\xE3\x82\x99き", "か\xE3\x82\x99|き");
    assert_terms("cafe\xCC\x81s", "cafés");
    assert_originals("cafe\xCC\x81 s", "cafe\xCC\x81|s");
    assert_originals("葛\xF3\xA0\x84\x80飾", "葛\xF3\xA0\x84\x80|飾");
    assert_terms("か\xCC\x81", "か");
    assert_terms("1\xE2\x83\xA3", "1"); // an enclosing mark
    assert_terms("q\xCC\x81s", "q\xCC\x81s");
}

static void several_characters_from_one_share_its_bytes(void **state)
{
    (void)state;
    assert_originals("大㍿a㋉", "大|㍿|㍿|㍿|㍿|a㋉|㋉");
    assert_originals("〔㈠〕", "㈠");
}

/* ---- rule 4: words ---- */

static void words_of_letters_and_digits_stay_whole(void **state)
{
    (void)state;
    assert_terms("设备PD1728A型640100", "设 备 pd1728a 型 640100");
    assert_terms("foo-bar foo_bar a/b", "foo bar foo bar a b");
    assert_terms("жизнь नमस्ते สวัสดี", "жизнь नमस्ते สวัสดี");
    assert_terms("foo\nbar", "foo bar");
    assert_originals("a1\xEF\xBC\xA2 c", "a1\xEF\xBC\xA2|c");
}

static void point_and_comma_between_digits_belong_to_the_number(void **state)
{
    (void)state;
    assert_terms("增长6.5%，3,000元", "增 长 6.5 / 3,000 元");
    assert_terms("1.2.3", "1.2.3");
    assert_terms("１.５", "1.5");
    assert_terms("1,a", "1 / a");
    assert_terms("1. 5", "1 / 5");
    assert_terms("1..5", "1 / 5");
    assert_terms("十.五", "十 / 五");
    assert_terms("10:30", "10 / 30");
}

static void point_between_other_word_characters_is_nothing(void **state)
{
    (void)state;
    assert_terms("www.bysajj.gov.cn", "www bysajj gov cn");
    assert_terms("v1.a a.1", "v1 a a 1");
    assert_terms("a.㎡", "a m2");
    assert_terms("a.中", "a / 中");
    assert_terms("a. b", "a / b");
    assert_terms("a,b", "a / b");
    assert_terms("a.", "a /");
    assert_terms(".a", "/ a");
}

/* A word of `first`, then `count` times `more`. */
static void put_word(char *text, size_t size, const char *first, const char *more, size_t count)
{
    text[0] = '\0';
    append(text, size, first, strlen(first));
    while (count--)
        append(text, size, more, strlen(more));
}

/* The term of the word before 中 is its first `head` bytes and `hash`; "" for the whole word. */
static void assert_long_term(const char *word, size_t head, const char *hash)
{
    char text[1200] = "中", wanted[1200] = "";
    append(wanted, sizeof(wanted), word, head);
    append(wanted, sizeof(wanted), hash, strlen(hash));
    append(text, sizeof(text), word, strlen(word));
    append(text, sizeof(text), "中", 3);
    reading *found = read_text(text);
    assert_int_equal(found->count, 3);
    assert_string_equal(found->terms[1], wanted);
    assert_int_equal(found->tokens[1].byte_start, 3);
    assert_int_equal(found->tokens[1].byte_end, 3 + strlen(word));
    assert_int_equal(found->tokens[2].position, 2);
    free(found);
}

/* The hashes are from another program, checked with the vectors of the authors of FNV. */
static void the_term_of_a_long_word_is_its_beginning_and_a_hash(void **state)
{
    (void)state;
    char word[1200];
    static const struct {
        size_t len, head;
        const char *hash;
    } edges[] = {{254, 254, ""},
                 {255, 255, ""},
                 {256, 239, "dc43b08dfdc72325"},
                 {257, 239, "0e2848463960f1a5"},
                 {1000, 239, "039721a1b7752b25"}};
    for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
        put_word(word, sizeof(word), "", "b", edges[i].len);
        assert_long_term(word, edges[i].head, edges[i].hash);
    }
    put_word(word, sizeof(word), "", "a", 254);
    append(word, sizeof(word), "éaaaé", 7);
    assert_long_term(word, 239, "6db497aa469c9ce4");
    put_word(word, sizeof(word), "", "a", 255);
    append(word, sizeof(word), "b", 1);
    assert_long_term(word, 239, "fd2913200943d30c");
    word[255] = 'c';
    assert_long_term(word, 239, "fd2914200943d4bf");
}

static void the_beginning_of_a_long_word_ends_at_a_character_border(void **state)
{
    (void)state;
    char word[1200];
    put_word(word, sizeof(word), "", "ж", 127);
    assert_long_term(word, 254, "");
    put_word(word, sizeof(word), "", "ж", 128);
    assert_long_term(word, 238, "f48ca4cc288cc325");
    put_word(word, sizeof(word), "a", "ж", 128);
    assert_long_term(word, 239, "ae8fed629942408c");
    put_word(word, sizeof(word), "", "a", 236);
    for (int i = 0; i < 5; i++)
        append(word, sizeof(word), "\xF0\x90\x90\xA8", 4);
    assert_long_term(word, 236, "d8a6f981f381aba9");
}

static void long_words_fold_before_they_are_hashed(void **state)
{
    (void)state;
    char word[1200];
    put_word(word, sizeof(word), "", "Ж", 128);
    reading *found = read_text(word);
    assert_string_equal(found->terms[0] + 238, "f48ca4cc288cc325");
    free(found);
    put_word(word, sizeof(word), "", "Ｂ", 256); // 768 bytes as they are, 256 folded
    found = read_text(word);
    assert_string_equal(found->terms[0] + 239, "dc43b08dfdc72325");
    free(found);
}

/* Terms of one batch and words that go on into the next share the analyser's room. */
static void long_words_in_a_row_keep_their_terms(void **state)
{
    (void)state;
    char text[8000] = "";
    static const size_t lengths[] = {256, 255, 1000, 257, 254, 256};
    static const char *const ends[] = {"dc43b08dfdc72325", "", "039721a1b7752b25",
                                       "0e2848463960f1a5", "", "dc43b08dfdc72325"};
    for (size_t i = 0; i < 12; i++) {
        for (size_t k = 0; k < lengths[i % 6]; k++)
            append(text, sizeof(text), "b", 1);
        append(text, sizeof(text), i % 2 ? " " : "。", i % 2 ? 1 : 3);
    }
    reading *found = calloc(1, sizeof(*found));
    assert_non_null(found);
    for (size_t capacity = 8; capacity <= 32; capacity += 3) {
        read_from(gs_bytes_str(text), 0, 0, capacity, found);
        size_t word = 0;
        for (size_t i = 0; i < found->count; i++) {
            if (found->tokens[i].kind != GS_TOKEN_WORD)
                continue;
            const char *end = ends[word % 6];
            size_t len = strlen(found->terms[i]);
            assert_int_equal(len, *end ? 255 : lengths[word % 6]);
            assert_string_equal(found->terms[i] + len - strlen(end), end);
            word++;
        }
        assert_int_equal(word, 12);
    }
    free(found);
}

/* ---- reading in batches ---- */

/* Pieces that make what came before matter. */
static const char *const pieces[] = {
    "政", "务", "公", "开", "營", "商", "環", "境", "政务公开", "年度报告",
    "\n", "\r\n", "\n\n", "\n# ", " ", "。", "，", "”", "abc", "12", ".", ",", "e\xCC\x81",
    "\xEF\xB8\x80", "○", "か\xE3\x82\x99", "㍿", "㎡", "한", "\xE1\x86\xAB", "\xF0\xA0\xAE\xB7",
    "、；", "\xE3\x82\x99", "\t", "# ", "カナ", "\f", "豈",
};

#define RANDOM_TEXT_BYTES_MAX 8192

static gs_bytes random_text(uint64_t *seed, char *text)
{
    text[0] = '\0';
    for (uint64_t left = 1 + gs_test_random_below(seed, 80); left > 0; left--) {
        uint64_t piece = gs_test_random_below(seed, sizeof(pieces) / sizeof(pieces[0]));
        if (gs_test_random_below(seed, 2))
            piece %= 10;
        append(text, RANDOM_TEXT_BYTES_MAX, pieces[piece], strlen(pieces[piece]));
    }
    return gs_bytes_str(text);
}

static void assert_same_tail(const reading *whole, size_t from, const reading *tail)
{
    assert_int_equal(tail->count, whole->count - from);
    for (size_t i = 0; i < tail->count; i++) {
        const gs_token *one = whole->tokens + from + i, *other = tail->tokens + i;
        assert_int_equal(one->kind, other->kind);
        assert_int_equal(one->position, other->position);
        assert_int_equal(one->byte_start, other->byte_start);
        assert_int_equal(one->byte_end, other->byte_end);
        assert_true(i == 0 || one->restart == other->restart); // of the first, nothing is before it
        assert_string_equal(whole->terms[from + i], tail->terms[i]);
    }
}

static void tokens_do_not_depend_on_the_batches(void **state)
{
    (void)state;
    uint64_t seed = 4;
    reading *one = calloc(2, sizeof(*one)), *other = one + 1;
    assert_non_null(one);
    for (int round = 0; round < 500; round++) {
        char memory[RANDOM_TEXT_BYTES_MAX];
        gs_bytes text = random_text(&seed, memory);
        read_from(text, 0, 7, 64, one);
        read_from(text, 0, 7, GS_ANALYZER_TOKENS_MIN + (size_t)round % 15, other);
        assert_same_tail(one, 0, other);
    }
    free(one);
}

static void restart_gives_the_same_tokens_from_there_on(void **state)
{
    (void)state;
    uint64_t seed = 5;
    size_t restarts = 0;
    reading *whole = calloc(2, sizeof(*whole)), *tail = whole + 1;
    assert_non_null(whole);
    for (int round = 0; round < 500; round++) {
        char memory[RANDOM_TEXT_BYTES_MAX];
        gs_bytes text = random_text(&seed, memory);
        read_from(text, 0, 3, 32, whole);
        for (size_t i = 0; i < whole->count; i++) {
            const gs_token *token = whole->tokens + i;
            if (!token->restart)
                continue;
            restarts++;
            read_from(text, token->byte_start, token->position, 32, tail);
            assert_same_tail(whole, i, tail);
        }
    }
    assert_in_range(restarts, 5000, UINT32_MAX);
    free(whole);
}

static void most_han_characters_are_restart_points(void **state)
{
    (void)state;
    reading *found = read_text("关于印发优化营商环境实施方案的通知");
    size_t restarts = 0;
    for (size_t i = 0; i < found->count; i++)
        restarts += found->tokens[i].restart;
    assert_int_equal(restarts, found->count - 1);
    free(found);
}

/* ---- plain text ---- */

/* Reads with gs_analyzer_plain wherever it goes on, and adds up what each of the two gave. Of the
 * tokens of plain text only kinds, terms and positions are known; a break before a word, or at the
 * end, comes from the other. */
static void read_plainly(gs_bytes text, size_t capacity, size_t stride, reading *out, size_t *plain)
{
    gs_analyzer analyzer;
    uint32_t codes[64];
    size_t restart = stride ? stride : SIZE_MAX;
    out->count = 0;
    gs_analyzer_start(&analyzer, text, 0, 5);
    for (;;) {
        uint32_t position = analyzer.position;
        size_t count = gs_analyzer_plain(&analyzer, restart, codes, capacity);
        assert_in_range(count, 0, capacity);
        for (size_t i = 0; i < count; i++) {
            gs_token *token = out->tokens + out->count;
            bool is_break = codes[i] == GS_ANALYZER_BREAK;
            *token = (gs_token){.kind = is_break ? GS_TOKEN_BREAK : GS_TOKEN_CJK,
                                .position = position + (uint32_t)i,
                                .code_point = is_break ? 0 : codes[i],
                                .byte_end = UINT32_MAX};
            out->terms[out->count++][0] = '\0';
        }
        *plain += count;
        count = gs_analyzer_next(&analyzer, out->tokens + out->count, GS_ANALYZER_TOKENS_MIN);
        if (count == 0)
            return;
        for (size_t i = 0; i < count; i++, out->count++) {
            const gs_token *token = out->tokens + out->count;
            size_t len = token->kind == GS_TOKEN_WORD ? token->term.len : 0;
            memcpy(out->terms[out->count], token->term.ptr ? token->term.ptr : text.ptr, len);
            out->terms[out->count][len] = '\0';
            if (token->restart && token->byte_start >= restart)
                restart = token->byte_start + stride;
        }
    }
}

/* `whole` is what gs_analyzer_next gave alone. */
static void assert_same_plainly(const reading *whole, const reading *mixed, size_t stride)
{
    size_t due = stride;
    assert_int_equal(mixed->count, whole->count);
    for (size_t i = 0; i < whole->count; i++) {
        const gs_token *one = whole->tokens + i, *other = mixed->tokens + i;
        assert_int_equal(one->kind, other->kind);
        assert_int_equal(one->position, other->position);
        if (one->kind == GS_TOKEN_CJK)
            assert_int_equal(one->code_point, other->code_point);
        if (one->kind == GS_TOKEN_WORD)
            assert_string_equal(whole->terms[i], mixed->terms[i]);
        bool restarts = stride && one->restart && one->byte_start >= due;
        if (other->byte_end != UINT32_MAX) {
            assert_int_equal(one->byte_start, other->byte_start);
            assert_int_equal(one->byte_end, other->byte_end);
            assert_int_equal(one->restart, other->restart);
        } else {
            assert_false(restarts); // it stops before restart points that are due
        }
        if (restarts)
            due = one->byte_start + stride;
    }
}

static void plain_text_gives_the_same_tokens(void **state)
{
    (void)state;
    uint64_t seed = 6;
    size_t all = 0, plain = 0;
    reading *whole = calloc(2, sizeof(*whole)), *mixed = whole + 1;
    assert_non_null(whole);
    for (size_t round = 0; round < 4000; round++) {
        char memory[RANDOM_TEXT_BYTES_MAX];
        gs_bytes text = random_text(&seed, memory);
        size_t stride = round % 3 * 40;
        read_from(text, 0, 5, 64, whole);
        read_plainly(text, 2 + round % 63, stride, mixed, &plain);
        assert_same_plainly(whole, mixed, stride);
        all += whole->count;
    }
    assert_in_range(plain, all / 3, all - 1);
    free(whole);
}

static size_t append_code_point(char *text, size_t size, uint32_t code_point)
{
    uint8_t bytes[4];
    size_t len = gs_utf8_encode(code_point, bytes);
    append(text, size, (const char *)bytes, len);
    return len;
}

/* Between its neighbours, at a line's start, behind a break, a word, a mark and itself. */
static void plain_text_gives_the_same_tokens_around_any_code_point(void **state)
{
    (void)state;
    static const char *const before[] = {"政务", "。", "\n", "# 政\n", "a", "か", "한", "一○", ""};
    static const char *const after[] = {"公开。", "\n\n公", "\xCC\x81公", "1.5", "○一", ""};
    enum { BEFORE = sizeof(before) / sizeof(*before), AFTER = sizeof(after) / sizeof(*after) };
    size_t plain = 0;
    reading *whole = calloc(2, sizeof(*whole)), *mixed = whole + 1;
    assert_non_null(whole);
    for (uint32_t code_point = 1; code_point < 0x30000; code_point++) {
        if (code_point >= 0xD800 && code_point < 0xE000)
            continue;
        char text[2048] = "";
        for (size_t i = 0; i < (code_point < 0x10000 ? BEFORE * AFTER : 1); i++) {
            append(text, sizeof(text), before[i % BEFORE], strlen(before[i % BEFORE]));
            append_code_point(text, sizeof(text), code_point);
            if (i % 2)
                append_code_point(text, sizeof(text), code_point);
            append(text, sizeof(text), after[i % AFTER], strlen(after[i % AFTER]));
        }
        read_from(gs_bytes_str(text), 0, 5, 64, whole);
        read_plainly(gs_bytes_str(text), 64, 0, mixed, &plain);
        assert_same_plainly(whole, mixed, 0);
    }
    assert_in_range(plain, 1u << 20, SIZE_MAX);
    free(whole);
}

static void plain_text_stops_before_words_marks_and_circles(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count, bytes;
    } texts[] = {
        {"營商。、”环境", 5, 21}, {"政务a", 2, 6},  {"政务か\xE3\x82\x99", 2, 6}, {"政。\n\n务", 3, 11},
        {"政○务", 1, 3},          {"政.务", 1, 3}, {"政㍿", 1, 3},                  {"# 政\n务", 3, 9},
        {"\xF0\xA0\xAE\xB7野", 2, 7}, {"a政", 0, 0},  {"政。", 1, 6},                  {"", 0, 0},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        gs_analyzer analyzer;
        uint32_t codes[16];
        gs_bytes text = gs_bytes_str(texts[i].text);
        gs_analyzer_start(&analyzer, text, 0, 0);
        assert_int_equal(gs_analyzer_plain(&analyzer, SIZE_MAX, codes, 16), texts[i].count);
        assert_int_equal(analyzer.next - text.ptr, texts[i].bytes);
        assert_int_equal(analyzer.position, texts[i].count);
    }
}

/* ---- the acid test ---- */

#define ACID_DOCUMENTS_MAX 16

static bool contains(const reading *document, const reading *query)
{
    size_t first = 0, last = query->count;
    while (first < last && query->tokens[first].kind == GS_TOKEN_BREAK)
        first++;
    while (last > first && query->tokens[last - 1].kind == GS_TOKEN_BREAK)
        last--;
    size_t len = last - first;
    assert_true(len > 0);
    for (size_t at = 0; at + len <= document->count; at++) {
        size_t equal = 0;
        while (equal < len && strcmp(document->terms[at + equal], query->terms[first + equal]) == 0)
            equal++;
        if (equal == len)
            return true;
    }
    return false;
}

/* All phrases of `query`, which spaces part. */
static bool answers(const reading *document, const char *query)
{
    char phrases[256], *rest = phrases, *phrase;
    snprintf(phrases, sizeof(phrases), "%s", query);
    bool all = true;
    while ((phrase = strsep(&rest, " "))) {
        reading *terms = read_text(phrase);
        all = all && contains(document, terms);
        free(terms);
    }
    return all;
}

static void check_query(reading *const *documents, size_t count, const char *query,
                        const char *wanted)
{
    char found[128] = "";
    for (size_t i = 0; i < count; i++)
        if (answers(documents[i], query))
            snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%zu",
                     *found ? " " : "", i + 1);
    if (strcmp(found, wanted) != 0)
        fail_msg("%s finds %s, not %s", query, found, wanted);
}

static void acid_queries_find_their_documents(void **state)
{
    (void)state;
    const char *data = getenv("GS_TEST_DATA");
    assert_non_null(data);
    size_t len, documents_count = 0, queries_count = 0;
    char *file = (char *)gs_test_file_read(data, "acid.tsv", &len), *rest = file, *line;
    reading *documents[ACID_DOCUMENTS_MAX];
    while ((line = strsep(&rest, "\n"))) {
        char *what = strsep(&line, "\t"), *second = strsep(&line, "\t"),
             *third = strsep(&line, "\t");
        if (strcmp(what, "document") == 0) {
            assert_in_range(documents_count, 0, ACID_DOCUMENTS_MAX - 1);
            char *line_end = strstr(third, "\\n");
            if (line_end)
                memcpy(line_end, " \n", 2);
            documents[documents_count++] = read_text(third);
        } else if (strcmp(what, "query") == 0) {
            check_query(documents, documents_count, second, line);
            check_query(documents, documents_count, third, line);
            queries_count++;
        }
    }
    assert_int_equal(documents_count, 12);
    assert_int_equal(queries_count, 19);
    for (size_t i = 0; i < documents_count; i++)
        free(documents[i]);
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cjk_character_takes_a_position),
        cmocka_unit_test(nothings_take_no_position),
        cmocka_unit_test(symbol_has_the_class_of_what_it_folds_to),
        cmocka_unit_test(circle_is_zero_between_han_characters_only),
        cmocka_unit_test(long_runs_of_circles_are_read_in_one_pass),
        cmocka_unit_test(breaks_take_a_position),
        cmocka_unit_test(run_of_breaks_takes_one_position),
        cmocka_unit_test(blank_line_is_a_break),
        cmocka_unit_test(end_of_a_heading_is_a_break),
        cmocka_unit_test(mark_without_a_base_is_nothing),
        cmocka_unit_test(ignorable_code_points_are_nothing),
        cmocka_unit_test(texts_are_folded),
        cmocka_unit_test(marks_share_the_bytes_of_their_base),
        cmocka_unit_test(several_characters_from_one_share_its_bytes),
        cmocka_unit_test(words_of_letters_and_digits_stay_whole),
        cmocka_unit_test(point_and_comma_between_digits_belong_to_the_number),
        cmocka_unit_test(point_between_other_word_characters_is_nothing),
        cmocka_unit_test(the_term_of_a_long_word_is_its_beginning_and_a_hash),
        cmocka_unit_test(the_beginning_of_a_long_word_ends_at_a_character_border),
        cmocka_unit_test(long_words_fold_before_they_are_hashed),
        cmocka_unit_test(long_words_in_a_row_keep_their_terms),
        cmocka_unit_test(tokens_do_not_depend_on_the_batches),
        cmocka_unit_test(restart_gives_the_same_tokens_from_there_on),
        cmocka_unit_test(most_han_characters_are_restart_points),
        cmocka_unit_test(plain_text_gives_the_same_tokens),
        cmocka_unit_test(plain_text_gives_the_same_tokens_around_any_code_point),
        cmocka_unit_test(plain_text_stops_before_words_marks_and_circles),
        cmocka_unit_test(acid_queries_find_their_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
