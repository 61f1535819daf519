/* SPDX-License-Identifier: Apache-2.0
 *
 * Built by four runs over inputs that change; the documents of each run go to the slow search, too.
 */
#include "tests/durability/reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/utf8.h"
#include "common/segment/manifest.h"
#include "common/segment/segment.h"
#include "query/index.h"
#include "tests/durability/faultysys.h"
#include "tests/durability/scenario.h"
#include "tests/query/collection.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define LIMIT 3u /* rows of an answer */

static const struct {
    const char *query;
    gsearch_match match;
    gsearch_sort sort;
    const char *facet;
    bool without_total;
} requests[GS_REFERENCE_REQUESTS] = {
    {.query = "人民"},   // a list of packed blocks
    {.query = "政务公"}, // a trigram
    {.query = "政务子务公", .without_total = true},
    {.query = "甲人民乙"},
    {.query = "报"}, // a range of the dictionary
    {.query = "pd17*"},
    {.query = "=PD1728"},
    {.query = "title:通知"},
    {.query = "甲人 NEAR/4 乙人"},
    {.query = "年度 -pd1703"},
    {.query = "務公 OR 度报", .sort = GSEARCH_SORT_DATE_DESC},
    {.query = "年度 date:2016..2017", .facet = "date"},
    {.query = "人民政务公开条例", .match = GSEARCH_MATCH_ANY},
    {.query = "報告 政府", .match = GSEARCH_MATCH_ANY, .without_total = true},
};

/* ---- documents ---- */

static const char *const fillers[] = {"甲", "乙", "丙", "丁", "戊", "己"};
static const char *const others[] = {"子", "丑", "寅", "卯", "辰", "巳", "午"};
static const char *const mixed[] = {"年度", "报告", "政府", "公开", "條例", "。", "，", " AB "};

#define PICK(array, state) (array)[gs_test_random_below((state), sizeof(array) / sizeof(*(array)))]

/* Bigrams frequent enough for packed blocks, and two that overlap seldom enough for trigrams. */
static void put_frequent(gs_buf *text, unsigned number)
{
    uint64_t state = number;
    for (unsigned i = 0; i < 320; i++) {
        gs_buf_str(text, "人民");
        gs_buf_str(text, i % 16 < 7 ? PICK(fillers, &state) : "，");
    }
    for (unsigned i = 0; i < 160; i++) {
        bool is_both = i % 53 == 0;
        gs_buf_str(text, is_both ? "政务公" : i % 2 ? "政务" : "务公");
        gs_buf_str(text, i % 16 < 12 ? PICK(others, &state) : "，");
    }
}

static void put_mixed(gs_buf *text, unsigned number, unsigned version)
{
    uint64_t state = 1000 * version + number;
    for (unsigned i = 0; i < 16 + 2 * number; i++) {
        gs_buf_str(text, PICK(mixed, &state));
        if (i % 9 == 0)
            gs_buf_printf(text, "PD17%02u ", (unsigned)gs_test_random_below(&state, 40));
        uint8_t character[4];
        size_t len =
            gs_utf8_encode(0x4e00 + (uint32_t)gs_test_random_below(&state, 0x1000), character);
        if (i % 3 == 0)
            gs_buf_append(text, character, len);
    }
}

/* An input as the indexer and the slow search read it. */
typedef struct input {
    const char *name;
    unsigned documents;
    unsigned version; // 0: of frequent bigrams
} input;

static void put_document(gs_buf *lines, gs_collection *corpus, const input *from, unsigned number)
{
    char id[32], date[16];
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    gs_buf_printf(&text, "第%u号通知\n", number);
    if (from->version)
        put_mixed(&text, number, from->version);
    else
        put_frequent(&text, number);
    gs_buf_u8(&text, 0);
    const char *words = (const char *)text.data;
    snprintf(id, sizeof(id), "%.1s/%02u", from->name, number);
    uint32_t day = number % 4 ? 20150101 + 10000 * (number % 3) + number : 0;
    snprintf(date, sizeof(date), "%u", day);
    const char *title = number % 5 == 1 ? "关于年度报告的通知" : NULL;
    gs_collection_add(corpus, id, words, title, day);
    gs_buf_printf(lines, "{\"id\":\"%s\",\"agency\":\"甲局\",", id);
    if (day)
        gs_buf_printf(lines, "\"date\":\"%s\",", date);
    if (title)
        gs_buf_printf(lines, "\"title\":\"%s\",", title);
    gs_buf_str(lines, "\"text\":");
    gs_json_string(lines, gs_bytes_str(words));
    gs_buf_str(lines, ",\"note\":\"");
    uint64_t state = number;
    for (unsigned i = 0; i < (from->version ? 8 : 1150); i++) // kept, and in no list
        gs_buf_u8(lines, (uint8_t)('0' + gs_test_random_below(&state, 43)));
    gs_buf_str(lines, "\"}\n");
    gs_buf_release(&text);
}

