#include "CEdit.h"

#include <ctype.h>
#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 240, HISTORY_LINES = 50, TICK_MILLISECONDS = 1000 };

struct pulsegate_editor {
    EditLine *line;
    History *history;
    const char *prompt;
    const char *const *words;
    pulsegate_editor_tick tick;
    void *context;
    char text[LINE_BYTES_MAX + 1];
    struct termios before;
    int has_before;
    int is_answer;
    // How far an escape sequence is: 0 none, 1 after ESC, 2 within it.
    int escape;
};

static struct pulsegate_editor *self_of(EditLine *line) {
    void *self = NULL;
    el_get(line, EL_CLIENTDATA, &self);
    return self;
}

static char *prompt(EditLine *line) { return (char *)self_of(line)->prompt; }

// Shows a text above the line that is being typed, and the line again.
static void show(EditLine *line, const char *text) {
    fputs("\r\033[K", stdout);
    fputs(text, stdout);
    fflush(stdout);
    el_set(line, EL_REFRESH);
}

// Noise on a serial line is bytes that no key sends: they are dropped here, before the editor
// makes anything of them. What is left is ASCII, the control keys that edit a line (not those that
// search, quote or begin a longer command), and the arrow keys.
static int is_key(unsigned char byte) {
    if (byte >= 0x20) return byte <= 0x7F;
    return byte != 0 && strchr("\n\r\t\001\002\003\004\005\006\010\013\014\016\020\025\027", byte);
}

// What the bytes of an arrow key mean as a control key (ECMA-48, CSI A to D, H, F); 0: nothing.
static unsigned char arrow(unsigned char byte) {
    switch (byte) {
    case 'A': return 0x10;
    case 'B': return 0x0E;
    case 'C': return 0x06;
    case 'D': return 0x02;
    case 'H': return 0x01;
    case 'F': return 0x05;
    default: return 0;
    }
}

// Takes a byte into the escape sequence that is under way. Answers the key that it makes, or 0.
static unsigned char escaped(struct pulsegate_editor *self, unsigned char byte) {
    if (self->escape == 1) {
        self->escape = byte == '[' || byte == 'O' ? 2 : 0;
        return 0;
    }
    // Parameters of a longer sequence; a line end in the middle of one is a line end.
    if (self->escape == 2 && ((byte >= '0' && byte <= '9') || byte == ';')) return 0;
    self->escape = 0;
    return byte == '\r' || byte == '\n' ? byte : arrow(byte);
}

static int next_key(EditLine *line, wchar_t *key) {
    struct pulsegate_editor *self = self_of(line);
    for (;;) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        int ready = poll(&input, 1, TICK_MILLISECONDS);
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) return -1;
        if (ready == 0) {
            const char *text = self->tick ? self->tick(self->context) : NULL;
            if (text && *text) show(line, text);
            continue;
        }
        unsigned char byte;
        ssize_t got = read(STDIN_FILENO, &byte, 1);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return got < 0 ? -1 : 0;
        const LineInfo *info = el_line(line);
        // A line that is longer than any command takes no more of it but its end.
        int is_full = info->lastchar - info->buffer >= LINE_BYTES_MAX;
        if (self->escape || byte == 0x1B) {
            if (byte == 0x1B) {
                self->escape = 1;
                continue;
            }
            byte = escaped(self, byte);
        }
        if (!is_key(byte) || (is_full && byte >= 0x20 && byte < 0x7F)) continue;
        *key = byte;
        return 1;
    }
}

static unsigned char complete(EditLine *line, int key) {
    (void)key;
    struct pulsegate_editor *self = self_of(line);
    const LineInfo *info = el_line(line);
    size_t typed = (size_t)(info->cursor - info->buffer);
    if (memchr(info->buffer, ' ', typed)) return CC_ERROR;
    const char *match = NULL;
    size_t common = 0, matches = 0;
    for (size_t index = 0; self->words[index]; index++) {
        const char *word = self->words[index];
        if (strncmp(word, info->buffer, typed) != 0) continue;
        if (matches++ == 0) {
            match = word;
            common = strlen(word);
        }
        while (strncmp(match, word, common) != 0) common--;
    }
    if (matches == 0) return CC_ERROR;
    if (common > typed || matches == 1) {
        char rest[64];
        snprintf(rest, sizeof rest, "%.*s%s", (int)(common - typed), match + typed,
                 matches == 1 ? " " : "");
        return el_insertstr(line, rest) == 0 ? CC_REFRESH : CC_ERROR;
    }
    fputs("\n", stdout);
    for (size_t index = 0; self->words[index]; index++) {
        if (strncmp(self->words[index], info->buffer, typed) == 0) {
            printf("%s  ", self->words[index]);
        }
    }
    fputs("\n", stdout);
    fflush(stdout);
    return CC_REDISPLAY;
}

