/* SPDX-License-Identifier: Apache-2.0
 *
 * Gives the saved inputs of a fuzz target to it, one after the other: what was found once is not
 * lost again. For any compiler. A corpus is a zstd frame of u32 length · bytes for each input.
 */
#include <stdio.h>
#include <stdlib.h>

#include <zstd.h>

#include "common/base/bytes.h"
#include "tests/fuzz/target.h"

static const char *corpus;

static gs_bytes load(void)
{
    FILE *file = fopen(corpus, "rb");
    if (!file)
        fail_msg("%s is not there", corpus);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long len = ftell(file);
    assert_true(len > 0);
    rewind(file);
    void *packed = malloc((size_t)len);
    assert_int_equal(fread(packed, 1, (size_t)len, file), len);
    fclose(file);
    unsigned long long size = ZSTD_getFrameContentSize(packed, (size_t)len);
    assert_true(size < 64 << 20);
    uint8_t *bytes = malloc((size_t)size + 1);
    assert_int_equal(ZSTD_decompress(bytes, (size_t)size, packed, (size_t)len), size);
    free(packed);
    return gs_bytes_of(bytes, (size_t)size);
}

static void every_saved_input_passes(void **state)
{
    (void)state;
    gs_bytes all = load();
    gs_cursor cursor = gs_cursor_of(all);
    unsigned count = 0;
    while (gs_cursor_left(&cursor)) {
        gs_bytes input = gs_cursor_bytes(&cursor, gs_cursor_u32(&cursor));
        assert_false(cursor.bad);
        // a copy without room around it, so that a sanitizer sees whoever reads further
        uint8_t *copy = malloc(input.len ? input.len : 1);
        if (input.len)
            memcpy(copy, input.ptr, input.len);
        fprintf(stderr, "# input %u, %zu bytes\n", count, input.len);
        assert_int_equal(LLVMFuzzerTestOneInput(copy, input.len), 0);
        free(copy);
        count++;
    }
    free((void *)(uintptr_t)all.ptr);
    assert_true(count > 0);
    print_message("# figure: saved inputs replayed: %u\n", count);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    corpus = argv[1];
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_saved_input_passes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
