/* SPDX-License-Identifier: Apache-2.0
 *
 * Checksums for bytes that were changed, as one who means harm would write them; and all that a
 * reader can be made to read of a segment, whatever it says.
 */
#ifndef GS_TESTS_SEAL_H
#define GS_TESTS_SEAL_H

#include "common/segment/segment.h"

/* FORMAT 2: makes all sums of a container fit its bytes again, as far as its footer says where they
 * are; returns the id. `len` is at least GS_HEADER_BYTES + GS_FOOTER_BYTES. */
gs_hash128 gs_seal(uint8_t *bytes, size_t len);

/* Appends what a reader sees, who never verifies: documents, dictionary and lists, by number and
 * found again by value. */
GS_CHECKED gsearch_status gs_read_all(gs_segment *segment, gs_buf *out, gsearch_error *err);

#endif
