// SPDX-License-Identifier: Apache-2.0
// The CA's key in a PKCS#11 token, named by a URI (RFC 7512). p11-kit finds the tokens.
//
// @source OASIS PKCS #11 Cryptographic Token Interface Base Specification 2.40; RFC 7512
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token.h"

enum { MAX_TOKENS = 64, MAX_KEYS = 64, MAX_PIN_TRIES = 3 };

static void close_token(lp_ca_token_t *t)
{
    if (t->session != 0) {
        (void)t->module->C_CloseSession(t->session);
    }
    if (t->modules != NULL) {
        p11_kit_modules_finalize_and_release(t->modules);
    }
    if (t->single != NULL) {
        (void)p11_kit_module_finalize(t->single);
        p11_kit_module_release(t->single);
    }
    if (t->uri != NULL) {
        p11_kit_uri_free(t->uri);
    }
    free(t);
}

static void on_close(lp_ca_signer_t *s)
{
    close_token(s->ctx);
}

lp_exit_t lp_ca_token_fail(const char *doing, unsigned long rv, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "ca-token", "the token does not do what it should");
    lp_fault_why(f, "%s: %s (0x%lx)", doing, p11_kit_strerror(rv), rv);
    lp_fault_next(f, "is it still plugged in? Run the same command again");
    return f->exit;
}

static lp_exit_t parse(const char *text, P11KitUri **out, lp_fault_t *f)
{
    P11KitUri *uri = p11_kit_uri_new();
    int rc = uri != NULL ? p11_kit_uri_parse(text, P11_KIT_URI_FOR_OBJECT_ON_TOKEN_AND_MODULE, uri)
                         : P11_KIT_URI_UNEXPECTED;
    if (rc == P11_KIT_URI_OK && p11_kit_uri_get_pin_value(uri) != NULL) {
        lp_fault_set(f, LP_EXIT_USAGE, "usage", "a PIN does not belong into a URI");
        lp_fault_why(f, "every process of this computer can read the command line");
        lp_fault_next(f, "put it into a file: pin-source=FILE in the URI, or --ca-pass-file FILE");
    } else if (rc != P11_KIT_URI_OK || p11_kit_uri_any_unrecognized(uri)) {
        lp_fault_set(f, LP_EXIT_USAGE, "usage", "that is not a PKCS#11 URI of a key");
        lp_fault_why(f, "%s",
                     rc != P11_KIT_URI_OK ? p11_kit_uri_message(rc) : "an attribute is not known");
        lp_fault_next(f, "quote it for the shell: 'pkcs11:token=NAME;object=KEY'");
    } else {
        *out = uri;
        return LP_EXIT_OK;
    }
    p11_kit_uri_free(uri);
    return f->exit;
}

// The one module that the URI names, or all that are registered on this computer.
static lp_exit_t load(lp_ca_token_t *t, CK_FUNCTION_LIST ***list, lp_fault_t *f)
{
    const char *path = p11_kit_uri_get_module_path(t->uri);
    if (path == NULL) {
        t->modules = p11_kit_modules_load_and_initialize(0);
        *list = t->modules;
    } else {
        t->single = p11_kit_module_load(path, 0);
        CK_RV rv = t->single != NULL ? p11_kit_module_initialize(t->single) : CKR_GENERAL_ERROR;
        if (t->single != NULL && rv != CKR_OK) {
            p11_kit_module_release(t->single);
            t->single = NULL;
        }
        t->pair[0] = t->single;
        *list = t->single != NULL ? t->pair : NULL;
    }
    if (*list != NULL) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_LOCAL, "ca-token", "no PKCS#11 module can be used");
    lp_fault_why(f, "%s: %s", path != NULL ? path : "p11-kit", p11_kit_message());
    lp_fault_next(f, "install the token's module (Debian: softhsm2, opensc-pkcs11), or name it in "
                     "the URI: ?module-path=/usr/lib/...so");
    return f->exit;
}

// --- the token

