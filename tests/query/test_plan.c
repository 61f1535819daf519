/* SPDX-License-Identifier: Apache-2.0
 *
 * Covers of phrases against trying every set of slots.
 */
#include "query/plan.h"

#include "tests/query/collection.h"
#include "tests/query/probe.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define SLOTS_MAX 9u

typedef struct phrase {
    gs_plan_node node;
    gs_slot slots[SLOTS_MAX];
    gs_list_set sets[SLOTS_MAX];
    gs_list lists[SLOTS_MAX];
    uint32_t items;
} phrase;

static void put_slot(phrase *made, uint32_t offset, uint32_t length, uint64_t *state)
{
    uint32_t s = made->node.slots_count++;
    made->lists[s].count = 1 + (uint32_t)gs_test_random_below(state, 2000);
    made->sets[s] = (gs_list_set){
        .lists = &made->lists[s], .count = 1, .positions = made->lists[s].count};
    made->slots[s] = (gs_slot){.offset = offset, .length = length, .sets = &made->sets[s]};
}

/* Bigrams and single items in turn, some trigrams where bigrams overlap, not all of them known;
 * short lists of random lengths. */
static void make_phrase(phrase *made, uint64_t *state)
{
    *made = (phrase){.node.slots = made->slots};
    uint32_t wanted = 1 + (uint32_t)gs_test_random_below(state, SLOTS_MAX - 1), run = 0;
    while (made->node.slots_count < wanted) {
        uint32_t length = gs_test_random_below(state, 4) ? 2 : 1;
        uint32_t offset = made->items - (run && length == 2 ? 1 : 0);
        if (run && length == 2 && gs_test_random_below(state, 2)) {
            put_slot(made, offset - 1, 3, state);
            made->sets[made->node.slots_count - 1].is_unknown = gs_test_random_below(state, 3) == 0;
        }
        put_slot(made, offset, length, state);
        run = length == 2;
        made->items = offset + length;
    }
}

/* What reading the slots of `chosen` costs, or UINT64_MAX if they leave an item out. */
static uint64_t cost_of(const phrase *made, uint32_t chosen, uint32_t rarest)
{
    uint64_t cost = 0;
    for (uint32_t item = 0; item < made->items; item++) {
        bool covered = false;
        for (uint32_t s = 0; s < made->node.slots_count; s++)
            covered |= (chosen >> s & 1) && item >= made->slots[s].offset &&
                       item < made->slots[s].offset + made->slots[s].length;
        if (!covered)
            return UINT64_MAX;
    }
    for (uint32_t s = 0; s < made->node.slots_count; s++)
        if ((chosen >> s & 1) && made->sets[s].is_unknown)
            return UINT64_MAX;
    for (uint32_t s = 0; s < made->node.slots_count; s++)
        if ((chosen >> s & 1) && s != rarest)
            cost += made->lists[s].count + 32; // a list costs something to open
    return cost;
}

static void the_cover_is_the_cheapest_that_has_the_rarest_list(void **unused)
{
    (void)unused;
    uint64_t state = 4;
    gs_arena arena;
    gs_arena_init(&arena, NULL, 1u << 24);
    for (int round = 0; round < 2000; round++) {
        phrase made;
        gs_cover cover;
        gsearch_error error;
        make_phrase(&made, &state);
        assert_ok(gs_plan_cover(&made.node, 0, &arena, &cover, &error), &error);
        uint32_t rarest = (uint32_t)(cover.slots[0] - made.slots), chosen = 0;
        for (uint32_t s = 0; s < made.node.slots_count; s++)
            assert_true(made.sets[s].is_unknown ||
                        made.lists[rarest].count <= made.lists[s].count);
        for (uint32_t i = 0; i < cover.count; i++) {
            chosen |= 1u << (cover.slots[i] - made.slots);
            if (i > 1)
                assert_true(cover.slots[i - 1]->sets->positions <= cover.slots[i]->sets->positions);
        }
        uint64_t best = UINT64_MAX;
        for (uint32_t set = 0; set < 1u << made.node.slots_count; set++) {
            uint64_t cost = set >> rarest & 1 ? cost_of(&made, set, rarest) : UINT64_MAX;
            best = cost < best ? cost : best;
        }
        assert_int_equal(cost_of(&made, chosen, rarest), best);
        gs_arena_reset(&arena);
    }
    gs_arena_release(&arena);
}

static void a_missing_list_leaves_no_cover(void **unused)
{
    (void)unused;
    uint64_t state = 5;
    phrase made;
    gs_cover cover;
    gsearch_error error;
    gs_arena arena;
    gs_arena_init(&arena, NULL, 1u << 16);
    make_phrase(&made, &state);
    made.sets[made.node.slots_count - 1] = (gs_list_set){0};
    assert_ok(gs_plan_cover(&made.node, 0, &arena, &cover, &error), &error);
    assert_int_equal(cover.count, 0);
    gs_arena_release(&arena);
}

static void slots_are_bigrams_words_breaks_and_lone_characters(void **unused)
{
    (void)unused;
    gs_collection collection = {0};
    gs_collection_add(&collection, "a", "政务公开、2017年", NULL, 0);
    char *dir = gs_test_dir_make();
    gsearch_index *index = gs_collection_index(&collection, dir, 1, true);
    gs_probe probe;
    gs_probe_open(&probe, index, 0, "政务公、2017年");
    static const char *const texts[] = {"政务", "务公", "公。", "2017", "年"};
    static const uint32_t offsets[] = {0, 1, 2, 4, 5};
    assert_int_equal(probe.root->slots_count, 5);
    for (uint32_t s = 0; s < 5; s++) {
        const gs_slot *slot = &probe.root->slots[s];
        assert_int_equal(slot->offset, offsets[s]);
        assert_true(gs_bytes_equal(slot->text, gs_bytes_str(texts[s])));
    }
    // four weigh, the stop does not: each is in the one document of the corpus
    double wanted = 4 * gs_score_idf(1, 1);
    assert_true(probe.root->weight > wanted - 1e-15 && probe.root->weight < wanted + 1e-15);
    gs_probe_close(&probe);
    gsearch_index_close(index);
    gs_test_dir_remove(dir);
    gs_collection_free(&collection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cover_is_the_cheapest_that_has_the_rarest_list),
        cmocka_unit_test(a_missing_list_leaves_no_cover),
        cmocka_unit_test(slots_are_bigrams_words_breaks_and_lone_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
