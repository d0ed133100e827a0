// SPDX-License-Identifier: Apache-2.0
#include "place.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limpet/safe_file.h"

static bool default_folder(char *out, size_t size)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int n = state != NULL && state[0] == '/' ? snprintf(out, size, "%s/limpet/cloud", state)
            : home != NULL && home[0] == '/'
                ? snprintf(out, size, "%s/.local/state/limpet/cloud", home)
                : -1;
    return n > 0 && (size_t)n < size;
}

bool cloud_place(const char *dir, cloud_place_t *place, char *why, size_t size)
{
    char here[PLACE_SIZE] = "";
    if (dir == NULL) {
        if (!default_folder(place->folder, sizeof place->folder)) {
            snprintf(why, size, "neither XDG_STATE_HOME nor HOME names a folder");
            return false;
        }
        return true;
    }
    if (dir[0] != '/' && getcwd(here, sizeof here) == NULL) {
        snprintf(why, size, "the current folder: %s", strerror(errno));
        return false;
    }
    int n = snprintf(place->folder, sizeof place->folder, "%s%s%s", here,
                     here[0] != '\0' ? "/" : "", dir);
    if (n >= (int)sizeof place->folder - 64 || strpbrk(place->folder, "\n\"") != NULL) {
        snprintf(why, size, "the folder's name is too long or has a quote or a line end in it");
        return false;
    }
    while (n > 1 && place->folder[n - 1] == '/') {
        place->folder[--n] = '\0';
    }
    return true;
}

void cloud_path(const cloud_place_t *place, const char *name, char path[PLACE_PATH])
{
    snprintf(path, PLACE_PATH, "%s/%s", place->folder, name);
}

void cloud_flag(const cloud_place_t *place, char flag[PLACE_FLAG])
{
    char usual[PLACE_SIZE];
    flag[0] = '\0';
    if (default_folder(usual, sizeof usual) && strcmp(usual, place->folder) == 0) {
        return;
    }
    size_t n = (size_t)snprintf(flag, PLACE_FLAG, " --dir '");
    for (const char *p = place->folder; *p != '\0'; p++) {
        const int added = snprintf(flag + n, PLACE_FLAG - n, *p == '\'' ? "'\\''" : "%c", *p);
        n += (size_t)added;
    }
    snprintf(flag + n, PLACE_FLAG - n, "'");
}

static cJSON *read_json(const char *path)
{
    char text[4096];
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return NULL;
    }
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    return cJSON_Parse(text);
}

static bool take_text(const cJSON *doc, const char *name, char *out, size_t size)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(doc, name));
    if (text == NULL || strlen(text) >= size) {
        return false;
    }
    snprintf(out, size, "%s", text);
    return true;
}

static bool take_port(const cJSON *doc, const char *name, int *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(doc, name);
    if (!cJSON_IsNumber(item) || item->valueint < 0 || item->valueint > 65535) {
        return false;
    }
    *out = item->valueint;
    return true;
}

// One that an earlier version did not write.
static bool take_newer_port(const cJSON *doc, const char *name, int *out)
{
    return cJSON_GetObjectItemCaseSensitive(doc, name) == NULL || take_port(doc, name, out);
}

bool cloud_info_read(const cloud_place_t *place, cloud_info_t *info)
{
    char path[PLACE_PATH];
    cloud_info_t got = {0};
    cloud_path(place, "cloud.json", path);
    cJSON *doc = read_json(path);
    bool ok = take_text(doc, "accountId", got.account, sizeof got.account) &&
              take_text(doc, "region", got.region, sizeof got.region) &&
              take_text(doc, "endpointName", got.endpoint_name, sizeof got.endpoint_name) &&
              take_text(doc, "accessKeyId", got.access_key, sizeof got.access_key) &&
              take_port(doc, "portHttp", &got.port_http) &&
              take_port(doc, "portHttps", &got.port_https) &&
              take_port(doc, "portMqtt", &got.port_mqtt) &&
              take_newer_port(doc, "portAlpn", &got.port_alpn) &&
              take_newer_port(doc, "portData", &got.port_data);
    got.has_quotas = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(doc, "quotas"));
    got.tells_own_name = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(doc, "tellsOwnName"));
    const char *broker = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(doc, "broker"));
    got.is_brokerless = broker != NULL && strcmp(broker, "none") == 0;
    cJSON_Delete(doc);
    if (ok) {
        *info = got;
    }
    return ok;
}

