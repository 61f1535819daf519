/* SPDX-License-Identifier: Apache-2.0
 *
 * The public client: one request at a time over one connection.
 */
#include "gsearch/client.h"

#include "clients/c/channel.h"
#include "clients/c/reply.h"
#include "common/base/limits.h"
#include "common/base/request.h"
#include "common/wire/wire.h"

#define TIMEOUT_MS_DEFAULT 30000u

struct gsearch_client {
    gs_channel channel;
};

/* Results and the memory of all they point to. */
typedef struct client_answer {
    gsearch_results results; /* first: what the caller holds */
    gs_arena arena;
} client_answer;

gsearch_status gsearch_client_open(const char *address, unsigned timeout_ms, gsearch_client **out,
                                   gsearch_error *error)
{
    if (!address || !out)
        return gs_fail(error, GSEARCH_BAD_ARGUMENT, "address and out must not be NULL");
    gsearch_client *client = gs_mem_calloc(NULL, 1, sizeof(*client));
    if (!client)
        return gs_fail_memory(error);
    gsearch_status status = gs_channel_open(address, timeout_ms ? timeout_ms : TIMEOUT_MS_DEFAULT,
                                            &client->channel, error);
    if (status)
        gs_mem_free(NULL, client);
    else
        *out = client;
    return status;
}

void gsearch_client_close(gsearch_client *client)
{
    if (!client)
        return;
    gs_channel_close(&client->channel);
    gs_mem_free(NULL, client);
}

static gsearch_status check_open(const gsearch_client *client, gsearch_error *err)
{
    if (!client)
        return gs_fail(err, GSEARCH_BAD_ARGUMENT, "client must not be NULL");
    if (client->channel.fd < 0)
        return gs_fail(err, GSEARCH_IO, "the connection is lost: open a new one");
    return GSEARCH_OK;
}

/* After these nobody knows what the next bytes belong to. */
static void close_if_lost(gsearch_client *client, gsearch_status status)
{
    if (status == GSEARCH_IO || status == GSEARCH_TIMEOUT || status == GSEARCH_PROTOCOL ||
        status == GSEARCH_LINE_TOO_LONG || status == GSEARCH_NO_MEMORY)
        gs_channel_close(&client->channel);
}

static gsearch_status expect_end(gs_channel *channel, gsearch_error *err)
{
    gs_bytes line;
    GS_TRY(gs_channel_read_line(channel, &line, err));
    if (!gs_reply_is_end(line))
        return gs_fail(err, GSEARCH_PROTOCOL, "the daemon sent more lines than it announced");
    return GSEARCH_OK;
}

static gsearch_status present_token(gs_channel *channel, const char *token, gs_buf *request,
                                    gsearch_error *err)
{
    gs_bytes line;
    gs_buf_str(request, "AUTH -- ");
    gs_buf_str(request, token);
    gs_buf_u8(request, '\n');
    if (request->status)
        return gs_fail(err, GSEARCH_LIMIT, "the token does not fit into a request line");
    GS_TRY(gs_channel_send(channel, gs_buf_view(request), false, err));
    GS_TRY(gs_channel_read_line(channel, &line, err));
    GS_TRY(gs_reply_first(line, GS_REPLY_PLAIN, NULL, err));
    return expect_end(channel, err);
}

gsearch_status gsearch_client_auth(gsearch_client *client, const char *token, gsearch_error *error)
{
    GS_TRY(check_open(client, error));
    if (!token || !*token || strpbrk(token, "\r\n"))
        return gs_fail(error, GSEARCH_BAD_ARGUMENT, "the token must be one line");
    gs_buf request;
    gs_buf_init(&request, NULL, GS_REQUEST_LINE_BYTES_MAX);
    gsearch_status status = present_token(&client->channel, token, &request, error);
    gs_buf_release(&request);
    close_if_lost(client, status);
    return status;
}

/* Sends a search and reads up to its first row: `head` with facets, which are in the arena. */
static gsearch_status ask(gs_channel *channel, const gsearch_request *request, bool rearms,
                          gs_arena *arena, gsearch_results *head, gsearch_error *err)
{
    gs_bytes line;
    gs_buf text;
    // put_request names the limit of the line itself
    gs_buf_init(&text, NULL, SIZE_MAX);
    gsearch_status status = gs_wire_put_request(&text, request, err);
    if (!status)
        status = gs_channel_send(channel, gs_buf_view(&text), rearms, err);
    gs_buf_release(&text);
    GS_TRY(status);
    GS_TRY(gs_channel_read_line(channel, &line, err));
    GS_TRY(gs_reply_first(line, GS_REPLY_HEAD, head, err));
    if (request->facet) {
        GS_TRY(gs_channel_read_line(channel, &line, err));
        GS_TRY(gs_reply_facets(line, arena, head, err));
    }
    return GSEARCH_OK;
}

