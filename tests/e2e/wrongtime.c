/* SPDX-License-Identifier: Apache-2.0
 *
 * A wall clock that lies to the program into which it is loaded by LD_PRELOAD; the monotonic clocks
 * stay right. $WRONG_TIME says how: `at SECONDS` as if the program had started then, `frozen
 * SECONDS`, `fast SECONDS` for a hundred seconds each second, `jumping SECONDS` for that time and
 * the right one in turn, a look each.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long real_seconds(long *nanoseconds)
{
    struct timespec right;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &right);
    *nanoseconds = right.tv_nsec;
    return right.tv_sec;
}

static long wrong_seconds(long *nanoseconds)
{
    static long started;
    static unsigned looks;
    const char *how = getenv("WRONG_TIME");
    long right = real_seconds(nanoseconds);
    const char *digits = how ? strchr(how, ' ') : NULL;
    if (!digits)
        return right;
    long told = 0;
    for (digits++; *digits >= '0' && *digits <= '9'; digits++)
        told = told * 10 + (*digits - '0');
    if (!started)
        started = right;
    if (how[0] == 'j')
        return __atomic_fetch_add(&looks, 1, __ATOMIC_RELAXED) % 2 ? right : told;
    if (how[0] == 'f' && how[1] == 'r')
        *nanoseconds = 0;
    if (how[0] == 'f')
        return told + (how[1] == 'r' ? 0 : 100 * (right - started));
    return told + right - started;
}

static bool is_wall_clock(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *out)
{
    if (!is_wall_clock(clock))
        return (int)syscall(SYS_clock_gettime, clock, out);
    out->tv_sec = wrong_seconds(&out->tv_nsec);
    return 0;
}

__attribute__((visibility("default"))) int gettimeofday(struct timeval *restrict out,
                                                        void *restrict zone)
{
    long nanoseconds;
    (void)zone;
    out->tv_sec = wrong_seconds(&nanoseconds);
    out->tv_usec = nanoseconds / 1000;
    return 0;
}

__attribute__((visibility("default"))) time_t time(time_t *out)
{
    long nanoseconds;
    time_t told = wrong_seconds(&nanoseconds);
    if (out)
        *out = told;
    return told;
}
