// SPDX-License-Identifier: Apache-2.0
// limpet flash-read, flash-write: bytes of a board's flash, as they are.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flash.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"

typedef struct {
    const char *board;
    const char *app;
    const char *path;
    flash_rom_t rom;
    long offset;
    long len;
    bool is_yes;
} area_t;

static lp_exit_t fail(const char *path, const char *code, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, code, "%.200s cannot be used", path);
    lp_fault_why(f, "%s", why);
    return f->exit;
}

static lp_exit_t open_place(const area_t *a, flash_place_t *place, int *fd, off_t *size,
                            lp_fault_t *f)
{
    struct stat st;
    lp_exit_t rc = flash_place_find(a->app, a->rom.target, place, f);
    rc = rc == LP_EXIT_OK ? flash_place_lock(place, fd, f) : rc;
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (*fd < 0 || fstat(*fd, &st) != 0) {
        return fail(place->flash, "file-open", "this board never ran, so it has no flash yet", f);
    }
    *size = st.st_size;
    return LP_EXIT_OK;
}

static lp_exit_t fail_range(const area_t *a, off_t size, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_USAGE, "usage", "the flash has no %ld bytes at 0x%lx", a->len,
                 a->offset);
    lp_fault_why(f, "it has %lld bytes", (long long)size);
    return f->exit;
}

