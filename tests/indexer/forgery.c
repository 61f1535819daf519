/* SPDX-License-Identifier: Apache-2.0
 *
 * Straight to the writer of segments, past the analyser.
 */
#include "tests/indexer/forgery.h"

#include "common/segment/segmentwriter.h"
#include "common/text/analyzer.h"
#include "tests/support/check.h"

const gs_forgery gs_forgery_honest = {
    .text = "政务",
    .length = 2,
    .title_positions = 2,
    .first = GS_FORGERY_ZHENG,
    .second = GS_FORGERY_WU,
    .bigram_at = 0,
    .seam_at = 1,
    .frequency = 1,
};

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

gs_segment *gs_forgery_write(gs_dir *dir, const gs_forgery *claims)
{
    gsearch_error error = {0};
    gs_segment_writer *writer;
    gs_segment_options options = {
        .analyzer = GS_ANALYZER_VERSION, .unicode = gs_analyzer_unicode(), .has_text = true};
    gs_doc_record record = {
        .key = gs_bytes_str("a"),
        .title = gs_bytes_str(claims->text),
        .length = claims->length,
        .title_positions = claims->title_positions,
        .text_bytes = strlen(claims->text),
    };
    assert_ok(gs_segment_create(dir, NULL, &options, &writer, &error), &error);
    assert_ok(gs_segment_add_source(writer, gs_bytes_of("", 0), &error), &error);
    assert_ok(gs_segment_add_document(writer, &record, &error), &error);
    assert_ok(gs_segment_documents_done(writer, &error), &error);
    assert_ok(gs_segment_add_character(writer, GS_FORGERY_WU, 1, &error), &error);
    put_list(writer, gs_gram(GS_FORGERY_WU, 0, 0), claims->seam_at);
    assert_ok(gs_segment_add_character(writer, claims->first, claims->frequency, &error), &error);
    put_list(writer, gs_gram(claims->first, claims->second, 0), claims->bigram_at);
    assert_ok(gs_segment_lists_done(writer, &error), &error);
    put_text(writer, claims->text);
    gs_container_name name;
    gs_segment *segment;
    assert_ok(gs_segment_finish(writer, &name, &error), &error);
    assert_ok(gs_segment_open(dir, NULL, name.id, name.length, false, &segment, &error), &error);
    return segment;
}
