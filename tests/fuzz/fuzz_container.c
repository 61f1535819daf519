/* SPDX-License-Identifier: Apache-2.0
 *
 * Containers of every kind: the shell itself, deletes files, inputs files. What the shell lets
 * through stays inside the file; what opens can be asked for everything it may be asked.
 */
#include "common/segment/deletes.h"
#include "common/segment/inputs.h"
#include "tests/fuzz/folder.h"

static void check_status(gsearch_status status)
{
    assert_true(!status || status == GSEARCH_CORRUPT || status == GSEARCH_VERSION);
}

static void read_shell(gs_dir *dir, const gs_container_name *name, gs_bytes file)
{
    gs_container *container;
    gsearch_error error;
    gsearch_status status =
        gs_container_open(dir, NULL, name->name, name->length, gs_load_u32(file.ptr + 12), name->id,
                          false, &container, &error);
    check_status(status);
    if (status)
        return;
    bool good = gs_container_verify(container, &error) == GSEARCH_OK;
    uint64_t end = GS_HEADER_BYTES;
    for (size_t i = 0; i < gs_container_chunks(container); i++) {
        uint64_t offset, length;
        gs_bytes bytes;
        uint32_t id = gs_container_chunk_id(container, i, &offset, &length);
        assert_true(offset >= end && length <= file.len && offset <= file.len - length);
        end = offset + length;
        status = gs_container_load(container, id, true, &bytes, &error);
        check_status(status);
        assert_true(!good || !status);
        if (!status) {
            assert_int_equal(bytes.len, length);
            assert_true(!length || !memcmp(bytes.ptr, file.ptr + offset, bytes.len));
        }
    }
    gs_container_close(container);
}

/* Asked for what it says it is about. */
static void read_deletes(gs_dir *dir, const gs_container_name *name)
{
    gs_container *container;
    gs_deletes *deletes;
    gs_bytes bits;
    gsearch_error error;
    if (gs_container_open(dir, NULL, name->name, name->length, GS_KIND_DELETES, name->id, false,
                          &container, &error))
        return;
    bits = gs_container_find(container, GS_CHUNK_BITS);
    gs_cursor cursor = gs_cursor_of(bits);
    gs_hash128 segment = {.low = gs_cursor_u64(&cursor)};
    segment.high = gs_cursor_u64(&cursor);
    uint32_t documents = gs_cursor_u32(&cursor);
    gs_container_close(container);
    gsearch_status status = gs_deletes_open(dir, NULL, name->name, name->length, name->id, segment,
                                            documents, false, &deletes, &error);
    check_status(status);
    if (status)
        return;
    uint32_t deleted = 0, share;
    for (uint32_t doc = 0; doc < deletes->documents; doc++)
        deleted += gs_deletes_has(deletes, doc);
    assert_int_equal(deleted, deletes->deleted);
    for (uint32_t i = 0; i < deletes->grams_count; i++) {
        uint64_t gram = gs_load_u64(deletes->grams + 12 * (size_t)i);
        assert_in_range(gs_deletes_gram_share(deletes, gram), 1, deleted);
        gs_deletes_gram_share(deletes, gram + 1);
    }
    for (uint32_t code_point = 0x4e00; code_point < 0x4e10; code_point++)
        assert_true(gs_deletes_character_share(deletes, code_point) <= deleted);
    check_status(gs_deletes_word_share(deletes, gs_bytes_str("pd17"), &share, &error));
    gs_deletes_unref(deletes);
}

static void read_inputs(gs_dir *dir, const gs_container_name *name)
{
    gs_inputs inputs;
    gs_buf path;
    gsearch_error error;
    gsearch_status status =
        gs_inputs_open(dir, NULL, name->name, name->length, name->id, &inputs, &error);
    check_status(status);
    if (status)
        return;
    gs_buf_init(&path, NULL, SIZE_MAX);
    for (uint32_t i = 0; i < inputs.paths.count; i++) {
        (void)gs_inputs_get(&inputs, i);
        uint32_t at;
        bool found;
        gs_buf_reset(&path);
        status = gs_strings_get(&inputs.paths, i, &path, &error);
        check_status(status);
        if (!status)
            check_status(
                gs_strings_find(&inputs.paths, NULL, gs_buf_view(&path), &at, &found, &error));
    }
    gs_buf_release(&path);
    gs_inputs_close(&inputs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gs_container_name name;
    gs_bytes file = gs_bytes_of(data, size);
    gs_dir *dir = gs_folder_open();
    if (gs_folder_put(file, "x-", ".x", &name)) {
        read_shell(dir, &name, file);
        read_deletes(dir, &name);
        read_inputs(dir, &name);
    }
    gs_folder_close(dir);
    return 0;
}
