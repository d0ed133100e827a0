// SPDX-License-Identifier: Apache-2.0
// limpet atca-set-key, atca-gen-key, atca-get-pub-key.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atca.h"
#include "limpet/cmd.h"
#include "limpet/hexline.h"
#include "limpet/opt.h"
#include "limpet/span.h"

static unsigned word(const atca_t *a, size_t at)
{
    return a->config[at] | (unsigned)a->config[at + 1] << 8;
}

static void say_public(const uint8_t key[ATCA_PUBLIC], bool is_new)
{
    char hex[2 * ATCA_PUBLIC + 1];
    lp_hexline(hex, key, ATCA_PUBLIC);
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "public_key", hex);
    cJSON_AddBoolToObject(line, "is_new", is_new);
    lp_ui_json_tree(line);
}

static lp_exit_t write_public(const uint8_t key[ATCA_PUBLIC], const char *path, lp_fault_t *f)
{
    char *pem = atca_public_pem(key);
    if (pem == NULL) {
        return lp_fault_set(f, LP_EXIT_CHIP, "chip-trouble",
                            "what the chip calls a public key is no point of P-256");
    }
    lp_exit_t rc = LP_EXIT_OK;
    if (!lp_ui.json || path != NULL) {
        rc = atca_file_write(path, pem, f);
    }
    free(pem);
    return rc;
}

// -- atca-get-pub-key

static lp_exit_t get_public(atca_t *a, long slot, uint8_t key[ATCA_PUBLIC], lp_fault_t *f)
{
    cJSON *result = NULL;
    cJSON *params = cJSON_CreateObject();
    cJSON_AddNumberToObject(params, "slot", (double)slot);
    lp_exit_t rc = atca_call(a, "ATCA.GetPubKey", params, &result, f);
    if (rc == LP_EXIT_OK && !atca_take_bytes(result, "pubkey", key, ATCA_PUBLIC)) {
        rc = lp_fault_set(f, LP_EXIT_BOARD, "board-answer", "the board's answer is no public key");
    }
    cJSON_Delete(result);
    return rc;
}

int lp_cmd_atca_get_pub_key(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "atca-get-pub-key",
        .args = "SLOT [FILE]",
        .summary = "Writes the public key of a private key in a board's crypto chip, as PEM.",
        .examples = {"limpet atca-get-pub-key 0", "limpet atca-get-pub-key 0 key.pem", NULL},
        .exit_codes = atca_exits,
        .max_args = 2,
    };
    atca_t a = {.options = {.port = "auto"}};
    const lp_opt_t opts[] = {ATCA_BOARD_FLAGS(a)};
    int n_args = 0;
    long slot = 0;
    uint8_t key[ATCA_PUBLIC];
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (!atca_slot_parse(help.name, n_args > 0 ? argv[1] : NULL, &slot)) {
        return LP_EXIT_USAGE;
    }
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_exit_t done = atca_open(&a, &fault);
    done = done == LP_EXIT_OK ? get_public(&a, slot, key, &fault) : done;
    done = done == LP_EXIT_OK ? write_public(key, n_args > 1 ? argv[2] : NULL, &fault) : done;
    if (done == LP_EXIT_OK) {
        say_public(key, false);
    }
    return atca_end(&a, done, &fault);
}

// -- atca-gen-key

// Whether a private slot is free is not to be read from a chip; whether it answers with a key is.
static void show_old_key(atca_t *a, long slot)
{
    uint8_t key[ATCA_PUBLIC];
    char hex[2 * ATCA_PUBLIC + 1];
    lp_fault_t ignored = {.exit = LP_EXIT_OK};
    lp_ui_label("Chip", "%s %s", a->part, a->serial);
    if (get_public(a, slot, key, &ignored) == LP_EXIT_OK) {
        lp_hexline(hex, key, ATCA_PUBLIC);
        lp_ui_out(
            "  slot %ld has the key %.16s...; a new one takes its place where the chip allows "
            "it, and the old one is gone",
            slot, hex);
    } else {
        lp_ui_out("  slot %ld shows no key yet", slot);
    }
}

