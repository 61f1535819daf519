/* SPDX-License-Identifier: Apache-2.0
 *
 * Queries for the benchmarks, drawn from the text itself: gen_queries DOCUMENTS [COUNT [SEED]]
 * writes COUNT (100) of each class as lines of bench/queries.h.
 *
 *     frequent4  the most frequent phrases of 4 characters, whatever the seed
 *     medium     4 to 6 characters          and2    two phrases of 2 to 4 of one document
 *     long       8 to 12                    or5     five phrases of 2 to 4
 *     bigram     2                          near    two of 2 characters, near each other
 *     char       1                          prefix  the beginning of a word, or 2 characters, and *
 *     any        a stretch of 20 to 40 characters and breaks
 *
 * Characters of a phrase stand together in the text, without a break. Places are drawn evenly over
 * all positions, so that long documents and common words are met as often as they are in the text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/documents.h"
#include "bench/measure.h"
#include "bench/queries.h"
#include "common/base/utf8.h"
#include "common/text/analyzer.h"

#define COUNT_DEFAULT 100u
#define TRIES_MAX 1000000u
#define TOKENS 256u
#define TOKEN_END 0u   /* behind each document */
#define TOKEN_BREAK 1u /* other tokens: a code point, or TOKEN_WORD and where the word begins */
#define TOKEN_WORD 0x80000000u
#define SKETCH_BITS 24u
#define FREQUENT 4u /* characters of a frequent phrase */

typedef struct text {
    uint32_t *tokens;
    size_t count, capacity;
    size_t *starts; /* of documents; one more for the end */
    size_t documents;
    gs_buf words; /* one behind the other, terminated */
    const char **sorted; /* the different words in bytewise order */
    size_t sorted_count;
    uint64_t seed;
} text;

typedef struct phrase {
    size_t at; /* its first token */
    unsigned length;
} phrase;

static void die(const char *what)
{
    fprintf(stderr, "gen_queries: %s\n", what);
    exit(1);
}

static void *grown(void *array, size_t *capacity, size_t need, size_t element_size)
{
    if (!gs_mem_grow(NULL, &array, capacity, need, SIZE_MAX, element_size))
        die("no memory");
    return array;
}

static bool is_cjk(uint32_t token)
{
    return token > TOKEN_BREAK && token < TOKEN_WORD;
}

/* ---- the text as tokens ---- */

static void put_token(text *self, uint32_t token)
{
    self->tokens = grown(self->tokens, &self->capacity, self->count + 1, sizeof(*self->tokens));
    self->tokens[self->count++] = token;
}

static void read_document(text *self, gs_bytes bytes)
{
    gs_analyzer analyzer;
    gs_token tokens[TOKENS];
    size_t count;
    gs_analyzer_start(&analyzer, bytes, 0, 0);
    while ((count = gs_analyzer_next(&analyzer, tokens, TOKENS))) {
        for (size_t i = 0; i < count; i++) {
            if (tokens[i].kind == GS_TOKEN_CJK) {
                put_token(self, tokens[i].code_point);
            } else if (tokens[i].kind == GS_TOKEN_BREAK) {
                put_token(self, TOKEN_BREAK);
            } else {
                put_token(self, TOKEN_WORD | (uint32_t)self->words.len);
                gs_buf_bytes(&self->words, tokens[i].term);
                gs_buf_u8(&self->words, 0);
            }
        }
    }
    put_token(self, TOKEN_END);
}

static const char *word_of(const text *self, uint32_t token)
{
    return (const char *)self->words.data + (token & ~TOKEN_WORD);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_words(text *self)
{
    size_t count = 0, capacity = 0, kept = 0;
    for (size_t i = 0; i < self->count; i++) {
        if (self->tokens[i] & TOKEN_WORD) {
            self->sorted = grown(self->sorted, &capacity, count + 1, sizeof(*self->sorted));
            self->sorted[count++] = word_of(self, self->tokens[i]);
        }
    }
    if (count)
        qsort(self->sorted, count, sizeof(*self->sorted), by_bytes);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(self->sorted[kept - 1], self->sorted[i]))
            self->sorted[kept++] = self->sorted[i];
    }
    self->sorted_count = kept;
}

