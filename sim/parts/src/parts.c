// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts_internal.h"

static const part_kind_t *const kinds[] = {&part_sht3x,   &part_bme280,
                                           &part_ds18b20, &part_ds18b20_parasite,
                                           &part_ssd1306, &part_max31855};

uint64_t part_now_us(const lp_part_t *part)
{
    return part->clock.now_us(part->clock.ctx);
}

static const part_kind_t *find_kind(const char *words, size_t len)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strlen(kinds[i]->name) == len && memcmp(kinds[i]->name, words, len) == 0) {
            return kinds[i];
        }
    }
    return NULL;
}

// "[@ADDR]=VALUES" behind the kind.
static bool parse_rest(lp_part_t *part, const part_kind_t *kind, const char *rest)
{
    unsigned long addr = kind->addr;
    if (rest[0] == '@') {
        char *end = NULL;
        addr = strtoul(rest + 1, &end, 0);
        rest = end;
    }
    if (addr < 8 || addr > 0x77 || rest[0] != '=') {
        return false;
    }
    part->on_bus.addr = (uint8_t)addr;
    return kind->parse != NULL ? kind->parse(part, rest + 1)
                               : part_values_init(&part->values, rest + 1, kind->values);
}

static void say_wants(const part_kind_t *kind, char *why, size_t why_cap)
{
    if (kind->wants != NULL) {
        snprintf(why, why_cap, "%s[@ADDR]=VALUES: %s", kind->name, kind->wants);
    } else {
        snprintf(why, why_cap, "%s[@ADDR]=VALUES: %zu numbers with commas, or a file that has them",
                 kind->name, kind->values);
    }
}

lp_err_t lp_part_new(lp_part_t **out, const char *words, const lp_chipsim_clock_t *clock, char *why,
                     size_t why_cap)
{
    const part_kind_t *kind = find_kind(words, strcspn(words, "@="));
    *out = NULL;
    if (kind == NULL) {
        snprintf(why, why_cap,
                 "the kinds are sht3x, bme280, ds18b20, ds18b20-parasite, max31855 and ssd1306");
        return LP_E_FORMAT;
    }
    lp_part_t *part = calloc(1, sizeof *part);
    if (part == NULL) {
        return LP_E_NOSPACE;
    }
    part->kind = kind;
    part->clock = clock != NULL ? *clock : (lp_chipsim_clock_t){.now_us = lp_chipsim_host_clock};
    if (!parse_rest(part, kind, words + strlen(kind->name))) {
        say_wants(kind, why, why_cap);
        lp_part_free(part);
        return LP_E_FORMAT;
    }
    part->on_bus.addressed = kind->addressed;
    part->on_bus.written = kind->written;
    part->on_bus.read = kind->read;
    part->on_bus.ctx = part;
    kind->init(part);
    *out = part;
    return LP_OK;
}

void lp_part_free(lp_part_t *part)
{
    if (part != NULL && part->kind->release != NULL) {
        part->kind->release(part);
    }
    free(part);
}

const lp_chipsim_part_t *lp_part_on_bus(const lp_part_t *part)
{
    return &part->on_bus;
}
