// SPDX-License-Identifier: Apache-2.0
#include "setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limpet/pki.h"
#include "limpet/registry.h"

static const char digits[] = "0123456789";
static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char secret_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// mkdir -p; the last one belongs to us alone.
bool cloud_make_folder(const cloud_place_t *place, char *why, size_t size)
{
    char path[PLACE_SIZE];
    snprintf(path, sizeof path, "%s", place->folder);
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            mkdir(path, 0700);
            *p = '/';
        }
    }
    struct stat st;
    bool ok =
        (mkdir(path, 0700) == 0 || errno == EEXIST) && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    if (ok && st.st_uid != geteuid()) {
        snprintf(why, size, "%s belongs to somebody else", path);
        return false;
    }
    ok = ok && chmod(path, 0700) == 0;
    if (!ok) {
        snprintf(why, size, "%s: %s", path, strerror(errno != EEXIST ? errno : ENOTDIR));
    }
    return ok;
}

static bool new_identity(cloud_info_t *info, const char *region)
{
    char name[15];
    bool ok = lp_pki_random_text(info->account, 12, digits) &&
              lp_pki_random_text(info->access_key + 4, 16, base32) &&
              lp_pki_random_text(name, 14, lower);
    memcpy(info->access_key, "AKIA", 4);
    snprintf(info->region, sizeof info->region, "%s", region);
    snprintf(info->endpoint_name, sizeof info->endpoint_name, "%s-ats.iot.%s.localhost", name,
             info->region);
    return ok;
}

// What becomes a profile of the AWS tools: the cloud's own key as [default] and [limpet], the
// others by their names.
typedef struct {
    const cloud_info_t *info;
    const cloud_place_t *place;
    FILE *credentials, *config;
} profiles_t;

static void write_profile(const profiles_t *p, const char *name, bool prefix, const char *key_id,
                          const char *secret)
{
    fprintf(p->credentials, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", name,
            key_id, secret);
    // An endpoint_url is read by AWS's newer tools; the older take --endpoint-url.
    fprintf(p->config,
            "[%s%s]\nregion = %s\noutput = json\nca_bundle = %s/ca.pem\n"
            "endpoint_url = https://localhost:%d\n",
            prefix ? "profile " : "", name, p->info->region, p->place->folder, p->info->port_https);
}

static void add_profile(void *arg, const char *key_id, const lp_access_key_t *key)
{
    const profiles_t *p = arg;
    if (strcmp(key_id, p->info->access_key) == 0) {
        write_profile(p, "default", false, key_id, key->secret);
        write_profile(p, "limpet", true, key_id, key->secret);
    } else {
        write_profile(p, key->user, true, key_id, key->secret);
    }
}

// Closes a memory stream and writes what was in it.
static bool finish_file(const cloud_place_t *place, const char *name, FILE *f, char **text,
                        size_t *len, char *why, size_t size)
{
    char path[PLACE_PATH];
    bool ok = f != NULL && fclose(f) == 0 && *text != NULL;
    cloud_path(place, name, path);
    ok = ok && cloud_write_file(path, *text, 0600, why, size);
    if (*text != NULL) {
        explicit_bzero(*text, *len);
    }
    free(*text);
    return ok;
}

static bool write_profiles(lp_registry_t *reg, const cloud_place_t *place, const cloud_info_t *info,
                           char *why, size_t size)
{
    char *text[2] = {NULL, NULL};
    size_t len[2] = {0, 0};
    profiles_t p = {.info = info,
                    .place = place,
                    .credentials = open_memstream(&text[0], &len[0]),
                    .config = open_memstream(&text[1], &len[1])};
    snprintf(why, size, "out of memory");
    bool ok = p.credentials != NULL && p.config != NULL &&
              lp_reg_access_keys(reg, add_profile, &p) == LP_REG_OK;
    bool first = finish_file(place, "credentials", p.credentials, &text[0], &len[0], why, size);
    bool second = finish_file(place, "config", p.config, &text[1], &len[1], why, size);
    return ok && first && second;
}

static bool registry_failed(lp_registry_t *reg, char *why, size_t size)
{
    snprintf(why, size, "%s", lp_reg_error(reg)->message);
    return false;
}

