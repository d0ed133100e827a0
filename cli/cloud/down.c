// SPDX-License-Identifier: Apache-2.0
// limpet cloud down, status, env and reset.
#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "broker.h"
#include "commands.h"
#include "limpet/registry.h"

enum { STOP_MS = 10000, STEP_MS = 20 };

static void pause_step(void)
{
    const struct timespec t = {.tv_nsec = STEP_MS * 1000000L};
    nanosleep(&t, NULL);
}

static bool wait_until_down(const cloud_place_t *place, int ms)
{
    pid_t owner = 0;
    for (int t = 0; t < ms; t += STEP_MS) {
        if (!cloud_is_running(place, &owner)) {
            return true;
        }
        pause_step();
    }
    return false;
}

int cloud_stop(const cloud_place_t *place, bool *was_running)
{
    pid_t owner = 0;
    *was_running = cloud_is_running(place, &owner);
    // One that is just starting has not signed its lock yet.
    for (int t = 0; *was_running && owner == 0 && t < STOP_MS; t += STEP_MS) {
        pause_step();
        *was_running = cloud_is_running(place, &owner);
    }
    if (!*was_running) {
        return LP_EXIT_OK;
    }
    // The number in the lock is of the process that holds it now: a stale one cannot be met.
    if (owner <= 1 || kill(owner, SIGTERM) != 0) {
        return lp_ui_fail(LP_EXIT_LOCAL, "cloud-stop", "the cloud cannot be told to stop",
                          strerror(errno), NULL);
    }
    if (!wait_until_down(place, STOP_MS)) {
        kill(owner, SIGKILL);
        if (!wait_until_down(place, STOP_MS)) {
            return lp_ui_fail(LP_EXIT_LOCAL, "cloud-stop", "the cloud does not stop", NULL, NULL);
        }
    }
    return LP_EXIT_OK;
}

static int parse_dir(const lp_help_t *help, int argc, char **argv, cloud_place_t *place)
{
    const char *dir = NULL;
    int n_args = 0;
    const lp_opt_t opts[] = {CLOUD_OPT_DIR(dir)};
    int rc = lp_opt_parse(help, opts, 1, argc, argv, &n_args);
    return rc == LP_OPT_GO_ON ? cloud_find_place(dir, place) : rc;
}

int cloud_cmd_down(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "cloud down",
        .args = "",
        .summary = "Stops the local cloud. Things, certificates and policies stay.",
        .examples = {"limpet cloud down", "limpet cloud down --dir ./cloud", NULL},
    };
    cloud_place_t place;
    bool was_running = false;
    int rc = parse_dir(&help, argc, argv, &place);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    rc = cloud_stop(&place, &was_running);
    if (rc == LP_EXIT_OK) {
        lp_ui_info(was_running ? "Cloud down." : "Nothing to do: no cloud is up here.");
        cJSON *doc = cJSON_CreateObject();
        cJSON_AddBoolToObject(doc, "wasUp", was_running);
        lp_ui_event("cloud-down", doc);
    }
    return rc;
}

// Moves with every change to things, certificates, policies and attachments.
static int64_t changes(const cloud_place_t *place)
{
    char path[PLACE_PATH];
    lp_registry_t *reg = NULL;
    cloud_path(place, "registry.db", path);
    if (lp_registry_open(&reg, path, false, NULL, 0) != LP_REG_OK) {
        return 0;
    }
    int64_t n = lp_registry_change(reg);
    lp_registry_close(reg);
    return n;
}

static void show_status(const cloud_place_t *place, const cloud_info_t *info, bool up)
{
    bool broker = up && broker_answers(place, info);
    bool control = up && broker_listens(info->port_https);
    lp_ui_out("Cloud    %s, account %s, region %s", up ? "up" : "down", info->account,
              info->region);
    lp_ui_out("Control  https://localhost:%d  %s", info->port_https,
              control ? "answers" : "does not answer");
    if (info->is_brokerless) {
        lp_ui_out("Broker   none; gateways are started apart");
    } else {
        lp_ui_out("Broker   localhost:%d  %s", info->port_mqtt,
                  broker ? "answers" : "does not answer");
    }
    lp_ui_out("Folder   %s", place->folder);
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddBoolToObject(doc, "up", up);
    cJSON_AddBoolToObject(doc, "control", control);
    cJSON_AddBoolToObject(doc, "broker", broker);
    cJSON_AddStringToObject(doc, "dir", place->folder);
    cJSON_AddStringToObject(doc, "accountId", info->account);
    cJSON_AddStringToObject(doc, "region", info->region);
    cloud_add_ports(doc, info);
    cJSON_AddNumberToObject(doc, "changes", (double)changes(place));
    lp_ui_json_tree(doc);
}

int cloud_cmd_status(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "cloud status",
        .args = "",
        .summary = "Says whether the local cloud is up and where it listens.",
        .examples = {"limpet cloud status", "limpet cloud status --json", NULL},
        .notes = "Exits with 0 when everything answers, with 7 when it is down or a part does "
                 "not answer.",
    };
    cloud_place_t place;
    cloud_info_t info;
    pid_t owner = 0;
    int rc = parse_dir(&help, argc, argv, &place);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (!cloud_info_read(&place, &info)) {
        return cloud_fail_none(&place);
    }
    bool up = cloud_is_running(&place, &owner);
    show_status(&place, &info, up);
    bool answers = up && broker_answers(&place, &info) && broker_listens(info.port_https);
    return answers ? LP_EXIT_OK : LP_EXIT_NETWORK;
}

