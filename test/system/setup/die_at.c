// SPDX-License-Identifier: Apache-2.0
// LD_PRELOAD: kills the process before its Nth call (LP_DIE_AT) that makes something lasting or
// goes out on the network, so that a run can be made to die at each of them in turn; or before it
// writes a certain text (LP_DIE_SAYING), such as the name of a method, to the board.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void count(void)
{
    static long calls;
    const char *at = getenv("LP_DIE_AT");
    if (at != NULL && ++calls == strtol(at, NULL, 10)) {
        (void)raise(SIGKILL);
    }
}

int fsync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    count();
    return real(fd);
}

int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) =
        (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    count();
    return real(from, to);
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
    int (*real)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
    count();
    return real(fd, address, len);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    ssize_t (*real)(int, const void *, size_t) =
        (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    const char *text = getenv("LP_DIE_SAYING");
    if (text != NULL && memmem(bytes, n, text, strlen(text)) != NULL) {
        (void)raise(SIGKILL);
    }
    return real(fd, bytes, n);
}
