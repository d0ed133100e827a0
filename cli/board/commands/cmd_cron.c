// SPDX-License-Identifier: Apache-2.0
// limpet cron: what a board does at which time of day.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "limpet/board_cmd.h"
#include "limpet/cmd.h"

enum { TZ_FILE_MAX = 65536 };

static const lp_help_t help = {
    .name = "cron",
    .args = "[list | add AT ACTION [TEXT] | remove ID | zone [ZONE | mine]]",
    .summary = "Shows and changes what a board does at which time of day.",
    .examples = {"limpet cron", "limpet cron add '0 7 * * mon-fri' publish 'wake up now'",
                 "limpet cron zone mine", NULL},
    .notes = "AT is minute hour day month weekday, or six fields with the second in front; "
             "@hourly, @daily,\n"
             "@weekly, @monthly. Times are local ones of the board's zone, which is the text of "
             "its rules\n"
             "(CET-1CEST,M3.5.0,M10.5.0/3); \"mine\" is this computer's.",
    .exit_codes = lp_board_exits,
    .max_args = 4,
};

static int usage(const char *what)
{
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, NULL, "limpet cron --help");
}

// -- this computer's zone: the last line of its file has the rules (RFC 8536, 3.3)

static bool own_zone(char *zone, size_t cap)
{
    static char bytes[TZ_FILE_MAX];
    FILE *file = fopen("/etc/localtime", "rb");
    size_t n = file != NULL ? fread(bytes, 1, sizeof bytes - 1, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    if (n < 2 || bytes[n - 1] != '\n') {
        return false;
    }
    size_t first = n - 1;
    while (first > 0 && bytes[first - 1] != '\n') {
        first--;
    }
    size_t len = n - 1 - first;
    if (len == 0 || len >= cap || first == 0) {
        return false;
    }
    memcpy(zone, bytes + first, len);
    zone[len] = '\0';
    return true;
}

// -- one call

static cJSON *call(const lp_board_options_t *options, const char *method, cJSON *params,
                   lp_fault_t *f)
{
    cJSON *result = NULL;
    const lp_exit_t rc = lp_board_call_once(options, method, params, 0, &result, f);
    return rc == LP_EXIT_OK ? result : NULL;
}

static const char *text(const cJSON *tree, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, key));
    return value != NULL ? value : "";
}

static void show_job(const cJSON *job)
{
    const cJSON *next = cJSON_GetObjectItemCaseSensitive(job, "next_utc_s");
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(job, "id");
    char when[40] = "off";
    if (cJSON_IsNumber(next)) {
        time_t t = (time_t)next->valuedouble;
        struct tm tm;
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", localtime_r(&t, &tm));
    }
    lp_ui_out("%2d  %-22s %-12s %-20s %s", cJSON_IsNumber(id) ? id->valueint : 0, text(job, "at"),
              text(job, "action"), when, text(job, "payload"));
    lp_ui_json_tree(cJSON_Duplicate(job, true));
}

static int list(const lp_board_options_t *options, lp_fault_t *f)
{
    const cJSON *job = NULL;
    cJSON *jobs = call(options, "Cron.List", NULL, f);
    if (jobs == NULL) {
        return lp_fault_print(f);
    }
    cJSON_ArrayForEach(job, jobs)
    {
        show_job(job);
    }
    if (cJSON_GetArraySize(jobs) == 0) {
        lp_ui_info("nothing is planned");
    }
    cJSON_Delete(jobs);
    return LP_EXIT_OK;
}

// Calls and shows the result as it is with --json, as `words` with the value of `key` otherwise.
static int change(const lp_board_options_t *options, const char *method, cJSON *params,
                  const char *words, const char *key, lp_fault_t *f)
{
    cJSON *result = call(options, method, params, f);
    if (result == NULL) {
        return lp_fault_print(f);
    }
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(result, key);
    if (cJSON_IsNumber(value)) {
        lp_ui_out("%s %d", words, value->valueint);
    } else {
        lp_ui_out("%s%s%s", words, cJSON_IsString(value) ? " " : "",
                  cJSON_IsString(value) ? value->valuestring : "");
    }
    lp_ui_json_tree(result);
    return LP_EXIT_OK;
}

static int add(const lp_board_options_t *options, int n, char **words, lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "at", words[0]);
    cJSON_AddStringToObject(params, "action", words[1]);
    if (n > 2) {
        cJSON_AddStringToObject(params, "payload", words[2]);
    }
    return change(options, "Cron.Add", params, "job", "id", f);
}

static int drop(const lp_board_options_t *options, const char *word, lp_fault_t *f)
{
    char *end = NULL;
    long id = strtol(word, &end, 10);
    if (end == word || *end != '\0') {
        return usage("remove wants the number that limpet cron shows");
    }
    cJSON *params = cJSON_CreateObject();
    cJSON_AddNumberToObject(params, "id", (double)id);
    return change(options, "Cron.Remove", params, "removed", "", f);
}

static int zone(const lp_board_options_t *options, const char *word, lp_fault_t *f)
{
    char own[80];
    cJSON *params = cJSON_CreateObject();
    if (word != NULL && strcmp(word, "mine") == 0) {
        if (!own_zone(own, sizeof own)) {
            cJSON_Delete(params);
            return lp_ui_fail(LP_EXIT_LOCAL, "zone-unknown",
                              "this computer's zone is not in /etc/localtime", NULL,
                              "give the rules: limpet cron zone CET-1CEST,M3.5.0,M10.5.0/3");
        }
        word = own;
    }
    if (word != NULL) {
        cJSON_AddStringToObject(params, "zone", word);
    }
    return change(options, "Cron.Zone", params, "zone", "zone", f);
}

static int run(const lp_board_options_t *options, int n, char **words)
{
    lp_fault_t fault = {0};
    lp_interrupt_catch();
    if (n == 0 || (n == 1 && strcmp(words[0], "list") == 0)) {
        return list(options, &fault);
    }
    if (strcmp(words[0], "add") == 0 && n >= 3) {
        return add(options, n - 1, words + 1, &fault);
    }
    if (strcmp(words[0], "remove") == 0 && n == 2) {
        return drop(options, words[1], &fault);
    }
    if (strcmp(words[0], "zone") == 0 && n <= 2) {
        return zone(options, n == 2 ? words[1] : NULL, &fault);
    }
    return usage("that is none of list, add AT ACTION [TEXT], remove ID, zone [ZONE]");
}

int lp_cmd_cron(int argc, char **argv)
{
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS(options),
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    return rc == LP_OPT_GO_ON ? run(&options, n_args, argv + 1) : rc;
}
