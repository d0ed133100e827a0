// SPDX-License-Identifier: Apache-2.0
// A CA in a folder of its own, and openssl(1) as a judge that is not this code.
#ifndef LP_TEST_CA_FIXTURE_H
#define LP_TEST_CA_FIXTURE_H

#include "limpet/ca.h"

typedef struct {
    char home[128];
    char dir[160];
    lp_ca_t *ca; // unlocked
    lp_fault_t f;
} ca_fixture_t;

int ca_open_for_test(void **state);
int ca_close_for_test(void **state);

// lp_ca_new(), and what it opened is closed.
lp_exit_t ca_make(ca_fixture_t *x, const lp_ca_new_t *wish);

// Closes the CA and opens it again, unlocked.
void ca_reopen(ca_fixture_t *x);

// Runs openssl with a command line in which "%s" is the fixture's folder; its exit code. What it
// said goes to `out` (may be null).
int ca_openssl(const ca_fixture_t *x, char *out, size_t cap, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

// Writes a file of the fixture's folder.
void ca_write(const ca_fixture_t *x, const char *name, const char *text);
char *ca_read(const ca_fixture_t *x, const char *name);

// A certificate of this kind for a key of its own.
lp_ca_record_t ca_issue(ca_fixture_t *x, lp_ca_kind_t kind, const char *name);

#endif