// Quoted for a POSIX shell.
static void print_export(const char *name, const char *value)
{
    printf("export %s='", name);
    for (; *value != '\0'; value++) {
        if (*value == '\'') {
            printf("'\\''");
        } else {
            putchar(*value);
        }
    }
    printf("'\n");
}

static void print_path(const cloud_place_t *place, const char *name, const char *file)
{
    char path[PLACE_PATH];
    cloud_path(place, file, path);
    print_export(name, path);
}

int cloud_cmd_env(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "cloud env",
        .args = "",
        .summary = "Prints what a shell must set so that the AWS tools talk to the local cloud.",
        .examples = {"eval \"$(limpet cloud env)\"",
                     "aws --endpoint-url \"$AWS_ENDPOINT_URL\" iot list-things", NULL},
        .notes = "Older AWS tools do not read AWS_ENDPOINT_URL: give them --endpoint-url. The "
                 "keys stay in a file that only you can read; its path is printed, not its "
                 "contents.",
    };
    cloud_place_t place;
    cloud_info_t info;
    char url[64];
    int rc = parse_dir(&help, argc, argv, &place);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (!cloud_info_read(&place, &info) || info.port_https == 0) {
        return cloud_fail_none(&place);
    }
    snprintf(url, sizeof url, "https://localhost:%d", info.port_https);
    print_export("AWS_ENDPOINT_URL", url);
    print_path(&place, "AWS_CA_BUNDLE", "ca.pem");
    print_path(&place, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
    print_path(&place, "AWS_CONFIG_FILE", "config");
    print_export("AWS_PROFILE", "limpet");
    print_export("AWS_REGION", info.region);
    print_export("AWS_DEFAULT_REGION", info.region);
    print_export("AWS_EC2_METADATA_DISABLED", "true");
    // Keys in the environment would win over the file.
    printf("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN\n");
    return LP_EXIT_OK;
}

static const char *const files[] = {
    "cloud.json",    "cloud.log",  "cloud.lock",      "config",        "credentials",
    "registry.db",   "ca.pem",     "registry.db-wal", "ca.key",        "registry.db-shm",
    "server.pem",    "server.key", "device-ca.pem",   "device-ca.key", "mosquitto.conf",
    "mosquitto.log", "front.key",  "broker.sock",     "jobs.lock",
};

// Everything in a folder that is ours alone.
static void empty_folder(const char *path)
{
    char file[PLACE_PATH + 600];
    DIR *d = opendir(path);
    if (d == NULL) {
        return;
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (e->d_name[0] != '.') {
            snprintf(file, sizeof file, "%s/%s", path, e->d_name);
            unlink(file);
        }
    }
    closedir(d);
    rmdir(path);
}

static void empty_gateways(const cloud_place_t *place)
{
    char gateways[PLACE_PATH];
    char path[PLACE_PATH + 260];
    cloud_path(place, "gateways", gateways);
    DIR *d = opendir(gateways);
    if (d == NULL) {
        return;
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (e->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", gateways, e->d_name);
            empty_folder(path);
        }
    }
    closedir(d);
    rmdir(gateways);
}

void cloud_forget(const cloud_place_t *place)
{
    char path[PLACE_PATH];
    cloud_path(place, "trust", path);
    empty_folder(path);
    cloud_path(place, "broker", path);
    empty_folder(path);
    empty_gateways(place);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        cloud_path(place, files[i], path);
        unlink(path);
    }
    rmdir(place->folder); // stays when something else is in it
}

int cloud_cmd_reset(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "cloud reset",
        .args = "",
        .summary = "Stops the local cloud and deletes everything it knows, its keys included.",
        .examples = {"limpet cloud reset", "limpet cloud reset --yes --dir ./cloud", NULL},
    };
    const char *dir = NULL;
    bool yes = false;
    bool was_running = false;
    cloud_info_t info;
    const lp_opt_t opts[] = {CLOUD_OPT_DIR(dir), {"yes", LP_OPT_BOOL, &yes, NULL, "do not ask"}};
    cloud_place_t place;
    char question[PLACE_SIZE + 80];
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, 2, argc, argv, &n_args);
    rc = rc == LP_OPT_GO_ON ? cloud_find_place(dir, &place) : rc;
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (!cloud_info_read(&place, &info)) {
        return cloud_fail_none(&place);
    }
    snprintf(question, sizeof question, "Delete the cloud in %s with all its certificates?",
             place.folder);
    rc = (int)lp_ui_ask(question, yes);
    rc = rc == LP_EXIT_OK ? cloud_stop(&place, &was_running) : rc;
    if (rc == LP_EXIT_OK) {
        cloud_forget(&place);
        lp_ui_info("Cloud deleted.");
        lp_ui_event("cloud-reset", NULL);
    }
    return rc;
}
