/* SPDX-License-Identifier: Apache-2.0
 *
 * Owns the way from documents to postings. Every document adds its tokens to one array; when it is
 * full it is inverted: grams go into bins, words into pairs that become a run when there is no more
 * room for them. The last token stays behind as the neighbour of the next one. Start with
 * gs_batch_add.
 */
#include "indexer/batch.h"

#include "common/base/limits.h"
#include "common/text/analyzer.h"
#include "indexer/batchparts.h"

#define CODES_AT_ONCE 4096u
#define TOKENS_CAPACITY 32768u
#define FIXED_BYTES ((size_t)6 << 20) /* tables by code point, tails of streams, zstd */
#define WORDS_SHARE 8u                /* of the rest, for the table of words, */
#define PAIRS_SHARE 8u                /* for sorting them, */
#define BINS_SHARE 2u                 /* and for the postings of grams */

_Static_assert(GS_ANALYZER_BREAK == GS_TOKEN_U32_BREAK, "codes of the analyser are tokens");

/* One text of a document on its way to tokens. */
typedef struct text_field {
    gs_title_range title; /* the bytes whose tokens are the title */
    uint32_t document_start;
    uint32_t title_positions;
    bool has_tokens;
    bool is_past_title; /* the last token that is no break stands behind the title */
    bool break_waits; /* becomes a token if another one follows */
    bool break_in_title;
    bool has_checkpoints;
    gs_checkpoint checkpoint; /* the last one */
    uint32_t checkpoints_count;
} text_field;

/* ---- making and freeing ---- */

static gsearch_status open_work(gs_batch *batch, size_t memory_bytes, gsearch_error *err)
{
    gs_batch_work *work = batch->work;
    const gs_mem *mem = batch->mem;
    gs_buf_init(&work->source, mem, GS_ID_BYTES_MAX);
    gs_buf_init(&work->record, mem, GS_SPILL_TAIL_BYTES_MAX);
    gs_buf_init(&work->checkpoints, mem, GS_DOCUMENT_BYTES_MAX);
    work->before = GS_TOKEN_U32_GAP;
    size_t share = memory_bytes > FIXED_BYTES ? memory_bytes - FIXED_BYTES : 0;
    work->tokens = gs_mem_alloc(mem, TOKENS_CAPACITY * sizeof(*work->tokens));
    work->characters = gs_mem_calloc(mem, GS_CHARACTERS_END, sizeof(*work->characters));
    if (batch->with_text)
        work->packer = gs_store_packer_new(mem, GS_TEXT_LEVEL);
    if (!work->tokens || !work->characters || (batch->with_text && !work->packer))
        return gs_fail_memory(err);
    GS_TRY(gs_words_init(&work->words, mem, share / WORDS_SHARE, err));
    GS_TRY(gs_bins_init(&batch->grams, &batch->file, mem, share / BINS_SHARE, err));
    size_t pairs = share / PAIRS_SHARE / GS_INVERTER_PAIR_BYTES;
    pairs = pairs < 2 * TOKENS_CAPACITY ? 2 * TOKENS_CAPACITY : pairs;
    return gs_inverter_init(&work->inverter, mem, &batch->grams, pairs, err);
}

static void close_work(gs_batch *batch)
{
    gs_batch_work *work = batch->work;
    if (!work)
        return;
    gs_store_packer_free(work->packer);
    gs_mem_free(batch->mem, work->tokens);
    gs_mem_free(batch->mem, work->characters);
    gs_words_release(&work->words);
    gs_inverter_release(&work->inverter);
    gs_buf_release(&work->source);
    gs_buf_release(&work->record);
    gs_buf_release(&work->checkpoints);
    gs_mem_free(batch->mem, work);
    batch->work = NULL;
}

gsearch_status gs_batch_new(gs_dir *dir, const gs_mem *mem, size_t memory_bytes, bool with_text,
                            gs_batch **out, gsearch_error *err)
{
    gs_batch *batch = gs_mem_calloc(mem, 1, sizeof(*batch));
    gs_batch_work *work = gs_mem_calloc(mem, 1, sizeof(*work));
    if (!batch || !work) {
        gs_mem_free(mem, batch);
        gs_mem_free(mem, work);
        return gs_fail_memory(err);
    }
    batch->mem = mem;
    batch->with_text = with_text;
    batch->memory_bytes = memory_bytes;
    batch->work = work;
    batch->file.dir = dir;
    gs_spill_init(&batch->records, &batch->file, mem);
    gs_spill_init(&batch->text, &batch->file, mem);
    gsearch_status status = open_work(batch, memory_bytes, err);
    if (status) {
        gs_batch_free(batch);
        return status;
    }
    *out = batch;
    return GSEARCH_OK;
}

