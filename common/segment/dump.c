/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the words for what is in the files. Each line begins with what it is about (document, gram,
 * …) followed by name=value; strings are JSON strings. Start with gs_dump_index.
 */
#include "common/segment/dump.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/json.h"
#include "common/base/utf8.h"
#include "common/segment/deletes.h"
#include "common/segment/inputs.h"
#include "common/segment/manifest.h"
#include "common/segment/segment.h"

#define PIECE_BYTES 65536u

typedef struct dump {
    const gs_dump_options *options;
    const gs_mem *mem;
    gs_dir *dir;
    gs_buf out;
    gs_buf string; // a key, a title, a path
    gs_decoder *decoder;
    uint32_t *positions; // of one list
    size_t positions_capacity;
} dump;

/* Hands on what has gathered. */
static gsearch_status relieve(dump *self, size_t bytes_max, gsearch_error *err)
{
    if (self->out.status)
        return gs_fail_memory(err);
    if (self->out.len <= bytes_max)
        return GSEARCH_OK;
    GS_TRY(self->options->write(gs_buf_view(&self->out), self->options->payload, err));
    gs_buf_reset(&self->out);
    return GSEARCH_OK;
}

/* How many of `count` rows to show. */
static uint64_t shown(const dump *self, uint64_t count)
{
    return self->options->all || count < GS_DUMP_SAMPLE ? count : GS_DUMP_SAMPLE;
}

static void put_rest(dump *self, const char *what, uint64_t count)
{
    uint64_t rest = count - shown(self, count);
    if (rest)
        gs_buf_printf(&self->out, "more %s %" PRIu64 "\n", what, rest);
}

static gsearch_status put_string(dump *self, const char *name, const gs_strings *strings,
                                 uint32_t i, gsearch_error *err)
{
    gs_buf_reset(&self->string);
    GS_TRY(gs_strings_get(strings, i, &self->string, err));
    gs_buf_str(&self->out, name);
    gs_json_string(&self->out, gs_buf_view(&self->string));
    return GSEARCH_OK;
}

/* ---- the shell ---- */

/* The four letters of a kind or a chunk. */
static void put_id(gs_buf *out, const char *name, uint32_t id)
{
    char word[5] = {(char)(id & 0x7f), (char)(id >> 8 & 0x7f), (char)(id >> 16 & 0x7f),
                    (char)(id >> 24 & 0x7f), '\0'};
    gs_buf_printf(out, "%s%s", name, word);
}

/* FORMAT 2: what stands around the chunks. The file was opened, so all of it is there. */
static gsearch_status put_ends(dump *self, gs_bytes file, gsearch_error *err)
{
    const uint8_t *footer = file.ptr + file.len - GS_FOOTER_BYTES;
    uint64_t toc = gs_load_u64(footer), sums = gs_load_u64(footer + 16);
    uint64_t pages = (toc - sums) / 8;
    gs_buf_printf(&self->out, "header format=%u", gs_load_u32(file.ptr + 8));
    put_id(&self->out, " kind=", gs_load_u32(file.ptr + 12));
    gs_buf_printf(&self->out,
                  "\nfooter toc=%" PRIu64 " chunks=%u sums=%" PRIu64 " tail=%016" PRIx64
                  " bytes=%" PRIu64 " checksum=%016" PRIx64 "\n",
                  toc, gs_load_u32(footer + 8), sums, gs_load_u64(footer + 24),
                  gs_load_u64(footer + 48), gs_load_u64(footer + 56));
    for (uint64_t page = 0; page < shown(self, pages); page++) {
        gs_buf_printf(&self->out, "page %" PRIu64 " sum=%016" PRIx64 "\n", page,
                      gs_load_u64(file.ptr + sums + 8 * page));
        GS_TRY(relieve(self, PIECE_BYTES, err));
    }
    put_rest(self, "pages", pages);
    return GSEARCH_OK;
}

