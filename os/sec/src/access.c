// SPDX-License-Identifier: Apache-2.0
// Accounts. What is stored:
//   | version 1 | salt (8) | count | count times: role | length of the name | name | verifier (32)
//   |
#include "limpet/access.h"

#include <string.h>

#include "access_internal.h"
#include "limpet/fmt.h"
#include "limpet/hex.h"
#include "limpet/log.h"
#include "limpet/port/system.h"

#define LOG_MODULE "access"

enum {
    VERSION = 1,
    SALT = 8,
    HEAD = 2 + SALT,
    USER_MAX = 2 + LP_ACCESS_NAME_MAX + LP_SHA256_LEN,
    RECORD_MAX = HEAD + LP_ACCESS_USERS_MAX * USER_MAX,
};

static const char store_key[] = "#access";

static const char *const role_names[] = {
    [LP_ROLE_NONE] = "none",
    [LP_ROLE_READER] = "reader",
    [LP_ROLE_OPERATOR] = "operator",
    [LP_ROLE_ADMIN] = "admin",
};

const char *lp_role_name(lp_role_t role)
{
    return role <= LP_ROLE_ADMIN ? role_names[role] : role_names[LP_ROLE_NONE];
}

lp_err_t lp_role_parse(const char *name, lp_role_t *role)
{
    for (int i = LP_ROLE_READER; i <= LP_ROLE_ADMIN; i++) {
        if (strcmp(name, role_names[i]) == 0) {
            *role = (lp_role_t)i;
            return LP_OK;
        }
    }
    return LP_E_NOT_FOUND;
}

void lp_access_hash_hex(lp_span_t bytes, char hex[2 * LP_SHA256_LEN])
{
    uint8_t digest[LP_SHA256_LEN];
    lp_buf_t out = lp_buf(hex, 2 * LP_SHA256_LEN);
    lp_sha256(bytes, digest);
    (void)lp_hex_encode(&out, lp_span(digest, sizeof digest));
}

// -- what is stored

static bool is_name(lp_span_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        const uint8_t c = s.ptr[i];
        const bool is_fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!is_fine) {
            return false;
        }
    }
    return s.len > 0 && s.len < LP_ACCESS_NAME_MAX;
}

static bool is_role(uint8_t role)
{
    return role >= LP_ROLE_READER && role <= LP_ROLE_ADMIN;
}

static bool read_user(lp_span_t *in, lp_access_user_t *user)
{
    const size_t name_len = in->len >= 2 ? in->ptr[1] : 0;
    if (in->len < 2 + name_len + LP_SHA256_LEN || !is_role(in->ptr[0]) ||
        !is_name(lp_span(in->ptr + 2, name_len))) {
        return false;
    }
    *user = (lp_access_user_t){.role = (lp_role_t)in->ptr[0]};
    memcpy(user->name, in->ptr + 2, name_len);
    memcpy(user->verifier, in->ptr + 2 + name_len, LP_SHA256_LEN);
    const size_t used = 2 + name_len + LP_SHA256_LEN;
    *in = lp_span(in->ptr + used, in->len - used);
    return true;
}

static bool read_record(lp_access_t *a, lp_span_t in)
{
    if (in.len < HEAD || in.ptr[0] != VERSION || in.ptr[HEAD - 1] > LP_ACCESS_USERS_MAX) {
        return false;
    }
    const size_t count = in.ptr[HEAD - 1];
    memcpy(a->salt_, in.ptr + 1, SALT);
    in = lp_span(in.ptr + HEAD, in.len - HEAD);
    for (a->count = 0; a->count < count; a->count++) {
        if (!read_user(&in, &a->users[a->count])) {
            return false;
        }
    }
    return in.len == 0;
}

static lp_err_t write_record(lp_access_t *a)
{
    uint8_t bytes[RECORD_MAX];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    (void)lp_buf_put_byte(&out, VERSION);
    (void)lp_buf_put(&out, lp_span(a->salt_, SALT));
    (void)lp_buf_put_byte(&out, (uint8_t)a->count);
    for (size_t i = 0; i < a->count; i++) {
        const lp_access_user_t *user = &a->users[i];
        (void)lp_buf_put_byte(&out, (uint8_t)user->role);
        (void)lp_buf_put_byte(&out, (uint8_t)strlen(user->name));
        (void)lp_buf_put_str(&out, user->name);
        (void)lp_buf_put(&out, lp_span(user->verifier, LP_SHA256_LEN));
    }
    const lp_store_item_t item = {.key = store_key, .value = lp_buf_span(&out)};
    const lp_err_t err = lp_store_put(a->store_, &item, 1);
    lp_wipe(bytes, sizeof bytes);
    return err;
}

