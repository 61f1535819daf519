/* SPDX-License-Identifier: Apache-2.0
 *
 * The corpus, and what `explain` tells of a search.
 */
#include "tests/query/uneven.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "query/search.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define DOCUMENTS 16000u
#define RICH_FROM 5000u /* documents in which the grams are frequent */
#define RICH_TO 6000u
#define SAME_FROM 5200u /* documents that differ in their ids alone */
#define SAME_TO 5800u
#define TITLED_FROM 9000u /* documents of which some have a title */
#define TITLED_TO 9600u

#define HUGE_EVERY 3999u /* documents whose positions fill several blocks */
#define HUGE_PIECES 700u

static const char same[] = "政务公开政务公开政务公开，政务公开政务公开政务公开政务公开年度";
static const char *const grams[] = {"政务", "公开", "政务公开", "年度", "政务公开", "公开年度"};
static const char *const fillers[] = {"天", "地", "人", "日", "月", "，", "山", "水", " ", "木"};

#define PICK(array, state) (array)[gs_test_random_below((state), sizeof(array) / sizeof(*(array)))]

/* So many pieces, each a gram and `least` to `most` characters behind it. */
static void put_text(gs_buf *out, uint64_t *state, uint64_t pieces, uint64_t least, uint64_t most)
{
    for (uint64_t i = 0; i < pieces; i++) {
        gs_buf_str(out, PICK(grams, state));
        for (uint64_t f = least + gs_test_random_below(state, most - least + 1); f--;)
            gs_buf_str(out, PICK(fillers, state));
    }
    gs_buf_u8(out, 0);
}

void gs_uneven_make(gs_uneven *uneven, uint64_t seed)
{
    static const size_t segments[GS_UNEVEN_SHAPES] = {1, 1, 3};
    uint64_t state = seed;
    gs_buf text;
    char id[32];
    *uneven = (gs_uneven){0};
    gs_buf_init(&text, NULL, SIZE_MAX);
    for (uint32_t i = 0; i < DOCUMENTS; i++) {
        bool titled = i >= TITLED_FROM && i < TITLED_TO && gs_test_random_below(&state, 9) == 0;
        bool is_rich = titled || (i >= RICH_FROM && i < RICH_TO);
        bool is_same = i >= SAME_FROM && i < SAME_TO;
        gs_buf_reset(&text);
        gs_buf_str(&text, "题\n"); // the title, unless there is a field
        if (is_same)
            gs_buf_str(&text, same), gs_buf_u8(&text, 0);
        else if (i % HUGE_EVERY == HUGE_EVERY - 1)
            put_text(&text, &state, HUGE_PIECES, 0, 3);
        else if (is_rich)
            put_text(&text, &state, 3 + gs_test_random_below(&state, 18), 0, 1);
        else
            put_text(&text, &state, 2 + gs_test_random_below(&state, 3), 10, 25);
        assert_int_equal(text.status, GSEARCH_OK);
        snprintf(id, sizeof(id), "%u/%u", (unsigned)gs_test_random_below(&state, 100), i);
        gs_collection_add(&uneven->collection, id, (const char *)text.data,
                          titled ? PICK(grams, &state) : NULL, 0);
        uneven->collection.documents[i].deleted = gs_test_random_below(&state, 5) == 0;
    }
    gs_buf_release(&text);
    for (size_t s = 0; s < GS_UNEVEN_SHAPES; s++) {
        uneven->dirs[s] = gs_test_dir_make();
        uneven->indexes[s] =
            gs_collection_index(&uneven->collection, uneven->dirs[s], segments[s], s == 0);
    }
}

void gs_uneven_free(gs_uneven *uneven)
{
    for (size_t s = 0; s < GS_UNEVEN_SHAPES; s++) {
        gsearch_index_close(uneven->indexes[s]);
        gs_test_dir_remove(uneven->dirs[s]);
    }
    gs_collection_free(&uneven->collection);
}

/* ---- comparing ----------------------------------------------------------------------------- */

