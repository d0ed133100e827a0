// SPDX-License-Identifier: Apache-2.0
// The configuration zone as YAML or JSON, and back. One table of fields for both ways.
#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atca.h"
#include "limpet/hexline.h"
#include "limpet/opt.h"

enum { AT_SLOT_CONFIG = 20, AT_KEY_CONFIG = 96, AT_REVISION = 4, TEXT_MAX = 8192 };

typedef enum { NUMBER, BYTES, FIXED } kind_t; // FIXED: the chip's own, shown and not taken

typedef struct {
    const char *name;
    uint8_t at;
    uint8_t len;
    kind_t kind;
    const char *about;
} field_t;

// @source DS20005927A Table 2-5; chip.md 1.4 for the 608
static const field_t fields[] = {
    {"serial_0", 0, 4, FIXED, "first bytes of the serial number"},
    {"revision", 4, 4, FIXED, "which part it is"},
    {"serial_4", 8, 5, FIXED, "the rest of the serial number"},
    {"i2c_enable", 14, 1, FIXED, "1: I2C"},
    {"i2c_address", 16, 1, NUMBER, "times two, as on the bus"},
    {"byte_17", 17, 1, NUMBER, "reserved"},
    {"otp_mode", 18, 1, NUMBER, "508: 0xaa read-only; 608: counter match"},
    {"chip_mode", 19, 1, NUMBER, "watchdog, 608: clock"},
    {"counter_0", 52, 8, BYTES, NULL},
    {"counter_1", 60, 8, BYTES, NULL},
    {"last_key_use", 68, 16, BYTES, "608: use lock, secure boot, KDF IV"},
    {"user_extra", 84, 1, FIXED, NULL},
    {"selector", 85, 1, FIXED, NULL},
    {"lock_value", 86, 1, FIXED, "0x55: data zone open, 0x00: locked"},
    {"lock_config", 87, 1, FIXED, "0x55: configuration open, 0x00: locked"},
    {"slots_open", 88, 2, NUMBER, "bit n: slot n is not locked"},
    {"chip_options", 90, 2, NUMBER, "608"},
    {"x509_format", 92, 4, BYTES, NULL},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

bool atca_format_parse(const char *name, atca_format_t *format)
{
    static const char *const names[] = {"yaml", "json", "hex"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            *format = (atca_format_t)i;
            return true;
        }
    }
    return false;
}

static const char *part_of(const uint8_t *config)
{
    const uint8_t high = config[AT_REVISION + 2];
    return high == 0x50 ? "ATECC508A" : high == 0x60 ? "ATECC608" : "unknown";
}

static unsigned little(const uint8_t *bytes, size_t len)
{
    unsigned n = 0;
    for (size_t i = len; i-- > 0;) {
        n = n << 8 | bytes[i];
    }
    return n;
}

static void field_text(const field_t *f, const uint8_t *config, char out[40])
{
    if (f->kind == BYTES || f->len > 2) {
        lp_hexline(out, config + f->at, f->len);
    } else {
        snprintf(out, 40, "0x%0*x", 2 * f->len, little(config + f->at, f->len));
    }
}

// -- out

typedef struct {
    char *text;
    size_t len;
} text_t;