void gs_batch_free(gs_batch *batch)
{
    if (!batch)
        return;
    close_work(batch);
    gs_spill_release(&batch->records);
    gs_spill_release(&batch->text);
    for (size_t i = 0; i < batch->runs_count; i++)
        gs_spill_release(&batch->runs[i].bytes);
    gs_mem_free(batch->mem, batch->runs);
    gs_bins_release(&batch->grams);
    gs_mem_free(batch->mem, batch->frequencies);
    gs_scratch_close(batch->file.scratch);
    gs_mem_free(batch->mem, batch);
}

uint32_t gs_batch_documents(const gs_batch *batch)
{
    return batch->documents;
}

/* ---- runs ---- */

static gsearch_status add_run(gs_batch *batch, gs_run **out, gsearch_error *err)
{
    if (!gs_mem_grow(batch->mem, (void **)&batch->runs, &batch->runs_capacity,
                     batch->runs_count + 1, SIZE_MAX / sizeof(*batch->runs), sizeof(*batch->runs)))
        return gs_fail_memory(err);
    gs_run *run = &batch->runs[batch->runs_count++];
    gs_spill_init(&run->bytes, &batch->file, batch->mem);
    *out = run;
    return GSEARCH_OK;
}

/* Inverts the first `count` tokens. */
static gsearch_status invert(gs_batch *batch, size_t count, uint32_t after, gsearch_error *err)
{
    gs_batch_work *work = batch->work;
    gs_token_slice slice = {
        .tokens = work->tokens,
        .count = count,
        .before = work->before,
        .after = after,
        .position = work->position,
    };
    GS_TRY(gs_inverter_add(&work->inverter, &slice, err));
    if (count)
        work->before = slice.tokens[count - 1];
    work->position += (uint32_t)count;
    return GSEARCH_OK;
}

/* Writes the words of all tokens that were inverted as a run, and empties their table. */
static gsearch_status end_run(gs_batch *batch, gsearch_error *err)
{
    gs_batch_work *work = batch->work;
    if (work->inverter.pairs_count) {
        gs_run *run = NULL;
        GS_TRY(add_run(batch, &run, err));
        gs_words_rank(&work->words);
        GS_TRY(gs_inverter_run(&work->inverter, &work->words, work->run_base, run, err));
    }
    gs_words_reset(&work->words);
    work->run_base = work->position;
    return GSEARCH_OK;
}

/* The same while one token is left, whose number is that of a word in the table. */
static gsearch_status end_run_early(gs_batch *batch, gsearch_error *err)
{
    gs_batch_work *work = batch->work;
    uint32_t *last = &work->tokens[0], number;
    if (!(*last & GS_TOKEN_U32_WORD))
        return end_run(batch, err);
    uint8_t kept[GS_TERM_BYTES_MAX];
    gs_bytes word = gs_words_get(&work->words, *last & ~GS_TOKEN_U32_WORD);
    memcpy(kept, word.ptr, word.len);
    GS_TRY(end_run(batch, err));
    if (!gs_words_intern(&work->words, gs_bytes_of(kept, word.len), &number))
        return gs_fail_memory(err);
    *last = GS_TOKEN_U32_WORD | number;
    return GSEARCH_OK;
}

/* Inverts all tokens but the last, whose lists depend on the one that follows. */
static gsearch_status drain(gs_batch *batch, gsearch_error *err)
{
    gs_batch_work *work = batch->work;
    size_t count = work->tokens_count - 1;
    uint32_t last = work->tokens[count];
    GS_TRY(invert(batch, count, last, err));
    work->tokens[0] = last;
    work->tokens_count = 1;
    return gs_inverter_room(&work->inverter) < TOKENS_CAPACITY ? end_run_early(batch, err)
                                                               : GSEARCH_OK;
}

