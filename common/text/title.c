/* SPDX-License-Identifier: Apache-2.0
 *
 * Headings as markdown writes them at the start of a line (not those it underlines).
 */
#include "common/text/title.h"

#include "common/base/limits.h"
#include "common/base/utf8.h"
#include "common/text/fold.h"

#define HEADING_SPACES_MAX 3
#define HEADING_LEVEL_MAX 6

size_t gs_title_heading(const uint8_t *line, const uint8_t *end)
{
    const uint8_t *ptr = line;
    while (ptr < end && ptr - line < HEADING_SPACES_MAX && *ptr == ' ')
        ptr++;
    const uint8_t *marks = ptr;
    while (ptr < end && ptr - marks <= HEADING_LEVEL_MAX && *ptr == '#')
        ptr++;
    if (ptr == marks || ptr - marks > HEADING_LEVEL_MAX)
        return 0;
    bool ends = ptr == end || *ptr == ' ' || *ptr == '\t' || *ptr == '\n' || *ptr == '\r';
    return ends ? (size_t)(ptr - line) : 0;
}

static const uint8_t *trim_start(const uint8_t *ptr, const uint8_t *end)
{
    uint32_t code_point;
    while (ptr < end) {
        size_t len = gs_utf8_decode(ptr, end, &code_point);
        if (!(gs_fold_entry(code_point) & GS_FOLD_SPACE))
            break;
        ptr += len;
    }
    return ptr;
}

static const uint8_t *trim_end(const uint8_t *ptr, const uint8_t *end)
{
    while (ptr < end) {
        const uint8_t *last = end - 1;
        while (last > ptr && (*last & 0xC0) == 0x80)
            last--;
        if (trim_start(last, end) != end)
            break;
        end = last;
    }
    return end;
}

/* `## Title ##`: the marks at the end are decoration if white space stands before them. */
static const uint8_t *trim_closing_marks(const uint8_t *ptr, const uint8_t *end)
{
    const uint8_t *marks = end;
    while (marks > ptr && marks[-1] == '#')
        marks--;
    bool closes = marks == ptr || marks[-1] == ' ' || marks[-1] == '\t';
    return closes ? trim_end(ptr, marks) : end;
}

gs_title_range gs_title_find(gs_bytes text)
{
    const uint8_t *line = text.ptr, *end = text.ptr + text.len;
    while (line < end) {
        const uint8_t *line_end = line;
        while (line_end < end && *line_end != '\n' && *line_end != '\r')
            line_end++;
        size_t marks = gs_title_heading(line, end);
        const uint8_t *first = trim_start(line + marks, line_end);
        const uint8_t *last = trim_end(first, line_end);
        if (marks)
            last = trim_closing_marks(first, last);
        if (first < last) {
            gs_bytes title = gs_bytes_of(first, (size_t)(last - first));
            last = trim_end(first, first + gs_utf8_prefix(title, GS_TITLE_CODE_POINTS_MAX));
            return (gs_title_range){.byte_start = (uint32_t)(first - text.ptr),
                                    .byte_end = (uint32_t)(last - text.ptr)};
        }
        line = line_end < end ? line_end + 1 : end;
    }
    return (gs_title_range){0};
}
