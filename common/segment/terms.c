/* SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT 3.7 to 3.9: the dictionary in blocks. The first term of every gram block stands in a table
 * of its own, so that a search touches few cache lines; words are looked up by the first word of
 * their block.
 *
 *     GRAM   u64 grams · u32 blocks · u32 0 · firsts · gaps · offsets | entries
 *     WORD   u64 words · u32 blocks · u32 0 · gaps · offsets | entries
 *     entry  term · varint (count << 1 | differs) · [varint count - documents] · [place]
 *
 * Half of all lists have one position, so the varint of a gram says with one bit that the position
 * alone follows. The place of a short list is not stored: it is where the lists before it end.
 */
#include "common/segment/terms.h"

#define CHAR_BYTES 8u
#define TERMS_BYTES_MAX UINT32_MAX
#define LONG_UNIT 32u /* places of long lists are multiples of it */
#define ENTRY_BYTES_MAX 64u /* six varints of a gram and its list */
#define FOUND_TOGETHER 16u    /* grams looked for side by side */
#define LINE_BYTES 64u        /* of the cache */
#define AHEAD_BYTES_MAX 256u  /* as much of a block as is fetched before it is looked at */

/* The varint of a gram: step << 3 | how << 1 | single, and how it follows from the one before: */
enum {
    STEP_SECOND, /* second += d */
    STEP_THIRD,  /* third += d */
    STEP_FIRST,  /* first += d; second and third follow */
    STEP_WHOLE,  /* second += d; third follows */
};

/* ---- writing ------------------------------------------------------------------------------- */

void gs_terms_writer_init(gs_terms_writer *writer, const gs_mem *mem, uint32_t long_min)
{
    memset(writer, 0, sizeof(*writer));
    writer->long_min = long_min;
    gs_buf *buffers[] = {&writer->chars,        &writer->gram_firsts, &writer->gram_gaps,
                         &writer->gram_offsets, &writer->gram_data,   &writer->word_gaps,
                         &writer->word_offsets, &writer->word_data};
    for (size_t i = 0; i < sizeof(buffers) / sizeof(*buffers); i++)
        gs_buf_init(buffers[i], mem, TERMS_BYTES_MAX);
}

void gs_terms_writer_release(gs_terms_writer *writer)
{
    gs_buf *buffers[] = {&writer->chars,        &writer->gram_firsts, &writer->gram_gaps,
                         &writer->gram_offsets, &writer->gram_data,   &writer->word_gaps,
                         &writer->word_offsets, &writer->word_data};
    for (size_t i = 0; i < sizeof(buffers) / sizeof(*buffers); i++)
        gs_buf_release(buffers[i]);
}

gsearch_status gs_terms_writer_status(const gs_terms_writer *writer)
{
    const gs_buf *buffers[] = {&writer->chars,        &writer->gram_firsts, &writer->gram_gaps,
                               &writer->gram_offsets, &writer->gram_data,   &writer->word_gaps,
                               &writer->word_offsets, &writer->word_data};
    for (size_t i = 0; i < sizeof(buffers) / sizeof(*buffers); i++)
        if (buffers[i]->status)
            return buffers[i]->status;
    return GSEARCH_OK;
}

void gs_terms_writer_character(gs_terms_writer *writer, uint32_t code_point, uint32_t documents)
{
    gs_buf_u32(&writer->chars, code_point);
    gs_buf_u32(&writer->chars, documents);
}

static uint8_t *put_varint(uint8_t *to, uint64_t value)
{
    return to + gs_store_varint(to, value);
}

static uint8_t *put_place(uint8_t *to, const gs_list *list)
{
    gs_store_u32(to, (uint32_t)list->place);
    return to + sizeof(uint32_t);
}

static uint8_t *put_list(uint8_t *to, uint32_t long_min, const gs_list *list)
{
    bool differs = list->documents != list->count;
    to = put_varint(to, (uint64_t)list->count << 1 | differs);
    if (differs)
        to = put_varint(to, list->count - list->documents);
    if (list->count == 1)
        to = put_place(to, list);
    else if (list->count >= long_min)
        to = put_varint(to, list->place / LONG_UNIT);
    return to;
}

