// SPDX-License-Identifier: Apache-2.0
// Region, endpoint and credentials by the chain that AWS's own tools use.
//
//   --aws-profile given:  shared credentials file, credential_process, config file (of that
//   profile) otherwise:            environment first, then the same for AWS_PROFILE or "default"
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "credential_process.h"
#include "limpet/aws.h"
#include "limpet/ini.h"
#include "login.h"

enum { MAX_FILE = 1 << 20, MAX_VALUE = 4096 };

// What the two files say of one profile. Values are wiped after use.
typedef struct {
    const char *wanted; // profile
    bool is_config;     // "[profile x]" rather than "[x]"
    bool is_found;
    char key_id[256];
    char secret[512];
    char token[MAX_VALUE];
    char process[1024];
    char region[64];
    char endpoint_url[256];
    char ca_bundle[1024];
    bool has_sso_or_role;
    lp_login_t login;
} profile_t;

static void copy_owned(char **out, const char *text)
{
    free(*out);
    *out = text != NULL && text[0] != '\0' ? strdup(text) : NULL;
}

void lp_aws_config_deinit(lp_aws_config_t *config)
{
    lp_aws_credentials_wipe(&config->credentials);
}

static bool is_wanted_section(const profile_t *p, const char *section)
{
    static const char prefix[] = "profile ";
    if (!p->is_config || strcmp(p->wanted, "default") == 0) {
        if (strcmp(section, p->wanted) == 0) {
            return true;
        }
    }
    if (!p->is_config || strncmp(section, prefix, sizeof prefix - 1) != 0) {
        return false;
    }
    const char *name = section + sizeof prefix - 1;
    return strcmp(name + strspn(name, " \t"), p->wanted) == 0;
}

static void take_pair(void *ctx, const char *section, const char *key, const char *value)
{
    profile_t *p = ctx;
    if (!is_wanted_section(p, section)) {
        return;
    }
    p->is_found = true;
    const struct {
        const char *key;
        char *out;
        size_t cap;
    } fields[] = {
        {"aws_access_key_id", p->key_id, sizeof p->key_id},
        {"aws_secret_access_key", p->secret, sizeof p->secret},
        {"aws_session_token", p->token, sizeof p->token},
        {"credential_process", p->process, sizeof p->process},
        {"region", p->region, sizeof p->region},
        {"endpoint_url", p->endpoint_url, sizeof p->endpoint_url},
        {"ca_bundle", p->ca_bundle, sizeof p->ca_bundle},
        {"sso_session", p->login.sso_session, sizeof p->login.sso_session},
        {"sso_start_url", p->login.sso_start_url, sizeof p->login.sso_start_url},
        {"role_arn", p->login.role_arn, sizeof p->login.role_arn},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].key, key) == 0) {
            // A value that does not fit is left out, not cut: half a key is no key.
            bool fits = strlen(value) < fields[i].cap;
            snprintf(fields[i].out, fields[i].cap, "%s", fits ? value : "");
        }
    }
    if (strncmp(key, "sso_", 4) == 0 || strcmp(key, "role_arn") == 0) {
        p->has_sso_or_role = true;
    }
}

static bool read_profile(const char *path, profile_t *p)
{
    FILE *file = fopen(path, "rbe");
    char *text = file != NULL ? malloc(MAX_FILE) : NULL;
    size_t len = text != NULL ? fread(text, 1, MAX_FILE, file) : 0;
    bool is_read = file != NULL && text != NULL && ferror(file) == 0;
    if (file != NULL) {
        fclose(file);
    }
    if (is_read) {
        lp_ini_parse(text, len, take_pair, p);
    }
    if (text != NULL) {
        explicit_bzero(text, MAX_FILE);
        free(text);
    }
    return is_read;
}

static void file_path(const char *variable, const char *name, char *out, size_t cap)
{
    const char *set = getenv(variable);
    const char *home = getenv("HOME");
    if (set != NULL && set[0] == '~' && set[1] == '/' && home != NULL) {
        snprintf(out, cap, "%s%s", home, set + 1);
    } else if (set != NULL && set[0] != '\0') {
        snprintf(out, cap, "%s", set);
    } else {
        snprintf(out, cap, "%s/.aws/%s", home != NULL ? home : "", name);
    }
}

