// SPDX-License-Identifier: Apache-2.0
#include "manifest.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limpet/opt.h"

enum { MANIFEST_MAX = 65536 };

static const char *const keys[] = {"name",   "version",   "sources",  "shadow", "settings",
                                   "pinned", "announces", "connects", NULL};
// What "connects" may name; cmake/app.cmake has the same list.
static const char *const connections[] = {"web", "mqtt1", NULL};

bool app_name_is_good(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return name[0] >= 'a' && name[0] <= 'z' && name[n] == '\0' && n <= APP_NAME_MAX;
}

static lp_exit_t bad(lp_fault_t *f, const char *what, const char *next)
{
    lp_fault_set(f, LP_EXIT_USAGE, "app-manifest", "limpet.json: %s", what);
    lp_fault_next(f, "%s", next);
    return LP_EXIT_USAGE;
}

static lp_exit_t check_keys(const cJSON *tree, lp_fault_t *f)
{
    for (const cJSON *item = tree->child; item != NULL; item = item->next) {
        size_t i = 0;
        while (keys[i] != NULL && strcmp(keys[i], item->string) != 0) {
            i++;
        }
        if (keys[i] == NULL) {
            const char *near = lp_opt_nearest(item->string, keys);
            bad(f, "there is a key that nobody knows",
                "name, version, sources, shadow, settings, pinned, announces and connects are "
                "known");
            lp_fault_why(f, near != NULL ? "\"%.60s\"; did you mean \"%s\"?" : "\"%.60s\"",
                         item->string, near);
            return LP_EXIT_USAGE;
        }
    }
    return LP_EXIT_OK;
}

static bool is_word(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+") ==
               strlen(text) &&
           text[0] != '\0';
}

// A C file inside the folder: nothing that leads out of it, nothing that a shell or CMake would
// take for more than a name.
static bool is_source(const app_manifest_t *m, const char *name)
{
    char path[APP_PATH + 300];
    bool is_plain =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+/") ==
        strlen(name);
    size_t len = strlen(name);
    return is_plain && len > 2 && len < 200 && name[0] != '/' && strstr(name, "..") == NULL &&
           strcmp(name + len - 2, ".c") == 0 &&
           snprintf(path, sizeof path, "%s/%s", m->folder, name) < (int)sizeof path &&
           access(path, R_OK) == 0;
}

static lp_exit_t check_sources(const app_manifest_t *m, const cJSON *sources, lp_fault_t *f)
{
    const cJSON *item = NULL;
    if (!cJSON_IsArray(sources) || cJSON_GetArraySize(sources) == 0) {
        return bad(f, "\"sources\" has to be a list of C files", "\"sources\": [\"main.c\"]");
    }
    cJSON_ArrayForEach(item, sources)
    {
        if (!cJSON_IsString(item) || !is_source(m, item->valuestring)) {
            bad(f, "a source is not there", "each is a .c file below the folder of limpet.json");
            lp_fault_why(f, "%.200s", cJSON_IsString(item) ? item->valuestring : "it is no text");
            return LP_EXIT_USAGE;
        }
    }
    return LP_EXIT_OK;
}

static lp_exit_t check_words(const cJSON *tree, lp_fault_t *f)
{
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(tree, "version");
    const cJSON *shadow = cJSON_GetObjectItemCaseSensitive(tree, "shadow");
    const cJSON *item = NULL;
    if (version != NULL && (!cJSON_IsString(version) || !is_word(version->valuestring))) {
        return bad(f, "\"version\" has to be a word such as 1.0.2", "\"version\": \"0.1.0\"");
    }
    if (shadow != NULL && !cJSON_IsArray(shadow)) {
        return bad(f, "\"shadow\" has to be a list of settings",
                   "\"shadow\": [\"telemetry.interval_s\"]");
    }
    cJSON_ArrayForEach(item, shadow)
    {
        if (!cJSON_IsString(item) || !is_word(item->valuestring)) {
            return bad(f, "\"shadow\" has something that is no setting",
                       "limpet config-get lists the settings of a board");
        }
    }
    return LP_EXIT_OK;
}