static gsearch_status read_hit(gs_channel *channel, gs_arena *arena, gsearch_hit *out,
                               gsearch_error *err)
{
    gs_bytes line;
    GS_TRY(gs_channel_read_line(channel, &line, err));
    return gs_reply_hit(line, arena, out, err);
}

/* ---- all at once --------------------------------------------------------------------------- */

static void release_answer(gsearch_results *results)
{
    client_answer *answer = (client_answer *)results;
    gs_arena_release(&answer->arena);
    gs_mem_free(NULL, answer);
}

static gsearch_status read_answer(gs_channel *channel, const gsearch_request *request,
                                  client_answer *answer, gsearch_error *err)
{
    gsearch_results *results = &answer->results;
    GS_TRY(ask(channel, request, false, &answer->arena, results, err));
    if (results->hits_count > GS_RESULT_ROWS_MAX)
        return gs_fail(err, GSEARCH_PROTOCOL, "the daemon announced more rows than asked for");
    gsearch_hit *hits = gs_arena_calloc(&answer->arena, results->hits_count + 1, sizeof(*hits));
    if (!hits)
        return gs_fail_memory(err);
    for (size_t i = 0; i < results->hits_count; i++)
        GS_TRY(read_hit(channel, &answer->arena, &hits[i], err));
    results->hits = hits;
    return expect_end(channel, err);
}

gsearch_status gsearch_client_search(gsearch_client *client, const gsearch_request *request,
                                     gsearch_results **out, gsearch_error *error)
{
    GS_TRY(check_open(client, error));
    gsearch_request known;
    GS_TRY(gs_request_take(request, &known, error));
    if (!out || known.limit == GSEARCH_LIMIT_ALL) {
        return gs_fail(error, GSEARCH_BAD_ARGUMENT,
                       "GSEARCH_LIMIT_ALL is for gsearch_client_search_each, and out must not be "
                       "NULL");
    }
    client_answer *answer = gs_mem_calloc(NULL, 1, sizeof(*answer));
    if (!answer)
        return gs_fail_memory(error);
    // what is read is bounded by GS_REPLY_BYTES_MAX; as structs it takes at most a few times that
    gs_arena_init(&answer->arena, NULL, 4 * (size_t)GS_REPLY_BYTES_MAX);
    gsearch_status status = read_answer(&client->channel, &known, answer, error);
    answer->results.release = release_answer;
    if (status) {
        close_if_lost(client, status);
        release_answer(&answer->results);
    } else {
        *out = &answer->results;
    }
    return status;
}

/* ---- row by row ---------------------------------------------------------------------------- */

/* Reads what is left of a reply that the caller wants no more of; a long rest is not worth it. */
static gsearch_status skip_rest(gs_channel *channel, gsearch_error *err)
{
    gs_bytes line;
    channel->rearms = false;
    channel->reply_bytes = 0;
    do {
        GS_TRY(gs_channel_read_line(channel, &line, err));
    } while (!gs_reply_is_end(line));
    return GSEARCH_OK;
}

static gsearch_status read_rows(gs_channel *channel, gs_arena *arena, const gsearch_results *head,
                                gsearch_on_hit on_hit, void *payload, bool *stopped,
                                gsearch_error *err)
{
    for (uint64_t i = 0; i < head->hits_count && !*stopped; i++) {
        gsearch_hit hit;
        gs_arena_reset(arena);
        GS_TRY(read_hit(channel, arena, &hit, err));
        *stopped = on_hit && !on_hit(&hit, payload);
    }
    return *stopped ? GSEARCH_OK : expect_end(channel, err);
}

gsearch_status gsearch_client_search_each(gsearch_client *client, const gsearch_request *request,
                                          gsearch_on_head on_head, gsearch_on_hit on_hit,
                                          void *payload, gsearch_error *error)
{
    GS_TRY(check_open(client, error));
    gsearch_request known;
    GS_TRY(gs_request_take(request, &known, error));
    gs_channel *channel = &client->channel;
    gsearch_results head;
    gs_arena arena;
    bool stopped = false;
    gs_arena_init(&arena, NULL, 4 * (size_t)GS_REPLY_BYTES_MAX);
    gsearch_status status = ask(channel, &known, true, &arena, &head, error);
    if (!status) {
        stopped = on_head && !on_head(&head, payload);
        if (!stopped)
            status = read_rows(channel, &arena, &head, on_hit, payload, &stopped, error);
    }
    gs_arena_release(&arena);
    close_if_lost(client, status);
    // the caller has what it wanted, whatever becomes of the connection
    if (!status && stopped && skip_rest(channel, NULL))
        gs_channel_close(channel);
    return status;
}
