/* SPDX-License-Identifier: Apache-2.0
 *
 * Manifests whose checksum is right. There is one way to write a generation down, so what parses is
 * byte for byte what would be written of it.
 */
#include "common/segment/manifest.h"

#include <inttypes.h>

#include "tests/fuzz/target.h"

/* `text` without what follows its last "checksum", and with a line that fits. */
static void seal(gs_bytes text, gs_buf *out)
{
    static const char word[] = "\nchecksum ";
    size_t len = text.len;
    for (size_t at = text.len; at-- > 0 && len == text.len;)
        if (text.len - at >= sizeof(word) - 1 && !memcmp(text.ptr + at, word, sizeof(word) - 1))
            len = at + 1;
    gs_buf_reset(out);
    gs_buf_append(out, text.ptr, len);
    uint64_t sum = gs_checksum(out->data, out->len, 0);
    gs_buf_printf(out, "checksum %016" PRIx64 "\n", sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gs_manifest manifest;
    static gs_buf text, again;
    gsearch_error error;
    if (!text.max) {
        gs_buf_init(&text, NULL, SIZE_MAX);
        gs_buf_init(&again, NULL, SIZE_MAX);
    }
    gsearch_status status = gs_manifest_parse(gs_bytes_of(data, size), &manifest, &error);
    assert_true(!status || status == GSEARCH_CORRUPT || status == GSEARCH_VERSION);
    seal(gs_bytes_of(data, size), &text);
    status = gs_manifest_parse(gs_buf_view(&text), &manifest, &error);
    if (status) {
        assert_true(status == GSEARCH_CORRUPT || status == GSEARCH_VERSION);
        return 0;
    }
    assert_true(manifest.generation > 0 && manifest.segments_count <= GS_SEGMENTS_MAX);
    gs_buf_reset(&again);
    gs_manifest_format(&manifest, &again);
    assert_true(gs_bytes_equal(gs_buf_view(&text), gs_buf_view(&again)));
    return 0;
}
