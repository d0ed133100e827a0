// SPDX-License-Identifier: Apache-2.0
#include "login.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <termios.h>
#include <unistd.h>

#include "limpet/hexline.h"
#include "limpet/sha256.h"

static void sha_hex(const char *text, size_t len, char hex[65])
{
    uint8_t digest[LP_SHA256_LEN];
    lp_sha256(lp_span(text, len), digest);
    lp_hexline(hex, digest, sizeof digest);
}

void lp_login_verifier(const char *user, const char *realm, const char *password, char hex[65])
{
    char text[3 * LP_LOGIN_TEXT + 3];
    int n = snprintf(text, sizeof text, "%s:%s:%s", user, realm, password);
    sha_hex(text, (size_t)n, hex);
    lp_wipe(text, sizeof text);
}

void lp_login_device(const char *realm, char *device, size_t cap)
{
    snprintf(device, cap, "%.*s", (int)strcspn(realm, "/"), realm);
}

// Texts of a challenge end up in hashes and in JSON; odd ones are nobody's.
static bool take_text(const cJSON *tree, const char *name, char *dst)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    if (!cJSON_IsString(item) || item->valuestring[0] == '\0' ||
        strlen(item->valuestring) >= LP_LOGIN_TEXT) {
        return false;
    }
    snprintf(dst, LP_LOGIN_TEXT, "%s", item->valuestring);
    return true;
}

bool lp_login_take(lp_login_t *login, const char *message)
{
    char algorithm[LP_LOGIN_TEXT];
    char qop[LP_LOGIN_TEXT];
    char realm[LP_LOGIN_TEXT];
    char nonce[LP_LOGIN_TEXT];
    cJSON *tree = cJSON_Parse(message);
    bool is_fine = take_text(tree, "algorithm", algorithm) && take_text(tree, "qop", qop) &&
                   take_text(tree, "realm", realm) && take_text(tree, "nonce", nonce) &&
                   strcmp(algorithm, "SHA-256") == 0 && strcmp(qop, "auth-int") == 0;
    cJSON_Delete(tree);
    if (is_fine) {
        // Another board behind the same address must not get a proof made for this one's password.
        if (strcmp(login->realm, realm) != 0) {
            lp_wipe(login->password, sizeof login->password);
        }
        snprintf(login->realm, sizeof login->realm, "%s", realm);
        snprintf(login->nonce, sizeof login->nonce, "%s", nonce);
        login->nc = 0;
        login->is_asked = true;
    }
    return is_fine;
}

struct cJSON *lp_login_prove(lp_login_t *login, const char *method, const char *params_text)
{
    char a1[65];
    char hash[65];
    char text[4 * LP_LOGIN_TEXT];
    char cnonce[17];
    uint8_t random[8];
    if (!login->is_asked || getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return NULL;
    }
    login->nc++;
    lp_hexline(cnonce, random, sizeof random);
    sha_hex(params_text, strlen(params_text), hash);
    int n = snprintf(text, sizeof text, "RPC:/rpc/%.100s:%s", method, hash);
    sha_hex(text, (size_t)n, hash);
    lp_login_verifier(login->user, login->realm, login->password, a1);
    n = snprintf(text, sizeof text, "%s:%s:%08x:%s:auth-int:%s", a1, login->nonce,
                 (unsigned)login->nc, cnonce, hash);
    sha_hex(text, (size_t)n, hash);
    lp_wipe(a1, sizeof a1);
    lp_wipe(text, sizeof text);
    cJSON *auth = cJSON_CreateObject();
    cJSON_AddStringToObject(auth, "username", login->user);
    cJSON_AddStringToObject(auth, "realm", login->realm);
    cJSON_AddStringToObject(auth, "nonce", login->nonce);
    cJSON_AddNumberToObject(auth, "nc", login->nc);
    cJSON_AddStringToObject(auth, "cnonce", cnonce);
    cJSON_AddStringToObject(auth, "algorithm", "SHA-256");
    cJSON_AddStringToObject(auth, "response", hash);
    return auth;
}

void lp_login_wipe(lp_login_t *login)
{
    lp_wipe(login, sizeof *login);
}

// -- who it is

static bool read_line(const char *prompt, char *dst, bool is_secret)
{
    struct termios before;
    bool is_quiet = is_secret && tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_quiet) { // before the question: what is typed at once is neither shown nor thrown away
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    fprintf(stderr, "%s", prompt);
    bool has_line = fgets(dst, LP_LOGIN_TEXT, stdin) != NULL;
    if (is_quiet) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fprintf(stderr, "\n");
    }
    if (has_line) {
        dst[strcspn(dst, "\r\n")] = '\0';
    }
    return has_line && dst[0] != '\0';
}

static bool ask_person(lp_login_t *login)
{
    char prompt[2 * LP_LOGIN_TEXT];
    if (lp_ui.json || isatty(STDIN_FILENO) != 1 || !lp_ui.is_tty) {
        return false;
    }
    snprintf(prompt, sizeof prompt, "%.60s asks who you are; user: ", login->realm);
    return (login->user[0] != '\0' || read_line(prompt, login->user, false)) &&
           read_line("password: ", login->password, true);
}

lp_exit_t lp_login_find(lp_login_t *login, lp_fault_t *f)
{
    char device[LP_LOGIN_TEXT];
    char path[300] = "";
    const char *user = getenv("LIMPET_USER");
    if (login->password[0] != '\0') {
        return LP_EXIT_OK;
    }
    snprintf(login->user, sizeof login->user, "%s", user != NULL ? user : "");
    lp_login_device(login->realm, device, sizeof device);
    lp_exit_t rc = lp_passwords_find(device, login->user, login->password, f);
    if (rc != LP_EXIT_OK || login->password[0] != '\0' || ask_person(login)) {
        return rc;
    }
    (void)lp_passwords_path(path, sizeof path);
    lp_fault_set(f, LP_EXIT_CREDENTIALS, "board-login", "the board %.60s asks who you are", device);
    lp_fault_why(f, "%s has no password for it%s%s", path,
                 login->user[0] != '\0' ? " and user " : "", login->user);
    lp_fault_next(f, "make an account at its UART: limpet auth-set NAME --role operator");
    return f->exit;
}
