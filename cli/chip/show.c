// SPDX-License-Identifier: Apache-2.0
// `limpet chip show`.
#include "common.h"

#include <string.h>

#include "limpet/chipsim_trust.h"

enum { HEX = 2 * 416 + 1 };

typedef struct {
    const lp_chipsim_image_t *image;
    bool reveal;
} view_t;

// May the content of this slot be shown without being asked twice? Only what the chip, too, would
// give out in clear.
static bool is_public(const lp_chipsim_image_t *image, unsigned slot)
{
    return !lp_chip_is_private(image, slot) && (lp_chip_slot_config(image, slot) & 0xC0) == 0;
}

static bool is_blank(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != 0xFF) {
            return false;
        }
    }
    return true;
}

// ---- for people -------------------------------------------------------------

static void put_line(void *ctx, const char *name, const char *value)
{
    (void)ctx;
    printf("%-13s %s\n", name, value);
}

// Words broken at 76 columns, with a hanging indent.
static void put_wrapped(const char *text)
{
    size_t column = 0;
    for (const char *p = text; *p != '\0';) {
        size_t n = strcspn(p, " ");
        if (column > 0 && column + 1 + n > 68) {
            printf("\n        ");
            column = 0;
        }
        printf(column > 0 ? " %.*s" : "%.*s", (int)n, p);
        column += n + (column > 0);
        p += n;
        p += strspn(p, " ");
    }
    printf("\n");
}

// The certificate that a slot of a Trust part is the heart of; false: none.
static bool certificate_in(const view_t *v, unsigned slot, char pem[LP_CHIP_PEM_MAX])
{
    unsigned which = slot == 10 ? LP_CHIPSIM_CERT_DEVICE : LP_CHIPSIM_CERT_SIGNER;
    return (slot == 10 || slot == 12) && lp_chip_certificate_pem(v->image, which, pem) == LP_OK;
}

static void put_certificate(const view_t *v, unsigned slot)
{
    char pem[LP_CHIP_PEM_MAX];
    if (!certificate_in(v, slot, pem)) {
        return;
    }
    size_t len;
    const uint8_t *p = lp_chipsim_slot_const(v->image, slot, &len);
    printf("        is         the %s certificate, compressed: of %04u-%02u-%02u, for %u years,\n",
           slot == 10 ? "device's" : "signer's", 2000u + (p[64] >> 3),
           (p[64] & 7u) << 1 | p[65] >> 7, p[65] >> 2 & 31u, p[66] & 31u);
    printf("                   signer %02X%02X; `limpet chip cert` prints it whole\n", p[67],
           p[68]);
}

static void put_content(const view_t *v, unsigned slot)
{
    size_t len;
    char hex[HEX];
    uint8_t xy[64];
    const uint8_t *p = lp_chipsim_slot_const(v->image, slot, &len);
    if (lp_chipsim_public_key(v->image, slot, xy)) {
        lp_chip_hex(hex, sizeof hex, xy, sizeof xy);
        printf("        public key %s\n", hex);
    }
    if (v->reveal || (is_public(v->image, slot) && !is_blank(p, len))) {
        lp_chip_hex(hex, sizeof hex, p, len);
        printf("        content    %s\n", hex);
    }
    lp_wipe(hex, sizeof hex);
    put_certificate(v, slot);
    if (v->image->slot_writes[slot] > 0) {
        printf("        written    %u times\n", v->image->slot_writes[slot]);
    }
}

static void show_text(const view_t *v)
{
    char hex[HEX];
    lp_chip_describe_part(v->image, put_line, NULL);
    for (unsigned slot = 0; slot < LP_CHIPSIM_SLOTS; slot++) {
        lp_chip_words_t w = {.len = 0};
        lp_chip_describe_slot(&w, v->image, slot);
        printf("Slot %2u ", slot);
        put_wrapped(w.text);
        put_content(v, slot);
    }
    lp_chip_hex(hex, sizeof hex, v->image->config, sizeof v->image->config);
    printf("Config  %s\n", hex);
    lp_chip_hex(hex, sizeof hex, v->image->otp, sizeof v->image->otp);
    printf("OTP     %s\n", hex);
}

// ---- for machines -----------------------------------------------------------

static void add_field(void *ctx, const char *name, const char *value)
{
    cJSON_AddStringToObject((cJSON *)ctx, name, value);
}

static void add_hex(cJSON *o, const char *name, const uint8_t *bytes, size_t len)
{
    char hex[HEX];
    lp_chip_hex(hex, sizeof hex, bytes, len);
    cJSON_AddStringToObject(o, name, hex);
    lp_wipe(hex, sizeof hex);
}

