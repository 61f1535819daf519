/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 3.2 and 3.3: documents. Document i owns the positions starts[i] up to starts[i + 1] - 1,
 * the last of which is the separator behind it; its length is the rest. Columns hold one number a
 * document in as few bytes as the widest needs.
 */
#ifndef GS_SEGMENT_DOCTABLE_H
#define GS_SEGMENT_DOCTABLE_H

#include "common/base/buf.h"
#include "common/base/fail.h"
#include "common/segment/format.h"

typedef struct gs_column {
    const uint8_t *data;
    uint64_t base;
    uint8_t width; /* 0 to 4 */
} gs_column;

static inline uint64_t gs_column_get(const gs_column *column, uint32_t i)
{
    const uint8_t *ptr = column->data + (size_t)i * column->width;
    switch (column->width) {
    case 0:
        return column->base;
    case 1:
        return column->base + *ptr;
    case 2:
        return column->base + gs_load_u16(ptr);
    case 3:
        return column->base + (gs_load_u16(ptr) | (uint32_t)ptr[2] << 16);
    default:
        return column->base + gs_load_u32(ptr);
    }
}

#define GS_COLUMN_RANK GS_ID('r', 'a', 'n', 'k')  /* place in bytewise id order */
#define GS_COLUMN_TITLE GS_ID('t', 'i', 't', 'l') /* positions of the title */
#define GS_COLUMN_FLAGS GS_ID('f', 'l', 'a', 'g')
#define GS_COLUMN_DATE GS_ID('d', 'a', 't', 'e') /* yyyymmdd, 0: none */

#define GS_DOC_TITLE_IS_FIELD 1u /* flags: the title stands before the text, with a field break
                                    (one position, in no list) between; else it is the beginning of
                                    the text */

typedef struct gs_doctable {
    uint32_t count;
    uint32_t positions;    /* starts[count] */
    uint64_t total_length; /* sum of the documents' lengths */
    const uint32_t *starts; /* count + 1; 4-byte aligned in the file */
    const uint32_t *coarse; /* document of position k << shift */
    uint32_t shift;
    gs_column rank, title, flags, date;
    const uint64_t *rows; /* see gs_doctable_row; NULL: none */
} gs_doctable;

/* Views of verified bytes; checks that starts rise and columns fit. Column values are not judged:
 * a rank, say, may be any number in a damaged file. */
GS_CHECKED gsearch_status gs_doctable_open(gs_bytes docs, gs_bytes cols, gs_doctable *out,
                                           gsearch_error *err);

/* The same without columns. */
GS_CHECKED gsearch_status gs_doctable_view(gs_bytes docs, gs_doctable *out, gsearch_error *err);

/* Columns alone, of `count` documents. Only their head (see gs_columns_head) need be verified. */
GS_CHECKED gsearch_status gs_columns_open(gs_bytes cols, uint32_t count, gs_doctable *out,
                                          gsearch_error *err);
/* The bytes of COLS that say where the columns are. */
gs_bytes gs_columns_head(gs_bytes cols);

/* The document of `position` < positions, which is `doc` or one behind it. */
static inline uint32_t gs_doctable_from(const gs_doctable *docs, uint32_t doc, uint32_t position)
{
    // two steps without a branch, which no processor could guess; more are rare
    doc += docs->starts[doc + 1] <= position;
    doc += docs->starts[doc + 1] <= position;
    while (docs->starts[doc + 1] <= position)
        doc++;
    return doc;
}

/* The document of `position` < positions. */
static inline uint32_t gs_doctable_find(const gs_doctable *docs, uint32_t position)
{
    return gs_doctable_from(docs, docs->coarse[position >> docs->shift], position);
}

/* How many documents hold one of these rising positions, `*last` not counted, which becomes the
 * document of the last position; before the first ones it is GS_DOC_NONE. */
#define GS_DOC_NONE UINT32_MAX
uint32_t gs_doctable_count(const gs_doctable *docs, const uint32_t *positions, size_t count,
                           uint32_t *last);

/* What a list says of the document of a position: the code of its length (gs_length_code), whether
 * the position lies in its title, and whether it is the first of the list in it. */
#define GS_MARK_LENGTH 0xffu
#define GS_MARK_TITLE 0x100u
#define GS_MARK_FIRST 0x200u
/* All that marks need of a document, in one place of memory, for who makes many of them; there is a
 * row more than documents. */
uint64_t gs_doctable_row(const gs_doctable *docs, uint32_t doc);
/* Marks of rising positions; `*last` as for gs_doctable_count. */
void gs_doctable_mark(const gs_doctable *docs, const uint32_t *positions, size_t count,
                      uint32_t *last, uint16_t *marks);

static inline uint32_t gs_doctable_length(const gs_doctable *docs, uint32_t doc)
{
    return docs->starts[doc + 1] - docs->starts[doc] - 1;
}

/* First position behind the title. With GS_DOC_TITLE_IS_FIELD the field break stands there. */
static inline uint32_t gs_doctable_title_end(const gs_doctable *docs, uint32_t doc)
{
    return docs->starts[doc] + (uint32_t)gs_column_get(&docs->title, doc);
}

/* Encoders, used by segmentwriter.c. */
void gs_doctable_encode(gs_buf *out, const uint32_t *starts, uint32_t count);
typedef struct gs_column_source {
    uint32_t id;
    const uint32_t *values;
} gs_column_source;
void gs_columns_encode(gs_buf *out, const gs_column_source *columns, uint32_t columns_count,
                       uint32_t count);

#endif
