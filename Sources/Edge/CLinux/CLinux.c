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
