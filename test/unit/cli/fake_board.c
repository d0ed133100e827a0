// SPDX-License-Identifier: Apache-2.0
// Its settings, and the line with its faults.
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "fake_board_private.h"
#include "limpet/rpc_frame.h"

const char fake_board_id[] = "lp-00fa4e";
const char fake_chip_serial[] = "0123d4c0ffee5a17ee";

enum { REBOOT_MS = 30 };

const char *fake_board_setting(const fake_board_t *b, const char *group, const char *name)
{
    return fake_board_text(b->saved, group, name);
}

static cJSON *group_of(cJSON *tree, const char *name)
{
    cJSON *g = cJSON_GetObjectItem(tree, name);
    return g != NULL ? g : cJSON_AddObjectToObject(tree, name);
}

// --- system and settings

static cJSON *empty(fake_board_t *b, const cJSON *params, const char **error)
{
    (void)b;
    (void)params;
    (void)error;
    return cJSON_CreateObject();
}

static cJSON *sys_info(fake_board_t *b, const cJSON *params, const char **error)
{
    (void)params;
    (void)error;
    cJSON *r = cJSON_CreateObject();
    cJSON_AddStringToObject(r, "id", fake_board_id);
    cJSON_AddStringToObject(r, "app", "sensor");
    cJSON_AddStringToObject(r, "fw_version", "0.1.0");
    cJSON_AddStringToObject(r, "port", "fake");
    cJSON *boot = cJSON_AddObjectToObject(r, "boot");
    cJSON_AddNumberToObject(boot, "count", b->boots);
    cJSON_AddStringToObject(r, "settings",
                            b->flash != NULL                                ? "trial"
                            : cJSON_Compare(b->staged, b->saved, true) != 0 ? "saved"
                                                                            : "set");
    return r;
}

static cJSON *config_get(fake_board_t *b, const cJSON *params, const char **error)
{
    (void)params;
    (void)error;
    return cJSON_Duplicate(b->staged, true);
}

static cJSON *config_set(fake_board_t *b, const cJSON *params, const char **error)
{
    (void)error;
    const cJSON *group = NULL;
    cJSON_ArrayForEach(group, cJSON_GetObjectItem(params, "config"))
    {
        const cJSON *item = NULL;
        cJSON *to = group_of(b->staged, group->string);
        cJSON_ArrayForEach(item, group)
        {
            cJSON_DeleteItemFromObject(to, item->string);
            cJSON_AddItemToObject(to, item->string, cJSON_Duplicate(item, true));
        }
    }
    return cJSON_CreateObject();
}

static void drop(cJSON **tree)
{
    cJSON_Delete(*tree);
    *tree = NULL;
}

static void save(fake_board_t *b)
{
    drop(&b->trial);
    drop(&b->flash);
    cJSON_Delete(b->saved);
    b->saved = cJSON_Duplicate(b->staged, true);
    b->n_save++;
}

static cJSON *config_save(fake_board_t *b, const cJSON *params, const char **error)
{
    if (!cJSON_IsTrue(cJSON_GetObjectItem(params, "try_once"))) {
        save(b);
        return cJSON_CreateObject();
    }
    if (b->is_small) {
        *error = "LP_E_UNSUPPORTED";
        return NULL;
    }
    cJSON_Delete(b->trial);
    b->trial = cJSON_Duplicate(b->staged, true);
    return cJSON_CreateObject();
}

static cJSON *config_confirm(fake_board_t *b, const cJSON *params, const char **error)
{
    (void)params;
    if (b->flash == NULL || b->is_worn) {
        *error = b->is_worn ? "LP_E_IO" : "LP_E_STATE";
        return NULL;
    }
    save(b);
    return cJSON_CreateObject();
}