static gsearch_status put_container(dump *self, const gs_container *container, uint64_t length,
                                    gsearch_error *err)
{
    char hex[33];
    gs_map *map;
    const char *name = gs_container_name_of(container);
    gs_hash128_text(gs_container_id(container), hex);
    gs_buf_printf(&self->out, "\nfile %s bytes=%" PRIu64 " id=%s\n", name, length, hex);
    GS_TRY(gs_map_open(self->dir, name, length, true, &map, err));
    gsearch_status status = put_ends(self, gs_map_bytes(map), err);
    gs_map_close(map);
    for (size_t i = 0; i < gs_container_chunks(container) && !status; i++) {
        uint64_t offset, bytes;
        put_id(&self->out, "chunk ", gs_container_chunk_id(container, i, &offset, &bytes));
        gs_buf_printf(&self->out, " offset=%" PRIu64 " bytes=%" PRIu64 "\n", offset, bytes);
    }
    return status;
}

/* ---- documents ---- */

static void put_meta(dump *self, const gs_segment *segment)
{
    gs_buf_printf(&self->out,
                  "meta analyzer=%u unicode=%s has_text=%u long_min=%u trigram_min=%u gaps=%" PRIu64
                  " text_bytes=%" PRIu64 " postings=%" PRIu64 " lists=%" PRIu64 "\n",
                  segment->analyzer, segment->unicode, segment->has_text,
                  segment->postings.long_min, segment->trigram_min, segment->postings.gaps,
                  segment->text_bytes,
                  segment->postings_count, segment->lists_count);
    gs_buf_printf(&self->out, "documents count=%u positions=%u length=%" PRIu64 "\n",
                  segment->docs.count, segment->docs.positions, segment->docs.total_length);
}

static gsearch_status put_documents(dump *self, const gs_segment *segment, gsearch_error *err)
{
    const gs_doctable *docs = &segment->docs;
    for (uint32_t doc = 0; doc < shown(self, docs->count); doc++) {
        uint64_t rank = gs_column_get(&docs->rank, doc);
        gs_buf_printf(&self->out,
                      "document %u start=%u length=%u rank=%" PRIu64 " title_positions=%" PRIu64
                      " flags=%" PRIu64 " date=%" PRIu64,
                      doc, docs->starts[doc], gs_doctable_length(docs, doc), rank,
                      gs_column_get(&docs->title, doc), gs_column_get(&docs->flags, doc),
                      gs_column_get(&docs->date, doc));
        if (rank >= segment->keys.count)
            return gs_corrupt(err, "COLS: document %u has a rank behind the last", doc);
        GS_TRY(put_string(self, " id=", &segment->keys, (uint32_t)rank, err));
        GS_TRY(put_string(self, " title=", &segment->titles, doc, err));
        gs_buf_str(&self->out, "\n");
        GS_TRY(relieve(self, PIECE_BYTES, err));
    }
    put_rest(self, "documents", docs->count);
    for (uint32_t i = 0; i < shown(self, segment->sources.count); i++) {
        gs_buf_printf(&self->out, "source %u first=%u", i,
                      gs_load_u32(segment->source_firsts + 4 * (size_t)i));
        GS_TRY(put_string(self, " path=", &segment->sources, i, err));
        gs_buf_str(&self->out, "\n");
        GS_TRY(relieve(self, PIECE_BYTES, err));
    }
    put_rest(self, "sources", segment->sources.count);
    return GSEARCH_OK;
}

/* ---- lists ---- */

/* The code points of a gram as one JSON string; of the breaks "". */
static void put_gram(gs_buf *out, uint64_t gram)
{
    uint32_t code_points[] = {gs_gram_first(gram), gs_gram_second(gram),
                              (uint32_t)(gram & GS_GRAM_CODE_POINT_MASK)};
    uint8_t text[3 * 4];
    size_t len = 0;
    for (size_t i = 0; i < 3 && code_points[i]; i++)
        len += gs_utf8_encode(code_points[i], text + len);
    gs_json_string(out, gs_bytes_of(text, len));
}

static gsearch_status put_positions(dump *self, const gs_segment *segment, const gs_list *list,
                                    gsearch_error *err)
{
    void *positions = self->positions;
    if (list->count > segment->docs.positions)
        return gs_corrupt(err, "a list has more positions than the segment");
    if (!gs_mem_grow(self->mem, &positions, &self->positions_capacity,
                     (size_t)list->count + GS_BLOCK_POSTINGS, SIZE_MAX, sizeof(*self->positions)))
        return gs_fail_memory(err);
    self->positions = positions;
    GS_TRY(gs_list_read(&segment->postings, self->decoder, list, self->positions, err));
    gs_buf_str(&self->out, " positions=");
    for (uint32_t i = 0; i < shown(self, list->count); i++)
        gs_buf_printf(&self->out, i ? ",%u" : "%u", self->positions[i]);
    gs_buf_str(&self->out, shown(self, list->count) < list->count ? ",…\n" : "\n");
    return relieve(self, PIECE_BYTES, err);
}

