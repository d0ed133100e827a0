// SPDX-License-Identifier: Apache-2.0
// "nack=1000,slow=50": faults as a person types them.
#include <string.h>

#include "internal.h"

// One "name=number" between commas.
typedef struct {
    const char *name;
    size_t name_len;
    uint64_t value;
} item_t;

static const char *take_item(const char *p, item_t *item)
{
    item->name = p;
    while (*p != '\0' && *p != '=' && *p != ',') {
        p++;
    }
    item->name_len = (size_t)(p - item->name);
    if (*p != '=' || p[1] < '0' || p[1] > '9') {
        return NULL;
    }
    item->value = 0;
    for (p++; *p >= '0' && *p <= '9'; p++) {
        item->value = item->value * 10 + (unsigned)(*p - '0');
        if (item->value > UINT32_MAX) {
            return NULL;
        }
    }
    if (*p == ',' && p[1] != '\0') {
        return p + 1;
    }
    return *p == '\0' ? p : NULL;
}

static bool store(lp_chipsim_faults_t *f, const item_t *item)
{
    const struct {
        const char *name;
        uint32_t *where;
    } names[] = {{"nack", &f->nack_ppm},
                 {"flip-to", &f->flip_to_ppm},
                 {"flip-from", &f->flip_from_ppm},
                 {"slow", &f->slow_percent},
                 {"nack-next", &f->nack_next},
                 {"stuck-after", &f->stuck_after},
                 {"cut-after-words", &f->cut_after_words},
                 {"lost-stop", &f->lost_stop_ppm},
                 {"forge-to", &f->forge_to_ppm},
                 {"forge-from", &f->forge_from_ppm},
                 {"replay", &f->replay_ppm},
                 {"brown-out-after", &f->brown_out_after},
                 {"stretch-next", &f->stretch_next},
                 {"stretch-us", &f->stretch_us}};
    if (item->name_len == 4 && memcmp(item->name, "seed", 4) == 0) {
        f->seed = item->value;
        return true;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i].name) == item->name_len &&
            memcmp(names[i].name, item->name, item->name_len) == 0) {
            *names[i].where = (uint32_t)item->value;
            return true;
        }
    }
    return false;
}

lp_err_t lp_chipsim_faults_parse(const char *text, lp_chipsim_faults_t *out)
{
    lp_chipsim_faults_t f = {.seed = 0};
    item_t item;
    for (const char *p = text; *p != '\0';) {
        p = take_item(p, &item);
        if (p == NULL || !store(&f, &item)) {
            return LP_E_FORMAT;
        }
    }
    *out = f;
    return LP_OK;
}
