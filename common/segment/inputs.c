/* SPDX-License-Identifier: Apache-2.0
 *
 * One path and one fixed row an input, in bytewise order of the paths, so that an update walks the
 * files and this list side by side.
 */
#include "common/segment/inputs.h"

#define ROW_BYTES (32u + 4u * GS_INPUT_REASONS)

gsearch_status gs_inputs_open(gs_dir *dir, const gs_mem *mem, const char *name, uint64_t length,
                              gs_hash128 id, gs_inputs *out, gsearch_error *err)
{
    gs_inputs inputs = {0};
    gs_bytes paths, rows;
    GS_TRY(gs_container_open(dir, mem, name, length, GS_KIND_INPUTS, id, false, &inputs.container,
                             err));
    gsearch_status status = gs_container_load(inputs.container, GS_CHUNK_PATH, true, &paths, err);
    if (!status)
        status = gs_container_load(inputs.container, GS_CHUNK_STAT, true, &rows, err);
    if (!status)
        status = gs_strings_open(paths, name, &inputs.paths, err);
    if (!status && rows.len != (size_t)inputs.paths.count * ROW_BYTES)
        status = gs_corrupt(err, "%s has not one row for each path", name);
    if (!status)
        status = gs_strings_verify(&inputs.paths, mem, name, GS_STRINGS_RISING, err);
    if (status) {
        gs_inputs_close(&inputs);
        return status;
    }
    inputs.rows = rows.ptr;
    *out = inputs;
    return GSEARCH_OK;
}

void gs_inputs_close(gs_inputs *inputs)
{
    gs_container_close(inputs->container);
    *inputs = (gs_inputs){0};
}

gs_input gs_inputs_get(const gs_inputs *inputs, uint32_t i)
{
    const uint8_t *row = inputs->rows + (size_t)i * ROW_BYTES;
    gs_input input = {
        .size = gs_load_u64(row),
        .mtime_ns = (int64_t)gs_load_u64(row + 8),
        .hash = gs_load_u64(row + 16),
        .documents = gs_load_u32(row + 24),
        .shadowed = gs_load_u32(row + 28),
    };
    for (size_t why = 0; why < GS_INPUT_REASONS; why++)
        input.skipped[why] = gs_load_u32(row + 32 + 4 * why);
    return input;
}

void gs_inputs_writer_init(gs_inputs_writer *writer, const gs_mem *mem)
{
    writer->mem = mem;
    gs_strings_writer_init(&writer->paths, mem);
    gs_buf_init(&writer->rows, mem, SIZE_MAX / 2);
}

void gs_inputs_writer_add(gs_inputs_writer *writer, gs_bytes path, const gs_input *input)
{
    gs_strings_writer_add(&writer->paths, path);
    gs_buf_u64(&writer->rows, input->size);
    gs_buf_u64(&writer->rows, (uint64_t)input->mtime_ns);
    gs_buf_u64(&writer->rows, input->hash);
    gs_buf_u32(&writer->rows, input->documents);
    gs_buf_u32(&writer->rows, input->shadowed);
    for (size_t why = 0; why < GS_INPUT_REASONS; why++)
        gs_buf_u32(&writer->rows, input->skipped[why]);
}

void gs_inputs_writer_release(gs_inputs_writer *writer)
{
    gs_strings_writer_release(&writer->paths);
    gs_buf_release(&writer->rows);
}

gsearch_status gs_inputs_writer_finish(gs_inputs_writer *writer, gs_dir *dir,
                                       gs_container_name *out, gsearch_error *err)
{
    gs_buf paths;
    gs_buf_init(&paths, writer->mem, SIZE_MAX / 2);
    gs_strings_writer_finish(&writer->paths, &paths);
    gsearch_status status = paths.status ? paths.status : writer->rows.status;
    gs_container_writer *container = NULL;
    if (status)
        status = gs_fail(err, status, "no room for the list of inputs");
    else
        status = gs_container_create(dir, writer->mem, GS_KIND_INPUTS, &container, err);
    if (!status) {
        gs_container_chunk(container, GS_CHUNK_PATH);
        gs_container_write(container, paths.data, paths.len);
        gs_container_chunk(container, GS_CHUNK_STAT);
        gs_container_write(container, writer->rows.data, writer->rows.len);
        status = gs_container_finish(container, GS_INPUTS_PREFIX, GS_INPUTS_SUFFIX, out, err);
    }
    gs_buf_release(&paths);
    return status;
}
