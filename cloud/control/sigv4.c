// SPDX-License-Identifier: Apache-2.0
#include "limpet/sigv4.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { SKEW_SECONDS = 300, QUERY_MAX = 64, HASH = 32 };

// --- reading ------------------------------------------------------------------------------------

static bool copy(char *out, size_t size, const char *text, size_t len)
{
    if (len == 0 || len >= size) {
        return false;
    }
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

// KEY/20150830/us-east-1/iot/aws4_request
static bool parse_credential(const char *text, size_t len, lp_sigv4_t *sig)
{
    char *const part[4] = {sig->access_key, sig->date, sig->region, sig->service};
    const size_t size[4] = {sizeof sig->access_key, sizeof sig->date, sizeof sig->region,
                            sizeof sig->service};
    const char *end = text + len;
    for (int i = 0; i < 4; i++) {
        const char *slash = memchr(text, '/', (size_t)(end - text));
        if (slash == NULL || !copy(part[i], size[i], text, (size_t)(slash - text))) {
            return false;
        }
        text = slash + 1;
    }
    return (size_t)(end - text) == 12 && memcmp(text, "aws4_request", 12) == 0;
}

// Name=value, up to the next comma; false: it is not there.
static bool field(const char *auth, const char *name, const char **value, size_t *len)
{
    const char *at = strstr(auth, name);
    if (at == NULL || (at != auth && at[-1] != ' ' && at[-1] != ',')) {
        return false;
    }
    *value = at + strlen(name);
    *len = strcspn(*value, ", ");
    return true;
}

static bool is_time(const char *s)
{
    if (strlen(s) != 16 || s[8] != 'T' || s[15] != 'Z') {
        return false;
    }
    for (int i = 0; i < 15; i++) {
        if (i != 8 && isdigit((unsigned char)s[i]) == 0) {
            return false;
        }
    }
    return true;
}

static lp_sigv4_result_t parse_header(const char *auth, const lp_http_request_t *request,
                                      lp_sigv4_t *sig)
{
    const char *value = NULL;
    size_t len = 0;
    const char *time = lp_http_header(request, "x-amz-date");
    bool ok = field(auth, "Credential=", &value, &len) && parse_credential(value, len, sig) &&
              field(auth, "SignedHeaders=", &value, &len) &&
              copy(sig->signed_headers, sizeof sig->signed_headers, value, len) &&
              field(auth, "Signature=", &value, &len) &&
              copy(sig->signature, sizeof sig->signature, value, len) && time != NULL &&
              is_time(time);
    if (ok) {
        memcpy(sig->time, time, sizeof sig->time);
    }
    return ok ? LP_SIGV4_OK : LP_SIGV4_INCOMPLETE;
}

static lp_sigv4_result_t parse_query(const lp_http_request_t *request, lp_sigv4_t *sig)
{
    char text[256];
    sig->presigned = true;
    if (!lp_http_query(request, "X-Amz-Algorithm", text, sizeof text) ||
        strcmp(text, "AWS4-HMAC-SHA256") != 0 ||
        !lp_http_query(request, "X-Amz-Credential", text, sizeof text) ||
        !parse_credential(text, strlen(text), sig) ||
        !lp_http_query(request, "X-Amz-Date", sig->time, sizeof sig->time) || !is_time(sig->time) ||
        !lp_http_query(request, "X-Amz-SignedHeaders", sig->signed_headers,
                       sizeof sig->signed_headers) ||
        !lp_http_query(request, "X-Amz-Signature", sig->signature, sizeof sig->signature) ||
        !lp_http_query(request, "X-Amz-Expires", text, sizeof text)) {
        return LP_SIGV4_INCOMPLETE;
    }
    char *end = NULL;
    sig->expires = strtol(text, &end, 10);
    bool ok = *end == '\0' && sig->expires > 0 && sig->expires <= 604800;
    return ok ? LP_SIGV4_OK : LP_SIGV4_INCOMPLETE;
}

lp_sigv4_result_t lp_sigv4_parse(const lp_http_request_t *request, lp_sigv4_t *sig)
{
    *sig = (lp_sigv4_t){0};
    const char *auth = lp_http_header(request, "authorization");
    if (auth == NULL) {
        return strstr(request->target, "X-Amz-Signature=") != NULL ? parse_query(request, sig)
                                                                   : LP_SIGV4_MISSING;
    }
    if (strncmp(auth, "AWS4-HMAC-SHA256 ", 17) != 0) {
        return LP_SIGV4_INCOMPLETE;
    }
    return parse_header(auth + 17, request, sig);
}

// --- the canonical request ----------------------------------------------------------------------

static void hex(const unsigned char *bytes, char out[2 * HASH + 1])
{
    for (int i = 0; i < HASH; i++) {
        snprintf(out + (ptrdiff_t)2 * i, 3, "%02x", bytes[i]);
    }
}

static bool sha256_hex(const void *data, size_t len, char out[2 * HASH + 1])
{
    unsigned char md[HASH];
    if (EVP_Digest(data != NULL ? data : "", len, md, NULL, EVP_sha256(), NULL) != 1) {
        return false;
    }
    hex(md, out);
    return true;
}

static void put_encoded(FILE *f, const char *text, size_t len, const char *keep)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x80 && (isalnum(c) || (c != 0 && strchr(keep, c) != NULL))) {
            fputc(c, f);
        } else {
            fprintf(f, "%%%02X", c);
        }
    }
}