/* ---- tokens ---- */

static uint32_t next_position(const gs_batch *batch)
{
    return batch->work->position + (uint32_t)batch->work->tokens_count;
}

static gsearch_status put(gs_batch *batch, uint32_t token, gsearch_error *err)
{
    gs_batch_work *work = batch->work;
    if (work->tokens_count == TOKENS_CAPACITY)
        GS_TRY(drain(batch, err));
    work->tokens[work->tokens_count++] = token;
    return GSEARCH_OK;
}

/* Notes that the document holds these characters; breaks are passed over. */
static gsearch_status note_characters(gs_batch *batch, const uint32_t *codes, size_t count,
                                      gsearch_error *err)
{
    gs_batch_character *characters = batch->work->characters;
    uint32_t document = batch->documents + 1;
    for (size_t i = 0; i < count; i++) {
        if (codes[i] == GS_ANALYZER_BREAK)
            continue;
        if (codes[i] >= GS_CHARACTERS_END)
            return gs_fail(err, GSEARCH_INTERNAL, "the analyser gave U+%X as a CJK character",
                           codes[i]);
        gs_batch_character *character = &characters[codes[i]];
        character->documents += character->last_document != document;
        character->last_document = document;
    }
    return GSEARCH_OK;
}

static gsearch_status put_character(gs_batch *batch, uint32_t code_point, gsearch_error *err)
{
    GS_TRY(note_characters(batch, &code_point, 1, err));
    return put(batch, code_point, err);
}

static gsearch_status put_word(gs_batch *batch, gs_bytes term, gsearch_error *err)
{
    gs_batch_work *work = batch->work;
    // first the room: making it gives words new numbers
    if (work->tokens_count == TOKENS_CAPACITY)
        GS_TRY(drain(batch, err));
    uint32_t number;
    if (!gs_words_intern(&work->words, term, &number)) {
        GS_TRY(drain(batch, err));
        GS_TRY(end_run_early(batch, err));
        if (!gs_words_intern(&work->words, term, &number))
            return gs_fail_memory(err);
    }
    work->tokens[work->tokens_count++] = GS_TOKEN_U32_WORD | number;
    return GSEARCH_OK;
}

static void add_checkpoint(gs_batch *batch, text_field *field, const gs_token *token)
{
    gs_checkpoint next = {
        .position = next_position(batch) - field->document_start,
        .byte = token->byte_start,
    };
    gs_buf_varint(&batch->work->checkpoints, next.position - field->checkpoint.position);
    gs_buf_varint(&batch->work->checkpoints, next.byte - field->checkpoint.byte);
    field->checkpoint = next;
    field->checkpoints_count++;
}

static gsearch_status add_token(gs_batch *batch, text_field *field, const gs_token *token,
                                gsearch_error *err)
{
    bool in_title = token->byte_start >= field->title.byte_start &&
                    token->byte_start < field->title.byte_end;
    if (token->kind == GS_TOKEN_BREAK) {
        // breaks at the ends of a field are in no list and take no position
        field->break_waits = field->has_tokens;
        field->break_in_title = in_title;
        return GSEARCH_OK;
    }
    if (field->break_waits) {
        GS_TRY(put(batch, GS_TOKEN_U32_BREAK, err));
        field->break_waits = false;
        if (field->break_in_title)
            field->title_positions = next_position(batch) - field->document_start;
    }
    if (token->restart && field->has_checkpoints &&
        token->byte_start - field->checkpoint.byte >= GS_CHECKPOINT_BYTES)
        add_checkpoint(batch, field, token);
    if (token->kind == GS_TOKEN_CJK)
        GS_TRY(put_character(batch, token->code_point, err));
    else
        GS_TRY(put_word(batch, token->term, err));
    field->has_tokens = true;
    field->is_past_title = token->byte_start >= field->title.byte_end;
    if (in_title)
        field->title_positions = next_position(batch) - field->document_start;
    return GSEARCH_OK;
}

/* Plain text behind a token of the field that is not in its title, up to where a checkpoint is due:
 * straight into the array. */
