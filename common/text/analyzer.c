/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass over the text. Plain Han characters and plain ASCII words are read in tight loops;
 * everything else goes character by character through the table of fold.h. At any time at most one
 * of a word and a run of breaks is open: a break closes the word, a word or a CJK character gives
 * out the breaks. gs_analyzer_plain is the same pass for an indexer, which wants nothing but code
 * points of most of a text: no word is open in it, and no character folds to several.
 */
#include "common/text/analyzer.h"

#include "common/base/utf8.h"

/* FNV-1a of 64 bits, by Glenn Fowler, Landon Curt Noll and Kiem-Phong Vo, in the public domain. */
#define HASH_START 0xCBF29CE484222325u
#define HASH_PRIME 0x100000001B3u

_Static_assert(GS_TERM_HEAD_BYTES_MAX + GS_TERM_HASH_DIGITS == GS_TERM_BYTES_MAX,
               "a head and a hash fill a term");
_Static_assert(GS_TERM_HEAD_BYTES_MAX - 3 == GS_QUERY_PREFIX_BYTES_MAX,
               "a character border is at most three bytes before the end of a head");

typedef struct batch {
    gs_token *tokens;
    size_t count;
} batch;

const char *gs_analyzer_unicode(void)
{
    return gs_fold_unicode;
}

void gs_analyzer_start(gs_analyzer *analyzer, gs_bytes text, size_t from, uint32_t position)
{
    *analyzer = (gs_analyzer){
        .begin = text.ptr,
        .next = text.ptr + from,
        .end = text.ptr + text.len,
        .position = position,
        .line_blank = from == 0,
    };
    if (from == 0)
        analyzer->line_heading = gs_title_heading(analyzer->next, analyzer->end) != 0;
}

static gs_token *add_token(gs_analyzer *analyzer, batch *out, gs_token_kind kind,
                           const uint8_t *start, const uint8_t *end)
{
    gs_token *token = out->tokens + out->count++;
    *token = (gs_token){
        .kind = kind,
        .position = analyzer->position++,
        .byte_start = (uint32_t)(start - analyzer->begin),
        .byte_end = (uint32_t)(end - analyzer->begin),
    };
    return token;
}

static uint64_t hash_bytes(uint64_t hash, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * HASH_PRIME;
    return hash;
}

/* The open word is longer than a term may be: keeps its head, and the hash of what was read. */
static void start_hash(gs_analyzer *analyzer)
{
    const uint8_t *term = analyzer->terms + analyzer->word_term;
    analyzer->word_hashed = true;
    analyzer->word_hash = hash_bytes(HASH_START, term, analyzer->terms_used - analyzer->word_term);
    uint32_t head = GS_TERM_HEAD_BYTES_MAX;
    while ((term[head] & 0xC0) == 0x80)
        head--;
    analyzer->terms_used = analyzer->word_term + head;
}

/* Appends the hash to the head. */
static void end_hash(gs_analyzer *analyzer)
{
    static const char digits[] = "0123456789abcdef";
    for (uint32_t i = GS_TERM_HASH_DIGITS; i-- > 0;)
        analyzer->terms[analyzer->terms_used++] =
            (uint8_t)digits[analyzer->word_hash >> 4 * i & 0xF];
}

static void close_word(gs_analyzer *analyzer, batch *out)
{
    if (!analyzer->word_start)
        return;
    if (analyzer->word_hashed)
        end_hash(analyzer);
    gs_token *token =
        add_token(analyzer, out, GS_TOKEN_WORD, analyzer->word_start, analyzer->word_end);
    token->term = gs_bytes_of(analyzer->terms + analyzer->word_term,
                              analyzer->terms_used - analyzer->word_term);
    analyzer->word_start = NULL;
}

static void close_breaks(gs_analyzer *analyzer, batch *out)
{
    if (!analyzer->break_start)
        return;
    add_token(analyzer, out, GS_TOKEN_BREAK, analyzer->break_start, analyzer->break_end);
    analyzer->break_start = NULL;
}

