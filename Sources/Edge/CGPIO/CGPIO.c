#include "CGPIO.h"

#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>
#include <string.h>

static void copy_name(char *target, const char *source) {
    memset(target, 0, PULSEGATE_GPIO_NAME);
    if (source) strncpy(target, source, PULSEGATE_GPIO_NAME - 1);
}

// A failure without a number is not a success.
static int error_number(void) { return errno ? errno : EIO; }

// Only the header of libgpiod 1 has sets of lines of a fixed size.
#ifdef GPIOD_LINE_BULK_MAX_LINES

struct pulsegate_gpio {
    struct gpiod_chip *chip;
    struct gpiod_line *line;
};

const char *pulsegate_gpio_version(void) { return gpiod_version_string(); }

int pulsegate_gpio_debounces(void) { return 0; }

int pulsegate_gpio_look_at_chip(const char *path, struct pulsegate_gpio_chip *chip) {
    errno = 0;
    struct gpiod_chip *opened = gpiod_chip_open(path);
    if (!opened) return error_number();
    copy_name(chip->name, gpiod_chip_name(opened));
    copy_name(chip->label, gpiod_chip_label(opened));
    chip->line_count = gpiod_chip_num_lines(opened);
    gpiod_chip_close(opened);
    return 0;
}

int pulsegate_gpio_look_at_line(const char *path, unsigned offset,
                                struct pulsegate_gpio_info *info) {
    errno = 0;
    struct gpiod_chip *chip = gpiod_chip_open(path);
    if (!chip) return error_number();
    struct gpiod_line *line = gpiod_chip_get_line(chip, offset);
    int error = line ? 0 : error_number();
    if (line) {
        copy_name(info->name, gpiod_line_name(line));
        copy_name(info->consumer, gpiod_line_consumer(line));
        info->is_used = gpiod_line_is_used(line);
        info->is_output = gpiod_line_direction(line) == GPIOD_LINE_DIRECTION_OUTPUT;
    }
    gpiod_chip_close(chip);
    return error;
}

static int flags_of(const struct pulsegate_gpio_settings *settings) {
    int flags = settings->is_active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;
    switch (settings->drive) {
    case PULSEGATE_GPIO_OPEN_DRAIN: flags |= GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN; break;
    case PULSEGATE_GPIO_OPEN_SOURCE: flags |= GPIOD_LINE_REQUEST_FLAG_OPEN_SOURCE; break;
    }
    switch (settings->bias) {
    case PULSEGATE_GPIO_NO_BIAS: flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE; break;
    case PULSEGATE_GPIO_PULL_UP: flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP; break;
    case PULSEGATE_GPIO_PULL_DOWN: flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN; break;
    }
    return flags;
}

int pulsegate_gpio_request(const char *path, unsigned offset, const char *consumer,
                           const struct pulsegate_gpio_settings *settings,
                           struct pulsegate_gpio **line) {
    struct gpiod_line_request_config config = {
        .consumer = consumer,
        .request_type = settings->is_output ? GPIOD_LINE_REQUEST_DIRECTION_OUTPUT
                                            : GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES,
        .flags = flags_of(settings),
    };
    errno = 0;
    struct gpiod_chip *chip = gpiod_chip_open(path);
    if (!chip) return error_number();
    struct gpiod_line *found = gpiod_chip_get_line(chip, offset);
    struct pulsegate_gpio *held = found ? malloc(sizeof *held) : NULL;
    if (!held || gpiod_line_request(found, &config, 0) != 0) {
        int error = error_number();
        free(held);
        gpiod_chip_close(chip);
        return error;
    }
    held->chip = chip;
    held->line = found;
    *line = held;
    return 0;
}

int pulsegate_gpio_set(struct pulsegate_gpio *line, int value) {
    errno = 0;
    return gpiod_line_set_value(line->line, value) == 0 ? 0 : error_number();
}

int pulsegate_gpio_get(struct pulsegate_gpio *line) {
    errno = 0;
    int value = gpiod_line_get_value(line->line);
    return value < 0 ? -error_number() : value;
}

int pulsegate_gpio_descriptor(struct pulsegate_gpio *line) {
    return gpiod_line_event_get_fd(line->line);
}

int pulsegate_gpio_edge(struct pulsegate_gpio *line) {
    struct gpiod_line_event event;
    errno = 0;
    if (gpiod_line_event_read(line->line, &event) != 0) return -error_number();
    return event.event_type == GPIOD_LINE_EVENT_RISING_EDGE;
}

void pulsegate_gpio_release(struct pulsegate_gpio *line) {
    gpiod_line_release(line->line);
    gpiod_chip_close(line->chip);
    free(line);
}

#else

struct pulsegate_gpio {
    struct gpiod_line_request *request;
    struct gpiod_edge_event_buffer *events;
    unsigned offset;
};

const char *pulsegate_gpio_version(void) { return gpiod_api_version(); }

int pulsegate_gpio_debounces(void) { return 1; }

int pulsegate_gpio_look_at_chip(const char *path, struct pulsegate_gpio_chip *chip) {
    errno = 0;
    struct gpiod_chip *opened = gpiod_chip_open(path);
    if (!opened) return error_number();
    struct gpiod_chip_info *info = gpiod_chip_get_info(opened);
    int error = info ? 0 : error_number();
    if (info) {
        copy_name(chip->name, gpiod_chip_info_get_name(info));
        copy_name(chip->label, gpiod_chip_info_get_label(info));
        chip->line_count = gpiod_chip_info_get_num_lines(info);
        gpiod_chip_info_free(info);
    }
    gpiod_chip_close(opened);
    return error;
}

