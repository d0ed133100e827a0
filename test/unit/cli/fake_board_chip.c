// SPDX-License-Identifier: Apache-2.0
// The board's chip and its keys: Chip.* and Identity.*.
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "fake_board_private.h"
#include "limpet/hexline.h"

enum { CONFIG_LEN = 128 };

// --- keys

void fake_board_public_hex(void *key, char out[129])
{
    unsigned char point[65];
    size_t len = 0;
    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len);
    lp_hexline(out, point + 1, len - 1);
}

bool fake_board_is_second(const char *key_id)
{
    return strcmp(key_id, "atca:1") == 0 || strcmp(key_id, "file:key2.pem") == 0;
}

void **fake_board_key(fake_board_t *b, const char *key_id)
{
    return fake_board_is_second(key_id) ? &b->key2 : &b->key;
}

static const char *asked_key(const cJSON *params)
{
    const cJSON *key = cJSON_GetObjectItem(params, "key");
    return cJSON_IsString(key) ? key->valuestring : "";
}

const char *fake_board_text(const cJSON *tree, const char *group, const char *name)
{
    const cJSON *item = cJSON_GetObjectItem(cJSON_GetObjectItem(tree, group), name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

bool fake_board_cert(const cJSON *settings, lp_check_t *check)
{
    char why[80];
    const char *pem = fake_board_text(settings, "identity", "cert");
    return pem[0] != '\0' && lp_check_cert(pem, check, why, sizeof why);
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

cJSON *fake_chip_scan(fake_board_t *b, const cJSON *params, const char **error)
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

cJSON *fake_chip_info(fake_board_t *b, const cJSON *params, const char **error)
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

cJSON *fake_chip_configure(fake_board_t *b, const cJSON *params, const char **error)
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

cJSON *fake_chip_lock(fake_board_t *b, const cJSON *params, const char **error)
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

cJSON *fake_chip_bind(fake_board_t *b, const cJSON *params, const char **error)
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

cJSON *fake_identity_info(fake_board_t *b, const cJSON *params, const char **error)
{
    (void)error;
    const cJSON *asked = cJSON_GetObjectItem(params, "key");
    const char *key =
        cJSON_IsString(asked) ? asked->valuestring : fake_board_text(b->staged, "identity", "key");
    bool is_chip = strncmp(key, "atca:", 5) == 0;
    void *pair = *fake_board_key(b, key);
    bool exists = pair != NULL && is_chip == b->has_chip;
    char hex[129] = "";
    lp_check_t check;
    cJSON *r = cJSON_CreateObject();
    cJSON_AddStringToObject(r, "key", key);
    cJSON_AddStringToObject(r, "source", !exists ? "none" : is_chip ? "chip" : "flash");
    cJSON_AddBoolToObject(r, "exists", exists);
    if (exists) {
        fake_board_public_hex(pair, hex);
        cJSON_AddStringToObject(r, "public_key", hex);
    } else {
        cJSON_AddNullToObject(r, "public_key");
    }
    if (fake_board_cert(b->staged, &check)) { // what is set counts here at once
        cJSON_AddStringToObject(r, "cert_id", check.id);
        cJSON_AddBoolToObject(r, "is_match", strcmp(check.public_key, hex) == 0);
    } else {
        cJSON_AddNullToObject(r, "cert_id");
        cJSON_AddBoolToObject(r, "is_match", false);
    }
    return r;
}

cJSON *fake_identity_genkey(fake_board_t *b, const cJSON *params, const char **error)
{
    lp_check_t check;
    bool is_locked = b->is_config_locked && b->is_data_locked;
    if (b->has_chip && (!is_confirmed(params) || !is_locked)) {
        *error = "LP_E_STATE";
        return NULL;
    }
    bool is_in_use = strcmp(asked_key(params), fake_board_setting(b, "identity", "key")) == 0;
    if (fake_board_cert(b->saved, &check) && is_in_use &&
        !cJSON_IsTrue(cJSON_GetObjectItem(params, "replace"))) {
        *error = "LP_E_EXISTS";
        return NULL;
    }
    void **pair = fake_board_key(b, asked_key(params));
    EVP_PKEY_free(*pair);
    *pair = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    b->n_genkey++;
    char hex[129];
    fake_board_public_hex(*pair, hex);
    cJSON *r = cJSON_CreateObject();
    cJSON_AddItemReferenceToObject(r, "key", cJSON_GetObjectItem(params, "key"));
    cJSON_AddStringToObject(r, "public_key", hex);
    return r;
}

cJSON *fake_identity_csr(fake_board_t *b, const cJSON *params, const char **error)
{
    const cJSON *cn = cJSON_GetObjectItem(params, "cn");
    void *pair = *fake_board_key(b, asked_key(params));
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
