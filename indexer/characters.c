/* SPDX-License-Identifier: Apache-2.0
 *
 * One number a code point, walked once.
 */
#include "indexer/characters.h"

gsearch_status gs_characters_init(gs_characters *characters, const gs_mem *mem, gsearch_error *err)
{
    *characters = (gs_characters){.mem = mem};
    characters->documents = gs_mem_calloc(mem, GS_CHARACTERS_END, sizeof(uint32_t));
    return characters->documents ? GSEARCH_OK : gs_fail_memory(err);
}

void gs_characters_release(gs_characters *characters)
{
    gs_mem_free(characters->mem, characters->documents);
    *characters = (gs_characters){0};
}

gsearch_status gs_characters_give(gs_characters *characters, uint32_t last,
                                  gs_segment_writer *writer, gsearch_error *err)
{
    for (; characters->next <= last && characters->next < GS_CHARACTERS_END; characters->next++) {
        uint32_t documents = characters->documents[characters->next];
        if (documents)
            GS_TRY(gs_segment_add_character(writer, characters->next, documents, err));
    }
    return GSEARCH_OK;
}
