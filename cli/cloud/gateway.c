// SPDX-License-Identifier: Apache-2.0
// limpet cloud gateway: one more way into a cloud whose messages go through a NATS cluster. A front
// of its own, and behind it, in this process, what speaks to the cluster.
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker.h"
#include "commands.h"
#include "front.h"
#include "limpet/front_pass.h"
#include "limpet/gateway.h"
#include "limpet/registry.h"
#include "setup.h"

enum { NAME_MAX_LEN = 40, REPLICAS = 3, REPLICAS_MAX = 5, KEEP_H = 24, KEEP_H_MAX = 87600 };

typedef struct {
    const char *dir, *name;
    lp_nats_access_t nats;
    long port[LP_FRONT_KINDS];
    long replicas, keep_h;
} gateway_args_t;

static volatile sig_atomic_t stop;
static volatile sig_atomic_t is_told; // by a person, not by the front's end

static void on_signal(int sig)
{
    is_told = is_told || sig != SIGCHLD;
    stop = 1;
}

static void catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGCHLD, &sa, NULL);
}

static bool name_ok(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= NAME_MAX_LEN &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
}

static int fail(const char *what, const char *why, const char *next)
{
    return lp_ui_fail(LP_EXIT_LOCAL, "cloud-gateway", what, why, next);
}

// A process's arguments are for everybody to see; its environment is not.
static bool has_password(const char *servers)
{
    lp_nats_servers_t s;
    bool found = servers != NULL && lp_nats_servers_read(servers, &s) && s.has_user;
    lp_nats_servers_wipe(&s);
    return found;
}

static int fail_access(const lp_nats_fault_t *f)
{
    static const struct {
        lp_exit_t exit;
        const char *code;
    } by_kind[] = {[LP_NATS_FAULT_USAGE] = {LP_EXIT_USAGE, "nats-access"},
                   [LP_NATS_FAULT_PLAIN] = {LP_EXIT_USAGE, "nats-plain"},
                   [LP_NATS_FAULT_FILE] = {LP_EXIT_LOCAL, "nats-file"}};
    return lp_ui_fail(by_kind[f->kind].exit, by_kind[f->kind].code, f->what, f->why, f->next);
}

static int fail_open(lp_gateway_trouble_t trouble, const char *why)
{
    static const struct {
        lp_exit_t exit;
        const char *code, *what, *next;
    } by[] = {
        [LP_GATEWAY_LOCAL] = {LP_EXIT_LOCAL, "cloud-gateway", "the gateway does not start",
                              "is the cloud's folder whole? limpet cloud status"},
        [LP_GATEWAY_UNREACHABLE] =
            {LP_EXIT_NETWORK, "nats-unreachable", "the gateway does not reach its NATS cluster",
             "are nats-servers with JetStream there, as many as --replicas?"},
        [LP_GATEWAY_NOT_TRUSTED] =
            {LP_EXIT_NETWORK, "nats-tls", "the gateway does not trust the NATS server",
             "do its certificate's names, its CA and --nats-ca fit? Does it have tls { } set?"},
        [LP_GATEWAY_NOT_LET_IN] = {LP_EXIT_CREDENTIALS, "nats-denied",
                                   "the NATS cluster does not let the gateway in",
                                   "compare its users and permissions with docs/fleet-broker.md"},
        [LP_GATEWAY_OPEN_TO_ALL] = {LP_EXIT_NETWORK, "nats-open",
                                    "the NATS cluster lets anybody in",
                                    "set verify and users as docs/fleet-broker.md has it"},
        [LP_GATEWAY_STREAM] = {LP_EXIT_CONFLICT, "nats-stream",
                               "the stream does not keep what a gateway promises",
                               "change the stream, or --replicas"},
    };
    return lp_ui_fail(by[trouble].exit, by[trouble].code, by[trouble].what, why, by[trouble].next);
}

static bool make_folder(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

// Folder, lock and key of this gateway. -1: `why`.
static int make_place(const cloud_place_t *cloud, const char *name, char place[PLACE_SIZE],
                      char *why, size_t size)
{
    char path[PLACE_PATH];
    cloud_path(cloud, "gateways", path);
    int n = snprintf(place, PLACE_SIZE, "%s/%s", path, name);
    if (n >= PLACE_SIZE || !make_folder(path) || !make_folder(place)) {
        snprintf(why, size, "%s: %s", path, n >= PLACE_SIZE ? "too long" : strerror(errno));
        return -1;
    }
    snprintf(path, sizeof path, "%s/lock", place);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) {
        snprintf(why, size, "%s",
                 errno == EWOULDBLOCK ? "a gateway with this name runs already" : strerror(errno));
        if (lock >= 0) {
            close(lock);
        }
        return -1;
    }
    snprintf(path, sizeof path, "%s/front.key", place);
    if (!lp_pass_key_make(path)) {
        snprintf(why, size, "%s: %s", path, strerror(errno));
        close(lock);
        return -1;
    }
    return lock;
}

