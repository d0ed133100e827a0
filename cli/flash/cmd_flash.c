// SPDX-License-Identifier: Apache-2.0
// limpet flash: firmware onto a board.
#include <cjson/cJSON.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flash.h"
#include "limpet/cmd.h"
#include "limpet/hexline.h"
#include "limpet/opt.h"

const int flash_exits[] = {LP_EXIT_DECLINED, LP_EXIT_LOCAL, LP_EXIT_BOARD, LP_EXIT_INTERRUPTED, 0};

typedef struct {
    const char *path;
    const char *app;
    flash_rom_t rom;
    bool is_erased;
    bool is_yes;
    uint8_t *image;
    size_t len;
} flash_job_t;

static lp_exit_t check(const flash_job_t *j, size_t room, lp_fault_t *f)
{
    char why[160] = "";
    if (flash_image_fits(j->rom.target, j->image, j->len, room, why, sizeof why)) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_LOCAL, "flash-image", "%.200s is not for %s; nothing was touched",
                 j->path, flash_target_name(j->rom.target));
    lp_fault_why(f, "%s", why);
    lp_fault_next(f, "limpet build --board %s, or name another board with --board",
                  flash_target_is_chip(j->rom.target) ? "BOARD" : flash_target_name(j->rom.target));
    return f->exit;
}

static lp_exit_t ask_to_erase(const flash_job_t *j, lp_fault_t *f)
{
    if (!j->is_erased) {
        return LP_EXIT_OK;
    }
    f->exit = LP_EXIT_OK;
    return lp_ui_ask("--erase takes settings, files and the certificate of this board away. Go "
                     "ahead?",
                     j->is_yes);
}

static lp_exit_t flash_virtual(flash_job_t *j, lp_fault_t *f)
{
    flash_place_t place;
    int lock = -1;
    lp_exit_t rc = flash_place_find(j->app, j->rom.target, &place, f);
    rc = rc == LP_EXIT_OK ? flash_place_lock(&place, &lock, f) : rc;
    rc = rc == LP_EXIT_OK ? ask_to_erase(j, f) : rc;
    rc = rc == LP_EXIT_OK ? flash_place_write(&place, j->image, j->len, f) : rc;
    if (rc == LP_EXIT_OK && j->is_erased && lock >= 0 && ftruncate(lock, 0) != 0) {
        rc = lp_fault_set(f, LP_EXIT_LOCAL, "file-write", "the settings could not be erased");
    }
    if (lock >= 0) {
        close(lock);
    }
    return rc;
}

static lp_exit_t flash_chip(flash_job_t *j, lp_fault_t *f)
{
    size_t bytes = 0;
    const size_t skip =
        j->rom.target == FLASH_STM32 ? (size_t)j->rom.at - 0x08000000u : (size_t)j->rom.at;
    lp_exit_t rc = flash_rom_look(&j->rom, &bytes, f);
    if (rc == LP_EXIT_OK && bytes != 0) {
        rc = check(j, bytes > skip ? bytes - skip : 1, f); // now it is known
    }
    rc = rc == LP_EXIT_OK ? ask_to_erase(j, f) : rc;
    j->rom.is_whole = j->is_erased;
    return rc == LP_EXIT_OK ? flash_rom_write(&j->rom, j->path, j->len, f) : rc;
}

static void say_done(const flash_job_t *j)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char hex[2 * SHA256_DIGEST_LENGTH + 1];
    SHA256(j->image, j->len, digest);
    lp_hexline(hex, digest, sizeof digest);
    lp_ui_out("%zu bytes written to %s and verified (SHA-256 %.16s...); %s", j->len,
              flash_target_name(j->rom.target), hex,
              j->is_erased ? "everything else was erased" : "settings and identity stay");
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "board", flash_target_name(j->rom.target));
    cJSON_AddNumberToObject(line, "bytes", (double)j->len);
    cJSON_AddStringToObject(line, "sha256", hex);
    cJSON_AddBoolToObject(line, "erased", j->is_erased);
    lp_ui_json_tree(line);
}

static int run(flash_job_t *j)
{
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_interrupt_catch();
    j->image = flash_read_file(j->path, &j->len, &fault);
    lp_exit_t rc = j->image != NULL ? check(j, 0, &fault) : fault.exit;
    if (rc == LP_EXIT_OK) {
        rc = flash_target_is_chip(j->rom.target) ? flash_chip(j, &fault) : flash_virtual(j, &fault);
    }
    if (rc == LP_EXIT_OK) {
        say_done(j);
    }
    free(j->image);
    return rc != LP_EXIT_OK && fault.exit != LP_EXIT_OK ? lp_fault_print(&fault) : (int)rc;
}

