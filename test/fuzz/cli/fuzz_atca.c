// SPDX-License-Identifier: Apache-2.0
// A chip's configuration as YAML, JSON or hex. What is taken must come out again as it went in, and
// the chip's own bytes stay; on an error nothing is taken.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "atca.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const uint8_t config[ATCA_CONFIG], atca_format_t format)
{
    uint8_t again[ATCA_CONFIG];
    lp_fault_t f = {.exit = LP_EXIT_OK};
    memset(again, 0xFF, sizeof again);
    memcpy(again, config, 16);
    memcpy(again + 84, config + 84, 4);
    char *text = atca_config_write(config, format);
    if (text == NULL || atca_config_read(text, again, &f) != LP_EXIT_OK ||
        memcmp(again, config, sizeof again) != 0) {
        abort();
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t config[ATCA_CONFIG] = {0x01, 0x23, [6] = 0x50, [86] = 0x55, [87] = 0x55};
    const uint8_t before[ATCA_CONFIG] = {0x01, 0x23, [6] = 0x50, [86] = 0x55, [87] = 0x55};
    lp_fault_t f = {.exit = LP_EXIT_OK};
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (atca_config_read(text, config, &f) != LP_EXIT_OK) {
        if (memcmp(config, before, sizeof config) != 0 || f.code[0] == '\0') {
            abort();
        }
    } else {
        if (memcmp(config, before, 16) != 0 || memcmp(config + 84, before + 84, 4) != 0) {
            abort();
        }
        check_again(config, ATCA_YAML);
        check_again(config, ATCA_JSON);
        check_again(config, ATCA_HEX);
    }
    free(text);
    return 0;
}
