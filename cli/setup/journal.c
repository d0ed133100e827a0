// SPDX-License-Identifier: Apache-2.0
#include "journal.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limpet/safe_file.h"

enum { MAX_FILE = 16384 };

static lp_exit_t fail(lp_fault_t *f, const char *path, int error)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "journal", "the record of this setup cannot be written");
    lp_fault_why(f, "%s: %s", path, strerror(error));
    lp_fault_next(f, "make room or choose another place with XDG_STATE_HOME, then run this again");
    return f->exit;
}

static bool make_folders(char *path)
{
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p != '/') {
            continue;
        }
        *p = '\0';
        bool is_there = mkdir(path, 0700) == 0 || errno == EEXIST;
        *p = '/';
        if (!is_there) {
            return false;
        }
    }
    return true;
}

// A device id goes into a file name: letters, digits, '-', '_' stay.
static void safe_name(char *out, size_t cap, const char *device)
{
    size_t n = 0;
    for (; device[n] != '\0' && n + 1 < cap; n++) {
        bool is_plain = isalnum((unsigned char)device[n]) || device[n] == '-' || device[n] == '_';
        out[n] = is_plain ? device[n] : '_';
    }
    out[n] = '\0';
}

static bool find_path(lp_journal_t *j, const char *kind)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    char name[64];
    int n = 0;
    safe_name(name, sizeof name, j->device);
    if (state != NULL && state[0] == '/') {
        n = snprintf(j->path, sizeof j->path, "%s/limpet/%s/%s.json", state, kind, name);
    } else if (home != NULL && home[0] == '/') {
        n = snprintf(j->path, sizeof j->path, "%s/.local/state/limpet/%s/%s.json", home, kind,
                     name);
    }
    return n > 0 && n < (int)sizeof j->path - 8;
}

static void take_string(const cJSON *tree, const char *name, char *out, size_t cap)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    snprintf(out, cap, "%s", cJSON_IsString(item) ? item->valuestring : "");
}

static double take_number(const cJSON *tree, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0.0;
}

static void take_tree(const cJSON *tree, lp_journal_t *j)
{
    take_string(tree, "thing", j->thing, sizeof j->thing);
    take_string(tree, "old_cert_id", j->old_cert_id, sizeof j->old_cert_id);
    take_string(tree, "old_key", j->old_key, sizeof j->old_key);
    take_string(tree, "new_key", j->new_key, sizeof j->new_key);
    take_string(tree, "policy", j->policy, sizeof j->policy);
    take_string(tree, "public_key", j->public_key, sizeof j->public_key);
    take_string(tree, "cert_id", j->cert_id, sizeof j->cert_id);
    j->is_cert_asked = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(tree, "cert_asked"));
    j->asked_utc_s = take_number(tree, "asked_utc_s");
    j->is_double_possible = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(tree, "double_possible"));
    j->made_thing = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(tree, "made_thing"));
    j->made_policy = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(tree, "made_policy"));
    j->is_proven = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(tree, "proven"));
    j->proven_utc_s = take_number(tree, "proven_utc_s");
}

static cJSON *read_tree(const char *path)
{
    char text[MAX_FILE];
    FILE *file = fopen(path, "rbe");
    size_t n = file != NULL ? fread(text, 1, sizeof text, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    return cJSON_ParseWithLength(text, n);
}

static lp_exit_t open_kind(const char *kind, const char *device, const char *endpoint,
                           lp_journal_t *j, lp_fault_t *f)
{
    *j = (lp_journal_t){.path = ""};
    snprintf(j->device, sizeof j->device, "%s", device);
    snprintf(j->endpoint, sizeof j->endpoint, "%s", endpoint);
    if (!find_path(j, kind)) {
        lp_fault_set(f, LP_EXIT_LOCAL, "journal", "there is no place for the record of this setup");
        lp_fault_why(f, "neither HOME nor XDG_STATE_HOME is set");
        return f->exit;
    }
    cJSON *tree = read_tree(j->path);
    char from[256];
    take_string(tree, "endpoint", from, sizeof from);
    if (strcmp(from, endpoint) == 0) {
        take_tree(tree, j);
    }
    cJSON_Delete(tree);
    return LP_EXIT_OK;
}

lp_exit_t lp_journal_open(const char *device, const char *endpoint, lp_journal_t *j, lp_fault_t *f)
{
    return open_kind("setup", device, endpoint, j, f);
}

lp_exit_t lp_journal_open_rotation(const char *device, const char *endpoint, lp_journal_t *j,
                                   lp_fault_t *f)
{
    return open_kind("rotate", device, endpoint, j, f);
}

lp_exit_t lp_journal_open_broker(const char *device, const char *endpoint, lp_journal_t *j,
                                 lp_fault_t *f)
{
    return open_kind("broker", device, endpoint, j, f);
}

static char *to_text(const lp_journal_t *j)
{
    cJSON *t = cJSON_CreateObject();
    cJSON_AddNumberToObject(t, "version", 1);
    cJSON_AddStringToObject(t, "device", j->device);
    cJSON_AddStringToObject(t, "endpoint", j->endpoint);
    cJSON_AddStringToObject(t, "thing", j->thing);
    cJSON_AddStringToObject(t, "policy", j->policy);
    cJSON_AddStringToObject(t, "public_key", j->public_key);
    cJSON_AddBoolToObject(t, "cert_asked", j->is_cert_asked);
    cJSON_AddNumberToObject(t, "asked_utc_s", j->asked_utc_s);
    cJSON_AddBoolToObject(t, "double_possible", j->is_double_possible);
    cJSON_AddStringToObject(t, "cert_id", j->cert_id);
    cJSON_AddBoolToObject(t, "made_thing", j->made_thing);
    cJSON_AddBoolToObject(t, "made_policy", j->made_policy);
    cJSON_AddBoolToObject(t, "proven", j->is_proven);
    cJSON_AddNumberToObject(t, "proven_utc_s", j->proven_utc_s);
    if (j->old_cert_id[0] != '\0') {
        cJSON_AddStringToObject(t, "old_cert_id", j->old_cert_id);
        cJSON_AddStringToObject(t, "old_key", j->old_key);
        cJSON_AddStringToObject(t, "new_key", j->new_key);
    }
    char *text = cJSON_Print(t);
    cJSON_Delete(t);
    return text;
}

lp_exit_t lp_journal_save(const lp_journal_t *j, lp_fault_t *f)
{
    char path[512];
    snprintf(path, sizeof path, "%s", j->path);
    char *text = to_text(j);
    const bool is_saved =
        text != NULL && make_folders(path) && lp_file_replace(path, text, strlen(text), 0600);
    const int error = errno;
    cJSON_free(text);
    if (!is_saved) {
        return fail(f, path, error);
    }
    (void)lp_file_sync_folder(path); // some file systems cannot
    return LP_EXIT_OK;
}

void lp_journal_remove(const lp_journal_t *j)
{
    if (j->path[0] != '\0') {
        (void)unlink(j->path);
    }
}
