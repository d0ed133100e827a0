// SPDX-License-Identifier: Apache-2.0
// Proving who calls: challenges, passwords and where they are kept. Private to this folder.
//
// Passwords are kept in $LIMPET_PASSWORDS or $XDG_CONFIG_HOME/limpet/passwords (~/.config/...),
// which only its owner may read: a line for each, "DEVICE-ID USER PASSWORD".
// @source docs/rpc.md, RFC 7616
#ifndef LP_BOARD_LOGIN_H
#define LP_BOARD_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/fault.h"

struct cJSON;

enum { LP_LOGIN_TEXT = 128, LP_LOGIN_RANDOM = 27 };

typedef struct {
    bool is_asked; // there is a challenge to answer
    char realm[LP_LOGIN_TEXT];
    char nonce[LP_LOGIN_TEXT];
    uint32_t nc;
    char user[LP_LOGIN_TEXT];
    char password[LP_LOGIN_TEXT]; // "": not known yet
} lp_login_t;

// Takes the challenge out of the message of error 401. False: it is none that can be answered.
bool lp_login_take(lp_login_t *login, const char *message);

// Finds user and password for the challenge's device: LIMPET_USER, the file, or the person at the
// terminal.
lp_exit_t lp_login_find(lp_login_t *login, lp_fault_t *f);

// The member "auth" for a call, owned by the caller; counts on. Null: nobody has asked.
struct cJSON *lp_login_prove(lp_login_t *login, const char *method, const char *params_text);

void lp_login_wipe(lp_login_t *login);

// -- the file

// Where it is. False: no home folder.
bool lp_passwords_path(char *path, size_t cap);
// False: no line for that device (and user, unless it is "").
lp_exit_t lp_passwords_find(const char *device, char *user, char *password, lp_fault_t *f);
// Adds or replaces a line; null password: takes it out.
lp_exit_t lp_passwords_put(const char *device, const char *user, const char *password,
                           lp_fault_t *f);
// 128 random bits as letters and digits.
bool lp_passwords_make(char password[LP_LOGIN_RANDOM]);
// SHA-256(user ":" realm ":" password) in hex.
void lp_login_verifier(const char *user, const char *realm, const char *password, char hex[65]);
// "lp-4f21c0" of "lp-4f21c0/56ada7184fc32938".
void lp_login_device(const char *realm, char *device, size_t cap);

#endif
