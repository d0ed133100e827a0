// SPDX-License-Identifier: Apache-2.0
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "air_private.h"

enum { LINE = 512, ANSWER = 4200 };

static const lp_help_t help = {
    .name = "air tell",
    .args = "WORD...",
    .summary = "Changes what is on an air, or lists it.",
    .examples = {"limpet air tell --socket air.sock list",
                 "limpet air tell --socket air.sock set home power=off",
                 "limpet air tell --socket air.sock deauth home code=7",
                 "limpet air tell --socket air.sock ap guest ssid=Guests security=open"},
    .notes =
        "The words are one line of the file of limpet air serve, or \"set NAME key=value...\",\n"
        "\"deauth NAME [code=N]\", \"list\".",
    .exit_codes = (const int[]){LP_EXIT_LOCAL, 0},
    .max_args = -1,
};

// Words with spaces in their value are quoted again.
static void add_word(char *line, size_t cap, const char *word)
{
    const size_t len = strlen(line);
    const char *equal = strchr(word, '=');
    if (equal != NULL && strchr(word, ' ') != NULL && equal[1] != '"') {
        snprintf(line + len, cap - len, " %.*s=\"%s\"", (int)(equal - word), word, equal + 1);
    } else {
        snprintf(line + len, cap - len, " %s", word);
    }
}

static int ask(const char *socket, const char *line)
{
    char answer[ANSWER];
    int passed;
    const int fd = air_reach(socket);
    if (fd < 0) {
        return LP_EXIT_LOCAL;
    }
    const bool is_answered =
        air_send(fd, line, -1) && air_receive(fd, answer, sizeof answer, &passed) > 0;
    close(fd);
    if (!is_answered || strncmp(answer, "ok ", 3) != 0) {
        return lp_ui_fail(LP_EXIT_FAILED, "air-refused", "the air was not changed",
                          is_answered ? answer + strcspn(answer, " ") : "no answer",
                          "limpet air tell --help");
    }
    if (answer[3] != '\0') {
        lp_ui_out_long(answer + 3);
        lp_ui_out("%s", "");
    }
    cJSON *tree = cJSON_CreateObject();
    cJSON_AddStringToObject(tree, "answer", answer + 3);
    lp_ui_json_tree(tree);
    return LP_EXIT_OK;
}

int air_cmd_tell(int argc, char **argv)
{
    const char *socket = NULL;
    char line[LINE] = "script";
    const lp_opt_t opts[] = {
        {"socket", LP_OPT_STR, &socket, "PATH", "of limpet air serve"},
    };
    int n = 0;
    const int rc = lp_opt_parse(&help, opts, 1, argc, argv, &n);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n == 0 || socket == NULL) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--socket PATH and some words are needed", NULL,
                          "limpet air tell --help");
    }
    for (int i = 1; i <= n; i++) {
        add_word(line, sizeof line, argv[i]);
    }
    return ask(socket, line);
}