static uint64_t number_behind(const char *line, const char *name)
{
    const char *found = strstr(line, name);
    assert_non_null(found);
    uint64_t number = 0;
    for (found += strlen(name); *found >= '0' && *found <= '9'; found++)
        number = 10 * number + (uint64_t)(*found - '0');
    return number;
}

/* The postings that a search looked at. */
static uint64_t explain(gsearch_index *index, const gsearch_request *request,
                        gs_uneven_costs *costs)
{
    gs_snapshot *snapshot = gs_index_snapshot(index);
    gsearch_error error;
    gs_buf lines;
    gs_buf_init(&lines, NULL, SIZE_MAX);
    assert_ok(gs_search_explain(snapshot, request, &lines, &error), &error);
    gs_buf_u8(&lines, 0);
    const char *end = strstr((const char *)lines.data, "{\"step\":\"end\"");
    const char *line = (const char *)lines.data;
    while ((line = strstr(line, "{\"step\":\"prune\""))) {
        costs->pruned++;
        costs->skipped += number_behind(line, "\"skipped\":");
        line++;
    }
    assert_non_null(end);
    uint64_t postings = number_behind(end, "\"postings\":");
    gs_buf_release(&lines);
    gs_snapshot_unref(snapshot);
    return postings;
}

static void assert_rows(const char *query, uint64_t limit, const gsearch_results *all,
                        const gsearch_results *best)
{
    if (best->hits_count != all->hits_count)
        fail_msg("%s: %zu rows instead of %zu", query, best->hits_count, all->hits_count);
    for (size_t i = 0; i < all->hits_count; i++) {
        if (strcmp(best->hits[i].id, all->hits[i].id) != 0 ||
            memcmp(&best->hits[i].score, &all->hits[i].score, sizeof(double)) != 0)
            fail_msg("%s: limit %" PRIu64 ", row %zu is %s with %.17g instead of %s with %.17g",
                     query, limit, i, best->hits[i].id, best->hits[i].score, all->hits[i].id,
                     all->hits[i].score);
    }
}

void gs_uneven_compare(const gs_uneven *uneven, const char *query, gsearch_match match,
                       uint64_t limit, uint64_t offset, gs_uneven_costs *costs)
{
    gsearch_request request = GSEARCH_REQUEST_INIT;
    request.query = query;
    request.match = match;
    request.limit = limit;
    request.offset = offset;
    request.snippet = false;
    for (size_t s = 0; s < GS_UNEVEN_SHAPES; s++) {
        gsearch_results *all = NULL, *counted = NULL, *best = NULL;
        gsearch_error error;
        request.total = true;
        request.facet = "date"; // which needs a look at everything
        assert_ok(gsearch_search(uneven->indexes[s], &request, &all, &error), &error);
        costs->postings_without += explain(uneven->indexes[s], &request, costs);
        request.facet = NULL;
        assert_ok(gsearch_search(uneven->indexes[s], &request, &counted, &error), &error);
        request.total = false;
        assert_ok(gsearch_search(uneven->indexes[s], &request, &best, &error), &error);
        costs->postings += explain(uneven->indexes[s], &request, costs);
        assert_false(best->has_total);
        assert_int_equal(counted->total, all->total);
        assert_rows(query, limit, all, counted);
        assert_rows(query, limit, all, best);
        costs->hits += all->hits_count;
        gsearch_results_free(all);
        gsearch_results_free(counted);
        gsearch_results_free(best);
    }
}

const uint64_t gs_uneven_few[GS_UNEVEN_LIMITS] = {1, 3, 10};
const uint64_t gs_uneven_many[GS_UNEVEN_LIMITS] = {40, 200, 1000};

gs_uneven_costs gs_uneven_compare_pages(const gs_uneven *uneven, const char *query,
                                        const uint64_t limits[GS_UNEVEN_LIMITS])
{
    gs_uneven_costs costs = {0};
    for (size_t i = 0; i < GS_UNEVEN_LIMITS; i++) {
        gs_uneven_compare(uneven, query, GSEARCH_MATCH_EXACT, limits[i], 0, &costs);
        gs_uneven_compare(uneven, query, GSEARCH_MATCH_EXACT, limits[i], 7, &costs);
    }
    return costs;
}
