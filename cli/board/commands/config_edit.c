// SPDX-License-Identifier: Apache-2.0
// limpet config-edit: all settings of a board in an editor.
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board_config.h"
#include "board_files.h"
#include "config_words.h"
#include "limpet/board_cmd.h"
#include "limpet/cmd.h"

enum { SHOWN_MAX = 60, DEPTH_MAX = 8 };

// -- what was changed

typedef struct {
    cJSON *changes; // tree of what is to be set
    unsigned count;
    bool is_bad; // a name is too long or too deep
} diff_t;

static char *short_text(const cJSON *value)
{
    char *text = value != NULL ? cJSON_PrintUnformatted(value) : NULL;
    if (text != NULL && strlen(text) > SHOWN_MAX) {
        memcpy(text + SHOWN_MAX - 3, "...", 4);
    }
    return text;
}

static void note(diff_t *d, const char *path, const cJSON *before, const cJSON *after)
{
    char *from = short_text(before);
    char *to = short_text(after);
    lp_ui_out("%s: %s -> %s", path, from != NULL ? from : "(new)",
              to != NULL ? to : "back to its default");
    cJSON_free(from);
    cJSON_free(to);
    cJSON *value = after != NULL ? cJSON_Duplicate(after, true) : cJSON_CreateNull();
    d->is_bad = !lp_config_put_path(d->changes, path, value) || d->is_bad;
    d->count++;
}

static void compare(diff_t *d, const char *path, const cJSON *before, const cJSON *after,
                    unsigned depth);

static void compare_members(diff_t *d, const char *path, const cJSON *before, const cJSON *after,
                            unsigned depth)
{
    const cJSON *item = NULL;
    char below[128];
    cJSON_ArrayForEach(item, before)
    {
        snprintf(below, sizeof below, "%s%s%s", path, path[0] != '\0' ? "." : "", item->string);
        compare(d, below, item, cJSON_GetObjectItemCaseSensitive(after, item->string), depth + 1);
    }
    cJSON_ArrayForEach(item, after)
    {
        if (cJSON_GetObjectItemCaseSensitive(before, item->string) == NULL) {
            snprintf(below, sizeof below, "%s%s%s", path, path[0] != '\0' ? "." : "", item->string);
            compare(d, below, NULL, item, depth + 1);
        }
    }
}

// A part that was taken out as a whole is each of its settings taken out.
static void compare(diff_t *d, const char *path, const cJSON *before, const cJSON *after,
                    unsigned depth)
{
    const cJSON *any = after != NULL ? after : before;
    if (depth > DEPTH_MAX) {
        d->is_bad = true;
    } else if (cJSON_IsObject(any) && (before == NULL || cJSON_IsObject(before))) {
        compare_members(d, path, before, after, depth);
    } else if (before == NULL || after == NULL || !cJSON_Compare(before, after, true)) {
        note(d, path, before, after);
    }
}

// -- the editor

static lp_exit_t fail_editor(const char *path, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "editor", "the editor did not end well");
    lp_fault_why(f, "%s; what was written is in %s", why, path);
    lp_fault_next(f, "set EDITOR to a program that waits until the file is closed");
    return f->exit;
}

// Runs the user's editor, which may be a command with flags, as a shell would.
static lp_exit_t run_editor(const char *path, lp_fault_t *f)
{
    const char *editor = getenv("VISUAL");
    editor = editor != NULL && editor[0] != '\0' ? editor : getenv("EDITOR");
    editor = editor != NULL && editor[0] != '\0' ? editor : "vi";
    char command[1024];
    const int len = snprintf(command, sizeof command, "%s \"$1\"", editor);
    if (len < 0 || (size_t)len >= sizeof command) {
        return fail_editor(path, "EDITOR is too long", f);
    }
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, editor, path, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    pid_t done = -1;
    do {
        done = pid > 0 ? waitpid(pid, &status, 0) : -1;
    } while (done < 0 && pid > 0 && errno == EINTR);
    if (done < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return fail_editor(path, "it could not be run, or ended with an error", f);
    }
    return LP_EXIT_OK;
}

// The text to be edited, in a file that only the user may read: settings may be private.
static lp_exit_t write_text(const cJSON *tree, char *path, size_t cap, lp_fault_t *f)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, cap, "%s/limpet-settings-XXXXXX.json",
             folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    char *text = cJSON_Print(tree);
    const int fd = text != NULL ? mkstemps(path, 5) : -1;
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool is_there = file != NULL && fprintf(file, "%s\n", text) > 0;
    is_there = file != NULL && fclose(file) == 0 && is_there;
    cJSON_free(text);
    if (is_there) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_LOCAL, "file-write", "%s cannot be written", path);
    lp_fault_why(f, "%s", strerror(errno));
    return f->exit;
}

