/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets of documents against bit arrays.
 */
#include "query/match.h"

#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define DOCS 500u

typedef struct table {
    gs_segment segment;
    gs_deletes deletes;
    uint8_t bits[DOCS / 8 + 1];
    uint32_t dates[DOCS];
    gs_workspace_pool pool;
    gs_budget budget;
    gs_reader reader;
    uint32_t docs[2][DOCS];
    bool in[2][DOCS];
    gs_docset sets[2];
} table;

/* Two random sets of live documents, every `step`-th or so of them. */
static void fill(table *made, uint64_t *state, uint64_t step_a, uint64_t step_b)
{
    for (uint32_t set = 0; set < 2; set++) {
        uint32_t count = 0;
        for (uint32_t doc = 0; doc < DOCS; doc++) {
            bool in = !gs_deletes_has(&made->deletes, doc) &&
                      gs_test_random_below(state, set ? step_b : step_a) == 0;
            made->in[set][doc] = in;
            if (in)
                made->docs[set][count++] = doc;
        }
        made->sets[set] = (gs_docset){.docs = made->docs[set], .count = count};
    }
}

static int set_up(void **out)
{
    table *made = test_calloc(1, sizeof(*made));
    uint64_t state = 1;
    for (uint32_t doc = 0; doc < DOCS; doc++) {
        if (gs_test_random_below(&state, 6) == 0)
            made->bits[doc / 8] = (uint8_t)(made->bits[doc / 8] | 1u << doc % 8);
        made->dates[doc] = doc % 5 ? 20150000 + doc : 0;
    }
    made->segment.docs.count = DOCS;
    made->segment.docs.date = (gs_column){.data = (const uint8_t *)made->dates, .width = 4};
    made->deletes.bits = made->bits;
    gs_workspace_pool_init(&made->pool, NULL);
    gs_budget_start(&made->budget, NULL);
    made->reader = (gs_reader){.in = &made->segment,
                               .deletes = &made->deletes,
                               .work = gs_workspace_take(&made->pool),
                               .budget = &made->budget};
    *out = made;
    return 0;
}

static int tear_down(void **in)
{
    table *made = *in;
    gs_workspace_give(&made->pool, made->reader.work);
    gs_workspace_pool_release(&made->pool);
    test_free(made);
    return 0;
}

static void check(const gs_docset *found, const bool *wanted)
{
    uint32_t at = 0;
    for (uint32_t doc = 0; doc < DOCS; doc++) {
        if (!wanted[doc])
            continue;
        assert_true(at < found->count);
        assert_int_equal(found->docs[at++], doc);
    }
    assert_int_equal(at, found->count);
}

static void and_or_and_not_agree_with_bits(void **in)
{
    table *made = *in;
    gsearch_error error;
    uint64_t state = 2;
    for (uint32_t round = 0; round < 100; round++) {
        bool wanted[3][DOCS];
        gs_docset found;
        fill(made, &state, 1 + round % 50, 1 + round % 7);
        for (uint32_t doc = 0; doc < DOCS; doc++) {
            wanted[0][doc] = made->in[0][doc] && made->in[1][doc];
            wanted[1][doc] = made->in[0][doc] || made->in[1][doc];
            wanted[2][doc] = made->in[0][doc] && !made->in[1][doc];
        }
        const gs_docset *a = &made->sets[0], *b = &made->sets[1];
        assert_ok(gs_docset_and(&made->reader, a, b, &found, &error), &error);
        check(&found, wanted[0]);
        assert_ok(gs_docset_or(&made->reader, a, b, &found, &error), &error);
        check(&found, wanted[1]);
        assert_ok(gs_docset_not(&made->reader, a, b, &found, &error), &error);
        check(&found, wanted[2]);
    }
}

static void not_of_all_gives_live_documents(void **in)
{
    table *made = *in;
    gsearch_error error;
    gs_docset found, none = {0};
    bool live[DOCS];
    for (uint32_t doc = 0; doc < DOCS; doc++)
        live[doc] = !gs_deletes_has(&made->deletes, doc);
    assert_ok(gs_docset_not(&made->reader, NULL, &none, &found, &error), &error);
    check(&found, live);
}

static void dated_takes_both_ends_and_no_undated(void **in)
{
    table *made = *in;
    gsearch_error error;
    gs_docset found;
    bool wanted[DOCS];
    for (uint32_t doc = 0; doc < DOCS; doc++)
        wanted[doc] = !gs_deletes_has(&made->deletes, doc) && doc % 5 && doc >= 101 && doc <= 203;
    assert_ok(gs_docset_dated(&made->reader, NULL, 20150101, 20150203, &found, &error), &error);
    check(&found, wanted);
    for (uint32_t doc = 0; doc < DOCS; doc++)
        wanted[doc] = !gs_deletes_has(&made->deletes, doc) && doc % 5;
    assert_ok(gs_docset_dated(&made->reader, NULL, 0, 99999999, &found, &error), &error);
    check(&found, wanted);
}

static void seek_finds_the_first_not_before(void **in)
{
    table *made = *in;
    uint64_t state = 3;
    fill(made, &state, 3, 1);
    for (uint32_t doc = 0; doc <= DOCS; doc++) {
        uint32_t wanted = 0;
        while (wanted < made->sets[0].count && made->docs[0][wanted] < doc)
            wanted++;
        for (uint32_t from = 0; from <= wanted; from += 1 + from / 3)
            assert_int_equal(gs_docset_seek(&made->sets[0], from, doc), wanted);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(and_or_and_not_agree_with_bits),
        TEST(not_of_all_gives_live_documents),
        TEST(dated_takes_both_ends_and_no_undated),
        TEST(seek_finds_the_first_not_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
