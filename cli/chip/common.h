// SPDX-License-Identifier: Apache-2.0
// What the `limpet chip` commands share.
#ifndef LP_CLI_CHIP_COMMON_H
#define LP_CLI_CHIP_COMMON_H

#include <stdio.h>

#include <cjson/cJSON.h>

#include "limpet/chipsim.h"
#include "limpet/fault.h"
#include "limpet/opt.h"
#include "limpet/ui.h"

typedef int chip_command_fn(int argc, char **argv);
chip_command_fn lp_chip_new, lp_chip_serve, lp_chip_show, lp_chip_cert, lp_chip_decode,
    lp_chip_diff, lp_chip_part, lp_chip_trace;

// ---- cert.c -----------------------------------------------------------------

enum { LP_CHIP_PEM_MAX = 1000 };

// A certificate (lp_chipsim_cert_t) as PEM with a null byte behind it. Errors of
// lp_chipsim_certificate(). Prints nothing.
lp_err_t lp_chip_certificate_pem(const lp_chipsim_image_t *image, unsigned which,
                                 char pem[LP_CHIP_PEM_MAX]);

// ---- common.c ---------------------------------------------------------------

// Prints one clear error for a state file that could not be used.
int lp_chip_fail_state(lp_err_t err, const char *path);

// The image of a state file, or an error that was printed (then not LP_EXIT_OK).
int lp_chip_load(const char *path, lp_chipsim_image_t *image);

// Hex with optional blanks, colons and "0x". False: something else. *len is the capacity before,
// the length after.
bool lp_chip_parse_hex(const char *text, uint8_t *out, size_t *len);

// A whole number, decimal or 0x. False: something else, or over `max`.
bool lp_chip_parse_number(const char *text, uint64_t max, uint64_t *out);

void lp_chip_hex(char *out, size_t cap, const uint8_t *bytes, size_t len); // lower case, no blanks
void lp_chip_serial(char out[32], const lp_chipsim_image_t *image); // "0123 6B1F 9C02 44EE EE"

// Prints and frees `object` as one line, only with --json.
void lp_chip_put_json(cJSON *object);

// ---- describe.c: configuration in words -------------------------------------

typedef struct {
    char text[640];
    size_t len;
} lp_chip_words_t;

// "P-256 private key; signs external digests; ..." for one slot.
void lp_chip_describe_slot(lp_chip_words_t *w, const lp_chipsim_image_t *image, unsigned slot);
// Lines about the whole part: address, locks, counters, options. Calls `line` for each.
void lp_chip_describe_part(const lp_chipsim_image_t *image,
                           void (*line)(void *ctx, const char *name, const char *value), void *ctx);
bool lp_chip_is_private(const lp_chipsim_image_t *image, unsigned slot);
uint16_t lp_chip_slot_config(const lp_chipsim_image_t *image, unsigned slot);
uint16_t lp_chip_key_config(const lp_chipsim_image_t *image, unsigned slot);

// ---- decode.c: bus bytes in words -------------------------------------------

// What one write to a chip means, from its word address on; what one read means. `last_op`
// remembers between the two.
void lp_chip_decode_write(lp_chip_words_t *w, lp_span_t bytes, uint8_t *last_op);
void lp_chip_decode_read(lp_chip_words_t *w, lp_span_t bytes, uint8_t last_op);
// A group alone, command or reply: tells which it must be.
void lp_chip_decode_group(lp_chip_words_t *w, lp_span_t bytes);

void lp_chip_say(lp_chip_words_t *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
