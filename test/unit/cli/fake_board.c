// SPDX-License-Identifier: Apache-2.0
#include "fake_board.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "check.h"
#include "limpet/hexline.h"
#include "limpet/rpc_frame.h"

const char fake_board_id[] = "lp-00fa4e";
const char fake_chip_serial[] = "0123d4c0ffee5a17ee";

enum { CONFIG_LEN = 128, REBOOT_MS = 30 };

typedef cJSON *method_fn(fake_board_t *b, const cJSON *params, const char **error);

// --- keys

static void public_hex(void *key, char out[129])
{
    unsigned char point[65];
    size_t len = 0;
    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len);
    lp_hexline(out, point + 1, len - 1);
}

static bool is_second(const char *key_id)
{
    return strcmp(key_id, "atca:1") == 0 || strcmp(key_id, "file:key2.pem") == 0;
}

static void **key_of(fake_board_t *b, const char *key_id)
{
    return is_second(key_id) ? &b->key2 : &b->key;
}

static const char *asked_key(const cJSON *params)
{
    const cJSON *key = cJSON_GetObjectItem(params, "key");
    return cJSON_IsString(key) ? key->valuestring : "";
}

static cJSON *group_of(cJSON *tree, const char *name)
{
    cJSON *g = cJSON_GetObjectItem(tree, name);
    return g != NULL ? g : cJSON_AddObjectToObject(tree, name);
}

