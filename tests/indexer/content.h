/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that an index answers from, as text: living documents by id, and its statistics with
 * the share of deleted documents taken off. Two indexes with the same content give the same answers
 * to every query.
 */
#ifndef GS_TESTS_CONTENT_H
#define GS_TESTS_CONTENT_H

/* The content of the newest generation in `dir`, to be freed; "" if there is no index. */
char *gs_test_content(const char *dir);

/* The names of the segment files of the newest generation, a line each, to be freed. */
char *gs_test_segments(const char *dir);

#endif
