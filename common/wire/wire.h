/* SPDX-License-Identifier: Apache-2.0
 *
 * The line protocol without sockets: bytes in, requests out; and how replies are written. Server,
 * client, tests and fuzzers share it. docs/PROTOCOL.md is the specification.
 */
#ifndef GS_WIRE_WIRE_H
#define GS_WIRE_WIRE_H

#include "common/base/buf.h"
#include "common/base/fail.h"
#include "gsearch/request.h"

typedef enum gs_verb {
#define GS_VERB_ROW(name, keys, text, summary) GS_VERB_##name,
#include "common/wire/commands.def"
    GS_VERB_COUNT_OF,
} gs_verb;

/* One parsed request line. `request.query` and `text` point into the line. */
typedef struct gs_command {
    gs_verb verb;
    gsearch_request request; /* keys, and the query of SEARCH, COUNT and EXPLAIN */
    gs_bytes text;           /* what follows the keys, without blanks at either end */
} gs_command;

/* The word of a verb, as in "SEARCH". */
const char *gs_verb_word(gs_verb verb);

/* The next line of a stream. */
typedef enum gs_line_state {
    GS_LINE_PARTIAL,  /* no line end yet */
    GS_LINE_COMPLETE, /* `line` is set, without its line end; `taken` bytes are used up */
    GS_LINE_TOO_LONG, /* more than `bytes_max` bytes before the line end, seen or not */
} gs_line_state;

/* Finds the line end in `data`, of which the first `scanned` bytes are known to have none. */
gs_line_state gs_wire_next_line(gs_bytes data, size_t scanned, size_t bytes_max, gs_bytes *line,
                                size_t *taken);

/* True if the first line of a connection opens another protocol (ends in " HTTP/x.y", begins with
 * another HTTP method, "SSH-", or a TLS hello): the connection is refused. `line` may be the
 * beginning of one that is not `complete`; false then means not known yet. */
bool gs_wire_is_foreign(gs_bytes line, bool complete);

/* Parses one line without its line end. BAD_ARGUMENT names the word at fault, LIMIT the limit and
 * its value. `line` must be followed by a zero byte. */
GS_CHECKED gsearch_status gs_wire_parse(gs_bytes line, gs_command *out, gsearch_error *err);

/* Appends the id that the text of a GET stands for: itself, or what it says as a JSON string. */
GS_CHECKED gsearch_status gs_wire_get_id(gs_bytes text, gs_buf *out, gsearch_error *err);

/* Writers, each appending whole lines. */
void gs_wire_put_error(gs_buf *out, const gsearch_error *err);
void gs_wire_put_head(gs_buf *out, const gsearch_results *head, bool with_hits);
void gs_wire_put_facets(gs_buf *out, const char *field, const gsearch_results *head);
void gs_wire_put_hit(gs_buf *out, const gsearch_hit *hit);
void gs_wire_put_end(gs_buf *out);
void gs_wire_put_help(gs_buf *out); /* the lines between OK and END */

/* The client's side: a SEARCH as one line; LIMIT if longer than GS_REQUEST_LINE_BYTES_MAX,
 * BAD_ARGUMENT if the query has a line end. */
GS_CHECKED gsearch_status gs_wire_put_request(gs_buf *out, const gsearch_request *request,
                                              gsearch_error *err);

#endif
