// SPDX-License-Identifier: Apache-2.0
// limpet cloud up: makes what is missing, starts, and comes back when everything answers.
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "daemon.h"
#include "setup.h"

enum { START_MS = 20000 };

typedef struct {
    const char *dir, *region, *quotas, *endpoint, *broker;
    bool foreground;
    cloud_ports_t ports;
} up_t;

static void show(const cloud_place_t *place, const cloud_info_t *info, bool was_up, uint64_t ms)
{
    char flag[PLACE_FLAG];
    lp_ui_info("Cloud %s in %.1f s: account %s, region %s", was_up ? "is up already" : "up",
               (double)ms / 1000.0, info->account, info->region);
    lp_ui_label("Control", "https://localhost:%d and http://localhost:%d", info->port_https,
                info->port_http);
    if (info->is_brokerless) {
        lp_ui_label("Broker", "none: limpet cloud gateway --nats URL starts a way in");
    } else {
        lp_ui_label("Broker", "localhost:%d, mutual TLS only", info->port_mqtt);
        lp_ui_label("", "localhost:%d with ALPN, HTTPS at localhost:%d", info->port_alpn,
                    info->port_data);
    }
    lp_ui_label("Folder", "%s", place->folder);
    cloud_flag(place, flag);
    if (flag[0] == '\0') {
        lp_ui_info("AWS tools: eval \"$(limpet cloud env)\"   Follow: limpet cloud watch");
    } else {
        lp_ui_info("AWS tools: eval \"$(limpet cloud env%s)\"", flag);
        lp_ui_info("Follow: limpet cloud watch%s", flag);
    }
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "dir", place->folder);
    cJSON_AddStringToObject(doc, "accountId", info->account);
    cJSON_AddStringToObject(doc, "region", info->region);
    cloud_add_ports(doc, info);
    cJSON_AddBoolToObject(doc, "wasUp", was_up);
    cJSON_AddNumberToObject(doc, "ms", (double)ms);
    lp_ui_event("cloud-up", doc);
}

static const struct {
    const char *code, *what, *next;
} faults[] = {
    {"cloud-broker-missing", "a part of the cloud is not installed",
     "./dev setup installs it (Debian package mosquitto); LIMPET_PLUGIN names the plugin"},
    {"cloud-listen", "the control plane cannot listen",
     "choose other ports: --port-https 0 --port-http 0 takes free ones"},
    {"cloud-broker", "the broker does not start",
     "look into mosquitto.log in the cloud's folder; --port-mqtt 0 takes a free port"},
    {"cloud-write", "the cloud's folder cannot be written", "make room or choose another --dir"},
};

static int fail_start(const char *code, const char *why)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        if (strcmp(faults[i].code, code) == 0) {
            return lp_ui_fail(LP_EXIT_LOCAL, code, faults[i].what, why, faults[i].next);
        }
    }
    return lp_ui_fail(LP_EXIT_LOCAL, "cloud-start", "the cloud did not start", why,
                      "try limpet cloud up --foreground");
}

// The line that the daemon writes: "ok" or "code<TAB>why".
static int read_report(int fd)
{
    char line[WHY_SIZE + 64] = "";
    size_t n = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (n < sizeof line - 1 && strchr(line, '\n') == NULL && poll(&p, 1, START_MS) == 1) {
        ssize_t got = read(fd, line + n, sizeof line - 1 - n);
        if (got <= 0) {
            break;
        }
        n += (size_t)got;
        line[n] = '\0';
    }
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "ok") == 0) {
        return LP_EXIT_OK;
    }
    char *tab = strchr(line, '\t');
    if (tab != NULL) {
        *tab = '\0';
    }
    return fail_start(line, tab != NULL ? tab + 1 : "it ended without a word; see cloud.log");
}

static void detach(const cloud_place_t *place)
{
    char log[PLACE_PATH];
    cloud_path(place, "cloud.log", log);
    setsid();
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    int null = open("/dev/null", O_RDONLY);
    if (fd >= 0 && null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        close(fd);
        close(null);
    }
    if (chdir("/") != 0) {
        perror("chdir");
    }
}

static int start_daemon(const cloud_place_t *place, cloud_info_t *info, const up_t *up, int lock)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fail_start("cloud-start", strerror(errno));
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        detach(place);
        cloud_lock_sign(lock);
        const daemon_config_t config = {.report = ends[1]};
        exit(daemon_run(place, info, &up->ports, &config));
    }
    close(ends[1]);
    close(lock); // the child holds it on
    int rc = pid > 0 ? read_report(ends[0]) : fail_start("cloud-start", strerror(errno));
    close(ends[0]);
    if (rc == LP_EXIT_OK && !cloud_info_read(place, info)) {
        rc = fail_start("cloud-write", "cloud.json cannot be read");
    } else if (rc != LP_EXIT_OK && pid > 0) {
        kill(pid, SIGTERM);
        waitpid(pid, NULL, 0);
    }
    return rc;
}

static int run_foreground(const cloud_place_t *place, cloud_info_t *info, const up_t *up, int lock)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fail_start("cloud-start", strerror(errno));
    }
    cloud_lock_sign(lock);
    lp_ui_info("Starting in %s; Ctrl-C stops.", place->folder);
    const daemon_config_t config = {.report = ends[1]};
    int rc = daemon_run(place, info, &up->ports, &config);
    // A short line fits into the pipe, so it can be read afterwards.
    int started = read_report(ends[0]);
    close(ends[0]);
    close(lock);
    return started != LP_EXIT_OK ? started : rc;
}

