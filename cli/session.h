/* SPDX-License-Identifier: Apache-2.0
 *
 * What commands that read an index begin and end with.
 */
#ifndef GS_CLI_SESSION_H
#define GS_CLI_SESSION_H

#include "query/index.h"

/* An index and the generation that the command looks at. */
typedef struct gs_session {
    gsearch_index *index;
    gs_snapshot *snapshot;
} gs_session;

/* Opens the index that -d (NULL if not given) names, and warns on stderr if its newest generation
 * is damaged. NO_INDEX; never makes anything. */
GS_CHECKED gsearch_status gs_session_open(const char *dir, gs_session *out, gsearch_error *err);
void gs_session_close(gs_session *session);

/* The same warning for commands that open the folder in another way. Any other fault is theirs to
 * find. */
void gs_session_warn(const char *dir);

/* The words, joined by a space; a single `-` is standard input without its last line end. The
 * caller frees it with gs_mem_free(NULL, …). */
GS_CHECKED gsearch_status gs_session_words(char **words, int count, char **out,
                                           gsearch_error *err);

/* The words of --match; NULL: exact. BAD_ARGUMENT. */
GS_CHECKED gsearch_status gs_session_match(const char *word, gsearch_match *out,
                                           gsearch_error *err);

#endif
