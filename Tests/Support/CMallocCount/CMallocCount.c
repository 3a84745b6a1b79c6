#include "CMallocCount.h"

#include <errno.h>
#include <execinfo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

// glibc keeps its own allocator under these names for whoever replaces the public ones.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

// Thread-local in the program itself: reading it never allocates.
static _Thread_local int stage = -1;
static _Thread_local uint64_t taken[PULSEGATE_MALLOC_STAGES];
static _Thread_local uint64_t freed[PULSEGATE_MALLOC_STAGES];
static _Thread_local bool traces;

static void print_caller(void) {
    void *frames[32];
    int before = stage;
    stage = -1;
    int depth = backtrace(frames, 32);
    backtrace_symbols_fd(frames, depth, STDERR_FILENO);
    if (write(STDERR_FILENO, "\n", 1) < 0) traces = false;
    stage = before;
}

static void count_taken(void) {
    if (stage < 0) return;
    taken[stage] += 1;
    if (traces) print_caller();
}

void *malloc(size_t size) {
    count_taken();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    count_taken();
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    count_taken();
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count_taken();
    return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size) {
    count_taken();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
    count_taken();
    void *found = __libc_memalign(alignment, size);
    if (found == NULL) return ENOMEM;
    *block = found;
    return 0;
}

void free(void *block) {
    if (stage >= 0 && block != NULL) freed[stage] += 1;
    __libc_free(block);
}

void pulsegate_malloc_stage(int wanted) {
    stage = wanted >= 0 && wanted < PULSEGATE_MALLOC_STAGES ? wanted : -1;
}

void pulsegate_malloc_reset(void) {
    stage = -1;
    for (int index = 0; index < PULSEGATE_MALLOC_STAGES; index++) {
        taken[index] = 0;
        freed[index] = 0;
    }
    traces = getenv("PULSEGATE_ALLOCATION_TRACE") != NULL;
    // The first backtrace of a process loads a library.
    void *frame[1];
    if (traces && backtrace(frame, 1) < 0) traces = false;
}

uint64_t pulsegate_malloc_taken(int wanted) { return taken[wanted]; }

uint64_t pulsegate_malloc_freed(int wanted) { return freed[wanted]; }