/* Writes how `gram` follows from `last`. */
static uint8_t *put_step(uint8_t *to, uint64_t last, uint64_t gram, bool single)
{
    uint64_t second = gs_gram_second(gram), third = gram & GS_GRAM_CODE_POINT_MASK;
    if (gs_gram_first(gram) != gs_gram_first(last)) {
        uint64_t step = gs_gram_first(gram) - gs_gram_first(last);
        to = put_varint(to, step << 3 | STEP_FIRST << 1 | single);
        return put_varint(put_varint(to, second), third);
    }
    if (second == gs_gram_second(last))
        return put_varint(to, (gram - last) << 3 | STEP_THIRD << 1 | single);
    uint64_t step = second - gs_gram_second(last), how = third ? STEP_WHOLE : STEP_SECOND;
    to = put_varint(to, step << 3 | how << 1 | single);
    return third ? put_varint(to, third) : to;
}

void gs_terms_writer_gram(gs_terms_writer *writer, uint64_t gram, const gs_list *list,
                          uint64_t gaps_before)
{
    gs_buf *out = &writer->gram_data;
    bool starts_block = writer->grams % GS_GRAMS_BLOCK == 0;
    bool single = list->count == 1 && !starts_block;
    uint8_t *begin = gs_buf_reserve(out, ENTRY_BYTES_MAX), *to = begin;
    if (!begin)
        return;
    if (starts_block) {
        gs_buf_u64(&writer->gram_firsts, gram);
        gs_buf_u64(&writer->gram_gaps, gaps_before);
        gs_buf_u32(&writer->gram_offsets, (uint32_t)out->len);
    } else {
        to = put_step(to, writer->last_gram, gram, single);
    }
    to = single ? put_place(to, list) : put_list(to, writer->long_min, list);
    out->len += (size_t)(to - begin);
    writer->last_gram = gram;
    writer->grams++;
}

void gs_terms_writer_word(gs_terms_writer *writer, gs_bytes word, const gs_list *list,
                          uint64_t gaps_before)
{
    gs_buf *out = &writer->word_data;
    size_t shared = 0;
    if (writer->words % GS_WORDS_BLOCK == 0) {
        gs_buf_u64(&writer->word_gaps, gaps_before);
        gs_buf_u32(&writer->word_offsets, (uint32_t)out->len);
    } else {
        while (shared < writer->last_word_len && shared < word.len &&
               writer->last_word[shared] == word.ptr[shared])
            shared++;
    }
    gs_buf_u8(out, (uint8_t)shared);
    gs_buf_u8(out, (uint8_t)(word.len - shared));
    gs_buf_append(out, word.ptr + shared, word.len - shared);
    uint8_t *begin = gs_buf_reserve(out, ENTRY_BYTES_MAX);
    if (!begin)
        return;
    out->len += (size_t)(put_list(begin, writer->long_min, list) - begin);
    memcpy(writer->last_word, word.ptr, word.len);
    writer->last_word_len = word.len;
    writer->words++;
}

static void write_head(gs_buf *out, uint64_t terms, size_t blocks)
{
    gs_buf_u64(out, terms);
    gs_buf_u32(out, (uint32_t)blocks);
    gs_buf_u32(out, 0);
}

void gs_terms_writer_grams(gs_terms_writer *writer, gs_buf *out)
{
    write_head(out, writer->grams, writer->gram_offsets.len / sizeof(uint32_t));
    gs_buf_bytes(out, gs_buf_view(&writer->gram_firsts));
    gs_buf_bytes(out, gs_buf_view(&writer->gram_gaps));
    gs_buf_bytes(out, gs_buf_view(&writer->gram_offsets));
    gs_buf_bytes(out, gs_buf_view(&writer->gram_data));
}