static lp_exit_t read_text(const char *path, cJSON **tree, lp_fault_t *f)
{
    lp_content_t content = {0};
    const lp_exit_t rc = lp_content_load(&content, path, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const char *end = NULL;
    *tree = cJSON_ParseWithLengthOpts((const char *)content.bytes, content.len, &end, false);
    unsigned line = 1;
    for (const char *c = (const char *)content.bytes; end != NULL && c < end; c++) {
        line += *c == '\n';
    }
    lp_content_free(&content);
    if (cJSON_IsObject(*tree)) {
        return LP_EXIT_OK;
    }
    cJSON_Delete(*tree);
    *tree = NULL;
    lp_fault_set(f, LP_EXIT_USAGE, "config-json", "what was written is not JSON any more");
    lp_fault_why(f, "it goes wrong in line %u of %s, which is kept", line, path);
    lp_fault_next(f, "run limpet config-edit again; the board was not changed");
    return f->exit;
}

// -- the command

typedef struct {
    lp_save_t save;
    bool is_yes;
    bool is_asked_no; // said already
} edit_t;

static lp_exit_t apply(lp_board_t *board, edit_t *e, diff_t *d, lp_fault_t *f)
{
    if (d->is_bad) {
        lp_fault_set(f, LP_EXIT_USAGE, "config-json",
                     "a name of a setting is too long or crosses a value");
        lp_fault_next(f, "limpet config-get shows the settings there are");
        return f->exit;
    }
    lp_exit_t rc = lp_ui_ask("Set this on the board?", e->is_yes);
    e->is_asked_no = rc != LP_EXIT_OK;
    if (rc == LP_EXIT_OK) {
        rc = lp_board_config_set(board, d->changes, &e->save, f);
        d->changes = NULL;
    }
    return rc;
}

static lp_exit_t edit_tree(lp_board_t *board, edit_t *e, const cJSON *before, char *path,
                           size_t cap, lp_fault_t *f)
{
    cJSON *after = NULL;
    lp_exit_t rc = write_text(before, path, cap, f);
    if (rc == LP_EXIT_OK) {
        rc = run_editor(path, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = read_text(path, &after, f);
    }
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    diff_t d = {.changes = cJSON_CreateObject()};
    compare(&d, "", before, after, 0);
    if (d.count == 0) {
        lp_ui_info("nothing was changed");
    } else {
        rc = apply(board, e, &d, f);
    }
    if (rc == LP_EXIT_OK && d.count > 0) {
        lp_board_config_told(&e->save);
    }
    cJSON_Delete(d.changes);
    cJSON_Delete(after);
    return rc;
}

static int edit(const lp_board_options_t *options, edit_t *e)
{
    char path[512] = "";
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    cJSON *before = NULL;
    lp_exit_t rc = lp_board_open(options, &board, &fault);
    if (rc == LP_EXIT_OK) {
        rc = lp_board_call(board, "Config.Get", NULL, 0, &before, &fault);
    }
    if (rc == LP_EXIT_OK) {
        rc = edit_tree(board, e, before, path, sizeof path, &fault);
    }
    cJSON_Delete(before);
    lp_board_close(board);
    if (rc == LP_EXIT_OK) {
        unlink(path);
        lp_ui_json("{\"ok\":true}");
        return LP_EXIT_OK;
    }
    if (path[0] != '\0' && access(path, F_OK) == 0) {
        lp_ui_info("what was written is kept in %s", path);
    }
    return e->is_asked_no ? (int)rc : lp_fault_print(&fault);
}

int lp_cmd_config_edit(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_DECLINED, LP_EXIT_LOCAL, LP_EXIT_BOARD,
                                0};
    static const lp_help_t help = {
        .name = "config-edit",
        .args = "",
        .summary = "Opens a board's settings in your editor, shows what you changed, and sets it.",
        .examples = {"limpet config-edit", "EDITOR=nano limpet config-edit --try-once", NULL},
        .notes =
            "The editor is VISUAL, EDITOR or vi. A setting that is taken out goes back to its\n"
            "default. Either everything is set or nothing.",
        .exit_codes = exits,
    };
    lp_board_options_t options = {.port = "auto"};
    edit_t e = {0};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS(options),
        {"reboot", LP_OPT_BOOL, &e.save.is_reboot, NULL, "restart the board after saving"},
        {"try-once", LP_OPT_BOOL, &e.save.is_trial, NULL,
         "restart with them; without config-confirm the next start has the old ones"},
        {"yes", LP_OPT_BOOL, &e.is_yes, NULL, "do not ask before setting"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    return rc == LP_OPT_GO_ON ? edit(&options, &e) : rc;
}
