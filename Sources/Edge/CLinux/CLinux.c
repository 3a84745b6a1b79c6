#define _GNU_SOURCE  // statx(2)

#include "CLinux.h"

#include <sys/stat.h>

int64_t pulsegate_birth_microseconds(int descriptor) {
    struct statx status;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_BTIME, &status) != 0 ||
        !(status.stx_mask & STATX_BTIME)) {
        return INT64_MIN;
    }
    return status.stx_btime.tv_sec * 1000000 + status.stx_btime.tv_nsec / 1000;
}
