// SPDX-License-Identifier: Apache-2.0
// Any lines to two radios and to the script ('0', '1', 's' in front; 't' lets time pass). What
// radios say is one line, of the protocol's length, and never to a host that has gone.
#define _GNU_SOURCE // strtok_r
#include <stdlib.h>
#include <string.h>

#include "limpet/air.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 4096, ANSWER = 4096, STEP_MS = 50, JOINS_MAX = 6 };

static int hosts[2];

static void on_line(void *ctx, air_radio_t *radio, const char *line)
{
    (void)ctx;
    const int *host = air_radio_host(radio);
    if ((host != &hosts[0] && host != &hosts[1]) || strlen(line) >= AIR_LINE_MAX ||
        strchr(line, '\n') != NULL) {
        abort();
    }
}

static void on_cut(void *ctx, air_radio_t *station)
{
    (void)ctx;
    (void)station;
}

static void do_line(air_t *air, air_radio_t *radios[2], const char *line, uint64_t now_ms)
{
    static char answer[ANSWER];
    char address[16];
    if (line[0] == 's') {
        (void)air_script(air, line + 1, now_ms, answer, sizeof answer);
    } else if (line[0] == '0' || line[0] == '1') {
        (void)air_radio_line(radios[line[0] - '0'], line + 1, now_ms);
        (void)air_radio_peer(radios[line[0] - '0'], address);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const air_hooks_t hooks = {.line = on_line, .cut = on_cut};
    char text[INPUT_MAX + 1];
    char *rest = text;
    uint64_t now_ms = 1000;
    int joins = 0; // each costs two times 4096 hashes
    if (size > INPUT_MAX) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    air_t *air = air_new(&hooks);
    air_radio_t *radios[2] = {air_radio_add(air, &hosts[0]), air_radio_add(air, &hosts[1])};
    for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
        joins += strstr(line, "join") != NULL;
        if (joins > JOINS_MAX) {
            break;
        }
        do_line(air, radios, line, now_ms);
        now_ms += line[0] == 't' ? 20 * STEP_MS : STEP_MS;
        (void)air_tick(air, now_ms);
    }
    air_radio_remove(radios[0]);
    (void)air_tick(air, now_ms + 10000);
    air_free(air);
    return 0;
}
