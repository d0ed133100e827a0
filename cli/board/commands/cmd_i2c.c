// SPDX-License-Identifier: Apache-2.0
// limpet i2c, limpet onewire: what is on a board's buses, for somebody who wires a sensor.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "limpet/board_cmd.h"
#include "limpet/cmd.h"
#include "words.h"

enum { FIRST_ADDR = 0x08, LAST_ADDR = 0x77, ADDRESSES = 128, READ_MAX = 64, WRITE_MAX = 36 };

typedef struct {
    lp_board_options_t board;
    bool is_word; // registers of two bytes
} i2c_options_t;

static int usage(const char *what, const char *why)
{
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, why, "limpet i2c --help");
}

// -- the addresses that are the crypto chip's: the board would refuse them as well

// -1: it has none, or does not say.
static int chip_address(lp_board_t *board)
{
    lp_fault_t ignored = {0};
    cJSON *info = NULL;
    int addr = -1;
    if (lp_board_call(board, "Chip.Info", NULL, 0, &info, &ignored) == LP_EXIT_OK) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(info, "addr");
        addr = cJSON_IsNumber(value) ? value->valueint : -1;
    }
    cJSON_Delete(info);
    return addr;
}

static lp_exit_t refuse_chip(lp_board_t *board, long addr, lp_fault_t *f)
{
    if (addr != chip_address(board)) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_CHIP, "i2c-chip", "0x%02lx is the crypto chip", (unsigned long)addr);
    lp_fault_why(f,
                 "bytes from outside could disturb what it is doing; the board refuses them, too");
    lp_fault_next(f, "limpet call Chip.Info, limpet call Identity.Info");
    return LP_EXIT_CHIP;
}

// -- scan

static void mark(const cJSON *found, bool is_there[ADDRESSES])
{
    const cJSON *addr = NULL;
    cJSON_ArrayForEach(addr, found)
    {
        if (cJSON_IsNumber(addr) && addr->valueint >= 0 && addr->valueint < ADDRESSES) {
            is_there[addr->valueint] = true;
        }
    }
}

static void put_table(const bool is_there[ADDRESSES], int chip)
{
    lp_ui_out("     0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f");
    for (int row = 0; row < ADDRESSES; row += 16) {
        char line[64];
        int n = snprintf(line, sizeof line, "%02x:", row);
        for (int addr = row; addr < row + 16; addr++) {
            const char *cell = addr < FIRST_ADDR || addr > LAST_ADDR ? "  " : "--";
            char digits[4];
            if (addr == chip) {
                cell = "CC";
            } else if (is_there[addr]) {
                snprintf(digits, sizeof digits, "%02x", (unsigned)addr & 0x7F);
                cell = digits;
            }
            n += snprintf(line + n, sizeof line - (size_t)n, " %s", cell);
        }
        lp_ui_out("%s", line);
    }
    if (chip >= 0) {
        lp_ui_info("CC at 0x%02x is the crypto chip, which answers only while it is awake",
                   (unsigned)chip);
    }
}

static lp_exit_t scan(lp_board_t *board, lp_fault_t *f)
{
    bool is_there[ADDRESSES] = {false};
    cJSON *found = NULL;
    lp_exit_t rc = lp_board_call(board, "I2C.Scan", NULL, 0, &found, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const int chip = chip_address(board);
    mark(found, is_there);
    put_table(is_there, chip);
    cJSON *result = cJSON_CreateObject();
    cJSON_AddItemToObject(result, "found", found);
    if (chip >= 0) {
        cJSON_AddNumberToObject(result, "chip", chip);
    }
    lp_ui_json_tree(result);
    return LP_EXIT_OK;
}

// -- bytes and registers

static void put_bytes(const char *hex)
{
    char line[3 * READ_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; hex[i] != '\0' && hex[i + 1] != '\0' && n + 4 < sizeof line; i += 2) {
        n += (size_t)snprintf(line + n, sizeof line - n, "%s%.2s", n > 0 ? " " : "", hex + i);
    }
    lp_ui_out("%s", n > 0 ? line : "");
}

static void put_result(cJSON *result, bool is_word)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(result, "value");
    if (cJSON_IsNumber(value)) {
        lp_ui_out(is_word ? "0x%04x" : "0x%02x", (unsigned)value->valueint);
    } else if (words_text(result, "data_hex")[0] != '\0') {
        put_bytes(words_text(result, "data_hex"));
    } else {
        lp_ui_out("written");
    }
    lp_ui_json_tree(result);
}

// One of the calls; what its words are called, and how large they may be.
typedef struct {
    const char *name, *method, *word_method;
    const char *args[3]; // of numbers, behind the address; null-ended
    bool has_data;       // hex digits instead
} call_t;

static const call_t calls[] = {
    {"read", "I2C.Read", NULL, {"len"}, false},
    {"write", "I2C.Write", NULL, {NULL}, true},
    {"readreg", "I2C.ReadRegB", "I2C.ReadRegW", {"reg"}, false},
    {"writereg", "I2C.WriteRegB", "I2C.WriteRegW", {"reg", "value"}, false},
};

static long most_of(const char *arg, bool is_word)
{
    if (strcmp(arg, "len") == 0) {
        return READ_MAX;
    }
    return strcmp(arg, "value") == 0 && is_word ? 0xFFFF : 0xFF;
}

static bool is_hex(const char *word)
{
    size_t len = strlen(word);
    return len > 0 && len % 2 == 0 && len <= 2 * (size_t)WRITE_MAX &&
           strspn(word, "0123456789abcdefABCDEF") == len;
}

