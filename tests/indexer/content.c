/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads an index through the format alone, without the code that changes or searches one.
 */
#include "tests/indexer/content.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/segment/deletes.h"
#include "common/segment/manifest.h"
#include "common/segment/segment.h"
#include "tests/support/check.h"

/* Lines to be sorted; those of statistics begin with a term and sum up. */
typedef struct line {
    char *text;
    uint64_t count; // 0: a document
} line;

typedef struct content {
    line *lines;
    size_t lines_count, lines_capacity;
    uint64_t documents, length;
    gsearch_error error;
} content;

static void add_line(content *self, gs_bytes text, uint64_t count)
{
    void *lines = self->lines;
    assert_true(gs_mem_grow(NULL, &lines, &self->lines_capacity, self->lines_count + 1, SIZE_MAX,
                            sizeof(line)));
    self->lines = lines;
    self->lines[self->lines_count++] = (line){.text = gs_mem_dup(NULL, text), .count = count};
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(((const line *)a)->text, ((const line *)b)->text);
}

static void read_documents(content *self, const gs_segment *segment, const gs_deletes *deletes)
{
    gs_decoder *decoder = gs_decoder_new(NULL);
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    for (uint32_t doc = 0; doc < segment->docs.count; doc++) {
        if (gs_deletes_has(deletes, doc))
            continue;
        self->documents++;
        self->length += gs_doctable_length(&segment->docs, doc);
        gs_buf_reset(&text);
        gs_buf_str(&text, "document ");
        assert_ok(gs_segment_key(segment, doc, &text, &self->error), &self->error);
        gs_buf_str(&text, " | ");
        assert_ok(gs_strings_get(&segment->titles, doc, &text, &self->error), &self->error);
        gs_buf_printf(&text, " | %u %u %u | ", (unsigned)gs_column_get(&segment->docs.title, doc),
                      (unsigned)gs_column_get(&segment->docs.flags, doc),
                      (unsigned)gs_column_get(&segment->docs.date, doc));
        if (segment->has_text) {
            gs_stored stored;
            assert_ok(
                gs_store_read(&segment->store, decoder, doc, 0, UINT32_MAX, &stored, &self->error),
                &self->error);
            gs_buf_bytes(&text, stored.text);
            gs_buf_str(&text, " | ");
            gs_buf_bytes(&text, stored.fields);
        }
        add_line(self, gs_buf_view(&text), 0);
    }
    gs_buf_release(&text);
    gs_decoder_free(decoder);
}

static void read_terms(content *self, const gs_segment *segment, const gs_deletes *deletes)
{
    gs_terms_iterator iterator;
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    assert_ok(gs_terms_seek_gram(&iterator, &segment->terms, 0, &self->error), &self->error);
    for (;;) {
        bool more;
        uint32_t share = 0;
        assert_ok(gs_terms_next(&iterator, &more, &self->error), &self->error);
        if (!more)
            break;
        gs_buf_reset(&text);
        if (iterator.is_word) {
            gs_buf_str(&text, "word ");
            gs_buf_bytes(&text, iterator.word);
            if (deletes)
                assert_ok(gs_deletes_word_share(deletes, iterator.word, &share, &self->error),
                          &self->error);
        } else {
            gs_buf_printf(&text, "gram %016llx", (unsigned long long)iterator.gram);
            share = gs_deletes_gram_share(deletes, iterator.gram);
        }
        assert_true(share <= iterator.list.documents);
        if (share < iterator.list.documents)
            add_line(self, gs_buf_view(&text), iterator.list.documents - share);
    }
    for (uint32_t code_point = 1; code_point < 0x40000; code_point++) {
        uint32_t documents = gs_terms_character(&segment->terms, code_point);
        uint32_t share = gs_deletes_character_share(deletes, code_point);
        assert_true(share <= documents);
        if (share == documents)
            continue;
        gs_buf_reset(&text);
        gs_buf_printf(&text, "character %06x", code_point);
        add_line(self, gs_buf_view(&text), documents - share);
    }
    gs_buf_release(&text);
}