static void put_input(gs_stage *stage, gs_collection *corpus, const input *from)
{
    gs_buf lines;
    gs_buf_init(&lines, NULL, SIZE_MAX);
    // a later version has a document less at its beginning and one more at its end
    unsigned first = from->version > 1 ? 1 : 0;
    for (unsigned i = first; i < first + from->documents; i++)
        put_document(&lines, corpus, from, i);
    gs_stage_put(stage, from->name, lines.data, lines.len);
    gs_buf_release(&lines);
}

/* ---- files ---- */

static void remember_files(gs_reference_file *files, size_t *count)
{
    for (size_t i = 0; i < gs_disk_count(); i++) {
        const char *name = gs_disk_name(i);
        bool is_new = strcmp(name, "LOCK") != 0;
        for (size_t j = 0; j < *count && is_new; j++)
            is_new = strcmp(files[j].name, name) != 0;
        if (!is_new)
            continue;
        assert_true(*count < GS_REFERENCE_FILES_MAX);
        gs_reference_file *file = &files[(*count)++];
        size_t len;
        const uint8_t *data = gs_disk_get(name, &len);
        snprintf(file->name, sizeof(file->name), "%s", name);
        *file = (gs_reference_file){.data = malloc(len), .len = len};
        snprintf(file->name, sizeof(file->name), "%s", name);
        assert_non_null(file->data);
        memcpy(file->data, data, len);
    }
}

void gs_reference_put(const gs_reference *reference)
{
    gs_disk_clear();
    gs_disk_make_folder();
    for (size_t i = 0; i < reference->files_count; i++)
        gs_disk_put(reference->files[i].name, reference->files[i].data, reference->files[i].len);
}

/* ---- answers ---- */

static void put_text(gs_buf *out, const char *text)
{
    gs_buf_printf(out, " %s", text ? text : "-");
}

static void put_answer(gs_buf *out, const gsearch_results *results)
{
    gs_buf_printf(out, "%d %llu\n", results->has_total, (unsigned long long)results->total);
    for (size_t i = 0; i < results->facets_count; i++)
        gs_buf_printf(out, "%s %llu\n", results->facets[i].value,
                      (unsigned long long)results->facets[i].count);
    for (size_t i = 0; i < results->hits_count; i++) {
        const gsearch_hit *row = &results->hits[i];
        gs_buf_printf(out, "%llu %a", (unsigned long long)row->rank, row->score);
        put_text(out, row->id);
        put_text(out, row->title);
        put_text(out, row->date);
        put_text(out, row->docno);
        put_text(out, row->agency);
        put_text(out, row->snippet);
        for (size_t j = 0; j < row->marks_count; j++)
            gs_buf_printf(out, " %u+%u", row->marks[j].start, row->marks[j].length);
        gs_buf_u8(out, '\n');
    }
}

static gsearch_status search(gsearch_index *index, unsigned number, gsearch_results **out,
                             gsearch_error *error)
{
    gsearch_request request = GSEARCH_REQUEST_INIT;
    request.query = requests[number].query;
    request.match = requests[number].match;
    request.sort = requests[number].sort;
    request.facet = requests[number].facet;
    request.total = !requests[number].without_total;
    request.limit = LIMIT;
    return gsearch_search(index, &request, out, error);
}

gsearch_status gs_reference_ask(gsearch_index *index, unsigned number, gs_buf *out,
                                uint64_t *generation, gsearch_error *error)
{
    gsearch_results *results;
    gsearch_status status = search(index, number, &results, error);
    if (status)
        return status;
    *generation = results->generation;
    put_answer(out, results);
    gsearch_results_free(results);
    return GSEARCH_OK;
}

/* ---- what is right ---- */

