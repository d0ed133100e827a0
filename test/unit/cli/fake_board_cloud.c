// SPDX-License-Identifier: Apache-2.0
// The board's connection: up when the fake cloud would admit what the board has. Cloud.*.
#include <stdio.h>
#include <string.h>

#include "fake_board_private.h"

static bool is_connected(fake_board_t *b, lp_check_t *check)
{
    char hex[129] = "";
    const cJSON *tree = b->is_on_set ? b->staged : b->saved;
    const char *key_id = fake_board_text(tree, "identity", "key");
    void *pair = *fake_board_key(b, key_id);
    if (pair != NULL) {
        fake_board_public_hex(pair, hex);
    }
    const cJSON *enable = cJSON_GetObjectItem(cJSON_GetObjectItem(tree, "cloud"), "enable");
    bool is_deaf = b->is_offline || (b->is_second_deaf && fake_board_is_second(key_id));
    return !is_deaf && cJSON_IsTrue(enable) && fake_board_cert(tree, check) &&
           strcmp(check->public_key, hex) == 0 &&
           strstr(fake_board_text(tree, "trust", "ca"), "BEGIN") &&
           strcmp(fake_board_text(tree, "cloud", "server"), b->cloud->broker) == 0 &&
           fake_cloud_admits(b->cloud, check->id, fake_board_text(tree, "cloud", "client_id"));
}

cJSON *fake_cloud_status(fake_board_t *b, const cJSON *params, const char **error)
{
    (void)params;
    (void)error;
    lp_check_t check = {.id = ""};
    bool is_up = is_connected(b, &check);
    if (!is_up) {
        check.id[0] = '\0';
        (void)fake_board_cert(b->staged, &check);
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

cJSON *fake_cloud_prove(fake_board_t *b, const cJSON *params, const char **error)
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
