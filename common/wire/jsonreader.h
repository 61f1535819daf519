/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the JSON of a reply or an ID: one value at a time from a bounded slice, without
 * recursion. The first fault makes the cursor bad, and every later read gives nothing.
 */
#ifndef GS_WIRE_JSONREADER_H
#define GS_WIRE_JSONREADER_H

#include "common/base/buf.h"

/* Passes over blanks, then takes `byte` if it is next. */
bool gs_json_take(gs_cursor *cursor, char byte);
/* The same, but a fault if it is not next. */
void gs_json_expect(gs_cursor *cursor, char byte);

/* Appends the content of a quoted string, unescaped. NUL, control characters, lone surrogates and
 * bytes that are not UTF-8 are faults. */
void gs_json_read_string(gs_cursor *cursor, gs_buf *out);

/* A number without sign, fraction or exponent. */
uint64_t gs_json_read_u64(gs_cursor *cursor);
/* Any number; the nearest double. One beyond all doubles is a fault. */
double gs_json_read_double(gs_cursor *cursor);

/* Passes over a value of any kind, nested at most 32 deep. */
void gs_json_skip_value(gs_cursor *cursor);

/* True if nothing but blanks is left and there was no fault. */
bool gs_json_is_done(gs_cursor *cursor);

#endif
