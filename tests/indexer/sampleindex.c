/* SPDX-License-Identifier: Apache-2.0
 *
 * Made through the public writer; damaged with the help of the table of contents.
 */
#include "tests/indexer/sampleindex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/utf8.h"
#include "common/segment/manifest.h"
#include "gsearch/gsearch.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

/* Enough text, and varied enough, that a segment has several pages and blocks of it. */
static void put_text(gs_buf *text, unsigned commit, unsigned number, unsigned version)
{
    static const char *const words[] = {"政务公开", "营商环境", "年度报告", "，", "PD1728A", "。\n"};
    uint64_t random = commit * 1000 + number + 1;
    gs_buf_printf(text, "第%u号\n版本%u", number, version);
    for (unsigned i = 0; i < 200 + number * 10; i++) {
        uint8_t character[4];
        size_t len = gs_utf8_encode(
            0x4e00 + (uint32_t)gs_test_random_below(&random, 0x5000), character);
        gs_buf_append(text, character, len);
        if (i % 8 == 0)
            gs_buf_str(text, words[gs_test_random_below(&random, 6)]);
    }
}

static void add(gsearch_writer *writer, unsigned commit, unsigned number, unsigned version)
{
    char id[32];
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    put_text(&text, commit, number, version);
    snprintf(id, sizeof(id), "%u-%02u", commit, number);
    gsearch_document document = GSEARCH_DOCUMENT_INIT;
    document.id = id;
    document.text = (const char *)text.data;
    document.text_len = text.len;
    document.title = number % 3 ? NULL : "单独的标题";
    document.date = number % 2 ? "2017-12-05" : NULL;
    document.fields = number % 5 ? NULL : "{\"agency\":\"甲局\"}";
    gsearch_error error = {0};
    assert_ok(gsearch_writer_add(writer, &document, &error), &error);
    gs_buf_release(&text);
}

void gs_sample_index_make(const char *dir)
{
    gsearch_error error = {0};
    gsearch_writer *writer;
    assert_ok(gsearch_writer_open(dir, NULL, &writer, &error), &error);
    for (unsigned commit = 0; commit < GS_SAMPLE_COMMITS; commit++) {
        for (unsigned number = 0; number < GS_SAMPLE_DOCUMENTS; number++)
            add(writer, commit, number, 1);
        if (commit) {
            char id[32];
            snprintf(id, sizeof(id), "%u-07", commit - 1);
            add(writer, commit - 1, 3, 2);
            assert_ok(gsearch_writer_delete(writer, id, &error), &error);
        }
        assert_ok(gsearch_writer_commit(writer, NULL, &error), &error);
    }
    gsearch_writer_close(writer);
}

char *gs_sample_index_place(const char *dir, unsigned chunk, uint64_t *offset, uint64_t *length)
{
    gsearch_error error = {0};
    gs_dir *folder;
    gs_manifest manifest;
    gs_container *container;
    char name[64];
    assert_ok(gs_dir_open(NULL, dir, false, &folder, &error), &error);
    assert_ok(gs_manifest_load(folder, NULL, &manifest, &error), &error);
    const gs_manifest_file *file = &manifest.segments[0].segment;
    gs_container_file_name(GS_SEGMENT_PREFIX, file->id, GS_SEGMENT_SUFFIX, name);
    *offset = 0;
    *length = file->length;
    assert_ok(gs_container_open(folder, NULL, name, file->length, GS_KIND_SEGMENT, file->id, false,
                                &container, &error),
              &error);
    for (size_t i = 0; chunk && i < gs_container_chunks(container); i++)
        if (gs_container_chunk_id(container, i, offset, length) == chunk)
            break;
    gs_container_close(container);
    gs_dir_close(folder);
    return strdup(name);
}

char *gs_sample_index_damage(const char *dir, unsigned chunk)
{
    uint64_t offset, length;
    size_t len;
    char *name = gs_sample_index_place(dir, chunk, &offset, &length);
    uint8_t *data = gs_test_file_read(dir, name, &len);
    data[offset + length / 2] ^= 1;
    gs_test_file_write(dir, name, data, len);
    free(data);
    return name;
}
