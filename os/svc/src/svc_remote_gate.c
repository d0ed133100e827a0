// SPDX-License-Identifier: Apache-2.0
// Who somebody is. A proof comes in the field Authorization of an HTTP request, as curl and
// browsers send it, or in the member "auth" of a frame, as mos has it. There the hash covers method
// and params as well (qop auth-int), so that whoever changes a frame on its way has changed nothing
// but the answer to "no".
#include <string.h>

#include "limpet/fmt.h"
#include "limpet/log.h"
#include "svc_remote_internal.h"

#define LOG_MODULE "remote"

enum { TEXT_MAX = 80, NC_LEN = 8 };

// A proof's texts, unescaped.
typedef struct {
    char user[LP_ACCESS_NAME_MAX];
    char realm[LP_ACCESS_REALM_MAX];
    char nonce[LP_ACCESS_NONCE_MAX];
    char cnonce[TEXT_MAX];
    char response[2 * LP_SHA256_LEN + 1];
    char nc[NC_LEN + 1];
} texts_t;

static const lp_rpc_level_t level_of[] = {
    [LP_ROLE_READER] = LP_RPC_READ,
    [LP_ROLE_OPERATOR] = LP_RPC_WRITE,
    [LP_ROLE_ADMIN] = LP_RPC_CHIP,
};

// -- names

// An IPv6 network is one peer: it has more addresses than could be remembered.
void lp_remote_name_peer(lp_remote_caller_t *caller, const char *kind, const lp_net_peer_t *peer)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    const uint8_t *a = peer->addr;
    const bool is_v4 = memcmp(a, mapped, sizeof mapped) == 0;
    memcpy(caller->key, a, LP_ACCESS_PEER_BYTES);
    if (is_v4) {
        (void)lp_fmt_str(caller->from, sizeof caller->from, "%s %u.%u.%u.%u", kind, a[12], a[13],
                         a[14], a[15]);
        return;
    }
    memset(caller->key + 8, 0, 8);
    lp_buf_t out = lp_buf(caller->from, sizeof caller->from - 1);
    (void)lp_fmt(&out, "%s ", kind);
    for (size_t i = 0; i < 16; i += 2) {
        (void)lp_fmt(&out, i == 0 ? "%x" : ":%x", (unsigned)a[i] << 8 | a[i + 1]);
    }
    caller->from[out.len] = '\0';
}

static lp_span_t without_port(lp_span_t host)
{
    for (size_t i = host.len; i > 0; i--) {
        const uint8_t c = host.ptr[i - 1];
        if (c == ':') {
            return lp_span(host.ptr, i - 1);
        }
        if (c < '0' || c > '9') {
            break;
        }
    }
    return host;
}

static bool is_address(lp_span_t host)
{
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        return true;
    }
    for (size_t i = 0; i < host.len; i++) {
        if ((host.ptr[i] < '0' || host.ptr[i] > '9') && host.ptr[i] != '.') {
            return false;
        }
    }
    return host.len > 0;
}

static bool is_local_name(lp_span_t host, const char *id)
{
    static const char local[] = ".local";
    const size_t len = strlen(id);
    return host.len == len + sizeof local - 1 && lp_http_equal_ci(lp_span(host.ptr, len), id) &&
           lp_http_equal_ci(lp_span(host.ptr + len, sizeof local - 1), local);
}

// A page of somebody else reaches a board by a name that its owner points there ("DNS rebinding");
// it cannot do so by an address or by a name of ours.
bool lp_remote_is_host_ours(void *ctx, lp_span_t host)
{
    const lp_remote_caller_t *caller = ctx;
    const lp_config_t *config = caller->svc->s_.config;
    const char *id = lp_config_str(config, "device.id");
    const char *own = lp_config_str(config, "rpc.http.host");
    const lp_span_t name = without_port(host);
    return is_address(name) || lp_http_equal_ci(name, "localhost") || lp_http_equal_ci(name, id) ||
           is_local_name(name, id) || (own[0] != '\0' && lp_http_equal_ci(name, own));
}

// -- challenges

static lp_access_t *access_of(const lp_remote_caller_t *caller)
{
    return caller->is_setup ? caller->svc->setup_access_ : caller->svc->s_.access;
}

void lp_remote_challenge(void *ctx, lp_buf_t *out)
{
    lp_remote_caller_t *caller = ctx;
    char nonce[LP_ACCESS_NONCE_MAX] = "";
    (void)lp_access_nonce(access_of(caller), nonce);
    (void)lp_fmt(out,
                 "Digest realm=\"%s\", qop=\"auth, auth-int\", algorithm=SHA-256, nonce=\"%s\"%s",
                 access_of(caller)->realm, nonce, caller->is_stale ? ", stale=true" : "");
}

