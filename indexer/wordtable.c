/* SPDX-License-Identifier: Apache-2.0
 *
 * An open hash table over words in one buffer. The hash has a seed of its own, so that no text can
 * be made to collide; nothing that is written depends on it.
 */
#include "indexer/wordtable.h"

#include <stdlib.h>
#include <sys/random.h>

#include "common/base/checksum.h"
#include "common/base/limits.h"
#include "common/base/sys.h"

#define WORDS_MIN 64u
#define WORDS_MAX (1u << 24)
#define WORD_BYTES_USUAL 8u /* room for bytes a word; a table may fill up by either */

gsearch_status gs_words_init(gs_words *words, const gs_mem *mem, size_t memory_bytes,
                             gsearch_error *err)
{
    *words = (gs_words){.mem = mem};
    size_t each = sizeof(gs_word) + 3 * sizeof(uint32_t) + WORD_BYTES_USUAL;
    uint32_t count_max = WORDS_MIN;
    while (count_max < WORDS_MAX && 2 * count_max * each <= memory_bytes)
        count_max *= 2;
    words->count_max = count_max;
    words->slots_mask = 2 * count_max - 1;
    gs_buf_init(&words->bytes, mem, (size_t)count_max * WORD_BYTES_USUAL + GS_TERM_BYTES_MAX);
    words->words = gs_mem_alloc(mem, count_max * sizeof(*words->words));
    words->order = gs_mem_alloc(mem, count_max * sizeof(*words->order));
    words->slots = gs_mem_calloc(mem, (size_t)words->slots_mask + 1, sizeof(*words->slots));
    if (!words->words || !words->order || !words->slots) {
        gs_words_release(words);
        return gs_fail_memory(err);
    }
    if (gs_sys_getrandom(&words->seed, sizeof(words->seed), GRND_NONBLOCK) != sizeof(words->seed))
        words->seed = (uintptr_t)words->slots;
    return GSEARCH_OK;
}

void gs_words_release(gs_words *words)
{
    gs_buf_release(&words->bytes);
    gs_mem_free(words->mem, words->words);
    gs_mem_free(words->mem, words->order);
    gs_mem_free(words->mem, words->slots);
    *words = (gs_words){0};
}

void gs_words_reset(gs_words *words)
{
    if (words->count)
        memset(words->slots, 0, ((size_t)words->slots_mask + 1) * sizeof(*words->slots));
    words->count = 0;
    gs_buf_reset(&words->bytes);
}

bool gs_words_intern(gs_words *words, gs_bytes word, uint32_t *number)
{
    uint32_t hash = (uint32_t)gs_checksum(word.ptr, word.len, words->seed);
    uint32_t slot = hash & words->slots_mask;
    for (; words->slots[slot]; slot = (slot + 1) & words->slots_mask) {
        uint32_t at = words->slots[slot] - 1;
        if (words->words[at].hash == hash && gs_bytes_equal(gs_words_get(words, at), word)) {
            *number = at;
            return true;
        }
    }
    if (words->count == words->count_max || words->bytes.len + word.len > words->bytes.max)
        return false;
    uint32_t offset = (uint32_t)words->bytes.len;
    gs_buf_bytes(&words->bytes, word);
    if (words->bytes.status)
        return false;
    words->words[words->count] =
        (gs_word){.offset = offset, .hash = hash, .len = (uint8_t)word.len};
    *number = words->count++;
    words->slots[slot] = words->count;
    return true;
}

static int compare_numbers(const void *a, const void *b, void *payload)
{
    const gs_words *words = payload;
    return gs_bytes_compare(gs_words_get(words, *(const uint32_t *)a),
                            gs_words_get(words, *(const uint32_t *)b));
}

void gs_words_rank(gs_words *words)
{
    for (uint32_t i = 0; i < words->count; i++)
        words->order[i] = i;
    qsort_r(words->order, words->count, sizeof(*words->order), compare_numbers, words);
    for (uint32_t i = 0; i < words->count; i++)
        words->words[words->order[i]].rank = i;
}
