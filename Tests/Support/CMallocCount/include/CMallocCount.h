// Counts the allocations that one thread makes, by stage: malloc and its family are replaced in
// the program that this is linked into, and count before they hand over to glibc. Every library
// of the process goes through them, libcrypto and the Swift runtime included.

#ifndef PULSEGATE_MALLOC_COUNT_H
#define PULSEGATE_MALLOC_COUNT_H

#include <stdint.h>

/// Stages that are told apart.
enum { PULSEGATE_MALLOC_STAGES = 16 };

/// From now on, allocations of this thread count for `stage`; -1 counts none. A thread counts
/// nothing until it asks.
void pulsegate_malloc_stage(int stage);

/// Sets all counts of this thread to zero. With the variable PULSEGATE_ALLOCATION_TRACE in the
/// environment, every allocation that is counted prints where it came from.
void pulsegate_malloc_reset(void);

/// Blocks that this thread took from the heap in `stage`: calls of malloc, calloc, realloc,
/// aligned_alloc, posix_memalign and memalign.
uint64_t pulsegate_malloc_taken(int stage);

/// Blocks that this thread gave back in `stage`.
uint64_t pulsegate_malloc_freed(int stage);

#endif
