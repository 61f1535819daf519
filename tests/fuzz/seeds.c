/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes small indexes of every shape that files can have into folders below the one that is given:
 * what the fuzzers of files begin from, in whatever format this program writes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/segment/inputs.h"
#include "indexer/compact.h"
#include "tests/query/collection.h"
#include "tests/support/check.h"
#include "tests/support/fixture.h"

static char *folder_of(const char *folder, const char *name)
{
    char *path = gs_test_path(folder, name);
    gs_dir *dir;
    gsearch_error error;
    assert_ok(gs_dir_open(NULL, path, true, &dir, &error), &error);
    gs_dir_close(dir);
    return path;
}

static void put_index(const char *folder, const char *name, const gs_collection *corpus,
                      size_t segments)
{
    char *path = folder_of(folder, name);
    gsearch_index_close(gs_collection_index(corpus, path, segments, false));
    free(path);
}

static void put_random(const char *folder, const char *name, uint64_t seed, size_t documents,
                       size_t pieces)
{
    gs_collection corpus = gs_collection_make(
        seed, (gs_collection_options){
                  .documents = documents, .pieces_max = pieces, .characters = 9, .deletes = true});
    put_index(folder, name, &corpus, 1);
    gs_collection_free(&corpus);
}

static void repeat(gs_buf *text, const char *const *parts, size_t parts_count, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        gs_buf_str(text, parts[0]);
        gs_buf_str(text, parts[1 + i % (parts_count - 1)]);
    }
}

/* Lists in blocks, packed ones and, of 政务公, a trigram. */
static void put_long(const char *folder, const char *name, size_t frequent, size_t packed)
{
    static const char *const first[] = {"政务", "年", "度", "报"};
    static const char *const second[] = {"务公", "年", "度", "报"};
    gs_collection corpus = {0};
    gs_buf text;
    gs_buf_init(&text, NULL, SIZE_MAX);
    repeat(&text, first, 4, frequent);
    repeat(&text, second, 4, frequent);
    for (size_t i = 0; i < packed; i++)
        gs_buf_str(&text, "开");
    for (size_t i = 0; i < 20; i++)
        gs_buf_str(&text, "政务公。");
    gs_buf_u8(&text, 0);
    gs_collection_add(&corpus, "a", "政务公开 pd17", "年度", 20171205);
    gs_collection_add(&corpus, "b", (const char *)text.data, NULL, 0);
    put_index(folder, name, &corpus, 1);
    gs_collection_free(&corpus);
    gs_buf_release(&text);
}

static void put_small(const char *folder, const char *name)
{
    gs_collection corpus = gs_collection_make(
        5, (gs_collection_options){.documents = 8, .pieces_max = 30, .characters = 9});
    put_index(folder, name, &corpus, 2);
    gs_collection_free(&corpus);
    char *path = gs_test_path(folder, name);
    gs_compact_summary summary;
    gsearch_error error;
    assert_ok(gs_compact_run(path, true, NULL, &summary, &error), &error);
    free(path);
}

static void put_inputs(const char *folder, const char *name, uint32_t count)
{
    char *path = folder_of(folder, name);
    gs_dir *dir;
    gs_inputs_writer writer;
    gs_container_name file;
    gsearch_error error;
    assert_ok(gs_dir_open(NULL, path, false, &dir, &error), &error);
    gs_inputs_writer_init(&writer, NULL);
    for (uint32_t i = 0; i < count; i++) {
        char input[32];
        snprintf(input, sizeof(input), "corpus/%03u.txt", (unsigned)i);
        gs_inputs_writer_add(&writer, gs_bytes_str(input),
                             &(gs_input){.size = i, .hash = i, .documents = i % 3});
    }
    assert_ok(gs_inputs_writer_finish(&writer, dir, &file, &error), &error);
    gs_inputs_writer_release(&writer);
    gs_dir_close(dir);
    free(path);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    put_random(argv[1], "one", 1, 1, 8);
    put_random(argv[1], "few", 2, 6, 20);
    put_random(argv[1], "many", 3, 40, 30);
    put_small(argv[1], "small");
    put_long(argv[1], "blocks", 150, 0);
    put_long(argv[1], "trigrams", 2100, 0);
    put_long(argv[1], "packed", 20, 8300);
    put_inputs(argv[1], "inputs", 1);
    put_inputs(argv[1], "more-inputs", 20);
    return 0;
}
