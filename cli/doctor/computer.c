// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <glob.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "doctor.h"

enum { BUILT_AFTER_S = 1735689600 }; // 2025-01-01: earlier than that no clock is right
enum { CONNECT_MS = 4000 };

static void look_at_clock(doctor_t *d)
{
    time_t now = time(NULL);
    if (now < BUILT_AFTER_S) {
        doctor_say(d, "computer", BAD, "clock-wrong",
                   "set it: requests to a cloud and certificates depend on it",
                   "this computer's clock is years slow");
        return;
    }
    doctor_say(d, "computer", FINE, "clock", NULL, "the clock is plausible");
}

static void look_at_ports(doctor_t *d)
{
    static const char *const patterns[] = {"/dev/ttyUSB*", "/dev/ttyACM*"};
    for (size_t i = 0; i < 2; i++) {
        glob_t found = {0};
        (void)glob(patterns[i], 0, NULL, &found);
        for (size_t j = 0; j < found.gl_pathc; j++) {
            if (access(found.gl_pathv[j], R_OK | W_OK) != 0) {
                doctor_say(d, "computer", BAD, "port-denied",
                           "sudo usermod -aG dialout $USER, then log in again",
                           "%s may not be opened: %s", found.gl_pathv[j], strerror(errno));
            }
        }
        globfree(&found);
    }
}

static bool is_in(const char *folders, const char *program)
{
    char path[600];
    while (folders != NULL && folders[0] != '\0') {
        size_t n = strcspn(folders, ":");
        snprintf(path, sizeof path, "%.*s/%s", (int)(n < 500 ? n : 500), folders, program);
        if (access(path, X_OK) == 0) {
            return true;
        }
        folders += folders[n] == ':' ? n + 1 : n;
    }
    return false;
}

// What the local cloud and the emulated boards need; nobody needs it to talk to a board.
static void look_at_programs(doctor_t *d)
{
    static const struct {
        const char *program, *what, *next;
    } wanted[] = {
        {"mosquitto", "limpet cloud up needs it", "sudo apt install mosquitto, or ./dev setup"},
        {"cmake", "limpet build needs it", "./dev setup in Limpet's checkout"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!is_in(getenv("PATH"), wanted[i].program) &&
            !is_in("/usr/sbin:/usr/local/sbin", wanted[i].program)) {
            doctor_say(d, "computer", NOTE, "missing-program", wanted[i].next,
                       "%s is not installed; %s", wanted[i].program, wanted[i].what);
        }
    }
}

void doctor_look_at_computer(doctor_t *d)
{
    look_at_clock(d);
    look_at_ports(d);
    look_at_programs(d);
}

// -- the way to the cloud

static bool connects(const struct addrinfo *to)
{
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_good = fd >= 0 && connect(fd, to->ai_addr, to->ai_addrlen) == 0;
    if (fd >= 0 && !is_good && errno == EINPROGRESS) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        int error = 0;
        socklen_t size = sizeof error;
        is_good = poll(&p, 1, CONNECT_MS) == 1 &&
                  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return is_good;
}

void doctor_look_at_network(doctor_t *d)
{
    char host[300];
    char *colon = NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (!d->is_unreachable) {
        return;
    }
    snprintf(host, sizeof host, "%s", d->server);
    colon = strrchr(host, ':');
    const char *port = colon != NULL ? colon + 1 : "8883";
    if (colon != NULL) {
        *colon = '\0';
    }
    if (getaddrinfo(host, port, &hints, &list) != 0) {
        doctor_say(d, "network", BAD, "name-unknown",
                   "check cloud.server, and this network's name server",
                   "this computer, too, cannot find %s", host);
        return;
    }
    bool is_good = false;
    for (const struct addrinfo *a = list; a != NULL && !is_good && !lp_interrupt_seen();
         a = a->ai_next) {
        is_good = connects(a);
    }
    freeaddrinfo(list);
    if (is_good) {
        doctor_say(d, "network", NOTE, "board-alone",
                   "look at the board's own network, and at what the board says: limpet console",
                   "this computer reaches %s, the board does not", d->server);
    } else {
        doctor_say(d, "network", BAD, "cloud-unreachable",
                   "is the cloud up? is the port open in this network?",
                   "this computer, too, cannot reach %s", d->server);
    }
}
