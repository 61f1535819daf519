/* SPDX-License-Identifier: Apache-2.0
 *
 * The documents of all units against those of the whole list, grouped one by one.
 */
#include "query/units.h"

#include <stdlib.h>

#include "tests/query/probe.h"
#include "tests/query/uneven.h"
#include "tests/support/check.h"

static gs_uneven uneven;

static int set_up(void **unused)
{
    (void)unused;
    gs_uneven_make(&uneven, 23);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    gs_uneven_free(&uneven);
    return 0;
}

/* Live documents of the positions with their frequencies, those in the title counted three times if
 * `length` of them lie in it; returns how many. */
static uint32_t group_slowly(const gs_reader *reader, const uint32_t *positions, uint32_t count,
                             uint32_t length, uint32_t *docs, uint32_t *tfs)
{
    const gs_doctable *table = &reader->in->docs;
    uint32_t groups = 0;
    for (uint32_t doc = 0, i = 0; doc < table->count; doc++) {
        uint32_t tf = 0;
        for (; i < count && positions[i] < table->starts[doc + 1]; i++)
            tf += positions[i] + length <= gs_doctable_title_end(table, doc) ? 3 : 1;
        if (!tf || gs_deletes_has(reader->deletes, doc))
            continue;
        docs[groups] = doc;
        tfs[groups++] = tf;
    }
    return groups;
}

static void check_list(gs_reader *reader, const gs_list *list, uint32_t length)
{
    size_t room = ((size_t)list->count + GS_BLOCK_POSTINGS) * sizeof(uint32_t);
    uint32_t *positions = malloc(room), *docs = malloc(room), *tfs = malloc(room);
    gs_units *units = malloc(sizeof(*units));
    gsearch_error error;
    assert_ok(gs_list_read(&reader->in->postings, reader->work->decoder, list, positions, &error),
              &error);
    uint32_t count = group_slowly(reader, positions, list->count, length, docs, tfs), at = 0;
    assert_ok(gs_units_open(reader, list, length, units, &error), &error);
    assert_int_equal(units->count, 4 * units->list.blocks);
    for (uint32_t u = 0; u < units->count; u++) {
        gs_unit_documents found;
        assert_ok(gs_units_documents(units, u, &found, &error), &error);
        for (uint32_t d = 0; d < found.count; d++, at++) {
            assert_true(at < count);
            assert_int_equal(found.docs[d], docs[at]);
            assert_int_equal(found.tfs[d], tfs[at]);
        }
    }
    assert_int_equal(at, count);
    assert_true(units->decoded >= units->list.blocks);
    free(units);
    free(positions);
    free(docs);
    free(tfs);
}

static void units_hold_the_documents_of_the_list(void **unused)
{
    (void)unused;
    static const char *const queries[] = {"政务", "公开", "年度", "务公"};
    uint32_t checked = 0;
    for (size_t s = 0; s < GS_UNEVEN_SHAPES; s++) {
        for (size_t q = 0; q < sizeof(queries) / sizeof(*queries); q++) {
            gs_probe probe;
            gs_probe_open(&probe, uneven.indexes[s], 0, queries[q]);
            const gs_list_set *set = &probe.root->slots[0].sets[0];
            for (uint32_t length = 1; length <= 3 && set->lists[0].is_long; length++, checked++)
                check_list(&probe.reader, &set->lists[0], length);
            gs_probe_close(&probe);
        }
    }
    assert_true(checked > 20);
}

static void a_cut_leaves_as_many_units_as_wanted(void **unused)
{
    (void)unused;
    static const uint8_t impacts[] = {9, 255, 9, 0, 200, 9, 1};
    static const uint8_t cuts[] = {255, 255, 200, 9, 9, 9, 1, 1, 1};
    for (uint32_t wanted = 0; wanted < sizeof(cuts); wanted++)
        assert_int_equal(gs_units_cut(impacts, sizeof(impacts), wanted), cuts[wanted]);
    assert_int_equal(gs_units_cut(impacts, 0, 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_hold_the_documents_of_the_list),
        cmocka_unit_test(a_cut_leaves_as_many_units_as_wanted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
