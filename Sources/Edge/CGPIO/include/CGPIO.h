// libgpiod for Swift, 1.6 (Debian 12) and 2.x (Debian 13) behind one face. Which of the two is
// decided where this is built, by the header that is there.
#pragma once

// Bytes of a name with its NUL: the kernel's own limit (GPIO_MAX_NAME_SIZE of <linux/gpio.h>).
enum { PULSEGATE_GPIO_NAME = 32 };

struct pulsegate_gpio_chip {
    char name[PULSEGATE_GPIO_NAME], label[PULSEGATE_GPIO_NAME];
    unsigned line_count;
};

struct pulsegate_gpio_info {
    char name[PULSEGATE_GPIO_NAME], consumer[PULSEGATE_GPIO_NAME];
    int is_used, is_output;
};

enum { PULSEGATE_GPIO_PUSH_PULL, PULSEGATE_GPIO_OPEN_DRAIN, PULSEGATE_GPIO_OPEN_SOURCE };
enum { PULSEGATE_GPIO_AS_IS, PULSEGATE_GPIO_NO_BIAS, PULSEGATE_GPIO_PULL_UP,
       PULSEGATE_GPIO_PULL_DOWN };

// How a line is asked for. An output begins inactive. The debounce time is the kernel's work, and
// only libgpiod 2 can ask for it (uAPI v2).
struct pulsegate_gpio_settings {
    int is_output, is_active_low, drive, bias;
    unsigned debounce_microseconds;
};

// A line that is held.
struct pulsegate_gpio;

// The library that this was built with: "1.6.3", "2.2.1".
const char *pulsegate_gpio_version(void);
int pulsegate_gpio_debounces(void);

// Each answers 0 or an error number.
int pulsegate_gpio_look_at_chip(const char *path, struct pulsegate_gpio_chip *chip);
int pulsegate_gpio_look_at_line(const char *path, unsigned offset,
                                struct pulsegate_gpio_info *info);
int pulsegate_gpio_request(const char *path, unsigned offset, const char *consumer,
                           const struct pulsegate_gpio_settings *settings,
                           struct pulsegate_gpio **line);
// 1 is active, whatever the level is. Allocates nothing.
int pulsegate_gpio_set(struct pulsegate_gpio *line, int value);
// 1, 0, or an error number as a negative one.
int pulsegate_gpio_get(struct pulsegate_gpio *line);
// Readable when an input has an edge.
int pulsegate_gpio_descriptor(struct pulsegate_gpio *line);
// Takes one edge: 1 to active, 0 to inactive, or an error number as a negative one. Waits when
// there is none: ask the descriptor first.
int pulsegate_gpio_edge(struct pulsegate_gpio *line);
// What becomes of the line's level is the driver's business: set it before.
void pulsegate_gpio_release(struct pulsegate_gpio *line);
