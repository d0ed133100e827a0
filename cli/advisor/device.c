// SPDX-License-Identifier: Apache-2.0
// The device under test: started by a command, or a Limpet board that is told what to do.
//
// A board's settings are set but never saved, so whatever happens to this tool, a restart of the
// board brings back what it had; in the end the tool restarts it.
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "advisor.h"

enum { OFF_MS = 30000, POLL_MS = 50, STOP_MS = 2000, CA_MAX = 3072 };

static const char *host_of(const advisor_device_t *d)
{
    return d->o->name != NULL ? d->o->name : "localhost";
}

// --- a command ----------------------------------------------------------------------------------

static void put_environment(const advisor_device_t *d, const lp_advisor_case_t *which)
{
    char port[16];
    char path[ADVISOR_DIR_MAX + 32];
    snprintf(port, sizeof port, "%d", lp_advisor_endpoint_port(d->ep));
    setenv("LIMPET_ADVISOR_HOST", host_of(d), 1);
    setenv("LIMPET_ADVISOR_PORT", port, 1);
    setenv("LIMPET_ADVISOR_CA", lp_advisor_endpoint_ca(d->ep), 1);
    snprintf(path, sizeof path, "%s.pem", d->prefix);
    setenv("LIMPET_ADVISOR_CERT", path, 1);
    snprintf(path, sizeof path, "%s.key", d->prefix);
    setenv("LIMPET_ADVISOR_KEY", path, 1);
    setenv("LIMPET_ADVISOR_THING", d->o->thing != NULL ? d->o->thing : "advisor-device", 1);
    setenv("LIMPET_ADVISOR_CASE", which->id, 1);
    setenv("LIMPET_ADVISOR_PERSISTENT", which->wants_persistent ? "1" : "0", 1);
}

static void run_command(const advisor_device_t *d, const lp_advisor_case_t *which)
{
    setsid(); // its own group, so that all of it can be ended
    put_environment(d, which);
    const int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(lp_ui.verbose ? STDERR_FILENO : null, STDOUT_FILENO);
    if (!lp_ui.verbose) {
        dup2(null, STDERR_FILENO);
    }
    signal(SIGPIPE, SIG_DFL);
    execl("/bin/sh", "sh", "-c", d->o->command, (char *)NULL);
    _exit(127);
}

static lp_exit_t start_command(advisor_device_t *d, const lp_advisor_case_t *which, lp_fault_t *f)
{
    lp_advisor_endpoint_clear(d->ep);
    d->pid = fork();
    if (d->pid < 0) {
        d->pid = 0;
        lp_fault_set(f, LP_EXIT_LOCAL, "device-command", "the device's command cannot be started");
        lp_fault_why(f, "%s", strerror(errno));
        return f->exit;
    }
    if (d->pid == 0) {
        run_command(d, which);
    }
    return LP_EXIT_OK;
}

static void stop_command(advisor_device_t *d)
{
    if (d->pid <= 0) {
        return;
    }
    kill(-d->pid, SIGTERM);
    bool is_over = false;
    for (int t = 0; !is_over && t < STOP_MS; t += POLL_MS) {
        is_over = waitpid(d->pid, NULL, WNOHANG) != 0;
        if (!is_over) {
            poll(NULL, 0, POLL_MS);
        }
    }
    kill(-d->pid, SIGKILL); // and what it left behind
    if (!is_over) {
        waitpid(d->pid, NULL, 0);
    }
    d->pid = 0;
}

// --- a board ------------------------------------------------------------------------------------

static lp_exit_t open_board(advisor_device_t *d, lp_fault_t *f)
{
    const lp_board_options_t options = {.port = d->o->port};
    return lp_board_open(&options, &d->board, f);
}

static void close_board(advisor_device_t *d)
{
    lp_board_close(d->board);
    d->board = NULL;
}

// Owns `tree`.
static lp_exit_t set_config(advisor_device_t *d, cJSON *tree, lp_fault_t *f)
{
    cJSON *result = NULL;
    cJSON *params = cJSON_CreateObject();
    cJSON_AddItemToObject(params, "config", tree);
    const lp_exit_t rc = lp_board_call(d->board, "Config.Set", params, 0, &result, f);
    cJSON_Delete(result);
    return rc;
}

static lp_exit_t set_enabled(advisor_device_t *d, bool is_enabled, lp_fault_t *f)
{
    cJSON *tree = cJSON_CreateObject();
    cJSON_AddBoolToObject(cJSON_AddObjectToObject(tree, "cloud"), "enable", is_enabled);
    return set_config(d, tree, f);
}

static lp_exit_t wait_off(advisor_device_t *d, lp_fault_t *f)
{
    const uint64_t deadline = lp_ui_now_ms() + OFF_MS;
    while (lp_ui_now_ms() < deadline) {
        cJSON *status = NULL;
        const lp_exit_t rc = lp_board_call(d->board, "Cloud.Status", NULL, 0, &status, f);
        if (rc != LP_EXIT_OK) {
            return rc;
        }
        const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(status, "state"));
        const bool is_off = state != NULL && strcmp(state, "off") == 0;
        cJSON_Delete(status);
        if (is_off) {
            return LP_EXIT_OK;
        }
        poll(NULL, 0, POLL_MS);
    }
    return lp_fault_set(f, LP_EXIT_BOARD, "board-busy", "the board does not go offline");
}

// Waits and answers short enough for a test on a desk; all are settings that a product may have.
static void add_fast(cJSON *tree, cJSON *cloud)
{
    cJSON_AddNumberToObject(cloud, "timeout_s", 1);
    cJSON_AddNumberToObject(cloud, "retry_s", 1);
    cJSON_AddNumberToObject(cloud, "backoff_ms", 250);
    cJSON_AddNumberToObject(cloud, "backoff_max_s", 2);
    cJSON_AddNumberToObject(cloud, "keep_alive_s", 5);
    cJSON_AddNumberToObject(cJSON_AddObjectToObject(tree, "telemetry"), "interval_s", 1);
}