/* The skip table of a long list. */
static gsearch_status put_blocks(dump *self, const gs_segment *segment, const gs_list *list,
                                 gsearch_error *err)
{
    gs_long_list blocks;
    GS_TRY(gs_long_list_open(&segment->postings, list, &blocks, err));
    for (uint32_t i = 0; i < shown(self, blocks.blocks); i++)
        gs_buf_printf(&self->out,
                      "block %u first=%u offset=%u bits=%u impacts=%u,%u,%u,%u count=%u\n", i,
                      gs_long_list_first(&blocks, i),
                      gs_load_u32(blocks.offsets + 4 * (size_t)i), blocks.bits[i],
                      blocks.impacts[4 * i], blocks.impacts[4 * i + 1], blocks.impacts[4 * i + 2],
                      blocks.impacts[4 * i + 3], gs_long_list_count(&blocks, i));
    put_rest(self, "blocks", blocks.blocks);
    return relieve(self, PIECE_BYTES, err);
}

static gsearch_status put_list(dump *self, const gs_segment *segment,
                               const gs_terms_iterator *terms, gsearch_error *err)
{
    const gs_list *list = &terms->list;
    gs_buf_str(&self->out, terms->is_word ? "word " : "gram ");
    if (terms->is_word)
        gs_json_string(&self->out, terms->word);
    else
        put_gram(&self->out, terms->gram);
    gs_buf_printf(&self->out, " form=%s place=%" PRIu64 " count=%u documents=%u",
                  list->count == 1 ? "single" : list->is_long ? "long" : "short", list->place,
                  list->count, list->documents);
    GS_TRY(put_positions(self, segment, list, err));
    return list->is_long && list->count > 1 ? put_blocks(self, segment, list, err) : GSEARCH_OK;
}

static gsearch_status put_characters(dump *self, const gs_segment *segment, gsearch_error *err)
{
    const gs_terms *terms = &segment->terms;
    for (uint32_t i = 0; i < shown(self, terms->chars_count); i++) {
        const uint8_t *row = terms->chars + 8 * (size_t)i;
        gs_buf_printf(&self->out, "character U+%04X documents=%u\n", gs_load_u32(row),
                      gs_load_u32(row + 4));
        GS_TRY(relieve(self, PIECE_BYTES, err));
    }
    put_rest(self, "characters", terms->chars_count);
    return GSEARCH_OK;
}

static gsearch_status put_grams(dump *self, const gs_segment *segment, const gs_terms *grams,
                                const char *kind, gsearch_error *err)
{
    gs_terms_iterator terms;
    bool more;
    GS_TRY(gs_terms_seek_gram(&terms, grams, GS_GRAM_BREAK, err));
    for (uint64_t i = 0; i < shown(self, grams->grams_count); i++) {
        GS_TRY(gs_terms_next(&terms, &more, err));
        if (!more || terms.is_word)
            return gs_corrupt(err, "%s: fewer grams than it says", kind);
        GS_TRY(put_list(self, segment, &terms, err));
    }
    put_rest(self, kind, grams->grams_count);
    return GSEARCH_OK;
}

static gsearch_status put_words(dump *self, const gs_segment *segment, gsearch_error *err)
{
    gs_terms_iterator terms;
    bool more;
    GS_TRY(gs_terms_seek_word(&terms, &segment->terms, gs_bytes_of("", 0), err));
    for (uint64_t i = 0; i < shown(self, segment->terms.words_count); i++) {
        GS_TRY(gs_terms_next(&terms, &more, err));
        if (!more)
            return gs_corrupt(err, "WORD: fewer words than it says");
        GS_TRY(put_list(self, segment, &terms, err));
    }
    put_rest(self, "words", segment->terms.words_count);
    return GSEARCH_OK;
}

/* ---- text ---- */