// One parameter, encoded the one way: by name, then by value.
typedef struct {
    char *text; // name=value
} parameter_t;

static char *encoded_parameter(const char *p, size_t len)
{
    const char *eq = memchr(p, '=', len);
    size_t name_len = eq != NULL ? (size_t)(eq - p) : len;
    const char *value = eq != NULL ? eq + 1 : p + len;
    size_t value_len = (size_t)(p + len - value);
    char *plain = malloc(len + 2);
    char *out = NULL;
    size_t size = 0;
    FILE *f = plain != NULL ? open_memstream(&out, &size) : NULL;
    bool ok = f != NULL && lp_http_decode(p, name_len, plain, len + 2);
    if (ok) {
        put_encoded(f, plain, strlen(plain), "-_.~");
        fputc('=', f);
        ok = lp_http_decode(value, value_len, plain, len + 2);
        put_encoded(f, plain, ok ? strlen(plain) : 0, "-_.~");
    }
    if (f != NULL) {
        fclose(f);
    }
    free(plain);
    if (!ok) {
        free(out);
        return NULL;
    }
    return out;
}

// '=' sorts before every character a name can have but '-' and '.'; compare names first.
static int by_name(const void *a, const void *b)
{
    const char *x = ((const parameter_t *)a)->text;
    const char *y = ((const parameter_t *)b)->text;
    size_t nx = strcspn(x, "=");
    size_t ny = strcspn(y, "=");
    int names = strncmp(x, y, nx < ny ? nx : ny);
    if (names != 0 || nx != ny) {
        return names != 0 ? names : (nx > ny) - (nx < ny);
    }
    return strcmp(x + nx, y + ny);
}

static bool put_query(FILE *f, const char *query, bool presigned)
{
    parameter_t list[QUERY_MAX] = {{0}};
    size_t n = 0;
    bool ok = true;
    while (query != NULL && *query != '\0' && ok) {
        size_t len = strcspn(query, "&");
        bool skip = len == 0 || (presigned && strncmp(query, "X-Amz-Signature=", 16) == 0);
        if (!skip) {
            ok = n < QUERY_MAX && (list[n].text = encoded_parameter(query, len)) != NULL;
            n += ok;
        }
        query += len + (query[len] == '&');
    }
    qsort(list, n, sizeof list[0], by_name);
    for (size_t i = 0; i < n; i++) {
        fprintf(f, "%s%s", i > 0 ? "&" : "", list[i].text);
        free(list[i].text);
    }
    fputc('\n', f);
    return ok;
}