typedef struct {
    CK_FUNCTION_LIST *module;
    CK_SLOT_ID slot;
    CK_TOKEN_INFO info;
    size_t n;
    char seen[400]; // labels of the tokens that are there
} search_t;

// A blank-padded field.
static int field_len(const unsigned char *field, size_t cap)
{
    while (cap > 0 && (field[cap - 1] == ' ' || field[cap - 1] == '\0')) {
        cap--;
    }
    return (int)cap;
}

static void look_at_slot(const lp_ca_token_t *t, search_t *s, CK_FUNCTION_LIST *module,
                         CK_SLOT_ID slot)
{
    CK_TOKEN_INFO info;
    memset(&info, 0, sizeof info);
    if (module->C_GetTokenInfo(slot, &info) != CKR_OK ||
        (info.flags & CKF_TOKEN_INITIALIZED) == 0) {
        return;
    }
    size_t n = strlen(s->seen);
    snprintf(s->seen + n, sizeof s->seen - n, "%s\"%.*s\"", n > 0 ? ", " : "",
             field_len(info.label, sizeof info.label), (const char *)info.label);
    if (p11_kit_uri_match_token_info(t->uri, &info) == 1) {
        s->module = module;
        s->slot = slot;
        s->info = info;
        s->n++;
    }
}

static void look_at_module(const lp_ca_token_t *t, search_t *s, CK_FUNCTION_LIST *module)
{
    CK_INFO info;
    CK_SLOT_ID slots[MAX_TOKENS];
    CK_ULONG n = MAX_TOKENS;
    memset(&info, 0, sizeof info);
    if (module->C_GetInfo(&info) != CKR_OK || p11_kit_uri_match_module_info(t->uri, &info) != 1 ||
        module->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK) {
        return;
    }
    for (CK_ULONG i = 0; i < n; i++) {
        look_at_slot(t, s, module, slots[i]);
    }
}

