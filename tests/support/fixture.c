/* SPDX-License-Identifier: Apache-2.0
 *
 * Folders, files and fixed random numbers for tests. Plain stdio, so that no code under test helps
 * to check itself.
 */
#include "tests/support/fixture.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/check.h"

char *gs_test_dir_make(void)
{
    const char *base = getenv("TMPDIR");
    char *path = gs_test_path(base && *base ? base : "/tmp", "gsearch-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

void gs_test_dir_remove(char *path)
{
    assert_int_equal(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(path);
}

char *gs_test_path(const char *dir, const char *name)
{
    size_t room = strlen(dir) + strlen(name) + 2;
    char *path = malloc(room);
    assert_non_null(path);
    snprintf(path, room, "%s/%s", dir, name);
    return path;
}

void gs_test_file_write(const char *dir, const char *name, const void *data, size_t len)
{
    char *path = gs_test_path(dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    if (len)
        assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    free(path);
}

uint8_t *gs_test_file_read(const char *dir, const char *name, size_t *len)
{
    char *path = gs_test_path(dir, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct stat info;
    assert_int_equal(fstat(fileno(file), &info), 0);
    size_t size = (size_t)info.st_size;
    uint8_t *data = malloc(size + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, size, file), size);
    data[size] = 0;
    fclose(file);
    free(path);
    *len = size;
    return data;
}

bool gs_test_file_exists(const char *dir, const char *name)
{
    char *path = gs_test_path(dir, name);
    bool exists = access(path, F_OK) == 0;
    free(path);
    return exists;
}

size_t gs_test_dir_count(const char *dir)
{
    DIR *stream = opendir(dir);
    assert_non_null(stream);
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(stream));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(stream);
    return count;
}

uint64_t gs_test_random(uint64_t *state)
{
    uint64_t value = *state += 0x9E3779B97F4A7C15u;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

uint64_t gs_test_random_below(uint64_t *state, uint64_t bound)
{
    return gs_test_random(state) % bound;
}
