// SPDX-License-Identifier: Apache-2.0
// A computer with a radio of its own, as somebody beside the board has one: it joins a network of
// the air, and what connects to a port of this computer comes out at the access point.
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "air_private.h"

enum { LINE = 512, TURN_MS = 500, JOIN_TURNS = 40, HTTP_PORT = 80 };

static const lp_help_t help = {
    .name = "air join",
    .args = "SSID",
    .summary =
        "Joins a network of an air, as a computer beside the board, and reaches what is behind it.",
    .examples = {"limpet air join --socket air.sock limpet-4f21c0 --listen 8000 <password.txt",
                 NULL},
    .notes =
        "The password is LIMPET_WIFI_PASSWORD, or the first line of stdin; an empty one joins an\n"
        "open network. With --listen, connections to that port of 127.0.0.1 come out at the "
        "access\n"
        "point's --to; without it the command ends when it has joined. SIGTERM ends it.",
    .exit_codes = (const int[]){LP_EXIT_CREDENTIALS, LP_EXIT_NETWORK, LP_EXIT_LOCAL, 0},
    .max_args = 1,
};

typedef struct {
    const char *socket;
    const char *mac;
    long listen;
    long to;
} join_t;

static void hex_of(const char *text, char *out)
{
    memcpy(out, "-", 2);
    for (size_t i = 0; text[i] != '\0'; i++) {
        snprintf(out + 2 * i, 3, "%02x", (unsigned char)text[i]);
    }
}

static void read_password(char pass[128])
{
    const char *given = getenv("LIMPET_WIFI_PASSWORD");
    pass[0] = '\0';
    if (given != NULL) {
        snprintf(pass, 128, "%s", given);
    } else if (fgets(pass, 128, stdin) != NULL) {
        pass[strcspn(pass, "\r\n")] = '\0';
    }
}

static bool say_hello(int fd, const char *mac)
{
    char line[64];
    unsigned char random[6];
    if (mac != NULL) {
        snprintf(line, sizeof line, "hello %s", mac);
        return air_send(fd, line, -1);
    }
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return false;
    }
    snprintf(line, sizeof line, "hello 02%02x%02x%02x%02x%02x", random[1], random[2], random[3],
             random[4], random[5]);
    return air_send(fd, line, -1);
}

static bool say_join(int fd, const char *ssid, const char *pass)
{
    char line[LINE];
    char name[2 * 33 + 1];
    char secret[2 * 128 + 1];
    if (strlen(ssid) > 32) {
        return false;
    }
    hex_of(ssid, name);
    hex_of(pass, secret);
    snprintf(line, sizeof line, "join %s %s - 0", name, secret);
    const bool is_sent = air_send(fd, line, -1);
    explicit_bzero(line, sizeof line);
    explicit_bzero(secret, sizeof secret);
    return is_sent;
}

// The next line of the radio. False: none in time, or it is gone.
static bool next_line(int fd, char line[LINE], int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int passed;
    return poll(&p, 1, ms) > 0 && air_receive(fd, line, LINE, &passed) > 0;
}

static int lost(const char *line)
{
    char what[128];
    const bool is_password = strncmp(line, "lost password", 13) == 0;
    snprintf(what, sizeof what, "the network was not joined (%.60s)", line + 5);
    return lp_ui_fail(
        is_password ? LP_EXIT_CREDENTIALS : LP_EXIT_NETWORK,
        is_password ? "wifi-wrong-password" : "wifi-not-joined", what,
        is_password ? "its handshake failed" : NULL,
        is_password ? "the password is case-sensitive; a board's is what limpet wifi ap label says"
                    : "limpet air tell --socket PATH list shows what is on the air");
}