static void add_break(gs_analyzer *analyzer, batch *out, const uint8_t *start, const uint8_t *end)
{
    close_word(analyzer, out);
    if (!analyzer->break_start)
        analyzer->break_start = start;
    analyzer->break_end = end;
}

static void add_cjk(gs_analyzer *analyzer, batch *out, uint32_t code_point, const uint8_t *start,
                    const uint8_t *end)
{
    close_word(analyzer, out);
    close_breaks(analyzer, out);
    add_token(analyzer, out, GS_TOKEN_CJK, start, end)->code_point = code_point;
}

static void open_word(gs_analyzer *analyzer, batch *out, const uint8_t *start)
{
    if (analyzer->word_start)
        return;
    close_breaks(analyzer, out);
    analyzer->word_start = start;
    analyzer->word_term = analyzer->terms_used;
    analyzer->word_hashed = false;
}

/* Appends to the term of the open word. */
static void extend_word(gs_analyzer *analyzer, uint32_t code_point, const uint8_t *end)
{
    uint8_t bytes[4];
    size_t len = gs_utf8_encode(code_point, bytes);
    analyzer->word_end = end;
    if (!analyzer->word_hashed &&
        analyzer->terms_used - analyzer->word_term + len > GS_TERM_BYTES_MAX)
        start_hash(analyzer);
    if (analyzer->word_hashed) {
        analyzer->word_hash = hash_bytes(analyzer->word_hash, bytes, len);
        return;
    }
    memcpy(analyzer->terms + analyzer->terms_used, bytes, len);
    analyzer->terms_used += (uint32_t)len;
}

/* One folded code point of the character between `start` and `end`. */
static void add_folded(gs_analyzer *analyzer, batch *out, uint32_t folded, const uint8_t *start,
                       const uint8_t *end)
{
    uint32_t entry = gs_fold_entry(folded);
    switch (gs_fold_class_of(entry)) {
    case GS_FOLD_CJK:
        add_cjk(analyzer, out, folded, start, end);
        break;
    case GS_FOLD_WORD:
        open_word(analyzer, out, start);
        extend_word(analyzer, folded, end);
        break;
    case GS_FOLD_MARK: // what NFKC could not compose: part of a word, nothing to a CJK character
        if (analyzer->word_start && !(entry & GS_FOLD_ENCLOSING))
            extend_word(analyzer, folded, end);
        break;
    default: // brackets of ㈠, the stroke of ½
        close_word(analyzer, out);
    }
}

/* The next character becomes `folded`, to be given out code point by code point. */
static void fold_character(gs_analyzer *analyzer, size_t len)
{
    analyzer->character = analyzer->next;
    analyzer->next += len;
    analyzer->folded_next = 0;
    gs_fold_apply(gs_bytes_of(analyzer->character, len), &analyzer->folded);
}

static bool is_han_lead(uint8_t byte)
{
    return byte >= 0xE4 && byte <= 0xE9;
}

static bool is_han(uint32_t code_point)
{
    return code_point >= 0x4E00 && code_point <= 0x9FFF;
}

/* Can the character before `ptr` not go on at `ptr`? Asks the table only where it must. */
static bool character_ends(const uint8_t *ptr, const uint8_t *end)
{
    if (ptr == end || *ptr < 0x80 || is_han_lead(*ptr))
        return true;
    uint32_t code_point;
    gs_utf8_decode(ptr, end, &code_point);
    return !(gs_fold_entry(code_point) & GS_FOLD_EXTENDS);
}

static void read_letters(gs_analyzer *analyzer, batch *out, uint32_t entry, uint32_t code_point,
                         size_t len)
{
    const uint8_t *start = analyzer->next;
    bool plain = character_ends(start + len, analyzer->end);
    size_t cluster = plain ? len : gs_fold_cluster(start, analyzer->end);
    if (cluster > len || gs_fold_class_of(entry) == GS_FOLD_SEQUENCE) {
        fold_character(analyzer, cluster);
    } else {
        analyzer->next += len;
        add_folded(analyzer, out, gs_fold_target(entry, code_point), start, analyzer->next);
    }
    analyzer->word_digit = entry & GS_FOLD_DIGIT;
    if (entry & GS_FOLD_HAN)
        analyzer->han_end = analyzer->next;
}