static gsearch_status add_plain(gs_batch *batch, const text_field *field, gs_analyzer *analyzer,
                                gsearch_error *err)
{
    gs_batch_work *work = batch->work;
    size_t restart = SIZE_MAX, room = TOKENS_CAPACITY - work->tokens_count;
    if (field->has_checkpoints)
        restart = field->checkpoint.byte + (size_t)GS_CHECKPOINT_BYTES;
    uint32_t *codes = work->tokens + work->tokens_count;
    size_t count = gs_analyzer_plain(analyzer, restart, codes,
                                     room < CODES_AT_ONCE ? room : CODES_AT_ONCE);
    work->tokens_count += count;
    return note_characters(batch, codes, count, err);
}

static gsearch_status add_text(gs_batch *batch, gs_bytes text, text_field *field,
                               gsearch_error *err)
{
    gs_analyzer analyzer;
    gs_token tokens[GS_ANALYZER_TOKENS_MIN];
    gs_analyzer_start(&analyzer, text, 0, 0);
    for (;;) {
        // each token may bring a break; a field break and a separator follow
        if (next_position(batch) >
            GS_SEGMENT_POSITIONS_MAX - CODES_AT_ONCE - 2 * (GS_ANALYZER_TOKENS_MIN + 1))
            return gs_fail(err, GSEARCH_LIMIT, "a batch is over %u positions: use smaller batches",
                           GS_SEGMENT_POSITIONS_MAX);
        if (field->is_past_title)
            GS_TRY(add_plain(batch, field, &analyzer, err));
        size_t count = gs_analyzer_next(&analyzer, tokens, GS_ANALYZER_TOKENS_MIN);
        if (count == 0)
            return GSEARCH_OK;
        for (size_t i = 0; i < count; i++)
            GS_TRY(add_token(batch, field, &tokens[i], err));
    }
}

/* ---- documents ---- */

/* Moves the record that was built to the stream of records. */
static gsearch_status end_record(gs_batch *batch, gsearch_error *err)
{
    gs_buf *record = &batch->work->record;
    if (record->status)
        return gs_fail_memory(err);
    gs_buf_u32(&batch->records.tail, (uint32_t)record->len);
    gs_buf_bytes(&batch->records.tail, gs_buf_view(record));
    gs_buf_reset(record);
    return gs_spill_relieve(&batch->records, err);
}

static gsearch_status write_source(gs_batch *batch, gsearch_error *err)
{
    gs_batch_work *work = batch->work;
    gs_buf_u8(&work->record, GS_BATCH_RECORD_SOURCE);
    gs_buf_bytes(&work->record, gs_buf_view(&work->source));
    work->source_is_new = false;
    return end_record(batch, err);
}

static gsearch_status write_record(gs_batch *batch, const gs_document *document,
                                   const text_field *field, gsearch_error *err)
{
    gs_batch_work *work = batch->work;
    gs_buf *record = &work->record;
    gs_bytes title = document->title;
    if (!document->has_title)
        title = gs_bytes_of(document->text.ptr + field->title.byte_start,
                            field->title.byte_end - field->title.byte_start);
    gs_buf_u8(record, GS_BATCH_RECORD_DOCUMENT);
    gs_buf_varint(record, next_position(batch) - field->document_start);
    gs_buf_varint(record, field->title_positions);
    gs_buf_varint(record, document->has_title ? GS_DOC_TITLE_IS_FIELD : 0);
    gs_buf_varint(record, document->date);
    gs_buf_varint(record, document->text.len);
    gs_buf_varint(record, document->id.len);
    gs_buf_varint(record, title.len);
    gs_buf_varint(record, field->checkpoints_count);
    gs_buf_bytes(record, document->id);
    gs_buf_bytes(record, title);
    gs_buf_bytes(record, gs_buf_view(&work->checkpoints));
    if (work->checkpoints.status)
        return gs_fail_memory(err);
    gs_buf_reset(&work->checkpoints);
    return end_record(batch, err);
}

static gsearch_status check_document(const gs_batch *batch, const gs_document *document,
                                     gsearch_error *err)
{
    if (document->id.len == 0)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "a document needs an id");
    if (document->id.len > GS_ID_BYTES_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "an id is %zu bytes, the most is %u", document->id.len,
                       GS_ID_BYTES_MAX);
    if (document->text.len > GS_DOCUMENT_BYTES_MAX || document->title.len > GS_DOCUMENT_BYTES_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "document %.*s is over %u bytes",
                       (int)document->id.len, (const char *)document->id.ptr,
                       GS_DOCUMENT_BYTES_MAX);
    if (batch->documents == GS_SEGMENT_DOCUMENTS_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "a batch is over %d documents: use smaller batches",
                       GS_SEGMENT_DOCUMENTS_MAX);
    return GSEARCH_OK;
}

