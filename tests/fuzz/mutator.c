/* SPDX-License-Identifier: Apache-2.0
 *
 * How libFuzzer changes a container: one chunk at a time, which may grow and shrink, and the file
 * is put together again around it with right sums. A parser of a chunk would else hardly ever see
 * what was changed.
 */
#include <stdlib.h>

#include "tests/common/segment/seal.h"
#include "tests/fuzz/shell.h"
#include "tests/fuzz/target.h"
#include "tests/support/fixture.h"

/* libFuzzer's, and what it calls if a program has it. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max_size, unsigned seed);

/* Puts the file together at `out` if there is room; else its size stays 0. */
static size_t put_together(const gs_shell *shell, uint8_t *out, size_t room)
{
    size_t size = gs_shell_size(shell);
    if (size > room)
        return 0;
    uint8_t *made = malloc(size);
    gs_shell_write(shell, made); // the chunks may lie in `out`
    memcpy(out, made, size);
    free(made);
    return size;
}

/* Changes the bytes, and makes the sums right where the result still is like a container. */
static size_t mutate_raw(uint8_t *data, size_t size, size_t max_size)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    if (size >= GS_HEADER_BYTES + GS_FOOTER_BYTES)
        gs_seal(data, size);
    return size;
}

/* A number somewhere in the chunk becomes one that is at an edge. */
static void mutate_number(uint8_t *bytes, size_t len, uint64_t *seed)
{
    static const uint64_t edges[] = {0, 1, 2, 255, 256, 511, 512, 8191, 8192, INT32_MAX};
    size_t width = gs_test_random_below(seed, 2) ? 8 : 4;
    if (len < width)
        return;
    uint8_t *at = bytes + gs_test_random_below(seed, (len - width) / 4 + 1) * 4;
    uint64_t value = width == 8 ? gs_load_u64(at) : gs_load_u32(at);
    switch (gs_test_random_below(seed, 5)) {
    case 0:
        value = edges[gs_test_random_below(seed, sizeof(edges) / sizeof(*edges))];
        break;
    case 1:
        value = UINT64_MAX - gs_test_random_below(seed, 3);
        break;
    case 2:
        value = len - gs_test_random_below(seed, 3);
        break;
    case 3:
        value++;
        break;
    default:
        value--;
    }
    memcpy(at, &value, width);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint64_t random = seed;
    gs_shell shell;
    if (!gs_shell_open(gs_bytes_of(data, size), &shell) || !shell.count ||
        gs_test_random_below(&random, 16) == 0)
        return mutate_raw(data, size, max_size);
    size_t i = gs_test_random_below(&random, shell.count);
    gs_bytes *chunk = &shell.chunks[i].bytes;
    size_t whole = gs_shell_size(&shell);
    size_t room = chunk->len + (max_size > whole ? max_size - whole : 0);
    uint8_t *changed = calloc(1, room + GS_CHUNK_ALIGN);
    if (chunk->len)
        memcpy(changed, chunk->ptr, chunk->len);
    chunk->ptr = changed;
    if (gs_test_random_below(&random, 64) == 0)
        shell.chunks[i].id ^= 1; // it is missing
    else if (gs_test_random_below(&random, 3) == 0)
        mutate_number(changed, chunk->len, &random);
    else
        chunk->len = LLVMFuzzerMutate(changed, chunk->len, room ? room : 1);
    size_t made = put_together(&shell, data, max_size);
    free(changed);
    return made ? made : mutate_raw(data, size, max_size);
}

/* A chunk of another file in the place of the one with the same id. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max_size, unsigned seed)
{
    uint64_t random = seed;
    gs_shell shell, donor;
    if (!gs_shell_open(gs_bytes_of(data, size), &shell) || !shell.count ||
        !gs_shell_open(gs_bytes_of(other, other_size), &donor) || !donor.count)
        return 0;
    size_t given = gs_test_random_below(&random, donor.count);
    for (size_t i = 0; i < shell.count; i++)
        if (shell.chunks[i].id == donor.chunks[given].id)
            shell.chunks[i].bytes = donor.chunks[given].bytes;
    return put_together(&shell, out, max_size);
}
