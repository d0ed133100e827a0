// SPDX-License-Identifier: Apache-2.0
#include "config_words.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "secret_line.h"

enum { KEY_MAX = 128, LINE_MAX_ = 8192 };

bool lp_config_put_path(cJSON *tree, const char *path, cJSON *value)
{
    char name[64];
    size_t len = strcspn(path, ".");
    if (len == 0 || len >= sizeof name) {
        cJSON_Delete(value);
        return false;
    }
    memcpy(name, path, len);
    name[len] = '\0';
    cJSON *child = cJSON_GetObjectItemCaseSensitive(tree, name);
    if (path[len] == '\0') {
        if (child != NULL) {
            cJSON_Delete(value);
            return false;
        }
        return cJSON_AddItemToObject(tree, name, value);
    }
    if (child == NULL) {
        child = cJSON_AddObjectToObject(tree, name);
    }
    if (!cJSON_IsObject(child)) {
        cJSON_Delete(value);
        return false;
    }
    return lp_config_put_path(child, path + len + 1, value);
}

// By its name, since a board need not be there yet.
static bool is_secret(const char *key)
{
    static const char *const words[] = {"pass", "secret", "psk", "token"};
    const char *dot = strrchr(key, '.');
    const char *last = dot != NULL ? dot + 1 : key;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(last, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

// JSON where it parses as a number, a bool or a quoted string, else a plain string. A password may
// look like a number and is none.
static cJSON *value_of(const char *key, const char *text)
{
    cJSON *value = is_secret(key) ? NULL : cJSON_ParseWithOpts(text, NULL, 1);
    if (value == NULL || cJSON_IsObject(value) || cJSON_IsArray(value)) {
        cJSON_Delete(value);
        value = cJSON_CreateString(text);
    }
    return value;
}

static bool key_of(const char *word, char key[KEY_MAX])
{
    const size_t len = strcspn(word, "=");
    if (len == 0 || len >= KEY_MAX) {
        return false;
    }
    memcpy(key, word, len);
    key[len] = '\0';
    return true;
}

static lp_exit_t fail_word(const char *word, lp_fault_t *f)
{
    const size_t len = strcspn(word, "=");
    // The name only: the value may be a secret.
    lp_fault_set(f, LP_EXIT_USAGE, "usage", "\"%.*s\" is not a setting of the form name=value",
                 (int)(len < 60 ? len : 60), word);
    lp_fault_next(f, "limpet config-set cloud.keep_alive_s=60; each name once");
    return f->exit;
}

static lp_exit_t take_assignment(cJSON *tree, const char *word, lp_fault_t *f)
{
    char key[KEY_MAX];
    const char *equals = strchr(word, '=');
    if (equals == NULL || !key_of(word, key) ||
        !lp_config_put_path(tree, key, value_of(key, equals + 1))) {
        return fail_word(word, f);
    }
    return LP_EXIT_OK;
}

static lp_exit_t ask(cJSON *tree, const char *key, lp_fault_t *f)
{
    char prompt[KEY_MAX + 40];
    char value[400];
    snprintf(prompt, sizeof prompt, "%s (it is not shown): ", key);
    if (!lp_secret_line("LIMPET_CONFIG_VALUE", prompt, value, sizeof value)) {
        if (lp_interrupt_seen()) {
            return lp_fault_interrupted(f);
        }
        lp_fault_set(f, LP_EXIT_USAGE, "usage", "there is no value for %s", key);
        lp_fault_why(f, "a line of stdin, or what is typed at a terminal, of 399 bytes at most");
        lp_fault_next(f, "limpet config-set %s < FILE, or %s=VALUE when it is no secret", key, key);
        return f->exit;
    }
    const bool is_put = lp_config_put_path(tree, key, value_of(key, value));
    explicit_bzero(value, sizeof value);
    return is_put ? LP_EXIT_OK : fail_word(key, f);
}

static lp_exit_t take_stdin(cJSON *tree, lp_fault_t *f)
{
    char line[LINE_MAX_];
    lp_exit_t rc = LP_EXIT_OK;
    while (rc == LP_EXIT_OK && fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#') {
            rc = take_assignment(tree, line, f);
        }
    }
    explicit_bzero(line, sizeof line);
    return rc;
}

static void hide(char *word)
{
    char key[KEY_MAX];
    char *value = strchr(word, '=');
    if (value == NULL || value[1] == '\0' || !key_of(word, key) || !is_secret(key)) {
        return;
    }
    memset(value + 1, '*', strlen(value + 1));
    lp_ui_warn("every user of this computer could read %s in the command line; limpet config-set "
               "%s asks for it",
               key, key);
}

lp_exit_t lp_config_take_word(struct cJSON *tree, char *word, lp_fault_t *f)
{
    if (strcmp(word, "-") == 0) {
        return take_stdin(tree, f);
    }
    if (strchr(word, '=') == NULL && strchr(word, '.') != NULL && strlen(word) < KEY_MAX) {
        return ask(tree, word, f);
    }
    const lp_exit_t rc = take_assignment(tree, word, f);
    hide(word);
    return rc;
}