static void ask_for_proof(lp_remote_caller_t *caller, lp_rpc_req_t *req)
{
    char nonce[LP_ACCESS_NONCE_MAX] = "";
    if (lp_access_nonce(access_of(caller), nonce) != LP_OK) {
        lp_rpc_fail_code(req, LP_RPC_UNAUTHORIZED, LP_E_UNAUTHORIZED,
                         "this board has no random numbers, so nobody can log in");
        return;
    }
    lp_rpc_fail_code(req, LP_RPC_UNAUTHORIZED, LP_E_UNAUTHORIZED,
                     "{\"auth_type\":\"digest\",\"nonce\":\"%s\",\"nc\":1,\"realm\":\"%s\","
                     "\"algorithm\":\"SHA-256\",\"qop\":\"auth-int\"%s}",
                     nonce, access_of(caller)->realm, caller->is_stale ? ",\"stale\":true" : "");
}

// -- proofs

static void hash_a2(lp_sha256_t *h, const char *verb, const char *uri)
{
    lp_sha256_init(h);
    lp_sha256_update(h, lp_span_str(verb));
    lp_sha256_update(h, lp_span_str(":"));
    lp_sha256_update(h, lp_span_str(uri));
}

static void add_hash(lp_sha256_t *h, const uint8_t digest[LP_SHA256_LEN])
{
    char hex[2 * LP_SHA256_LEN + 1];
    lp_buf_t out = lp_buf(hex, sizeof hex);
    (void)lp_fmt(&out, ":");
    for (size_t i = 0; i < LP_SHA256_LEN; i++) {
        (void)lp_fmt(&out, "%02x", digest[i]);
    }
    lp_sha256_update(h, lp_buf_span(&out));
}

// false: nothing that could be judged.
static bool read_field(const lp_remote_caller_t *caller, lp_access_proof_t *p)
{
    const lp_rpc_web_t *web = caller->web;
    lp_http_digest_t d;
    lp_sha256_t h;
    if (lp_http_digest_read(lp_span_str(web->auth), &d) != LP_OK ||
        !lp_span_equal_str(d.algorithm, "SHA-256") || !lp_span_equal_str(d.uri, web->target)) {
        return false;
    }
    hash_a2(&h, "POST", web->target);
    if (lp_span_equal_str(d.qop, "auth-int")) {
        add_hash(&h, web->body_hash);
    } else if (!lp_span_equal_str(d.qop, "auth")) {
        return false; // without a qop there is no count, and so no end to replays
    }
    *p = (lp_access_proof_t){.user = d.username,
                             .realm = d.realm,
                             .nonce = d.nonce,
                             .nc = d.nc,
                             .cnonce = d.cnonce,
                             .qop = d.qop,
                             .response = d.response};
    lp_sha256_final(&h, p->a2);
    return true;
}

static bool read_text(lp_json_t auth, const char *key, char *dst, size_t cap)
{
    lp_json_t value;
    return lp_json_get(auth, key, &value) == LP_OK && lp_json_cstr(value, dst, cap) == LP_OK;
}

static bool read_texts(lp_json_t auth, texts_t *t)
{
    lp_json_t value;
    uint32_t nc = 0;
    char algorithm[16];
    if (lp_json_get(auth, "nc", &value) != LP_OK || lp_json_u32(value, UINT32_MAX, &nc) != LP_OK ||
        !read_text(auth, "algorithm", algorithm, sizeof algorithm) ||
        strcmp(algorithm, "SHA-256") != 0) {
        return false;
    }
    (void)lp_fmt_str(t->nc, sizeof t->nc, "%08x", (unsigned)nc);
    return read_text(auth, "username", t->user, sizeof t->user) &&
           read_text(auth, "realm", t->realm, sizeof t->realm) &&
           read_text(auth, "nonce", t->nonce, sizeof t->nonce) &&
           read_text(auth, "cnonce", t->cnonce, sizeof t->cnonce) &&
           read_text(auth, "response", t->response, sizeof t->response);
}

// The text of params as it came, or nothing.
static lp_span_t params_of(lp_json_t frame)
{
    lp_json_t params;
    if (lp_json_get(frame, "params", &params) == LP_OK ||
        lp_json_get(frame, "args", &params) == LP_OK) {
        return params.raw;
    }
    return lp_span(NULL, 0);
}

static bool read_member(lp_json_t auth, const char *name, lp_json_t frame, texts_t *t,
                        lp_access_proof_t *p)
{
    uint8_t digest[LP_SHA256_LEN];
    char uri[LP_RPC_WEB_TARGET_MAX];
    lp_sha256_t h;
    if (!read_texts(auth, t) || lp_fmt_str(uri, sizeof uri, "/rpc/%s", name) != LP_OK) {
        return false;
    }
    *p = (lp_access_proof_t){.user = lp_span_str(t->user),
                             .realm = lp_span_str(t->realm),
                             .nonce = lp_span_str(t->nonce),
                             .nc = lp_span_str(t->nc),
                             .cnonce = lp_span_str(t->cnonce),
                             .qop = lp_span_str("auth-int"),
                             .response = lp_span_str(t->response)};
    lp_sha256(params_of(frame), digest);
    hash_a2(&h, "RPC", uri);
    add_hash(&h, digest);
    lp_sha256_final(&h, p->a2);
    return true;
}

