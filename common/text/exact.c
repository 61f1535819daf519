/* SPDX-License-Identifier: Apache-2.0
 *
 * The original behind the tokens. The analyser says where there is something; within its ranges
 * only breaks have nothings between them.
 */
#include "common/text/exact.h"

#include "common/base/utf8.h"
#include "common/text/analyzer.h"

#define TOKENS_PER_BATCH 64

/* Is the code point a break that one can see? */
static bool breaks(uint32_t code_point, uint32_t entry)
{
    if (entry & GS_FOLD_SPACE)
        return false;
    return gs_fold_class_of(entry) == GS_FOLD_BREAK || code_point == '.' || code_point == ',';
}

static void append(gs_buf *out, gs_bytes text, bool only_breaks)
{
    const uint8_t *ptr = text.ptr, *end = text.ptr + text.len;
    gs_fold_result composed;
    while (ptr < end && out->status == GSEARCH_OK) {
        uint32_t code_point;
        size_t len = gs_utf8_decode(ptr, end, &code_point);
        if (!only_breaks)
            len = gs_fold_cluster(ptr, end);
        gs_bytes character = gs_bytes_of(ptr, len);
        ptr += len;
        if (only_breaks && !breaks(code_point, gs_fold_entry(code_point)))
            continue;
        gs_fold_compose(character, &composed);
        for (uint32_t i = 0; i < composed.count; i++) {
            uint8_t bytes[4];
            gs_buf_append(out, bytes, gs_utf8_encode(composed.code_points[i], bytes));
        }
    }
}

void gs_text_exact(gs_buf *out, gs_bytes text)
{
    gs_analyzer analyzer;
    gs_token tokens[TOKENS_PER_BATCH];
    gs_bytes between = {0}; // breaks, until something follows them
    uint32_t done = 0;      // tokens of one character share its bytes
    size_t count;
    gs_analyzer_start(&analyzer, text, 0, 0);
    while ((count = gs_analyzer_next(&analyzer, tokens, TOKENS_PER_BATCH))) {
        for (size_t i = 0; i < count; i++) {
            const gs_token *token = tokens + i;
            uint32_t start = token->byte_start < done ? done : token->byte_start;
            gs_bytes piece = gs_bytes_of(text.ptr + start, token->byte_end - start);
            if (token->kind == GS_TOKEN_BREAK) {
                if (done > 0)
                    between = piece;
                continue;
            }
            append(out, between, true);
            append(out, piece, false);
            between.len = 0;
            done = token->byte_end;
        }
    }
}
