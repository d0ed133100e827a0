// SPDX-License-Identifier: Apache-2.0
// What the atca commands share.
#ifndef LP_CLI_ATCA_H
#define LP_CLI_ATCA_H

#include <stddef.h>
#include <stdint.h>

#include "limpet/board_cmd.h"

struct cJSON;

enum {
    ATCA_CONFIG = 128,
    ATCA_SLOTS = 16,
    ATCA_SECRET = 32,
    ATCA_PUBLIC = 64,
    ATCA_FILE_MAX = 1 << 16,
};

typedef enum { ATCA_YAML, ATCA_JSON, ATCA_HEX } atca_format_t;

// -- a configuration as text (config_text.c)

// yaml, json or hex. False: none of them.
bool atca_format_parse(const char *name, atca_format_t *format);
// The text of 128 bytes. Owned by the caller (free); null: no memory.
char *atca_config_write(const uint8_t config[ATCA_CONFIG], atca_format_t format);
// Takes what `text` (YAML, JSON or 256 hex digits) sets over `config`, which holds the chip's
// present bytes and is untouched on errors. What is the chip's own (serial, locks) is not taken;
// another part is an error. Faults: atca-config.
lp_exit_t atca_config_read(const char *text, uint8_t config[ATCA_CONFIG], lp_fault_t *f);
// What a byte belongs to: "slot 3 SlotConfig". Copied to out.
void atca_config_place(size_t at, char out[40]);
// One document of YAML with plain scalars as a tree; owned by the caller. Null: `why` says it.
struct cJSON *atca_yaml_parse(const char *text, char *why, size_t cap);

// -- keys in files (keys.c)

typedef struct {
    uint8_t bytes[ATCA_PUBLIC];      // wipe it
    size_t len;                      // 32, or 64 for a public key
    bool is_private;                 // an EC key
    uint8_t public_key[ATCA_PUBLIC]; // of a private one
} atca_key_t;

// A PEM file with an EC key (private or public), or 32 bytes: raw, 64 hex digits, base64, or PEM of
// any name around them. "-" is standard input. Faults: atca-key-file, atca-key-access.
lp_exit_t atca_key_read(const char *path, atca_key_t *key, lp_fault_t *f);
// The PEM text of a public key. Owned by the caller (free); null: it is no point of the curve.
char *atca_public_pem(const uint8_t key[ATCA_PUBLIC]);

// Reads a file, or standard input; owned by the caller, terminated. *len may be null.
char *atca_file_read(const char *path, size_t *len, lp_fault_t *f);
// Writes to a file, whole or not at all, or to standard output (null or "-").
lp_exit_t atca_file_write(const char *path, const char *text, lp_fault_t *f);

// -- the board (change.c)

typedef struct {
    lp_board_options_t options;
    bool is_dry_run;
    bool is_yes;
    lp_board_t *board;
    uint8_t config[ATCA_CONFIG];
    char serial[24];
    char part[16];
    char plan[16]; // match, open, differs
} atca_t;

#define ATCA_BOARD_FLAGS(a) LP_BOARD_FLAGS_URL((a).options)
#define ATCA_CHANGE_FLAGS(a)                                                                       \
    {"dry-run", LP_OPT_BOOL, &(a).is_dry_run, NULL,                                                \
     "only show what would happen; --dry-run=false does it"},                                      \
    {                                                                                              \
        "yes", LP_OPT_BOOL, &(a).is_yes, NULL, "do not ask"                                        \
    }

extern const int atca_exits[];

// Opens the board and reads its chip. The caller closes a->board in any case.
lp_exit_t atca_open(atca_t *a, lp_fault_t *f);
// A call whose refusal is about the chip: faults chip-state, chip-kept, chip-certified,
// chip-trouble.
lp_exit_t atca_call(atca_t *a, const char *method, struct cJSON *params, struct cJSON **result,
                    lp_fault_t *f);
// Both calls of a change; in between the question, or the end of a dry run (*result null then).
// Owns params.
lp_exit_t atca_change(atca_t *a, const char *method, struct cJSON *params, const char *question,
                      struct cJSON **result, lp_fault_t *f);
// Base64 of `len` bytes at "name" of a tree. False: not there, not these bytes, or a wrong crc32.
bool atca_take_bytes(const struct cJSON *tree, const char *name, uint8_t *out, size_t len);
void atca_put_bytes(struct cJSON *tree, const char *name, const uint8_t *bytes, size_t len);
// Shows what differs, byte by byte. Returns how many do.
size_t atca_show_diff(const uint8_t was[ATCA_CONFIG], const uint8_t will[ATCA_CONFIG]);
// 0 to 15. False: it is said.
bool atca_slot_parse(const char *command, const char *text, long *slot);
// From now on what cJSON frees is wiped: secrets pass through its trees.
void atca_wipe_trees(void);
// Closes the board; prints the fault when there is one.
int atca_end(atca_t *a, lp_exit_t rc, const lp_fault_t *f);

#endif