static lp_exit_t read_virtual(area_t *a, lp_fault_t *f)
{
    flash_place_t place;
    int fd = -1;
    off_t size = 0;
    lp_exit_t rc = open_place(a, &place, &fd, &size, f);
    a->len = a->len > 0 ? a->len : (long)size - a->offset;
    if (rc == LP_EXIT_OK && (a->offset > size || a->len > size - a->offset || a->len <= 0)) {
        rc = fail_range(a, size, f);
    }
    uint8_t *bytes = rc == LP_EXIT_OK ? malloc((size_t)a->len) : NULL;
    const int out =
        bytes != NULL ? open(a->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (rc == LP_EXIT_OK && (out < 0 || pread(fd, bytes, (size_t)a->len, a->offset) != a->len ||
                             write(out, bytes, (size_t)a->len) != a->len || fsync(out) != 0)) {
        rc = fail(a->path, "file-write", strerror(errno), f);
    }
    if (out >= 0) {
        close(out);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(bytes);
    return rc;
}

static lp_exit_t write_virtual(area_t *a, const uint8_t *bytes, lp_fault_t *f)
{
    flash_place_t place;
    int fd = -1;
    off_t size = 0;
    uint8_t *back = malloc((size_t)a->len + 1);
    lp_exit_t rc = open_place(a, &place, &fd, &size, f);
    if (rc == LP_EXIT_OK && (a->offset > size || a->len > size - a->offset)) {
        rc = fail_range(a, size, f);
    }
    if (rc == LP_EXIT_OK &&
        (back == NULL || pwrite(fd, bytes, (size_t)a->len, a->offset) != a->len || fsync(fd) != 0 ||
         pread(fd, back, (size_t)a->len, a->offset) != a->len ||
         memcmp(back, bytes, (size_t)a->len) != 0)) {
        rc = fail(place.flash, "file-write", strerror(errno), f);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(back);
    return rc;
}

static lp_exit_t read_area(area_t *a, lp_fault_t *f)
{
    size_t bytes = 0;
    if (!flash_target_is_chip(a->rom.target)) {
        return read_virtual(a, f);
    }
    lp_exit_t rc = flash_rom_look(&a->rom, &bytes, f);
    a->len = a->len > 0 ? a->len : (long)bytes;
    return rc == LP_EXIT_OK ? flash_rom_read(&a->rom, a->path, (size_t)a->len, f) : rc;
}

static lp_exit_t write_area(area_t *a, lp_fault_t *f)
{
    size_t len = 0;
    size_t bytes_there = 0;
    uint8_t *bytes = flash_read_file(a->path, &len, f);
    lp_exit_t rc = bytes != NULL ? LP_EXIT_OK : f->exit;
    a->len = (long)len;
    if (rc == LP_EXIT_OK) {
        f->exit = LP_EXIT_OK;
        rc = lp_ui_ask("What is in this area of the flash, settings and identity maybe, is lost. "
                       "Go ahead?",
                       a->is_yes);
    }
    if (rc == LP_EXIT_OK && flash_target_is_chip(a->rom.target)) {
        rc = flash_rom_look(&a->rom, &bytes_there, f);
        rc = rc == LP_EXIT_OK ? flash_rom_write(&a->rom, a->path, len, f) : rc;
    } else if (rc == LP_EXIT_OK) {
        rc = write_virtual(a, bytes, f);
    }
    free(bytes);
    return rc;
}

static int end(const area_t *a, const char *what, lp_exit_t rc, const lp_fault_t *f)
{
    if (rc == LP_EXIT_OK) {
        lp_ui_out("%ld bytes at 0x%lx %s", a->len, a->offset, what);
        lp_ui_json("{\"ok\":true}");
        return LP_EXIT_OK;
    }
    return f->exit != LP_EXIT_OK ? lp_fault_print(f) : (int)rc;
}

static bool parse_number(const char *text, long *out)
{
    char *last = NULL;
    errno = 0;
    *out = strtol(text, &last, 0);
    return errno == 0 && text[0] != '\0' && *last == '\0' && *out >= 0;
}

static int fail_usage(const char *command)
{
    char next[64];
    snprintf(next, sizeof next, "limpet %s --help", command);
    return lp_ui_fail(LP_EXIT_USAGE, "usage", "offsets and lengths, a file and --board are needed",
                      "chips need --port, too", next);
}

#define AREA_FLAGS(a)                                                                              \
    {"board", LP_OPT_STR, &(a).board, "posix|qemu-mps2|qemu-lx106|esp8266|esp32|stm32",            \
     "whose flash"},                                                                               \
        {"app", LP_OPT_STR, &(a).app, "DIR",                                                       \
         "folder of the application whose board it is (here)"},                                    \
        {"port", LP_OPT_STR, &(a).rom.port, "PORT", "serial port of the chip's boot loader"},      \
        {"baud", LP_OPT_INT, &(a).rom.baud, "RATE", "its speed (115200)"},                         \
    {                                                                                              \
        "mode", LP_OPT_STR, &(a).rom.mode, "8e1|8n1", "parity of an STM32's boot loader (8e1)"     \
    }

static const area_t fresh = {
    .board = "",
    .app = ".",
    .rom = {.port = "auto", .via = "serial", .mode = "8e1", .baud = 115200}};

// Whether everything is said; the address of an STM32 counts from 0, too.
static bool is_complete(area_t *a)
{
    if (!flash_target_parse(a->board, &a->rom.target) ||
        (flash_target_is_chip(a->rom.target) && strcmp(a->rom.port, "auto") == 0)) {
        return false;
    }
    a->rom.at =
        a->rom.target == FLASH_STM32 && a->offset < 0x08000000 ? a->offset + 0x08000000 : a->offset;
    return true;
}

int lp_cmd_flash_read(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "flash-read",
        .args = "[OFFSET LENGTH] FILE",
        .summary = "Reads a board's flash, or a part of it, into a file.",
        .examples = {"limpet flash-read flash.bin --board posix",
                     "limpet flash-read 0 0x1000 boot.bin --board stm32 --port /dev/ttyUSB0", NULL},
        .notes = "The file may have secrets in it (a software key): it is made for you alone.",
        .exit_codes = flash_exits,
        .max_args = 3,
    };
    area_t a = fresh;
    const lp_opt_t opts[] = {AREA_FLAGS(a)};
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    const bool has_area = n_args == 3 && parse_number(argv[1], &a.offset) &&
                          parse_number(argv[2], &a.len) && a.len > 0;
    if ((n_args != 1 && !has_area) || !is_complete(&a)) {
        return fail_usage(help.name);
    }
    a.path = argv[n_args];
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_interrupt_catch();
    (void)umask(077);
    return end(&a, "read", read_area(&a, &fault), &fault);
}

int lp_cmd_flash_write(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "flash-write",
        .args = "OFFSET FILE",
        .summary = "Writes a file to a place in a board's flash, as it is.",
        .examples = {"limpet flash-write 0 flash.bin --board posix",
                     "limpet flash-write 0x3c000 area.bin --board esp8266 --port /dev/ttyUSB0",
                     NULL},
        .notes = "Nothing looks at what is written: limpet flash does, for firmware.",
        .exit_codes = flash_exits,
        .max_args = 2,
    };
    area_t a = fresh;
    const lp_opt_t opts[] = {AREA_FLAGS(a), {"yes", LP_OPT_BOOL, &a.is_yes, NULL, "do not ask"}};
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args != 2 || !parse_number(argv[1], &a.offset) || !is_complete(&a)) {
        return fail_usage(help.name);
    }
    a.path = argv[2];
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_interrupt_catch();
    return end(&a, "written and read back", write_area(&a, &fault), &fault);
}
