/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of indexer/share.c: the share of deleted documents is what a segment of these documents
 * alone counts.
 */
#include "indexer/share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/indexer/model.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define DOCUMENTS 300u

typedef struct fixture {
    char *path;
    gs_dir *dir;
    gsearch_error error;
    gs_model model;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    f->path = gs_test_dir_make();
    assert_ok(gs_dir_open(NULL, f->path, false, &f->dir, &f->error), &f->error);
    f->model = gs_model_make(11, DOCUMENTS);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    gs_model_free(&f->model);
    gs_dir_close(f->dir);
    gs_test_dir_remove(f->path);
    free(f);
    return 0;
}

static gs_segment *write_segment(fixture *f, const gs_model *model)
{
    gs_manifest_segment row = gs_model_write(model, f->dir, 64, 16u << 20, true);
    gs_segment *segment;
    assert_ok(gs_segment_open(f->dir, NULL, row.segment.id, row.segment.length, false, &segment,
                              &f->error),
              &f->error);
    return segment;
}

static gs_deletes *write_share(fixture *f, const gs_segment *segment, const uint8_t *bits)
{
    gs_container_name name;
    gs_deletes *deletes;
    assert_ok(gs_share_write(f->dir, NULL, segment, bits, &name, &f->error), &f->error);
    assert_ok(gs_deletes_open(f->dir, NULL, name.name, name.length, name.id, segment->id,
                              segment->docs.count, false, &deletes, &f->error),
              &f->error);
    return deletes;
}

/* Every term of `all` has in `deletes` the documents that it has in `gone`, NULL: none. */
static void compare(fixture *f, const gs_segment *all, const gs_deletes *deletes,
                    const gs_segment *gone)
{
    gs_terms_iterator iterator;
    uint64_t terms = 0;
    assert_ok(gs_terms_seek_gram(&iterator, &all->terms, 0, &f->error), &f->error);
    for (;; terms++) {
        bool more;
        assert_ok(gs_terms_next(&iterator, &more, &f->error), &f->error);
        if (!more)
            break;
        gs_list wanted = {0};
        uint32_t share;
        if (iterator.is_word) {
            assert_ok(gs_deletes_word_share(deletes, iterator.word, &share, &f->error), &f->error);
            if (gone)
                assert_ok(gs_terms_find_word(&gone->terms, iterator.word, &wanted, &f->error),
                          &f->error);
        } else {
            share = gs_deletes_gram_share(deletes, iterator.gram);
            if (gone)
                assert_ok(gs_terms_find_gram(&gone->terms, iterator.gram, &wanted, &f->error),
                          &f->error);
        }
        assert_int_equal(share, wanted.count ? wanted.documents : 0);
    }
    assert_true(terms > 100);
    for (uint32_t code_point = 0; code_point < 0x40000; code_point++)
        assert_int_equal(gs_deletes_character_share(deletes, code_point),
                         gone ? gs_terms_character(&gone->terms, code_point) : 0);
    assert_int_equal(deletes->deleted_length, gone ? gone->docs.total_length : 0);
    assert_int_equal(deletes->deleted, gone ? gone->docs.count : 0);
}

static void check_part(fixture *f, uint32_t one_in)
{
    uint8_t bits[DOCUMENTS / 8 + 1] = {0};
    gs_model_document *chosen = calloc(DOCUMENTS, sizeof(*chosen));
    gs_model gone = {.documents = chosen};
    uint64_t random = one_in;
    for (uint32_t doc = 0; doc < DOCUMENTS; doc++) {
        if (gs_test_random_below(&random, one_in) != 0)
            continue;
        bits[doc >> 3] |= (uint8_t)(1u << (doc & 7));
        chosen[gone.count++] = f->model.documents[doc];
    }
    gs_segment *all = write_segment(f, &f->model);
    gs_segment *alone = write_segment(f, &gone);
    gs_deletes *deletes = write_share(f, all, bits);
    compare(f, all, deletes, alone);
    gs_deletes_unref(deletes);
    gs_segment_unref(alone);
    gs_segment_unref(all);
    free(chosen);
}

static void the_share_of_a_few_is_their_own_count(void **state)
{
    check_part(*state, 40);
}

static void the_share_of_half_is_their_own_count(void **state)
{
    check_part(*state, 2);
}

static void the_share_of_all_is_the_whole_segment(void **state)
{
    check_part(*state, 1);
}

static void the_share_of_none_is_nothing(void **state)
{
    fixture *f = *state;
    uint8_t bits[DOCUMENTS / 8 + 1] = {0};
    gs_segment *all = write_segment(f, &f->model);
    gs_deletes *deletes = write_share(f, all, bits);
    compare(f, all, deletes, NULL);
    gs_deletes_unref(deletes);
    gs_segment_unref(all);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(the_share_of_a_few_is_their_own_count),
        CASE(the_share_of_half_is_their_own_count),
        CASE(the_share_of_all_is_the_whole_segment),
        CASE(the_share_of_none_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