static lp_exit_t find_token(lp_ca_token_t *t, search_t *s, lp_fault_t *f)
{
    CK_FUNCTION_LIST **list = NULL;
    lp_exit_t rc = load(t, &list, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    for (; list != NULL && *list != NULL; list++) {
        look_at_module(t, s, *list);
    }
    if (s->n == 1) {
        t->module = s->module;
        CK_RV rv = t->module->C_OpenSession(s->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                                            NULL, &t->session);
        return rv == CKR_OK ? LP_EXIT_OK : lp_ca_token_fail("opening a session", rv, f);
    }
    lp_fault_set(f, LP_EXIT_LOCAL, s->n == 0 ? "ca-token-missing" : "ca-token-many",
                 s->n == 0 ? "the token of the URI is not there" : "the URI fits several tokens");
    lp_fault_why(f, "tokens that are there: %s", s->seen[0] != '\0' ? s->seen : "none");
    lp_fault_next(f, s->n == 0 ? "plug it in, or name the right one: token=NAME"
                               : "name one by its serial number, too: serial=NUMBER");
    return f->exit;
}

// --- the PIN

// "" when the token says nothing about how many tries are left.
static const char *tries(CK_FLAGS flags)
{
    if ((flags & CKF_USER_PIN_LOCKED) != 0) {
        return "no try is left: the token has locked itself";
    }
    if ((flags & CKF_USER_PIN_FINAL_TRY) != 0) {
        return "one try is left";
    }
    return (flags & CKF_USER_PIN_COUNT_LOW) != 0
               ? "a wrong PIN was given before; only a few tries are left"
               : "";
}

lp_exit_t lp_ca_token_check_tries(unsigned long flags, bool is_from_file, lp_fault_t *f)
{
    if ((flags & CKF_USER_PIN_LOCKED) != 0) {
        lp_fault_set(f, LP_EXIT_CREDENTIALS, "ca-pin-locked", "the token has locked itself");
        lp_fault_why(f, "too many wrong PINs were given");
        lp_fault_next(f, "unlock it with its own tool and the security officer's PIN");
        return f->exit;
    }
    // A wrong file, tried again and again by a script, must not cost the token.
    if ((flags & CKF_USER_PIN_FINAL_TRY) != 0 && is_from_file) {
        lp_fault_set(f, LP_EXIT_CREDENTIALS, "ca-pin-last", "the token has one try left");
        lp_fault_why(f, "one more wrong PIN locks it, so the PIN of a file is not tried");
        lp_fault_next(f,
                      "run the same command on a terminal without --ca-pass-file and pin-source, "
                      "and type the PIN");
        return f->exit;
    }
    return LP_EXIT_OK;
}

static const char *pin_file(const lp_ca_token_t *t, const lp_ca_access_t *access)
{
    const char *source = p11_kit_uri_get_pin_source(t->uri);
    if (access->pass_file != NULL || source == NULL) {
        return access->pass_file;
    }
    return strncmp(source, "file:", 5) != 0      ? source
           : strncmp(source, "file:///", 8) == 0 ? source + 7
                                                 : source + 5;
}

static lp_exit_t fail_pin(const lp_ca_token_t *t, CK_SLOT_ID slot, CK_RV rv, lp_fault_t *f)
{
    CK_TOKEN_INFO info;
    memset(&info, 0, sizeof info);
    (void)t->module->C_GetTokenInfo(slot, &info);
    if (rv == CKR_PIN_LOCKED) {
        return lp_ca_token_check_tries(CKF_USER_PIN_LOCKED, false, f);
    }
    if (rv != CKR_PIN_INCORRECT && rv != CKR_PIN_LEN_RANGE && rv != CKR_PIN_INVALID) {
        return lp_ca_token_fail("logging in", rv, f);
    }
    lp_fault_set(f, LP_EXIT_CREDENTIALS, "ca-pin", "the token does not take this PIN");
    lp_fault_why(f, "%s",
                 tries(info.flags)[0] != '\0' ? tries(info.flags)
                                              : "it does not say how many tries are left");
    lp_fault_next(f, "look where it was written down before another try");
    return f->exit;
}

static lp_exit_t log_in_once(lp_ca_token_t *t, const search_t *s, const char *file, lp_fault_t *f)
{
    char pin[LP_CA_MAX_SECRET];
    char question[80];
    snprintf(question, sizeof question, "the PIN of token \"%.*s\"",
             field_len(s->info.label, sizeof s->info.label), (const char *)s->info.label);
    lp_exit_t rc = file != NULL ? lp_ca_secret_file(file, "PIN", pin, sizeof pin, f)
                                : lp_ca_secret_ask(question, "ca-pin-missing", pin, sizeof pin, f);
    if (rc == LP_EXIT_OK) {
        CK_RV rv =
            t->module->C_Login(t->session, CKU_USER, (CK_UTF8CHAR_PTR)pin, (CK_ULONG)strlen(pin));
        rc = rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN ? LP_EXIT_OK
                                                              : fail_pin(t, s->slot, rv, f);
    }
    OPENSSL_cleanse(pin, sizeof pin);
    return rc;
}

static lp_exit_t log_in(lp_ca_token_t *t, search_t *s, const lp_ca_access_t *access, lp_fault_t *f)
{
    const char *file = pin_file(t, access);
    lp_exit_t rc = LP_EXIT_OK;
    if ((s->info.flags & CKF_LOGIN_REQUIRED) == 0) {
        return LP_EXIT_OK;
    }
    if ((s->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) {
        lp_ui_info("the token asks for its PIN on its own keys");
        CK_RV rv = t->module->C_Login(t->session, CKU_USER, NULL, 0);
        return rv == CKR_OK ? LP_EXIT_OK : fail_pin(t, s->slot, rv, f);
    }
    for (int i = 0; i < MAX_PIN_TRIES; i++) {
        (void)t->module->C_GetTokenInfo(s->slot, &s->info);
        rc = lp_ca_token_check_tries(s->info.flags, file != NULL, f);
        rc = rc == LP_EXIT_OK ? log_in_once(t, s, file, f) : rc;
        if (rc == LP_EXIT_OK || file != NULL || strcmp(f->code, "ca-pin") != 0) {
            return rc;
        }
        lp_ui_warn("%s; %s", f->what, f->why);
    }
    return rc;
}

// --- the key

static lp_exit_t list_objects(lp_ca_token_t *t, CK_ATTRIBUTE *filter, CK_ULONG n_filter,
                              CK_OBJECT_HANDLE *found, CK_ULONG *n, lp_fault_t *f)
{
    CK_RV rv = t->module->C_FindObjectsInit(t->session, filter, n_filter);
    if (rv == CKR_OK) {
        rv = t->module->C_FindObjects(t->session, found, MAX_KEYS, n);
        (void)t->module->C_FindObjectsFinal(t->session);
    }
    return rv == CKR_OK ? LP_EXIT_OK : lp_ca_token_fail("looking for the key", rv, f);
}

// What the URI says of the object: label and id.
static CK_ULONG take_filter(lp_ca_token_t *t, CK_OBJECT_CLASS *class, CK_ATTRIBUTE filter[3])
{
    CK_ULONG n = 0;
    filter[n++] = (CK_ATTRIBUTE){CKA_CLASS, class, sizeof *class};
    CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(t->uri, CKA_LABEL);
    CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(t->uri, CKA_ID);
    if (label != NULL) {
        filter[n++] = *label;
    }
    if (id != NULL) {
        filter[n++] = *id;
    }
    return n;
}

static void name_keys(lp_ca_token_t *t, char *out, size_t cap)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE filter = {CKA_CLASS, &class, sizeof class};
    CK_OBJECT_HANDLE keys[MAX_KEYS];
    CK_ULONG n = 0;
    lp_fault_t ignored;
    out[0] = '\0';
    if (list_objects(t, &filter, 1, keys, &n, &ignored) != LP_EXIT_OK) {
        return;
    }
    for (CK_ULONG i = 0; i < n; i++) {
        char label[64] = "";
        CK_ATTRIBUTE a = {CKA_LABEL, label, sizeof label - 1};
        size_t used = strlen(out);
        if (t->module->C_GetAttributeValue(t->session, keys[i], &a, 1) == CKR_OK) {
            snprintf(out + used, cap - used, "%s\"%s\"", used > 0 ? ", " : "", label);
        }
    }
}

lp_exit_t lp_ca_token_find_key(lp_ca_token_t *t, CK_ULONG *n, lp_fault_t *f)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE filter[3];
    CK_OBJECT_HANDLE keys[MAX_KEYS];
    *n = 0;
    lp_exit_t rc = list_objects(t, filter, take_filter(t, &class, filter), keys, n, f);
    if (rc == LP_EXIT_OK && *n > 0) {
        t->key = keys[0];
    }
    return rc;
}