void cloud_add_ports(cJSON *doc, const cloud_info_t *info)
{
    cJSON *ports = cJSON_AddObjectToObject(doc, "ports");
    cJSON_AddNumberToObject(ports, "https", info->port_https);
    cJSON_AddNumberToObject(ports, "http", info->port_http);
    cJSON_AddNumberToObject(ports, "mqtt", info->port_mqtt);
    cJSON_AddNumberToObject(ports, "alpn", info->port_alpn);
    cJSON_AddNumberToObject(ports, "data", info->port_data);
}

bool cloud_write_file(const char *path, const char *text, mode_t mode, char *why, size_t size)
{
    if (lp_file_replace(path, text, strlen(text), mode)) {
        return true;
    }
    snprintf(why, size, "%s: %s", path, strerror(errno));
    return false;
}

bool cloud_info_write(const cloud_place_t *place, const cloud_info_t *info, char *why, size_t size)
{
    char path[PLACE_PATH];
    char ca[PLACE_PATH];
    char endpoint[120];
    cloud_path(place, "ca.pem", ca);
    snprintf(endpoint, sizeof endpoint, "https://localhost:%d", info->port_https);
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "accountId", info->account);
    cJSON_AddStringToObject(doc, "region", info->region);
    cJSON_AddStringToObject(doc, "endpointName", info->endpoint_name);
    cJSON_AddBoolToObject(doc, "tellsOwnName", info->tells_own_name);
    cJSON_AddStringToObject(doc, "accessKeyId", info->access_key);
    cJSON_AddNumberToObject(doc, "portHttp", info->port_http);
    cJSON_AddNumberToObject(doc, "portHttps", info->port_https);
    cJSON_AddNumberToObject(doc, "portMqtt", info->port_mqtt);
    cJSON_AddNumberToObject(doc, "portAlpn", info->port_alpn);
    cJSON_AddNumberToObject(doc, "portData", info->port_data);
    cJSON_AddBoolToObject(doc, "quotas", info->has_quotas);
    cJSON_AddStringToObject(doc, "broker", info->is_brokerless ? "none" : "mosquitto");
    cJSON_AddStringToObject(doc, "endpointUrl", endpoint);
    cJSON_AddStringToObject(doc, "caPath", ca);
    char *text = cJSON_Print(doc);
    cloud_path(place, "cloud.json", path);
    bool ok = text != NULL && cloud_write_file(path, text, 0600, why, size);
    cJSON_free(text);
    cJSON_Delete(doc);
    return ok;
}

int cloud_lock(const cloud_place_t *place, pid_t *owner)
{
    char path[PLACE_PATH];
    char text[32] = "";
    cloud_path(place, "cloud.lock", path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    *owner = -1;
    if (fd < 0) {
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *owner = 0;
        return fd;
    }
    int kept = errno;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    errno = kept;
    *owner = kept != EWOULDBLOCK ? -1 : n > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
    return -1;
}

void cloud_lock_sign(int lock)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(lock, 0) != 0 || pwrite(lock, text, (size_t)n, 0) != n) {
        lp_ui_warn("the lock file could not be written: %s", strerror(errno));
    }
}

bool cloud_is_running(const cloud_place_t *place, pid_t *owner)
{
    char path[PLACE_PATH];
    cloud_path(place, "cloud.lock", path);
    if (access(path, F_OK) != 0) {
        return false;
    }
    int lock = cloud_lock(place, owner);
    if (lock >= 0) {
        close(lock);
        return false;
    }
    return *owner >= 0;
}

int cloud_fail_none(const cloud_place_t *place)
{
    char why[PLACE_PATH + 40];
    snprintf(why, sizeof why, "looked in %s", place->folder);
    return lp_ui_fail(LP_EXIT_LOCAL, "cloud-none", "there is no cloud here", why,
                      "limpet cloud up (with --dir for another place)");
}
