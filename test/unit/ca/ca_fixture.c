// SPDX-License-Identifier: Apache-2.0
#include "ca_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

lp_exit_t ca_make(ca_fixture_t *x, const lp_ca_new_t *wish)
{
    lp_ca_t *made = NULL;
    lp_exit_t rc = lp_ca_new(wish, &made, &x->f);
    lp_ca_close(made);
    return rc;
}

int ca_open_for_test(void **state)
{
    ca_fixture_t *x = calloc(1, sizeof *x);
    assert_non_null(x);
    snprintf(x->home, sizeof x->home, "/tmp/limpet-ca-XXXXXX");
    assert_non_null(mkdtemp(x->home));
    snprintf(x->dir, sizeof x->dir, "%s/ca", x->home);
    lp_ca_new_t wish = {.dir = x->dir, .days = 7300};
    assert_int_equal(ca_make(x, &wish), LP_EXIT_OK);
    ca_reopen(x);
    *state = x;
    return 0;
}

int ca_close_for_test(void **state)
{
    ca_fixture_t *x = *state;
    lp_ca_close(x->ca);
    (void)nftw(x->home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(x);
    return 0;
}

void ca_reopen(ca_fixture_t *x)
{
    lp_ca_access_t access = {.key = NULL};
    lp_ca_close(x->ca);
    x->ca = NULL;
    assert_int_equal(lp_ca_open(x->dir, &x->ca, &x->f), LP_EXIT_OK);
    assert_int_equal(lp_ca_unlock(x->ca, &access, &x->f), LP_EXIT_OK);
}

int ca_openssl(const ca_fixture_t *x, char *out, size_t cap, const char *fmt, ...)
{
    char args[1024];
    char line[1400];
    char sink[256];
    va_list list;
    va_start(list, fmt);
    vsnprintf(args, sizeof args, fmt, list);
    va_end(list);
    snprintf(line, sizeof line, "cd %s && openssl %s 2>&1", x->home, args);
    FILE *pipe = popen(line, "re");
    assert_non_null(pipe);
    size_t n = out != NULL ? fread(out, 1, cap - 1, pipe) : 0;
    if (out != NULL) {
        out[n] = '\0';
    }
    while (fread(sink, 1, sizeof sink, pipe) > 0) {
    }
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void ca_write(const ca_fixture_t *x, const char *name, const char *text)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", x->home, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

char *ca_read(const ca_fixture_t *x, const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", x->home, name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    (void)!fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    return text;
}

lp_ca_record_t ca_issue(ca_fixture_t *x, lp_ca_kind_t kind, const char *name)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", NULL};
    lp_ca_record_t record = {.serial = ""};
    EVP_PKEY *key = lp_ca_make_key();
    assert_non_null(key);
    lp_ca_wish_t wish = {.kind = kind, .name = name, .key = key, .names = hosts, .valid_s = 86400};
    lp_exit_t rc = lp_ca_issue(x->ca, &wish, &record, &x->f);
    EVP_PKEY_free(key);
    if (rc != LP_EXIT_OK) {
        fail_msg("%s: %s", x->f.what, x->f.why);
    }
    return record;
}
