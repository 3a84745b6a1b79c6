// libmicrohttpd for Swift: its variadic start, its listening socket, and unions read by name.
#pragma once

#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

// The bounds of a daemon.
struct pulsegate_http_settings {
    // A socket that listens; the daemon closes it. One of IPv6 says so.
    int listener;
    int is_ipv6;
    unsigned int connections_max;
    unsigned int connections_per_address_max;
    // A connection without any progress for so long is closed.
    unsigned int idle_seconds;
    // Memory of a connection: request line, header and what is read ahead of the body.
    size_t connection_bytes;
};

// A socket that listens at a numeric address, whether any interface has it yet or not; or the
// error number, negative. Port 0 is a free one.
int pulsegate_http_listen(const char *address, uint16_t port);

// The port that a socket listens at.
uint16_t pulsegate_http_port(int listener);

// A daemon without a thread of its own, to be watched by its epoll descriptor; NULL when
// libmicrohttpd refuses. `context` is handed to each function.
struct MHD_Daemon *pulsegate_http_start(const struct pulsegate_http_settings *settings,
                                        void *context, MHD_AccessHandlerCallback request,
                                        MHD_RequestCompletedCallback completed,
                                        MHD_NotifyConnectionCallback connection);

int pulsegate_http_number(struct MHD_Daemon *daemon);

// Ends both directions of a connection: the daemon finds it closed at its next run. A closed
// socket would be the daemon's no longer, so it stays open here.
void pulsegate_http_cut(struct MHD_Connection *connection);

// The client has closed its end and everything that it sent has been read.
int pulsegate_http_has_left(struct MHD_Connection *connection);

// Enumerations that Swift would name in its own way, which way depends on the version.
static inline int pulsegate_http_is_yes(enum MHD_Result result) { return result == MHD_YES; }

static inline enum MHD_Result pulsegate_http_result(int goes_on) {
    return goes_on ? MHD_YES : MHD_NO;
}

static inline int pulsegate_http_is_start(enum MHD_ConnectionNotificationCode event) {
    return event == MHD_CONNECTION_NOTIFY_STARTED;
}

// The first value of a name in a header, in the query or in the cookies; NULL without one.
static inline const char *pulsegate_http_header(struct MHD_Connection *connection,
                                                const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static inline const char *pulsegate_http_query(struct MHD_Connection *connection,
                                               const char *name) {
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

// Calls `each` for every argument of the query, until it wants no more.
static inline void pulsegate_http_arguments(struct MHD_Connection *connection,
                                            MHD_KeyValueIterator each, void *context) {
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, each, context);
}

static inline const char *pulsegate_http_cookie(struct MHD_Connection *connection,
                                                const char *name) {
    return MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, name);
}

// An answer of bytes that stay where they are until the request is over. MHD writes nothing there:
// the parameter is not const for old programs.
static inline struct MHD_Response *pulsegate_http_response(const void *bytes, size_t count) {
    return MHD_create_response_from_buffer(count, (void *)bytes, MHD_RESPMEM_PERSISTENT);
}

// What the function told of connections has stored with one.
static inline void *pulsegate_http_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}
