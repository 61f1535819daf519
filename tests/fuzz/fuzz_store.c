/* SPDX-License-Identifier: Apache-2.0
 *
 * Stored text: what is packed reads back, all of it and any part. Then some bytes of blocks and
 * directory are changed under right sums: what is read is corrupt, or inside of the text it claims.
 */
#include "common/segment/store.h"

#include <stdlib.h>

#include "tests/fuzz/folder.h"
#include "tests/fuzz/shell.h"

#define DOCUMENTS_MAX 24u
#define TEXT_BYTES_MAX 100000u
#define CHANGES_MAX 8u

typedef struct texts {
    gs_bytes texts[DOCUMENTS_MAX], fields[DOCUMENTS_MAX];
    uint32_t count;
    gs_buf text, directory; /* TEXT and TDIR */
} texts;

/* A text is a stretch of the input, written once or many times. */
static void draw_documents(texts *self, gs_cursor *cursor)
{
    size_t all = 0;
    while (gs_cursor_left(cursor) && self->count < DOCUMENTS_MAX) {
        uint8_t len = gs_cursor_u8(cursor), times = gs_cursor_u8(cursor);
        size_t left = gs_cursor_left(cursor);
        gs_bytes part = gs_cursor_bytes(cursor, len < left ? len : left);
        size_t repeat = times & 0x80 ? 1u << (times & 15) : 1;
        if (part.len * repeat > TEXT_BYTES_MAX || all + part.len * repeat > 4 * TEXT_BYTES_MAX)
            repeat = 1;
        uint8_t *text = malloc(part.len * repeat + 1);
        for (size_t i = 0; i < repeat && part.len; i++)
            memcpy(text + i * part.len, part.ptr, part.len);
        self->texts[self->count] = gs_bytes_of(text, part.len * repeat);
        self->fields[self->count++] = gs_bytes_of(text, times & 0x40 ? part.len : 0);
        all += part.len * repeat;
    }
}

static void put_row(texts *self, uint32_t documents)
{
    gs_buf_u64(&self->directory, self->text.len);
    gs_buf_u32(&self->directory, documents);
}

static void pack(texts *self)
{
    gs_buf blocks;
    gsearch_error error;
    gs_store_packer *packer = gs_store_packer_new(NULL, 1);
    gs_buf_init(&blocks, NULL, SIZE_MAX);
    for (uint32_t i = 0; i < self->count; i++)
        assert_ok(gs_store_packer_add(packer, self->texts[i], self->fields[i], &blocks, &error),
                  &error);
    assert_ok(gs_store_packer_flush(packer, &blocks, &error), &error);
    gs_store_packer_free(packer);
    gs_cursor cursor = gs_cursor_of(gs_buf_view(&blocks));
    uint32_t documents = 0;
    while (gs_cursor_left(&cursor)) {
        uint32_t begun = gs_cursor_u32(&cursor), len = gs_cursor_u32(&cursor);
        put_row(self, documents);
        gs_buf_bytes(&self->text, gs_cursor_bytes(&cursor, len));
        documents += begun;
    }
    put_row(self, documents);
    assert_int_equal(documents, self->count);
    gs_buf_release(&blocks);
}

static void read_document(const gs_store *store, gs_decoder *decoder, const texts *self,
                          uint32_t doc, uint32_t from, bool is_whole)
{
    gs_stored stored;
    gsearch_error error;
    uint32_t to = from ? from + 7 : UINT32_MAX;
    gsearch_status status = gs_store_read(store, decoder, doc, from, to, &stored, &error);
    assert_true(!status || (status == GSEARCH_CORRUPT && !is_whole));
    if (status)
        return;
    assert_true(stored.text_from <= from || stored.text_from <= stored.text_len);
    assert_true(stored.text_from + stored.text.len <= stored.text_len);
    if (!is_whole)
        return;
    gs_bytes text = self->texts[doc];
    assert_int_equal(stored.text_len, text.len);
    assert_true(!stored.text.len ||
                !memcmp(stored.text.ptr, text.ptr + stored.text_from, stored.text.len));
    if (!from) {
        assert_int_equal(stored.text.len, text.len);
        assert_true(gs_bytes_equal(stored.fields, self->fields[doc]));
    } else if (from < text.len) {
        size_t end = to < text.len ? to : text.len;
        assert_true(stored.text_from <= from && stored.text_from + stored.text.len >= end);
    }
}

static void read_all(gs_dir *dir, const texts *self, bool is_whole)
{
    gs_shell shell = {.kind = GS_KIND_SEGMENT, .count = 2};
    shell.chunks[0].id = GS_CHUNK_TEXT;
    shell.chunks[0].bytes = gs_buf_view(&self->text);
    shell.chunks[1].id = GS_CHUNK_TDIR;
    shell.chunks[1].bytes = gs_buf_view(&self->directory);
    size_t size = gs_shell_size(&shell);
    uint8_t *file = malloc(size);
    gs_container_name name;
    gs_container *container;
    gs_store store;
    gsearch_error error;
    gs_shell_write(&shell, file);
    assert_true(gs_folder_put(gs_bytes_of(file, size), is_whole ? "a-" : "b-", ".x", &name));
    assert_ok(gs_container_open(dir, NULL, name.name, size, GS_KIND_SEGMENT, name.id, false,
                                &container, &error),
              &error);
    gsearch_status status = gs_store_open(container, gs_container_find(container, GS_CHUNK_TEXT),
                                          gs_container_find(container, GS_CHUNK_TDIR),
                                          gs_bytes_of(NULL, 0), self->count, &store, &error);
    assert_true(!status || (status == GSEARCH_CORRUPT && !is_whole));
    if (!status) {
        gs_decoder *decoder = gs_decoder_new(NULL);
        status = gs_store_verify(&store, decoder, &error);
        assert_true(!status || (status == GSEARCH_CORRUPT && !is_whole));
        for (uint32_t doc = 0; doc < self->count; doc++) {
            read_document(&store, decoder, self, doc, 0, is_whole);
            read_document(&store, decoder, self, doc, 1 + doc * 37u, is_whole);
            read_document(&store, decoder, self, doc, 40000, is_whole);
        }
        gs_decoder_free(decoder);
    }
    gs_container_close(container);
    free(file);
}

/* First how many changes, and each of them; then the documents. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gs_cursor cursor = gs_cursor_of(gs_bytes_of(data, size));
    texts self = {.count = 0};
    uint8_t changes = gs_cursor_u8(&cursor) % CHANGES_MAX;
    gs_cursor change = gs_cursor_of(gs_cursor_bytes(&cursor, 4u * changes));
    gs_dir *dir = gs_folder_open();
    gs_buf_init(&self.text, NULL, SIZE_MAX);
    gs_buf_init(&self.directory, NULL, SIZE_MAX);
    draw_documents(&self, &cursor);
    pack(&self);
    read_all(dir, &self, true);
    while (gs_cursor_left(&change)) {
        uint32_t value = gs_cursor_u32(&change);
        gs_buf *changed = value & 0x80000000u || !self.text.len ? &self.directory : &self.text;
        changed->data[(value >> 8) % changed->len] ^= (uint8_t)value;
    }
    read_all(dir, &self, false);
    for (uint32_t i = 0; i < self.count; i++)
        free((void *)(uintptr_t)self.texts[i].ptr);
    gs_buf_release(&self.text);
    gs_buf_release(&self.directory);
    gs_folder_close(dir);
    return 0;
}