/* Does the character of `entry` begin with a letter or digit? */
static bool starts_word(uint32_t entry)
{
    if (gs_fold_class_of(entry) == GS_FOLD_SEQUENCE) {
        uint32_t first = gs_fold_sequences[(entry & GS_FOLD_TARGET_MASK) + 1];
        return gs_fold_class_of(gs_fold_entry(first)) == GS_FOLD_WORD;
    }
    return gs_fold_class_of(entry) == GS_FOLD_WORD;
}

/* `.` and `,`: part of a number, nothing (between other word characters, `.` only), or a break. */
static void read_point(gs_analyzer *analyzer, batch *out)
{
    const uint8_t *start = analyzer->next++;
    uint32_t entry = 0;
    if (analyzer->word_start && analyzer->next < analyzer->end) {
        uint32_t code_point;
        gs_utf8_decode(analyzer->next, analyzer->end, &code_point);
        entry = gs_fold_entry(code_point);
    }
    if (analyzer->word_digit && entry & GS_FOLD_DIGIT)
        extend_word(analyzer, *start, analyzer->next);
    else if (*start == '.' && starts_word(entry))
        close_word(analyzer, out);
    else
        add_break(analyzer, out, start, analyzer->next);
}

/* A line end is a break after a blank line and after a heading, else nothing. */
static void read_line_end(gs_analyzer *analyzer, batch *out)
{
    const uint8_t *start = analyzer->next++;
    if (*start == '\r' && analyzer->next < analyzer->end && *analyzer->next == '\n')
        analyzer->next++;
    if (analyzer->line_blank || analyzer->line_heading)
        add_break(analyzer, out, start, analyzer->next);
    else
        close_word(analyzer, out);
    analyzer->line_blank = true;
    analyzer->line_heading = gs_title_heading(analyzer->next, analyzer->end) != 0;
}

/* Finds out whether the circles that begin here stand between Han characters. */
static bool circles_between_han(gs_analyzer *analyzer)
{
    if (analyzer->next < analyzer->circles_end)
        return true;
    if (analyzer->han_end != analyzer->next)
        return false;
    const uint8_t *ptr = analyzer->next;
    while (ptr < analyzer->end) {
        uint32_t code_point;
        size_t len = gs_utf8_decode(ptr, analyzer->end, &code_point);
        uint32_t entry = gs_fold_entry(code_point);
        if (entry & GS_FOLD_HAN && gs_fold_class_of(entry) != GS_FOLD_MARK) {
            analyzer->circles_end = ptr;
            return true;
        }
        if (code_point != 0x25CB && code_point != 0x25EF &&
            gs_fold_class_of(entry) != GS_FOLD_MARK)
            return false;
        ptr += len;
    }
    return false;
}

static void read_circle(gs_analyzer *analyzer, batch *out, uint32_t folded)
{
    const uint8_t *start = analyzer->next;
    bool number = circles_between_han(analyzer);
    analyzer->next += gs_fold_cluster(start, analyzer->end);
    if (number) {
        add_cjk(analyzer, out, folded, start, analyzer->next);
        analyzer->han_end = analyzer->next;
    } else {
        close_word(analyzer, out);
    }
}

/* One character that no fast loop took. */
static void read_character(gs_analyzer *analyzer, batch *out)
{
    const uint8_t *start = analyzer->next;
    uint32_t code_point;
    size_t len = gs_utf8_decode(start, analyzer->end, &code_point);
    uint32_t entry = gs_fold_entry(code_point);
    if (code_point == '\n' || code_point == '\r') {
        read_line_end(analyzer, out);
        return;
    }
    if (!(entry & GS_FOLD_SPACE))
        analyzer->line_blank = false;
    switch (gs_fold_class_of(entry)) {
    case GS_FOLD_CJK:
    case GS_FOLD_WORD:
    case GS_FOLD_SEQUENCE:
        read_letters(analyzer, out, entry, code_point, len);
        break;
    case GS_FOLD_BREAK:
        analyzer->next += len;
        add_break(analyzer, out, start, analyzer->next);
        break;
    case GS_FOLD_CONTEXT:
        if (code_point == '.' || code_point == ',')
            read_point(analyzer, out);
        else
            read_circle(analyzer, out, gs_fold_target(entry, code_point));
        break;
    case GS_FOLD_NOTHING:
    case GS_FOLD_MARK:
        analyzer->next += len;
        close_word(analyzer, out);
        break;
    }
}

