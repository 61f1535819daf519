/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of positions of every class: written, they read back as they were, whole and block by
 * block. Then some bytes are changed under right sums: what is read still rises and stays inside
 * the segment, or is corrupt.
 */
#include "common/segment/postings.h"

#include <stdlib.h>

#include "common/segment/doctable.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/shell.h"

#define POSITIONS_MAX 20000u
#define DOCUMENT_POSITIONS 977u
#define CHANGES_MAX 8u

typedef struct lists {
    uint32_t *positions;
    uint32_t count, end; /* `end`: positions of the segment */
    gs_buf docs_chunk, post, sizes;
    gs_doctable docs;
    gs_list list;
    uint64_t gaps;
} lists;

/* Gaps, each given once or many times. */
static void draw_positions(lists *self, gs_cursor *cursor)
{
    uint64_t position = gs_cursor_u16(cursor);
    while (gs_cursor_left(cursor) && self->count < POSITIONS_MAX) {
        uint8_t byte = gs_cursor_u8(cursor);
        uint64_t gap = byte < 0x80 ? byte : 1ull << (byte & 0x1f);
        for (uint32_t times = byte & 0x40 ? 1u << (gs_cursor_u8(cursor) & 15) : 1;
             times && self->count < POSITIONS_MAX && position < UINT32_MAX / 2; times--) {
            self->positions[self->count++] = (uint32_t)position;
            position += gap + 1;
        }
    }
    self->end = (uint32_t)position + 1;
}

static void make_documents(lists *self)
{
    uint32_t length = self->end / 4096 > DOCUMENT_POSITIONS ? self->end / 4096 : DOCUMENT_POSITIONS;
    uint32_t count = self->end / length + 1;
    uint32_t *starts = calloc(count + 1, sizeof(*starts));
    gsearch_error error;
    for (uint32_t doc = 0; doc <= count; doc++)
        starts[doc] = doc * length;
    gs_buf_init(&self->docs_chunk, NULL, SIZE_MAX);
    gs_doctable_encode(&self->docs_chunk, starts, count);
    free(starts);
    assert_ok(gs_doctable_view(gs_buf_view(&self->docs_chunk), &self->docs, &error), &error);
    self->end = self->docs.positions;
}

static void write_long(lists *self)
{
    gs_long_writer writer;
    gs_long_writer_init(&writer, NULL, &self->docs);
    writer.packed = self->count >= GS_PACKED_MIN;
    gs_long_writer_add(&writer, self->positions, self->count);
    gs_long_writer_finish(&writer, &self->post);
    gs_long_writer_release(&writer);
    self->list = (gs_list){.count = self->count, .documents = 1, .is_long = true};
}

/* The list behind another one, whose gaps fill part of a chunk. */
static void write_short(lists *self, uint32_t others)
{
    gs_short_writer writer;
    gsearch_error error;
    assert_ok(gs_short_writer_init(&writer, NULL, &self->sizes, &error), &error);
    gs_short_writer_start(&writer);
    for (uint32_t i = 0; i < others; i++)
        gs_short_writer_add(&writer, &i, 1, &self->post);
    gs_short_writer_start(&writer);
    self->list = (gs_list){.count = self->count, .documents = 1, .place = writer.gaps};
    gs_short_writer_add(&writer, self->positions, self->count, &self->post);
    gs_short_writer_flush(&writer, &self->post);
    self->gaps = writer.gaps;
    gs_short_writer_release(&writer);
    if (self->count == 1)
        self->list.place = self->positions[0];
}

/* SDIR: where each chunk begins. */
static uint8_t *make_directory(const lists *self)
{
    size_t chunks = self->sizes.len / 4;
    uint8_t *directory = calloc(chunks + 1, 8);
    for (size_t i = 1; i < chunks; i++)
        gs_store_u64(directory + 8 * i, gs_load_u64(directory + 8 * (i - 1)) +
                                            gs_load_u32(self->sizes.data + 4 * (i - 1)));
    return directory;
}

