// SPDX-License-Identifier: Apache-2.0
// `limpet chip diff`.
#include "common.h"

#include <string.h>

typedef struct {
    const char *names[16];
    char values[16][160];
    size_t n;
} part_t;

static void collect(void *ctx, const char *name, const char *value)
{
    part_t *p = ctx;
    if (p->n < 16) {
        p->names[p->n] = name;
        snprintf(p->values[p->n++], sizeof p->values[0], "%s", value);
    }
}

static void report(cJSON *list, const char *what, const char *a, const char *b)
{
    if (lp_ui.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "what", what);
        cJSON_AddStringToObject(o, "a", a);
        cJSON_AddStringToObject(o, "b", b);
        cJSON_AddItemToArray(list, o);
    } else {
        printf("%s\n  - %s\n  + %s\n", what, a, b);
    }
}

static unsigned diff_part(cJSON *list, const lp_chipsim_image_t *a, const lp_chipsim_image_t *b)
{
    part_t pa = {.n = 0};
    part_t pb = {.n = 0};
    unsigned found = 0;
    lp_chip_describe_part(a, collect, &pa);
    lp_chip_describe_part(b, collect, &pb);
    for (size_t i = 0; i < pa.n; i++) {
        for (size_t j = 0; j < pb.n; j++) {
            if (strcmp(pa.names[i], pb.names[j]) == 0 && strcmp(pa.values[i], pb.values[j]) != 0) {
                report(list, pa.names[i], pa.values[i], pb.values[j]);
                found++;
            }
        }
    }
    return found;
}

static unsigned diff_slot(cJSON *list, const lp_chipsim_image_t *a, const lp_chipsim_image_t *b,
                          unsigned slot)
{
    char name[32];
    size_t len;
    lp_chip_words_t wa = {.len = 0};
    lp_chip_words_t wb = {.len = 0};
    unsigned found = 0;
    lp_chip_describe_slot(&wa, a, slot);
    lp_chip_describe_slot(&wb, b, slot);
    if (strcmp(wa.text, wb.text) != 0) {
        snprintf(name, sizeof name, "Slot %u rules", slot);
        report(list, name, wa.text, wb.text);
        found++;
    }
    const uint8_t *pa = lp_chipsim_slot_const(a, slot, &len);
    const uint8_t *pb = lp_chipsim_slot_const(b, slot, &len);
    if (memcmp(pa, pb, len) != 0) {
        snprintf(name, sizeof name, "Slot %u content", slot);
        report(list, name, "one value", "another (limpet chip show shows what is public)");
        found++;
    }
    return found;
}

// Bytes whose difference has no words of its own.
static unsigned diff_bytes(cJSON *list, const char *zone, const uint8_t *a, const uint8_t *b,
                           size_t len)
{
    unsigned found = 0;
    for (size_t i = 0; i < len; i++) {
        if (a[i] != b[i]) {
            char name[32];
            char va[8];
            char vb[8];
            snprintf(name, sizeof name, "%s byte %zu", zone, i);
            snprintf(va, sizeof va, "0x%02x", a[i]);
            snprintf(vb, sizeof vb, "0x%02x", b[i]);
            report(list, name, va, vb);
            found++;
        }
    }
    return found;
}

static int compare(const lp_chipsim_image_t *a, const lp_chipsim_image_t *b)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(o, "differences");
    unsigned found = diff_part(list, a, b);
    for (unsigned slot = 0; slot < LP_CHIPSIM_SLOTS; slot++) {
        found += diff_slot(list, a, b, slot);
    }
    found += diff_bytes(list, "Config", a->config, b->config, sizeof a->config);
    found += diff_bytes(list, "OTP", a->otp, b->otp, sizeof a->otp);
    cJSON_AddBoolToObject(o, "equal", found == 0);
    lp_chip_put_json(o);
    if (found == 0 && !lp_ui.json) {
        printf("The two chips hold the same.\n");
    }
    return found == 0 ? LP_EXIT_OK : LP_EXIT_FAILED;
}

int lp_chip_diff(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_LOCAL, 0};
    static const lp_help_t help = {
        .name = "chip diff",
        .args = "A B",
        .summary = "Says how two virtual chips differ: rules in words, then bytes.",
        .examples = {"limpet chip diff before.state after.state", NULL},
        .notes =
            "Exit code 0: they hold the same; 1: they differ. Secrets are compared, not shown.",
        .exit_codes = exits,
        .max_args = 2};
    int n_args;
    int done = lp_opt_parse(&help, NULL, 0, argc, argv, &n_args);
    if (done != LP_OPT_GO_ON) {
        return done;
    }
    if (n_args != 2) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "two state files are needed", NULL,
                          "limpet chip diff --help");
    }
    lp_chipsim_image_t a;
    lp_chipsim_image_t b;
    int result = lp_chip_load(argv[1], &a);
    if (result == LP_EXIT_OK) {
        result = lp_chip_load(argv[2], &b);
        if (result == LP_EXIT_OK) {
            result = compare(&a, &b);
        }
        lp_wipe(&b, sizeof b);
    }
    lp_wipe(&a, sizeof a);
    return result;
}