// What is legal for which setting only the board knows; here it is whether it can be a value at
// all.
static lp_exit_t check_settings(const cJSON *tree, lp_fault_t *f)
{
    const cJSON *settings = cJSON_GetObjectItemCaseSensitive(tree, "settings");
    const cJSON *pinned = cJSON_GetObjectItemCaseSensitive(tree, "pinned");
    const cJSON *item = NULL;
    if ((settings != NULL && !cJSON_IsObject(settings)) ||
        (pinned != NULL && !cJSON_IsArray(pinned))) {
        return bad(f, "\"settings\" has to be an object and \"pinned\" a list",
                   "\"settings\": {\"telemetry.interval_s\": 60}, \"pinned\": []");
    }
    cJSON_ArrayForEach(item, settings)
    {
        const bool is_whole = cJSON_IsNumber(item) && item->valuedouble == (double)item->valueint;
        if (!is_word(item->string) || (!cJSON_IsString(item) && !cJSON_IsBool(item) && !is_whole)) {
            return bad(f, "\"settings\" has something that is no setting with its value",
                       "names are dotted; values are texts, whole numbers, true or false");
        }
    }
    cJSON_ArrayForEach(item, pinned)
    {
        if (!cJSON_IsString(item) ||
            cJSON_GetObjectItemCaseSensitive(settings, item->valuestring) == NULL) {
            return bad(f, "\"pinned\" names what \"settings\" does not have",
                       "a setting is pinned to the value that \"settings\" gives it");
        }
    }
    return LP_EXIT_OK;
}

static bool is_one_of(const cJSON *item, const char *const *words)
{
    for (size_t i = 0; cJSON_IsString(item) && words[i] != NULL; i++) {
        if (strcmp(item->valuestring, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static lp_exit_t check_network(app_manifest_t *m, const cJSON *tree, lp_fault_t *f)
{
    const cJSON *announces = cJSON_GetObjectItemCaseSensitive(tree, "announces");
    const cJSON *connects = cJSON_GetObjectItemCaseSensitive(tree, "connects");
    const cJSON *item = NULL;
    if (announces != NULL && !cJSON_IsBool(announces)) {
        return bad(f, "\"announces\" has to be true or false", "\"announces\": true");
    }
    if (connects != NULL && !cJSON_IsArray(connects)) {
        return bad(f, "\"connects\" has to be a list", "\"connects\": [\"web\", \"mqtt1\"]");
    }
    cJSON_ArrayForEach(item, connects)
    {
        if (!is_one_of(item, connections)) {
            bad(f, "\"connects\" names what no board has", "web and mqtt1 are known");
            lp_fault_why(f, "%.60s", cJSON_IsString(item) ? item->valuestring : "it is no text");
            return LP_EXIT_USAGE;
        }
        m->connects = true;
    }
    return LP_EXIT_OK;
}

static lp_exit_t check(app_manifest_t *m, const cJSON *tree, lp_fault_t *f)
{
    if (!cJSON_IsObject(tree)) {
        return bad(f, "it is not a JSON object", "limpet new shows what it looks like");
    }
    lp_exit_t rc = check_keys(tree, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(tree, "name");
    if (!cJSON_IsString(name) || !app_name_is_good(name->valuestring)) {
        return bad(f, "\"name\" is needed: lower-case letters, digits and dashes",
                   "\"name\": \"my-sensor\"");
    }
    snprintf(m->name, sizeof m->name, "%s", name->valuestring);
    rc = check_network(m, tree, f);
    rc = rc == LP_EXIT_OK ? check_words(tree, f) : rc;
    if (rc == LP_EXIT_OK) {
        rc = check_settings(tree, f);
    }
    return rc == LP_EXIT_OK ? check_sources(m, cJSON_GetObjectItemCaseSensitive(tree, "sources"), f)
                            : rc;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = file != NULL ? calloc(1, MANIFEST_MAX + 1) : NULL;
    bool is_good =
        text != NULL && fread(text, 1, MANIFEST_MAX + 1, file) <= MANIFEST_MAX && !ferror(file);
    if (file != NULL) {
        fclose(file);
    }
    if (!is_good) {
        free(text);
        return NULL;
    }
    return text;
}

lp_exit_t app_manifest_load(app_manifest_t *m, const char *folder, lp_fault_t *f)
{
    char path[APP_PATH + 16];
    char *full = realpath(folder, NULL);
    *m = (app_manifest_t){0};
    snprintf(m->folder, sizeof m->folder, "%s", full != NULL ? full : folder);
    free(full);
    snprintf(path, sizeof path, "%s/limpet.json", m->folder);
    char *text = read_file(path);
    if (text == NULL) {
        lp_fault_set(f, LP_EXIT_LOCAL, "app-none", "there is no application in %s", folder);
        lp_fault_why(f, "%s: %s", path, errno != 0 ? strerror(errno) : "larger than 64 KB");
        lp_fault_next(f, "limpet new NAME makes one");
        return LP_EXIT_LOCAL;
    }
    cJSON *tree = cJSON_Parse(text);
    lp_exit_t rc = check(m, tree, f);
    cJSON_Delete(tree);
    free(text);
    return rc;
}
