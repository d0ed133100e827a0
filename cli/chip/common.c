// SPDX-License-Identifier: Apache-2.0
// Errors, hex and JSON for the `limpet chip` commands.
#include "common.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void lp_chip_say(lp_chip_words_t *w, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(w->text + w->len, sizeof w->text - w->len, fmt, ap);
    va_end(ap);
    if (n > 0) {
        size_t room = sizeof w->text - w->len - 1;
        w->len += (size_t)n < room ? (size_t)n : room;
    }
}

// The sentence is `before`, the file's name, `after`.
typedef struct {
    lp_err_t err;
    lp_exit_t exit;
    const char *code;
    const char *before;
    const char *after;
    const char *why;
    const char *next;
} state_fault_t;

static const state_fault_t STATE_FAULTS[] = {
    {LP_E_NOT_FOUND, LP_EXIT_LOCAL, "chip-state-missing", "there is no chip in ", "",
     "no such file", "limpet chip new --model atecc508a --state FILE"},
    {LP_E_EXISTS, LP_EXIT_CONFLICT, "chip-state-exists", "", " is there already",
     "a chip is never overwritten: its keys could not be made again",
     "choose another file, or remove this one yourself"},
    {LP_E_CRC, LP_EXIT_LOCAL, "chip-state-damaged", "the chip in ", " is damaged",
     "its checksum does not match its content; nothing was changed",
     "restore the file from a copy"},
    {LP_E_FORMAT, LP_EXIT_LOCAL, "chip-state-foreign", "", " holds no chip",
     "it does not look like a chip's state file; nothing was changed",
     "name the file that limpet chip new made"},
    {LP_E_BUSY, LP_EXIT_CONFLICT, "chip-state-busy", "the chip in ", " is in use",
     "another process serves it", "end that process first"},
    {LP_E_CHIP_OTHER, LP_EXIT_CONFLICT, "chip-model", "the chip in ", " is another model",
     "--model names one, the file another", "leave --model out: the file knows what it is"},
    {LP_E_IO, LP_EXIT_LOCAL, "chip-state-io", "", " cannot be read or written", NULL,
     "check the folder, its rights and the space on the disk"},
};

int lp_chip_fail_state(lp_err_t err, const char *path)
{
    const char *system = strerror(errno);
    char what[512];
    for (size_t i = 0; i < sizeof STATE_FAULTS / sizeof STATE_FAULTS[0]; i++) {
        const state_fault_t *f = &STATE_FAULTS[i];
        if (f->err == err) {
            snprintf(what, sizeof what, "%s%.400s%s", f->before, path, f->after);
            return lp_ui_fail(f->exit, f->code, what, f->why != NULL ? f->why : system, f->next);
        }
    }
    snprintf(what, sizeof what, "the chip in %.400s cannot be used", path);
    return lp_ui_fail(LP_EXIT_FAILED, "chip-state", what, lp_err_text(err), NULL);
}

int lp_chip_load(const char *path, lp_chipsim_image_t *image)
{
    errno = 0;
    lp_err_t err = lp_chipsim_image_load(image, path);
    return err == LP_OK ? LP_EXIT_OK : lp_chip_fail_state(err, path);
}

static int nibble(char ch)
{
    return isdigit((unsigned char)ch) ? ch - '0' : tolower((unsigned char)ch) - 'a' + 10;
}

bool lp_chip_parse_hex(const char *text, uint8_t *out, size_t *len)
{
    size_t n = 0;
    size_t cap = *len;
    for (const char *p = text; *p != '\0';) {
        if (isspace((unsigned char)*p) || *p == ':' || *p == ',') {
            p++;
        } else if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
            p += 2;
        } else if (isxdigit((unsigned char)p[0]) && isxdigit((unsigned char)p[1]) && n < cap) {
            out[n++] = (uint8_t)(nibble(p[0]) << 4 | nibble(p[1]));
            p += 2;
        } else {
            return false;
        }
    }
    *len = n;
    return true;
}

bool lp_chip_parse_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 0);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || v > max) {
        return false;
    }
    *out = v;
    return true;
}

void lp_chip_hex(char *out, size_t cap, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    for (size_t i = 0; i < len && n + 3 <= cap; i++) {
        out[n++] = digits[bytes[i] >> 4];
        out[n++] = digits[bytes[i] & 15];
    }
    out[n] = '\0';
}

void lp_chip_serial(char out[32], const lp_chipsim_image_t *image)
{
    const uint8_t *c = image->config;
    snprintf(out, 32, "%02X%02X %02X%02X %02X%02X %02X%02X %02X", c[0], c[1], c[2], c[3], c[8],
             c[9], c[10], c[11], c[12]);
}

void lp_chip_put_json(cJSON *object)
{
    char *text = object != NULL ? cJSON_PrintUnformatted(object) : NULL;
    if (text != NULL) {
        lp_ui_json(text);
    }
    cJSON_free(text);
    cJSON_Delete(object);
}
