/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 2 by hand: a container taken apart into its chunks, and put together again with right
 * offsets and sums, whatever the chunks hold.
 */
#ifndef GS_FUZZ_SHELL_H
#define GS_FUZZ_SHELL_H

#include "common/base/bytes.h"
#include "common/segment/format.h"

typedef struct gs_shell {
    uint32_t kind;
    size_t count;
    struct {
        uint32_t id;
        gs_bytes bytes;
    } chunks[GS_CHUNKS_MAX];
} gs_shell;

/* Views of `file`; false if it has no table of contents that leads into it. */
bool gs_shell_open(gs_bytes file, gs_shell *out);

/* Bytes that the file will have. */
size_t gs_shell_size(const gs_shell *shell);

/* Writes the file, gs_shell_size bytes, to `out`, in which no chunk may lie. */
void gs_shell_write(const gs_shell *shell, uint8_t *out);

#endif
