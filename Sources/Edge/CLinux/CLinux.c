// statx(2), dup3(2), accept4(2), pipe2(2), posix_spawn_file_actions_addclosefrom_np(3)
#define _GNU_SOURCE

#include "CLinux.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

extern char **environ;

int64_t pulsegate_birth_microseconds(int descriptor) {
    struct statx status;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_BTIME, &status) != 0 ||
        !(status.stx_mask & STATX_BTIME)) {
        return INT64_MIN;
    }
    return status.stx_btime.tv_sec * 1000000 + status.stx_btime.tv_nsec / 1000;
}

int pulsegate_replace_descriptor(int other, int descriptor) {
    return dup3(other, descriptor, O_CLOEXEC);
}

int pulsegate_accept(int listener) {
    return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// What of a start may fail: each step answers 0 or an error number.
static int prepare_spawn(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
                         int output) {
    sigset_t none, ignored;
    sigemptyset(&none);
    sigemptyset(&ignored);
    sigaddset(&ignored, SIGPIPE);
    int error = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(actions, output, 1);
    if (!error) error = posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(actions, 3);
    if (!error) error = posix_spawnattr_setpgroup(attributes, 0);
    if (!error) error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(attributes, &ignored);
    if (!error) {
        error = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    return error;
}

int pulsegate_spawn(char *const *words, int output, int *process) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        error = prepare_spawn(&actions, &attributes, output);
        if (!error) error = posix_spawnp(process, words[0], &actions, &attributes, words, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int pulsegate_process_descriptor(int process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}

int pulsegate_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

void pulsegate_forbid_crash_reports(void) {
    const int signals[] = {SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
    for (size_t index = 0; index < sizeof signals / sizeof signals[0]; index++) {
        signal(signals[index], SIG_DFL);
    }
}

int pulsegate_forbid_core_dumps(void) {
    // The hard limit stays: a program that is started from here may want its own.
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) != 0) return -1;
    limit.rlim_cur = 0;
    if (setrlimit(RLIMIT_CORE, &limit) != 0) return -1;
    // A handler of core dumps behind a pipe does not ask the limit; this it does (core(5)).
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// CRC-32C by the instruction of the CPU, eight bytes at a time: 16 instructions a record. The
// functions are compiled for CPUs that have it, whatever the rest of the program is compiled
// for, and called only where pulsegate_has_crc32c says yes.

#if defined(__x86_64__)

#include <nmmintrin.h>

int pulsegate_has_crc32c(void) { return __builtin_cpu_supports("sse4.2") != 0; }

#define WITH_INSTRUCTION __attribute__((target("sse4.2")))
#define CRC8(crc, byte) _mm_crc32_u8(crc, byte)
#define CRC64(crc, word) ((uint32_t)_mm_crc32_u64(crc, word))

#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

#include <sys/auxv.h>

// HWCAP_CRC32 of <asm/hwcap.h>: arm64 Linux says here what the CPU can do (getauxval(3)).
int pulsegate_has_crc32c(void) { return (getauxval(AT_HWCAP) & (1UL << 7)) != 0; }

#define WITH_INSTRUCTION __attribute__((target("crc")))
#define CRC8(crc, byte) __builtin_arm_crc32cb(crc, byte)
#define CRC64(crc, word) __builtin_arm_crc32cd(crc, word)

#else

int pulsegate_has_crc32c(void) { return 0; }

#define WITH_INSTRUCTION
#define CRC8(crc, byte) (crc)
#define CRC64(crc, word) (crc)

#endif

WITH_INSTRUCTION
uint32_t pulsegate_crc32c(const uint8_t *bytes, size_t count) {
    uint32_t crc = 0xFFFFFFFF;
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        crc = CRC64(crc, word);
    }
    for (; count > 0; count--, bytes++) crc = CRC8(crc, *bytes);
    return ~crc;
}

// Days from 1970-01-01 to a date of the Gregorian calendar, years counted from March.
static int64_t days_since_1970(int year, int month, int day) {
    int64_t shifted = month > 2 ? year : year - 1;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + of_year - 719468;
}

int64_t pulsegate_build_seconds(void) {
    // "Nov 21 2026", with a blank before a day of one digit.
    static const char date[] = __DATE__, months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int month = 1;
    while (month < 12 && memcmp(months + 3 * (month - 1), date, 3) != 0) month++;
    int day = (date[4] == ' ' ? 0 : date[4] - '0') * 10 + date[5] - '0';
    int year = 0;
    for (int index = 7; index < 11; index++) year = year * 10 + date[index] - '0';
    return days_since_1970(year, month, day) * 86400;
}

int pulsegate_peer(int descriptor, uint32_t *user, uint32_t *group, int32_t *process,
                   uint32_t *groups, int room) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
    *user = peer.uid;
    *group = peer.gid;
    *process = peer.pid;
    length = (socklen_t)room * sizeof *groups;
    // A caller in more groups than there is room for is judged by its own group alone.
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups, &length) != 0) return 0;
    return (int)(length / sizeof *groups);
}

static const char *volatile current_stage = "before the first turn of the loop";

void pulsegate_set_stage(const char *text) { current_stage = text; }

static void say(const char *text) {
    // Nobody is left to hear of a failure.
    if (write(STDERR_FILENO, text, strlen(text)) < 0) return;
}

static void end_with_stage(int number) {
    // Only what signal-safety(7) allows.
    say("<2>aborted (by the watchdog, as a rule) while busy with: ");
    say(current_stage);
    say("\n");
    signal(number, SIG_DFL);
    raise(number);
}

void pulsegate_say_stage_on_abort(void) { signal(SIGABRT, end_with_stage); }

#ifdef PULSEGATE_STATIC
#include <nss.h>

/*
 * A static C library still loads the plug-ins that the board's /etc/nsswitch.conf names, and with
 * them the board's own C library, into a program that has another: it crashes at the first name
 * (seen with libnss-mdns, which Raspberry Pi OS has by default). So names come from /etc/hosts and
 * DNS, users and groups from their files; `.local` names need an entry in /etc/hosts.
 */
__attribute__((constructor)) static void use_no_plug_ins(void) {
    __nss_configure_lookup("hosts", "files dns");
    __nss_configure_lookup("passwd", "files");
    __nss_configure_lookup("group", "files");
    __nss_configure_lookup("services", "files");
    __nss_configure_lookup("protocols", "files");
    __nss_configure_lookup("networks", "files");
}
#endif
