// SPDX-License-Identifier: Apache-2.0
// limpet completion: a small script for a shell, which asks the tool itself (complete.c) with the
// line as it stands. So it never goes stale.
#include <stdio.h>
#include <string.h>

#include "cli_private.h"
#include "complete.h"
#include "limpet/ui.h"

// bash breaks words at '=' and ':', and takes an answer for what is behind the last of them.
static const char bash[] =
    "# bash completion for limpet: source <(limpet completion bash)\n"
    "_limpet() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} words cur cut word IFS=$' \\t\\n'\n"
    "    read -ra words <<<\"$line\"\n"
    "    [[ $line != *[[:space:]] ]] || words+=('')\n"
    "    cur=${words[${#words[@]}-1]}\n"
    "    cut=${cur%\"${cur##*[=:]}\"}\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r word _; do\n"
    "        case $word in\n"
    "            :files) compopt -o filenames 2>/dev/null\n"
    "                mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "
    "\"${cur#\"$cut\"}\") ;;\n"
    "            :dirs) compopt -o filenames 2>/dev/null\n"
    "                mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "
    "\"${cur#\"$cut\"}\") ;;\n"
    "            *) COMPREPLY+=(\"${word#\"$cut\"}\") ;;\n"
    "        esac\n"
    "    done < <(\"${words[0]}\" completion words -- \"${words[@]:1}\" 2>/dev/null)\n"
    "    [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null\n"
    "}\n"
    "complete -F _limpet limpet mos mgos\n";

static const char zsh[] = "#compdef limpet mos mgos\n"
                          "# zsh completion for limpet: limpet completion zsh > ~/.zfunc/_limpet\n"
                          "_limpet() {\n"
                          "    local -a lines plain open\n"
                          "    local line word\n"
                          "    lines=(\"${(@f)$(\"$words[1]\" completion words -- "
                          "\"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
                          "    for line in $lines; do\n"
                          "        word=${line%%$'\\t'*}\n"
                          "        case $word in\n"
                          "            :files) _files ;;\n"
                          "            :dirs) _files -/ ;;\n"
                          "            *=) open+=(\"${word//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
                          "            *) plain+=(\"${word//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
                          "        esac\n"
                          "    done\n"
                          "    (( ! $#plain )) || _describe -t values limpet plain\n"
                          "    (( ! $#open )) || _describe -t values limpet open -S ''\n"
                          "}\n"
                          "if [ \"$funcstack[1]\" = _limpet ]; then _limpet \"$@\"; else compdef "
                          "_limpet limpet mos mgos; fi\n";

static const char fish[] =
    "# fish completion for limpet: limpet completion fish | source\n"
    "function __limpet_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l cur (commandline -ct)\n"
    "    for line in ($words[1] completion words -- $words[2..-1] \"$cur\" 2>/dev/null)\n"
    "        switch $line\n"
    "            case ':files'\n"
    "                __fish_complete_path \"$cur\"\n"
    "            case ':dirs'\n"
    "                __fish_complete_directories \"$cur\" ''\n"
    "            case '*'\n"
    "                printf '%s\\n' $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "for name in limpet mos mgos\n"
    "    complete -c $name -f -a '(__limpet_complete)'\n"
    "end\n";

int lp_cmd_completion(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "completion",
        .args = "bash|zsh|fish",
        .summary = "Prints a completion script for your shell.",
        .examples = {"source <(limpet completion bash)", "limpet completion zsh > ~/.zfunc/_limpet",
                     "limpet completion fish | source", NULL},
        .notes =
            "It knows commands, flags and their values; ports, and the settings and methods of "
            "the board\nthat is connected.",
        .max_args = 1,
    };
    if (!lp_opt_is_listing && argc > 2 && strcmp(argv[1], "words") == 0 &&
        strcmp(argv[2], "--") == 0) {
        lp_complete(argc - 3, argv + 3);
        return LP_EXIT_OK;
    }
    int n_args = 0;
    int rc = lp_opt_parse(&help, NULL, 0, argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    const char *shell = n_args > 0 ? argv[1] : "";
    const char *script = strcmp(shell, "bash") == 0   ? bash
                         : strcmp(shell, "zsh") == 0  ? zsh
                         : strcmp(shell, "fish") == 0 ? fish
                                                      : NULL;
    if (script == NULL) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name a shell: bash, zsh or fish", NULL,
                          "limpet completion --help");
    }
    fputs(script, stdout);
    return LP_EXIT_OK;
}