static void show(const gateway_args_t *a, const cloud_info_t *info)
{
    lp_ui_info("Gateway %s up: account %s, region %s; Ctrl-C stops", a->name, info->account,
               info->region);
    lp_ui_label("Broker", "localhost:%d, mutual TLS only", info->port_mqtt);
    lp_ui_label("", "localhost:%d with ALPN, HTTPS at localhost:%d", info->port_alpn,
                info->port_data);
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "name", a->name);
    cJSON *ports = cJSON_AddObjectToObject(doc, "ports");
    cJSON_AddNumberToObject(ports, "mqtt", info->port_mqtt);
    cJSON_AddNumberToObject(ports, "alpn", info->port_alpn);
    cJSON_AddNumberToObject(ports, "data", info->port_data);
    lp_ui_event("gateway-up", doc);
    fflush(stdout);
}

// In a cloud without a broker of its own, DescribeEndpoint names the gateway that came last.
static bool publish_endpoint(const cloud_place_t *cloud, const cloud_info_t *info)
{
    char path[PLACE_PATH];
    char endpoint[ENDPOINT_SIZE];
    lp_registry_t *reg = NULL;
    if (!info->is_brokerless) {
        return true;
    }
    cloud_path(cloud, "registry.db", path);
    cloud_endpoint(info, endpoint);
    bool ok = lp_registry_open(&reg, path, false, NULL, 0) == LP_REG_OK &&
              lp_reg_setting_put(reg, "endpoint", endpoint) == LP_REG_OK;
    lp_registry_close(reg);
    return ok;
}

static int serve(const gateway_args_t *a, const cloud_place_t *cloud, cloud_info_t *info,
                 front_sockets_t *sockets, lp_gateway_t *gateway)
{
    char why[WHY_SIZE] = "";
    pid_t front = front_start(cloud, info, sockets, why, sizeof why);
    if (front <= 0) {
        return fail("the gateway's front does not start", why, NULL);
    }
    if (!publish_endpoint(cloud, info)) {
        broker_stop(front);
        return fail("the gateway cannot be put into the registry", NULL, NULL);
    }
    show(a, info);
    bool ok = lp_gateway_run(gateway);
    bool is_shut_out = !ok && errno == EACCES;
    bool ended = waitpid(front, NULL, WNOHANG) == front;
    if (!ended) {
        broker_stop(front);
    }
    if (is_shut_out) {
        return fail_open(LP_GATEWAY_NOT_LET_IN, "it did so until now");
    }
    return ok && is_told
               ? LP_EXIT_OK
               : lp_ui_fail(LP_EXIT_FAILED, "gateway-ended", "the gateway ended by itself",
                            ended ? "its front ended" : NULL, "start it again");
}

static int run(const gateway_args_t *a, const cloud_place_t *cloud, cloud_info_t *info,
               front_sockets_t *sockets)
{
    char why[WHY_SIZE] = "";
    const lp_gateway_config_t config = {.folder = cloud->folder,
                                        .place = sockets->place,
                                        .account = info->account,
                                        .region = info->region,
                                        .nats = &a->nats,
                                        .replicas = (int)a->replicas,
                                        .keep_h = (int)a->keep_h,
                                        .stop = &stop};
    if (!front_listen(sockets, a->port, info, why, sizeof why)) {
        return fail("the gateway cannot listen", why, "choose another port, or none for any");
    }
    lp_gateway_trouble_t trouble = LP_GATEWAY_LOCAL;
    catch_signals();
    lp_gateway_t *gateway = lp_gateway_open(&config, &trouble, why, sizeof why);
    if (gateway == NULL) {
        return fail_open(trouble, why);
    }
    int rc = serve(a, cloud, info, sockets, gateway);
    lp_gateway_close(gateway);
    return rc;
}

static int run_in_place(const gateway_args_t *a, const cloud_place_t *cloud)
{
    char place[PLACE_SIZE];
    char why[WHY_SIZE] = "";
    cloud_info_t info;
    if (!cloud_info_read(cloud, &info)) {
        return cloud_fail_none(cloud);
    }
    int lock = make_place(cloud, a->name, place, why, sizeof why);
    if (lock < 0) {
        return fail("the gateway cannot use its folder", why, "--name gives it another");
    }
    front_sockets_t sockets = {.place = place};
    int rc = run(a, cloud, &info, &sockets);
    front_close(&sockets);
    close(lock);
    return rc;
}