static bool answers(const cloud_place_t *place, cloud_info_t *info)
{
    return cloud_info_read(place, info) && (info->port_mqtt != 0 || info->is_brokerless) &&
           broker_answers(place, info) && broker_listens(info->port_https);
}

// Somebody else has the lock: their cloud is up, or will be in a moment.
static int already_up(const cloud_place_t *place, pid_t owner)
{
    cloud_info_t info;
    char why[WHY_SIZE];
    const struct timespec step = {.tv_nsec = 50 * 1000000L};
    if (owner < 0) {
        snprintf(why, sizeof why, "%s: %s", place->folder, strerror(errno));
        return fail_start("cloud-write", why);
    }
    for (int t = 0; t < START_MS; t += 50) {
        if (answers(place, &info)) {
            show(place, &info, true, 0);
            return LP_EXIT_OK;
        }
        nanosleep(&step, NULL);
    }
    return lp_ui_fail(LP_EXIT_LOCAL, "cloud-busy", "another limpet is at work in this folder", NULL,
                      "try again in a moment, or limpet cloud down");
}

static int run_up(const cloud_place_t *place, const up_t *up)
{
    cloud_info_t info;
    char why[WHY_SIZE] = "";
    pid_t owner = 0;
    uint64_t begun = lp_ui_now_ms();
    if (!cloud_make_folder(place, why, sizeof why)) {
        return fail_start("cloud-write", why);
    }
    int lock = cloud_lock(place, &owner);
    if (lock < 0) {
        return already_up(place, owner);
    }
    if (!cloud_setup(place, up->region, &info, why, sizeof why)) {
        close(lock);
        return fail_start("cloud-write", why);
    }
    if (up->quotas != NULL) {
        info.has_quotas = strcmp(up->quotas, "aws") == 0;
    }
    if (up->endpoint != NULL) {
        info.tells_own_name = strcmp(up->endpoint, "own") == 0;
    }
    if (up->broker != NULL) {
        info.is_brokerless = strcmp(up->broker, "none") == 0;
    }
    if (up->foreground) {
        return run_foreground(place, &info, up, lock);
    }
    int rc = start_daemon(place, &info, up, lock);
    if (rc == LP_EXIT_OK) {
        show(place, &info, false, lp_ui_now_ms() - begun);
    }
    return rc;
}

static bool port_ok(long port)
{
    return port >= -1 && port <= 65535;
}

static bool is_one_of(const char *given, const char *a, const char *b)
{
    return given == NULL || strcmp(given, a) == 0 || strcmp(given, b) == 0;
}

int cloud_cmd_up(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "cloud up",
        .args = "",
        .summary = "Starts an AWS IoT Core work-alike on this computer; makes it the first time.",
        .examples = {"limpet cloud up", "limpet cloud up --dir ./cloud --port-mqtt 8883", NULL},
        .notes = "Listens on the loopback interface only. Ports are kept for the next time; 0 "
                 "takes any free one.\n--endpoint own is cloud.json's endpointName, for boards to "
                 "which localhost is themselves, "
                 "as the emulated ones.",
    };
    up_t up = {.ports = {.http = -1, .https = -1, .mqtt = -1, .alpn = -1, .data = -1}};
    const lp_opt_t opts[] = {
        CLOUD_OPT_DIR(up.dir),
        {"region", LP_OPT_STR, &up.region, "NAME", "the region it plays (us-east-1)"},
        {"port-https", LP_OPT_INT, &up.ports.https, "PORT", "of the control plane with TLS"},
        {"port-http", LP_OPT_INT, &up.ports.http, "PORT", "of the control plane without"},
        {"port-mqtt", LP_OPT_INT, &up.ports.mqtt, "PORT", "of the broker (AWS: 8883)"},
        {"port-alpn", LP_OPT_INT, &up.ports.alpn, "PORT", "MQTT or HTTPS by ALPN (AWS: 443)"},
        {"port-data", LP_OPT_INT, &up.ports.data, "PORT", "HTTPS of devices (AWS: 8443)"},
        {"quotas", LP_OPT_STR, &up.quotas, "aws|none", "AWS's rates of calls a second (none)"},
        {"endpoint", LP_OPT_STR, &up.endpoint, "localhost|own",
         "the name that devices are told (localhost); kept"},
        {"broker", LP_OPT_STR, &up.broker, "mosquitto|none", "none: gateways do it (mosquitto)"},
        {"foreground", LP_OPT_BOOL, &up.foreground, NULL, "stay; Ctrl-C stops"},
    };
    cloud_place_t place;
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    rc = rc == LP_OPT_GO_ON ? cloud_find_place(up.dir, &place) : rc;
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (!port_ok(up.ports.http) || !port_ok(up.ports.https) || !port_ok(up.ports.mqtt) ||
        !port_ok(up.ports.alpn) || !port_ok(up.ports.data)) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "a port is a number from 0 to 65535", NULL, NULL);
    }
    if (!is_one_of(up.quotas, "aws", "none")) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--quotas is aws or none", NULL, NULL);
    }
    if (!is_one_of(up.endpoint, "own", "localhost")) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--endpoint is localhost or own", NULL, NULL);
    }
    if (!is_one_of(up.broker, "mosquitto", "none")) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--broker is mosquitto or none", NULL, NULL);
    }
    return run_up(&place, &up);
}