static int fail_usage(const char *what, const char *why, const char *next)
{
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, why, next);
}

// How the chip is reached.
static int check_way(const flash_rom_t *rom, const char *path)
{
    const bool is_swd = strcmp(rom->via, "swd") == 0;
    if ((is_swd && rom->target != FLASH_STM32) || (!is_swd && strcmp(rom->via, "serial") != 0)) {
        return fail_usage("--via is serial, or swd for an STM32", NULL, "limpet flash --help");
    }
    if (is_swd && strpbrk(path, "{}[]$;\"\\") != NULL) {
        return fail_usage("openocd would take parts of this name for commands", NULL,
                          "give the file a plainer name");
    }
    if (strcmp(rom->mode, "8e1") != 0 && strcmp(rom->mode, "8n1") != 0) {
        return fail_usage("--mode is 8e1 or 8n1", NULL, "limpet flash --help");
    }
    if (!is_swd && flash_target_is_chip(rom->target) && strcmp(rom->port, "auto") == 0) {
        return fail_usage("which port? --port /dev/ttyUSB0",
                          "a chip in its boot loader does not say who it is", "limpet ports");
    }
    return LP_OPT_GO_ON;
}

// Where it goes by itself.
static int complete(flash_rom_t *rom)
{
    if (rom->at < 0) {
        rom->at = rom->target == FLASH_STM32   ? 0x08000000
                  : rom->target == FLASH_ESP32 ? 0x10000
                                               : 0;
    }
    if (rom->target == FLASH_STM32 && rom->at < 0x08000000) {
        return fail_usage("--at of an STM32 begins at 0x08000000", NULL, "limpet flash --help");
    }
    return LP_OPT_GO_ON;
}

int lp_cmd_flash(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "flash",
        .args = "FILE",
        .summary = "Writes a firmware image to a board, and verifies it.",
        .examples = {"limpet flash my-sensor --app my-sensor --board posix",
                     "limpet flash fw.bin --board stm32 --port /dev/ttyUSB0", NULL},
        .notes =
            "posix, qemu-mps2 and qemu-lx106 are boards of limpet run, in the folder of their "
            "application.\nesp8266 and esp32 are written with esptool, stm32 with stm32flash, or "
            "with openocd (--via swd).\nWhether the image is for the board is looked at before "
            "anything is touched. Settings and\nidentity stay, unless --erase.",
        .exit_codes = flash_exits,
        .max_args = 1,
    };
    const char *board = "";
    flash_job_t j = {.app = ".",
                     .rom = {.port = "auto",
                             .via = "serial",
                             .openocd = "stm32f1x",
                             .mode = "8e1",
                             .baud = 115200,
                             .at = -1}};
    const lp_opt_t opts[] = {
        {"board", LP_OPT_STR, &board, "posix|qemu-mps2|qemu-lx106|esp8266|esp32|stm32",
         "what it is written to"},
        {"app", LP_OPT_STR, &j.app, "DIR", "folder of the application whose board it is (here)"},
        {"port", LP_OPT_STR, &j.rom.port, "PORT", "serial port of the chip's boot loader"},
        {"baud", LP_OPT_INT, &j.rom.baud, "RATE", "its speed (115200)"},
        {"mode", LP_OPT_STR, &j.rom.mode, "8e1|8n1", "parity of an STM32's boot loader (8e1)"},
        {"via", LP_OPT_STR, &j.rom.via, "serial|swd", "how an STM32 is reached (serial)"},
        {"openocd-target", LP_OPT_STR, &j.rom.openocd, "NAME", "for --via swd (stm32f1x)"},
        {"at", LP_OPT_INT, &j.rom.at, "OFFSET",
         "where it goes (esp8266 0, esp32 0x10000, stm32 0x8000000)"},
        {"erase", LP_OPT_BOOL, &j.is_erased, NULL, "erase settings, files and identity, too"},
        {"yes", LP_OPT_BOOL, &j.is_yes, NULL, "do not ask"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args != 1 || !flash_target_parse(board, &j.rom.target)) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage",
                          n_args != 1 ? "name the image to write" : "which board? --board BOARD",
                          "posix, qemu-mps2, qemu-lx106, esp8266, esp32 or stm32",
                          "limpet flash --help");
    }
    rc = check_way(&j.rom, argv[1]);
    rc = rc == LP_OPT_GO_ON ? complete(&j.rom) : rc;
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    j.path = argv[1];
    return run(&j);
}