// Without spaces around, and one where several were.
static void put_trimmed(FILE *f, const char *value)
{
    bool space = false;
    bool any = false;
    for (; *value != '\0'; value++) {
        if (*value == ' ' || *value == '\t') {
            space = any;
            continue;
        }
        if (space) {
            fputc(' ', f);
        }
        space = false;
        any = true;
        fputc(*value, f);
    }
}

static bool put_header(FILE *f, const lp_http_request_t *request, const char *name, size_t len)
{
    bool found = false;
    for (size_t i = 0; i < request->header_count; i++) {
        const lp_http_header_t *h = &request->header[i];
        if (strlen(h->name) != len || strncasecmp(h->name, name, len) != 0) {
            continue;
        }
        if (found) {
            fputc(',', f);
        } else {
            fprintf(f, "%.*s:", (int)len, name);
        }
        put_trimmed(f, h->value);
        found = true;
    }
    fputc('\n', f);
    return found;
}

static bool put_headers(FILE *f, const lp_http_request_t *request, const char *names)
{
    for (const char *p = names; *p != '\0';) {
        size_t len = strcspn(p, ";");
        if (!put_header(f, request, p, len)) {
            return false;
        }
        p += len + (p[len] == ';');
    }
    return true;
}

static bool canonical(FILE *f, const lp_http_request_t *request, const lp_sigv4_t *sig)
{
    size_t path = strcspn(request->target, "?");
    const char *query = request->target[path] == '?' ? request->target + path + 1 : "";
    char body[2 * HASH + 1];
    if (!sha256_hex(request->body, request->body_len, body)) {
        return false;
    }
    fprintf(f, "%s\n", request->method);
    // Encoded a second time: '%' becomes %25.
    put_encoded(f, request->target, path, "-_.~/");
    fprintf(f, "%s\n", path == 0 ? "/" : "");
    if (!put_query(f, query, sig->presigned) || !put_headers(f, request, sig->signed_headers)) {
        return false;
    }
    fprintf(f, "\n%s\n%s", sig->signed_headers, body);
    return true;
}

// --- the signature ------------------------------------------------------------------------------

static bool mac(const void *key, size_t key_len, const char *text, unsigned char out[HASH])
{
    unsigned int len = HASH;
    return HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text), out,
                &len) != NULL;
}

static bool signing_key(const lp_sigv4_t *sig, const char *secret, unsigned char key[HASH])
{
    char first[160];
    int n = snprintf(first, sizeof first, "AWS4%s", secret);
    bool ok = n > 0 && (size_t)n < sizeof first && mac(first, (size_t)n, sig->date, key) &&
              mac(key, HASH, sig->region, key) && mac(key, HASH, sig->service, key) &&
              mac(key, HASH, "aws4_request", key);
    OPENSSL_cleanse(first, sizeof first);
    return ok;
}

static bool canonical_hash(const lp_http_request_t *request, const lp_sigv4_t *sig,
                           char out[2 * HASH + 1])
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    bool ok = f != NULL && canonical(f, request, sig);
    if (f != NULL) {
        fclose(f);
    }
    ok = ok && sha256_hex(text, len, out);
    free(text);
    return ok;
}

bool lp_sigv4_sign(const lp_http_request_t *request, const lp_sigv4_t *scope, const char *secret,
                   char signature[65])
{
    char hash[2 * HASH + 1];
    char text[256];
    unsigned char key[HASH];
    unsigned char result[HASH];
    if (!canonical_hash(request, scope, hash)) {
        return false;
    }
    snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", scope->time,
             scope->date, scope->region, scope->service, hash);
    bool ok = signing_key(scope, secret, key) && mac(key, HASH, text, result);
    OPENSSL_cleanse(key, sizeof key);
    if (ok) {
        hex(result, signature);
    }
    return ok;
}

// --- the verdict --------------------------------------------------------------------------------

