/* SPDX-License-Identifier: Apache-2.0
 *
 * Segments written by hand, some of which do not fit the text they store: whole in themselves, and
 * only a comparison with the text can tell.
 */
#include "indexer/rebuild.h"

#include <stdlib.h>

#include "common/segment/segmentwriter.h"
#include "common/text/analyzer.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

#define ZHENG 0x653fu // 政
#define WU 0x52a1u    // 务
#define GONG 0x516cu  // 公

/* What stands in the segment of one document; the truth for the text 政务 is in `honest`. */
typedef struct claims {
    const char *text;
    uint32_t length, title_positions;
    uint32_t first, second; // of the only bigram
    uint32_t bigram_at, seam_at;
    uint32_t frequency; // of the first character
} claims;

static const claims honest = {"政务", 2, 2, ZHENG, WU, 0, 1, 1};

static void put_list(gs_segment_writer *writer, uint64_t gram, uint32_t position)
{
    gsearch_error error = {0};
    gs_bytes none = gs_bytes_of("", 0);
    assert_ok(gs_segment_add_list(writer, false, gram, none, &error), &error);
    assert_ok(gs_segment_add_positions(writer, &position, 1, &error), &error);
}

static void put_text(gs_segment_writer *writer, const char *text)
{
    gsearch_error error = {0};
    gs_store_packer *packer = gs_store_packer_new(NULL, 3);
    gs_buf blocks;
    gs_buf_init(&blocks, NULL, 65536);
    assert_ok(gs_store_packer_add(packer, gs_bytes_str(text), gs_bytes_of("", 0), &blocks, &error),
              &error);
    assert_ok(gs_store_packer_flush(packer, &blocks, &error), &error);
    gs_bytes block = gs_bytes_of(blocks.data + 8, blocks.len - 8);
    assert_int_equal(gs_load_u32(blocks.data + 4), block.len);
    assert_ok(gs_segment_add_text_block(writer, gs_load_u32(blocks.data), block, &error), &error);
    gs_buf_release(&blocks);
    gs_store_packer_free(packer);
}

static gs_segment *write(gs_dir *dir, const claims *c)
{
    gsearch_error error = {0};
    gs_segment_writer *writer;
    gs_segment_options options = {
        .analyzer = GS_ANALYZER_VERSION, .unicode = gs_analyzer_unicode(), .has_text = true};
    gs_doc_record record = {
        .key = gs_bytes_str("a"),
        .title = gs_bytes_str(c->text),
        .length = c->length,
        .title_positions = c->title_positions,
        .text_bytes = strlen(c->text),
    };
    assert_ok(gs_segment_create(dir, NULL, &options, &writer, &error), &error);
    assert_ok(gs_segment_add_source(writer, gs_bytes_of("", 0), &error), &error);
    assert_ok(gs_segment_add_document(writer, &record, &error), &error);
    assert_ok(gs_segment_documents_done(writer, &error), &error);
    assert_ok(gs_segment_add_character(writer, WU, 1, &error), &error);
    put_list(writer, gs_gram(WU, 0, 0), c->seam_at);
    assert_ok(gs_segment_add_character(writer, c->first, c->frequency, &error), &error);
    put_list(writer, gs_gram(c->first, c->second, 0), c->bigram_at);
    assert_ok(gs_segment_lists_done(writer, &error), &error);
    put_text(writer, c->text);
    gs_container_name name;
    gs_segment *segment;
    assert_ok(gs_segment_finish(writer, &name, &error), &error);
    assert_ok(gs_segment_open(dir, NULL, name.id, name.length, false, &segment, &error), &error);
    return segment;
}

/* The claims must stand or fall as `wanted` says, and be whole in themselves either way. */
static void check(const claims *c, gsearch_status wanted)
{
    gsearch_error error = {0};
    char *path = gs_test_dir_make(), *scratch_path = gs_test_dir_make();
    gs_dir *dir, *scratch;
    assert_ok(gs_dir_open(NULL, path, false, &dir, &error), &error);
    assert_ok(gs_dir_open(NULL, scratch_path, false, &scratch, &error), &error);
    gs_segment *segment = write(dir, c);
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
    check(&honest, GSEARCH_OK);
}

static void another_text_is_found_out(void **state)
{
    (void)state;
    claims c = honest;
    c.text = "公务";
    check(&c, GSEARCH_CORRUPT);
    c.text = "政务公";
    check(&c, GSEARCH_CORRUPT);
}

static void a_wrong_place_is_found_out(void **state)
{
    (void)state;
    claims c = honest;
    c.bigram_at = 1;
    check(&c, GSEARCH_CORRUPT);
    c = honest;
    c.seam_at = 0;
    check(&c, GSEARCH_CORRUPT);
}

static void a_wrong_gram_is_found_out(void **state)
{
    (void)state;
    claims c = honest;
    c.second = GONG;
    check(&c, GSEARCH_CORRUPT);
}

static void a_wrong_count_is_found_out(void **state)
{
    (void)state;
    claims c = honest;
    c.frequency = 0;
    check(&c, GSEARCH_CORRUPT);
    c = honest;
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
