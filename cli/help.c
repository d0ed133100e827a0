// SPDX-License-Identifier: Apache-2.0
// help, version, completion: what the tool says about itself.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "cli_private.h"
#include "limpet/opt.h"
#include "limpet/ui.h"

static void print_overview(void)
{
    printf("limpet: from a bare board and a crypto chip to a proven cloud connection\n\n"
           "Usage\n  limpet COMMAND [flags]\n\nExamples\n  limpet aws-iot-setup\n"
           "  limpet console\n\nCommands\n");
    for (const lp_command_t *c = lp_commands; c->name != NULL; c++) {
        if (!c->is_hidden) {
            printf("  %-16s %s\n", c->name, c->summary);
        }
    }
    printf("\nlimpet help COMMAND says more about each; limpet help exit-codes lists the exit "
           "codes.\n");
}

static void print_exit_codes(void)
{
    printf("Exit codes, the same for every command\n");
    for (int code = 0; code < 256; code++) {
        if (lp_exit_text(code) != NULL) {
            printf("  %3d  %s\n", code, lp_exit_text(code));
        }
    }
}

int lp_cmd_help(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_overview();
        return LP_EXIT_OK;
    }
    if (strcmp(argv[1], "exit-codes") == 0) {
        print_exit_codes();
        return LP_EXIT_OK;
    }
    const lp_command_t *command = lp_command_find(argv[1]);
    if (command == NULL) {
        char what[128];
        snprintf(what, sizeof what, "there is no help about \"%.60s\"", argv[1]);
        return lp_ui_fail(LP_EXIT_USAGE, "usage", what, NULL, "limpet help");
    }
    if (command->run == lp_cmd_help) {
        print_overview();
        return LP_EXIT_OK;
    }
    // "help cloud gateway": a group knows its own commands; the others stop at --help.
    char flag[] = "--help";
    char *args[] = {argv[1], argc > 2 ? argv[2] : flag, flag, NULL};
    return command->run(argc > 2 ? 3 : 2, args);
}

int lp_cmd_version(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "version",
        .args = "",
        .summary = "Prints the version of this tool.",
        .examples = {"limpet version", "limpet version --json", NULL},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, NULL, 0, argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_ui_out("limpet %s", LP_VERSION);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "version", LP_VERSION);
    lp_ui_json_tree(object);
    return LP_EXIT_OK;
}

static void print_names(const char *separator)
{
    for (const lp_command_t *c = lp_commands; c->name != NULL; c++) {
        if (!c->is_hidden) {
            printf("%s%s", c == lp_commands ? "" : separator, c->name);
        }
    }
}

// The scripts ask the tool itself for the flags of a command, so they never go stale.
// `sub`: what stands behind it, which counts where the command is a group, like "cloud".
static int print_flags(const char *name, const char *sub)
{
    const lp_command_t *command = lp_command_find(name);
    if (command == NULL || command->run == lp_cmd_help || command->run == lp_cmd_completion) {
        return LP_EXIT_OK;
    }
    char copy[64];
    snprintf(copy, sizeof copy, "%s", name);
    char second[64];
    bool has_sub = sub != NULL && sub[0] != '\0' && sub[0] != '-';
    snprintf(second, sizeof second, "%s", has_sub ? sub : "");
    char *args[] = {copy, has_sub ? second : NULL, NULL};
    lp_opt_is_listing = true;
    return command->run(has_sub ? 2 : 1, args);
}

static void print_bash(void)
{
    printf("# bash completion for limpet: source <(limpet completion bash)\n"
           "_limpet() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]}\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"");
    print_names(" ");
    printf("\" -- \"$cur\")\n"
           "    elif [[ $cur == -* ]]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$(\"${COMP_WORDS[0]}\" completion flags"
           " \"${COMP_WORDS[1]}\" \"${COMP_WORDS[2]##-*}\" 2>/dev/null | sed 's/^/--/; s/\\t.*//')"
           " --json --verbose --quiet --help\" -- \"$cur\")\n"
           "    fi\n"
           "}\n"
           "complete -o default -F _limpet limpet mos mgos\n");
}

static void print_zsh(void)
{
    printf("#compdef limpet mos mgos\n"
           "# zsh completion for limpet: limpet completion zsh > ~/.zfunc/_limpet\n"
           "if (( CURRENT == 2 )); then\n"
           "    compadd -- ");
    print_names(" ");
    printf(
        "\nelse\n"
        "    compadd -- ${(f)\"$($words[1] completion flags $words[2] ${words[3]##-*} 2>/dev/null |"
        " sed 's/^/--/; s/\\t.*//')\"} --json --verbose --quiet --help\n"
        "    _files\n"
        "fi\n");
}

static void print_fish(void)
{
    printf("# fish completion for limpet: limpet completion fish | source\n");
    for (const lp_command_t *c = lp_commands; c->name != NULL; c++) {
        if (!c->is_hidden) {
            printf("complete -c limpet -n __fish_use_subcommand -f -a %s -d '%s'\n", c->name,
                   c->summary);
        }
    }
    printf("complete -c limpet -n 'not __fish_use_subcommand' -a "
           "'(limpet completion flags (string match -v -- \"-*\" (commandline -opc)[2..3]) "
           "2>/dev/null |"
           " string replace -r \"^([^\\t]*)\\t[^\\t]*\\t\" \"--\\$1\\t\")'\n");
}

int lp_cmd_completion(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "completion",
        .args = "bash|zsh|fish",
        .summary = "Prints a completion script for your shell.",
        .examples = {"source <(limpet completion bash)", "limpet completion fish | source", NULL},
        .max_args = 3,
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, NULL, 0, argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    const char *shell = n_args > 0 ? argv[1] : "";
    if (strcmp(shell, "bash") == 0) {
        print_bash();
    } else if (strcmp(shell, "zsh") == 0) {
        print_zsh();
    } else if (strcmp(shell, "fish") == 0) {
        print_fish();
    } else if (strcmp(shell, "flags") == 0 && n_args >= 2) {
        return print_flags(argv[2], n_args > 2 ? argv[3] : NULL);
    } else {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name a shell: bash, zsh or fish", NULL,
                          "limpet completion --help");
    }
    return LP_EXIT_OK;
}
