/* SPDX-License-Identifier: Apache-2.0
 *
 * Every reply is taken from one snapshot, pinned when its first piece is made. A worker never waits
 * for a client: it makes a piece and leaves.
 */
#include "query/daemon/dispatch.h"

#include "common/base/limits.h"

#define PIECE_BYTES (64u << 10)

gsearch_status gs_answer_init(gs_answer *answer, gs_bytes line, gsearch_error *err)
{
    *answer = (gs_answer){0};
    gs_buf_init(&answer->out, NULL, GS_OUTPUT_BYTES_MAX);
    answer->line = gs_mem_dup(NULL, line);
    if (!answer->line)
        return gs_fail_memory(err);
    gsearch_error fault;
    if (gs_wire_parse(gs_bytes_of(answer->line, line.len), &answer->command, &fault))
        gs_answer_fail(answer, &fault);
    return GSEARCH_OK;
}

void gs_answer_pause(gs_answer *answer)
{
    if (answer->search)
        gs_search_pause(answer->search);
}

void gs_answer_release(gs_answer *answer)
{
    gs_search_close(answer->search);
    gs_buf_release(&answer->out);
    gs_mem_free(NULL, answer->line);
    *answer = (gs_answer){0};
}

/* There are no more rows. Pins a generation no longer than needed. */
static void end_search(gs_answer *answer)
{
    gs_search_close(answer->search);
    answer->search = NULL;
    answer->more = false;
    answer->bytes = 0;
}

void gs_answer_fail(gs_answer *answer, const gsearch_error *err)
{
    answer->status = err->code;
    gs_buf_reset(&answer->out);
    gs_wire_put_error(&answer->out, err);
    end_search(answer);
}

bool gs_answer_needs_index(const gs_answer *answer)
{
    if (answer->status)
        return false;
    switch (answer->command.verb) {
    case GS_VERB_SEARCH:
    case GS_VERB_COUNT:
    case GS_VERB_GET:
    case GS_VERB_EXPLAIN:
    case GS_VERB_SUGGEST:
        return true;
    default:
        return false;
    }
}

bool gs_answer_is_bulky(const gs_answer *answer)
{
    return answer->command.verb == GS_VERB_GET ||
           answer->command.request.limit == GSEARCH_LIMIT_ALL;
}

static gsearch_status put_rows(gs_answer *answer, gsearch_error *err)
{
    while (answer->out.len < PIECE_BYTES) {
        const gsearch_hit *hit;
        GS_TRY(gs_search_next(answer->search, &hit, err));
        if (!hit) {
            gs_wire_put_end(&answer->out);
            answer->more = false;
            return GSEARCH_OK;
        }
        gs_wire_put_hit(&answer->out, hit);
        if (answer->out.status)
            break;
    }
    answer->more = true;
    answer->bytes = gs_search_bytes(answer->search);
    return GSEARCH_OK;
}

static gsearch_status begin_search(gs_answer *answer, gs_snapshot *snapshot, gsearch_error *err)
{
    const gsearch_request *request = &answer->command.request;
    GS_TRY(gs_search_open(snapshot, request, &answer->cancel, &answer->search, err));
    const gsearch_results *head = gs_search_head(answer->search);
    gs_wire_put_head(&answer->out, head, true);
    if (request->facet)
        gs_wire_put_facets(&answer->out, request->facet, head);
    return put_rows(answer, err);
}

static gsearch_status count(gs_answer *answer, gs_snapshot *snapshot, gsearch_error *err)
{
    gsearch_request request = answer->command.request;
    request.limit = 0;
    request.snippet = false;
    GS_TRY(gs_search_open(snapshot, &request, &answer->cancel, &answer->search, err));
    gs_wire_put_head(&answer->out, gs_search_head(answer->search), false);
    gs_wire_put_end(&answer->out);
    return GSEARCH_OK;
}

static gsearch_status get(gs_answer *answer, gs_snapshot *snapshot, gsearch_error *err)
{
    gs_buf id;
    gs_buf_init(&id, NULL, GS_REQUEST_LINE_BYTES_MAX);
    gsearch_status status = gs_wire_get_id(answer->command.text, &id, err);
    if (status)
        goto out;
    gs_buf_str(&answer->out, "OK generation=");
    gs_buf_decimal(&answer->out, snapshot->manifest.generation);
    gs_buf_u8(&answer->out, '\n');
    status = gs_search_document(snapshot, gs_buf_view(&id), &answer->out, err);
    gs_wire_put_end(&answer->out);
out:
    gs_buf_release(&id);
    return status;
}

/* The rest: OK, the lines that the index gives, END. */
static gsearch_status describe(gs_answer *answer, gs_snapshot *snapshot, gsearch_error *err)
{
    const gs_command *command = &answer->command;
    gs_buf_str(&answer->out, "OK\n");
    if (command->verb == GS_VERB_EXPLAIN) {
        GS_TRY(gs_search_explain(snapshot, &command->request, &answer->out, err));
    } else {
        GS_TRY(
            gs_search_suggest(snapshot, command->text, command->request.limit, &answer->out, err));
    }
    gs_wire_put_end(&answer->out);
    return GSEARCH_OK;
}

static gsearch_status begin(gs_answer *answer, gs_snapshot *snapshot, gsearch_error *err)
{
    switch (answer->command.verb) {
    case GS_VERB_SEARCH:
        return begin_search(answer, snapshot, err);
    case GS_VERB_COUNT:
        return count(answer, snapshot, err);
    case GS_VERB_GET:
        return get(answer, snapshot, err);
    default:
        return describe(answer, snapshot, err);
    }
}

static gsearch_status check_out(const gs_answer *answer, gsearch_error *err)
{
    if (answer->out.status == GSEARCH_LIMIT) {
        return gs_fail(err, GSEARCH_LIMIT,
                       "the reply has more than %u bytes: ask for fewer rows, or read the document "
                       "with gsearch show",
                       GS_OUTPUT_BYTES_MAX);
    }
    return answer->out.status ? gs_fail_memory(err) : GSEARCH_OK;
}

void gs_answer_step(gs_answer *answer, gsearch_index *index)
{
    gsearch_error err;
    gsearch_status status;
    gs_error_clear(&err);
    if (answer->begun) {
        status = put_rows(answer, &err);
    } else {
        gs_snapshot *snapshot = gs_index_snapshot(index);
        status = begin(answer, snapshot, &err);
        gs_snapshot_unref(snapshot);
    }
    if (!status || answer->out.status)
        status = check_out(answer, &err);
    if (status) {
        answer->more = false;
        answer->status = status;
        answer->is_cut = answer->begun;
        if (!answer->begun)
            gs_answer_fail(answer, &err);
    }
    if (!answer->more)
        end_search(answer);
    answer->begun = true;
}
