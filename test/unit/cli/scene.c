// SPDX-License-Identifier: Apache-2.0
#include "scene.h"

#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// A root for the board to trust; any certificate will do.
static void write_root(const char *path)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *x = X509_new();
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"Broker CA", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_sign(x, key, EVP_sha256());
    FILE *file = fopen(path, "we");
    if (file == NULL || PEM_write_X509(file, x) != 1 || fclose(file) != 0) {
        abort();
    }
    X509_free(x);
    EVP_PKEY_free(key);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void scene_remove(const char *folder)
{
    if (nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0) {
        abort();
    }
}

void scene_open(scene_t *s)
{
    snprintf(s->home, sizeof s->home, "/tmp/limpet-test-XXXXXX");
    if (mkdtemp(s->home) == NULL) {
        abort();
    }
    char path[200];
    snprintf(path, sizeof path, "%s/broker-ca.pem", s->home);
    write_root(path);
    fake_cloud_start(&s->cloud);
    snprintf(s->link, sizeof s->link, "%s/board.tty", s->home);
    fake_board_start(&s->board, &s->cloud, s->link);
}

void scene_close(scene_t *s)
{
    fake_board_stop(&s->board);
    fake_cloud_stop(&s->cloud);
    scene_remove(s->home);
}

static char *const *environment(const scene_t *s)
{
    static char text[16][300];
    static char *list[17];
    int n = 0;
    snprintf(text[n++], 300, "HOME=%s", s->home);
    snprintf(text[n++], 300, "PATH=/usr/bin:/bin");
    snprintf(text[n++], 300, "XDG_RUNTIME_DIR=%s/run", s->home);
    snprintf(text[n++], 300, "AWS_ACCESS_KEY_ID=%s", fake_key_id);
    snprintf(text[n++], 300, "AWS_SECRET_ACCESS_KEY=%s", fake_secret);
    snprintf(text[n++], 300, "AWS_SESSION_TOKEN=token/+=of the fake");
    snprintf(text[n++], 300, "AWS_REGION=eu-central-1");
    snprintf(text[n++], 300, "AWS_ENDPOINT_URL=http://127.0.0.1:%d", s->cloud.port);
    snprintf(text[n++], 300, "LIMPET_RETRY_BASE_MS=1");
    snprintf(text[n++], 300, "LIMPET_BROKER_CA=%s/broker-ca.pem", s->home);
    snprintf(text[n++], 300, "LIMPET_CONNECT_S=3");
    snprintf(text[n++], 300, "LIMPET_PAUSE_MS=10");
    snprintf(text[n++], 300, "LIMPET_RPC_TIMEOUT_MS=400");
    snprintf(text[n++], 300, "ASAN_OPTIONS=detect_leaks=1:exitcode=99");
    for (int i = 0; i < n; i++) {
        list[i] = text[i];
    }
    list[n] = NULL;
    return list;
}

static void read_text(const char *path, char *out)
{
    FILE *file = fopen(path, "re");
    size_t n = file != NULL ? fread(out, 1, SCENE_MAX_OUTPUT - 1, file) : 0;
    out[n] = '\0';
    if (file != NULL) {
        fclose(file);
    }
}

int scene_run(scene_t *s, const char *const *args)
{
    const char *argv[24] = {"limpet"};
    char out[200];
    char err[200];
    for (int i = 0; args[i] != NULL && i < 22; i++) {
        argv[i + 1] = args[i];
    }
    snprintf(out, sizeof out, "%s/out", s->home);
    snprintf(err, sizeof err, "%s/err", s->home);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t pid = 0;
    int status = 0;
    // The scripts are set up before the process runs; the pid is known right after.
    pthread_mutex_lock(&s->cloud.lock);
    pthread_mutex_lock(&s->board.lock);
    if (posix_spawn(&pid, LP_LIMPET, &actions, NULL, (char *const *)(uintptr_t)argv,
                    environment(s)) != 0) {
        abort();
    }
    s->cloud.kill_pid = pid;
    s->board.kill_pid = pid;
    pthread_mutex_unlock(&s->board.lock);
    pthread_mutex_unlock(&s->cloud.lock);
    posix_spawn_file_actions_destroy(&actions);
    waitpid(pid, &status, 0);
    read_text(out, s->out);
    read_text(err, s->err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int scene_setup(scene_t *s, const char *a, const char *b, const char *c)
{
    const char *args[] = {"aws-iot-setup", "--port", s->link, "--yes", a, b, c, NULL};
    return scene_run(s, args);
}