static lp_exit_t set_trust(advisor_device_t *d, lp_fault_t *f)
{
    cJSON *tree = cJSON_CreateObject();
    cJSON_AddStringToObject(cJSON_AddObjectToObject(tree, "trust"), "ca",
                            lp_advisor_endpoint_ca_pem(d->ep));
    return set_config(d, tree, f);
}

static lp_exit_t set_cloud(advisor_device_t *d, const lp_advisor_case_t *which, lp_fault_t *f)
{
    char server[320];
    snprintf(server, sizeof server, "%s:%d", host_of(d), lp_advisor_endpoint_port(d->ep));
    cJSON *tree = cJSON_CreateObject();
    cJSON *cloud = cJSON_AddObjectToObject(tree, "cloud");
    cJSON_AddStringToObject(cloud, "server", server);
    cJSON_AddBoolToObject(cloud, "persistent", which->wants_persistent);
    cJSON_AddBoolToObject(cloud, "shadow", true);
    cJSON_AddBoolToObject(cloud, "jobs", true);
    cJSON_AddStringToObject(cloud, "alpn", "");
    if (d->o->is_fast) {
        add_fast(tree, cloud);
    }
    return set_config(d, tree, f);
}

static lp_exit_t start_board(advisor_device_t *d, const lp_advisor_case_t *which, lp_fault_t *f)
{
    lp_exit_t rc = open_board(d, f);
    if (rc == LP_EXIT_OK) {
        d->is_changed = true;
        rc = set_enabled(d, false, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = wait_off(d, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = set_trust(d, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = set_cloud(d, which, f);
    }
    lp_advisor_endpoint_clear(d->ep); // it is off now
    if (rc == LP_EXIT_OK) {
        rc = set_enabled(d, true, f);
    }
    close_board(d);
    return rc;
}

// Its name for shadow and jobs, and whether it has an identity at all.
static lp_exit_t read_board(advisor_device_t *d, lp_fault_t *f)
{
    cJSON *config = NULL;
    const lp_exit_t rc = lp_board_call(d->board, "Config.Get", cJSON_CreateObject(), 0, &config, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const cJSON *cloud = cJSON_GetObjectItemCaseSensitive(config, "cloud");
    const cJSON *identity = cJSON_GetObjectItemCaseSensitive(config, "identity");
    const char *thing = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(cloud, "thing"));
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(cloud, "client_id"));
    const char *cert = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(identity, "cert"));
    const bool has_thing = thing != NULL && thing[0] != '\0';
    snprintf(d->board_thing, sizeof d->board_thing, "%s", has_thing ? thing : id != NULL ? id : "");
    const bool has_cert = cert != NULL && cert[0] != '\0';
    cJSON_Delete(config);
    if (!has_cert) {
        lp_fault_set(f, LP_EXIT_BOARD, "board-no-identity", "the board has no certificate yet");
        lp_fault_next(f, "limpet aws-iot-setup, against AWS or the local cloud");
        return f->exit;
    }
    return LP_EXIT_OK;
}

static lp_exit_t restore_board(advisor_device_t *d, lp_fault_t *f)
{
    lp_interrupt_forget(); // Ctrl-C ends the test, not the putting back
    lp_exit_t rc = open_board(d, f);
    if (rc == LP_EXIT_OK) {
        cJSON *result = NULL;
        cJSON *params = cJSON_CreateObject();
        cJSON_AddNumberToObject(params, "delay_ms", 100);
        rc = lp_board_call(d->board, "Sys.Reboot", params, 0, &result, f);
        cJSON_Delete(result);
    }
    close_board(d);
    // The board may be gone before its answer is out.
    const bool is_gone =
        strcmp(f->code, "board-lost") == 0 || strcmp(f->code, "board-timeout") == 0;
    if (rc != LP_EXIT_OK && !is_gone) {
        lp_fault_next(f, "restart the board: its settings on flash were not changed");
        return rc;
    }
    d->is_changed = false;
    return LP_EXIT_OK;
}

// --- whichever it is ----------------------------------------------------------------------------

lp_exit_t advisor_device_open(advisor_device_t *d, lp_fault_t *f)
{
    char why[300] = "";
    if (!lp_advisor_endpoint_make_device(d->ep, d->prefix,
                                         d->o->thing != NULL ? d->o->thing : "advisor-device", why,
                                         sizeof why)) {
        lp_fault_set(f, LP_EXIT_LOCAL, "advisor-dir", "the advisor's folder cannot be used");
        lp_fault_why(f, "%s", why);
        return f->exit;
    }
    if (d->o->port == NULL) {
        return LP_EXIT_OK;
    }
    lp_exit_t rc = open_board(d, f);
    if (rc == LP_EXIT_OK) {
        rc = read_board(d, f);
    }
    close_board(d);
    return rc;
}

lp_exit_t advisor_device_start(advisor_device_t *d, const lp_advisor_case_t *which, lp_fault_t *f)
{
    if (d->o->command != NULL) {
        return start_command(d, which, f);
    }
    if (d->o->port != NULL) {
        return start_board(d, which, f);
    }
    lp_advisor_endpoint_clear(d->ep);
    return LP_EXIT_OK;
}

void advisor_device_stop(advisor_device_t *d)
{
    stop_command(d);
}

lp_exit_t advisor_device_close(advisor_device_t *d, lp_fault_t *f)
{
    stop_command(d);
    return d->is_changed ? restore_board(d, f) : LP_EXIT_OK;
}
