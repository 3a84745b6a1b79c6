// A disk that fails on command, for a program that is linked dynamically:
//
//   cc -shared -fPIC -O2 -o disk_faults.so disk_faults.c -ldl
//   LD_PRELOAD=./disk_faults.so DISK_FAULTS=control DISK_FAULTS_FILE=/data/ring program
//
// Calls on the file DISK_FAULTS_FILE (by its inode, whatever its name is now, or by its name) do
// what the file `control` says, which is read at every call, so a test changes it while the
// program runs. One line a call:
//
//   fdatasync errno 5          fails with that number
//   fdatasync drop 5           the same, and what was written since the last good sync is gone,
//                              as Linux file systems do; unlike them at once, for readers too
//   pwrite short 28            writes half of the bytes; the next call fails with that number
//   pwrite stall 5000          waits for 5000 ms first
//   fdatasync lie              does nothing and says that it has
//
// Every call that was made to do something is appended to `control`.log: the call's name.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { CHANGES_MAX = 65536 };

// Bytes that a write since the last good sync has replaced.
struct change {
    off_t offset;
    size_t count;
    unsigned char *bytes;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct change changes[CHANGES_MAX];
static size_t change_count;
static int half_written;

static int is_target(int descriptor) {
    const char *path = getenv("DISK_FAULTS_FILE");
    if (!path) return 0;
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < 0) return 0;
    name[length] = 0;
    size_t wanted = strlen(path);
    // "/data/ring", and "/data/ring (deleted)" when it has lost its name.
    return strncmp(name, path, wanted) == 0 && (!name[wanted] || name[wanted] == ' ');
}

struct fault {
    char action[16];
    long number;
};

// What the control file says of this call. Read with system calls: the C library's are ours.
static int find(const char *call, struct fault *fault) {
    const char *path = getenv("DISK_FAULTS");
    if (!path) return 0;
    char text[1024];
    int control = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (control < 0) return 0;
    ssize_t length = syscall(SYS_read, control, text, sizeof text - 1);
    syscall(SYS_close, control);
    if (length <= 0) return 0;
    text[length] = 0;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        char name[16];
        fault->number = 0;
        int fields = sscanf(line, "%15s %15s %ld", name, fault->action, &fault->number);
        if (fields >= 2 && strcmp(name, call) == 0) {
            char log[4096];
            snprintf(log, sizeof log, "%s.log", path);
            int file = (int)syscall(SYS_openat, AT_FDCWD, log,
                                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
            if (file >= 0) {
                char said[32];
                int count = snprintf(said, sizeof said, "%s\n", call);
                syscall(SYS_write, file, said, count);
                syscall(SYS_close, file);
            }
            return 1;
        }
    }
    return 0;
}

static void stall(long milliseconds) {
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) {
    }
}

static void forget_changes(void) {
    for (size_t index = 0; index < change_count; index++) free(changes[index].bytes);
    change_count = 0;
}

static void remember(int descriptor, size_t count, off_t offset) {
    if (change_count == CHANGES_MAX) abort();
    unsigned char *bytes = calloc(1, count ? count : 1);
    if (!bytes || syscall(SYS_pread64, descriptor, bytes, count, offset) < 0) {
        free(bytes);
        return;
    }
    changes[change_count++] = (struct change){offset, count, bytes};
}

static void drop(int descriptor) {
    while (change_count > 0) {
        struct change *change = &changes[--change_count];
        syscall(SYS_pwrite64, descriptor, change->bytes, change->count, change->offset);
        free(change->bytes);
    }
}

static ssize_t write_at(const char *call, int descriptor, const void *bytes, size_t count,
                        off_t offset) {
    struct fault fault;
    if (is_target(descriptor)) {
        if (find(call, &fault)) {
            if (strcmp(fault.action, "stall") == 0) stall(fault.number);
            if (strcmp(fault.action, "errno") == 0) {
                errno = (int)fault.number;
                return -1;
            }
            if (strcmp(fault.action, "short") == 0) {
                half_written = !half_written;
                if (!half_written) {
                    errno = (int)fault.number;
                    return -1;
                }
                count = (count + 1) / 2;
            }
        }
        pthread_mutex_lock(&mutex);
        remember(descriptor, count, offset);
        pthread_mutex_unlock(&mutex);
    }
    return syscall(SYS_pwrite64, descriptor, bytes, count, offset);
}

static int synchronize(const char *call, long number, int descriptor) {
    struct fault fault;
    if (is_target(descriptor)) {
        if (find(call, &fault)) {
            if (strcmp(fault.action, "stall") == 0) stall(fault.number);
            if (strcmp(fault.action, "lie") == 0) return 0;
            int drops = strcmp(fault.action, "drop") == 0;
            if (drops || strcmp(fault.action, "errno") == 0) {
                pthread_mutex_lock(&mutex);
                if (drops) drop(descriptor);
                pthread_mutex_unlock(&mutex);
                errno = (int)fault.number;
                return -1;
            }
        }
        pthread_mutex_lock(&mutex);
        forget_changes();
        pthread_mutex_unlock(&mutex);
    }
    return (int)syscall(number, descriptor);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    return write_at("pwrite", descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    return write_at("pwrite", descriptor, bytes, count, offset);
}

ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) {
    struct fault fault;
    if (is_target(descriptor) && find("pread", &fault)) {
        if (strcmp(fault.action, "stall") == 0) stall(fault.number);
        if (strcmp(fault.action, "errno") == 0) {
            errno = (int)fault.number;
            return -1;
        }
    }
    return syscall(SYS_pread64, descriptor, bytes, count, offset);
}

int fdatasync(int descriptor) { return synchronize("fdatasync", SYS_fdatasync, descriptor); }

int fsync(int descriptor) { return synchronize("fsync", SYS_fsync, descriptor); }