gsearch_status gs_batch_source(gs_batch *batch, gs_bytes path, gsearch_error *err)
{
    gs_batch_work *work = batch->work;
    if (path.len > GS_ID_BYTES_MAX)
        return gs_fail(err, GSEARCH_LIMIT, "a path is %zu bytes, the most is %u", path.len,
                       GS_ID_BYTES_MAX);
    if (gs_bytes_equal(gs_buf_view(&work->source), path))
        return GSEARCH_OK;
    gs_buf_reset(&work->source);
    gs_buf_bytes(&work->source, path);
    work->source_is_new = true;
    return work->source.status ? gs_fail_memory(err) : GSEARCH_OK;
}

/* The fields of a document, one behind the other. */
static gsearch_status add_fields(gs_batch *batch, const gs_document *document, text_field *field,
                                 gsearch_error *err)
{
    field->document_start = next_position(batch);
    if (document->has_title) {
        GS_TRY(add_text(batch, document->title, field, err));
        field->title_positions = next_position(batch) - field->document_start;
        GS_TRY(put(batch, GS_TOKEN_U32_GAP, err));
        field->has_tokens = field->break_waits = field->is_past_title = false;
    } else {
        field->title = gs_title_find(document->text);
    }
    field->has_checkpoints = batch->with_text;
    return add_text(batch, document->text, field, err);
}

gsearch_status gs_batch_add(gs_batch *batch, const gs_document *document, gsearch_error *err)
{
    GS_TRY(check_document(batch, document, err));
    if (batch->work->source_is_new || !batch->documents)
        GS_TRY(write_source(batch, err));
    text_field field = {0};
    GS_TRY(add_fields(batch, document, &field, err));
    GS_TRY(write_record(batch, document, &field, err));
    GS_TRY(put(batch, GS_TOKEN_U32_GAP, err));
    if (batch->with_text) {
        GS_TRY(gs_store_packer_add(batch->work->packer, document->text, document->fields,
                                   &batch->text.tail, err));
        GS_TRY(gs_spill_relieve(&batch->text, err));
    }
    batch->documents++;
    batch->positions = next_position(batch);
    return GSEARCH_OK;
}

gsearch_status gs_batch_cut(gs_batch *batch, gsearch_error *err)
{
    if (!batch->with_text)
        return GSEARCH_OK;
    GS_TRY(gs_store_packer_flush(batch->work->packer, &batch->text.tail, err));
    return gs_spill_relieve(&batch->text, err);
}

/* ---- the end ---- */

static gsearch_status keep_frequencies(gs_batch *batch, gsearch_error *err)
{
    const gs_batch_character *characters = batch->work->characters;
    size_t count = 0;
    for (uint32_t i = 0; i < GS_CHARACTERS_END; i++)
        count += characters[i].documents > 0;
    batch->frequencies = gs_mem_alloc(batch->mem, count * sizeof(*batch->frequencies));
    if (!batch->frequencies)
        return gs_fail_memory(err);
    for (uint32_t i = 0; i < GS_CHARACTERS_END; i++)
        if (characters[i].documents)
            batch->frequencies[batch->frequencies_count++] =
                (gs_batch_frequency){.code_point = i, .documents = characters[i].documents};
    return GSEARCH_OK;
}

gsearch_status gs_batch_finish(gs_batch *batch, gsearch_error *err)
{
    GS_TRY(gs_batch_cut(batch, err));
    GS_TRY(invert(batch, batch->work->tokens_count, GS_TOKEN_U32_GAP, err));
    GS_TRY(end_run(batch, err));
    GS_TRY(gs_bins_seal(&batch->grams, err));
    GS_TRY(keep_frequencies(batch, err));
    GS_TRY(gs_spill_seal(&batch->records, err));
    GS_TRY(gs_spill_seal(&batch->text, err));
    close_work(batch);
    return GSEARCH_OK;
}
