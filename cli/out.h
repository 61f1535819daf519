/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands say: data to stdout, talk to stderr.
 */
#ifndef GS_CLI_OUT_H
#define GS_CLI_OUT_H

#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/fail.h"

/* Prints `gsearch: word: message` to stderr and gives the exit code. */
int gs_out_fail(const gsearch_error *err);

/* Whether `stream` is a terminal that wants colour (NO_COLOR, TERM=dumb). */
bool gs_out_colour(FILE *stream);

/* Writes and empties `buf`; false if stdout is gone or the buffer failed. */
bool gs_out_write(gs_buf *buf);

/* Flushes stdout; IO if what was printed did not arrive (a full disk, say). A reader that went away
 * is no fault. */
GS_CHECKED gsearch_status gs_out_finish(gsearch_error *err);

/* The end of a command that gathers what it prints in `buf`: prints it, unless `status` is a
 * failure, which is reported; frees `buf` and gives the exit code. */
int gs_out_end(gs_buf *buf, gsearch_status status, gsearch_error *err);

/* Text as it can be shown on a terminal: control characters become spaces; in a block line ends and
 * tabs stay. */
void gs_out_text(gs_buf *out, gs_bytes text);
void gs_out_block(gs_buf *out, gs_bytes text);

/* An id alone on its line: as it is, or as a JSON string if it would not be one line otherwise.
 * Takes back what `gsearch show` is given. */
void gs_out_id(gs_buf *out, gs_bytes id);

/* The index folder: `dir` if given, else $GSEARCH_INDEX, else .gsearch. */
const char *gs_out_index_dir(const char *dir);

#endif
