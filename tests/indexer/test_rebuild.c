/* SPDX-License-Identifier: Apache-2.0
 *
 * Segments that do not fit the text they store are found out.
 */
#include "indexer/rebuild.h"

#include "tests/indexer/forgery.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

/* The claims must stand or fall as `wanted` says, and be whole in themselves either way. */
static void check(const gs_forgery *claims, gsearch_status wanted)
{
    gsearch_error error = {0};
    char *path = gs_test_dir_make(), *scratch_path = gs_test_dir_make();
    gs_dir *dir, *scratch;
    assert_ok(gs_dir_open(NULL, path, false, &dir, &error), &error);
    assert_ok(gs_dir_open(NULL, scratch_path, false, &scratch, &error), &error);
    gs_segment *segment = gs_forgery_write(dir, claims);
    assert_ok(gs_segment_verify(segment, &error), &error);
    gsearch_status status = gs_rebuild_compare(segment, scratch, NULL, &error);
    if (wanted)
        assert_fails(wanted, status, &error);
    else
        assert_ok(status, &error);
    assert_int_equal(gs_test_dir_count(scratch_path), 0);
    gs_segment_unref(segment);
    gs_dir_close(scratch);
    gs_dir_close(dir);
    gs_test_dir_remove(scratch_path);
    gs_test_dir_remove(path);
}

static void what_fits_its_text_passes(void **state)
{
    (void)state;
    check(&gs_forgery_honest, GSEARCH_OK);
}

static void another_text_is_found_out(void **state)
{
    (void)state;
    gs_forgery c = gs_forgery_honest;
    c.text = "公务";
    check(&c, GSEARCH_CORRUPT);
    c.text = "政务公";
    check(&c, GSEARCH_CORRUPT);
}

static void a_wrong_place_is_found_out(void **state)
{
    (void)state;
    gs_forgery c = gs_forgery_honest;
    c.bigram_at = 1;
    check(&c, GSEARCH_CORRUPT);
    c = gs_forgery_honest;
    c.seam_at = 0;
    check(&c, GSEARCH_CORRUPT);
}

static void a_wrong_gram_is_found_out(void **state)
{
    (void)state;
    gs_forgery c = gs_forgery_honest;
    c.second = GS_FORGERY_GONG;
    check(&c, GSEARCH_CORRUPT);
}

static void a_wrong_count_is_found_out(void **state)
{
    (void)state;
    gs_forgery c = gs_forgery_honest;
    c.frequency = 0;
    check(&c, GSEARCH_CORRUPT);
    c = gs_forgery_honest;
    c.title_positions = 1;
    check(&c, GSEARCH_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_its_text_passes),  cmocka_unit_test(another_text_is_found_out),
        cmocka_unit_test(a_wrong_place_is_found_out), cmocka_unit_test(a_wrong_gram_is_found_out),
        cmocka_unit_test(a_wrong_count_is_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
