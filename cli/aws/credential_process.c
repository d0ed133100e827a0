// SPDX-License-Identifier: Apache-2.0
#include "credential_process.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "credentials.h"

enum { MAX_OUTPUT = 65536, MAX_WORDS = 64, LIMIT_MS = 60000, SLICE_MS = 100 };

extern char **environ;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

// Copies one word from *in, without its quotes, to *out and terminates it. False: a quote stays
// open.
static bool take_word(const char **in, char **out)
{
    char quote = '\0';
    const char *p = *in;
    for (; *p != '\0' && (quote != '\0' || !is_blank(*p)); p++) {
        if (quote == '\0' && (*p == '"' || *p == '\'')) {
            quote = *p;
        } else if (*p == quote) {
            quote = '\0';
        } else {
            p += *p == '\\' && quote != '\'' && p[1] != '\0' ? 1 : 0;
            *(*out)++ = *p;
        }
    }
    // In place: the terminator may land on the blank that ended the word.
    *in = *p != '\0' ? p + 1 : p;
    *(*out)++ = '\0';
    return quote == '\0';
}

int lp_command_split(char *command, char **words, int max)
{
    int n = 0;
    char *out = command;
    const char *in = command;
    for (;;) {
        while (is_blank(*in)) {
            in++;
        }
        if (*in == '\0') {
            words[n] = NULL;
            return n;
        }
        if (n + 1 >= max) {
            return -1;
        }
        words[n++] = out;
        if (!take_word(&in, &out)) {
            return -1;
        }
    }
}

static char *copy_string(const cJSON *tree, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    return cJSON_IsString(item) && item->valuestring[0] != '\0' ? strdup(item->valuestring) : NULL;
}

// cJSON keeps the secrets in its nodes until they are freed: wipe them first.
static void delete_secret_tree(cJSON *tree)
{
    for (cJSON *i = tree != NULL ? tree->child : NULL; i != NULL; i = i->next) {
        if (i->valuestring != NULL) {
            explicit_bzero(i->valuestring, strlen(i->valuestring));
        }
    }
    cJSON_Delete(tree);
}

static lp_exit_t fail(lp_fault_t *f, const char *why)
{
    lp_fault_set(f, LP_EXIT_CREDENTIALS, "credential-process",
                 "the profile's credential_process gave no credentials");
    lp_fault_why(f, "%s", why);
    lp_fault_next(f, "run the credential_process by hand and see what it says");
    return f->exit;
}

lp_exit_t lp_aws_credentials_parse_process(const char *json, size_t len, int64_t now_s,
                                           lp_aws_credentials_t *c, lp_fault_t *f)
{
    cJSON *tree = cJSON_ParseWithLength(json, len);
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(tree, "Version");
    const cJSON *expiration = cJSON_GetObjectItemCaseSensitive(tree, "Expiration");
    int64_t expires_s = 0;
    lp_exit_t rc = LP_EXIT_OK;
    if (!cJSON_IsObject(tree)) {
        rc = fail(f, "its output is not a JSON object");
    } else if (!cJSON_IsNumber(version) || version->valueint != 1) {
        rc = fail(f, "its output does not have \"Version\": 1");
    } else if (cJSON_IsString(expiration) &&
               (!lp_credential_time(expiration->valuestring, &expires_s) || expires_s <= now_s)) {
        lp_fault_set(f, LP_EXIT_CREDENTIALS, "aws-expired", "the credentials have expired");
        lp_fault_why(f, "the credential_process says they ended at %s", expiration->valuestring);
        lp_fault_next(f, "log in again with the program behind credential_process");
        rc = f->exit;
    } else {
        c->access_key_id = copy_string(tree, "AccessKeyId");
        c->secret_access_key = copy_string(tree, "SecretAccessKey");
        c->session_token = copy_string(tree, "SessionToken");
        if (c->access_key_id == NULL || c->secret_access_key == NULL) {
            rc = fail(f, "AccessKeyId or SecretAccessKey is missing in its output");
        }
    }
    delete_secret_tree(tree);
    if (rc != LP_EXIT_OK) {
        lp_aws_credentials_wipe(c);
    }
    return rc;
}

static bool start(char *const *words, pid_t *pid, int *out_fd, int *error)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        *error = errno;
        return false;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    *error = posix_spawnp(pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    if (*error != 0) {
        close(fds[0]);
        return false;
    }
    *out_fd = fds[0];
    return true;
}

// Reads until the end, too much, the time limit or Ctrl-C. False: not to the end.
static bool read_output(int fd, char *out, size_t cap, size_t *len)
{
    uint64_t deadline = lp_ui_now_ms() + LIMIT_MS;
    while (!lp_interrupt_seen() && lp_ui_now_ms() < deadline && *len < cap) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, SLICE_MS) <= 0) {
            continue;
        }
        ssize_t n = read(fd, out + *len, cap - *len);
        if (n == 0) {
            return true;
        }
        if (n < 0 && errno != EINTR) {
            return false;
        }
        *len += n > 0 ? (size_t)n : 0;
    }
    return false;
}

static lp_exit_t run(char *const *words, char *out, size_t *len, lp_fault_t *f)
{
    pid_t pid = 0;
    int fd = -1;
    int error = 0;
    char why[256];
    if (!start(words, &pid, &fd, &error)) {
        snprintf(why, sizeof why, "%.160s: %s", words[0], strerror(error));
        return fail(f, why);
    }
    bool is_whole = read_output(fd, out, MAX_OUTPUT, len);
    close(fd);
    if (!is_whole) {
        kill(pid, SIGTERM);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    if (!is_whole) {
        return fail(f, "it took longer than 60 s or said more than 64 KB");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        snprintf(why, sizeof why, "it ended with %s %d", WIFEXITED(status) ? "exit code" : "signal",
                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        return fail(f, why);
    }
    return LP_EXIT_OK;
}

lp_exit_t lp_credential_process(const char *command, lp_aws_credentials_t *c, lp_fault_t *f)
{
    char *copy = strdup(command);
    char *out = malloc(MAX_OUTPUT);
    char *words[MAX_WORDS];
    size_t len = 0;
    lp_exit_t rc = LP_EXIT_OK;
    if (copy == NULL || out == NULL) {
        rc = lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    } else if (lp_command_split(copy, words, MAX_WORDS) < 1) {
        rc = fail(f, "its command line has an open quote or no words");
    } else {
        rc = run(words, out, &len, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = lp_aws_credentials_parse_process(out, len, (int64_t)time(NULL), c, f);
    }
    if (out != NULL) {
        explicit_bzero(out, MAX_OUTPUT);
    }
    free(out);
    free(copy);
    return rc;
}
