#define _GNU_SOURCE  // statx(2)

#include "CLinux.h"

#include <string.h>
#include <sys/stat.h>

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