static void check_blocks(const gs_postings *postings, const lists *self, bool is_whole)
{
    gs_long_list list;
    gsearch_error error;
    if (gs_long_list_open(postings, &self->list, &list, &error))
        return;
    uint32_t at = 0, last = 0;
    for (uint32_t b = 0; b < list.blocks; b++) {
        uint32_t out[GS_BLOCK_POSTINGS], count;
        gsearch_status status = gs_long_list_block(&list, b, out, &count, &error);
        assert_true(!status || (status == GSEARCH_CORRUPT && !is_whole));
        if (status)
            continue;
        for (uint32_t i = 0; i < count; i++) {
            assert_true((i == 0 || out[i] > last) && out[i] < postings->positions);
            assert_true(!is_whole || out[i] == self->positions[at + i]);
            last = out[i];
        }
        at += count;
        uint32_t found = gs_long_list_seek(&list, 0, last);
        assert_true(is_whole ? found == b : found < list.blocks);
    }
    if (is_whole)
        assert_int_equal(gs_long_list_bytes(&list), self->post.len);
}

static void read_list(gs_dir *dir, const lists *self, gs_bytes post, const uint8_t *directory,
                      bool is_whole)
{
    gs_shell shell = {.kind = GS_KIND_SEGMENT, .count = 1};
    shell.chunks[0].id = GS_CHUNK_POST;
    shell.chunks[0].bytes = post;
    size_t size = gs_shell_size(&shell);
    uint8_t *file = malloc(size);
    gs_container_name name;
    gs_container *container;
    gsearch_error error;
    gs_shell_write(&shell, file);
    assert_true(gs_folder_put(gs_bytes_of(file, size), is_whole ? "a-" : "b-", ".x", &name));
    assert_ok(gs_container_open(dir, NULL, name.name, size, GS_KIND_SEGMENT, name.id, false,
                                &container, &error),
              &error);
    gs_postings postings = {.container = container, .owner = is_whole ? 1 : 3, .sdir = directory};
    postings.post = gs_container_find(container, GS_CHUNK_POST);
    postings.gaps = self->gaps;
    postings.long_min = 2;
    postings.positions = self->end;
    gs_decoder *decoder = gs_decoder_new(NULL);
    uint32_t *out = malloc(((size_t)self->count + GS_BLOCK_POSTINGS) * sizeof(*out));
    gsearch_status status = gs_list_read(&postings, decoder, &self->list, out, &error);
    assert_true(!status || (status == GSEARCH_CORRUPT && !is_whole));
    for (uint32_t i = 0; i < self->count && !status; i++) {
        assert_true((i == 0 || out[i] > out[i - 1]) && out[i] < postings.positions);
        assert_true(!is_whole || out[i] == self->positions[i]);
    }
    if (self->list.is_long)
        check_blocks(&postings, self, is_whole);
    free(out);
    gs_decoder_free(decoder);
    gs_container_close(container);
    free(file);
}

/* First byte: bit 0 for a long list, the rest for what is before a short one; then how many changes
 * and each of them; then the list. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(data, size));
    lists self = {.positions = malloc(POSITIONS_MAX * sizeof(uint32_t))};
    uint8_t head = gs_cursor_u8(&cursor);
    uint8_t changes = gs_cursor_u8(&cursor) % CHANGES_MAX;
    gs_cursor change = gs_cursor_of(gs_cursor_bytes(&cursor, 4u * changes));
    gs_dir *dir = gs_folder_open();
    draw_positions(&self, &cursor);
    make_documents(&self);
    gs_buf_init(&self.post, NULL, SIZE_MAX);
    gs_buf_init(&self.sizes, NULL, SIZE_MAX);
    if (self.count >= 2 && head & 1)
        write_long(&self);
    else if (self.count)
        write_short(&self, 4u * head);
    if (self.count) {
        uint8_t *directory = make_directory(&self);
        read_list(dir, &self, gs_buf_view(&self.post), directory, true);
        while (gs_cursor_left(&change)) {
            uint32_t value = gs_cursor_u32(&change);
            self.post.data[(value >> 8) % self.post.len] ^= (uint8_t)value;
        }
        read_list(dir, &self, gs_buf_view(&self.post), directory, false);
        free(directory);
    }
    free(self.positions);
    gs_buf_release(&self.docs_chunk);
    gs_buf_release(&self.post);
    gs_buf_release(&self.sizes);
    gs_folder_close(dir);
    return 0;
}
