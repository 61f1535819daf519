/* SPDX-License-Identifier: Apache-2.0
 *
 * What tests stand on: a folder of their own, files in it, and numbers that are the same in every
 * run. A helper that cannot do its work fails the test.
 */
#ifndef GS_TESTS_FIXTURE_H
#define GS_TESTS_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A new empty folder under $TMPDIR or /tmp; gs_test_dir_remove removes it with all it holds and
 * frees the path. */
char *gs_test_dir_make(void);
void gs_test_dir_remove(char *path);

/* `dir`/`name`, to be freed by the caller. */
char *gs_test_path(const char *dir, const char *name);

void gs_test_file_write(const char *dir, const char *name, const void *data, size_t len);
/* The whole file and its length, terminated by a zero byte; the caller frees it. */
uint8_t *gs_test_file_read(const char *dir, const char *name, size_t *len);
bool gs_test_file_exists(const char *dir, const char *name);
/* Names in the folder without "." and "..". */
size_t gs_test_dir_count(const char *dir);

/* The next number of a fixed sequence (splitmix64); start with any `*state`. */
uint64_t gs_test_random(uint64_t *state);
/* The same, below `bound`. */
uint64_t gs_test_random_below(uint64_t *state, uint64_t bound);

#endif