static const struct {
    const char *name;
    method_fn *run;
    bool reboots;
} methods[] = {
    {"RPC.Ping", empty, false},
    {"Sys.GetInfo", sys_info, false},
    {"Sys.Reboot", empty, true},
    {"Config.Get", config_get, false},
    {"Config.Set", config_set, false},
    {"Config.Save", config_save, true},
    {"Config.Confirm", config_confirm, false},
    {"Chip.Scan", fake_chip_scan, false},
    {"Chip.Info", fake_chip_info, false},
    {"Chip.Configure", fake_chip_configure, false},
    {"Chip.Lock", fake_chip_lock, false},
    {"Chip.Bind", fake_chip_bind, false},
    {"Identity.Info", fake_identity_info, false},
    {"Identity.GenKey", fake_identity_genkey, false},
    {"Identity.Csr", fake_identity_csr, false},
    {"Cloud.Status", fake_cloud_status, false},
    {"Cloud.Prove", fake_cloud_prove, false},
};

// --- the line

static void put(fake_board_t *b, const char *text)
{
    size_t len = strlen(text);
    while (len > 0 && !b->is_stopping_) {
        ssize_t n = write(b->master_, text, len);
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        } else {
            poll(NULL, 0, 5);
        }
    }
}

static void reboot(fake_board_t *b)
{
    poll(NULL, 0, REBOOT_MS);
    if (b->flash != NULL) { // a trial ends
        cJSON_Delete(b->saved);
        b->saved = b->flash;
        b->flash = NULL;
    }
    if (b->trial != NULL) { // one begins
        b->flash = b->saved;
        b->saved = b->trial;
        b->trial = NULL;
    }
    cJSON_Delete(b->staged);
    b->staged = cJSON_Duplicate(b->saved, true);
    b->boots++;
    b->has_chip = b->has_chip && b->boots != b->chipless_boot;
    b->len_ = 0;
    put(b, "\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\xfe\x81{garbage\r\nI limpet: "
           "booted\r\n");
}

static board_fault_t fault_for(fake_board_t *b, const char *method)
{
    if (b->fault == BOARD_FINE || b->fault_count == 0 ||
        (b->fault_method != NULL && strcmp(b->fault_method, method) != 0)) {
        return BOARD_FINE;
    }
    if (b->fault_skip > 0) {
        b->fault_skip--;
        return BOARD_FINE;
    }
    b->fault_count -= b->fault_count > 0 ? 1 : 0;
    return b->fault;
}

static void answer(fake_board_t *b, const cJSON *request, cJSON *result, const char *error,
                   board_fault_t f)
{
    cJSON *a = cJSON_CreateObject();
    cJSON_AddItemToObject(a, "id", cJSON_Duplicate(cJSON_GetObjectItem(request, "id"), true));
    if (error != NULL) {
        cJSON *e = cJSON_AddObjectToObject(a, "error");
        cJSON_AddNumberToObject(e, "code", -6);
        cJSON_AddStringToObject(e, "name", error);
        cJSON_AddStringToObject(e, "message", "the fake board does not want to");
    } else {
        cJSON_AddItemToObject(a, "result", result);
    }
    char *text = cJSON_PrintUnformatted(a);
    char crc[16];
    snprintf(crc, sizeof crc, "%08x\r\n", (unsigned)lp_rpc_crc32(text, strlen(text)));
    if (f == BOARD_DAMAGED) {
        text[strlen(text) / 2] ^= 1;
    }
    put(b, f == BOARD_GARBAGE ? "\x01\xff{\"id\":oops}\r\nnoise }}}}\r\n"
                              : "I log: a line in between\r\n");
    put(b, text);
    put(b, crc);
    cJSON_free(text);
    cJSON_Delete(a);
}

static bool does_it(board_fault_t f)
{
    return f != BOARD_SILENT_BEFORE && f != BOARD_REFUSE && f != BOARD_REBOOT_BEFORE;
}

static void run_method(fake_board_t *b, const cJSON *request, size_t i, board_fault_t f)
{
    const char *error = f == BOARD_REFUSE ? "LP_E_BUSY" : NULL;
    cJSON *result =
        does_it(f) ? methods[i].run(b, cJSON_GetObjectItem(request, "params"), &error) : NULL;
    bool is_quiet = f == BOARD_SILENT_BEFORE || f == BOARD_SILENT_AFTER ||
                    f == BOARD_REBOOT_BEFORE || f == BOARD_REBOOT_AFTER;
    if (f == BOARD_KILL && b->kill_pid > 0) {
        kill(b->kill_pid, b->kill_signal != 0 ? b->kill_signal : SIGKILL);
    }
    if (is_quiet) {
        cJSON_Delete(result);
    } else {
        answer(b, request, result, error, f);
    }
    bool reboots = methods[i].reboots && does_it(f) && error == NULL;
    if (reboots || f == BOARD_REBOOT_BEFORE || f == BOARD_REBOOT_AFTER) {
        reboot(b);
    }
}