static void read_text(text *self, const char *path)
{
    gs_bench_documents documents = gs_bench_documents_read(path);
    size_t capacity = 0;
    gs_buf_init(&self->words, NULL, TOKEN_WORD);
    self->documents = documents.count;
    self->starts = grown(NULL, &capacity, documents.count + 1, sizeof(*self->starts));
    for (size_t i = 0; i < documents.count; i++) {
        self->starts[i] = self->count;
        read_document(self, documents.list[i].text);
    }
    self->starts[documents.count] = self->count;
    if (self->words.status || self->count == 0)
        die("no text, or too many words");
    sort_words(self);
}

/* ---- drawing ---- */

static size_t random_below(text *self, size_t bound)
{
    return (size_t)gs_measure_random(&self->seed, bound);
}

static bool is_phrase(const text *self, size_t at, unsigned length)
{
    for (unsigned i = 0; i < length; i++) {
        if (at + i >= self->count || !is_cjk(self->tokens[at + i]))
            return false;
    }
    return true;
}

/* A phrase of `least` to `most` characters that begins in [from, end). */
static bool try_phrase(text *self, size_t from, size_t end, unsigned least, unsigned most,
                       phrase *out)
{
    out->length = least + (unsigned)random_below(self, most - least + 1);
    out->at = from + random_below(self, end - from);
    return is_phrase(self, out->at, out->length);
}

static void check_tries(size_t *tries)
{
    if (++*tries > TRIES_MAX)
        die("the text has no such phrases");
}

static phrase draw_phrase(text *self, unsigned least, unsigned most)
{
    phrase found;
    for (size_t tries = 0; !try_phrase(self, 0, self->count, least, most, &found);)
        check_tries(&tries);
    return found;
}

