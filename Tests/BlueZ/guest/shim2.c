// The shim of Pulsegate over libgpiod 2, on its own: a lamp, a button, a line that is held.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "CGPIO.h"

static void demand(int holds, const char *what) {
    if (holds) return;
    printf("not so: %s\n", what);
    exit(1);
}

int main(int count, char **words) {
    demand(count == 5, "CHIP LAMP BUTTON HELD");
    unsigned lamp_line = atoi(words[2]), button_line = atoi(words[3]), held_line = atoi(words[4]);
    struct pulsegate_gpio_chip chip;
    demand(pulsegate_gpio_look_at_chip(words[1], &chip) == 0 && chip.line_count == 54, "chip");
    struct pulsegate_gpio_info info;
    demand(pulsegate_gpio_look_at_line(words[1], held_line, &info) == 0 && info.is_used, "held");
    struct pulsegate_gpio_settings output = {.is_output = 1};
    struct pulsegate_gpio_settings input = {
        .is_active_low = 1, .bias = PULSEGATE_GPIO_PULL_UP, .debounce_microseconds = 5000};
    struct pulsegate_gpio *lamp, *button, *none;
    demand(pulsegate_gpio_request(words[1], held_line, "x", &output, &none) == EBUSY, "busy");
    demand(pulsegate_gpio_request(words[1], 99, "x", &output, &none) == EINVAL, "range");
    demand(pulsegate_gpio_request(words[1], lamp_line, "lamp", &output, &lamp) == 0, "lamp");
    demand(pulsegate_gpio_get(lamp) == 0, "a lamp begins dark");
    demand(pulsegate_gpio_request(words[1], button_line, "button", &input, &button) == 0, "button");
    demand(pulsegate_gpio_set(lamp, 1) == 0 && pulsegate_gpio_get(lamp) == 1, "set");
    demand(pulsegate_gpio_debounces(), "debounce");
    printf("%s\n", pulsegate_gpio_version());
    fflush(stdout);
    struct pollfd ready = {.fd = pulsegate_gpio_descriptor(button), .events = POLLIN};
    demand(poll(&ready, 1, 10000) == 1, "an edge");
    demand(pulsegate_gpio_edge(button) == 1, "pressed is active");
    demand(poll(&ready, 1, 10000) == 1 && pulsegate_gpio_edge(button) == 0, "released is not");
    demand(pulsegate_gpio_set(lamp, 0) == 0, "off");
    pulsegate_gpio_release(button);
    pulsegate_gpio_release(lamp);
    return 0;
}
