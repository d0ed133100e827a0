// SPDX-License-Identifier: Apache-2.0
// What went wrong with a board, in words: no answer, no board, a refusal.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "board_private.h"

lp_exit_t lp_board_fail_no_answer(const lp_board_t *b, const char *method, lp_fault_t *f)
{
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    if (b->is_gone) {
        lp_fault_set(f, LP_EXIT_BOARD, "board-lost", "the board went away during %s", method);
        lp_fault_why(f, "the line %s was closed", b->where);
        if (b->line.is_shared) {
            lp_fault_why(f, "the limpet that shared it has ended, or lost the board; whether "
                            "this was still done is not known");
        }
        if (b->wire != NULL && b->wire->trouble[0] != '\0') {
            lp_fault_why(f, "%s", b->wire->trouble);
        }
    } else if (b->n_damaged > 0) {
        lp_fault_set(f, LP_EXIT_BOARD, "board-garbled", "the board's answers to %s arrive damaged",
                     method);
        lp_fault_why(f, "%u frames failed their checksum or are not JSON", b->n_damaged);
    } else {
        lp_fault_set(f, LP_EXIT_BOARD, "board-timeout", "the board did not answer %s in time",
                     method);
    }
    if (b->last_log[0] != '\0') {
        lp_fault_why(f, "its last log line: %s", b->last_log);
    }
    lp_fault_next(f, "check cable and power, then run the same command again");
    return f->exit;
}

static void copy_string(char *to, size_t cap, const cJSON *item)
{
    snprintf(to, cap, "%s", cJSON_IsString(item) ? item->valuestring : "");
}

// What to do about a refusal, by what the board calls it.
static void next_step(const lp_board_t *b, const char *method, lp_fault_t *f)
{
    static const struct {
        const char *name;
        const char *methods; // "": of all
        const char *next;
    } rows[] = {
        {"LP_E_NOT_FOUND", "Config.", "limpet config-get lists what there is"},
        {"LP_E_INVALID", "Config.", "limpet config-get --schema says what each setting takes"},
        {"LP_E_RANGE", "Config.", "limpet config-get --schema says what each setting takes"},
        {"LP_E_INVALID", "", "limpet call RPC.Describe '{\"name\":\"METHOD\"}' says what it takes"},
        {"LP_E_DENIED", "", "over a network a role says who may what; the serial port may more"},
        {"LP_E_BUSY", "", "wait a moment, then run the same command again"},
        {"LP_E_CHIP_MISSING", "", "limpet doctor looks at the chip and its wires"},
    };
    if (b->error.code == 404) {
        lp_fault_next(f, "this firmware does not know the method: limpet call RPC.List");
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && f->next[0] == '\0'; i++) {
        if (strcmp(b->error.name, rows[i].name) == 0 &&
            strncmp(method, rows[i].methods, strlen(rows[i].methods)) == 0) {
            lp_fault_next(f, "%s", rows[i].next);
        }
    }
}

lp_exit_t lp_board_take_error(lp_board_t *b, const char *method, const cJSON *error, lp_fault_t *f)
{
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(error, "code");
    b->error.code = cJSON_IsNumber(code) ? code->valueint : -1;
    copy_string(b->error.name, sizeof b->error.name,
                cJSON_GetObjectItemCaseSensitive(error, "name"));
    copy_string(b->error.message, sizeof b->error.message,
                cJSON_GetObjectItemCaseSensitive(error, "message"));
    lp_fault_set(f, LP_EXIT_BOARD, "board-refused", "the board refused %s", method);
    lp_fault_why(f, "%s%s%s", b->error.message, b->error.name[0] != '\0' ? ", " : "",
                 b->error.name);
    if (b->error.code == 401 || b->error.code == 429) {
        lp_fault_set(f, LP_EXIT_CREDENTIALS, "board-login-refused", "the board does not let %s in",
                     b->login.user);
        lp_fault_why(f, "%s", b->error.code == 429 ? b->error.message : "the password is wrong");
        lp_fault_next(f, "a new password, at its UART: limpet auth-set %s --role ROLE",
                      b->login.user);
    }
    next_step(b, method, f);
    return f->exit;
}

lp_exit_t lp_board_fail_silent(const lp_board_t *b, int waited_ms, lp_fault_t *f)
{
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    if (b->wire != NULL && b->wire->trouble[0] != '\0') {
        return lp_wire_fail(f, b->where, b->wire->trouble);
    }
    if (b->is_gone) {
        return lp_board_fail_no_answer(b, "RPC.Ping", f);
    }
    if (b->n_received == 0) {
        lp_fault_set(f, LP_EXIT_BOARD, "board-silent", "the board on %s says nothing", b->where);
        lp_fault_why(f, "asked for %d s and not one byte came back", waited_ms / 1000);
        lp_fault_next(f, "press its reset button; check that Limpet's firmware is on it and that "
                         "this is the right port (limpet devices)");
        return f->exit;
    }
    lp_fault_set(f, LP_EXIT_BOARD, "board-no-rpc", "what is on %s does not speak Limpet's RPC",
                 b->where);
    lp_fault_why(f, "%llu bytes came, none of them an answer%s%s",
                 (unsigned long long)b->n_received, b->last_log[0] != '\0' ? "; last line: " : "",
                 b->last_log);
    lp_fault_next(f, "flash Limpet's firmware, or give the right speed with --baud");
    return f->exit;
}