static void take_line(fake_board_t *b)
{
    b->line_[b->len_] = '\0';
    b->len_ = 0;
    if (b->line_[0] != '{') {
        put(b, "\n");
        return;
    }
    cJSON *request = cJSON_Parse(b->line_);
    const cJSON *method = cJSON_GetObjectItem(request, "method");
    const char *name = cJSON_IsString(method) ? method->valuestring : "";
    pthread_mutex_lock(&b->lock);
    bool is_known = false;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0] && !is_known; i++) {
        is_known = strcmp(methods[i].name, name) == 0;
        if (is_known) {
            run_method(b, request, i, fault_for(b, name));
        }
    }
    if (!is_known && request != NULL) {
        answer(b, request, NULL, "LP_E_NOT_FOUND", BOARD_FINE);
    }
    pthread_mutex_unlock(&b->lock);
    cJSON_Delete(request);
}

static void *serve(void *ctx)
{
    fake_board_t *b = ctx;
    while (!b->is_stopping_) {
        struct pollfd p = {.fd = b->master_, .events = POLLIN};
        char bytes[512];
        ssize_t n = poll(&p, 1, 50) > 0 ? read(b->master_, bytes, sizeof bytes) : 0;
        if (n < 0) {
            poll(NULL, 0, 10); // nobody has the other end open
        }
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] == '\n') {
                take_line(b);
            } else if (b->len_ < sizeof b->line_ - 1 && bytes[i] != '\x04') {
                b->line_[b->len_++] = bytes[i];
            }
        }
    }
    return NULL;
}

void fake_board_start(fake_board_t *b, fake_cloud_t *cloud, const char *link)
{
    *b = (fake_board_t){.cloud = cloud, .has_chip = true, .has_bus_service = true, .boots = 1};
    snprintf(b->link, sizeof b->link, "%s", link);
    snprintf(b->lines, sizeof b->lines, "both high");
    pthread_mutex_init(&b->lock, NULL);
    b->saved = cJSON_CreateObject();
    cJSON_AddStringToObject(group_of(b->saved, "identity"), "key", "atca:0");
    b->staged = cJSON_Duplicate(b->saved, true);
    b->master_ = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct termios t;
    if (b->master_ < 0 || grantpt(b->master_) != 0 || unlockpt(b->master_) != 0 ||
        tcgetattr(b->master_, &t) != 0) {
        abort();
    }
    cfmakeraw(&t);
    tcsetattr(b->master_, TCSANOW, &t);
    unlink(link);
    if (symlink(ptsname(b->master_), link) != 0) {
        abort();
    }
    pthread_create(&b->thread_, NULL, serve, b);
}

void fake_board_stop(fake_board_t *b)
{
    b->is_stopping_ = true;
    pthread_join(b->thread_, NULL);
    close(b->master_);
    unlink(b->link);
    cJSON_Delete(b->saved);
    cJSON_Delete(b->staged);
    cJSON_Delete(b->trial);
    cJSON_Delete(b->flash);
    EVP_PKEY_free(b->key);
    EVP_PKEY_free(b->key2);
    pthread_mutex_destroy(&b->lock);
}

void fake_board_power_cycle(fake_board_t *b)
{
    pthread_mutex_lock(&b->lock);
    reboot(b);
    pthread_mutex_unlock(&b->lock);
}

void fake_board_calm(fake_board_t *b)
{
    pthread_mutex_lock(&b->lock);
    b->fault = BOARD_FINE;
    b->fault_method = NULL;
    b->fault_skip = 0;
    b->fault_count = 0;
    b->kill_pid = 0;
    pthread_mutex_unlock(&b->lock);
}