// The key is known to the registry and in the credentials file, or neither.
static bool make_account(lp_registry_t *reg, const cloud_place_t *place, const cloud_info_t *info,
                         char *why, size_t size)
{
    char path[PLACE_PATH];
    lp_access_key_t key = {0};
    cloud_path(place, "credentials", path);
    bool known = lp_reg_access_key_get(reg, info->access_key, &key) == LP_REG_OK;
    bool ok = true;
    if (!known) {
        snprintf(key.account, sizeof key.account, "%s", info->account);
        snprintf(key.user, sizeof key.user, "limpet");
        ok = lp_pki_random_text(key.secret, 40, secret_letters) &&
             lp_reg_account_add(reg, info->account, "local") == LP_REG_OK &&
             lp_reg_access_key_add(reg, info->access_key, &key) == LP_REG_OK;
        ok = ok || registry_failed(reg, why, size);
    }
    if (ok && (!known || access(path, F_OK) != 0)) {
        ok = write_profiles(reg, place, info, why, size);
    }
    explicit_bzero(&key, sizeof key);
    return ok;
}

static bool open_registry(const cloud_place_t *place, lp_registry_t **reg, char *why, size_t size)
{
    char path[PLACE_PATH];
    char words[200];
    cloud_path(place, "registry.db", path);
    if (lp_registry_open(reg, path, true, words, sizeof words) != LP_REG_OK) {
        snprintf(why, size, "%s: %s", path, words);
        return false;
    }
    return true;
}

bool cloud_setup(const cloud_place_t *place, const char *region, cloud_info_t *info, char *why,
                 size_t size)
{
    lp_registry_t *reg = NULL;
    *info = (cloud_info_t){0};
    if (!cloud_info_read(place, info) &&
        !new_identity(info, region != NULL ? region : "us-east-1")) {
        snprintf(why, size, "no random numbers");
        return false;
    }
    if (region != NULL) {
        snprintf(info->region, sizeof info->region, "%s", region);
    }
    bool ok = lp_pki_setup(place->folder, info->endpoint_name, why, size) &&
              open_registry(place, &reg, why, size) && make_account(reg, place, info, why, size) &&
              cloud_info_write(place, info, why, size);
    lp_registry_close(reg);
    return ok;
}

bool cloud_write_profiles(const cloud_place_t *place, const cloud_info_t *info, char *why,
                          size_t size)
{
    lp_registry_t *reg = NULL;
    bool ok = open_registry(place, &reg, why, size) && write_profiles(reg, place, info, why, size);
    lp_registry_close(reg);
    return ok;
}

void cloud_endpoint(const cloud_info_t *info, char endpoint[ENDPOINT_SIZE])
{
    const char *name = info->tells_own_name ? info->endpoint_name : "localhost";
    // AWS's answer has no port since it is always 8883; where ours is another, it is said.
    if (info->port_mqtt == 8883) {
        snprintf(endpoint, ENDPOINT_SIZE, "%s", name);
    } else {
        snprintf(endpoint, ENDPOINT_SIZE, "%s:%d", name, info->port_mqtt);
    }
}

bool cloud_publish_ports(const cloud_place_t *place, const cloud_info_t *info, char *why,
                         size_t size)
{
    char endpoint[ENDPOINT_SIZE];
    char https[64];
    char broker[64];
    lp_registry_t *reg = NULL;
    snprintf(https, sizeof https, "https://localhost:%d", info->port_https);
    snprintf(broker, sizeof broker, "%s/%s", info->account, info->region);
    cloud_endpoint(info, endpoint);
    bool ok = open_registry(place, &reg, why, size) &&
              (((info->is_brokerless || // a gateway says where it is
                 lp_reg_setting_put(reg, "endpoint", endpoint) == LP_REG_OK) &&
                lp_reg_setting_put(reg, "https", https) == LP_REG_OK &&
                lp_reg_setting_put(reg, "broker", broker) == LP_REG_OK) ||
               registry_failed(reg, why, size)) &&
              write_profiles(reg, place, info, why, size) &&
              cloud_info_write(place, info, why, size);
    lp_registry_close(reg);
    return ok;
}
