#define _GNU_SOURCE
#include "CMicroHTTPD.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What the kernel may hold of an answer that nobody reads; it takes twice as much for its own
// accounts (socket(7), SO_SNDBUF).
#define SEND_BYTES (64 << 10)
// A client whose machine has gone is given up after so long without an acknowledgement (tcp(7)).
#define UNACKNOWLEDGED_MILLISECONDS 15000
// Connections that wait to be accepted; more are told nothing and try again.
#define BACKLOG 64

static int set(int socket, int level, int option, int value) {
    return setsockopt(socket, level, option, &value, sizeof value);
}

int pulsegate_http_listen(const char *address, uint16_t port) {
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    const struct sockaddr *place = NULL;
    socklen_t length = 0;
    if (inet_pton(AF_INET, address, &four.sin_addr) == 1) {
        place = (const struct sockaddr *)&four;
        length = sizeof four;
    } else if (inet_pton(AF_INET6, address, &six.sin6_addr) == 1) {
        place = (const struct sockaddr *)&six;
        length = sizeof six;
    } else {
        return -EINVAL;
    }
    int listener = socket(place->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0) return -errno;
    // Accepted sockets have the options of their listener. A gateway that starts before its
    // network has the address all the same (ip(7), IP_FREEBIND).
    int failed = set(listener, SOL_SOCKET, SO_REUSEADDR, 1) ||
                 set(listener, SOL_SOCKET, SO_SNDBUF, SEND_BYTES) ||
                 set(listener, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MILLISECONDS) ||
                 set(listener, IPPROTO_IP, IP_FREEBIND, 1) ||
                 (place->sa_family == AF_INET6 && set(listener, IPPROTO_IPV6, IPV6_V6ONLY, 1)) ||
                 bind(listener, place, length) || listen(listener, BACKLOG);
    if (!failed) return listener;
    int number = errno;
    close(listener);
    return -number;
}

uint16_t pulsegate_http_port(int listener) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    if (getsockname(listener, (struct sockaddr *)&name, &length) != 0) return 0;
    return ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
                                            : ((struct sockaddr_in *)&name)->sin_port);
}

struct MHD_Daemon *pulsegate_http_start(const struct pulsegate_http_settings *settings,
                                        void *context, MHD_AccessHandlerCallback request,
                                        MHD_RequestCompletedCallback completed,
                                        MHD_NotifyConnectionCallback connection) {
    // The kernel's clock may be wrong for hours, and a server without a clock sends no Date
    // (RFC 9110 section 6.6.1).
    unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    if (settings->is_ipv6) flags |= MHD_USE_IPv6;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, request, context, MHD_OPTION_LISTEN_SOCKET, settings->listener,
        MHD_OPTION_CONNECTION_LIMIT, settings->connections_max,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, settings->connections_per_address_max,
        MHD_OPTION_CONNECTION_TIMEOUT, settings->idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        settings->connection_bytes, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
        completed, context, MHD_OPTION_NOTIFY_CONNECTION, connection, context, MHD_OPTION_END);
}

int pulsegate_http_number(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? info->epoll_fd : -1;
}

static int descriptor(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

int pulsegate_http_has_left(struct MHD_Connection *connection) {
    char byte;
    ssize_t got = recv(descriptor(connection), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

void pulsegate_http_cut(struct MHD_Connection *connection) {
    shutdown(descriptor(connection), SHUT_RDWR);
}