static bool args_ok(const gateway_args_t *a)
{
    bool ok = a->nats.servers != NULL && name_ok(a->name) && a->replicas >= 1 &&
              a->replicas <= REPLICAS_MAX && a->keep_h >= 0 && a->keep_h <= KEEP_H_MAX;
    for (int i = 0; i < LP_FRONT_KINDS; i++) {
        ok = ok && a->port[i] >= 0 && a->port[i] <= 65535;
    }
    return ok;
}

static int check_access(const gateway_args_t *a)
{
    lp_nats_fault_t fault;
    if (!lp_nats_access_check(&a->nats, &fault)) {
        return fail_access(&fault);
    }
    if (a->nats.is_plain_allowed) {
        lp_ui_warn("--insecure-plain-nats: who is on the way to the NATS servers reads all "
                   "messages and publishes as any device");
    }
    return LP_OPT_GO_ON;
}

static int check_args(const gateway_args_t *a)
{
    if (!args_ok(a)) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage",
                          "a gateway needs --nats URL, a name of letters and digits, "
                          "1 to 5 replicas and ports below 65536",
                          NULL, "limpet cloud gateway --help");
    }
    const char *known = getenv("LIMPET_NATS");
    if (has_password(a->nats.servers) && a->nats.servers != known) {
        return lp_ui_fail(LP_EXIT_USAGE, "nats-password",
                          "a password does not belong on the command line",
                          "everybody on this computer can see it there",
                          "change it, and use --nats-cert, --nats-creds or the environment's "
                          "LIMPET_NATS");
    }
    return check_access(a);
}

static const lp_help_t gateway_help = {
    .name = "cloud gateway",
    .args = "",
    .summary = "A further way into this cloud, its messages carried by a NATS cluster.",
    .examples = {"limpet cloud gateway --nats tls://n1:4222,tls://n2:4222,tls://n3:4222 "
                 "--nats-ca ca.pem --nats-cert gateway.pem --nats-key gateway.key",
                 "limpet cloud gateway --name b --port-mqtt 8884 --nats tls://n1:4222 --nats-ca "
                 "ca.pem --nats-creds gateway.creds",
                 "limpet cloud gateway --nats nats://127.0.0.1:4222 --replicas 1", NULL},
    .notes = "Stays in the foreground. Without --nats the environment's LIMPET_NATS counts, "
             "which may have a password. Servers on other computers need TLS.",
};

int cloud_cmd_gateway(int argc, char **argv)
{
    gateway_args_t a = {
        .nats.servers = getenv("LIMPET_NATS"), .name = "1", .replicas = REPLICAS, .keep_h = KEEP_H};
    const lp_opt_t opts[] = {
        CLOUD_OPT_DIR(a.dir),
        {"nats", LP_OPT_STR, &a.nats.servers, "URL,...", "the servers of the cluster"},
        {"nats-ca", LP_OPT_STR, &a.nats.ca, "FILE", "the CA of their certificates, PEM"},
        {"nats-cert", LP_OPT_STR, &a.nats.cert, "FILE", "this gateway's certificate, PEM"},
        {"nats-key", LP_OPT_STR, &a.nats.key, "FILE", "and its key; for its owner alone"},
        {"nats-creds", LP_OPT_STR, &a.nats.creds, "FILE", "or a user's JWT and seed, or seed"},
        {"name", LP_OPT_STR, &a.name, "NAME", "tells this one from the others here (1)"},
        {"replicas", LP_OPT_INT, &a.replicas, "N", "copies of a stored message, 1 to 5 (3)"},
        {"keep", LP_OPT_INT, &a.keep_h, "HOURS", "how long the stream keeps a message (24)"},
        {"port-mqtt", LP_OPT_INT, &a.port[LP_FRONT_MQTT], "PORT", "of the broker (any)"},
        {"port-alpn", LP_OPT_INT, &a.port[LP_FRONT_ALPN], "PORT", "MQTT or HTTPS by ALPN (any)"},
        {"port-data", LP_OPT_INT, &a.port[LP_FRONT_HTTPS], "PORT", "HTTPS of devices (any)"},
        {"insecure-plain-nats", LP_OPT_BOOL, &a.nats.is_plain_allowed, NULL,
         "other computers without TLS"},
    };
    cloud_place_t place;
    int n_args = 0;
    int rc = lp_opt_parse(&gateway_help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    rc = rc == LP_OPT_GO_ON ? cloud_find_place(a.dir, &place) : rc;
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    rc = check_args(&a);
    return rc == LP_OPT_GO_ON ? run_in_place(&a, &place) : rc;
}
