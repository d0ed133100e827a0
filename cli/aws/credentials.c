// SPDX-License-Identifier: Apache-2.0
// What all ways to credentials have in common.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "credentials.h"

static void free_secret(char **s)
{
    if (*s != NULL) {
        explicit_bzero(*s, strlen(*s));
        free(*s);
        *s = NULL;
    }
}

void lp_aws_credentials_wipe(lp_aws_credentials_t *c)
{
    free_secret(&c->access_key_id);
    free_secret(&c->secret_access_key);
    free_secret(&c->session_token);
}

bool lp_credential_time(const char *text, int64_t *utc_s)
{
    struct tm t = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &t);
    if (rest == NULL) {
        return false;
    }
    if (*rest == '.') {
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    int hours = 0;
    int minutes = 0;
    int64_t offset = 0;
    if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2d:%2d", &hours, &minutes) == 2) {
        offset = (int64_t)(hours * 3600 + minutes * 60) * (*rest == '+' ? 1 : -1);
    }
    *utc_s = (int64_t)timegm(&t) - offset;
    return true;
}
