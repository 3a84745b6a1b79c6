// zlib for Swift: what is a macro in zlib.h.
#pragma once

#include <zlib.h>

// Begins a stream that writes gzip (RFC 1952): 16 more than the window's bits says so.
static inline int pulsegate_gzip_begin(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