static size_t document_of(const text *self, size_t at)
{
    size_t low = 0, high = self->documents;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (self->starts[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static bool share_a_character(const text *self, phrase a, phrase b)
{
    for (unsigned i = 0; i < a.length; i++) {
        for (unsigned j = 0; j < b.length; j++) {
            if (self->tokens[a.at + i] == self->tokens[b.at + j])
                return true;
        }
    }
    return false;
}

/* ---- writing ---- */

static void put_characters(const text *self, phrase what)
{
    for (unsigned i = 0; i < what.length; i++) {
        uint32_t token = self->tokens[what.at + i];
        uint8_t bytes[4];
        if (token == TOKEN_BREAK)
            fputs("。", stdout);
        else
            fwrite(bytes, 1, gs_utf8_encode(token, bytes), stdout);
    }
}

static void put_phrases(const text *self, const char *name, const phrase *phrases, unsigned count)
{
    fputs(name, stdout);
    for (unsigned i = 0; i < count; i++) {
        putchar('\t');
        put_characters(self, phrases[i]);
    }
    putchar('\n');
}

static void put_random(text *self, const char *name, size_t count, unsigned phrases_count,
                       unsigned least, unsigned most)
{
    phrase phrases[GS_BENCH_TERMS_MAX];
    for (size_t i = 0; i < count; i++) {
        for (unsigned j = 0; j < phrases_count; j++)
            phrases[j] = draw_phrase(self, least, most);
        put_phrases(self, name, phrases, phrases_count);
    }
}

static void put_and2(text *self, size_t count)
{
    for (size_t i = 0, tries = 0; i < count; check_tries(&tries)) {
        phrase pair[2] = {draw_phrase(self, 2, 4)};
        size_t document = document_of(self, pair[0].at);
        if (try_phrase(self, self->starts[document], self->starts[document + 1], 2, 4, &pair[1]) &&
            !share_a_character(self, pair[0], pair[1])) {
            put_phrases(self, "and2", pair, 2);
            i++;
        }
    }
}

/* In one run, so that no border of a field is between; the two share no character: peers that let
 * terms overlap then find the same. */
static void put_near(text *self, size_t count)
{
    for (size_t i = 0, tries = 0; i < count; check_tries(&tries)) {
        phrase pair[2] = {draw_phrase(self, 2, 2)};
        size_t behind = pair[0].at + 2;
        if (try_phrase(self, behind, behind + GS_BENCH_NEAR + 1, 2, 2, &pair[1]) &&
            is_phrase(self, pair[0].at, (unsigned)(pair[1].at - pair[0].at)) &&
            !share_a_character(self, pair[0], pair[1])) {
            put_phrases(self, "near", pair, 2);
            i++;
        }
    }
}

/* ---- the most frequent phrases ---- */

typedef struct frequent {
    size_t at;
    uint32_t count;
} frequent;

typedef struct frequent_table {
    frequent *slots;
    size_t mask, used;
} frequent_table;

static uint64_t hash_phrase(const uint32_t *tokens)
{
    uint64_t hash = 0;
    for (unsigned i = 0; i < FREQUENT; i++)
        hash = (hash ^ tokens[i]) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

/* Its place in the sketch: other bits of the hash than choose the slot. */
static size_t sketch_place(const uint32_t *tokens)
{
    return hash_phrase(tokens) >> (64 - SKETCH_BITS);
}

static void count_phrase(const text *self, frequent_table *table, size_t at)
{
    const uint32_t *tokens = self->tokens + at;
    size_t slot = hash_phrase(tokens) & table->mask;
    while (table->slots[slot].count &&
           memcmp(self->tokens + table->slots[slot].at, tokens, FREQUENT * sizeof(*tokens)))
        slot = (slot + 1) & table->mask;
    if (table->slots[slot].count++ == 0) {
        table->slots[slot].at = at;
        if (++table->used > table->mask / 2)
            die("too many frequent phrases");
    }
}

/* Falling by count, then by place in the text. */
static int by_frequency(const void *a, const void *b)
{
    const frequent *left = a, *right = b;
    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    return (left->at > right->at) - (left->at < right->at);
}

/* Phrases are counted one by one only if a sketch, in which phrases may fall together, says that
 * there are `least` of them: those that occur so often are then all counted, and rightly. */
static size_t count_frequent(const text *self, const uint32_t *sketch, uint32_t least,
                             frequent_table *table)
{
    size_t found = 0;
    memset(table->slots, 0, (table->mask + 1) * sizeof(*table->slots));
    table->used = 0;
    for (size_t at = 0; at + FREQUENT <= self->count; at++) {
        if (is_phrase(self, at, FREQUENT) &&
            sketch[sketch_place(self->tokens + at)] >= least)
            count_phrase(self, table, at);
    }
    for (size_t slot = 0; slot <= table->mask; slot++) {
        if (table->slots[slot].count >= least)
            found++;
    }
    return found;
}

/* A cheap hint at how many phrases occur so often. */
static size_t full_places(const uint32_t *sketch, uint32_t least)
{
    size_t full = 0;
    for (size_t place = 0; place < 1u << SKETCH_BITS; place++)
        full += sketch[place] >= least;
    return full;
}

static void put_frequent(const text *self, size_t count)
{
    uint32_t *sketch = calloc(1u << SKETCH_BITS, sizeof(*sketch));
    frequent_table table = {.mask = (1u << 22) - 1};
    table.slots = calloc(table.mask + 1, sizeof(*table.slots));
    if (!sketch || !table.slots)
        die("no memory");
    for (size_t at = 0; at + FREQUENT <= self->count; at++) {
        if (is_phrase(self, at, FREQUENT))
            sketch[sketch_place(self->tokens + at)]++;
    }
    uint32_t least = UINT32_MAX;
    do
        least = least > 8 ? least - least / 4 : least - 1;
    while (least > 1 && (full_places(sketch, least) < count / 2 ||
                         count_frequent(self, sketch, least, &table) < count));
    qsort(table.slots, table.mask + 1, sizeof(*table.slots), by_frequency);
    for (size_t i = 0; i < count && table.slots[i].count; i++)
        put_phrases(self, "frequent4", &(phrase){table.slots[i].at, FREQUENT}, 1);
    free(table.slots);
    free(sketch);
}

/* ---- beginnings of words ---- */

static size_t words_before(const text *self, const char *prefix, size_t len, bool or_with)
{
    size_t low = 0, high = self->sorted_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strncmp(self->sorted[middle], prefix, len);
        if (order < 0 || (or_with && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The beginning of a word of ASCII letters and digits, that no more words have than a query may
 * stand for. */
static bool try_word_prefix(text *self, char *out, size_t room)
{
    uint32_t token = self->tokens[random_below(self, self->count)];
    const char *word = word_of(self, token);
    if (!(token & TOKEN_WORD) || strlen(word) < 3 || strlen(word) >= room)
        return false;
    for (const char *c = word; *c; c++) {
        if (!(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9'))
            return false;
    }
    size_t len = 2 + random_below(self, strlen(word) - 2);
    memcpy(out, word, len);
    out[len] = 0;
    return words_before(self, out, len, true) - words_before(self, out, len, false) <=
           GS_QUERY_COMPLETIONS_MAX;
}

/* Words and characters in turn; characters alone where the text has next to no words. */
static void put_prefix(text *self, size_t count)
{
    char prefix[64];
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (unsigned tries = 0; i % 2 == 0 && tries < TRIES_MAX && !found; tries++)
            found = try_word_prefix(self, prefix, sizeof(prefix));
        fputs("prefix\t", stdout);
        if (found)
            fputs(prefix, stdout);
        else
            put_characters(self, draw_phrase(self, 2, 2));
        fputs("*\n", stdout);
    }
}

/* ---- questions ---- */

/* Runs of at least two characters, with breaks between: no engine has to look for a lone one. */
static bool is_question(const text *self, phrase what)
{
    unsigned run = 0;
    for (unsigned i = 0; i < what.length; i++) {
        if (what.at + i >= self->count)
            return false;
        uint32_t token = self->tokens[what.at + i];
        if (!is_cjk(token) && (token != TOKEN_BREAK || run < 2))
            return false;
        run = is_cjk(token) ? run + 1 : 0;
    }
    return run >= 2;
}

static void put_any(text *self, size_t count)
{
    for (size_t i = 0, tries = 0; i < count; check_tries(&tries)) {
        phrase what = {.length = 20 + (unsigned)random_below(self, 21),
                       .at = random_below(self, self->count)};
        if (is_question(self, what)) {
            put_phrases(self, "any", &what, 1);
            i++;
        }
    }
}

int main(int argc, char **argv)
{
    static text self;
    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: gen_queries DOCUMENTS [COUNT [SEED]] >QUERIES\n");
        return 2;
    }
    size_t count = argc > 2 ? gs_measure_number(argv[2]) : COUNT_DEFAULT;
    self.seed = argc > 3 ? gs_measure_number(argv[3]) : 1;
    read_text(&self, argv[1]);
    put_frequent(&self, count);
    put_random(&self, "medium", count, 1, 4, 6);
    put_random(&self, "long", count, 1, 8, 12);
    put_random(&self, "bigram", count, 1, 2, 2);
    put_random(&self, "char", count, 1, 1, 1);
    put_and2(&self, count);
    put_random(&self, "or5", count, 5, 2, 4);
    put_near(&self, count);
    put_prefix(&self, count);
    put_any(&self, count);
    return fflush(stdout) ? 1 : 0;
}