// LP_E_NOT_FOUND: none was given; LP_E_FORMAT: one that cannot be judged.
static lp_err_t read_proof(const lp_remote_caller_t *caller, const char *name, lp_json_t frame,
                           texts_t *t, lp_access_proof_t *p)
{
    lp_json_t auth;
    if (caller->web != NULL && caller->web->is_http && caller->web->auth[0] != '\0') {
        return read_field(caller, p) ? LP_OK : LP_E_FORMAT;
    }
    const lp_err_t err = lp_json_get(frame, "auth", &auth);
    if (err == LP_E_NOT_FOUND) {
        return err;
    }
    return err == LP_OK && lp_json_type(auth) == LP_JSON_OBJECT &&
                   read_member(auth, name, frame, t, p)
               ? LP_OK
               : LP_E_FORMAT;
}

// -- the gate

// Whether a tree has settings of who may call this board, in either way of writing them.
static bool has_remote_settings(lp_json_t tree)
{
    static const char group[] = "rpc";
    char name[LP_CONFIG_KEY_MAX];
    lp_json_iter_t it;
    lp_json_t key;
    lp_json_t value;
    bool found = false;
    if (lp_json_iter(tree, &it) == LP_OK) {
        while (lp_json_next(&it, &key, &value)) {
            found = found || (lp_json_cstr(key, name, sizeof name) == LP_OK &&
                              strncmp(name, group, sizeof group - 1) == 0);
        }
    }
    return found;
}

// Who may not change accounts may not open doors either.
static bool opens_doors(const char *name, lp_json_t frame)
{
    lp_json_t params;
    lp_json_t tree;
    return strcmp(name, "Config.Set") == 0 &&
           (lp_json_get(frame, "params", &params) == LP_OK ||
            lp_json_get(frame, "args", &params) == LP_OK) &&
           lp_json_get(params, "config", &tree) == LP_OK && has_remote_settings(tree);
}

static lp_rpc_level_t highest(const lp_svc_remote_t *svc)
{
    lp_role_t role = LP_ROLE_READER;
    (void)lp_role_parse(lp_config_str(svc->s_.config, "rpc.role_max"), &role);
    return level_of[role];
}

static void let_in(lp_remote_caller_t *caller, const lp_access_user_t *user, lp_rpc_level_t *level)
{
    const lp_rpc_level_t most = highest(caller->svc);
    *level = level_of[user->role] < most ? level_of[user->role] : most;
    (void)lp_fmt_str(caller->who, sizeof caller->who, "%s", user->name);
    if (caller->web != NULL) {
        lp_rpc_web_trust(caller->web);
    }
}

static void turn_away(lp_remote_caller_t *caller, lp_rpc_req_t *req, lp_err_t err, uint32_t wait_ms)
{
    lp_audit_t *audit = &caller->svc->audit;
    caller->is_stale = err == LP_E_AGAIN;
    if (err == LP_E_BUSY) {
        lp_audit_note(audit, "?", caller->from, "login", LP_E_BUSY);
        lp_rpc_fail_code(req, LP_RPC_TOO_MANY, LP_E_BUSY,
                         "too many wrong logins; try again in %u s",
                         (unsigned)((wait_ms + 999) / 1000));
        return;
    }
    if (err == LP_E_UNAUTHORIZED || err == LP_E_FORMAT) {
        lp_audit_note(audit, "?", caller->from, "login", LP_E_UNAUTHORIZED);
    }
    ask_for_proof(caller, req);
}

// Who knows the set-up password may set up the radio.
static bool admit_setup(lp_remote_caller_t *caller, lp_rpc_req_t *req, const char *name,
                        lp_rpc_level_t *level)
{
    *level = LP_RPC_WRITE;
    if (strncmp(name, "Wifi.", 5) == 0 || strcmp(name, "RPC.Ping") == 0) {
        return true;
    }
    lp_audit_note(&caller->svc->audit, caller->who, caller->from, name, LP_E_DENIED);
    lp_rpc_fail(req, LP_E_DENIED, "over the set-up network Wifi.* can be called and nothing else");
    return false;
}

bool lp_remote_admit(void *ctx, lp_rpc_req_t *req, const char *name, lp_json_t frame,
                     lp_rpc_level_t *level)
{
    lp_remote_caller_t *caller = ctx;
    const lp_access_user_t *user = NULL;
    lp_access_proof_t proof;
    texts_t texts;
    uint32_t wait_ms = 0;
    lp_err_t err = read_proof(caller, name, frame, &texts, &proof);
    if (err == LP_OK) {
        err = lp_access_check(access_of(caller), caller->key, &proof, &user, &wait_ms);
    }
    if (err != LP_OK) {
        turn_away(caller, req, err, wait_ms);
        return false;
    }
    let_in(caller, user, level);
    if (caller->is_setup) {
        return admit_setup(caller, req, name, level);
    }
    if (*level < LP_RPC_CHIP && opens_doors(name, frame)) {
        lp_audit_note(&caller->svc->audit, caller->who, caller->from, "Config.Set rpc.*",
                      LP_E_DENIED);
        lp_rpc_fail(req, LP_E_DENIED, "rpc.*: who may call this board is set by an admin only");
        return false;
    }
    return true;
}