static lp_exit_t fail_count(lp_ca_token_t *t, CK_ULONG n, lp_fault_t *f)
{
    char names[400];
    name_keys(t, names, sizeof names);
    lp_fault_set(f, LP_EXIT_LOCAL, n == 0 ? "ca-key-missing" : "ca-key-many",
                 n == 0 ? "there is no such key in the token" : "the URI fits several keys");
    lp_fault_why(f, "private keys that are there: %s", names[0] != '\0' ? names : "none");
    lp_fault_next(f, n == 0 ? "name the right one: object=LABEL; limpet ca new --make-key makes one"
                            : "name one: object=LABEL;id=%%01");
    return f->exit;
}

// --- signing

static bool raw_to_der(const uint8_t *raw, size_t raw_len, uint8_t *sig, size_t *len)
{
    ECDSA_SIG *s = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, (int)(raw_len / 2), NULL);
    BIGNUM *v = BN_bin2bn(raw + raw_len / 2, (int)(raw_len / 2), NULL);
    bool is_set = s != NULL && r != NULL && v != NULL && ECDSA_SIG_set0(s, r, v) == 1;
    if (!is_set) {
        BN_free(r);
        BN_free(v);
    }
    int n = is_set ? i2d_ECDSA_SIG(s, NULL) : -1;
    bool fits = n > 0 && (size_t)n <= *len;
    if (fits) {
        *len = (size_t)i2d_ECDSA_SIG(s, &sig);
    }
    ECDSA_SIG_free(s);
    return fits;
}