// The words behind the address as parameters. False: one is wrong, `why` says which.
static bool take_words(const call_t *c, bool is_word, int n, char **words, cJSON *params, char *why,
                       size_t cap)
{
    int i = 0;
    for (; c->args[i] != NULL; i++) {
        long value = 0;
        const long most = most_of(c->args[i], is_word);
        if (i >= n || !words_number(words[i], most, &value)) {
            snprintf(why, cap, "%s: a number up to 0x%lx is needed", c->args[i],
                     (unsigned long)most);
            return false;
        }
        cJSON_AddNumberToObject(params, c->args[i], (double)value);
    }
    if (c->has_data) {
        if (i >= n || !is_hex(words[i])) {
            snprintf(why, cap, "the bytes to write: 1 to %d as hex digits", WRITE_MAX);
            return false;
        }
        cJSON_AddStringToObject(params, "data_hex", words[i++]);
    }
    snprintf(why, cap, "there are more words than %s takes", c->name);
    return i == n;
}

static lp_exit_t call(const i2c_options_t *o, const call_t *c, long addr, cJSON *params,
                      lp_fault_t *f)
{
    lp_board_t *board = NULL;
    cJSON *result = NULL;
    const char *method = o->is_word && c->word_method != NULL ? c->word_method : c->method;
    lp_exit_t rc = lp_board_open(&o->board, &board, f);
    if (rc == LP_EXIT_OK) {
        rc = refuse_chip(board, addr, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = lp_board_call(board, method, params, 0, &result, f);
    } else {
        cJSON_Delete(params);
    }
    lp_board_close(board);
    if (rc == LP_EXIT_OK) {
        put_result(result, o->is_word);
    }
    return rc;
}

static int run_call(const i2c_options_t *o, const call_t *c, int n, char **words)
{
    lp_fault_t fault = {0};
    char why[100] = "";
    long addr = 0;
    if (n < 1 || !words_number(words[0], LAST_ADDR, &addr) || addr < FIRST_ADDR) {
        return usage("an address from 0x08 to 0x77 is needed", NULL);
    }
    cJSON *params = cJSON_CreateObject();
    cJSON_AddNumberToObject(params, "addr", (double)addr);
    if (!take_words(c, o->is_word, n - 1, words + 1, params, why, sizeof why)) {
        cJSON_Delete(params);
        return usage("that is not understood", why);
    }
    return call(o, c, addr, params, &fault) == LP_EXIT_OK ? LP_EXIT_OK : lp_fault_print(&fault);
}

static int run_scan(const i2c_options_t *o)
{
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    lp_exit_t rc = lp_board_open(&o->board, &board, &fault);
    if (rc == LP_EXIT_OK) {
        rc = scan(board, &fault);
    }
    return lp_board_end(board, rc, &fault);
}

static int run(const i2c_options_t *o, int n, char **words)
{
    lp_interrupt_catch();
    if (n == 0 || (n == 1 && strcmp(words[0], "scan") == 0)) {
        return run_scan(o);
    }
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(words[0], calls[i].name) == 0) {
            return run_call(o, &calls[i], n - 1, words + 1);
        }
    }
    return usage("that is none of scan, read, write, readreg, writereg", NULL);
}

int lp_cmd_i2c(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_CHIP, LP_EXIT_LOCAL, LP_EXIT_BOARD, 0};
    static const lp_help_t help = {
        .name = "i2c",
        .args =
            "[scan | read ADDR LEN | write ADDR HEX | readreg ADDR REG | writereg ADDR REG VALUE]",
        .summary = "Shows who is on a board's I2C bus, and reads and writes bytes and registers.",
        .examples = {"limpet i2c", "limpet i2c readreg 0x76 0xd0", "limpet i2c write 0x44 2400",
                     NULL},
        .notes = "Numbers are decimal, or with 0x. The crypto chip is left alone: its bytes are "
                 "refused here and\non the board.",
        .exit_codes = exits,
        .max_args = 4,
    };
    i2c_options_t o = {.board = {.port = "auto"}};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS(o.board),
        {"word", LP_OPT_BOOL, &o.is_word, NULL, "registers of two bytes, the high one first"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    return rc == LP_OPT_GO_ON ? run(&o, n_args, argv + 1) : rc;
}

// -- one-wire

static const char *family_of(const char *rom)
{
    static const struct {
        const char *code, *name;
    } families[] = {{"28", "DS18B20"}, {"22", "DS1822"}, {"10", "DS18S20"}, {"01", "DS2401"},
                    {"26", "DS2438"},  {"2d", "DS2431"}, {"3a", "DS2413"}};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        if (strncmp(rom, families[i].code, 2) == 0) {
            return families[i].name;
        }
    }
    return "";
}

static int run_search(const lp_board_options_t *options)
{
    lp_fault_t fault = {0};
    cJSON *found = NULL;
    const cJSON *rom = NULL;
    const lp_exit_t rc = lp_board_call_once(options, "OneWire.Search", NULL, 0, &found, &fault);
    if (rc != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    cJSON_ArrayForEach(rom, found)
    {
        const char *digits = cJSON_IsString(rom) ? rom->valuestring : "";
        lp_ui_out("%s  %s", digits, family_of(digits));
    }
    if (cJSON_GetArraySize(found) == 0) {
        lp_ui_info("nobody is on the wire");
    }
    cJSON *result = cJSON_CreateObject();
    cJSON_AddItemToObject(result, "found", found);
    lp_ui_json_tree(result);
    return LP_EXIT_OK;
}

int lp_cmd_onewire(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "onewire",
        .args = "[scan]",
        .summary = "Shows the numbers of the parts on a board's one-wire bus.",
        .examples = {"limpet onewire", "limpet onewire scan --json", NULL},
        .exit_codes = lp_board_exits,
        .max_args = 1,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS(options),
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args == 1 && strcmp(argv[1], "scan") != 0) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "onewire only scans", NULL,
                          "limpet onewire --help");
    }
    return run_search(&options);
}
