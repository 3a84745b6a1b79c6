// libedit (3.1), whose el_set and history are variadic, behind a few plain calls.
#pragma once

#include <stddef.h>

typedef struct pulsegate_editor pulsegate_editor;

// Called every second while the line is being typed; answers a text to show above it, or NULL.
typedef const char *(*pulsegate_editor_tick)(void *context);

// A line editor on standard input and output. `words` is a list of what the first word may be,
// ended by NULL; it and `prompt` stay the caller's and must live on. NULL: there is no memory.
pulsegate_editor *pulsegate_editor_open(const char *program, const char *prompt,
                                        const char *const *words,
                                        pulsegate_editor_tick tick, void *context);
void pulsegate_editor_close(pulsegate_editor *editor);

// The next line without its end, valid until the next call; NULL at the end of the input or when
// the line is cut (the terminal is gone).
const char *pulsegate_editor_read(pulsegate_editor *editor);

// Another prompt for the next lines. An answer to a question is not remembered.
void pulsegate_editor_ask(pulsegate_editor *editor, const char *prompt, int is_answer);
