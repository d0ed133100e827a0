// SPDX-License-Identifier: Apache-2.0
#include "daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "front.h"
#include "limpet/control.h"
#include "setup.h"

enum { RESTARTS_MAX = 5, RESTART_WINDOW_S = 60, RESTART_PAUSE_MS = 500 };

typedef struct {
    const cloud_place_t *place;
    cloud_info_t *info;
    broker_files_t files;
    lp_server_t *server;
    front_sockets_t sockets;
    pid_t broker, front;
    int restarts;
    time_t first_restart;
} cloud_t;

static void report(const daemon_config_t *config, const char *code, const char *why)
{
    if (config->report >= 0) {
        dprintf(config->report, "%s%s%s\n", code, why[0] != '\0' ? "\t" : "", why);
        close(config->report);
    }
}

// What happened to the cloud itself goes where the rest of what happens is.
static void note(const cloud_t *c, const char *reason)
{
    char path[PLACE_PATH];
    lp_registry_t *reg = NULL;
    cloud_path(c->place, "registry.db", path);
    if (lp_registry_open(&reg, path, false, NULL, 0) == LP_REG_OK) {
        const lp_reg_event_t e = {.kind = "broker", .reason = reason};
        lp_reg_event_put(reg, &e);
        lp_registry_close(reg);
    }
}

static int wish(long asked, int last)
{
    return asked < 0 ? last : (int)asked;
}

// The port of last time may be taken by now; one that was asked for must be free.
static bool start_server(cloud_t *c, const cloud_ports_t *ports, char *why, size_t size)
{
    char database[PLACE_PATH];
    cloud_path(c->place, "registry.db", database);
    lp_server_config_t config = {
        .folder = c->place->folder,
        .database = database,
        .address = "127.0.0.1",
        .http_port = wish(ports->http, c->info->port_http),
        .https_port = wish(ports->https, c->info->port_https),
        .has_quotas = c->info->has_quotas,
    };
    if (ports->http < 0 && broker_free_port(config.http_port) == 0) {
        config.http_port = 0;
    }
    if (ports->https < 0 && broker_free_port(config.https_port) == 0) {
        config.https_port = 0;
    }
    c->server = lp_server_start(&config, why, size);
    if (c->server == NULL) {
        return false;
    }
    c->info->port_http = lp_server_http_port(c->server);
    c->info->port_https = lp_server_https_port(c->server);
    return true;
}

static bool start_broker(cloud_t *c, const cloud_ports_t *ports, char *why, size_t size)
{
    const long asked[LP_FRONT_KINDS] = {[LP_FRONT_MQTT] = ports->mqtt,
                                        [LP_FRONT_ALPN] = ports->alpn,
                                        [LP_FRONT_HTTPS] = ports->data};
    if (!front_listen(&c->sockets, asked, c->info, why, size) ||
        !broker_configure(c->place, c->info, &c->files, why, size)) {
        return false;
    }
    c->broker = broker_start(c->place, &c->files, why, size);
    if (c->broker > 0) {
        c->front = front_start(c->place, c->info, &c->sockets, why, size);
    }
    return c->front > 0;
}

static const char *start(cloud_t *c, const cloud_ports_t *ports, char *why, size_t size)
{
    bool has_broker = !c->info->is_brokerless;
    if (has_broker && !broker_find(&c->files, why, size)) {
        return "cloud-broker-missing";
    }
    if (!start_server(c, ports, why, size)) {
        return "cloud-listen";
    }
    if (has_broker && !start_broker(c, ports, why, size)) {
        return "cloud-broker";
    }
    return cloud_publish_ports(c->place, c->info, why, size) ? NULL : "cloud-write";
}

static void stop(cloud_t *c)
{
    broker_stop(c->front);
    broker_stop(c->broker);
    front_close(&c->sockets);
    lp_server_stop(c->server);
}

static bool restart_allowed(cloud_t *c)
{
    time_t now = time(NULL);
    if (now - c->first_restart > RESTART_WINDOW_S) {
        c->first_restart = now;
        c->restarts = 0;
    }
    return ++c->restarts <= RESTARTS_MAX;
}

// One of our two processes.
typedef struct {
    const char *name;
    pid_t *pid;
} child_t;

static pid_t start_child(cloud_t *c, const child_t *child, char *why, size_t size)
{
    return child->pid == &c->broker ? broker_start(c->place, &c->files, why, size)
                                    : front_start(c->place, c->info, &c->sockets, why, size);
}

// It ended by itself. False: it ends again and again.
static bool child_ended(cloud_t *c, const child_t *child, int status)
{
    char text[WHY_SIZE + 80];
    char why[WHY_SIZE] = "";
    snprintf(text, sizeof text, "the %s ended (%s %d); starting it again", child->name,
             WIFSIGNALED(status) ? "signal" : "exit code",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    note(c, text);
    while (restart_allowed(c)) {
        *child->pid = start_child(c, child, why, sizeof why);
        if (*child->pid > 0) {
            snprintf(text, sizeof text, "the %s is up again", child->name);
            note(c, text);
            return true;
        }
        usleep(RESTART_PAUSE_MS * 1000);
    }
    snprintf(text, sizeof text, "the %s does not stay up, the cloud stops: %s", child->name, why);
    note(c, text);
    return false;
}

// One signal may stand for both.
static bool look_after_children(cloud_t *c)
{
    const child_t children[] = {{"broker", &c->broker}, {"front", &c->front}};
    for (size_t i = 0; i < sizeof children / sizeof children[0]; i++) {
        int status = 0;
        pid_t pid = *children[i].pid;
        if (pid > 0 && waitpid(pid, &status, WNOHANG) == pid) {
            *children[i].pid = 0;
            if (!child_ended(c, &children[i], status)) {
                return false;
            }
        }
    }
    return true;
}

static int supervise(cloud_t *c, const sigset_t *signals)
{
    for (;;) {
        int sig = 0;
        if (sigwait(signals, &sig) != 0 || sig == SIGTERM || sig == SIGINT) {
            return LP_EXIT_OK;
        }
        if (!look_after_children(c)) {
            return LP_EXIT_FAILED;
        }
    }
}

int daemon_run(const cloud_place_t *place, cloud_info_t *info, const cloud_ports_t *ports,
               const daemon_config_t *config)
{
    cloud_t c = {.place = place, .info = info, .sockets = {.fd = {-1, -1, -1}}};
    char why[WHY_SIZE] = "";
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    const char *fault = start(&c, ports, why, sizeof why);
    if (fault != NULL) {
        stop(&c);
        report(config, fault, why);
        return LP_EXIT_LOCAL;
    }
    note(&c, "the cloud is up");
    report(config, "ok", "");
    int rc = supervise(&c, &signals);
    stop(&c);
    note(&c, "the cloud is down");
    return rc;
}
