/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON lines as people read them.
 */
#ifndef GS_CLI_PLAIN_H
#define GS_CLI_PLAIN_H

#include "common/base/buf.h"
#include "common/base/fail.h"

/* Appends one JSON object, `line`, with a member a line: `name  value`, the names in a column. A
 * member that is an object follows with its own members indented. */
GS_CHECKED gsearch_status gs_plain_members(gs_buf *out, gs_bytes line, gsearch_error *err);

/* Appends each of the objects in `lines` as one line `name=value …`; below it, indented, a line
 * for each object in its arrays. */
GS_CHECKED gsearch_status gs_plain_steps(gs_buf *out, gs_bytes lines, gsearch_error *err);

/* Appends the JSON object that `line` holds as one line, `name=value …` unless `json`. `line` is
 * released. */
GS_CHECKED gsearch_status gs_plain_line(gs_buf *out, gs_buf *line, bool json, gsearch_error *err);

/* Appends a document: its fields, an empty line, its text. */
GS_CHECKED gsearch_status gs_plain_document(gs_buf *out, gs_bytes line, gsearch_error *err);

#endif