static gs_collection_hit *scan(const gs_collection *corpus, unsigned number, size_t *count)
{
    gs_arena arena;
    gs_query query;
    gs_question question;
    gsearch_error error;
    gs_collection_hit *hits;
    gs_bytes text = gs_bytes_str(requests[number].query);
    gs_arena_init(&arena, NULL, 1u << 24);
    if (requests[number].match == GSEARCH_MATCH_ANY) {
        assert_ok(gs_question_parse(&arena, text, &question, &error), &error);
        hits = gs_collection_ask(corpus, &question, count);
    } else {
        assert_ok(gs_query_parse(&arena, text, &query, &error), &error);
        hits = gs_collection_search(corpus, query.root, count);
    }
    gs_arena_release(&arena);
    return hits;
}

static bool comes_before(const gs_collection_hit *a, const gs_collection_hit *b, gsearch_sort sort)
{
    uint32_t a_day = a->document->document.date, b_day = b->document->document.date;
    if (sort == GSEARCH_SORT_DATE_DESC && a_day != b_day)
        return a_day > b_day;
    if (fabs(a->score - b->score) > 1e-12 * (1 + a->score))
        return a->score > b->score;
    return strcmp((const char *)a->document->document.id.ptr,
                  (const char *)b->document->document.id.ptr) < 0;
}

static void check_row(const gsearch_hit *row, const gs_collection_hit *hit, const char *query)
{
    const gs_document *document = &hit->document->document;
    if (!gs_bytes_equal(document->id, gs_bytes_str(row->id)) ||
        fabs(row->score - hit->score) > 1e-12 * (1 + hit->score))
        fail_msg("%s: %s with %.17g instead of %s with %.17g", query, row->id, row->score,
                 (const char *)document->id.ptr, hit->score);
    char date[16];
    snprintf(date, sizeof(date), "%04u-%02u-%02u", document->date / 10000,
             document->date / 100 % 100, document->date % 100);
    assert_int_equal(row->date != NULL, document->date != 0);
    if (row->date)
        assert_string_equal(row->date, date);
    if (document->has_title)
        assert_string_equal(row->title, (const char *)document->title.ptr);
    char *text = strdup((const char *)document->text.ptr);
    for (char *at = text; (at = strchr(at, '\n'));)
        *at = ' '; // so snippets have it
    assert_true(strstr(text, row->snippet) ||
                strstr((const char *)document->title.ptr, row->snippet));
    free(text);
}

static void check_facets(const gsearch_results *results, const gs_collection_hit *hits,
                         size_t count)
{
    for (size_t i = 0; i < results->facets_count; i++) {
        uint64_t found = 0;
        char year[16];
        for (size_t j = 0; j < count; j++) {
            snprintf(year, sizeof(year), "%u", hits[j].document->document.date / 10000);
            found += strcmp(year, results->facets[i].value) == 0;
        }
        assert_int_equal(results->facets[i].count, found);
    }
}

/* The answer of the undamaged index against a scan of all documents. */
static void check_answer(gsearch_index *index, const gs_collection *corpus, unsigned number)
{
    const char *query = requests[number].query;
    size_t count;
    gsearch_error error;
    gsearch_results *results;
    gs_collection_hit *hits = scan(corpus, number, &count);
    assert_ok(search(index, number, &results, &error), &error);
    assert_int_equal(results->has_total, !requests[number].without_total);
    if (results->has_total)
        assert_int_equal(results->total, count);
    assert_int_equal(results->hits_count, count < LIMIT ? count : LIMIT);
    if (!count)
        fail_msg("%s: nothing is found", query);
    for (size_t i = 0; i < results->hits_count; i++) {
        size_t best = i;
        for (size_t j = i + 1; j < count; j++)
            if (comes_before(&hits[j], &hits[best], requests[number].sort))
                best = j;
        gs_collection_hit swapped = hits[best];
        hits[best] = hits[i];
        hits[i] = swapped;
        check_row(&results->hits[i], &hits[i], query);
    }
    assert_int_equal(results->facets_count != 0, requests[number].facet != NULL);
    check_facets(results, hits, count);
    gsearch_results_free(results);
    free(hits);
}

static void keep_answers(uint64_t generation, const gs_collection *corpus, gs_buf *answers)
{
    gsearch_error error;
    gsearch_index *index;
    assert_ok(gsearch_index_open(GS_DISK_INDEX, NULL, &index, &error), &error);
    for (unsigned i = 0; i < GS_REFERENCE_REQUESTS; i++) {
        uint64_t answered = 0;
        check_answer(index, corpus, i);
        gs_buf_init(&answers[i], NULL, SIZE_MAX);
        assert_ok(gs_reference_ask(index, i, &answers[i], &answered, &error), &error);
        assert_int_equal(answered, generation);
    }
    gsearch_index_close(index);
}

