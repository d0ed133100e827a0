// SPDX-License-Identifier: Apache-2.0
#include "limpet/presign.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../registry/db.h"
#include "objects.h"

enum { KEY_BYTES = 32, HEX = 2 * KEY_BYTES + 1, OBJECT_MAX = 64 * 1024 * 1024 };

static void to_hex(const unsigned char *bytes, char out[HEX])
{
    for (int i = 0; i < KEY_BYTES; i++) {
        snprintf(out + (size_t)2 * (size_t)i, 3, "%02x", bytes[i]);
    }
}

// Made when it is first needed.
static bool secret(lp_registry_t *reg, char key[HEX])
{
    unsigned char random[KEY_BYTES];
    if (lp_reg_setting_get(reg, "presign-key", key, HEX) == LP_REG_OK) {
        return true;
    }
    if (RAND_bytes(random, sizeof random) != 1) {
        return false;
    }
    to_hex(random, key);
    bool ok = lp_db_run(reg, "INSERT OR IGNORE INTO meta VALUES('s:presign-key', ?)", "t", key) ==
                  LP_REG_OK &&
              lp_reg_setting_get(reg, "presign-key", key, HEX) == LP_REG_OK;
    OPENSSL_cleanse(random, sizeof random);
    return ok;
}

// Neither buckets nor ends contain a line feed, so that no two triples give the same text.
static bool sign(lp_registry_t *reg, const char *bucket, const char *key, const char *expires,
                 char out[HEX])
{
    char hmac_key[HEX];
    char text[1300];
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    int n = snprintf(text, sizeof text, "%s\n%s\n%s", bucket, expires, key);
    bool ok = n > 0 && (size_t)n < sizeof text && secret(reg, hmac_key) &&
              HMAC(EVP_sha256(), hmac_key, HEX - 1, (const unsigned char *)text, (size_t)n, md,
                   &len) != NULL &&
              len == KEY_BYTES;
    if (ok) {
        to_hex(md, out);
    }
    OPENSSL_cleanse(hmac_key, sizeof hmac_key);
    return ok;
}

// --- placeholders
// ---------------------------------------------------------------------------------

// The address in a placeholder at `mark`, which is moved behind it. False: it is none.
static bool take(const char **mark, char bucket[64], char key[1025])
{
    char url[1200];
    const char *p = *mark + strlen(LP_PRESIGN_MARK);
    size_t len = strcspn(p, "}\"");
    if (p[len] != '}' || len >= sizeof url) {
        return false;
    }
    memcpy(url, p, len);
    url[len] = '\0';
    *mark = p + len + 1;
    return lp_object_url(url, bucket, key);
}

const char *lp_presign_fault(const char *text)
{
    char bucket[64];
    char key[1025];
    for (const char *p = text; (p = strstr(p, LP_PRESIGN_MARK)) != NULL;) {
        if (!take(&p, bucket, key)) {
            return "A presigned URL's placeholder needs an S3 address such as "
                   "https://s3.amazonaws.com/BUCKET/KEY";
        }
    }
    return NULL;
}

static void put_encoded(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c) || strchr("-_.~/", c) != NULL) {
            fputc(c, out);
        } else {
            fprintf(out, "%%%02X", c);
        }
    }
}

static bool put_address(lp_registry_t *reg, FILE *out, const char *bucket, const char *key,
                        const char *expires)
{
    char base[128];
    char signature[HEX];
    if (!sign(reg, bucket, key, expires, signature)) {
        return false;
    }
    if (lp_reg_setting_get(reg, "https", base, sizeof base) != LP_REG_OK) {
        snprintf(base, sizeof base, "https://localhost");
    }
    fprintf(out, "%s/objects/%s/", base, bucket);
    put_encoded(out, key);
    fprintf(out, "?expires=%s&signature=%s", expires, signature);
    return true;
}

static bool replace(lp_registry_t *reg, FILE *out, const char *text, const char *expires)
{
    char bucket[64];
    char key[1025];
    const char *mark = NULL;
    while ((mark = strstr(text, LP_PRESIGN_MARK)) != NULL) {
        fwrite(text, 1, (size_t)(mark - text), out);
        if (!take(&mark, bucket, key) || !put_address(reg, out, bucket, key, expires)) {
            return false;
        }
        text = mark;
    }
    return fputs(text, out) >= 0;
}

char *lp_presign_text(lp_registry_t *reg, const char *text, double now, double expires_s)
{
    char expires[24];
    char *made = NULL;
    size_t len = 0;
    if (strstr(text, LP_PRESIGN_MARK) == NULL) {
        return strdup(text);
    }
    snprintf(expires, sizeof expires, "%lld", (long long)(now + expires_s));
    FILE *out = open_memstream(&made, &len);
    bool ok = out != NULL && replace(reg, out, text, expires);
    if (out == NULL || fclose(out) != 0 || !ok) {
        free(made);
        return NULL;
    }
    return made;
}

// --- the object
// -----------------------------------------------------------------------------------

static lp_reg_err_t read_range(lp_registry_t *reg, const lp_object_t *object,
                               const lp_presign_ask_t *ask, lp_presign_object_t *out)
{
    int64_t last = ask->to < 0 || ask->to >= object->size ? object->size - 1 : ask->to;
    if (ask->from < 0 || ask->from > last + 1 || object->size > OBJECT_MAX ||
        (ask->from == last + 1 && object->size > 0)) {
        return lp_reg_fail(reg, LP_REG_INVALID, "The object has no such range, or is too large");
    }
    out->from = ask->from;
    out->size = object->size;
    out->len = (size_t)(last + 1 - ask->from);
    out->bytes = malloc(out->len + 1);
    if (out->bytes != NULL && lp_object_read(object, ask->from, out->bytes, out->len)) {
        return LP_REG_OK;
    }
    free(out->bytes);
    out->bytes = NULL;
    return lp_reg_fail(reg, LP_REG_INTERNAL, "The object cannot be read");
}

lp_reg_err_t lp_presign_get(lp_registry_t *reg, const lp_presign_ask_t *ask, double now,
                            lp_presign_object_t *out)
{
    char expected[HEX];
    lp_object_t object;
    bool given = ask->expires != NULL && ask->signature != NULL &&
                 strlen(ask->signature) == HEX - 1 && strlen(ask->expires) < 20 &&
                 strspn(ask->expires, "0123456789") == strlen(ask->expires);
    if (!given || !sign(reg, ask->bucket, ask->key, ask->expires, expected) ||
        CRYPTO_memcmp(expected, ask->signature, HEX - 1) != 0) {
        return lp_reg_fail(reg, LP_REG_FORBIDDEN, "The signature of the address is wrong");
    }
    if (now > strtod(ask->expires, NULL)) {
        return lp_reg_fail(reg, LP_REG_FORBIDDEN, "Request has expired");
    }
    lp_reg_err_t rc = lp_object_open(reg, ask->bucket, ask->key, &object);
    if (rc == LP_REG_OK) {
        rc = read_range(reg, &object, ask, out);
        lp_object_close(&object);
    }
    return rc;
}