// A serial line as it may come: no signal of a break, no byte in the place of a parity error, and
// no waiting for a modem.
static void tame(struct pulsegate_editor *self) {
    struct termios state;
    if (tcgetattr(STDIN_FILENO, &state) != 0) return;
    self->before = state;
    self->has_before = 1;
    state.c_iflag |= IGNBRK | IGNPAR | ICRNL;
    state.c_iflag &= ~(tcflag_t)(BRKINT | PARMRK | IXON | IXOFF);
    // A ^S, ^Z or ^\ in the noise would stop the output or the program.
    state.c_lflag &= ~(tcflag_t)(ISIG | IEXTEN | ECHO);
    state.c_cflag |= CLOCAL;
    tcsetattr(STDIN_FILENO, TCSANOW, &state);
}

pulsegate_editor *pulsegate_editor_open(const char *program, const char *prompt_text,
                                        const char *const *words,
                                        pulsegate_editor_tick tick, void *context) {
    struct pulsegate_editor *self = calloc(1, sizeof *self);
    if (!self) return NULL;
    self->prompt = prompt_text;
    self->words = words;
    self->tick = tick;
    self->context = context;
    tame(self);
    self->line = el_init(program, stdin, stdout, stderr);
    self->history = history_init();
    if (!self->line || !self->history) {
        pulsegate_editor_close(self);
        return NULL;
    }
    HistEvent event;
    history(self->history, &event, H_SETSIZE, HISTORY_LINES);
    history(self->history, &event, H_SETUNIQUE, 1);
    el_set(self->line, EL_CLIENTDATA, self);
    // No file of the user's is read, and no signal is handled: ^C is a key that clears the line.
    el_set(self->line, EL_SIGNAL, 0);
    el_set(self->line, EL_PROMPT, prompt);
    el_set(self->line, EL_EDITOR, "emacs");
    el_set(self->line, EL_HIST, history, self->history);
    el_set(self->line, EL_ADDFN, "pulsegate-complete", "Completes a command", complete);
    el_set(self->line, EL_BIND, "^I", "pulsegate-complete", NULL);
    el_set(self->line, EL_BIND, "^C", "ed-start-over", NULL);
    el_set(self->line, EL_SETTY, "-d", "-isig", "-ixon", NULL);
    // Between two lines too: what is typed ahead is shown once, by the editor.
    el_set(self->line, EL_SETTY, "-x", "-isig", "-ixon", "-iexten", "-echo", NULL);
    el_set(self->line, EL_GETCFN, next_key);
    return self;
}

void pulsegate_editor_close(pulsegate_editor *self) {
    if (!self) return;
    if (self->line) el_end(self->line);
    if (self->history) history_end(self->history);
    if (self->has_before) tcsetattr(STDIN_FILENO, TCSANOW, &self->before);
    free(self);
}

const char *pulsegate_editor_read(pulsegate_editor *self) {
    int count = 0;
    const char *text = el_gets(self->line, &count);
    if (!text || count <= 0) return NULL;
    size_t length = strcspn(text, "\r\n");
    if (length > LINE_BYTES_MAX) length = LINE_BYTES_MAX;
    memcpy(self->text, text, length);
    self->text[length] = 0;
    size_t start = strspn(self->text, " ");
    // A PIN is nothing to be found with the arrow keys.
    int is_secret = strncmp(self->text + start, "pin ", 4) == 0 || self->is_answer;
    if (!is_secret && self->text[start]) {
        HistEvent event;
        history(self->history, &event, H_ENTER, self->text);
    }
    return self->text;
}

void pulsegate_editor_ask(pulsegate_editor *self, const char *prompt_text, int is_answer) {
    self->prompt = prompt_text;
    self->is_answer = is_answer;
}