static lp_exit_t sign_with_token(lp_ca_signer_t *s, const uint8_t *text, size_t text_len,
                                 uint8_t *sig, size_t *len, lp_fault_t *f)
{
    lp_ca_token_t *t = s->ctx;
    bool is_rsa = EVP_PKEY_get_base_id(s->public_key) == EVP_PKEY_RSA;
    CK_MECHANISM mechanism = {is_rsa ? CKM_SHA256_RSA_PKCS : CKM_ECDSA, NULL, 0};
    uint8_t digest[32];
    uint8_t raw[LP_CA_MAX_SIG];
    CK_ULONG raw_len = sizeof raw;
    unsigned digest_len = 0;
    if (EVP_Digest(text, text_len, digest, &digest_len, EVP_sha256(), NULL) != 1) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "ca-sign", "no SHA-256 in OpenSSL");
    }
    CK_RV rv = t->module->C_SignInit(t->session, &mechanism, t->key);
    if (rv == CKR_OK) {
        rv = t->module->C_Sign(t->session, is_rsa ? (CK_BYTE_PTR)(uintptr_t)text : digest,
                               is_rsa ? (CK_ULONG)text_len : digest_len, raw, &raw_len);
    }
    if (rv != CKR_OK) {
        return lp_ca_token_fail("signing", rv, f);
    }
    if (is_rsa && raw_len <= *len) {
        memcpy(sig, raw, raw_len);
        *len = raw_len;
        return LP_EXIT_OK;
    }
    if (is_rsa || raw_len == 0 || raw_len % 2 != 0 || !raw_to_der(raw, raw_len, sig, len)) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "ca-sign", "the token's signature makes no sense");
    }
    return LP_EXIT_OK;
}

static lp_exit_t open_key(lp_ca_token_t *t, bool is_made, EVP_PKEY **public_key, lp_fault_t *f)
{
    CK_ULONG n = 0;
    lp_exit_t rc = lp_ca_token_find_key(t, &n, f);
    if (rc == LP_EXIT_OK && n == 0 && is_made) {
        rc = lp_ca_token_make_key(t, f);
        n = 1;
    }
    if (rc == LP_EXIT_OK && n != 1) {
        rc = fail_count(t, n, f);
    }
    return rc == LP_EXIT_OK ? lp_ca_token_public_key(t, public_key, f) : rc;
}

lp_exit_t lp_ca_token_open(const lp_ca_access_t *access, bool is_made, lp_ca_signer_t **out,
                           lp_fault_t *f)
{
    search_t search = {.n = 0};
    EVP_PKEY *public_key = NULL;
    lp_ca_token_t *t = calloc(1, sizeof *t);
    lp_ca_signer_t *s = calloc(1, sizeof *s);
    if (t == NULL || s == NULL) {
        free(t);
        free(s);
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    lp_exit_t rc = parse(access->key, &t->uri, f);
    rc = rc == LP_EXIT_OK ? find_token(t, &search, f) : rc;
    rc = rc == LP_EXIT_OK ? log_in(t, &search, access, f) : rc;
    rc = rc == LP_EXIT_OK ? open_key(t, is_made, &public_key, f) : rc;
    if (rc != LP_EXIT_OK) {
        close_token(t);
        free(s);
        return rc;
    }
    *s = (lp_ca_signer_t){
        .public_key = public_key, .sign = sign_with_token, .close = on_close, .ctx = t};
    *out = s;
    return LP_EXIT_OK;
}
