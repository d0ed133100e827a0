// SPDX-License-Identifier: Apache-2.0
// Chips: stm32flash, esptool and openocd do the talking. What they print is watched for the
// progress and for what they found; what they say last is shown when they fail.
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flash.h"

enum { ARGS_MAX = 24, LOG_MAX = 16384, ARG_LEN = 96, POLL_MS = 200 };

typedef struct {
    char *argv[ARGS_MAX + 1];
    char text[ARGS_MAX][FLASH_PATH];
    int n;
    const char *doing; // for the progress; null: none
    char log[LOG_MAX];
    size_t len;
    unsigned percent;
} job_t;

static void add(job_t *j, const char *word)
{
    if (j->n < ARGS_MAX) {
        snprintf(j->text[j->n], sizeof j->text[0], "%s", word);
        j->argv[j->n] = j->text[j->n];
        j->argv[++j->n] = NULL;
    }
}

static void add_number(job_t *j, const char *fmt, long number)
{
    char text[ARG_LEN];
    snprintf(text, sizeof text, strcmp(fmt, "hex") == 0 ? "0x%lx" : "%ld", number);
    add(j, text);
}

// "(12 %)", "(12.34%)"
static void watch_progress(job_t *j)
{
    for (size_t i = j->len; j->doing != NULL && i > 0; i--) {
        if (j->log[i - 1] == '(' && isdigit((unsigned char)j->log[i])) {
            char *end = NULL;
            const double percent = strtod(j->log + i, &end);
            end += strspn(end, " ");
            if (*end == '%' && percent >= j->percent && percent <= 100) {
                j->percent = (unsigned)percent;
                lp_ui_progress(j->doing, j->percent, 100);
            }
            return;
        }
    }
}

static void take(job_t *j, const char *bytes, size_t n)
{
    if (j->len + n >= LOG_MAX) { // the newest counts
        const size_t keep = LOG_MAX / 2 < j->len ? LOG_MAX / 2 : j->len;
        memmove(j->log, j->log + j->len - keep, keep);
        j->len = keep;
    }
    memcpy(j->log + j->len, bytes, n);
    j->len += n;
    j->log[j->len] = '\0';
    watch_progress(j);
}

static pid_t start(job_t *j, int *from)
{
    int fds[2];
    if (pipe(fds) != 0) {
        return -1;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        signal(SIGPIPE, SIG_DFL);
        dup2(fds[1], STDOUT_FILENO);
        dup2(fds[1], STDERR_FILENO);
        close(fds[0]);
        execvp(j->argv[0], j->argv);
        _exit(127);
    }
    close(fds[1]);
    *from = fds[0];
    return pid;
}

