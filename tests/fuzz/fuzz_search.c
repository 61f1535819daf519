/* SPDX-License-Identifier: Apache-2.0
 *
 * Indexing and searching together: documents and a query are made of the input, and what the engine
 * finds is compared with what comparing every token of every document finds. Segments, deleted
 * documents and pruning must not change an answer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/folder.h"
#include "tests/query/collection.h"

#define DOCUMENTS_MAX 12u
#define NEAR_TERMS_MAX 3u /* with more, choosing matches one by one takes too long */
#define PIECES 0xc0u      /* bytes below are pieces of text, */
#define QUERY 0xe0u       /* from this on the query begins, and between the two a document ends */

/* What texts are made of: few characters, so that they meet, and every kind of token. */
static const char *const texts[] = {"政",     "务",
                                    "公",     "开",
                                    "政务",   "务公",
                                    "公开",   "政",
                                    "务",     "政务公开",
                                    "務",     "报",
                                    "報",     "。",
                                    "，",     "\n\n",
                                    "\n",     " ",
                                    "（",     "·",
                                    "ab",     "pd17",
                                    "p",      "2017",
                                    "1.",     "#",
                                    "# 政\n", "e\xcc\x81",
                                    "ｐ",     "○",
                                    "〇",     "㍿",
                                    "ⓐ",      "か\xe3\x82\x99",
                                    "2,0",    "年"};

static const char *const words[] = {"政",
                                    "务",
                                    "公",
                                    "开",
                                    "政务",
                                    "务公",
                                    "公开",
                                    "政务公",
                                    "务公开",
                                    "政务公开",
                                    "年",
                                    "報",
                                    "ab",
                                    "pd17",
                                    "p",
                                    "2017",
                                    "。",
                                    "、",
                                    " ",
                                    " ",
                                    " ",
                                    " OR ",
                                    " AND ",
                                    " -",
                                    " NOT ",
                                    " NEAR/1 ",
                                    " NEAR/3 ",
                                    "(",
                                    ")",
                                    "\"",
                                    "\"~2",
                                    "=",
                                    "title:",
                                    "date:2016",
                                    "*",
                                    "\"政务 公\"~3",
                                    "date:2015..2017-06",
                                    "か\xe3\x82\x99",
                                    "○",
                                    "=\"政务\"",
                                    "title:(",
                                    "-(",
                                    "p*"};

#define PICK(table, byte) (table)[(byte) % (sizeof(table) / sizeof(*(table)))]

static void add_document(gs_collection *corpus, gs_buf *text, uint8_t end)
{
    char id[16];
    snprintf(id, sizeof(id), "d%02u", (unsigned)((corpus->count * 7 + end) % 100));
    for (size_t i = 0; i < corpus->count; i++)
        if (gs_bytes_equal(corpus->documents[i].document.id, gs_bytes_str(id)))
            snprintf(id, sizeof(id), "x%02u", (unsigned)corpus->count);
    gs_buf_u8(text, 0);
    uint32_t date = end & 4 ? 20150101 + 10000u * (end % 4u) : 0;
    gs_collection_add(corpus, id, (const char *)text->data, end & 1 ? "务公 政" : NULL, date);
    corpus->documents[corpus->count - 1].deleted = (end & 24) == 24;
    gs_buf_reset(text);
}

/* Documents up to the byte that begins the query. */
static gs_collection read_documents(gs_cursor *cursor)
{
    gs_collection corpus = {0};
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    while (gs_cursor_left(cursor) && corpus.count < DOCUMENTS_MAX) {
        uint8_t byte = gs_cursor_u8(cursor);
        if (byte >= QUERY)
            break;
        if (byte < PIECES)
            gs_buf_str(&text, PICK(texts, byte));
        else
            add_document(&corpus, &text, byte);
    }
    if (text.len && corpus.count < DOCUMENTS_MAX)
        add_document(&corpus, &text, 0);
    gs_buf_release(&text);
    return corpus;
}

static bool is_quick(const gs_node *node)
{
    bool quick = node->kind != GS_NODE_NEAR || node->children_count <= NEAR_TERMS_MAX;
    for (uint32_t i = 0; quick && i < node->children_count; i++)
        quick = is_quick(node->children[i]);
    return quick;
}

static gsearch_status search(gsearch_index *index, const char *query, gsearch_match match,
                             bool total, gsearch_results **out)
{
    gsearch_request request = GSEARCH_REQUEST_INIT;
    gsearch_error error;
    request.query = query;
    request.match = match;
    request.limit = total ? 1000 : 3;
    request.total = total;
    gsearch_status status = gsearch_search(index, &request, out, &error);
    if (status && status != GSEARCH_BAD_QUERY && status != GSEARCH_LIMIT)
        fail_msg("%s: %s", query, error.message);
    return status;
}

/* The best without counting are the best of all. */
static void check_best(gsearch_index *index, const char *query, gsearch_match match,
                       const gsearch_results *all)
{
    gsearch_results *best = NULL;
    assert_int_equal(search(index, query, match, false, &best), GSEARCH_OK);
    assert_int_equal(best->hits_count, all->hits_count < 3 ? all->hits_count : 3);
    for (size_t i = 0; i < best->hits_count; i++) {
        assert_string_equal(best->hits[i].id, all->hits[i].id);
        assert_true(best->hits[i].score == all->hits[i].score);
    }
    gsearch_results_free(best);
}

static void check_answer(const gs_collection *corpus, gsearch_index *index, const char *query,
                         gsearch_match match)
{
    gs_arena arena;
    gs_query parsed;
    gs_question question;
    gsearch_results *results = NULL;
    gs_collection_hit *wanted = NULL;
    size_t count = 0;
    gs_arena_init(&arena, NULL, 1u << 24);
    gsearch_status status = match == GSEARCH_MATCH_ANY
                                ? gs_question_parse(&arena, gs_bytes_str(query), &question, NULL)
                                : gs_query_parse(&arena, gs_bytes_str(query), &parsed, NULL);
    gsearch_status searched = search(index, query, match, true, &results);
    if (status) {
        assert_int_equal(searched, status);
    } else if (match == GSEARCH_MATCH_ANY && !searched) {
        wanted = gs_collection_ask(corpus, &question, &count);
    } else if (!searched && is_quick(parsed.root)) {
        wanted = gs_collection_search(corpus, parsed.root, &count);
    }
    if (wanted)
        gs_collection_check(results, wanted, count, query);
    if (results)
        check_best(index, query, match, results);
    gsearch_results_free(results);
    free(wanted);
    gs_arena_release(&arena);
}

/* The first byte: how many segments, whether deleted documents are in the index, how to match. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(data, size));
    uint8_t head = gs_cursor_u8(&cursor);
    gs_dir *dir = gs_folder_open();
    gs_collection corpus = read_documents(&cursor);
    gs_buf query;
    gs_buf_init(&query, NULL, SIZE_MAX);
    while (gs_cursor_left(&cursor))
        gs_buf_str(&query, PICK(words, gs_cursor_u8(&cursor)));
    gs_buf_u8(&query, 0);
    gsearch_index *index =
        gs_collection_index(&corpus, GS_DISK_INDEX, 1 + head % 3, head & 4 ? true : false);
    check_answer(&corpus, index, (const char *)query.data,
                 head & 8 ? GSEARCH_MATCH_ANY : GSEARCH_MATCH_EXACT);
    gsearch_index_close(index);
    gs_collection_free(&corpus);
    gs_buf_release(&query);
    gs_folder_close(dir);
    return 0;
}
