// SPDX-License-Identifier: Apache-2.0
// Datagrams that nobody answers.
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "posix_internal.h"

// One socket for all, of both families.
static int socket_fd(void)
{
    static int fd = -1;
    if (fd < 0) {
        fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const int off = 0;
        if (fd >= 0) {
            (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        }
    }
    return fd;
}

lp_err_t lp_port_udp_put(const lp_net_peer_t *to, lp_span_t data)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(to->port)};
    memcpy(&address.sin6_addr, to->addr, sizeof to->addr);
    const ssize_t n = sendto(socket_fd(), data.ptr, data.len, 0, (const struct sockaddr *)&address,
                             sizeof address);
    if (n >= 0 || errno == ECONNREFUSED) { // what an earlier one met
        return LP_OK;
    }
    return errno == EAGAIN || errno == ENOBUFS || errno == EINTR ? LP_E_AGAIN : LP_E_IO;
}
