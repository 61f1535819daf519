/* SPDX-License-Identifier: Apache-2.0
 *
 * Drawing lists of all lengths, from none to some that are packed in blocks, and writing them.
 */
#include "tests/common/segment/randomsegment.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/fixture.h"

#define TEXT_LEVEL 1

static int by_value(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void draw_positions(random_list *list, uint32_t want, uint32_t positions, uint64_t *seed)
{
    list->positions = malloc((want + 1) * sizeof(uint32_t));
    for (uint32_t i = 0; i < want; i++)
        list->positions[i] = (uint32_t)gs_test_random_below(seed, positions);
    qsort(list->positions, want, sizeof(uint32_t), by_value);
    for (uint32_t i = 0; i < want; i++)
        if (list->count == 0 || list->positions[list->count - 1] != list->positions[i])
            list->positions[list->count++] = list->positions[i];
}

static uint32_t draw_count(uint64_t *seed)
{
    switch (gs_test_random_below(seed, 200)) {
    case 0:
        return 8191 + (uint32_t)gs_test_random_below(seed, 600);
    case 1:
        return (uint32_t)gs_test_random_below(seed, 40000);
    case 2:
        return (uint32_t)gs_test_random_below(seed, 5000);
    default:
        return (uint32_t)gs_test_random_below(seed, gs_test_random_below(seed, 60) + 1);
    }
}

static uint64_t next_gram(uint64_t gram, uint64_t *seed)
{
    uint32_t first = gs_gram_first(gram), second = gs_gram_second(gram);
    uint32_t third = (uint32_t)(gram & GS_GRAM_CODE_POINT_MASK);
    switch (gs_test_random_below(seed, 8)) {
    case 0: // the next character, with or without its seam list
        return gs_gram(first + 1 + (uint32_t)gs_test_random_below(seed, 5000),
                       (uint32_t)gs_test_random_below(seed, 2), 0);
    case 1:
        return gs_gram(first, second, third + 1 + (uint32_t)gs_test_random_below(seed, 99));
    default:
        return gs_gram(first, second + 1 + (uint32_t)gs_test_random_below(seed, 200),
                       gs_test_random_below(seed, 9) ? 0 : 7);
    }
}

static int by_word(const void *a, const void *b)
{
    return strcmp(((const random_list *)a)->word, ((const random_list *)b)->word);
}

static void draw_lists(random_segment *random, uint64_t *seed)
{
    uint32_t positions = random->starts[random->documents];
    uint64_t gram = GS_GRAM_BREAK;
    for (uint32_t i = 0; i < random->grams; i++) {
        random->lists[i].gram = gram;
        gram = next_gram(gram, seed);
        draw_positions(&random->lists[i], draw_count(seed), positions, seed);
    }
    for (uint32_t i = 0; i < random->words; i++) {
        random_list *list = &random->lists[random->grams + i];
        snprintf(list->word, sizeof(list->word), "w%05u", i * 37 % random->words * 3);
        draw_positions(list, draw_count(seed), positions, seed);
    }
    qsort(random->lists + random->grams, random->words, sizeof(*random->lists), by_word);
}

random_segment *random_segment_new(uint64_t seed, uint32_t documents, uint32_t grams,
                                   uint32_t words)
{
    random_segment *random = calloc(1, sizeof(*random));
    random->documents = documents;
    random->grams = grams;
    random->words = words;
    random->starts = calloc(documents + 1, sizeof(*random->starts));
    random->title = calloc(documents, sizeof(*random->title));
    random->keys = calloc(documents, sizeof(*random->keys));
    random->lists = calloc(grams + words, sizeof(*random->lists));
    for (uint32_t i = 0; i < documents; i++) {
        uint32_t length = (uint32_t)gs_test_random_below(&seed, i % 50 ? 400 : 9000);
        random->starts[i + 1] = random->starts[i] + length + 1;
        random->title[i] = (uint32_t)gs_test_random_below(&seed, length < 20 ? length + 1 : 20);
        snprintf(random->keys[i], sizeof(random->keys[i]), "doc/%u.txt",
                 (i * 271 + 5) % documents);
    }
    draw_lists(random, &seed);
    return random;
}

void random_segment_free(random_segment *random)
{
    for (uint32_t i = 0; i < random->grams + random->words; i++)
        free(random->lists[i].positions);
    free(random->starts);
    free(random->title);
    free(random->keys);
    free(random->lists);
    free(random);
}

static gsearch_status write_documents(const random_segment *random, gs_segment_writer *writer,
                                      gsearch_error *err)
{
    GS_TRY(gs_segment_add_source(writer, gs_bytes_str("a.jsonl"), err));
    for (uint32_t i = 0; i < random->documents; i++) {
        if (i == random->documents / 2)
            GS_TRY(gs_segment_add_source(writer, gs_bytes_str("b.txt"), err));
        char title[32];
        snprintf(title, sizeof(title), "title %u", i);
        gs_doc_record record = {
            .key = gs_bytes_str(random->keys[i]),
            .title = gs_bytes_str(title),
            .length = random_segment_length(random, i),
            .title_positions = random->title[i],
            .flags = i % 3 == 0 ? GS_DOC_TITLE_IS_FIELD : 0,
            .date = i % 5 ? 20000101 + i : 0,
            .text_bytes = random_segment_length(random, i),
        };
        GS_TRY(gs_segment_add_document(writer, &record, err));
        if (i % 10 == 0)
            gs_segment_add_checkpoint(writer, (gs_checkpoint){.position = 0, .byte = 0});
    }
    return gs_segment_documents_done(writer, err);
}

static gsearch_status write_lists(const random_segment *random, gs_segment_writer *writer,
                                  uint32_t piece, gsearch_error *err)
{
    GS_TRY(gs_segment_add_character(writer, 0x4e00, 12, err));
    GS_TRY(gs_segment_add_character(writer, 0x9fa5, 34, err));
    for (uint32_t i = 0; i < random->grams + random->words; i++) {
        const random_list *list = &random->lists[i];
        GS_TRY(gs_segment_add_list(writer, list->word[0] != '\0', list->gram,
                                   gs_bytes_str(list->word), err));
        for (uint32_t at = 0; at < list->count; at += piece) {
            uint32_t len = list->count - at < piece ? list->count - at : piece;
            GS_TRY(gs_segment_add_positions(writer, list->positions + at, len, err));
        }
    }
    return gs_segment_lists_done(writer, err);
}

/* Hands the blocks of a packer over. */
static gsearch_status write_blocks(gs_segment_writer *writer, gs_bytes blocks, gsearch_error *err)
{
    gs_cursor cursor = gs_cursor_of(blocks);
    while (gs_cursor_left(&cursor)) {
        uint32_t begun = gs_cursor_u32(&cursor), len = gs_cursor_u32(&cursor);
        GS_TRY(gs_segment_add_text_block(writer, begun, gs_cursor_bytes(&cursor, len), err));
    }
    return GSEARCH_OK;
}

static gsearch_status write_text(const random_segment *random, gs_segment_writer *writer,
                                 const gs_mem *mem, gsearch_error *err)
{
    static const char digits[] = "0123456789";
    gs_store_packer *packer = gs_store_packer_new(mem, TEXT_LEVEL);
    if (!packer)
        return gs_fail_memory(err);
    gs_buf text, blocks;
    gs_buf_init(&text, NULL, 65536);
    gs_buf_init(&blocks, NULL, 1 << 24);
    gsearch_status status = GSEARCH_OK;
    for (uint32_t i = 0; i < random->documents && !status; i++) {
        gs_buf_reset(&text);
        for (uint32_t p = 0; p < random_segment_length(random, i); p++)
            gs_buf_u8(&text, (uint8_t)digits[(i + p) % 10]);
        status =
            gs_store_packer_add(packer, gs_buf_view(&text), gs_bytes_of(NULL, 0), &blocks, err);
    }
    if (!status)
        status = gs_store_packer_flush(packer, &blocks, err);
    if (!status)
        status = write_blocks(writer, gs_buf_view(&blocks), err);
    gs_buf_release(&text);
    gs_buf_release(&blocks);
    gs_store_packer_free(packer);
    return status;
}

gsearch_status random_segment_write(const random_segment *random, gs_dir *dir, const gs_mem *mem,
                                    bool is_small, uint32_t piece, gs_container_name *out,
                                    gsearch_error *err)
{
    gs_segment_options options = {
        .analyzer = 7, .unicode = "15.0.0", .has_text = true, .small = is_small};
    gs_segment_writer *writer;
    GS_TRY(gs_segment_create(dir, mem, &options, &writer, err));
    gsearch_status status = write_documents(random, writer, err);
    if (!status)
        status = write_lists(random, writer, piece, err);
    if (!status)
        status = write_text(random, writer, mem, err);
    if (status) {
        gs_segment_abort(writer);
        return status;
    }
    return gs_segment_finish(writer, out, err);
}