static const char *env_or_null(const char *name)
{
    const char *v = getenv(name);
    return v != NULL && v[0] != '\0' ? v : NULL;
}

static bool from_environment(lp_aws_credentials_t *c)
{
    const char *id = env_or_null("AWS_ACCESS_KEY_ID");
    const char *secret = env_or_null("AWS_SECRET_ACCESS_KEY");
    if (id == NULL || secret == NULL) {
        return false;
    }
    copy_owned(&c->access_key_id, id);
    copy_owned(&c->secret_access_key, secret);
    copy_owned(&c->session_token, env_or_null("AWS_SESSION_TOKEN"));
    snprintf(c->source, sizeof c->source, "environment");
    return true;
}

static bool from_file(const profile_t *p, const char *file, lp_aws_credentials_t *c)
{
    if (p->key_id[0] == '\0' || p->secret[0] == '\0') {
        return false;
    }
    copy_owned(&c->access_key_id, p->key_id);
    copy_owned(&c->secret_access_key, p->secret);
    copy_owned(&c->session_token, p->token);
    snprintf(c->source, sizeof c->source, "profile \"%.64s\"%s%s", p->wanted,
             file[0] != '\0' ? " in the " : "", file);
    return true;
}

static lp_exit_t fail_none(const lp_aws_config_t *config, const profile_t *shared,
                           const profile_t *conf, lp_fault_t *f)
{
    bool is_found = shared->is_found || conf->is_found;
    lp_fault_set(f, LP_EXIT_CREDENTIALS, "aws-no-credentials", "no AWS credentials found");
    lp_fault_why(
        f, "looked at AWS_ACCESS_KEY_ID and at profile \"%s\" in the credentials and config files",
        config->profile);
    if (conf->has_sso_or_role || shared->has_sso_or_role) {
        lp_login_explain(conf->has_sso_or_role ? &conf->login : &shared->login, config->profile, f);
    } else if (!is_found && strcmp(config->profile, "default") != 0) {
        lp_fault_next(f, "there is no such profile: choose another with --aws-profile");
    } else {
        lp_fault_next(f, "run aws configure, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
                         "for the local cloud see limpet cloud status");
    }
    return f->exit;
}

static lp_exit_t load_credentials(const lp_aws_flags_t *flags, lp_aws_config_t *config,
                                  const profile_t *shared, const profile_t *conf, lp_fault_t *f)
{
    lp_aws_credentials_t *c = &config->credentials;
    if (flags->profile == NULL && from_environment(c)) {
        return LP_EXIT_OK;
    }
    if (from_file(shared, "", c)) {
        return LP_EXIT_OK;
    }
    const char *process = shared->process[0] != '\0' ? shared->process : conf->process;
    if (process[0] != '\0') {
        snprintf(c->source, sizeof c->source, "credential_process of profile \"%.64s\"",
                 config->profile);
        return lp_credential_process(process, c, f);
    }
    if (from_file(conf, "config file", c)) {
        return LP_EXIT_OK;
    }
    return fail_none(config, shared, conf, f);
}

static const char *first_of(const char *a, const char *b, const char *c, const char *d)
{
    const char *all[] = {a, b, c, d};
    for (size_t i = 0; i < 4; i++) {
        if (all[i] != NULL && all[i][0] != '\0') {
            return all[i];
        }
    }
    return NULL;
}

static bool is_region(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && n < 32 && s[n] == '\0';
}