static const char *text_in(const cJSON *tree, const char *group, const char *name)
{
    const cJSON *item = cJSON_GetObjectItem(cJSON_GetObjectItem(tree, group), name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

const char *fake_board_setting(const fake_board_t *b, const char *group, const char *name)
{
    return text_in(b->saved, group, name);
}

static bool cert_in(const cJSON *settings, lp_check_t *check)
{
    char why[80];
    const char *pem = text_in(settings, "identity", "cert");
    return pem[0] != '\0' && lp_check_cert(pem, check, why, sizeof why);
}

static bool cert_of(const fake_board_t *b, lp_check_t *check)
{
    return cert_in(b->saved, check);
}

// --- the chip

static void config_zone(const fake_board_t *b, uint8_t out[CONFIG_LEN])
{
    memset(out, 0x55, CONFIG_LEN);
    for (int i = 0; i < 9; i++) {
        unsigned byte = 0;
        sscanf(fake_chip_serial + 2 * i, "%2x", &byte);
        out[i < 4 ? i : i + 4] = (uint8_t)byte;
    }
    out[20] = b->is_written ? 0x83 : 0x00;
}

static cJSON *chip_object(const fake_board_t *b)
{
    cJSON *c = cJSON_CreateObject();
    cJSON_AddNumberToObject(c, "addr", 96);
    cJSON_AddStringToObject(c, "part", "ATECC508A");
    cJSON_AddStringToObject(c, "revision", "00005000");
    cJSON_AddStringToObject(c, "serial", fake_chip_serial);
    cJSON *lock = cJSON_AddObjectToObject(c, "lock");
    cJSON_AddBoolToObject(lock, "config", b->is_config_locked);
    cJSON_AddBoolToObject(lock, "data", b->is_data_locked);
    const char *variant = b->is_written ? "limpet" : b->is_preset ? "foreign" : "blank";
    cJSON_AddStringToObject(c, "variant", b->variant[0] != '\0' ? b->variant : variant);
    return c;
}

static cJSON *chip_scan(fake_board_t *b, const cJSON *params, const char **error)
{
    (void)params;
    (void)error;
    cJSON *r = cJSON_CreateObject();
    cJSON *bus = cJSON_AddObjectToObject(r, "bus");
    cJSON_AddStringToObject(bus, "name", b->has_chip ? "i2c0" : "none");
    cJSON_AddStringToObject(bus, "lines", b->lines);
    cJSON *tried = cJSON_AddArrayToObject(r, "tried");
    cJSON_AddItemToArray(tried, cJSON_CreateNumber(96));
    cJSON_AddItemToArray(tried, cJSON_CreateNumber(53));
    cJSON *chips = cJSON_AddArrayToObject(r, "chips");
    if (b->has_chip) {
        cJSON_AddItemToArray(chips, chip_object(b));
    }
    return r;
}

static cJSON *chip_info(fake_board_t *b, const cJSON *params, const char **error)
{
    (void)params;
    if (!b->has_chip) {
        *error = "LP_E_CHIP_MISSING";
        return NULL;
    }
    cJSON *r = chip_object(b);
    cJSON *plan = cJSON_AddObjectToObject(r, "plan");
    bool is_foreign = b->is_preset && b->is_config_locked;
    cJSON_AddStringToObject(plan, "state",
                            is_foreign      ? "differs"
                            : b->is_written ? "match"
                                            : "open");
    cJSON *differences = cJSON_AddArrayToObject(plan, "differences");
    if (is_foreign) {
        cJSON_AddItemToArray(differences, cJSON_CreateString("slot 0 may be written in the clear"));
    }
    cJSON_AddStringToObject(r, "bus", b->is_bound ? "sealed" : "clear");
    cJSON_AddBoolToObject(r, "can_bind", b->has_bus_service && !b->is_bound && !is_foreign);
    return r;
}

static bool is_confirmed(const cJSON *params)
{
    const cJSON *confirm = cJSON_GetObjectItem(params, "confirm");
    return cJSON_IsString(confirm) && strcmp(confirm->valuestring, fake_chip_serial) == 0;
}

static cJSON *chip_configure(fake_board_t *b, const cJSON *params, const char **error)
{
    if (!is_confirmed(params) || b->is_config_locked || !b->has_chip) {
        *error = "LP_E_STATE";
        return NULL;
    }
    uint8_t zone[CONFIG_LEN];
    char hex[2 * CONFIG_LEN + 1];
    char crc[8];
    b->is_written = true;
    b->n_configure++;
    config_zone(b, zone);
    zone[30] ^= b->lies_about_read_back ? 1u : 0u;
    lp_hexline(hex, zone, sizeof zone);
    zone[30] ^= b->lies_about_read_back ? 1u : 0u;
    snprintf(crc, sizeof crc, "%04x", lp_check_chip_crc(zone, sizeof zone));
    cJSON *r = cJSON_CreateObject();
    cJSON_AddStringToObject(r, "config", hex);
    cJSON_AddStringToObject(r, "crc", crc);
    cJSON_AddBoolToObject(r, "is_equal", true);
    return r;
}

static cJSON *chip_lock(fake_board_t *b, const cJSON *params, const char **error)
{
    const cJSON *zone = cJSON_GetObjectItem(params, "zone");
    const cJSON *crc = cJSON_GetObjectItem(params, "crc");
    bool is_config = cJSON_IsString(zone) && strcmp(zone->valuestring, "config") == 0;
    uint8_t bytes[CONFIG_LEN];
    char expected[8];
    config_zone(b, bytes);
    snprintf(expected, sizeof expected, "%04x", lp_check_chip_crc(bytes, sizeof bytes));
    if (!is_confirmed(params) || (is_config && b->is_config_locked) ||
        (!is_config && (!b->is_config_locked || b->is_data_locked))) {
        *error = "LP_E_STATE";
        return NULL;
    }
    if (is_config) {
        b->was_locked_unread =
            !b->is_written || !cJSON_IsString(crc) || strcmp(crc->valuestring, expected) != 0;
        b->is_config_locked = true;
        b->n_lock_config++;
    } else {
        b->is_data_locked = true;
        b->n_lock_data++;
    }
    cJSON *r = cJSON_CreateObject();
    cJSON_AddStringToObject(r, "zone", is_config ? "config" : "data");
    cJSON_AddBoolToObject(r, "is_locked", true);
    return r;
}

static cJSON *chip_bind(fake_board_t *b, const cJSON *params, const char **error)
{
    if (!is_confirmed(params) || !b->is_data_locked || !b->has_bus_service) {
        *error = "LP_E_STATE";
        return NULL;
    }
    b->n_bind++;
    b->is_bound = !b->does_not_prove;
    cJSON *r = cJSON_CreateObject();
    cJSON_AddStringToObject(r, "bus", "sealed");
    cJSON_AddBoolToObject(r, "can_bind", false);
    return r;
}

// --- identity

static cJSON *identity_info(fake_board_t *b, const cJSON *params, const char **error)
{
    (void)error;
    const cJSON *asked = cJSON_GetObjectItem(params, "key");
    const char *key =
        cJSON_IsString(asked) ? asked->valuestring : text_in(b->staged, "identity", "key");
    bool is_chip = strncmp(key, "atca:", 5) == 0;
    void *pair = *key_of(b, key);
    bool exists = pair != NULL && is_chip == b->has_chip;
    char hex[129] = "";
    lp_check_t check;
    cJSON *r = cJSON_CreateObject();
    cJSON_AddStringToObject(r, "key", key);
    cJSON_AddStringToObject(r, "source", !exists ? "none" : is_chip ? "chip" : "flash");
    cJSON_AddBoolToObject(r, "exists", exists);
    if (exists) {
        public_hex(pair, hex);
        cJSON_AddStringToObject(r, "public_key", hex);
    } else {
        cJSON_AddNullToObject(r, "public_key");
    }
    if (cert_in(b->staged, &check)) { // what is set counts here at once
        cJSON_AddStringToObject(r, "cert_id", check.id);
        cJSON_AddBoolToObject(r, "is_match", strcmp(check.public_key, hex) == 0);
    } else {
        cJSON_AddNullToObject(r, "cert_id");
        cJSON_AddBoolToObject(r, "is_match", false);
    }
    return r;
}

static cJSON *identity_genkey(fake_board_t *b, const cJSON *params, const char **error)
{
    lp_check_t check;
    bool is_locked = b->is_config_locked && b->is_data_locked;
    if (b->has_chip && (!is_confirmed(params) || !is_locked)) {
        *error = "LP_E_STATE";
        return NULL;
    }
    bool is_in_use = strcmp(asked_key(params), fake_board_setting(b, "identity", "key")) == 0;
    if (cert_of(b, &check) && is_in_use && !cJSON_IsTrue(cJSON_GetObjectItem(params, "replace"))) {
        *error = "LP_E_EXISTS";
        return NULL;
    }
    void **pair = key_of(b, asked_key(params));
    EVP_PKEY_free(*pair);
    *pair = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    b->n_genkey++;
    char hex[129];
    public_hex(*pair, hex);
    cJSON *r = cJSON_CreateObject();
    cJSON_AddItemReferenceToObject(r, "key", cJSON_GetObjectItem(params, "key"));
    cJSON_AddStringToObject(r, "public_key", hex);
    return r;
}

static cJSON *identity_csr(fake_board_t *b, const cJSON *params, const char **error)
{
    const cJSON *cn = cJSON_GetObjectItem(params, "cn");
    void *pair = *key_of(b, asked_key(params));
    if (pair == NULL || !cJSON_IsString(cn)) {
        *error = "LP_E_NOT_FOUND";
        return NULL;
    }
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509_REQ *req = X509_REQ_new();
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN", MBSTRING_ASC,
                               (const unsigned char *)cn->valuestring, -1, -1, 0);
    X509_REQ_set_pubkey(req, b->signs_wrongly ? other : pair);
    X509_REQ_sign(req, b->signs_wrongly ? other : pair, EVP_sha256());
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509_REQ(bio, req);
    char *text = NULL;
    long n = BIO_get_mem_data(bio, &text);
    char pem[2048];
    snprintf(pem, sizeof pem, "%.*s", (int)n, text);
    BIO_free(bio);
    X509_REQ_free(req);
    EVP_PKEY_free(other);
    cJSON *r = cJSON_CreateObject();
    cJSON_AddStringToObject(r, "csr", pem);
    return r;
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

// --- cloud

static bool is_connected(fake_board_t *b, lp_check_t *check)
{
    char hex[129] = "";
    const cJSON *tree = b->is_on_set ? b->staged : b->saved;
    const char *key_id = text_in(tree, "identity", "key");
    void *pair = *key_of(b, key_id);
    if (pair != NULL) {
        public_hex(pair, hex);
    }
    const cJSON *enable = cJSON_GetObjectItem(cJSON_GetObjectItem(tree, "cloud"), "enable");
    bool is_deaf = b->is_offline || (b->is_second_deaf && is_second(key_id));
    return !is_deaf && cJSON_IsTrue(enable) && cert_in(tree, check) &&
           strcmp(check->public_key, hex) == 0 && strstr(text_in(tree, "trust", "ca"), "BEGIN") &&
           strcmp(text_in(tree, "cloud", "server"), b->cloud->broker) == 0 &&
           fake_cloud_admits(b->cloud, check->id, text_in(tree, "cloud", "client_id"));
}

static cJSON *cloud_status(fake_board_t *b, const cJSON *params, const char **error)
{
    (void)params;
    (void)error;
    lp_check_t check = {.id = ""};
    bool is_up = is_connected(b, &check);
    if (!is_up) {
        check.id[0] = '\0';
        (void)cert_in(b->staged, &check);
    }
    bool is_enabled = fake_board_setting(b, "cloud", "server")[0] != '\0';
    cJSON *r = cJSON_CreateObject();
    cJSON_AddStringToObject(r, "state", is_up ? "connected" : is_enabled ? "backoff" : "off");
    cJSON_AddStringToObject(r, "cert_id", check.id);
    cJSON *tls = cJSON_AddObjectToObject(r, "tls");
    cJSON_AddStringToObject(tls, "version", "TLS 1.2");
    cJSON_AddStringToObject(tls, "suite", "ECDHE-ECDSA-AES128-GCM-SHA256");
    cJSON_AddStringToObject(tls, "key_source", b->has_chip ? "chip" : "flash");
    cJSON_AddNumberToObject(tls, "handshake_ms", 610);
    if (!is_up && is_enabled) {
        cJSON *e = cJSON_AddObjectToObject(r, "last_error");
        cJSON_AddStringToObject(e, "name", "LP_E_MQTT_REFUSED");
        cJSON_AddStringToObject(e, "text", "the broker refused the connection");
    }
    return r;
}

static cJSON *cloud_prove(fake_board_t *b, const cJSON *params, const char **error)
{
    lp_check_t check;
    const cJSON *nonce = cJSON_GetObjectItem(params, "nonce");
    if (!is_connected(b, &check) || !cJSON_IsString(nonce) || strlen(nonce->valuestring) != 32) {
        *error = "LP_E_STATE";
        return NULL;
    }
    char topic[200];
    snprintf(topic, sizeof topic, "limpet/%s/proof", fake_board_setting(b, "cloud", "thing"));
    b->n_prove++;
    if (!b->ignores_proof) {
        pthread_mutex_lock(&b->cloud->lock);
        snprintf(b->cloud->retained_topic, sizeof b->cloud->retained_topic, "%s", topic);
        snprintf(b->cloud->retained, sizeof b->cloud->retained,
                 "{\"nonce\":\"%s\",\"cert_id\":\"%s\"}", nonce->valuestring, check.id);
        pthread_mutex_unlock(&b->cloud->lock);
    }
    cJSON *r = cJSON_CreateObject();
    cJSON_AddStringToObject(r, "topic", topic);
    cJSON_AddStringToObject(r, "cert_id", check.id);
    cJSON_AddNumberToObject(r, "rtt_ms", 12);
    return r;
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
    {"Chip.Scan", chip_scan, false},
    {"Chip.Info", chip_info, false},
    {"Chip.Configure", chip_configure, false},
    {"Chip.Lock", chip_lock, false},
    {"Chip.Bind", chip_bind, false},
    {"Identity.Info", identity_info, false},
    {"Identity.GenKey", identity_genkey, false},
    {"Identity.Csr", identity_csr, false},
    {"Cloud.Status", cloud_status, false},
    {"Cloud.Prove", cloud_prove, false},
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
