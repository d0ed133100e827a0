// SPDX-License-Identifier: Apache-2.0
#include "login.h"

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credentials.h"
#include "limpet/aws.h"

enum { MAX_CACHE = 65536 };

// ~/.aws/sso/cache/<SHA-1 of the session's name, or of the start URL>.json
static bool cache_path(const lp_login_t *login, char *out, size_t cap)
{
    const char *of = login->sso_session[0] != '\0' ? login->sso_session : login->sso_start_url;
    const char *home = getenv("HOME");
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    if (home == NULL || EVP_Digest(of, strlen(of), digest, &len, EVP_sha1(), NULL) != 1) {
        return false;
    }
    for (unsigned i = 0; i < len; i++) {
        snprintf(hex + (size_t)2 * i, 3, "%02x", digest[i]);
    }
    return snprintf(out, cap, "%s/.aws/sso/cache/%s.json", home, hex) < (int)cap;
}

// When the cached login ends, as it is written there. False: there is none that can be read.
static bool read_end(const lp_login_t *login, char *end, size_t cap)
{
    char path[1024];
    FILE *file = cache_path(login, path, sizeof path) ? fopen(path, "rbe") : NULL;
    char *text = file != NULL ? calloc(1, MAX_CACHE) : NULL;
    if (text != NULL) {
        (void)fread(text, 1, MAX_CACHE - 1, file);
    }
    if (file != NULL) {
        fclose(file);
    }
    cJSON *tree = text != NULL ? cJSON_Parse(text) : NULL;
    cJSON *token = cJSON_GetObjectItemCaseSensitive(tree, "accessToken");
    const cJSON *at = cJSON_GetObjectItemCaseSensitive(tree, "expiresAt");
    bool is_there = cJSON_IsString(token) && cJSON_IsString(at) &&
                    snprintf(end, cap, "%s", at->valuestring) < (int)cap;
    if (cJSON_IsString(token)) {
        explicit_bzero(token->valuestring, strlen(token->valuestring));
    }
    cJSON_Delete(tree);
    if (text != NULL) {
        explicit_bzero(text, MAX_CACHE);
        free(text);
    }
    return is_there;
}

static void say_export(const char *profile, lp_fault_t *f)
{
    lp_fault_next(f,
                  "eval \"$(aws configure export-credentials --profile %s --format env)\", or set "
                  "credential_process in the profile",
                  profile);
}

static void explain_sso(const lp_login_t *login, const char *profile, lp_fault_t *f)
{
    char end[64] = "";
    int64_t end_s = 0;
    bool is_there = read_end(login, end, sizeof end) && lp_credential_time(end, &end_s);
    if (is_there && end_s > lp_aws_now_s()) {
        lp_fault_why(
            f, "the profile uses SSO, which other programs resolve; its login is good until %s",
            end);
        say_export(profile, f);
        return;
    }
    if (is_there) {
        lp_fault_why(f, "the profile uses SSO, and its login ended at %s", end);
    } else {
        lp_fault_why(f, "the profile uses SSO, and nobody is logged in");
    }
    lp_fault_next(f,
                  "aws sso login --profile %s; then eval \"$(aws configure export-credentials "
                  "--profile %s --format env)\"",
                  profile, profile);
}

void lp_login_explain(const lp_login_t *login, const char *profile, lp_fault_t *f)
{
    if (login->role_arn[0] != '\0') {
        lp_fault_why(f, "the profile takes the role %s, which this tool does not do by itself",
                     login->role_arn);
        say_export(profile, f);
        return;
    }
    explain_sso(login, profile, f);
}
