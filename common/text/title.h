/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines as titles: which line is a markdown heading, and where the title of a text stands.
 */
#ifndef GS_TEXT_TITLE_H
#define GS_TEXT_TITLE_H

#include "common/base/mem.h"

/* Length of the marks that make the line at `line` a heading (up to three spaces and one to six
 * `#`, before a space, a tab or the line's end); 0 if it is none. `end` is that of the text. */
size_t gs_title_heading(const uint8_t *line, const uint8_t *end);

/* The title of a text or markdown document: the byte range, without heading marks and surrounding
 * white space, of the first line that is not empty, at most GS_TITLE_CODE_POINTS_MAX code points.
 * Empty if there is none. */
typedef struct gs_title_range {
    uint32_t byte_start, byte_end;
} gs_title_range;
gs_title_range gs_title_find(gs_bytes text);

#endif
