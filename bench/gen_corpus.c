/* SPDX-License-Identifier: Apache-2.0
 *
 * A corpus for machines that have none: gen_corpus MEGABYTES [SEED] writes about so much text as
 * JSON Lines. The same arguments give the same bytes on every machine, and more megabytes only more
 * lines. It means nothing, but its characters, words and phrases are as unevenly distributed as
 * those of Chinese: words of one to four characters and their characters follow Zipf's law, one
 * word in fifty has never been used before, and documents have 200 bytes to 26 KB.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/measure.h"
#include "common/base/utf8.h"

#define CHARACTERS 4000u
#define CHARACTER_FLAT 12u /* the first so many are about as frequent as each other */
#define WORDS 60000u
#define WORD_FLAT 6u
#define WORD_CHARACTERS_MAX 4u
#define CJK_FIRST 0x4e00u
#define CJK_COUNT 0x5200u
#define CJK_STEP 7919u /* coprime to CJK_COUNT: frequent characters are spread over all */

/* Draws rank r with a weight of 1 / (r + flat), in whole numbers. */
typedef struct zipf {
    uint64_t *sums;
    uint32_t count;
} zipf;

typedef struct corpus {
    zipf characters, words;
    uint32_t vocabulary[WORDS][WORD_CHARACTERS_MAX]; /* code points, 0 behind the last */
    uint64_t seed;
    uint64_t bytes; /* of text so far */
} corpus;

static zipf make_zipf(uint32_t count, uint32_t flat)
{
    zipf made = {calloc(count, sizeof(uint64_t)), count};
    uint64_t sum = 0;
    if (!made.sums) {
        fputs("gen_corpus: no memory\n", stderr);
        exit(1);
    }
    for (uint32_t rank = 0; rank < count; rank++)
        made.sums[rank] = sum += (1ull << 40) / (rank + flat);
    return made;
}

static uint32_t draw_rank(const zipf *from, uint64_t *seed)
{
    uint64_t wanted = gs_measure_random(seed, from->sums[from->count - 1]);
    uint32_t low = 0, high = from->count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (from->sums[middle] <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint32_t below(corpus *self, uint32_t bound)
{
    return (uint32_t)gs_measure_random(&self->seed, bound);
}

static void make_word(corpus *self, uint32_t *word)
{
    static const uint32_t lengths[] = {1, 2, 2, 2, 2, 2, 2, 3, 3, 4};
    uint32_t length = lengths[below(self, sizeof(lengths) / sizeof(*lengths))];
    for (uint32_t i = 0; i < WORD_CHARACTERS_MAX; i++) {
        uint32_t rank = draw_rank(&self->characters, &self->seed);
        word[i] = i < length ? CJK_FIRST + rank * CJK_STEP % CJK_COUNT : 0;
    }
}

static void put(corpus *self, const char *text, size_t len)
{
    fwrite(text, 1, len, stdout);
    self->bytes += len;
}

static void put_word(corpus *self)
{
    uint32_t fresh[WORD_CHARACTERS_MAX], kind = below(self, 50);
    const uint32_t *word = self->vocabulary[draw_rank(&self->words, &self->seed)];
    if (kind == 0) {
        make_word(self, fresh);
        word = fresh;
    } else if (kind == 1) { // a number
        char digits[16];
        put(self, digits, (size_t)snprintf(digits, sizeof(digits), "%u", below(self, 3000)));
        return;
    }
    for (uint32_t i = 0; i < WORD_CHARACTERS_MAX && word[i]; i++) {
        uint8_t bytes[4];
        size_t len = gs_utf8_encode(word[i], bytes);
        put(self, (const char *)bytes, len);
    }
}

static void put_sentence(corpus *self)
{
    for (uint32_t left = 1 + below(self, 4); left > 0; left--) {
        for (uint32_t words = 3 + below(self, 6); words > 0; words--)
            put_word(self);
        put(self, left > 1 ? "，" : "。", sizeof("。") - 1);
    }
}

static void put_document(corpus *self, uint64_t number)
{
    uint32_t least = 200u << below(self, 7); // every order of length
    uint64_t end = self->bytes + least + below(self, least);
    uint32_t year = 2000 + below(self, 25), month = 1 + below(self, 12), day = 1 + below(self, 28);
    printf("{\"id\":\"made:%09llu\",\"date\":\"%u-%02u-%02u\",\"title\":\"",
           (unsigned long long)number, year, month, day);
    for (uint32_t words = 3 + below(self, 5); words > 0; words--)
        put_word(self);
    fputs("\",\"text\":\"", stdout);
    while (self->bytes < end) {
        put_sentence(self);
        if (below(self, 4) == 0)
            fputs("\\n", stdout);
    }
    fputs("\"}\n", stdout);
}

int main(int argc, char **argv)
{
    static corpus self;
    uint64_t megabytes = argc > 1 ? gs_measure_number(argv[1]) : 0;
    if (megabytes == 0 || argc > 3) {
        fprintf(stderr, "usage: gen_corpus MEGABYTES [SEED] >DOCUMENTS\n");
        return 2;
    }
    self.seed = argc > 2 ? gs_measure_number(argv[2]) : 1;
    self.characters = make_zipf(CHARACTERS, CHARACTER_FLAT);
    self.words = make_zipf(WORDS, WORD_FLAT);
    for (uint32_t i = 0; i < WORDS; i++)
        make_word(&self, self.vocabulary[i]);
    for (uint64_t number = 1; self.bytes < megabytes * 1000000; number++)
        put_document(&self, number);
    free(self.characters.sums);
    free(self.words.sums);
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