static int wait_for_address(int fd, char address[LINE])
{
    char line[LINE];
    for (int i = 0; i < JOIN_TURNS && !air_is_over; i++) {
        if (!next_line(fd, line, TURN_MS)) {
            continue;
        }
        if (strncmp(line, "address ", 8) == 0) {
            snprintf(address, LINE, "%s", line + 8);
            address[strcspn(address, " ")] = '\0';
            return LP_EXIT_OK;
        }
        if (strncmp(line, "lost ", 5) == 0) {
            return lost(line);
        }
        if (strcmp(line, "error") == 0) {
            return lp_ui_fail(LP_EXIT_USAGE, "usage", "that is no name or password of a network",
                              NULL, "limpet air join --help");
        }
    }
    return lp_ui_fail(LP_EXIT_NETWORK, "wifi-not-joined", "the radio does not answer", NULL,
                      "is limpet air serve still running?");
}

static int listen_local(long port)
{
    const int on = 1;
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&addr, sizeof addr) != 0 || listen(fd, 8) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static long port_of(int fd)
{
    struct sockaddr_in addr = {0};
    socklen_t len = sizeof addr;
    (void)getsockname(fd, (struct sockaddr *)&addr, &len);
    return ntohs(addr.sin_port);
}

// The connection itself goes to the air; what is said on it never passes here.
static void hand_over(int radio, int listener, long to)
{
    char line[32];
    const int fd = accept(listener, NULL, NULL);
    if (fd >= 0) {
        snprintf(line, sizeof line, "connect %ld", to);
        (void)air_send(radio, line, fd);
        close(fd);
    }
}

static int serve(int radio, int listener, long to)
{
    char line[LINE];
    while (!air_is_over) {
        struct pollfd fds[2] = {{.fd = radio, .events = POLLIN},
                                {.fd = listener, .events = POLLIN}};
        if (poll(fds, 2, TURN_MS) < 0 && errno != EINTR) {
            break;
        }
        if ((fds[1].revents & POLLIN) != 0) {
            hand_over(radio, listener, to);
        }
        if (fds[0].revents != 0 && (!next_line(radio, line, 0) || strncmp(line, "lost ", 5) == 0)) {
            lp_ui_info("the network is gone");
            return LP_EXIT_NETWORK;
        }
    }
    return LP_EXIT_OK;
}

static int run(const join_t *o, const char *ssid)
{
    char pass[128];
    char address[LINE];
    const int radio = air_reach(o->socket);
    if (radio < 0) {
        return LP_EXIT_LOCAL;
    }
    read_password(pass);
    const bool is_said = say_hello(radio, o->mac) && say_join(radio, ssid, pass);
    explicit_bzero(pass, sizeof pass);
    int rc = is_said ? wait_for_address(radio, address)
                     : lp_ui_fail(LP_EXIT_USAGE, "usage", "that is no name of a network",
                                  "it has 1 to 32 bytes", "limpet air join --help");
    if (rc == LP_EXIT_OK) {
        const int listener = o->listen >= 0 ? listen_local(o->listen) : -1;
        if (o->listen >= 0 && listener < 0) {
            rc = lp_ui_fail(LP_EXIT_LOCAL, "air-port", "the port cannot be listened on",
                            strerror(errno), "another --listen PORT, or 0 for any");
        } else {
            lp_ui_out("joined %s, address %s, port %ld", ssid, address,
                      listener >= 0 ? port_of(listener) : 0);
            fflush(stdout);
            rc = listener >= 0 ? serve(radio, listener, o->to) : rc;
        }
        if (listener >= 0) {
            close(listener);
        }
    }
    close(radio);
    return rc;
}

int air_cmd_join(int argc, char **argv)
{
    join_t o = {.listen = -1, .to = HTTP_PORT};
    const lp_opt_t opts[] = {
        {"socket", LP_OPT_STR, &o.socket, "PATH", "of limpet air serve"},
        {"listen", LP_OPT_INT, &o.listen, "PORT", "of 127.0.0.1; 0: any, which is said"},
        {"to", LP_OPT_INT, &o.to, "PORT", "of the access point, 80 if left out"},
        {"mac", LP_OPT_STR, &o.mac, "MAC", "the radio's; at random if left out"},
    };
    int n = 0;
    const int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n != 1 || o.socket == NULL) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "SSID and --socket PATH are needed", NULL,
                          "limpet air join --help");
    }
    air_catch_signals();
    return run(&o, argv[1]);
}
