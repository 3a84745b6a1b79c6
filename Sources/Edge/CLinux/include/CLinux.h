// What the Glibc module of Swift leaves out of Linux.
#pragma once

#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <unistd.h>

// open(2) and ioctl(2) are variadic, which Swift cannot call.
static inline int pulsegate_open(const char *path, int flags, mode_t mode) {
    return open(path, flags, mode);
}

static inline int pulsegate_terminal_size(int descriptor, struct winsize *size) {
    return ioctl(descriptor, TIOCGWINSZ, size);
}

// `data` of an epoll event is a union; a number is all that we put there.
static inline int pulsegate_epoll_control(int poller, int operation, int descriptor,
                                          uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(poller, operation, descriptor, &event);
}

static inline uint64_t pulsegate_epoll_token(const struct epoll_event *event) {
    return event->data.u64;
}

// EPOLLIN and its like are enumerators of an unnamed C enum, which Swift sees as a struct.
enum { PULSEGATE_READABLE = EPOLLIN, PULSEGATE_WRITABLE = EPOLLOUT,
       PULSEGATE_FAILED = EPOLLERR | EPOLLHUP };

// getopt_long(3) keeps its state in globals, which Swift 6 does not let near a struct.
static inline int pulsegate_getopt(int count, char **arguments,
                                   const struct option *options, int *chosen,
                                   const char **value, int *next) {
    opterr = 0;
    int result = getopt_long(count, arguments, ":", options, chosen);
    *value = optarg;
    *next = optind;
    return result;
}

// 0 and not 1: after a refused word getopt still stands within it (getopt(3), NOTES).
static inline void pulsegate_getopt_reset(void) { optind = 0; }

// When the file was made, microseconds since 1970 (statx(2), STATX_BTIME); INT64_MIN where the
// file system does not say. statx needs _GNU_SOURCE, which a module's header cannot ask for.
int64_t pulsegate_birth_microseconds(int descriptor);

// dup3(2) with O_CLOEXEC: it needs _GNU_SOURCE too.
int pulsegate_replace_descriptor(int other, int descriptor);

// Whether the CPU has an instruction for CRC-32C, and the checksum by it (CLinux.c). Swift has
// neither the instruction nor a way to compile one function for another CPU than the rest.
int pulsegate_has_crc32c(void);
uint32_t pulsegate_crc32c(const uint8_t *bytes, size_t count);

// The day on which the program was built, at its first second, seconds since 1970. With
// SOURCE_DATE_EPOCH in the environment of the build it is that day's, for reproducible builds.
int64_t pulsegate_build_seconds(void);

// accept4(2) with SOCK_NONBLOCK and SOCK_CLOEXEC: it needs _GNU_SOURCE.
int pulsegate_accept(int listener);

// Starts a program that is looked up in PATH, with nothing as standard input and standard error,
// `output` as standard output, no other descriptor, no blocked signal and a process group of its
// own. Answers an error number, 0 for success.
int pulsegate_spawn(char *const *words, int output, int *process);

// A descriptor that becomes readable when the process ends (pidfd_open(2)); negative: errno.
int pulsegate_process_descriptor(int process);

// pipe2(2) with O_CLOEXEC, whose reading end does not wait.
int pulsegate_pipe(int ends[2]);

// What Swift's runtime prints of a crash ends with the process instead: it has registers in it and
// the bytes that they point to.
void pulsegate_forbid_crash_reports(void);

// The process leaves no core file and no other user's debugger reads its memory. 0: done.
int pulsegate_forbid_core_dumps(void);

// Who is at the other end of a Unix socket (unix(7), SO_PEERCRED and SO_PEERGROUPS): struct ucred
// needs _GNU_SOURCE. `groups` takes up to `room` numbers; answers how many there are, or -1.
int pulsegate_peer(int descriptor, uint32_t *user, uint32_t *group, int32_t *process,
                   uint32_t *groups, int room);

// What the poll loop is doing, for the last words of a process that the watchdog ends with SIGABRT:
// a text that lives as long as the process.
void pulsegate_set_stage(const char *text);

// On SIGABRT the stage is written to standard error, then the process ends as it would have.
void pulsegate_say_stage_on_abort(void);