static void name_realm(lp_access_t *a, const char *device_id)
{
    char salt[2 * SALT + 1];
    lp_buf_t out = lp_buf(salt, sizeof salt - 1);
    (void)lp_hex_encode(&out, lp_span(a->salt_, SALT));
    salt[out.len] = '\0';
    (void)lp_fmt_str(a->realm, sizeof a->realm, "%.31s/%s", device_id, salt);
}

static lp_err_t load(lp_access_t *a)
{
    uint8_t bytes[RECORD_MAX];
    lp_buf_t record = lp_buf(bytes, sizeof bytes);
    lp_err_t err = lp_store_get(a->store_, store_key, &record);
    if (err == LP_OK && read_record(a, lp_buf_span(&record))) {
        lp_wipe(bytes, sizeof bytes);
        return LP_OK;
    }
    if (err != LP_E_NOT_FOUND) {
        LP_LOGE("the accounts in flash are damaged; nobody can log in until they are set again");
    }
    lp_wipe(bytes, sizeof bytes);
    lp_wipe(a->users, sizeof a->users);
    a->count = 0;
    return lp_port_entropy(a->salt_, SALT);
}

lp_err_t lp_access_init(lp_access_t *a, lp_store_t *store, const char *device_id)
{
    memset(a, 0, sizeof *a);
    a->store_ = store;
    a->guesses_ = LP_ACCESS_GUESSES;
    lp_err_t err = load(a);
    if (err == LP_OK) {
        err = lp_port_entropy(a->key_, sizeof a->key_);
    }
    a->is_ready_ = err == LP_OK;
    name_realm(a, device_id);
    return err;
}

lp_err_t lp_access_init_alone(lp_access_t *a, const char *device_id)
{
    memset(a, 0, sizeof *a);
    a->guesses_ = LP_ACCESS_GUESSES;
    lp_err_t err = lp_port_entropy(a->salt_, SALT);
    if (err == LP_OK) {
        err = lp_port_entropy(a->key_, sizeof a->key_);
    }
    a->is_ready_ = err == LP_OK;
    name_realm(a, device_id);
    return err;
}

// -- accounts

lp_access_user_t *lp_access_find(lp_access_t *a, lp_span_t name)
{
    for (size_t i = 0; i < a->count; i++) {
        if (lp_span_equal_str(name, a->users[i].name)) {
            return &a->users[i];
        }
    }
    return NULL;
}

// Stores what is in memory; when that fails, memory is as it was. An old verifier is not to be
// found in flash any more.
static lp_err_t commit(lp_access_t *a, const lp_access_user_t *before, size_t count, bool has_old)
{
    const lp_err_t err = a->is_ready_ ? write_record(a) : LP_E_STATE;
    if (err != LP_OK) {
        memcpy(a->users, before, sizeof a->users);
        a->count = count;
    } else if (has_old) {
        (void)lp_store_scrub(a->store_);
    }
    return err;
}

lp_err_t lp_access_put(lp_access_t *a, const char *name, lp_role_t role,
                       const uint8_t verifier[LP_SHA256_LEN])
{
    lp_access_user_t before[LP_ACCESS_USERS_MAX];
    const size_t count = a->count;
    if (!is_name(lp_span_str(name)) || !is_role((uint8_t)role)) {
        return LP_E_INVALID;
    }
    memcpy(before, a->users, sizeof before);
    lp_access_user_t *user = lp_access_find(a, lp_span_str(name));
    const bool is_new = user == NULL;
    if (is_new && a->count == LP_ACCESS_USERS_MAX) {
        return LP_E_NOSPACE;
    }
    if (is_new) {
        user = &a->users[a->count++];
    }
    *user = (lp_access_user_t){.role = role};
    (void)lp_fmt_str(user->name, sizeof user->name, "%s", name);
    memcpy(user->verifier, verifier, LP_SHA256_LEN);
    const lp_err_t err = commit(a, before, count, !is_new);
    lp_wipe(before, sizeof before);
    return err;
}

lp_err_t lp_access_remove(lp_access_t *a, const char *name)
{
    lp_access_user_t before[LP_ACCESS_USERS_MAX];
    const size_t count = a->count;
    lp_access_user_t *user = lp_access_find(a, lp_span_str(name));
    if (user == NULL) {
        return LP_E_NOT_FOUND;
    }
    memcpy(before, a->users, sizeof before);
    const size_t behind = (size_t)(&a->users[a->count] - (user + 1));
    memmove(user, user + 1, behind * sizeof *user);
    a->count--;
    lp_wipe(&a->users[a->count], sizeof a->users[0]);
    const lp_err_t err = commit(a, before, count, true);
    lp_wipe(before, sizeof before);
    return err;
}
