// SPDX-License-Identifier: Apache-2.0
// Which roots the board is to trust: Amazon's two for AWS, else the ones that the user named.
#include <errno.h>
#include <stdlib.h>

#include "check.h"
#include "json_take.h"
#include "setup.h"

enum { MAX_PEM = 1 << 20, MAX_BOARD_ROOTS = 4 };

// As ca-certificates installs them: RSA root 1, and P-256 root 3, which signs the small chain.
static const char *const amazon_roots[] = {
    "/usr/share/ca-certificates/mozilla/Amazon_Root_CA_1.crt",
    "/usr/share/ca-certificates/mozilla/Amazon_Root_CA_3.crt",
};

static lp_exit_t fail_file(const char *path, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "trust-roots", "no roots for the board in %.200s", path);
    lp_fault_why(f, "%s", why);
    lp_fault_next(
        f, "name the file with the CA that signs the broker's certificate: --broker-ca FILE");
    return f->exit;
}

// Appends the certificates in `path` to the wish.
static lp_exit_t add_file(lp_setup_t *s, const char *path, size_t *n_total, lp_fault_t *f)
{
    char *pem = calloc(1, MAX_PEM);
    FILE *file = pem != NULL ? fopen(path, "rbe") : NULL;
    char why[120];
    size_t n = 0;
    size_t used = strlen(s->state.wish.trust_ca);
    bool is_read = false;
    if (file == NULL) {
        snprintf(why, sizeof why, "%s", strerror(errno));
    } else {
        (void)!fread(pem, 1, MAX_PEM - 1, file);
        fclose(file);
        is_read = lp_check_roots(pem, s->state.wish.trust_ca + used,
                                 sizeof s->state.wish.trust_ca - used, &n, why, sizeof why);
    }
    free(pem);
    *n_total += n;
    return is_read ? LP_EXIT_OK : fail_file(path, why, f);
}

static lp_exit_t load_amazon(lp_setup_t *s, lp_fault_t *f)
{
    size_t n = 0;
    lp_exit_t rc = LP_EXIT_OK;
    for (size_t i = 0; i < 2 && rc == LP_EXIT_OK; i++) {
        rc = add_file(s, amazon_roots[i], &n, f);
    }
    if (rc != LP_EXIT_OK) {
        lp_fault_next(
            f, "install the package ca-certificates, or name Amazon's roots with --broker-ca");
    }
    return rc;
}

static bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s);
    size_t m = strlen(tail);
    return n >= m && strcmp(s + n - m, tail) == 0;
}

static bool is_amazon(const char *server)
{
    char host[256];
    snprintf(host, sizeof host, "%.*s", (int)strcspn(server, ":"), server);
    return ends_with(host, ".amazonaws.com") || ends_with(host, ".amazonaws.com.cn");
}

lp_exit_t lp_setup_load_trust(lp_setup_t *s, lp_fault_t *f)
{
    const char *path = s->options->broker_ca;
    s->state.wish.trust_ca[0] = '\0';
    if (path == NULL && is_amazon(s->state.cloud.server)) {
        return load_amazon(s, f);
    }
    if (path == NULL && s->aws.ca_bundle[0] != '\0') {
        path = s->aws.ca_bundle;
    }
    if (path == NULL) {
        lp_fault_set(f, LP_EXIT_USAGE, "trust-roots", "which CA signs the broker's certificate?");
        lp_fault_why(f, "%s is not AWS, and neither --broker-ca nor AWS_CA_BUNDLE is set",
                     s->state.cloud.server);
        lp_fault_next(f, "name its file: --broker-ca FILE");
        return f->exit;
    }
    size_t n = 0;
    lp_exit_t rc = add_file(s, path, &n, f);
    if (rc == LP_EXIT_OK && n > MAX_BOARD_ROOTS) {
        char why[120];
        snprintf(why, sizeof why, "%zu certificates; a board should trust the one it needs", n);
        return fail_file(path, why, f);
    }
    return rc;
}
