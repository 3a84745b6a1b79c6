// A GPIO chip that is none, for a program that is linked to libgpiod 1: one output line whose
// levels are kept with their times.
//
//   cc -shared -fPIC -O2 -o fake_gpiod.so fake_gpiod.c
//   LD_PRELOAD=./fake_gpiod.so FAKE_GPIOD=levels program
//
// `levels` is made as 64-bit numbers: how many levels were set, then for each the time
// (CLOCK_MONOTONIC, nanoseconds) shifted left by one, with the level in bit 0. It is where the
// ioctl would be: everything before it is the program's own.

#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { LEVELS_MAX = 1 << 20 };

struct gpiod_chip { int unused; };
struct gpiod_line { int unused; };

static struct gpiod_chip the_chip;
static struct gpiod_line the_line;
static uint64_t *levels;

static void keep(int value) {
    if (!levels) {
        int file = open(getenv("FAKE_GPIOD"), O_RDWR | O_CREAT, 0600);
        if (file < 0 || ftruncate(file, LEVELS_MAX * 8) != 0) abort();
        levels = mmap(NULL, LEVELS_MAX * 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (levels == MAP_FAILED) abort();
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (levels[0] + 1 < LEVELS_MAX) {
        levels[++levels[0]] = ((uint64_t)now.tv_sec * 1000000000 + now.tv_nsec) << 1 | !!value;
    }
}

struct gpiod_chip *gpiod_chip_open(const char *path) {
    if (strcmp(path, "/dev/gpiochip0") == 0) return &the_chip;
    errno = ENOENT;
    return NULL;
}

void gpiod_chip_close(struct gpiod_chip *chip) { (void)chip; }
const char *gpiod_chip_name(struct gpiod_chip *chip) { (void)chip; return "gpiochip0"; }
const char *gpiod_chip_label(struct gpiod_chip *chip) { (void)chip; return "fake"; }
unsigned gpiod_chip_num_lines(struct gpiod_chip *chip) { (void)chip; return 32; }

struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned offset) {
    (void)chip;
    (void)offset;
    return &the_line;
}

int gpiod_line_request(struct gpiod_line *line, const struct gpiod_line_request_config *config,
                       int value) {
    (void)line;
    (void)config;
    keep(value);
    return 0;
}

int gpiod_line_set_value(struct gpiod_line *line, int value) {
    (void)line;
    keep(value);
    return 0;
}

void gpiod_line_release(struct gpiod_line *line) { (void)line; }