static lp_exit_t load_region(const lp_aws_flags_t *flags, lp_aws_config_t *config,
                             const profile_t *conf, const profile_t *shared, lp_fault_t *f)
{
    const char *profile_region = conf->region[0] != '\0' ? conf->region : shared->region;
    // A cloud of one's own has no regions; the signature needs some word.
    const char *fallback = config->is_custom ? "us-east-1" : NULL;
    const char *region = flags->region;
    if (region == NULL) {
        region = first_of(env_or_null("AWS_REGION"), env_or_null("AWS_DEFAULT_REGION"),
                          profile_region, fallback);
    }
    const bool is_missing =
        !conf->is_found && !shared->is_found && strcmp(config->profile, "default") != 0;
    if (region == NULL) {
        lp_fault_set(f, LP_EXIT_USAGE, "aws-no-region", "no AWS region is set");
        lp_fault_why(f,
                     "looked at --aws-region, AWS_REGION, AWS_DEFAULT_REGION and profile \"%s\"%s",
                     config->profile, is_missing ? ", which does not exist" : "");
        lp_fault_next(f, is_missing
                             ? "choose another profile with --aws-profile, or name the region"
                             : "run the same command with --aws-region eu-central-1 (or your "
                               "region)");
        return f->exit;
    }
    if (!is_region(region)) {
        lp_fault_set(f, LP_EXIT_USAGE, "aws-no-region", "\"%.40s\" is not a region", region);
        lp_fault_why(f, "a region is small letters, digits and dashes");
        lp_fault_next(f, "it looks like eu-central-1: --aws-region, AWS_REGION or the profile");
        return f->exit;
    }
    snprintf(config->region, sizeof config->region, "%s", region);
    return LP_EXIT_OK;
}

static void aws_urls(lp_aws_config_t *config)
{
    const char *suffix = strncmp(config->region, "cn-", 3) == 0 ? ".cn" : "";
    snprintf(config->endpoint_url, sizeof config->endpoint_url, "https://iot.%s.amazonaws.com%s",
             config->region, suffix);
    snprintf(config->sts_url, sizeof config->sts_url, "https://sts.%s.amazonaws.com%s",
             config->region, suffix);
}

static lp_exit_t check_plain_http(const lp_aws_flags_t *flags, const lp_aws_config_t *config,
                                  lp_fault_t *f)
{
    if (strncmp(config->endpoint_url, "https://", 8) == 0 ||
        lp_aws_is_loopback(config->endpoint_url) || flags->is_plain_http_allowed) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_USAGE, "plain-http", "%s is another machine and not encrypted",
                 config->endpoint_url);
    lp_fault_why(f, "anybody in between could hand out a certificate of his own");
    lp_fault_next(f, "use its https:// address; on a network you trust: --insecure-plain-http");
    return f->exit;
}

static lp_exit_t load_endpoint(const lp_aws_flags_t *flags, lp_aws_config_t *config,
                               const profile_t *conf, lp_fault_t *f)
{
    const char *url = flags->endpoint_url;
    if (url == NULL) {
        url = first_of(env_or_null("AWS_ENDPOINT_URL_IOT"), env_or_null("AWS_ENDPOINT_URL"),
                       conf->endpoint_url, NULL);
    }
    config->is_custom = url != NULL;
    if (url == NULL) {
        return LP_EXIT_OK;
    }
    if (!lp_aws_base_url(config->endpoint_url, sizeof config->endpoint_url, url)) {
        lp_fault_set(f, LP_EXIT_USAGE, "usage", "\"%.80s\" is not the address of a cloud", url);
        lp_fault_next(f, "it looks like https://host:port");
        return f->exit;
    }
    const char *data = env_or_null("AWS_ENDPOINT_URL_IOT_DATA_PLANE");
    const char *sts = env_or_null("AWS_ENDPOINT_URL_STS");
    if (data == NULL || !lp_aws_base_url(config->data_url, sizeof config->data_url, data)) {
        snprintf(config->data_url, sizeof config->data_url, "%s", config->endpoint_url);
    }
    if (sts == NULL || !lp_aws_base_url(config->sts_url, sizeof config->sts_url, sts)) {
        snprintf(config->sts_url, sizeof config->sts_url, "%s", config->endpoint_url);
    }
    return check_plain_http(flags, config, f);
}

// Everybody on this computer reads a command line, and error messages go into logs: a proxy's
// password comes by the environment.
static lp_exit_t load_proxy(const lp_aws_flags_t *flags, lp_aws_config_t *config, lp_fault_t *f)
{
    const char *url = flags->proxy;
    if (url == NULL) {
        return LP_EXIT_OK;
    }
    if (strchr(url, '@') != NULL) {
        (void)lp_fault_set(f, LP_EXIT_USAGE, "usage", "--proxy takes no user and no password");
        lp_fault_why(f, "others on this computer can read a command line");
        lp_fault_next(f, "set HTTPS_PROXY=http://user:password@host:port in the environment");
        return f->exit;
    }
    bool is_http = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
    if (!is_http || strpbrk(url, " \t\r\n\"'\\") != NULL || strlen(url) >= sizeof config->proxy) {
        (void)lp_fault_set(f, LP_EXIT_USAGE, "usage", "\"%.80s\" is no proxy's address", url);
        lp_fault_next(f, "it looks like http://host:3128");
        return f->exit;
    }
    snprintf(config->proxy, sizeof config->proxy, "%s", url);
    return LP_EXIT_OK;
}