static bool is_signed(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = list; *p != '\0';) {
        size_t n = strcspn(p, ";");
        if (n == len && strncasecmp(p, name, len) == 0) {
            return true;
        }
        p += n + (p[n] == ';');
    }
    return false;
}

// The host and everything that means something to the service. A proxy may add a trace id.
static const char *unsigned_header(const lp_http_request_t *request, const lp_sigv4_t *sig)
{
    if (!is_signed(sig->signed_headers, "host")) {
        return "host";
    }
    for (size_t i = 0; i < request->header_count; i++) {
        const char *name = request->header[i].name;
        bool meant = strncasecmp(name, "x-amz-", 6) == 0 || strncasecmp(name, "x-amzn-", 7) == 0;
        if (meant && strcasecmp(name, "x-amzn-trace-id") != 0 &&
            !is_signed(sig->signed_headers, name)) {
            return name;
        }
    }
    return NULL;
}

static void format_time(long long t, char out[17])
{
    time_t seconds = (time_t)t;
    struct tm tm;
    strftime(out, 17, "%Y%m%dT%H%M%SZ", gmtime_r(&seconds, &tm));
}

static bool time_fits(const lp_sigv4_t *sig, long long now, char *why, size_t size)
{
    struct tm tm = {0};
    char ours[17];
    char edge[17];
    if (strptime(sig->time, "%Y%m%dT%H%M%SZ", &tm) == NULL ||
        strncmp(sig->time, sig->date, 8) != 0) {
        snprintf(why, size,
                 "Date in Credential scope does not match YYYYMMDD from ISO-8601 "
                 "version of date from HTTP");
        return false;
    }
    long long at = (long long)timegm(&tm);
    long long late = sig->presigned ? sig->expires : SKEW_SECONDS;
    format_time(now, ours);
    if (at + late < now) {
        format_time(now - late, edge);
        snprintf(why, size, "Signature expired: %s is now earlier than %s (%s - %lld min.)",
                 sig->time, edge, ours, late / 60);
        return false;
    }
    if (at > now + SKEW_SECONDS) {
        format_time(now + SKEW_SECONDS, edge);
        snprintf(why, size, "Signature not yet current: %s is still later than %s (%s + 5 min.)",
                 sig->time, edge, ours);
        return false;
    }
    return true;
}

static bool token_fits(const lp_http_request_t *request, const lp_sigv4_t *sig, const char *token)
{
    char query[1024] = "";
    const char *have = lp_http_header(request, "x-amz-security-token");
    if (have == NULL && sig->presigned &&
        lp_http_query(request, "X-Amz-Security-Token", query, sizeof query)) {
        have = query;
    }
    have = have != NULL ? have : "";
    size_t len = strlen(token);
    return strlen(have) == len && CRYPTO_memcmp(have, token, len) == 0;
}

static const char mismatch_text[] =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret "
    "Access Key and signing method. Consult the service documentation for details.";

lp_sigv4_result_t lp_sigv4_verify(const lp_http_request_t *request, const lp_sigv4_t *sig,
                                  const char *secret, const char *token, long long now, char *why,
                                  size_t size)
{
    char expected[65];
    const char *missing = unsigned_header(request, sig);
    if (missing != NULL) {
        snprintf(why, size, "'%.60s' must be a signed header", missing);
        return LP_SIGV4_UNSIGNED;
    }
    if (!time_fits(sig, now, why, size)) {
        return LP_SIGV4_SKEW;
    }
    if (!token_fits(request, sig, token)) {
        snprintf(why, size, "The security token included in the request is invalid.");
        return LP_SIGV4_TOKEN;
    }
    bool ok = lp_sigv4_sign(request, sig, secret, expected) && strlen(sig->signature) == 64 &&
              CRYPTO_memcmp(expected, sig->signature, 64) == 0;
    OPENSSL_cleanse(expected, sizeof expected);
    if (!ok) {
        snprintf(why, size, "%s", mismatch_text);
        return LP_SIGV4_MISMATCH;
    }
    return LP_SIGV4_OK;
}
