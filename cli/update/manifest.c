// SPDX-License-Identifier: Apache-2.0
// The signed text of a release, strictly: the lines of update.h in this order and nothing else.
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/base64.h"
#include "limpet/hex.h"
#include "update.h"

enum { SIGNATURE = 64, LINE_MAX_ = 160 };

static lp_exit_t fail(const char *code, const char *why, lp_fault_t *f)
{
    const bool is_signature = strcmp(code, "update-signature") == 0;
    lp_fault_set(f, LP_EXIT_CREDENTIALS, code, "%s; nothing was touched",
                 is_signature ? "the release is not signed with the key that this tool trusts"
                              : "the release's text is not right");
    lp_fault_why(f, "%s", why);
    lp_fault_next(f, "get it again from where releases are published");
    return f->exit;
}

// Where the last line begins: the signature's.
static const char *last_line(const char *text, size_t len)
{
    const char *end = text + len;
    if (len == 0 || end[-1] != '\n') {
        return NULL;
    }
    const char *at = end - 1;
    while (at > text && at[-1] != '\n') {
        at--;
    }
    return at;
}

static bool is_signed(const char *text, size_t signed_len, const char *line, size_t line_len,
                      const uint8_t key[32])
{
    static const char word[] = "signature ";
    uint8_t signature[SIGNATURE];
    lp_buf_t out = lp_buf(signature, sizeof signature);
    if (line_len < sizeof word || memcmp(line, word, sizeof word - 1) != 0 ||
        lp_base64_decode(&out, lp_span(line + sizeof word - 1, line_len - sizeof word)) != LP_OK ||
        out.len != SIGNATURE) {
        return false;
    }
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, 32);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool is_good = pkey != NULL && ctx != NULL &&
                         EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
                         EVP_DigestVerify(ctx, signature, sizeof signature,
                                          (const unsigned char *)text, signed_len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return is_good;
}

// "name value\n" at *at; the value to out. Moves *at behind it.
static bool take(const char **at, const char *end, const char *name, char *out, size_t cap)
{
    const size_t n = strlen(name);
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    if (newline == NULL || (size_t)(newline - *at) < n + 2 || memcmp(*at, name, n) != 0 ||
        (*at)[n] != ' ' || (size_t)(newline - *at) - n - 1 >= cap) {
        return false;
    }
    const size_t len = (size_t)(newline - *at) - n - 1;
    memcpy(out, *at + n + 1, len);
    out[len] = '\0';
    *at = newline + 1;
    return strlen(out) == len;
}

bool update_version_is_good(const char *text)
{
    unsigned dots = 0;
    for (const char *c = text; *c != '\0'; c++) {
        dots += *c == '.';
        if ((*c < '0' || *c > '9') &&
            !(*c == '.' && c > text && c[-1] != '.' && c[1] != '.' && c[1] != '\0')) {
            return false;
        }
    }
    return text[0] != '\0' && text[0] != '.' && dots == 2 && strlen(text) < 24;
}

int update_version_compare(const char *a, const char *b)
{
    for (int i = 0; i < 3; i++) {
        char *end_a = NULL;
        char *end_b = NULL;
        const unsigned long x = strtoul(a, &end_a, 10);
        const unsigned long y = strtoul(b, &end_b, 10);
        if (x != y) {
            return x < y ? -1 : 1;
        }
        a = *end_a == '.' ? end_a + 1 : end_a;
        b = *end_b == '.' ? end_b + 1 : end_b;
    }
    return 0;
}

// A name beside the manifest: no way out of its folder.
static bool is_plain_name(const char *name)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return name[0] != '\0' && name[0] != '.' && strspn(name, good) == strlen(name);
}

// What the program is called and whom it is for.
static bool parse_names(const char **at, const char *end, update_release_t *r)
{
    char line[LINE_MAX_];
    return take(at, end, "limpet-release", line, sizeof line) && strcmp(line, "1") == 0 &&
           take(at, end, "version", r->version, sizeof r->version) &&
           update_version_is_good(r->version) &&
           take(at, end, "platform", r->platform, sizeof r->platform) &&
           take(at, end, "file", r->file, sizeof r->file) && is_plain_name(r->file);
}

// How long it is, and its hash.
static bool parse_content(const char **at, const char *end, update_release_t *r)
{
    char line[LINE_MAX_];
    char *last = NULL;
    lp_buf_t out = lp_buf(r->sha256, sizeof r->sha256);
    if (!take(at, end, "size", line, sizeof line)) {
        return false;
    }
    r->size = strtoul(line, &last, 10);
    return line[0] >= '1' && line[0] <= '9' && *last == '\0' && r->size <= UPDATE_FILE_MAX &&
           take(at, end, "sha256", line, sizeof line) && strlen(line) == 2 * sizeof r->sha256 &&
           lp_hex_decode(&out, lp_span(line, strlen(line))) == LP_OK;
}

lp_exit_t update_manifest_read(const uint8_t *bytes, size_t len, const uint8_t key[32],
                               update_release_t *release, lp_fault_t *f)
{
    const char *text = (const char *)bytes;
    const char *line = len <= UPDATE_MANIFEST_MAX ? last_line(text, len) : NULL;
    update_release_t r = {.size = 0};
    if (line == NULL ||
        !is_signed(text, (size_t)(line - text), line, (size_t)(text + len - line), key)) {
        return fail("update-signature", "it was changed on its way, or is somebody else's", f);
    }
    const char *at = text;
    if (!parse_names(&at, line, &r) || !parse_content(&at, line, &r) || at != line) {
        return fail("update-manifest", "it is of another form than this tool knows", f);
    }
    *release = r;
    return LP_EXIT_OK;
}