static gsearch_status put_texts(dump *self, const gs_segment *segment, gsearch_error *err)
{
    const gs_store *store = &segment->store;
    if (!segment->has_text)
        return GSEARCH_OK;
    for (uint32_t i = 0; i < shown(self, store->blocks); i++) {
        const uint8_t *row = store->directory + 12 * (size_t)i;
        gs_buf_printf(&self->out, "text_block %u offset=%" PRIu64 " first=%u\n", i,
                      gs_load_u64(row), gs_load_u32(row + 8));
    }
    put_rest(self, "text_blocks", store->blocks);
    for (uint32_t i = 0; i < shown(self, store->checkpoints_count); i++) {
        const uint8_t *row = store->checkpoints + 8 * (size_t)i;
        gs_buf_printf(&self->out, "checkpoint %u position=%u byte=%u\n", i, gs_load_u32(row),
                      gs_load_u32(row + 4));
    }
    put_rest(self, "checkpoints", store->checkpoints_count);
    for (uint32_t doc = 0; doc < shown(self, store->documents); doc++) {
        gs_stored stored;
        GS_TRY(gs_store_read(store, self->decoder, doc, 0, UINT32_MAX, &stored, err));
        size_t prefix = self->options->all ? stored.text.len
                                           : gs_utf8_prefix(stored.text, GS_DUMP_SAMPLE);
        gs_buf_printf(&self->out, "text %u bytes=%u text=", doc, stored.text_len);
        gs_json_string(&self->out, gs_bytes_of(stored.text.ptr, prefix));
        gs_buf_str(&self->out, prefix < stored.text.len ? "…" : "");
        gs_buf_str(&self->out, " fields=");
        gs_json_string(&self->out, stored.fields);
        gs_buf_str(&self->out, "\n");
        GS_TRY(relieve(self, PIECE_BYTES, err));
    }
    put_rest(self, "texts", store->documents);
    return GSEARCH_OK;
}

/* ---- files ---- */

static gsearch_status put_segment(dump *self, const gs_segment *segment, gsearch_error *err)
{
    GS_TRY(put_container(self, segment->container, segment->file_bytes, err));
    put_meta(self, segment);
    GS_TRY(put_documents(self, segment, err));
    GS_TRY(put_characters(self, segment, err));
    GS_TRY(put_grams(self, segment, &segment->terms, "grams", err));
    GS_TRY(put_words(self, segment, err));
    GS_TRY(put_grams(self, segment, &segment->trigrams, "trigrams", err));
    return put_texts(self, segment, err);
}

static gsearch_status put_share(dump *self, const gs_deletes *deletes, gsearch_error *err)
{
    for (uint32_t i = 0; i < shown(self, deletes->grams_count); i++) {
        const uint8_t *row = deletes->grams + 12 * (size_t)i;
        gs_buf_str(&self->out, "gram_share ");
        put_gram(&self->out, gs_load_u64(row));
        gs_buf_printf(&self->out, " documents=%u\n", gs_load_u32(row + 8));
    }
    put_rest(self, "gram_shares", deletes->grams_count);
    for (uint32_t i = 0; i < shown(self, deletes->characters_count); i++) {
        const uint8_t *row = deletes->characters + 8 * (size_t)i;
        gs_buf_printf(&self->out, "character_share U+%04X documents=%u\n", gs_load_u32(row),
                      gs_load_u32(row + 4));
    }
    put_rest(self, "character_shares", deletes->characters_count);
    gs_strings words;
    GS_TRY(gs_strings_open(deletes->words, "SHAR", &words, err));
    for (uint32_t i = 0; i < shown(self, deletes->words_count); i++) {
        GS_TRY(put_string(self, "word_share ", &words, i, err));
        gs_buf_printf(&self->out, " documents=%u\n",
                      gs_load_u32(deletes->word_documents + 4 * (size_t)i));
    }
    put_rest(self, "word_shares", deletes->words_count);
    return relieve(self, PIECE_BYTES, err);
}

static gsearch_status put_deletes(dump *self, const gs_deletes *deletes, uint64_t length,
                                  gsearch_error *err)
{
    char hex[33];
    gs_hash128_text(deletes->segment, hex);
    GS_TRY(put_container(self, deletes->container, length, err));
    gs_buf_printf(&self->out, "deletes segment=%s documents=%u deleted=%u length=%" PRIu64 "\n",
                  hex, deletes->documents, deletes->deleted, deletes->deleted_length);
    uint64_t seen = 0;
    for (uint32_t doc = 0; doc < deletes->documents && seen < shown(self, deletes->deleted);
         doc++) {
        if (!gs_deletes_has(deletes, doc))
            continue;
        gs_buf_printf(&self->out, "deleted %u\n", doc);
        seen++;
        GS_TRY(relieve(self, PIECE_BYTES, err));
    }
    put_rest(self, "deleted", deletes->deleted);
    return put_share(self, deletes, err);
}