/* ---- sections ---- */

static uint32_t count_of(const gs_terms *terms, uint64_t gram)
{
    gsearch_error error;
    gs_list list;
    assert_ok(gs_terms_find_gram(terms, gram, &list, &error), &error);
    return list.count;
}

/* That every form that lists have is there, and every kind of file. */
static void check_forms(void)
{
    gsearch_error error;
    gsearch_index *index;
    assert_ok(gsearch_index_open(GS_DISK_INDEX, NULL, &index, &error), &error);
    gs_snapshot *snapshot = gs_index_snapshot(index);
    uint32_t deletes = 0, packed = 0, trigrams = 0;
    gs_list_counts counts[GS_LIST_CLASSES] = {0};
    for (uint32_t i = 0; i < snapshot->segments_count; i++) {
        const gs_segment *segment = snapshot->segments[i].segment;
        deletes += snapshot->segments[i].deletes != NULL;
        assert_true(segment->has_text);
        assert_ok(gs_segment_count_lists(segment, counts, &error), &error);
        packed += count_of(&segment->terms, gs_gram(U'人', U'民', 0)) >= GS_PACKED_MIN;
        trigrams += count_of(&segment->trigrams, gs_gram(U'政', U'务', U'公'));
    }
    assert_true(snapshot->segments_count >= 3 && deletes > 0 && packed > 0 && trigrams > 0);
    assert_true(snapshot->manifest.inputs.length > 0);
    for (unsigned i = 0; i < GS_LIST_CLASSES; i++)
        assert_true(counts[i].lists > 0);
    gs_snapshot_unref(snapshot);
    gsearch_index_close(index);
}

/* ---- all of it ---- */

static void prepare_nothing(gs_stage *stage)
{
    (void)stage;
}

void gs_reference_make(gs_reference *reference)
{
    static const input runs[4][4] = {
        {{"a.jsonl", 12, 1}, {"b.jsonl", 3, 1}, {"c.jsonl", 2, 1}},
        {{"a.jsonl", 12, 1}, {"b.jsonl", 3, 1}, {"c.jsonl", 2, 1}, {"d.jsonl", 26, 0}},
        {{"a.jsonl", 12, 1}, {"b.jsonl", 3, 2}, {"c.jsonl", 2, 1}, {"d.jsonl", 26, 0}},
        {{"a.jsonl", 12, 1}, {"b.jsonl", 3, 2}, {"c.jsonl", 2, 3}, {"d.jsonl", 26, 0}},
    };
    static const gs_scenario nothing = {"reference", prepare_nothing, NULL};
    gs_reference_file all[GS_REFERENCE_FILES_MAX];
    size_t all_count = 0;
    *reference = (gs_reference){0};
    gs_faults_reset();
    gs_disk_clear();
    gs_stage stage = gs_stage_begin(&nothing, GS_DISK_INDEX);
    for (unsigned run = 0; run < 4; run++) {
        gs_collection corpus = {0};
        for (unsigned i = 0; i < 4 && runs[run][i].name; i++)
            put_input(&stage, &corpus, &runs[run][i]);
        assert_ok(gs_scenarios[0].run(&stage), &stage.error);
        remember_files(all, &all_count);
        if (run >= 2)
            keep_answers(++reference->newest, &corpus, reference->answers[run == 2]);
        else
            reference->newest++;
        gs_collection_free(&corpus);
    }
    check_forms();
    for (size_t i = 0; i < all_count; i++) {
        size_t len;
        bool is_kept = gs_disk_get(all[i].name, &len) != NULL;
        if (is_kept)
            reference->files[reference->files_count++] = all[i];
        else
            reference->older[reference->older_count++] = all[i];
        reference->bytes += is_kept ? all[i].len : 0;
    }
    gs_disk_clear();
    gs_stage_end(&stage);
}

void gs_reference_free(gs_reference *reference)
{
    for (size_t i = 0; i < reference->files_count; i++)
        free(reference->files[i].data);
    for (size_t i = 0; i < reference->older_count; i++)
        free(reference->older[i].data);
    for (unsigned i = 0; i < GS_REFERENCE_REQUESTS; i++) {
        gs_buf_release(&reference->answers[0][i]);
        gs_buf_release(&reference->answers[1][i]);
    }
}