/* Does nothing before `ptr` have a say in what is read from there on? So it is between two Han
 * characters, but in a heading. */
static bool is_restart(const gs_analyzer *analyzer, uint32_t code_point, const uint8_t *ptr)
{
    return is_han(code_point) && analyzer->han_end == ptr && !analyzer->line_heading;
}

/* Plain Han characters up to the first other one. */
static void read_han(gs_analyzer *analyzer, batch *out, size_t limit)
{
    const uint8_t *ptr = analyzer->next, *end = analyzer->end;
    while (out->count + GS_ANALYZER_TOKENS_MIN <= limit && end - ptr >= 3 && is_han_lead(*ptr)) {
        uint32_t code_point =
            (ptr[0] & 0x0Fu) << 12 | (ptr[1] & 0x3Fu) << 6 | (ptr[2] & 0x3Fu);
        if (!is_han(code_point) || !character_ends(ptr + 3, end))
            break;
        uint32_t folded = gs_fold_target(gs_fold_entry(code_point), code_point);
        add_cjk(analyzer, out, folded, ptr, ptr + 3);
        out->tokens[out->count - 1].restart = is_restart(analyzer, code_point, ptr);
        ptr += 3;
        analyzer->han_end = ptr;
    }
    if (ptr == analyzer->next)
        return;
    analyzer->next = ptr;
    analyzer->line_blank = false;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_alphanumeric(uint8_t byte)
{
    uint8_t lower = byte | 0x20;
    return is_digit(byte) || (lower >= 'a' && lower <= 'z');
}

/* ASCII letters and digits up to the first other one; the last one stays if a mark may follow. */
static void read_ascii(gs_analyzer *analyzer, batch *out)
{
    const uint8_t *ptr = analyzer->next, *end = analyzer->end;
    while (ptr < end && is_alphanumeric(*ptr))
        ptr++;
    if (ptr > analyzer->next && !character_ends(ptr, end))
        ptr--;
    if (ptr == analyzer->next)
        return;
    open_word(analyzer, out, analyzer->next);
    while (analyzer->next < ptr) {
        uint8_t byte = *analyzer->next++;
        uint8_t lower = is_digit(byte) ? byte : byte | 0x20;
        extend_word(analyzer, lower, analyzer->next);
    }
    analyzer->word_digit = is_digit(ptr[-1]);
    analyzer->line_blank = false;
}

/* The term of a word that goes on into this batch moves to the front. */
static void start_terms(gs_analyzer *analyzer)
{
    uint32_t len = analyzer->word_start ? analyzer->terms_used - analyzer->word_term : 0;
    memmove(analyzer->terms, analyzer->terms + analyzer->word_term, len);
    analyzer->word_term = 0;
    analyzer->terms_used = len;
}

size_t gs_analyzer_next(gs_analyzer *analyzer, gs_token *out, size_t capacity)
{
    batch result = {.tokens = out};
    start_terms(analyzer);
    // A step appends to the open word or opens one: room for a term, however long the open one is.
    while (result.count + GS_ANALYZER_TOKENS_MIN <= capacity &&
           analyzer->terms_used + 2 * GS_TERM_BYTES_MAX <= GS_ANALYZER_TERM_BYTES) {
        if (analyzer->folded_next < analyzer->folded.count) {
            uint32_t folded = analyzer->folded.code_points[analyzer->folded_next++];
            add_folded(analyzer, &result, folded, analyzer->character, analyzer->next);
            continue;
        }
        if (analyzer->next == analyzer->end) {
            close_word(analyzer, &result);
            close_breaks(analyzer, &result);
            break;
        }
        const uint8_t *before = analyzer->next;
        if (is_han_lead(*before))
            read_han(analyzer, &result, capacity);
        else if (is_alphanumeric(*before))
            read_ascii(analyzer, &result);
        if (analyzer->next == before)
            read_character(analyzer, &result);
    }
    return result.count;
}

/* ---- plain text ---- */

/* gs_utf8_decode for what is mostly three bytes, well-formed as a text is. */
static inline size_t decode(const uint8_t *ptr, const uint8_t *end, uint32_t *code_point)
{
    if (end - ptr < 3 || (*ptr & 0xF0) != 0xE0)
        return gs_utf8_decode(ptr, end, code_point);
    *code_point = (ptr[0] & 0x0Fu) << 12 | (ptr[1] & 0x3Fu) << 6 | (ptr[2] & 0x3Fu);
    return 3;
}

/* Han characters that others follow, the shortest way: up to `capacity` that begin before `stop`.
 * Moves `*text` behind them and gives how many there were. */
static size_t plain_han(const uint8_t **text, const uint8_t *stop, uint32_t *out, size_t capacity)
{
    const uint8_t *ptr = *text;
    size_t count = 0;
    while (count < capacity && ptr < stop && is_han_lead(ptr[0]) && is_han_lead(ptr[3])) {
        uint32_t code_point =
            (ptr[0] & 0x0Fu) << 12 | (ptr[1] & 0x3Fu) << 6 | (ptr[2] & 0x3Fu);
        if (!is_han(code_point))
            break;
        out[count++] = gs_fold_target(gs_fold_entry(code_point), code_point);
        ptr += 3;
    }
    *text = ptr;
    return count;
}

size_t gs_analyzer_plain(gs_analyzer *analyzer, size_t restart, uint32_t *out, size_t capacity)
{
    if (analyzer->word_start || analyzer->folded_next < analyzer->folded.count)
        return 0;
    const uint8_t *ptr = analyzer->next, *end = analyzer->end;
    const uint8_t *stop = end - (end - ptr < 3 ? end - ptr : 3); // three more bytes from there
    if (restart < (size_t)(stop - analyzer->begin))
        stop = analyzer->begin + restart;
    batch none = {0}; // what a step gives out while no word is open
    size_t count = 0;
    while (ptr < end && count + GS_ANALYZER_TOKENS_MIN <= capacity) {
        uint32_t code_point;
        const uint8_t *next = ptr + decode(ptr, end, &code_point);
        uint32_t entry = gs_fold_entry(code_point);
        gs_fold_class class = gs_fold_class_of(entry);
        // of Han characters the class is known without waiting for the table
        if (is_han(code_point) || class == GS_FOLD_CJK) {
            bool due = (size_t)(ptr - analyzer->begin) >= restart;
            if (!character_ends(next, end) || (due && is_restart(analyzer, code_point, ptr)))
                break;
            out[count] = GS_ANALYZER_BREAK;
            count += analyzer->break_start != NULL;
            analyzer->break_start = NULL;
            out[count++] = gs_fold_target(entry, code_point);
            size_t more = plain_han(&next, stop, out + count, capacity - count);
            count += more;
            analyzer->han_end = entry & GS_FOLD_HAN || more ? next : analyzer->han_end;
            analyzer->line_blank = false;
        } else if (code_point == '\n' || code_point == '\r') {
            analyzer->next = ptr;
            read_line_end(analyzer, &none);
            next = analyzer->next;
        } else if (class == GS_FOLD_BREAK || class == GS_FOLD_NOTHING) {
            if (class == GS_FOLD_BREAK)
                add_break(analyzer, &none, ptr, next);
            if (!(entry & GS_FOLD_SPACE))
                analyzer->line_blank = false;
        } else {
            break;
        }
        ptr = next;
    }
    analyzer->next = ptr;
    analyzer->position += (uint32_t)count;
    return count;
}
