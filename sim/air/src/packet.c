// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "limpet/air_server.h"

int air_dial(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof addr.sun_path) {
        return -1;
    }
    memcpy(addr.sun_path, path, strlen(path) + 1);
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

typedef union {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
} control_t;

bool air_send(int fd, const char *line, int passed)
{
    // The bytes are only read; the type is the system's.
    struct iovec part = {.iov_base = (void *)(uintptr_t)line, .iov_len = strlen(line)};
    control_t control = {0};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
    if (passed >= 0) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof control.bytes;
        struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof passed);
        memcpy(CMSG_DATA(head), &passed, sizeof passed);
    }
    return sendmsg(fd, &msg, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
}

int air_receive(int fd, char *line, size_t cap, int *passed)
{
    struct iovec part = {.iov_base = line, .iov_len = cap - 1};
    control_t control;
    struct msghdr msg = {.msg_iov = &part,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control.bytes};
    *passed = -1;
    ssize_t got;
    do {
        got = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return -1;
    }
    line[got] = '\0';
    const struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
    if (head != NULL && head->cmsg_type == SCM_RIGHTS &&
        head->cmsg_len == CMSG_LEN(sizeof *passed)) {
        memcpy(passed, CMSG_DATA(head), sizeof *passed);
    }
    return (int)got;
}