void gs_terms_writer_words(gs_terms_writer *writer, gs_buf *out)
{
    write_head(out, writer->words, writer->word_offsets.len / sizeof(uint32_t));
    gs_buf_bytes(out, gs_buf_view(&writer->word_gaps));
    gs_buf_bytes(out, gs_buf_view(&writer->word_offsets));
    gs_buf_bytes(out, gs_buf_view(&writer->word_data));
}

/* ---- opening ------------------------------------------------------------------------------- */

/* Offsets must rise and lie in the data; then every block is a slice. */
static bool offsets_fit(const uint8_t *offsets, uint32_t blocks, size_t data_len)
{
    bool good = true;
    uint32_t before = 0;
    for (uint32_t b = 0; b < blocks; b++) {
        uint32_t offset = gs_load_u32(offsets + 4 * (size_t)b);
        good &= b ? offset > before : offset == 0;
        before = offset;
    }
    return good && (blocks ? before < data_len : data_len == 0);
}

static uint64_t blocks_for(uint64_t terms, uint32_t per_block)
{
    return terms / per_block + (terms % per_block != 0);
}

static void read_head(gs_cursor *cursor, uint64_t *terms, uint32_t *blocks)
{
    *terms = gs_cursor_u64(cursor);
    *blocks = gs_cursor_u32(cursor);
    if (gs_cursor_u32(cursor) != 0)
        gs_cursor_fail(cursor);
}

gsearch_status gs_terms_open(gs_bytes chars, gs_bytes grams, gs_bytes words,
                             const gs_postings *postings, gs_terms *out, gsearch_error *err)
{
    gs_terms terms = {.postings = postings, .chars = chars.ptr};
    if (chars.len % CHAR_BYTES)
        return gs_corrupt(err, "CHAR: %zu bytes are not whole rows", chars.len);
    terms.chars_count = (uint32_t)(chars.len / CHAR_BYTES);
    gs_cursor cursor = gs_cursor_of(grams);
    read_head(&cursor, &terms.grams_count, &terms.gram_blocks);
    terms.gram_firsts = gs_cursor_bytes(&cursor, 8ull * terms.gram_blocks).ptr;
    terms.gram_gaps = gs_cursor_bytes(&cursor, 8ull * terms.gram_blocks).ptr;
    terms.gram_offsets = gs_cursor_bytes(&cursor, 4ull * terms.gram_blocks).ptr;
    terms.gram_data = gs_bytes_of(cursor.ptr, gs_cursor_left(&cursor));
    if (cursor.bad || blocks_for(terms.grams_count, GS_GRAMS_BLOCK) != terms.gram_blocks ||
        !offsets_fit(terms.gram_offsets, terms.gram_blocks, terms.gram_data.len))
        return gs_corrupt(err, "GRAM: its parts do not fit its length");
    cursor = gs_cursor_of(words);
    read_head(&cursor, &terms.words_count, &terms.word_blocks);
    terms.word_gaps = gs_cursor_bytes(&cursor, 8ull * terms.word_blocks).ptr;
    terms.word_offsets = gs_cursor_bytes(&cursor, 4ull * terms.word_blocks).ptr;
    terms.word_data = gs_bytes_of(cursor.ptr, gs_cursor_left(&cursor));
    if (cursor.bad || blocks_for(terms.words_count, GS_WORDS_BLOCK) != terms.word_blocks ||
        !offsets_fit(terms.word_offsets, terms.word_blocks, terms.word_data.len))
        return gs_corrupt(err, "WORD: its parts do not fit its length");
    *out = terms;
    return GSEARCH_OK;
}