static lp_exit_t load_ca_bundle(const lp_aws_flags_t *flags, lp_aws_config_t *config,
                                const profile_t *conf, lp_fault_t *f)
{
    const char *path =
        first_of(flags->ca_bundle, env_or_null("AWS_CA_BUNDLE"), conf->ca_bundle, NULL);
    if (path == NULL) {
        return LP_EXIT_OK;
    }
    FILE *file = fopen(path, "rbe");
    if (file == NULL || strlen(path) >= sizeof config->ca_bundle) {
        lp_fault_set(f, LP_EXIT_LOCAL, "ca-bundle", "the CA bundle %.200s cannot be read", path);
        lp_fault_why(f, "%s", strerror(errno));
    } else {
        snprintf(config->ca_bundle, sizeof config->ca_bundle, "%s", path);
    }
    if (file != NULL) {
        fclose(file);
    }
    return config->ca_bundle[0] != '\0' ? LP_EXIT_OK : f->exit;
}

static void set_defaults(const lp_aws_flags_t *flags, lp_aws_config_t *config)
{
    enum { MAX_TRIES = 5, BASE_MS = 500, CAP_MS = 8000, TIMEOUT_MS = 30000 };
    *config = (lp_aws_config_t){.max_tries = MAX_TRIES,
                                .retry_base_ms = BASE_MS,
                                .retry_cap_ms = CAP_MS,
                                .timeout_ms = TIMEOUT_MS};
    const char *profile = flags->profile != NULL ? flags->profile : env_or_null("AWS_PROFILE");
    profile = profile != NULL ? profile : env_or_null("AWS_DEFAULT_PROFILE");
    snprintf(config->profile, sizeof config->profile, "%s", profile != NULL ? profile : "default");
    const char *base = env_or_null("LIMPET_RETRY_BASE_MS");
    long base_ms = base != NULL ? strtol(base, NULL, 10) : 0;
    if (base_ms >= 1 && base_ms <= CAP_MS) {
        config->retry_base_ms = (int)base_ms;
    }
    const char *tries = env_or_null("AWS_MAX_ATTEMPTS");
    long n = tries != NULL ? strtol(tries, NULL, 10) : 0;
    if (n >= 1 && n <= 20) {
        config->max_tries = (int)n;
    }
}

static lp_exit_t load_all(const lp_aws_flags_t *flags, lp_aws_config_t *config,
                          const profile_t *shared, const profile_t *conf, lp_fault_t *f)
{
    lp_exit_t rc = load_endpoint(flags, config, conf, f);
    if (rc == LP_EXIT_OK) {
        rc = load_region(flags, config, conf, shared, f);
    }
    if (rc == LP_EXIT_OK && !config->is_custom) {
        aws_urls(config);
    }
    if (rc == LP_EXIT_OK) {
        rc = load_ca_bundle(flags, config, conf, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = load_proxy(flags, config, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = load_credentials(flags, config, shared, conf, f);
    }
    return rc;
}

lp_exit_t lp_aws_config_load(const lp_aws_flags_t *flags, lp_aws_config_t *config, lp_fault_t *f)
{
    set_defaults(flags, config);
    char path[1024];
    profile_t shared = {.wanted = config->profile};
    profile_t conf = {.wanted = config->profile, .is_config = true};
    file_path("AWS_SHARED_CREDENTIALS_FILE", "credentials", path, sizeof path);
    (void)read_profile(path, &shared); // a missing file is a source that has nothing
    file_path("AWS_CONFIG_FILE", "config", path, sizeof path);
    (void)read_profile(path, &conf);
    lp_exit_t rc = load_all(flags, config, &shared, &conf, f);
    explicit_bzero(&shared, sizeof shared);
    explicit_bzero(&conf, sizeof conf);
    return rc;
}
