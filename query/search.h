/* SPDX-License-Identifier: Apache-2.0
 *
 * A request against a snapshot, as a cursor: open runs the query and ranks every match wanted, next
 * fills in one row at a time. gsearch_search, the daemon and the command line are all built on it.
 */
#ifndef GS_QUERY_SEARCH_H
#define GS_QUERY_SEARCH_H

#include "query/index.h"

typedef struct gs_search gs_search;

/* Runs `request` on the snapshot, which it pins until gs_search_close. `cancel`, if given, ends the
 * search with TIMEOUT when it becomes non-zero, and lives until gs_search_close too. */
GS_CHECKED gsearch_status gs_search_open(gs_snapshot *snapshot, const gsearch_request *request,
                                         const volatile int *cancel, gs_search **out,
                                         gsearch_error *err);
/* total, took_us, generation, facets, and in hits_count the rows to come; hits is NULL. */
const gsearch_results *gs_search_head(const gs_search *search);
/* The next row, valid until the next call; NULL in `*hit` at the end. One thread at a time, which
 * need not be the one that opened it. */
GS_CHECKED gsearch_status gs_search_next(gs_search *search, const gsearch_hit **hit,
                                         gsearch_error *err);
/* For a search whose next row is not wanted soon: keeps 16 bytes a match and what describes the
 * query, and ends the row. The next call of gs_search_next takes up the rest again. */
void gs_search_pause(gs_search *search);
/* What it keeps until it is closed, paused or not. */
uint64_t gs_search_bytes(const gs_search *search);
void gs_search_close(gs_search *search);

/* Appends one JSON line (with its '\n'): the document with id, title, text, date, fields.
 * NOT_FOUND. */
GS_CHECKED gsearch_status gs_search_document(gs_snapshot *snapshot, gs_bytes id, gs_buf *out,
                                             gsearch_error *err);
/* Appends JSON lines: the plan of the query, a line a step, then its cost when run. */
GS_CHECKED gsearch_status gs_search_explain(gs_snapshot *snapshot, const gsearch_request *request,
                                            gs_buf *out, gsearch_error *err);
/* Appends JSON lines {"text":…,"documents":…}: what the prefix could become, most documents first,
 * then bytewise; at most `limit`. */
GS_CHECKED gsearch_status gs_search_suggest(gs_snapshot *snapshot, gs_bytes prefix, uint64_t limit,
                                            gs_buf *out, gsearch_error *err);
/* Appends one JSON line: sizes and counts of the generation. */
GS_CHECKED gsearch_status gs_search_describe(gs_snapshot *snapshot, gs_buf *out,
                                             gsearch_error *err);

#endif
