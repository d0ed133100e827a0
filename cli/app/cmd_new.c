// SPDX-License-Identifier: Apache-2.0
// limpet new: the folder of an application, ready to run.
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limpet/cmd.h"
#include "limpet/opt.h"
#include "manifest.h"
#include "template.h"

static const char readme[] =
    "# %s\n"
    "\n"
    "A device that runs Limpet. What it does is in `main.c`; its name, version and sources are in "
    "`limpet.json`.\n"
    "\n"
    "    limpet run                 builds it and runs it on this computer, with a virtual crypto "
    "chip\n"
    "    limpet cloud up            in another terminal: a cloud of your own\n"
    "    limpet aws-iot-setup       takes the board there\n"
    "    limpet build --board qemu-lx106\n";

// A new file, never over one that is there.
static bool write_new(const char *folder, const char *name, const void *bytes, size_t len)
{
    char path[APP_PATH + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    bool is_good = fd >= 0 && write(fd, bytes, len) == (ssize_t)len;
    if (fd >= 0) {
        is_good = close(fd) == 0 && is_good;
    }
    return is_good;
}

static bool write_manifest(const char *folder, const char *name)
{
    char text[300];
    int n = snprintf(
        text, sizeof text,
        "{\n    \"name\": \"%s\",\n    \"version\": \"0.1.0\",\n    \"sources\": [\"main.c\"],\n"
        "    \"shadow\": [\"telemetry.interval_s\", \"log.level\"]\n}\n",
        name);
    return write_new(folder, "limpet.json", text, (size_t)n);
}

static bool write_readme(const char *folder, const char *name)
{
    char text[sizeof readme + APP_NAME_MAX];
    int n = snprintf(text, sizeof text, readme, name);
    return write_new(folder, "README.md", text, (size_t)n);
}

static int fail_write(const char *folder)
{
    char what[APP_PATH + 60];
    snprintf(what, sizeof what, "%.200s cannot be written", folder);
    bool is_there = errno == EEXIST;
    return lp_ui_fail(is_there ? LP_EXIT_CONFLICT : LP_EXIT_LOCAL,
                      is_there ? "app-exists" : "app-write", what, strerror(errno),
                      is_there ? "choose another name, or --dir" : NULL);
}

static int create(const char *name, const char *folder)
{
    static const char ignore[] = "/build/\n";
    if (mkdir(folder, 0777) != 0) {
        return fail_write(folder);
    }
    if (!write_new(folder, "main.c", template_main_c, sizeof template_main_c) ||
        !write_manifest(folder, name) || !write_readme(folder, name) ||
        !write_new(folder, ".gitignore", ignore, sizeof ignore - 1)) {
        return fail_write(folder);
    }
    lp_ui_out("%s is ready: limpet run %s", name, folder);
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "app", name);
    cJSON_AddStringToObject(line, "folder", folder);
    lp_ui_json_tree(line);
    return LP_EXIT_OK;
}

int lp_cmd_new(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_CONFLICT, LP_EXIT_LOCAL, 0};
    static const lp_help_t help = {
        .name = "new",
        .args = "NAME",
        .summary = "Makes the folder of a new application: one C file and a manifest.",
        .examples = {"limpet new my-sensor", "limpet new my-sensor --dir projects/first", NULL},
        .exit_codes = exits,
        .max_args = 1,
    };
    const char *folder = NULL;
    const lp_opt_t opts[] = {
        {"dir", LP_OPT_STR, &folder, "DIR", "the folder to make (default: NAME)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args < 1 || !app_name_is_good(argv[1])) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage",
                          n_args < 1 ? "name the application"
                                     : "an application cannot be called that",
                          "a lower-case letter, then letters, digits and dashes, 32 in all",
                          "limpet new my-sensor");
    }
    return create(argv[1], folder != NULL ? folder : argv[1]);
}