uint32_t gs_terms_character(const gs_terms *terms, uint32_t code_point)
{
    uint32_t low = 0, high = terms->chars_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const uint8_t *row = terms->chars + (size_t)middle * CHAR_BYTES;
        uint32_t found = gs_load_u32(row);
        if (found == code_point)
            return gs_load_u32(row + 4);
        if (found < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* ---- reading one entry after another ------------------------------------------------------- */

/* Reads what stands behind a term; `*gap` moves over a short list. */
static bool read_list(gs_cursor *cursor, uint32_t long_min, uint64_t *gap, gs_list *list)
{
    uint64_t head = gs_cursor_varint(cursor);
    uint64_t count = head >> 1;
    uint64_t less = head & 1 ? gs_cursor_varint(cursor) : 0;
    if (count == 0 || count > UINT32_MAX || less >= count || (head & 1) != (less != 0))
        return false;
    list->count = (uint32_t)count;
    list->documents = (uint32_t)(count - less);
    list->is_long = count >= long_min;
    if (count == 1) {
        list->place = gs_cursor_u32(cursor);
    } else if (list->is_long) {
        list->place = gs_cursor_varint(cursor);
        if (list->place > UINT64_MAX / LONG_UNIT)
            return false;
        list->place *= LONG_UNIT;
    } else {
        list->place = *gap;
        *gap += count;
    }
    return !cursor->bad;
}

static bool read_single(gs_cursor *cursor, gs_list *list)
{
    *list = (gs_list){.count = 1, .documents = 1, .place = gs_cursor_u32(cursor)};
    return !cursor->bad;
}

/* Turns the gram before into the next. */
static bool read_step(gs_cursor *cursor, uint64_t *gram, bool *single)
{
    uint64_t head = gs_cursor_varint(cursor), step = head >> 3;
    uint64_t first = gs_gram_first(*gram), second = gs_gram_second(*gram);
    uint64_t third = *gram & GS_GRAM_CODE_POINT_MASK;
    if (step == 0 || step > GS_GRAM_CODE_POINT_MASK)
        return false;
    *single = head & 1;
    switch (head >> 1 & 3) {
    case STEP_SECOND:
        second += step;
        third = 0;
        break;
    case STEP_WHOLE:
        second += step;
        third = gs_cursor_varint(cursor);
        break;
    case STEP_THIRD:
        third += step;
        break;
    default:
        first += step;
        second = gs_cursor_varint(cursor);
        third = gs_cursor_varint(cursor);
    }
    *gram = first << 42 | second << 21 | third;
    return !cursor->bad && first <= GS_GRAM_CODE_POINT_MASK && second <= GS_GRAM_CODE_POINT_MASK &&
           third <= GS_GRAM_CODE_POINT_MASK;
}

/* Reads an entry that is not the first of its block. */
static bool read_gram(gs_cursor *cursor, uint64_t *gram, uint32_t long_min, uint64_t *gap,
                      gs_list *list)
{
    bool single;
    if (!read_step(cursor, gram, &single))
        return false;
    return single ? read_single(cursor, list) : read_list(cursor, long_min, gap, list);
}

/* Turns the word before into the next, which must be greater. */
static bool read_word(gs_cursor *cursor, bool starts_block, uint8_t term[256], size_t *len)
{
    size_t shared = gs_cursor_u8(cursor), more = gs_cursor_u8(cursor);
    gs_bytes tail = gs_cursor_bytes(cursor, more);
    if (cursor->bad || shared > (starts_block ? 0 : *len) || shared + more > GS_TERM_BYTES_MAX ||
        gs_bytes_compare(tail, gs_bytes_of(term + shared, *len - shared)) <= 0)
        return false;
    memcpy(term + shared, tail.ptr, more);
    *len = shared + more;
    return true;
}

#define VARINT_ENDS 0x8080808080808080ull /* 0 in the last byte of a varint, else 1 */

/* The varint at the beginning of `bytes`, of at most four; the lowest bit of `ends` stands in its
 * last. */
static uint32_t varint_in(uint64_t bytes, uint64_t ends)
{
    uint32_t value = (uint32_t)(bytes & (ends ^ (ends - 1)));
    value = (value & 0x007f007fu) | (value & 0x7f007f00u) >> 1;
    return (value & 0x00003fffu) | (value & 0x3fff0000u) >> 2;
}

/* An entry whose gram differs from the one before in its second code point alone, and whose list is
 * short or of one position: nearly all are so. */
typedef struct usual_gram {
    uint64_t gram;
    uint32_t bytes;     /* of the entry */
    uint32_t count;     /* 0: one position */
    uint32_t documents; /* less than `count` */
    uint32_t position;  /* if `count` is 0 */
} usual_gram;

/*
 * Decodes one; false if the entry is otherwise. Eight bytes are read. No branch depends on how long
 * the numbers are or on whether there is one position: it would be mispredicted every other time.
 */
static inline bool decode_usual(const uint8_t *ptr, uint64_t before, uint32_t long_min,
                                usual_gram *out)
{
    uint64_t bytes = gs_load_u64(ptr), ends = ~bytes & VARINT_ENDS;
    if (!(uint32_t)ends)
        return false;
    uint32_t head = varint_in(bytes, ends);
    uint64_t single = -(bytes & 1); // a mask
    unsigned head_bits = (unsigned)__builtin_ctzll(ends) + 1;
    out->gram = (before & ~GS_GRAM_CODE_POINT_MASK) + ((uint64_t)(head >> 3) << 21);
    out->position = (uint32_t)(bytes >> head_bits);
    bytes = bytes >> head_bits & ~single; // a position stands for a count of 0 of four bytes
    ends = (ends >> head_bits & ~single) | (single & 1ull << 31);
    uint64_t differs = -(bytes & 1);
    uint64_t list_ends = ends & (ends + differs); // if less follows, without the count's
    if ((head >> 1 & 3) != STEP_SECOND || !(uint32_t)ends || !list_ends)
        return false;
    unsigned count_bits = (unsigned)__builtin_ctzll(ends) + 1;
    out->count = varint_in(bytes, ends) >> 1;
    uint32_t less = varint_in(bytes >> count_bits, ends >> count_bits);
    out->documents = out->count - (less & (uint32_t)differs);
    out->bytes = (head_bits + (unsigned)__builtin_ctzll(list_ends) + 1) / 8;
    return out->count < long_min;
}

static gs_cursor block_cursor(gs_bytes data, const uint8_t *offsets, uint32_t blocks,
                              uint32_t block)
{
    uint32_t from = gs_load_u32(offsets + 4 * (size_t)block);
    size_t to = block + 1 < blocks ? gs_load_u32(offsets + 4 * (size_t)(block + 1)) : data.len;
    return gs_cursor_of(gs_bytes_of(data.ptr + from, to - from));
}

static uint32_t block_terms(uint64_t terms, uint32_t per_block, uint32_t block)
{
    uint64_t left = terms - (uint64_t)block * per_block;
    return left < per_block ? (uint32_t)left : per_block;
}

static void enter_gram_block(gs_terms_iterator *iterator, uint32_t block)
{
    const gs_terms *terms = iterator->terms;
    iterator->is_word = false;
    iterator->block = block;
    iterator->left = block_terms(terms->grams_count, GS_GRAMS_BLOCK, block);
    iterator->gap = gs_load_u64(terms->gram_gaps + 8 * (size_t)block);
    iterator->cursor =
        block_cursor(terms->gram_data, terms->gram_offsets, terms->gram_blocks, block);
}

static void enter_word_block(gs_terms_iterator *iterator, uint32_t block)
{
    const gs_terms *terms = iterator->terms;
    iterator->is_word = true;
    iterator->block = block;
    iterator->left = block_terms(terms->words_count, GS_WORDS_BLOCK, block);
    iterator->gap = gs_load_u64(terms->word_gaps + 8 * (size_t)block);
    iterator->cursor =
        block_cursor(terms->word_data, terms->word_offsets, terms->word_blocks, block);
}

/* False if there is none. */
static bool enter_next_block(gs_terms_iterator *iterator)
{
    const gs_terms *terms = iterator->terms;
    if (!iterator->is_word && iterator->block + 1 < terms->gram_blocks)
        enter_gram_block(iterator, iterator->block + 1);
    else if (iterator->is_word && iterator->block + 1 < terms->word_blocks)
        enter_word_block(iterator, iterator->block + 1);
    else if (!iterator->is_word && terms->word_blocks)
        enter_word_block(iterator, 0);
    else
        return false;
    return true;
}

static uint64_t first_of(const gs_terms *terms, uint32_t block)
{
    return gs_load_u64(terms->gram_firsts + 8 * (size_t)block);
}

/* The first gram of a block stands in the table; it must be greater than the one before. */
static bool first_gram(gs_terms_iterator *iterator)
{
    uint64_t gram = first_of(iterator->terms, iterator->block);
    bool rises = iterator->block == 0 || gram > iterator->gram;
    iterator->gram = gram;
    return rises && gram >> 63 == 0;
}

/* One step inside the present block, which has an entry left. */
static gsearch_status step(gs_terms_iterator *iterator, gsearch_error *err)
{
    const gs_terms *terms = iterator->terms;
    gs_list *list = &iterator->list;
    gs_cursor *cursor = &iterator->cursor;
    uint32_t long_min = terms->postings->long_min;
    uint64_t all = iterator->is_word ? terms->words_count : terms->grams_count;
    uint32_t per_block = iterator->is_word ? GS_WORDS_BLOCK : GS_GRAMS_BLOCK;
    bool good, starts_block = iterator->left == block_terms(all, per_block, iterator->block);
    if (iterator->is_word)
        good = read_word(cursor, starts_block, iterator->term, &iterator->word.len) &&
               read_list(cursor, long_min, &iterator->gap, list);
    else if (starts_block)
        good = first_gram(iterator) && read_list(cursor, long_min, &iterator->gap, list);
    else
        good = read_gram(cursor, &iterator->gram, long_min, &iterator->gap, list);
    iterator->left--;
    if (!good || (iterator->left == 0 && gs_cursor_left(&iterator->cursor)))
        return gs_corrupt(err, "%s: block %u does not decode", iterator->is_word ? "WORD" : "GRAM",
                          iterator->block);
    return gs_list_check(terms->postings, list, err);
}

gsearch_status gs_terms_next(gs_terms_iterator *iterator, bool *more, gsearch_error *err)
{
    bool has_entry = iterator->waits || iterator->left || enter_next_block(iterator);
    if (has_entry && !iterator->waits)
        GS_TRY(step(iterator, err));
    iterator->waits = false;
    *more = has_entry;
    return GSEARCH_OK;
}

/* ---- a block at a time --------------------------------------------------------------------- */

/* The same as read_gram for a usual entry; false, and nothing is read, for others. */
static bool read_usual(gs_cursor *cursor, const gs_postings *postings, uint64_t *gram,
                       uint64_t *gap, gs_list *list)
{
    usual_gram next;
    if (gs_cursor_left(cursor) < sizeof(uint64_t) ||
        !decode_usual(cursor->ptr, *gram, postings->long_min, &next))
        return false;
    bool single = next.count == 0;
    uint64_t end = *gap + next.count;
    bool good = single ? next.position < postings->positions
                       : next.count > 1 && next.documents - 1 < next.count && end <= postings->gaps;
    if (!good || next.gram <= *gram || next.gram >> 42 != *gram >> 42)
        return false;
    *list = (gs_list){.count = next.count + single,
                      .documents = next.documents + single,
                      .place = single ? next.position : *gap};
    cursor->ptr += next.bytes;
    *gram = next.gram;
    *gap = end;
    return true;
}

gsearch_status gs_terms_read_block(const gs_terms *terms, uint32_t block,
                                   gs_gram_row rows[GS_GRAMS_BLOCK], uint32_t *count,
                                   gsearch_error *err)
{
    gs_cursor cursor =
        block_cursor(terms->gram_data, terms->gram_offsets, terms->gram_blocks, block);
    uint64_t gram = first_of(terms, block), gap = gs_load_u64(terms->gram_gaps + 8 * (size_t)block);
    uint32_t long_min = terms->postings->long_min;
    bool good = gram >> 63 == 0 && read_list(&cursor, long_min, &gap, &rows[0].list);
    rows[0].gram = gram;
    *count = block_terms(terms->grams_count, GS_GRAMS_BLOCK, block);
    for (uint32_t i = 0; i < *count && good; i++) {
        if (i && read_usual(&cursor, terms->postings, &gram, &gap, &rows[i].list)) {
            rows[i].gram = gram;
            continue;
        }
        good = i == 0 || read_gram(&cursor, &gram, long_min, &gap, &rows[i].list);
        rows[i].gram = gram;
        if (good)
            GS_TRY(gs_list_check(terms->postings, &rows[i].list, err));
    }
    return good && !gs_cursor_left(&cursor)
               ? GSEARCH_OK
               : gs_corrupt(err, "GRAM: block %u does not decode", block);
}

/* ---- seeking ------------------------------------------------------------------------------- */

/* The last block that begins at or before each of the grams; 0 if none does. All are narrowed down
 * side by side, since each look waits for memory. */
static void find_blocks(const gs_terms *terms, const uint64_t *grams, size_t count,
                        uint32_t *blocks)
{
    memset(blocks, 0, count * sizeof(*blocks));
    for (uint32_t left = terms->gram_blocks; left > 1; left -= left / 2) {
        uint32_t half = left / 2;
        for (size_t i = 0; i < count; i++) // a conditional move: no branch could foretell it
            blocks[i] += first_of(terms, blocks[i] + half) <= grams[i] ? half : 0;
    }
}

/* The last word block that begins at or before `word`. */
static gsearch_status word_block(const gs_terms *terms, gs_bytes word, uint32_t *block,
                                 gsearch_error *err)
{
    uint32_t low = 0, high = terms->word_blocks;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        gs_cursor cursor =
            block_cursor(terms->word_data, terms->word_offsets, terms->word_blocks, middle);
        uint8_t shared = gs_cursor_u8(&cursor), len = gs_cursor_u8(&cursor);
        gs_bytes first = gs_cursor_bytes(&cursor, len);
        if (cursor.bad || shared)
            return gs_corrupt(err, "WORD: block %u does not decode", middle);
        if (gs_bytes_compare(first, word) <= 0)
            low = middle;
        else
            high = middle;
    }
    *block = low;
    return GSEARCH_OK;
}

/* Before the first block, with nothing read. */
static void init(gs_terms_iterator *iterator, const gs_terms *terms, bool is_word)
{
    *iterator = (gs_terms_iterator){.terms = terms, .is_word = is_word};
    iterator->word = gs_bytes_of(iterator->term, 0);
}

gsearch_status gs_terms_seek_gram(gs_terms_iterator *iterator, const gs_terms *terms, uint64_t gram,
                                  gsearch_error *err)
{
    bool more;
    init(iterator, terms, false);
    if (terms->gram_blocks) {
        uint32_t block;
        find_blocks(terms, &gram, 1, &block);
        enter_gram_block(iterator, block);
    }
    do {
        GS_TRY(gs_terms_next(iterator, &more, err));
    } while (more && !iterator->is_word && iterator->gram < gram);
    iterator->waits = more;
    return GSEARCH_OK;
}

gsearch_status gs_terms_seek_word(gs_terms_iterator *iterator, const gs_terms *terms, gs_bytes word,
                                  gsearch_error *err)
{
    bool more;
    uint32_t block = 0;
    init(iterator, terms, true);
    if (terms->word_blocks) {
        GS_TRY(word_block(terms, word, &block, err));
        enter_word_block(iterator, block);
    }
    do {
        GS_TRY(gs_terms_next(iterator, &more, err));
    } while (more && gs_bytes_compare(iterator->word, word) < 0);
    iterator->waits = more;
    return GSEARCH_OK;
}

gsearch_status gs_terms_find_word(const gs_terms *terms, gs_bytes word, gs_list *out,
                                  gsearch_error *err)
{
    gs_terms_iterator iterator;
    GS_TRY(gs_terms_seek_word(&iterator, terms, word, err));
    bool found = iterator.waits && gs_bytes_equal(iterator.word, word);
    *out = found ? iterator.list : (gs_list){0};
    return GSEARCH_OK;
}

/* ---- finding a gram ------------------------------------------------------------------------ */

/* Where a search stands in a block: before an entry, `gram` being the one that it follows. */
typedef struct gram_scan {
    gs_cursor cursor; /* may leave the block, not the data */
    uint64_t gram, gap;
    uint32_t left; /* entries of the block */
} gram_scan;

/* Goes past usual entries below `wanted`. What is passed is kept in bounds, not checked. */
static void pass_usual(gram_scan *scan, uint64_t wanted, uint32_t long_min)
{
    gram_scan at = *scan;
    for (; at.left && gs_cursor_left(&at.cursor) >= sizeof(uint64_t); at.left--) {
        usual_gram next;
        if (!decode_usual(at.cursor.ptr, at.gram, long_min, &next) || next.gram >= wanted)
            break;
        at.cursor.ptr += next.bytes;
        at.gram = next.gram;
        at.gap += next.count;
    }
    *scan = at;
}

/* Looks for `gram` in the block that would hold it. */
static gsearch_status find_in_block(const gs_terms *terms, uint32_t block, uint64_t gram,
                                    gs_list *out, gsearch_error *err)
{
    gs_list list = {0};
    uint32_t long_min = terms->postings->long_min;
    if (first_of(terms, block) <= gram) {
        uint32_t from = gs_load_u32(terms->gram_offsets + 4 * (size_t)block);
        if (from > terms->gram_data.len) // it was not when the file was opened
            return gs_corrupt(err, "GRAM: block %u lies outside of it", block);
        gram_scan scan = {
            .cursor = gs_cursor_of(gs_bytes_of(terms->gram_data.ptr + from,
                                               terms->gram_data.len - from)),
            .gram = first_of(terms, block),
            .gap = gs_load_u64(terms->gram_gaps + 8 * (size_t)block),
            .left = block_terms(terms->grams_count, GS_GRAMS_BLOCK, block) - 1,
        };
        bool good = read_list(&scan.cursor, long_min, &scan.gap, &list);
        for (; good && scan.gram < gram; scan.left--) {
            pass_usual(&scan, gram, long_min);
            if (!scan.left)
                break;
            good = read_gram(&scan.cursor, &scan.gram, long_min, &scan.gap, &list);
        }
        if (!good)
            return gs_corrupt(err, "GRAM: block %u does not decode", block);
        if (scan.gram == gram)
            GS_TRY(gs_list_check(terms->postings, &list, err));
        else
            list = (gs_list){0};
    }
    *out = list;
    return GSEARCH_OK;
}

/* Has the block, and what the tables say of it, fetched from memory. */
static void expect_block(const gs_terms *terms, uint32_t block)
{
    gs_cursor cursor =
        block_cursor(terms->gram_data, terms->gram_offsets, terms->gram_blocks, block);
    __builtin_prefetch(terms->gram_gaps + 8 * (size_t)block);
    for (size_t line = 0; line < gs_cursor_left(&cursor) && line < AHEAD_BYTES_MAX;
         line += LINE_BYTES)
        __builtin_prefetch(cursor.ptr + line);
}

gsearch_status gs_terms_find_grams(const gs_terms *terms, const uint64_t *grams, size_t count,
                                   gs_list *out, gsearch_error *err)
{
    for (size_t begin = 0, end; begin < count; begin = end) {
        uint32_t blocks[FOUND_TOGETHER];
        end = count - begin < FOUND_TOGETHER ? count : begin + FOUND_TOGETHER;
        if (!terms->gram_blocks) {
            memset(out + begin, 0, (end - begin) * sizeof(*out));
            continue;
        }
        find_blocks(terms, grams + begin, end - begin, blocks);
        for (size_t i = begin; i < end; i++)
            expect_block(terms, blocks[i - begin]);
        for (size_t i = begin; i < end; i++)
            GS_TRY(find_in_block(terms, blocks[i - begin], grams[i], &out[i], err));
    }
    return GSEARCH_OK;
}

gsearch_status gs_terms_find_gram(const gs_terms *terms, uint64_t gram, gs_list *out,
                                  gsearch_error *err)
{
    return gs_terms_find_grams(terms, &gram, 1, out, err);
}
