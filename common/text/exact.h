/* SPDX-License-Identifier: Apache-2.0
 *
 * What `=term` compares, for the query and for the passage that its folded form found.
 */
#ifndef GS_TEXT_EXACT_H
#define GS_TEXT_EXACT_H

#include "common/base/buf.h"

/* Appends NFC of `text` (well-formed UTF-8) without what matches nothing: quotes, brackets, spaces,
 * line ends, ignorable code points. Breaks stay, except at the ends. Two texts are exactly equal if
 * these bytes are. Errors stick in `out`. */
void gs_text_exact(gs_buf *out, gs_bytes text);

#endif
