/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/self/statm is a line of numbers of pages: the whole size, then what is in memory.
 */
#include "query/daemon/resident.h"

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "common/base/sys.h"

int gs_resident_open(void)
{
    return gs_sys_openat(AT_FDCWD, "/proc/self/statm", O_RDONLY | O_CLOEXEC, 0);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

uint64_t gs_resident_bytes(int fd)
{
    char line[128];
    ssize_t len = gs_sys_pread(fd, line, sizeof(line) - 1, 0);
    if (len <= 0)
        return 0;
    line[len] = '\0';
    const char *at = line;
    while (is_digit(*at))
        at++;
    at += *at == ' ';
    uint64_t pages = 0;
    for (; is_digit(*at); at++)
        pages = pages * 10 + (uint64_t)(*at - '0');
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