static void put(text_t *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(text_t *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(t->text + t->len, TEXT_MAX - t->len, fmt, args);
    va_end(args);
    t->len += n > 0 && (size_t)n < TEXT_MAX - t->len ? (size_t)n : 0;
}

static void yaml_slot(text_t *t, const uint8_t *config, unsigned slot)
{
    const unsigned sc = little(config + AT_SLOT_CONFIG + 2 * slot, 2);
    const unsigned kc = little(config + AT_KEY_CONFIG + 2 * slot, 2);
    put(t, "  - {slot: %2u, slot_config: 0x%04x, key_config: 0x%04x} # ", slot, sc, kc);
    if ((kc & 1u) != 0) {
        put(t, "private key%s%s%s%s\n", (sc & 1u) != 0 ? ", signs" : "",
            (sc & 4u) != 0 ? ", ECDH" : "", (sc & 0x2000u) != 0 ? ", a new one can be made" : "",
            (sc & 0x4000u) != 0 ? ", can be imported encrypted" : "");
        return;
    }
    static const char *const reads[] = {"readable", "readable (prohibited mode)", "not readable",
                                        "readable encrypted"};
    const unsigned mode = sc >> 12;
    put(t, "%s, %s\n", reads[sc >> 6 & 3u],
        (mode & 4u) != 0 ? "written encrypted"
        : mode == 0      ? "writable"
        : mode == 1      ? "writable while not validated"
                         : "not writable");
}

static void yaml(text_t *t, const uint8_t *config)
{
    put(t, "# configuration of a crypto chip; limpet atca-set-config takes it back\npart: %s\n",
        part_of(config));
    for (size_t i = 0; i < FIELDS; i++) {
        char value[40];
        field_text(&fields[i], config, value);
        put(t, "%s: %s%s%s%s\n", fields[i].name, value, fields[i].about != NULL ? " # " : "",
            fields[i].about != NULL ? fields[i].about : "",
            fields[i].kind == FIXED ? " (the chip's own)" : "");
    }
    put(t, "slots:\n");
    for (unsigned slot = 0; slot < ATCA_SLOTS; slot++) {
        yaml_slot(t, config, slot);
    }
}

static cJSON *json(const uint8_t *config)
{
    cJSON *tree = cJSON_CreateObject();
    char value[40];
    cJSON_AddStringToObject(tree, "part", part_of(config));
    for (size_t i = 0; i < FIELDS; i++) {
        field_text(&fields[i], config, value);
        cJSON_AddStringToObject(tree, fields[i].name, value);
    }
    cJSON *slots = cJSON_AddArrayToObject(tree, "slots");
    for (unsigned slot = 0; slot < ATCA_SLOTS; slot++) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddNumberToObject(one, "slot", slot);
        snprintf(value, sizeof value, "0x%04x", little(config + AT_SLOT_CONFIG + 2 * slot, 2));
        cJSON_AddStringToObject(one, "slot_config", value);
        snprintf(value, sizeof value, "0x%04x", little(config + AT_KEY_CONFIG + 2 * slot, 2));
        cJSON_AddStringToObject(one, "key_config", value);
        cJSON_AddItemToArray(slots, one);
    }
    return tree;
}

char *atca_config_write(const uint8_t config[ATCA_CONFIG], atca_format_t format)
{
    text_t t = {.text = calloc(1, TEXT_MAX)};
    if (t.text == NULL) {
        return NULL;
    }
    if (format == ATCA_YAML) {
        yaml(&t, config);
    } else if (format == ATCA_JSON) {
        cJSON *tree = json(config);
        char *printed = cJSON_Print(tree);
        put(&t, "%s\n", printed != NULL ? printed : "{}");
        cJSON_free(printed);
        cJSON_Delete(tree);
    } else {
        lp_hexline(t.text, config, ATCA_CONFIG);
        t.len = 2 * ATCA_CONFIG;
        put(&t, "\n");
    }
    return t.text;
}

void atca_config_place(size_t at, char out[40])
{
    const bool is_key = at >= AT_KEY_CONFIG;
    const size_t slot = (at - (is_key ? AT_KEY_CONFIG : AT_SLOT_CONFIG)) / 2;
    if (is_key || (at >= AT_SLOT_CONFIG && at < AT_SLOT_CONFIG + 2 * ATCA_SLOTS)) {
        snprintf(out, 40, "slot %u %s", (unsigned)slot, is_key ? "KeyConfig" : "SlotConfig");
        return;
    }
    snprintf(out, 40, "reserved");
    for (size_t i = 0; i < FIELDS; i++) {
        if (at >= fields[i].at && at < (size_t)fields[i].at + fields[i].len) {
            snprintf(out, 40, "%s", fields[i].name);
        }
    }
}

// -- in

static lp_exit_t bad(lp_fault_t *f, const char *why)
{
    lp_fault_set(f, LP_EXIT_USAGE, "atca-config", "this is no configuration of a chip");
    lp_fault_why(f, "%s", why);
    lp_fault_next(f, "limpet atca-get-config shows how one looks; hex is 256 digits");
    return f->exit;
}

static bool hex_bytes(const char *text, uint8_t *out, size_t len)
{
    size_t n = 0;
    for (; *text != '\0'; text++) {
        if (isspace((unsigned char)*text)) {
            continue;
        }
        const char two[3] = {text[0], text[1], '\0'};
        if (n == len || !isxdigit((unsigned char)two[0]) || !isxdigit((unsigned char)two[1])) {
            return false;
        }
        out[n++] = (uint8_t)strtoul(two, NULL, 16);
        text++;
    }
    return n == len;
}

static bool number(const cJSON *item, unsigned max, unsigned *out)
{
    if (cJSON_IsNumber(item)) {
        const double n = item->valuedouble;
        *out = n >= 0 && n <= max ? (unsigned)n : 0;
        return n == (double)*out;
    }
    if (!cJSON_IsString(item) || !isdigit((unsigned char)item->valuestring[0])) {
        return false;
    }
    char *end = NULL;
    const unsigned long n = strtoul(item->valuestring, &end, 0);
    *out = (unsigned)n;
    return *end == '\0' && n <= max;
}

static void put_little(uint8_t *to, size_t len, unsigned n)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = (uint8_t)(n >> 8 * i);
    }
}