static lp_exit_t gen_key(atca_t *a, long slot, const char *path, lp_fault_t *f)
{
    uint8_t key[ATCA_PUBLIC];
    cJSON *result = NULL;
    char question[80];
    lp_exit_t rc = atca_open(a, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    show_old_key(a, slot);
    cJSON *params = cJSON_CreateObject();
    cJSON_AddNumberToObject(params, "slot", (double)slot);
    snprintf(question, sizeof question, "Make a key in slot %ld?", slot);
    rc = atca_change(a, "ATCA.GenKey", params, question, &result, f);
    if (rc == LP_EXIT_OK && result != NULL) {
        const bool is_new = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "is_new"));
        if (!atca_take_bytes(result, "pubkey", key, sizeof key)) {
            rc = lp_fault_set(f, LP_EXIT_BOARD, "board-answer", "the answer is no public key");
        } else {
            lp_ui_info("%s", is_new ? "A new key was made; it never leaves the chip."
                                    : "The key of this slot is fixed for ever; this is it.");
            rc = write_public(key, path, f);
            say_public(key, is_new);
        }
    }
    cJSON_Delete(result);
    return rc;
}

int lp_cmd_atca_gen_key(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "atca-gen-key",
        .args = "SLOT [FILE]",
        .summary = "Has a board's crypto chip make a private key and writes its public key.",
        .examples = {"limpet atca-gen-key 1", "limpet atca-gen-key 1 key.pem --dry-run=false",
                     NULL},
        .notes = "A key whose certificate the board has is not replaced: limpet aws-iot-rotate or "
                 "limpet rotate does that.",
        .exit_codes = atca_exits,
        .max_args = 2,
    };
    atca_t a = {.options = {.port = "auto"}, .is_dry_run = true};
    const lp_opt_t opts[] = {ATCA_BOARD_FLAGS(a), ATCA_CHANGE_FLAGS(a)};
    int n_args = 0;
    long slot = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (!atca_slot_parse(help.name, n_args > 0 ? argv[1] : NULL, &slot)) {
        return LP_EXIT_USAGE;
    }
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    return atca_end(&a, gen_key(&a, slot, n_args > 1 ? argv[2] : NULL, &fault), &fault);
}

// -- atca-set-key

typedef struct {
    long slot;
    const char *key_path;
    const char *write_path;
    atca_key_t key;
    atca_key_t write_key;
} keys_t;

static lp_exit_t read_keys(keys_t *k, lp_fault_t *f)
{
    lp_exit_t rc = atca_key_read(k->key_path, &k->key, f);
    if (rc == LP_EXIT_OK && k->write_path != NULL) {
        rc = atca_key_read(k->write_path, &k->write_key, f);
        if (rc == LP_EXIT_OK && (k->write_key.is_private || k->write_key.len != ATCA_SECRET)) {
            rc = lp_fault_set(f, LP_EXIT_USAGE, "usage", "--write-key is a file with 32 bytes");
        }
    }
    return rc;
}

static cJSON *key_params(const atca_t *a, const keys_t *k)
{
    cJSON *params = cJSON_CreateObject();
    cJSON_AddNumberToObject(params, "slot", (double)k->slot);
    cJSON_AddBoolToObject(params, "ecc", k->key.is_private);
    atca_put_bytes(params, "key", k->key.bytes, k->key.len);
    if (k->write_path != NULL) {
        const unsigned slot_config = word(a, 20 + 2 * (size_t)k->slot);
        cJSON_AddNumberToObject(params, "wkslot", slot_config >> 8 & 15u);
        atca_put_bytes(params, "wkey", k->write_key.bytes, k->write_key.len);
    }
    return params;
}