static void read_segment(content *self, gs_dir *dir, const gs_manifest_segment *row)
{
    gs_segment *segment;
    gs_deletes *deletes = NULL;
    assert_ok(gs_segment_open(dir, NULL, row->segment.id, row->segment.length, false, &segment,
                              &self->error),
              &self->error);
    if (row->deletes.length) {
        char hex[33];
        char name[64];
        gs_hash128_text(row->deletes.id, hex);
        snprintf(name, sizeof(name), "del-%s.gsd", hex);
        assert_ok(gs_deletes_open(dir, NULL, name, row->deletes.length, row->deletes.id,
                                  row->segment.id, row->documents, false, &deletes, &self->error),
                  &self->error);
        assert_int_equal(deletes->deleted, row->deleted);
        uint64_t length = 0;
        for (uint32_t doc = 0; doc < segment->docs.count; doc++) {
            if (gs_deletes_has(deletes, doc))
                length += gs_doctable_length(&segment->docs, doc);
        }
        assert_int_equal(deletes->deleted_length, length);
    }
    read_documents(self, segment, deletes);
    read_terms(self, segment, deletes);
    gs_deletes_unref(deletes);
    gs_segment_unref(segment);
}

/* Sorts, and sums up lines of the same term. */
static char *write_lines(content *self)
{
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    gs_buf_printf(&out, "documents %llu length %llu\n", (unsigned long long)self->documents,
                  (unsigned long long)self->length);
    if (self->lines_count)
        qsort(self->lines, self->lines_count, sizeof(line), compare_lines);
    for (size_t i = 0; i < self->lines_count;) {
        uint64_t count = 0;
        size_t first = i;
        do
            count += self->lines[i++].count;
        while (count && i < self->lines_count &&
               strcmp(self->lines[i].text, self->lines[first].text) == 0);
        gs_buf_str(&out, self->lines[first].text);
        if (count)
            gs_buf_printf(&out, " %llu", (unsigned long long)count);
        gs_buf_u8(&out, '\n');
    }
    gs_buf_u8(&out, 0);
    for (size_t i = 0; i < self->lines_count; i++)
        gs_mem_free(NULL, self->lines[i].text);
    gs_mem_free(NULL, self->lines);
    return (char *)out.data;
}

static bool load(const char *path, gs_dir **dir, gs_manifest *manifest, gsearch_error *error)
{
    gsearch_status status = gs_dir_open(NULL, path, false, dir, error);
    if (status == GSEARCH_NO_INDEX)
        return false;
    assert_ok(status, error);
    status = gs_manifest_load(*dir, NULL, manifest, error);
    if (status)
        gs_dir_close(*dir);
    if (status == GSEARCH_NO_INDEX)
        return false;
    assert_ok(status, error);
    return true;
}

char *gs_test_content(const char *path)
{
    content self = {0};
    gs_dir *dir;
    gs_manifest manifest;
    if (!load(path, &dir, &manifest, &self.error))
        return gs_mem_dup(NULL, gs_bytes_str(""));
    for (uint32_t i = 0; i < manifest.segments_count; i++)
        read_segment(&self, dir, &manifest.segments[i]);
    gs_dir_close(dir);
    return write_lines(&self);
}

char *gs_test_segments(const char *path)
{
    gs_dir *dir;
    gs_manifest manifest;
    gsearch_error error;
    gs_buf out;
    gs_buf_init(&out, NULL, SIZE_MAX);
    if (load(path, &dir, &manifest, &error)) {
        for (uint32_t i = 0; i < manifest.segments_count; i++) {
            char name[64];
            gs_segment_file_name(manifest.segments[i].segment.id, name);
            gs_buf_printf(&out, "%s\n", name);
        }
        gs_dir_close(dir);
    }
    gs_buf_u8(&out, 0);
    return (char *)out.data;
}
