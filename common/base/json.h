/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing JSON into a buffer (reading is jansson's work, in the program only).
 */
#ifndef GS_BASE_JSON_H
#define GS_BASE_JSON_H

#include "common/base/buf.h"

/* A quoted string. Control characters (C0, DEL, C1, U+2028, U+2029), quotes and backslashes are
 * escaped; a byte that is not UTF-8 becomes U+FFFD. */
void gs_json_string(gs_buf *buf, gs_bytes text);

/* The shortest decimal that reads back to the same double, whatever the locale; finite only. */
void gs_json_double(gs_buf *buf, double value);

#endif
