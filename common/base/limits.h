/* SPDX-License-Identifier: Apache-2.0
 *
 * Every number that a user can run into, once. A message about one names it and its value.
 */
#ifndef GS_BASE_LIMITS_H
#define GS_BASE_LIMITS_H

#include <stdint.h>

/* requests */
#define GS_REQUEST_LINE_BYTES_MAX 65536u
#define GS_REQUEST_LINE_BYTES_BEFORE_AUTH_MAX 512u
#define GS_QUERY_TERMS_MAX 1024u
#define GS_QUERY_GRAMS_MAX 4096u
#define GS_QUERY_DEPTH_MAX 32u
#define GS_QUERY_COMPLETIONS_MAX 1024u /* words that a prefix may stand for */
#define GS_QUERY_PREFIX_BYTES_MAX 236u /* what the term of every longer word begins with */
#define GS_QUERY_NEAR_DISTANCE_MAX 1000u
#define GS_RESULT_ROWS_MAX 1000u        /* limit= */
#define GS_RESULT_WINDOW_MAX 10000u     /* offset + limit */
#define GS_QUERY_COST_MAX 50000000u     /* postings looked at */
#define GS_QUERY_TIME_MS_MAX 2000u
#define GS_QUERY_NEAR_TERMS_MAX 8u /* of one NEAR */
#define GS_QUERY_MEMORY_BYTES_MAX (1ull << 30)
#define GS_SNIPPET_CODE_POINTS_MAX 160u

/* documents */
#define GS_DOCUMENT_BYTES_MAX (64u << 20)
#define GS_ID_BYTES_MAX 4096u
#define GS_TERM_BYTES_MAX 255u
#define GS_TITLE_CODE_POINTS_MAX 200u
#define GS_WALK_DEPTH_MAX 64u

/* index */
#define GS_SEGMENT_POSITIONS_MAX UINT32_MAX
#define GS_SEGMENT_DOCUMENTS_MAX INT32_MAX
#define GS_SEGMENTS_MAX 64u
#define GS_MANIFEST_BYTES_MAX 65536u
#define GS_GENERATIONS_KEPT 2u
#define GS_MEMORY_BYTES_DEFAULT (256ull << 20)
#define GS_MEMORY_BYTES_MIN (16ull << 20)
#define GS_THREADS_MAX 64u

/* daemon */
#define GS_CONNECTIONS_MAX 12000u
#define GS_CONNECTIONS_BEFORE_AUTH_MAX 256u
#define GS_LISTENERS_MAX 16u
#define GS_AUTH_FAILURES_MAX 3u /* of one connection */
#define GS_PIPELINED_MAX 32u
#define GS_OUTPUT_PAUSE_BYTES (256u << 10) /* stop reading from this connection */
#define GS_OUTPUT_BYTES_MAX (4u << 20)     /* one reply that does not stream */
#define GS_OUTPUT_ALL_BYTES_MAX (256u << 20)
#define GS_WORK_QUEUE_MAX 1024u
#define GS_STREAMS_MAX 256u /* limit=all at the same time, all connections */
#define GS_STREAMS_BYTES_MAX (1u << 30) /* that the searches of all these keep */
#define GS_AUTH_TIMEOUT_MS 10000u /* to the right token, where one is asked for */
#define GS_LINE_TIMEOUT_MS 10000u
#define GS_IDLE_TIMEOUT_MS 300000u
#define GS_STALL_TIMEOUT_MS 30000u
#define GS_STALL_BYTES (64u << 10) /* or all that is left, are to be read in a stall timeout */
#define GS_STOP_TIMEOUT_MS 5000u
#define GS_RELOAD_POLL_MS 1000u
#define GS_TOKEN_BYTES_MAX 4096u

/* client */
#define GS_REPLY_BYTES_MAX (16u << 20)

#endif
