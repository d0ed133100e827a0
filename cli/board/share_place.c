// SPDX-License-Identifier: Apache-2.0
// Where the sockets of shared ports are, and how a command joins one.
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "share.h"

enum { GREETING_MS = 3000, GREETING_MAX = 64 };

static const char greeting[] = "limpet-share 1 ";

// Follows no link, and takes nothing that somebody else could have put there or can change.
static int open_private(const char *path, bool is_made)
{
    struct stat st;
    if (is_made && mkdir(path, 0700) != 0 && errno != EEXIST) {
        return -1;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == getuid() && (st.st_mode & 077) == 0) {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

int lp_share_folder(bool is_made)
{
    char path[400];
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int n = runtime != NULL && runtime[0] == '/'
                ? snprintf(path, sizeof path - 8, "%s/limpet", runtime)
                : snprintf(path, sizeof path - 8, "/tmp/limpet-%ld", (long)getuid());
    if (n < 0 || n >= (int)sizeof path - 8) {
        return -1;
    }
    int above = open_private(path, is_made);
    if (above < 0) {
        return -1;
    }
    close(above);
    memcpy(path + n, "/ports", sizeof "/ports");
    return open_private(path, is_made);
}

bool lp_share_name(const char *port, char *name, size_t cap)
{
    static const char dev[] = "/dev/";
    const char *from = strncmp(port, dev, sizeof dev - 1) == 0 ? port + sizeof dev - 1 : port;
    size_t n = 0;
    for (; *from != '\0' && n + sizeof ".sock" + 3 < cap; from++) {
        unsigned char c = (unsigned char)*from;
        bool is_plain = isalnum(c) || c == '_' || c == '-' || (c == '.' && n > 0);
        n += (size_t)snprintf(name + n, cap - n, is_plain ? "%c" : "%%%02X", c);
    }
    snprintf(name + n, cap - n, ".sock");
    return *from == '\0' && n > 0;
}

void lp_share_address(int folder, const char *name, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%.70s", folder, name);
}

bool lp_share_is_ours(int fd, long *pid)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || peer.uid != getuid()) {
        return false;
    }
    *pid = (long)peer.pid;
    return true;
}

int lp_share_connect(int folder, const char *name, long *pid)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    lp_share_address(folder, name, &address);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        if (lp_share_is_ours(fd, pid)) {
            return fd;
        }
        errno = EPERM;
    }
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

// The owner's first line, a byte at a time: what follows it is the board's.
static bool is_greeted(int fd, bool *is_gone)
{
    char line[GREETING_MAX] = "";
    size_t n = 0;
    const uint64_t end_ms = lp_ui_now_ms() + GREETING_MS;
    *is_gone = false;
    while (n + 1 < sizeof line && !lp_interrupt_seen() && lp_ui_now_ms() < end_ms) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 100) <= 0) {
            continue;
        }
        ssize_t got = read(fd, line + n, 1);
        *is_gone = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
        if (*is_gone || line[n] == '\n') {
            break;
        }
        n += got > 0 ? 1 : 0;
    }
    return line[n] == '\n' && strncmp(line, greeting, sizeof greeting - 1) == 0;
}

lp_share_join_t lp_share_join(const char *port, int *fd, long *pid)
{
    char name[64];
    int folder = lp_share_folder(false);
    if (folder < 0) {
        return LP_SHARE_NOBODY;
    }
    errno = ENOENT;
    int line = lp_share_name(port, name, sizeof name) ? lp_share_connect(folder, name, pid) : -1;
    bool is_gone = errno != EAGAIN; // its queue is full: it does not take anybody in
    close(folder);
    if (line < 0) {
        return is_gone ? LP_SHARE_NOBODY : LP_SHARE_DEAF;
    }
    if (is_greeted(line, &is_gone)) {
        *fd = line;
        return LP_SHARE_JOINED;
    }
    close(line);
    return is_gone ? LP_SHARE_NOBODY : LP_SHARE_DEAF; // it was about to end, or it sleeps
}