static const char *const origins[] = {
    [LP_CHIPSIM_FROM_FACTORY] = "factory",
    [LP_CHIPSIM_FROM_WRITE] = "write",
    [LP_CHIPSIM_FROM_GENKEY] = "genkey",
    [LP_CHIPSIM_FROM_IMPORT] = "import",
};

static cJSON *slot_json(const view_t *v, unsigned slot)
{
    cJSON *o = cJSON_CreateObject();
    lp_chip_words_t w = {.len = 0};
    size_t len;
    uint8_t xy[64];
    const uint8_t *p = lp_chipsim_slot_const(v->image, slot, &len);
    lp_chip_describe_slot(&w, v->image, slot);
    cJSON_AddNumberToObject(o, "slot", slot);
    cJSON_AddNumberToObject(o, "slot_config", lp_chip_slot_config(v->image, slot));
    cJSON_AddNumberToObject(o, "key_config", lp_chip_key_config(v->image, slot));
    cJSON_AddBoolToObject(o, "is_private", lp_chip_is_private(v->image, slot));
    cJSON_AddBoolToObject(o, "is_locked", (v->image->config[88 + slot / 8] >> slot % 8 & 1) == 0);
    cJSON_AddNumberToObject(o, "writes", v->image->slot_writes[slot]);
    cJSON_AddStringToObject(o, "origin", origins[v->image->slot_origin[slot]]);
    cJSON_AddStringToObject(o, "words", w.text);
    if (lp_chipsim_public_key(v->image, slot, xy)) {
        add_hex(o, "public_key", xy, sizeof xy);
        if (v->reveal) {
            add_hex(o, "private_key", p + 4, 32);
        }
    }
    if (v->reveal || is_public(v->image, slot)) {
        add_hex(o, "content", p, len);
    }
    char pem[LP_CHIP_PEM_MAX];
    if (certificate_in(v, slot, pem)) {
        cJSON_AddStringToObject(o, "certificate", pem);
    }
    return o;
}

static void show_json(const view_t *v)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *part = cJSON_AddObjectToObject(o, "part");
    cJSON *slots = cJSON_AddArrayToObject(o, "slots");
    cJSON_AddStringToObject(o, "model", lp_chipsim_model_name(v->image->model));
    char serial[32];
    lp_chip_serial(serial, v->image);
    cJSON_AddStringToObject(o, "serial", serial);
    cJSON *lock = cJSON_AddObjectToObject(o, "lock");
    cJSON_AddBoolToObject(lock, "config", v->image->config[87] != 0x55);
    cJSON_AddBoolToObject(lock, "data", v->image->config[86] != 0x55);
    add_hex(o, "config", v->image->config, sizeof v->image->config);
    add_hex(o, "otp", v->image->otp, sizeof v->image->otp);
    lp_chip_describe_part(v->image, add_field, part);
    for (unsigned slot = 0; slot < LP_CHIPSIM_SLOTS; slot++) {
        cJSON_AddItemToArray(slots, slot_json(v, slot));
    }
    // Not through lp_ui: that never sees a secret, and this one may hold some when asked to.
    char *text = cJSON_PrintUnformatted(o);
    if (text != NULL) {
        printf("%s\n", text);
        lp_wipe(text, strlen(text));
    }
    cJSON_free(text);
    cJSON_Delete(o);
}

int lp_chip_show(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_LOCAL, 0};
    static const lp_help_t help = {
        .name = "chip show",
        .args = "",
        .summary = "Shows what is in a virtual chip and what its configuration means.",
        .examples = {"limpet chip show --state chip.state",
                     "limpet chip show --state chip.state --json", NULL},
        .notes = "Works while the chip is being served. A real chip would never show its secrets;\n"
                 "with --reveal-private-keys this one does, for proofs that they are nowhere else.",
        .exit_codes = exits};
    const char *state = NULL;
    view_t view = {.reveal = false};
    const lp_opt_t opts[] = {
        {"state", LP_OPT_STR, &state, "FILE", "the chip"},
        {"reveal-private-keys", LP_OPT_BOOL, &view.reveal, NULL,
         "print private keys and secrets, too"},
    };
    int n_args;
    int done = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (done != LP_OPT_GO_ON) {
        return done;
    }
    if (state == NULL) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--state FILE is missing", NULL,
                          "limpet chip show --help");
    }
    lp_chipsim_image_t image;
    int result = lp_chip_load(state, &image);
    if (result == LP_EXIT_OK) {
        view.image = &image;
        lp_ui.json ? show_json(&view) : show_text(&view);
    }
    lp_wipe(&image, sizeof image);
    return result;
}
