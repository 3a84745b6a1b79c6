// A wall clock that is wrong, for a program that is linked dynamically:
//
//   cc -shared -fPIC -O2 -o clock_shim.so clock_shim.c -ldl
//   LD_PRELOAD=./clock_shim.so CLOCK_SHIM=control program
//
// The first eight bytes of the file `control` are how far the wall clock is ahead, nanoseconds,
// little endian; a test changes them while the program runs, and the clock steps. The monotonic
// clocks are as they are. The kernel says that nothing has set the clock, unless the ninth byte
// is 1.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

struct control {
    int64_t ahead;
    unsigned char is_set;
};

static const volatile struct control *control(void) {
    static const volatile struct control *found;
    if (found) return found;
    const char *path = getenv("CLOCK_SHIM");
    int file = path ? open(path, O_RDONLY) : -1;
    if (file < 0) abort();
    void *memory = mmap(NULL, sizeof(struct control), PROT_READ, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) abort();
    close(file);
    return found = memory;
}

static int real_clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    return real(clock, time);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = real_clock_gettime(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t now = time->tv_sec * INT64_C(1000000000) + time->tv_nsec + control()->ahead;
        int64_t rest = now % 1000000000;
        if (rest < 0) rest += 1000000000;
        time->tv_nsec = rest;
        time->tv_sec = (now - rest) / 1000000000;
    }
    return result;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *time, void *zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

int adjtimex(struct timex *request) {
    request->status = control()->is_set ? STA_PLL : STA_UNSYNC;
    return 0;
}
