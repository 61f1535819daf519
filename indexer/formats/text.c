/* SPDX-License-Identifier: Apache-2.0
 *
 * Text and markdown: one document a file, its id the path.
 */
#include "indexer/formats/formats.h"

#include "common/base/limits.h"
#include "common/base/utf8.h"

static bool is_binary(gs_bytes beginning)
{
    return beginning.len && memchr(beginning.ptr, 0, beginning.len);
}

static gsearch_status read_text(const gs_piece *piece, const gs_mem *mem, gs_sink *sink,
                                gsearch_error *err)
{
    gs_bytes text = gs_format_skip_mark(piece->data);
    if (gs_format_is_blank(text)) {
        sink->skip(piece->id, GS_SKIP_EMPTY, "", sink->payload);
        return GSEARCH_OK;
    }
    gs_buf repaired;
    gs_buf_init(&repaired, mem, GS_DOCUMENT_BYTES_MAX);
    if (gs_utf8_valid_prefix(text) < text.len) {
        sink->replacements += gs_utf8_repair(&repaired, text);
        text = gs_buf_view(&repaired);
    }
    gsearch_status status = GSEARCH_OK;
    if (repaired.status == GSEARCH_LIMIT) {
        sink->skip(piece->id, GS_SKIP_TOO_LARGE, "once its invalid bytes are replaced",
                   sink->payload);
    } else if (repaired.status) {
        status = gs_fail_memory(err);
    } else {
        gs_document document = {.id = piece->id, .text = text};
        status = sink->document(&document, sink->payload, err);
    }
    gs_buf_release(&repaired);
    return status;
}

const gs_format gs_format_text = {.suffixes = {NULL}, .is_binary = is_binary, .read = read_text};