// Runs it to its end; Ctrl-C ends it. The exit code; 127: there is no such program.
static int run(job_t *j)
{
    char bytes[512];
    int from = -1;
    int status = 0;
    bool is_told = false;
    const pid_t pid = start(j, &from);
    if (pid < 0) {
        return 127;
    }
    for (;;) {
        struct pollfd p = {.fd = from, .events = POLLIN};
        if (lp_interrupt_seen() && !is_told) {
            kill(-pid, SIGTERM);
            is_told = true;
        }
        if (poll(&p, 1, POLL_MS) > 0) {
            const ssize_t n = read(from, bytes, sizeof bytes);
            if (n <= 0) {
                break;
            }
            take(j, bytes, (size_t)n);
        }
    }
    close(from);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

// The last line that says something.
static void last_line(job_t *j, char *out, size_t cap)
{
    while (j->len > 0 && isspace((unsigned char)j->log[j->len - 1])) {
        j->log[--j->len] = '\0';
    }
    const char *newline = strrchr(j->log, '\n');
    const char *line = newline != NULL ? newline + 1 : j->log;
    const char *redrawn = strrchr(line, '\r');
    snprintf(out, cap, "%.200s", redrawn != NULL ? redrawn + 1 : line);
}

static lp_exit_t fail(job_t *j, int status, bool is_begun, lp_fault_t *f)
{
    char line[256];
    if (status == 127) {
        lp_fault_set(f, LP_EXIT_LOCAL, "flash-tool", "%s is not installed", j->argv[0]);
        lp_fault_next(f, "sudo apt install %s; then run the same command again",
                      strcmp(j->argv[0], "openocd") == 0      ? "openocd"
                      : strcmp(j->argv[0], "stm32flash") == 0 ? "stm32flash"
                                                              : "esptool");
        return f->exit;
    }
    last_line(j, line, sizeof line);
    if (lp_interrupt_seen()) {
        lp_fault_interrupted(f);
    } else {
        lp_fault_set(f, LP_EXIT_BOARD, is_begun ? "flash-failed" : "flash-no-loader",
                     is_begun ? "the firmware was not written" : "no boot loader answers");
        lp_fault_why(f, "%s: %s", j->argv[0], line);
    }
    if (is_begun) {
        lp_fault_why(f, "the board may not start until it is written whole; its boot loader is in "
                        "ROM and stays");
        lp_fault_next(f, "bring it to its boot loader and run the same command again");
    } else {
        lp_fault_next(f, "bring the board to its boot loader (BOOT0 or GPIO0 and reset), check "
                         "port and cable");
    }
    return f->exit;
}

// -- what each of them is told

static void begin_stm32(job_t *j, const flash_rom_t *r)
{
    add(j, "stm32flash");
    add(j, "-b");
    add_number(j, "dec", r->baud);
    add(j, "-m");
    add(j, r->mode);
}

static void begin_esp(job_t *j, const flash_rom_t *r)
{
    add(j, "esptool");
    add(j, "--chip");
    add(j, flash_target_name(r->target));
    add(j, "--port");
    add(j, r->port);
    add(j, "--baud");
    add_number(j, "dec", r->baud);
}

static void begin_openocd(job_t *j, const flash_rom_t *r)
{
    char target[ARG_LEN];
    snprintf(target, sizeof target, "target/%.40s.cfg", r->openocd);
    add(j, "openocd");
    add(j, "-f");
    add(j, "interface/stlink.cfg");
    add(j, "-f");
    add(j, target);
    add(j, "-c");
}

static bool is_swd(const flash_rom_t *r)
{
    return strcmp(r->via, "swd") == 0;
}

// "- Flash      : Up to 128KiB"; esptool: "Detected flash size: 4MB"
static size_t size_in(const char *log)
{
    const char *stm = strstr(log, "Flash      : Up to ");
    const char *esp = strstr(log, "Detected flash size: ");
    if (stm != NULL) {
        return strtoul(stm + strlen("Flash      : Up to "), NULL, 10) * 1024;
    }
    if (esp == NULL) {
        return 0;
    }
    char *end = NULL;
    const size_t n = strtoul(esp + strlen("Detected flash size: "), &end, 10);
    return strncmp(end, "KB", 2) == 0 ? n << 10 : n << 20;
}

// These programs know nothing of the lock that a console or page of this tool has on a port, and
// would read half of what the boot loader says.
static bool is_free(const flash_rom_t *rom)
{
    const int fd = open(rom->port, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    const bool is_taken = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0) {
        close(fd);
    }
    return !is_taken;
}

lp_exit_t flash_rom_look(const flash_rom_t *rom, size_t *flash_bytes, lp_fault_t *f)
{
    static job_t j;
    memset(&j, 0, sizeof j);
    if (!is_swd(rom) && !is_free(rom)) {
        lp_fault_set(f, LP_EXIT_LOCAL, "port-busy", "%s is in use by another program", rom->port);
        lp_fault_next(f,
                      "end limpet console there, or let go of the port in limpet ui, then run the "
                      "same command again");
        return f->exit;
    }
    if (is_swd(rom)) {
        begin_openocd(&j, rom);
        add(&j, "init; reset halt; flash banks; exit");
    } else if (rom->target == FLASH_STM32) {
        begin_stm32(&j, rom);
        add(&j, rom->port);
    } else {
        begin_esp(&j, rom);
        add(&j, "flash_id");
    }
    const int status = run(&j);
    *flash_bytes = size_in(j.log);
    return status == 0 ? LP_EXIT_OK : fail(&j, status, false, f);
}

// stm32flash erases the whole chip as a step of its own.
static lp_exit_t erase_stm32(const flash_rom_t *rom, lp_fault_t *f)
{
    static job_t j;
    memset(&j, 0, sizeof j);
    begin_stm32(&j, rom);
    add(&j, "-o");
    add(&j, rom->port);
    const int status = run(&j);
    return status == 0 ? LP_EXIT_OK : fail(&j, status, true, f);
}

static bool is_stm32_line(const flash_rom_t *rom)
{
    return rom->target == FLASH_STM32 && !is_swd(rom);
}

lp_exit_t flash_rom_write(const flash_rom_t *rom, const char *path, size_t len, lp_fault_t *f)
{
    static job_t j;
    char text[FLASH_PATH];
    if (rom->is_whole && is_stm32_line(rom) && erase_stm32(rom, f) != LP_EXIT_OK) {
        return f->exit;
    }
    memset(&j, 0, sizeof j);
    j.doing = "writing";
    if (is_swd(rom)) {
        begin_openocd(&j, rom);
        snprintf(text, sizeof text, "%sprogram {%.3900s} verify reset exit 0x%lx",
                 rom->is_whole ? "init; reset halt; flash erase_sector 0 0 last; " : "", path,
                 rom->at);
        add(&j, text);
    } else if (rom->target == FLASH_STM32) {
        begin_stm32(&j, rom);
        add(&j, "-w");
        add(&j, path);
        add(&j, "-f");
        add(&j, "-v");
        add(&j, "-S"); // without it, it would erase the whole chip
        snprintf(text, sizeof text, "0x%lx:%zu", rom->at, len);
        add(&j, text);
        add(&j, "-g");
        add_number(&j, "hex", rom->at);
        add(&j, rom->port);
    } else {
        begin_esp(&j, rom);
        add(&j, "write_flash");
        if (rom->is_whole) {
            add(&j, "--erase-all");
        }
        add_number(&j, "hex", rom->at);
        add(&j, path);
    }
    const int status = run(&j);
    const bool is_esp = rom->target != FLASH_STM32;
    if (status != 0 || (is_esp && strstr(j.log, "Hash of data verified") == NULL)) {
        return fail(&j, status, true, f);
    }
    lp_ui_progress(j.doing, 100, 100);
    return LP_EXIT_OK;
}

lp_exit_t flash_rom_read(const flash_rom_t *rom, const char *path, size_t len, lp_fault_t *f)
{
    static job_t j;
    char text[FLASH_PATH];
    memset(&j, 0, sizeof j);
    j.doing = "reading";
    if (is_swd(rom)) {
        begin_openocd(&j, rom);
        snprintf(text, sizeof text, "init; reset halt; dump_image {%.3800s} 0x%lx %zu; exit", path,
                 rom->at, len);
        add(&j, text);
    } else if (rom->target == FLASH_STM32) {
        begin_stm32(&j, rom);
        add(&j, "-r");
        add(&j, path);
        add(&j, "-S");
        snprintf(text, sizeof text, "0x%lx:%zu", rom->at, len);
        add(&j, text);
        add(&j, rom->port);
    } else {
        begin_esp(&j, rom);
        add(&j, "read_flash");
        add_number(&j, "hex", rom->at);
        add_number(&j, "hex", (long)len);
        add(&j, path);
    }
    const int status = run(&j);
    return status == 0 ? LP_EXIT_OK : fail(&j, status, false, f);
}
