/* Stands in for what a test may not do to a machine: steps of the system clock
 * at each look (SHIM_CLOCK), and a quota that is used up (SHIM_QUOTA: bytes of
 * a file). Loaded with LD_PRELOAD. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int forth;
    long result = syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && clock == CLOCK_REALTIME && getenv("SHIM_CLOCK"))
        now->tv_sec += __atomic_fetch_xor(&forth, 1, __ATOMIC_RELAXED) ? 3600 : -3600;
    return (int)result;
}

int posix_fallocate(int file, off_t from, off_t bytes)
{
    const char *quota = getenv("SHIM_QUOTA");
    if (quota && from + bytes > atoll(quota))
        return EDQUOT;
    return syscall(SYS_fallocate, file, 0, from, bytes) ? errno : 0;
}

int posix_fallocate64(int file, off_t from, off_t bytes)
{
    return posix_fallocate(file, from, bytes);
}
