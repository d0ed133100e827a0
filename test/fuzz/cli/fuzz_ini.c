// SPDX-License-Identifier: Apache-2.0
// AWS's shared files, the output of a credential_process, and its command line.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "credential_process.h"
#include "limpet/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pair(void *ctx, const char *section, const char *key, const char *value)
{
    (void)ctx;
    if (section[0] == '\0' || key[0] == '\0' || strlen(value) > 4095 || strchr(key, '\n') != NULL) {
        abort();
    }
}

static void try_split(const char *text)
{
    char *copy = strdup(text);
    char *words[16];
    int n = copy != NULL ? lp_command_split(copy, words, 16) : 0;
    for (int i = 0; i < n; i++) {
        if (strlen(words[i]) > strlen(text)) {
            abort();
        }
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lp_ini_parse((const char *)data, size, check_pair, NULL);
    lp_aws_credentials_t c = {.source = ""};
    lp_fault_t f;
    if (lp_aws_credentials_parse_process((const char *)data, size, 0, &c, &f) != LP_EXIT_OK &&
        c.secret_access_key != NULL) {
        abort();
    }
    lp_aws_credentials_wipe(&c);
    char *text = malloc(size + 1);
    if (text != NULL) {
        memcpy(text, data, size);
        text[size] = '\0';
        try_split(text);
        free(text);
    }
    return 0;
}