static bool take_field(const field_t *fd, const cJSON *item, uint8_t *config)
{
    uint8_t bytes[16];
    unsigned n = 0;
    if (fd->kind == FIXED) {
        return true;
    }
    if (fd->kind == BYTES) {
        const bool is_ok = cJSON_IsString(item) && hex_bytes(item->valuestring, bytes, fd->len);
        memcpy(config + fd->at, bytes, is_ok ? fd->len : 0);
        return is_ok;
    }
    if (!number(item, fd->len == 1 ? 0xFF : 0xFFFF, &n)) {
        return false;
    }
    put_little(config + fd->at, fd->len, n);
    return true;
}

static lp_exit_t take_slot(const cJSON *item, uint8_t *config, lp_fault_t *f)
{
    unsigned slot = 0;
    unsigned sc = 0;
    unsigned kc = 0;
    const cJSON *a = cJSON_GetObjectItemCaseSensitive(item, "slot_config");
    const cJSON *b = cJSON_GetObjectItemCaseSensitive(item, "key_config");
    if (!number(cJSON_GetObjectItemCaseSensitive(item, "slot"), ATCA_SLOTS - 1, &slot) ||
        (a != NULL && !number(a, 0xFFFF, &sc)) || (b != NULL && !number(b, 0xFFFF, &kc)) ||
        cJSON_GetArraySize(item) != 1 + (a != NULL) + (b != NULL)) {
        return bad(f, "slots: each has a slot, 0 to 15, slot_config and key_config, 0 to 0xffff");
    }
    if (a != NULL) {
        put_little(config + AT_SLOT_CONFIG + 2 * slot, 2, sc);
    }
    if (b != NULL) {
        put_little(config + AT_KEY_CONFIG + 2 * slot, 2, kc);
    }
    return LP_EXIT_OK;
}

static lp_exit_t take_named(const cJSON *item, uint8_t *config, lp_fault_t *f)
{
    const char *names[FIELDS + 3] = {"part", "slots"};
    char why[160];
    for (size_t i = 0; i < FIELDS; i++) {
        names[i + 2] = fields[i].name;
        if (strcmp(item->string, fields[i].name) == 0) {
            snprintf(why, sizeof why, "%s: %s", fields[i].name,
                     fields[i].kind == BYTES ? "hex digits of all its bytes" : "a number in range");
            return take_field(&fields[i], item, config) ? LP_EXIT_OK : bad(f, why);
        }
    }
    const char *near = lp_opt_nearest(item->string, names);
    snprintf(why, sizeof why, "there is no \"%.40s\"%s%s%s", item->string,
             near != NULL ? "; is \"" : "", near != NULL ? near : "",
             near != NULL ? "\" meant?" : "");
    return bad(f, why);
}

static lp_exit_t take_tree(const cJSON *tree, uint8_t *config, lp_fault_t *f)
{
    const cJSON *item = NULL;
    lp_exit_t rc = cJSON_IsObject(tree) ? LP_EXIT_OK : bad(f, "names and values are expected");
    cJSON_ArrayForEach(item, tree)
    {
        const cJSON *slot = NULL;
        if (rc != LP_EXIT_OK) {
            break;
        }
        if (strcmp(item->string, "part") == 0) {
            const bool is_same =
                cJSON_IsString(item) && strncmp(item->valuestring, part_of(config), 8) == 0;
            rc = is_same ? LP_EXIT_OK : bad(f, "it is for another part than this chip");
        } else if (strcmp(item->string, "slots") == 0) {
            cJSON_ArrayForEach(slot, item)
            {
                rc = rc == LP_EXIT_OK ? take_slot(slot, config, f) : rc;
            }
        } else {
            rc = take_named(item, config, f);
        }
    }
    return rc;
}

lp_exit_t atca_config_read(const char *text, uint8_t config[ATCA_CONFIG], lp_fault_t *f)
{
    uint8_t bytes[ATCA_CONFIG];
    char why[160] = "";
    if (hex_bytes(text, bytes, sizeof bytes)) {
        // The chip's own bytes stay: a dump of one chip is for others, too.
        memcpy(config + 16, bytes + 16, 84 - 16);
        memcpy(config + 88, bytes + 88, ATCA_CONFIG - 88);
        return LP_EXIT_OK;
    }
    cJSON *tree = cJSON_ParseWithOpts(text, NULL, true);
    if (tree == NULL) {
        tree = atca_yaml_parse(text, why, sizeof why);
    }
    if (tree == NULL) {
        return bad(f, why);
    }
    memcpy(bytes, config, sizeof bytes);
    const lp_exit_t rc = take_tree(tree, bytes, f);
    cJSON_Delete(tree);
    if (rc == LP_EXIT_OK) {
        memcpy(config, bytes, sizeof bytes);
    }
    return rc;
}