static void show_key(const atca_t *a, const keys_t *k)
{
    const bool is_open = (word(a, 88) >> k->slot & 1u) != 0;
    lp_ui_label("Chip", "%s %s", a->part, a->serial);
    lp_ui_out("  slot %ld (SlotConfig %04x, KeyConfig %04x, %s): %s, written %s", k->slot,
              word(a, 20 + 2 * (size_t)k->slot), word(a, 96 + 2 * (size_t)k->slot),
              is_open ? "open" : "locked",
              k->key.is_private           ? "a private P-256 key"
              : k->key.len == ATCA_PUBLIC ? "a public P-256 key"
                                          : "32 secret bytes",
              k->write_path != NULL ? "encrypted" : "in clear");
}

static lp_exit_t check_written(const keys_t *k, const cJSON *result, lp_fault_t *f)
{
    uint8_t back[ATCA_PUBLIC];
    const cJSON *checked = cJSON_GetObjectItemCaseSensitive(result, "checked");
    const char *how = cJSON_IsString(checked) ? checked->valuestring : "none";
    if (k->key.is_private && strcmp(how, "public") == 0 &&
        (!atca_take_bytes(result, "pubkey", back, sizeof back) ||
         memcmp(back, k->key.public_key, sizeof back) != 0)) {
        return lp_fault_set(f, LP_EXIT_CHIP, "key-check",
                            "the key in the chip is not the one in the file");
    }
    lp_ui_out("Written; %s.", strcmp(how, "public") == 0 ? "its public key is the file's"
                              : strcmp(how, "read") == 0 ? "read back and equal"
                              : strcmp(how, "mac") == 0
                                  ? "the chip proved that it has it"
                                  : "nothing can look at it in this slot yet");
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "checked", how);
    lp_ui_json_tree(line);
    return LP_EXIT_OK;
}

static lp_exit_t set_key(atca_t *a, keys_t *k, lp_fault_t *f)
{
    cJSON *result = NULL;
    char question[80];
    atca_wipe_trees();
    lp_exit_t rc = read_keys(k, f);
    rc = rc == LP_EXIT_OK ? atca_open(a, f) : rc;
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    show_key(a, k);
    snprintf(question, sizeof question, "Write the key to slot %ld of chip %s?", k->slot,
             a->serial);
    rc = atca_change(a, "ATCA.SetKey", key_params(a, k), question, &result, f);
    if (rc == LP_EXIT_OK && result != NULL) {
        rc = check_written(k, result, f);
    }
    cJSON_Delete(result);
    return rc;
}

int lp_cmd_atca_set_key(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "atca-set-key",
        .args = "SLOT FILE",
        .summary = "Writes a key from a file into a slot of a board's crypto chip.",
        .examples = {"limpet atca-set-key 13 firmware-pub.pem",
                     "limpet atca-set-key 0 key.pem --write-key slot4.key --dry-run=false", NULL},
        .notes =
            "FILE holds a P-256 key in PEM, or 32 bytes (raw, hex or base64); - is standard input. "
            "A secret never\nstands on the command line or in the environment, and its file must "
            "be "
            "yours alone (chmod 600).\nA private key is written encrypted only, with the key that "
            "is "
            "in the slot's write key.",
        .exit_codes = atca_exits,
        .max_args = 2,
    };
    atca_t a = {.options = {.port = "auto"}, .is_dry_run = true};
    keys_t keys = {.slot = 0};
    const lp_opt_t opts[] = {
        ATCA_BOARD_FLAGS(a),
        ATCA_CHANGE_FLAGS(a),
        {"write-key", LP_OPT_STR, &keys.write_path, "FILE", "the key of the slot's write key"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (!atca_slot_parse(help.name, n_args > 0 ? argv[1] : NULL, &keys.slot)) {
        return LP_EXIT_USAGE;
    }
    if (n_args != 2) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name the file that has the key", NULL,
                          "limpet atca-set-key --help");
    }
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    keys.key_path = argv[2];
    const lp_exit_t done = set_key(&a, &keys, &fault);
    lp_wipe(&keys.key, sizeof keys.key);
    lp_wipe(&keys.write_key, sizeof keys.write_key);
    return atca_end(&a, done, &fault);
}