static gsearch_status put_inputs(dump *self, const gs_inputs *inputs, uint64_t length,
                                 gsearch_error *err)
{
    GS_TRY(put_container(self, inputs->container, length, err));
    for (uint32_t i = 0; i < shown(self, inputs->paths.count); i++) {
        gs_input input = gs_inputs_get(inputs, i);
        gs_buf_printf(&self->out,
                      "input %u size=%" PRIu64 " mtime_ns=%" PRId64 " hash=%016" PRIx64
                      " documents=%u shadowed=%u bad_record=%u empty=%u too_large=%u too_deep=%u",
                      i, input.size, input.mtime_ns, input.hash, input.documents, input.shadowed,
                      input.skipped[GS_INPUT_BAD_RECORD], input.skipped[GS_INPUT_EMPTY],
                      input.skipped[GS_INPUT_TOO_LARGE], input.skipped[GS_INPUT_TOO_DEEP]);
        GS_TRY(put_string(self, " path=", &inputs->paths, i, err));
        gs_buf_str(&self->out, "\n");
        GS_TRY(relieve(self, PIECE_BYTES, err));
    }
    put_rest(self, "inputs", inputs->paths.count);
    return GSEARCH_OK;
}

static gsearch_status dump_inputs(dump *self, const gs_manifest_file *file, gsearch_error *err)
{
    char name[64];
    gs_inputs inputs;
    gs_container_file_name(GS_INPUTS_PREFIX, file->id, GS_INPUTS_SUFFIX, name);
    GS_TRY(gs_inputs_open(self->dir, self->mem, name, file->length, file->id, &inputs, err));
    gsearch_status status = put_inputs(self, &inputs, file->length, err);
    gs_inputs_close(&inputs);
    return status;
}

static gsearch_status dump_segment(dump *self, const gs_manifest_segment *file, gsearch_error *err)
{
    gs_segment *segment;
    GS_TRY(gs_segment_open(self->dir, self->mem, file->segment.id, file->segment.length, true,
                           &segment, err));
    gsearch_status status = put_segment(self, segment, err);
    gs_segment_unref(segment);
    if (status || !file->deletes.length)
        return status;
    char name[64];
    gs_deletes *deletes;
    gs_container_file_name(GS_DELETES_PREFIX, file->deletes.id, GS_DELETES_SUFFIX, name);
    GS_TRY(gs_deletes_open(self->dir, self->mem, name, file->deletes.length, file->deletes.id,
                           file->segment.id, file->documents, true, &deletes, err));
    status = put_deletes(self, deletes, file->deletes.length, err);
    gs_deletes_unref(deletes);
    return status;
}

static gsearch_status dump_generation(dump *self, gs_manifest *manifest, gsearch_error *err)
{
    gs_buf_printf(&self->out, "file " GS_MANIFEST_PREFIX "%016" PRIx64 GS_MANIFEST_SUFFIX "\n",
                  manifest->generation);
    gs_manifest_format(manifest, &self->out); // is text already
    if (manifest->inputs.length)
        GS_TRY(dump_inputs(self, &manifest->inputs, err));
    for (uint32_t i = 0; i < manifest->segments_count; i++)
        GS_TRY(dump_segment(self, &manifest->segments[i], err));
    return relieve(self, 0, err);
}

gsearch_status gs_dump_index(gs_dir *dir, const gs_dump_options *options, gsearch_error *err)
{
    gs_manifest manifest;
    GS_TRY(gs_manifest_load(dir, options->mem, &manifest, err));
    dump self = {.options = options, .mem = options->mem, .dir = dir};
    self.decoder = gs_decoder_new(self.mem);
    gs_buf_init(&self.out, self.mem, SIZE_MAX);
    gs_buf_init(&self.string, self.mem, SIZE_MAX);
    gsearch_status status = self.decoder ? dump_generation(&self, &manifest, err)
                                         : gs_fail_memory(err);
    gs_decoder_free(self.decoder);
    gs_buf_release(&self.out);
    gs_buf_release(&self.string);
    gs_mem_free(self.mem, self.positions);
    return status;
}
