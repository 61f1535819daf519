/* SPDX-License-Identifier: Apache-2.0
 *
 * Snippets of documents that were indexed and searched as always. What must be marked is known from
 * where the test put it. Patterns: `ab*3` stands for ababab, a space for nothing, `_` for a space.
 */
#include "query/snippet.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/utf8.h"
#include "common/text/fold.h"
#include "query/index.h"
#include "tests/query/collection.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define PICK(array, state) (array)[gs_test_random_below((state), sizeof(array) / sizeof(*(array)))]

/* ---- documents, searched ------------------------------------------------------------------- */

static gs_bytes finish(gs_buf *buf)
{
    gs_buf_u8(buf, 0);
    assert_int_equal(buf->status, GSEARCH_OK);
    gs_bytes bytes = gs_bytes_of(gs_mem_dup(NULL, gs_buf_view(buf)), buf->len - 1);
    gs_buf_release(buf);
    return bytes;
}

static const char *chars(gs_bytes bytes)
{
    return (const char *)bytes.ptr;
}

static void release(gs_bytes bytes)
{
    free((void *)(uintptr_t)bytes.ptr);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static gs_bytes expand(const char *pattern)
{
    gs_buf buf;
    gs_buf_init(&buf, NULL, SIZE_MAX);
    while (*pattern) {
        const char *piece = pattern;
        while (*pattern && *pattern != ' ' && !(*pattern == '*' && is_digit(pattern[1])))
            pattern++;
        size_t len = (size_t)(pattern - piece), times = 1;
        if (*pattern == '*') {
            for (times = 0; is_digit(*++pattern);)
                times = 10 * times + (size_t)(*pattern - '0');
        }
        while (times--) {
            for (size_t i = 0; i < len; i++)
                gs_buf_u8(&buf, piece[i] == '_' ? ' ' : (uint8_t)piece[i]);
        }
        pattern += *pattern == ' ';
    }
    return finish(&buf);
}

typedef struct shelf {
    gs_collection documents;
    char *dir;
    gsearch_index *index;
} shelf;

/* Takes `text` and `title`; the title may be empty without being absent. */
static void put(shelf *all, gs_bytes text, bool has_title, gs_bytes title)
{
    gs_collection *corpus = &all->documents;
    corpus->documents =
        realloc(corpus->documents, (corpus->count + 1) * sizeof(*corpus->documents));
    char id[16];
    snprintf(id, sizeof(id), "%06zu", corpus->count);
    corpus->documents[corpus->count++] = (gs_collection_document){
        .document = {.id = gs_bytes_of(gs_mem_dup(NULL, gs_bytes_str(id)), strlen(id)),
                     .has_title = has_title,
                     .title = title,
                     .text = text,
                     .date = 20170101},
    };
}

static void shelve(shelf *all)
{
    all->dir = gs_test_dir_make();
    all->index = gs_collection_index(&all->documents, all->dir, 1, false);
}

static void clear(shelf *all)
{
    gsearch_index_close(all->index);
    gs_test_dir_remove(all->dir);
    gs_collection_free(&all->documents);
}

static gsearch_results *search(gsearch_index *index, const char *query)
{
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_error error;
    gsearch_results *results = NULL;
    request.query = query;
    request.limit = 1000;
    gsearch_status status = gsearch_search(index, &request, &results, &error);
    if (status)
        fail_msg("%s: %s", query, error.message);
    return results;
}

/* The snippet with « » around its marks. */
static gs_bytes render(const gsearch_hit *hit)
{
    gs_buf out;
    gs_bytes snippet = gs_bytes_str(hit->snippet);
    gs_buf_init(&out, NULL, SIZE_MAX);
    size_t from = 0, code_points = 0;
    for (size_t i = 0; i < 2 * hit->marks_count; i++) {
        const gsearch_mark *mark = &hit->marks[i / 2];
        size_t place = mark->start + (i % 2 ? mark->length : 0);
        size_t len = gs_utf8_prefix(gs_bytes_of(snippet.ptr + from, snippet.len - from),
                                    place - code_points);
        gs_buf_append(&out, snippet.ptr + from, len);
        gs_buf_str(&out, i % 2 ? "»" : "«");
        from += len;
        code_points = place;
    }
    gs_buf_append(&out, snippet.ptr + from, snippet.len - from);
    return finish(&out);
}

typedef struct example {
    const char *title, *text, *query, *snippet; // no snippet: not found
} example;

static void check_example(const example *wanted)
{
    shelf all = {0};
    put(&all, expand(wanted->text), wanted->title, expand(wanted->title ? wanted->title : ""));
    shelve(&all);
    gs_bytes query = expand(wanted->query);
    gsearch_results *results = search(all.index, chars(query));
    assert_int_equal(results->total, wanted->snippet ? 1 : 0);
    if (wanted->snippet) {
        gs_bytes shown = render(results->hits), snippet = expand(wanted->snippet);
        if (strcmp(chars(shown), chars(snippet)) != 0)
            fail_msg("%s in %s:\n%s\ninstead of\n%s", wanted->query, wanted->text, chars(shown),
                     chars(snippet));
        release(shown);
        release(snippet);
    }
    gsearch_results_free(results);
    release(query);
    clear(&all);
}

static void check_examples(const example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_example(&examples[i]);
}

#define CHECK(examples) check_examples(examples, sizeof(examples) / sizeof(*(examples)))

/* ---- examples ------------------------------------------------------------------------------ */

static void marks_reach_from_the_first_to_the_last_character_of_each_match(void **unused)
{
    (void)unused;
    static const example examples[] = {
        {NULL, "全面推进政务公开工作", "政务公开", "全面推进«政务公开»工作"},
        {NULL, "压缩“三公”经费支出", "三公经费", "压缩“«三公”经费»支出"},
        {NULL, "推进政务\r\n公_开", "政务公开", "推进«政务__公_开»"},
        {NULL, "甲\x01\x7f\xC2\x85\xE2\x80\xA8乙政务", "政务", "甲____乙«政务»"},
        {NULL, "优化營商環境", "营商环境", "优化«營商環境»"},
        {NULL, "甲㈠政", "一政", "甲«㈠政»"},
        {NULL, "甲㍿乙", "式会", "甲«㍿»乙"},
        {NULL, "政务\xCC\x81公", "政务", "«政务\xCC\x81»公"},
        {NULL, "cafe\xCC\x81政", "café", "«cafe\xCC\x81»政"},
        {NULL, "甲한글乙", "한글", "甲«한글»乙"},
        {NULL, "甲𠀀𠀁政", "𠀁政", "甲𠀀«𠀁政»"},
        {NULL, "设备PD1728A型", "pd17*", "设备«PD1728A»型"},
        {NULL, "公开，透明", "公开、透明", "«公开，透明»"},
        {NULL, "政务公开", "政务_公开", "«政务公开»"},
        {NULL, "政务公开", "政务公_务公开", "«政务公开»"},
        {NULL, "政务和公开", "政务_公开", "«政务»和«公开»"},
        {NULL, "甲政乙务丙", "政_NEAR/3_务", "甲«政»乙«务»丙"},
        {NULL, "政务和公报在年度", "(政务_-公报)_OR_年度", "政务和公报在«年度»"},
        {NULL, "政务_年度", "政务_-公报", "«政务»_年度"},
    };
    CHECK(examples);
}

static void a_snippet_begins_and_ends_at_sensible_places(void **unused)
{
    (void)unused;
    static const example examples[] = {
        // at most 40 before the match, 160 in all
        {"题", "前*100 政务 后*200", "政务", "前*40 «政务» 后*118"},
        {"题", "前*9 政务 后*200", "政务", "前*9 «政务» 后*149"},
        // a sentence that begins near
        {"题", "前*100 。”句首 政务 后*200", "政务", "句首 «政务» 后*156"},
        {"题", "前*100 \r\n\r\n　##_句首 政务 后*200", "政务", "##_句首 «政务» 后*153"},
        {"题", "前*100 \n##_句首 政务 后*200", "政务", "句首 «政务» 后*156"},
        {"题", "前*100 ， 句*39 政务 后*200", "政务", "句*39 «政务» 后*119"},
        {"题", "\n\n　\n政务 后*200", "政务", "«政务» 后*158"},
        {"题", "。！政务 后*200", "政务", "«政务» 后*158"},
        // words and characters with marks stay whole
        {"题", "前*100 wordword 前*37 政务 后*200", "政务", "前*37 «政务» 后*121"},
        {"题", "前*100 字\xCC\x81 前*39 政务 后*200", "政务", "前*39 «政务» 后*119"},
        {"题", "前*100 ·\xCC\x81 前*39 政务 后*200", "政务", "前*39 «政务» 后*119"},
        {"题", "前*40 政务 后*117 字\xCC\x81 后*9", "政务", "前*40 «政务» 后*117"},
        // the text ends soon
        {"题", "前*300 政务 后*5", "政务", "前*153 «政务» 后*5"},
        {"题", "前*300 政务", "政务", "前*158 «政务»"},
        {"题", "前*300 。 前*140 政务", "政务", "前*140 «政务»"},
        // matches that are longer
        {"题", "前*50 甲*200 后*50", "甲*200", "« 甲*160 »"},
        {"题", "前*50 甲*150 后*50", "甲*150", "前*10 « 甲*150 »"},
        {"题", "前*50 政 _*30000 务 后*50", "政务", "«政 _*159»"},
        {"题", "前*50 政务 _*30000 公开", "公开", "«公开»"},
        {"题", "前*50 政务 _*30000 公开", "政务", "前*40 «政务» _*118"},
        {"题", "㌖*161", "キロメートル*161", "« ㌖*160 »"},
        {"题", "政务 ㌖*150 公开 后*100", "政务_公开", "«政务» ㌖*150 «公开» 后*6"},
        // no further back than matches were looked for: 160 positions, six to a character
        {"题", "政务 ㌖*38 政务和政务 后*200", "政务", "㌖*27 «政务»和«政务» 后*128"},
        // the densest place; what the window cuts is not marked
        {"题", "政务 中*300 。政务_公开_政务 后*200", "政务_公开", "«政务»_«公开»_«政务» 后*152"},
        {"题", "政务 后*157 政务", "政务", "«政务» 后*157 政"},
    };
    CHECK(examples);
}

static void a_match_in_the_title_alone_shows_the_title(void **unused)
{
    (void)unused;
    static const example examples[] = {
        {"某市政务公开报告", "正文", "政务", "某市«政务»公开报告"},
        {"某市政务公开报告", "", "政务", "某市«政务»公开报告"},
        {"。政务", "政务正文", "政务", "«政务»正文"},
        {"", "。政务正文", "政务", "«政务»正文"},
        {"。政务", "正文", "政务", "«政务»"},
        {"前*150 政务 后*40", "正文", "政务", "前*150 «政务» 后*8"},
        {"前*170 政务 后*40", "正文", "政务", "前*118 «政务» 后*40"},
        {NULL, "某市政务公开报告\n正文", "政务", "某市«政务»公开报告_正文"},
        {NULL, "\r\n#_某市政务公开报告\r\n正文", "政务", "某市«政务»公开报告__正文"},
        {NULL, "前。 题*100 政务\n 后*100", "政务", "前。 题*100 «政务»_ 后*55"},
        {NULL, "政务\n 中*200 。推进政务 后*200", "政务", "推进«政务» 后*156"},
        {NULL, "某市政务\n公开", "政务公开", "某市«政务_公开»"},
        {"政务", "推进公开", "title:政务_公开", "推进«公开»"},
    };
    CHECK(examples);
}

static void without_a_match_the_text_opens(void **unused)
{
    (void)unused;
    static const example examples[] = {
        {NULL, "\n政务 后*200", "date:2017", "_政务 后*157"},
        {NULL, "后*159 字\xCC\x81", "date:2017", "后*159"},
        {NULL, "后*158 字\xCC\x81", "date:2017", "后*158 字\xCC\x81"},
        {NULL, "\xCC\x81*200", "date:2017", "\xCC\x81*160"},
        {NULL, "𠀀*20000", "date:2017", "𠀀*160"},
        {"政务", "正文", "date:2017", "正文"},
        {"政务", "", "date:2017", ""},
        {NULL, "", "date:2017", ""},
    };
    CHECK(examples);
}

static void exact_terms_compare_the_original(void **unused)
{
    (void)unused;
    static const example examples[] = {
        {NULL, "营商环境和營_商”環境", "=營商環境", "营商环境和«營_商”環境»"},
        {NULL, "营商环境", "=營商環境", NULL},
        {NULL, "cafe\xCC\x81", "=café", "«cafe\xCC\x81»"},
        {NULL, "cafe", "=café", NULL},
        {NULL, "CAFE", "=cafe", NULL},
        {NULL, "㈠政", "=一政", NULL},
        {NULL, "㈠政", "=㈠政", "«㈠政»"},
        {NULL, "一政", "=㈠政", NULL},
        {NULL, "㍿", "=株式", NULL},
        {NULL, "㍿", "=株式会社", NULL},
        {NULL, "㍿", "=㍿", "«㍿»"},
        {"營商", "营商", "title:=營商", "«營商»"},
        {"营商", "營商", "title:=營商", NULL},
        {NULL, "前*9000 營 _*30000 商。营商", "=營商", "«營 _*159»"},
        {NULL, "前*9000 营 _*30000 商。營商", "=營商", "商。«營商»"},
    };
    CHECK(examples);
}

/* ---- anywhere in random texts -------------------------------------------------------------- */

typedef struct planting {
    size_t starts[400], ends[400]; // in code points
    size_t count;
} planting;

static size_t length_of(const gs_buf *text)
{
    return gs_utf8_count(gs_buf_view(text));
}

/* 政务公开 in any spelling. */
static void plant(gs_buf *text, uint64_t *state, size_t *code_points, planting *out)
{
    static const char *const spellings[4][3] = {{"政", "政", "政\xCC\x81"},
                                                {"务", "務", "務"},
                                                {"公", "公", "公\xEF\xB8\x80"},
                                                {"开", "開", "开\xCC\x81"}};
    static const char *const gaps[] = {" ", "“", "·", "\r\n", "\n", "\xE2\x80\x8B", "）（", "😀"};
    size_t before = text->len;
    for (size_t i = 0; i < 4; i++) {
        if (i && gs_test_random_below(state, 5) == 0)
            gs_buf_str(text, PICK(gaps, state));
        gs_buf_str(text, PICK(spellings[i], state));
    }
    size_t length = gs_utf8_count(gs_bytes_of(text->data + before, text->len - before));
    out->starts[out->count] = *code_points;
    out->ends[out->count++] = *code_points += length;
}

static gs_bytes make_text(uint64_t *state, size_t pieces, uint64_t rarity, planting *out)
{
    static const char *const others[] = {
        "年",
        "报告",
        "2017年",
        "。",
        "，",
        "\n",
        "\r\n",
        "\n\n",
        "\n# 标题\n",
        "word ",
        "㍿",
        "㈠",
        "○",
        "〇",
        "한",
        "e\xCC\x81",
        "𠀀",
        "😀",
        "\xE2\x80\xA9",
        "\t",
        "《",
        "》",
        "m²",
        "3.14",
        "www.a.cn",
        "　　",
        "\x01",
        "\xEF\xB7\xBA",
        "ｶﾞ",
        "字\xEF\xB8\x80",
        "…",
        "1\xEF\xB8\x8F\xE2\x83\xA3",
        "營",
        "\f",
    };
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    size_t code_points = 0;
    for (size_t i = 0; i < pieces; i++) {
        if (rarity && out->count < 400 && gs_test_random_below(state, rarity) == 0) {
            plant(&text, state, &code_points, out);
            continue;
        }
        const char *piece = PICK(others, state);
        for (uint64_t times = 1 + gs_test_random_below(state, 3); times--;) {
            gs_buf_str(&text, piece);
            code_points += gs_utf8_count(gs_bytes_str(piece));
        }
    }
    assert_int_equal(code_points, length_of(&text));
    return finish(&text);
}

static uint32_t *decode(gs_bytes text, size_t *count)
{
    uint32_t *code_points = malloc((text.len + 1) * sizeof(*code_points));
    *count = 0;
    for (size_t at = 0; at < text.len;)
        at += gs_utf8_decode(text.ptr + at, text.ptr + text.len, &code_points[(*count)++]);
    return code_points;
}

static bool is_shown_as(uint32_t original, uint32_t shown)
{
    bool control = original < 0x20 || (original >= 0x7f && original <= 0x9f) ||
                   original == 0x2028 || original == 0x2029;
    return shown == (control ? ' ' : original);
}

/* Are the marks what was planted within the window of `length` at `start`? */
static bool marks_fit(const gsearch_hit *hit, const planting *planted, size_t start, size_t length)
{
    size_t count = 0;
    bool touching = false;
    for (size_t i = 0; i < planted->count; i++) {
        if (planted->starts[i] < start || planted->ends[i] > start + length)
            continue;
        touching = count && planted->starts[i] == planted->ends[i - 1];
        count += !touching;
        if (count > hit->marks_count)
            return false;
        const gsearch_mark *mark = &hit->marks[count - 1];
        size_t end = planted->ends[i] - start, mark_end = mark->start + mark->length;
        if (!touching && mark->start != planted->starts[i] - start)
            return false;
        bool goes_on = i + 1 < planted->count && planted->starts[i + 1] == planted->ends[i] &&
                       planted->ends[i + 1] <= start + length;
        if (!goes_on && mark_end != end)
            return false;
    }
    return count > 0 && count == hit->marks_count;
}

static bool joins(uint32_t code_point)
{
    return gs_fold_entry(code_point) & GS_FOLD_EXTENDS;
}

static void check_hit(const gsearch_hit *hit, gs_bytes text, const planting *planted)
{
    size_t count, length;
    uint32_t *original = decode(text, &count), *shown = decode(gs_bytes_str(hit->snippet), &length);
    bool found = false;
    assert_true(length > 0 && length <= 160);
    if (length < 100 && count >= 160)
        fail_msg("%s: needlessly short: %s", hit->id, chars(render(hit)));
    for (size_t start = 0; start + length <= count && !found; start++) {
        size_t same = 0;
        while (same < length && is_shown_as(original[start + same], shown[same]))
            same++;
        found = same == length && marks_fit(hit, planted, start, length) &&
                (start + length == count || !joins(original[start + length]));
    }
    if (!found)
        fail_msg("%s: no piece of the text with what was planted in it: %s", hit->id,
                 chars(render(hit)));
    assert_false(joins(shown[0]));
    free(original);
    free(shown);
}

static void marks_are_where_phrases_were_planted_in_random_texts(void **unused)
{
    (void)unused;
    enum { DOCUMENTS = 600 };
    planting *planted = calloc(DOCUMENTS, sizeof(*planted));
    shelf all = {0};
    uint64_t state = 5;
    for (size_t i = 0; i < DOCUMENTS; i++) {
        size_t pieces = 1 + gs_test_random_below(&state, i % 10 ? 150 : 12000);
        uint64_t rarity = 1 + gs_test_random_below(&state, i % 3 ? 200 : 10);
        planting none = {0};
        bool in_title = i % 5 == 0;
        gs_bytes title = {0};
        if (i % 5 < 2) // with matches in it alone, or without
            title = make_text(&state, gs_test_random_below(&state, 80), in_title ? 20 : 0,
                              in_title ? &planted[i] : &none);
        else
            title = expand("");
        put(&all, make_text(&state, pieces, in_title ? 0 : rarity, in_title ? &none : &planted[i]),
            i % 5 < 2, title);
    }
    shelve(&all);
    gsearch_results *results = search(all.index, "政务公开");
    size_t wanted = 0;
    for (size_t i = 0; i < DOCUMENTS; i++)
        wanted += planted[i].count > 0;
    assert_true(wanted > DOCUMENTS / 3);
    assert_int_equal(results->total, wanted);
    for (size_t r = 0; r < results->hits_count; r++) {
        const gsearch_hit *hit = &results->hits[r];
        size_t i = 0;
        for (const char *digit = hit->id; *digit; digit++)
            i = 10 * i + (size_t)(*digit - '0');
        const gs_document *document = &all.documents.documents[i].document;
        check_hit(hit, i % 5 ? document->text : document->title, &planted[i]);
    }
    gsearch_results_free(results);
    clear(&all);
    free(planted);
}

static void words_are_found_anywhere_in_a_text_of_many_blocks(void **unused)
{
    (void)unused;
    enum { WORDS = 60 };
    planting unused_plants = {0};
    size_t starts[WORDS], code_points = 0;
    shelf all = {0};
    uint64_t state = 8;
    gs_buf buf;
    gs_buf_init(&buf, NULL, SIZE_MAX);
    for (size_t i = 0; i < WORDS; i++) {
        size_t pieces = i ? gs_test_random_below(&state, 20000) : 0;
        gs_bytes others = make_text(&state, pieces, 0, &unused_plants);
        gs_buf_bytes(&buf, others);
        starts[i] = code_points + gs_utf8_count(others) + 1;
        gs_buf_printf(&buf, " w%03zu ", i);
        code_points = starts[i] + 5;
        release(others);
    }
    gs_bytes text = finish(&buf);
    assert_true(text.len > 3u << 20);
    put(&all, text, false, expand(""));
    shelve(&all);
    for (size_t i = 0; i < WORDS; i++) {
        char query[8];
        snprintf(query, sizeof(query), "w%03zu", i);
        gsearch_results *results = search(all.index, query);
        assert_int_equal(results->total, 1);
        planting planted = {.starts = {starts[i]}, .ends = {starts[i] + 4}, .count = 1};
        check_hit(&results->hits[0], text, &planted);
        gsearch_results_free(results);
    }
    clear(&all);
}

/* ---- less than a whole index ---------------------------------------------------------------- */

static void without_stored_text_only_titles_are_shown(void **unused)
{
    (void)unused;
    char *path = gs_test_dir_make();
    gsearch_error error;
    gs_dir *dir;
    gs_batch *batch;
    gs_segment *segment;
    gs_manifest_segment row;
    size_t written;
    gs_document documents[] = {
        {.id = gs_bytes_str("a"),
         .has_title = true,
         .title = gs_bytes_str("某市政务公开"),
         .text = gs_bytes_str("政务")},
        {.id = gs_bytes_str("b"), .text = gs_bytes_str("政务")},
    };
    assert_ok(gs_dir_open(NULL, path, true, &dir, &error), &error);
    assert_ok(gs_batch_new(dir, NULL, 1u << 22, false, &batch, &error), &error);
    assert_ok(gs_batch_source(batch, gs_bytes_str(""), &error), &error);
    for (size_t i = 0; i < 2; i++)
        assert_ok(gs_batch_add(batch, &documents[i], &error), &error);
    assert_ok(gs_batch_finish(batch, &error), &error);
    assert_ok(gs_batches_write(dir, NULL, &batch, 1, false, &row, 1, &written, &error), &error);
    gs_batch_free(batch);
    assert_ok(
        gs_segment_open(dir, NULL, row.segment.id, row.segment.length, false, &segment, &error),
        &error);
    gs_arena arena;
    gs_arena_init(&arena, NULL, 1u << 20);
    gs_decoder *decoder = gs_decoder_new(NULL);
    // title 0 to 5, field break 6, text 7 and 8, separator 9, text 10 and 11
    gs_span spans[] = {{2, 2}, {7, 2}, {10, 2}};
    gsearch_hit hits[4] = {{0}};
    assert_ok(gs_snippet_make(segment, decoder, &arena, 0, spans, 1, &hits[0], &error), &error);
    assert_ok(gs_snippet_make(segment, decoder, &arena, 0, spans, 2, &hits[1], &error), &error);
    assert_ok(gs_snippet_make(segment, decoder, &arena, 0, NULL, 0, &hits[2], &error), &error);
    assert_ok(gs_snippet_make(segment, decoder, &arena, 1, spans + 2, 1, &hits[3], &error), &error);
    gs_bytes shown = render(&hits[0]);
    assert_string_equal(chars(shown), "某市«政务»公开");
    release(shown);
    for (size_t i = 1; i < 4; i++)
        assert_null(hits[i].snippet);
    bool same;
    uint32_t position = 10;
    gs_matches matches = {.doc = 1, .positions = &position, .count = 1, .length = 2};
    assert_fails(GSEARCH_BAD_QUERY,
                 gs_snippet_are_exact(segment, decoder, &arena, &matches, gs_bytes_str("政务"),
                                      &same, &error),
                 &error);
    gs_decoder_free(decoder);
    gs_arena_release(&arena);
    gs_segment_unref(segment);
    gs_dir_close(dir);
    gs_test_dir_remove(path);
}

/* Asks for snippets of `segment` at random; each must be given or refused. How many were. */
static size_t ask_damaged(const gs_segment *segment, uint64_t *state, size_t times)
{
    gs_arena arena;
    size_t refused = 0;
    gs_decoder *decoder = gs_decoder_new(NULL);
    gs_arena_init(&arena, NULL, 1u << 24);
    for (size_t i = 0; i < times; i++) {
        uint32_t doc = (uint32_t)gs_test_random_below(state, segment->docs.count);
        uint32_t start = segment->docs.starts[doc], end = segment->docs.starts[doc + 1] - 1;
        if (start == end)
            continue;
        gs_span span = {.position = start + (uint32_t)gs_test_random_below(state, end - start)};
        span.length = 1 + (uint32_t)gs_test_random_below(state, end - span.position);
        gs_matches matches = {
            .doc = doc, .positions = &span.position, .count = 1, .length = span.length};
        gsearch_hit hit = {0};
        gsearch_error error;
        bool same;
        gsearch_status status =
            gs_snippet_make(segment, decoder, &arena, doc, &span, 1, &hit, &error);
        if (status)
            assert_fails(GSEARCH_CORRUPT, status, &error);
        else
            assert_true(gs_utf8_count(gs_bytes_str(hit.snippet)) <= 160);
        refused += status != GSEARCH_OK;
        status = gs_snippet_are_exact(segment, decoder, &arena, &matches, gs_bytes_str("政务"),
                                      &same, &error);
        assert_true(status == GSEARCH_OK || status == GSEARCH_CORRUPT);
        gs_arena_reset(&arena);
    }
    gs_arena_release(&arena);
    gs_decoder_free(decoder);
    return refused;
}

static void text_that_does_not_fit_the_positions_is_refused_as_corrupt(void **unused)
{
    (void)unused;
    planting plants = {0};
    shelf sound = {0}, other = {0};
    uint64_t state = 21;
    for (size_t i = 0; i < 40; i++) {
        gs_bytes text =
            make_text(&state, gs_test_random_below(&state, i % 8 ? 200 : 30000), 0, &plants);
        gs_bytes bad = gs_bytes_of(gs_mem_dup(NULL, text), text.len);
        for (size_t at = 0; at < bad.len; at += 1 + gs_test_random_below(&state, 3000))
            ((uint8_t *)(uintptr_t)bad.ptr)[at] = (uint8_t)(0x80 + i);
        if (i % 3 == 0)
            bad.len /= 2;
        put(&sound, text, false, expand(""));
        put(&other, bad, false, expand(""));
    }
    shelve(&sound);
    shelve(&other);
    gs_snapshot *sound_snapshot = gs_index_snapshot(sound.index);
    gs_snapshot *other_snapshot = gs_index_snapshot(other.index);
    gs_segment mixed = *sound_snapshot->segments[0].segment;
    assert_int_equal(ask_damaged(&mixed, &state, 1000), 0);
    gs_doctable docs = mixed.docs;
    for (uint32_t length = 0; length < 200; length += 20) {
        mixed.docs.title.base = length; // of titles that are not there
        mixed.docs.flags.base = GS_DOC_TITLE_IS_FIELD;
        mixed.docs.title.width = mixed.docs.flags.width = 0;
        ask_damaged(&mixed, &state, 200);
    }
    mixed.docs = docs;
    uint8_t rows[8 * 64];
    for (size_t i = 0; i < sizeof(rows); i++)
        rows[i] = (uint8_t)(i % 8 < 2 || (i % 8 > 3 && i % 8 < 6) ? gs_test_random(&state) : 0);
    mixed.store.checkpoints = rows;
    mixed.store.checkpoints_count = 64;
    ask_damaged(&mixed, &state, 1000);
    mixed.store = other_snapshot->segments[0].segment->store;
    assert_true(ask_damaged(&mixed, &state, 1000) > 500);
    gs_snapshot_unref(sound_snapshot);
    gs_snapshot_unref(other_snapshot);
    clear(&sound);
    clear(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_reach_from_the_first_to_the_last_character_of_each_match),
        cmocka_unit_test(a_snippet_begins_and_ends_at_sensible_places),
        cmocka_unit_test(a_match_in_the_title_alone_shows_the_title),
        cmocka_unit_test(without_a_match_the_text_opens),
        cmocka_unit_test(exact_terms_compare_the_original),
        cmocka_unit_test(marks_are_where_phrases_were_planted_in_random_texts),
        cmocka_unit_test(words_are_found_anywhere_in_a_text_of_many_blocks),
        cmocka_unit_test(without_stored_text_only_titles_are_shown),
        cmocka_unit_test(text_that_does_not_fit_the_positions_is_refused_as_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
