/* SPDX-License-Identifier: Apache-2.0
 *
 * The one list of statuses. It gives the enum, the exit code of the programs, the word on the
 * wire and a short text; nothing else in the project spells any of them.
 */
#ifndef GSEARCH_STATUS_H
#define GSEARCH_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* NAME, number, exit code, wire word, text. Numbers are stable. */
#define GSEARCH_STATUS_LIST(X)                                                                     \
    X(OK, 0, 0, "ok", "done")                                                                      \
    X(BAD_ARGUMENT, 1, 2, "bad-argument", "bad argument")                                          \
    X(BAD_QUERY, 2, 2, "bad-query", "the query does not parse")                                    \
    X(LIMIT, 3, 2, "limit", "over a limit")                                                        \
    X(CORRUPT, 4, 65, "corrupt", "the index is damaged")                                           \
    X(VERSION, 5, 65, "version", "the index has another format version")                           \
    X(ANALYZER, 6, 65, "analyzer", "the index was made by another analyser")                       \
    X(NOT_FOUND, 7, 66, "not-found", "not found")                                                  \
    X(NO_INDEX, 8, 66, "no-index", "no index here")                                                \
    X(INTERNAL, 9, 70, "internal", "internal error")                                               \
    X(NO_MEMORY, 10, 71, "no-memory", "out of memory")                                             \
    X(IO, 11, 74, "io", "input/output error")                                                      \
    X(NO_SPACE, 12, 74, "no-space", "no space left")                                               \
    X(LOCKED, 13, 75, "locked", "the index is being written")                                      \
    X(BUSY, 14, 75, "busy", "busy, try again later")                                               \
    X(TIMEOUT, 15, 75, "timeout", "took too long")                                                 \
    X(BUDGET, 16, 75, "budget", "the query costs too much")                                        \
    X(PROTOCOL, 17, 76, "protocol", "not the gsearch line protocol")                               \
    X(LINE_TOO_LONG, 18, 76, "line-too-long", "request line too long")                             \
    X(DENIED, 19, 77, "denied", "permission denied")

typedef enum gsearch_status {
#define GSEARCH_STATUS_ENUM(name, number, exit_code, word, text) GSEARCH_##name = (number),
    GSEARCH_STATUS_LIST(GSEARCH_STATUS_ENUM)
#undef GSEARCH_STATUS_ENUM
} gsearch_status;

/* What went wrong, on the caller's stack. `message` names the object, the reason and the next
 * step, in UTF-8, and is always terminated. */
typedef struct gsearch_error {
    gsearch_status code;
    int sys_errno;      /* errno behind it, or 0 */
    int64_t offset;     /* byte offset in the query for BAD_QUERY, else -1 */
    char message[232];
} gsearch_error;

/* The word that a status has on the wire, the exit code of the programs, its short text. Any
 * number is accepted; an unknown one reads as INTERNAL. */
static inline const char *gsearch_status_word(gsearch_status status)
{
    switch (status) {
#define GSEARCH_STATUS_CASE(name, number, exit_code, word, text)                                   \
    case GSEARCH_##name:                                                                           \
        return word;
        GSEARCH_STATUS_LIST(GSEARCH_STATUS_CASE)
#undef GSEARCH_STATUS_CASE
    }
    return "internal";
}

static inline int gsearch_status_exit(gsearch_status status)
{
    switch (status) {
#define GSEARCH_STATUS_CASE(name, number, exit_code, word, text)                                   \
    case GSEARCH_##name:                                                                           \
        return exit_code;
        GSEARCH_STATUS_LIST(GSEARCH_STATUS_CASE)
#undef GSEARCH_STATUS_CASE
    }
    return 70;
}

static inline const char *gsearch_status_text(gsearch_status status)
{
    switch (status) {
#define GSEARCH_STATUS_CASE(name, number, exit_code, word, text)                                   \
    case GSEARCH_##name:                                                                           \
        return text;
        GSEARCH_STATUS_LIST(GSEARCH_STATUS_CASE)
#undef GSEARCH_STATUS_CASE
    }
    return "internal error";
}

#ifdef __cplusplus
}
#endif

#endif