int pulsegate_gpio_look_at_line(const char *path, unsigned offset,
                                struct pulsegate_gpio_info *info) {
    errno = 0;
    struct gpiod_chip *chip = gpiod_chip_open(path);
    if (!chip) return error_number();
    struct gpiod_line_info *line = gpiod_chip_get_line_info(chip, offset);
    int error = line ? 0 : error_number();
    if (line) {
        copy_name(info->name, gpiod_line_info_get_name(line));
        copy_name(info->consumer, gpiod_line_info_get_consumer(line));
        info->is_used = gpiod_line_info_is_used(line);
        info->is_output = gpiod_line_info_get_direction(line) == GPIOD_LINE_DIRECTION_OUTPUT;
        gpiod_line_info_free(line);
    }
    gpiod_chip_close(chip);
    return error;
}

static void fill(struct gpiod_line_settings *lines,
                 const struct pulsegate_gpio_settings *settings) {
    static const enum gpiod_line_drive drives[] = {
        GPIOD_LINE_DRIVE_PUSH_PULL, GPIOD_LINE_DRIVE_OPEN_DRAIN, GPIOD_LINE_DRIVE_OPEN_SOURCE};
    static const enum gpiod_line_bias biases[] = {
        GPIOD_LINE_BIAS_AS_IS, GPIOD_LINE_BIAS_DISABLED, GPIOD_LINE_BIAS_PULL_UP,
        GPIOD_LINE_BIAS_PULL_DOWN};
    gpiod_line_settings_set_active_low(lines, settings->is_active_low);
    gpiod_line_settings_set_bias(lines, biases[settings->bias]);
    if (settings->is_output) {
        gpiod_line_settings_set_direction(lines, GPIOD_LINE_DIRECTION_OUTPUT);
        gpiod_line_settings_set_drive(lines, drives[settings->drive]);
        gpiod_line_settings_set_output_value(lines, GPIOD_LINE_VALUE_INACTIVE);
    } else {
        gpiod_line_settings_set_direction(lines, GPIOD_LINE_DIRECTION_INPUT);
        gpiod_line_settings_set_edge_detection(lines, GPIOD_LINE_EDGE_BOTH);
        gpiod_line_settings_set_debounce_period_us(lines, settings->debounce_microseconds);
    }
}

// NULL with errno where something is missing.
static struct gpiod_line_request *ask(struct gpiod_chip *chip, unsigned offset,
                                      const char *consumer,
                                      const struct pulsegate_gpio_settings *settings) {
    struct gpiod_line_request *request = NULL;
    struct gpiod_line_settings *lines = gpiod_line_settings_new();
    struct gpiod_line_config *config = gpiod_line_config_new();
    struct gpiod_request_config *who = gpiod_request_config_new();
    if (lines && config && who) {
        fill(lines, settings);
        gpiod_request_config_set_consumer(who, consumer);
        if (gpiod_line_config_add_line_settings(config, &offset, 1, lines) == 0) {
            request = gpiod_chip_request_lines(chip, who, config);
        }
    }
    int error = errno;
    gpiod_request_config_free(who);
    gpiod_line_config_free(config);
    gpiod_line_settings_free(lines);
    errno = error;
    return request;
}

int pulsegate_gpio_request(const char *path, unsigned offset, const char *consumer,
                           const struct pulsegate_gpio_settings *settings,
                           struct pulsegate_gpio **line) {
    errno = 0;
    struct gpiod_chip *chip = gpiod_chip_open(path);
    if (!chip) return error_number();
    struct pulsegate_gpio *held = calloc(1, sizeof *held);
    if (held) held->request = ask(chip, offset, consumer, settings);
    if (held && held->request && !settings->is_output) {
        held->events = gpiod_edge_event_buffer_new(1);
    }
    int isWhole = held && held->request && (settings->is_output || held->events);
    int error = isWhole ? 0 : error_number();
    // The request has a descriptor of its own.
    gpiod_chip_close(chip);
    if (isWhole) {
        held->offset = offset;
        *line = held;
    } else if (held) {
        if (held->request) gpiod_line_request_release(held->request);
        free(held);
    }
    return error;
}

int pulsegate_gpio_set(struct pulsegate_gpio *line, int value) {
    errno = 0;
    int result = gpiod_line_request_set_value(
        line->request, line->offset, value ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE);
    return result == 0 ? 0 : error_number();
}

int pulsegate_gpio_get(struct pulsegate_gpio *line) {
    errno = 0;
    enum gpiod_line_value value = gpiod_line_request_get_value(line->request, line->offset);
    if (value == GPIOD_LINE_VALUE_ERROR) return -error_number();
    return value == GPIOD_LINE_VALUE_ACTIVE;
}

int pulsegate_gpio_descriptor(struct pulsegate_gpio *line) {
    return gpiod_line_request_get_fd(line->request);
}

int pulsegate_gpio_edge(struct pulsegate_gpio *line) {
    errno = 0;
    if (gpiod_line_request_read_edge_events(line->request, line->events, 1) != 1) {
        return -error_number();
    }
    struct gpiod_edge_event *event = gpiod_edge_event_buffer_get_event(line->events, 0);
    return gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE;
}

void pulsegate_gpio_release(struct pulsegate_gpio *line) {
    gpiod_line_request_release(line->request);
    if (line->events) gpiod_edge_event_buffer_free(line->events);
    free(line);
}

#endif
