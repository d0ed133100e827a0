// SPDX-License-Identifier: Apache-2.0
// Identity, entropy, reset and the log sink. A reboot is an exec() of the same program; what must
// outlive it (the pty, the lock) is passed on by descriptor in LIMPET_POSIX_REBOOT, "name=fd,...";
// "watchdog=N" and "crash=N" there are numbers of starts instead, "timer=N" and "pin=N"
// milliseconds of deep sleep.
#include "limpet/port/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "limpet/hex.h"
#include "limpet/port/power.h"
#include "posix_internal.h"

enum { HEIRS_MAX = 8, STATE_BYTES = 256, ENVIRONMENT_MAX = 1024, WATCHDOG_STARTS_MAX = 999 };
#define REBOOT_VARIABLE "LIMPET_POSIX_REBOOT"

lp_loop_t *lp_posix_loop;

static char **boot_argv;
static uint8_t hw_id[6];
static bool is_rebooted;
static bool is_watchdogs;
static bool is_after_crash;
static const char *slept; // "timer", "pin"; null: not
static uint64_t slept_ms;
static bool log_to_stderr = true;

typedef struct {
    char name[16];
    int fd;
} heir_t;

static heir_t inherited[HEIRS_MAX];
static heir_t bequeathed[HEIRS_MAX];

// Reads "name=fd,name=fd". The variable is ours, but the environment is still not to be trusted:
// a descriptor that is not open is left out.
static void parse_inheritance(char *text)
{
    size_t n = 0;
    char *save = NULL;
    for (char *word = strtok_r(text, ",", &save); word != NULL && n < HEIRS_MAX;
         word = strtok_r(NULL, ",", &save)) {
        heir_t h = {.fd = -1};
        char *equal = strchr(word, '=');
        if (equal == NULL || equal - word >= (ptrdiff_t)sizeof h.name) {
            continue;
        }
        memcpy(h.name, word, (size_t)(equal - word));
        h.fd = (int)strtol(equal + 1, NULL, 10);
        const bool is_crash = strcmp(h.name, "crash") == 0;
        if (is_crash || strcmp(h.name, "watchdog") == 0) {
            is_after_crash = is_crash;
            is_watchdogs = h.fd > 0 && h.fd <= WATCHDOG_STARTS_MAX;
            lp_posix_watchdog_inherit(is_watchdogs ? (uint32_t)h.fd : 0);
            continue;
        }
        if (strcmp(h.name, "timer") == 0 || strcmp(h.name, "pin") == 0) {
            slept = h.name[0] == 't' ? "timer" : "pin";
            slept_ms = strtoull(equal + 1, NULL, 10);
            continue;
        }
        if (h.fd > 2 && fcntl(h.fd, F_GETFD) >= 0) {
            (void)fcntl(h.fd, F_SETFD, FD_CLOEXEC);
            inherited[n++] = h;
        }
    }
}

lp_err_t lp_posix_init(lp_loop_t *loop, char **argv)
{
    lp_posix_loop = loop;
    boot_argv = argv;
    char *inheritance = getenv(REBOOT_VARIABLE);
    if (inheritance != NULL) {
        is_rebooted = true;
        parse_inheritance(inheritance);
        unsetenv(REBOOT_VARIABLE);
    }
    return lp_posix_signals_init(loop);
}

bool lp_posix_is_rebooted(void)
{
    return is_rebooted;
}

int lp_posix_inherited_fd(const char *name)
{
    for (size_t i = 0; i < HEIRS_MAX; i++) {
        if (strcmp(inherited[i].name, name) == 0) {
            return inherited[i].fd;
        }
    }
    return -1;
}

void lp_posix_bequeath_fd(const char *name, int fd)
{
    for (size_t i = 0; i < HEIRS_MAX; i++) {
        if (bequeathed[i].name[0] == '\0' || strcmp(bequeathed[i].name, name) == 0) {
            snprintf(bequeathed[i].name, sizeof bequeathed[i].name, "%s", name);
            bequeathed[i].fd = fd;
            return;
        }
    }
}

const char *lp_port_boot_reason(void)
{
    if (is_watchdogs) {
        return is_after_crash ? "crash" : "watchdog";
    }
    if (slept != NULL) {
        return slept;
    }
    return is_rebooted ? "software" : "power-on";
}

lp_wake_t lp_port_wake(void)
{
    if (is_watchdogs) {
        return is_after_crash ? LP_WAKE_CRASH : LP_WAKE_WATCHDOG;
    }
    if (slept != NULL) {
        return slept[0] == 't' ? LP_WAKE_TIMER : LP_WAKE_PIN;
    }
    return is_rebooted ? LP_WAKE_RESET : LP_WAKE_POWER_ON;
}

uint64_t lp_port_slept_ms(void)
{
    return slept_ms;
}

// -- starting again; all of it is called from a signal handler, too

static void append_number(lp_buf_t *text, uint64_t number)
{
    char digits[21];
    char *at = &digits[sizeof digits - 1];
    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    (void)lp_buf_put_str(text, at);
}

// The environment of the next image, with what it inherits.
static char **next_environment(const char *name, uint64_t number)
{
    static char variable[STATE_BYTES];
    static char *next[ENVIRONMENT_MAX + 2];
    lp_buf_t text = lp_buf(variable, sizeof variable - 1);
    (void)lp_buf_put_str(&text, REBOOT_VARIABLE "=");
    (void)lp_buf_put_str(&text, name);
    (void)lp_buf_put_str(&text, "=");
    append_number(&text, number);
    for (size_t i = 0; i < HEIRS_MAX && bequeathed[i].name[0] != '\0'; i++) {
        (void)lp_buf_put_str(&text, ",");
        (void)lp_buf_put_str(&text, bequeathed[i].name);
        (void)lp_buf_put_str(&text, "=");
        append_number(&text, (uint32_t)bequeathed[i].fd);
        (void)fcntl(bequeathed[i].fd, F_SETFD, 0);
    }
    variable[text.len] = '\0';
    size_t n = 0;
    next[n++] = variable;
    for (char **old = environ; *old != NULL && n <= ENVIRONMENT_MAX; old++) {
        next[n++] = *old;
    }
    next[n] = NULL;
    return next;
}

static _Noreturn void start_again(const char *name, uint64_t number)
{
    static const char words[] = "error[reboot]: this program cannot be started again\n";
    (void)alarm(0); // the watchdog's; it would outlive this image and end the next one
    execve("/proc/self/exe", boot_argv, next_environment(name, number));
    const ssize_t written = write(STDERR_FILENO, words, sizeof words - 1);
    (void)written;
    _exit(1);
}

_Noreturn void lp_posix_restart(uint32_t watchdog_starts, bool is_crash)
{
    start_again(is_crash ? "crash" : "watchdog",
                watchdog_starts < WATCHDOG_STARTS_MAX ? watchdog_starts : WATCHDOG_STARTS_MAX);
}

_Noreturn void lp_posix_restart_slept(const char *reason, uint64_t ms)
{
    start_again(reason, ms);
}

_Noreturn void lp_port_reboot(void)
{
    lp_posix_uart_flush();
    lp_posix_restart(0, false);
}

lp_err_t lp_port_entropy(uint8_t *buf, size_t len)
{
    size_t done = 0;
    while (done < len) {
        const ssize_t n = getrandom(buf + done, len - done, 0);
        if (n < 0 && errno != EINTR) {
            lp_wipe(buf, len);
            return LP_E_IO;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return LP_OK;
}

const char *lp_port_name(void)
{
    return "posix";
}

void lp_port_hw_id(uint8_t id[6])
{
    memcpy(id, hw_id, sizeof hw_id);
}

void lp_posix_log_to_stderr(bool on)
{
    log_to_stderr = on;
}

void lp_port_log_line(const char *line, size_t len)
{
    (void)lp_posix_uart_log(line, len);
    if (log_to_stderr) {
        fprintf(stderr, "%.*s\n", (int)len, line);
    }
}

// -- hardware id

static bool parse_hw_id(const char *hex)
{
    uint8_t id[6];
    lp_buf_t out = lp_buf(id, sizeof id);
    if (lp_hex_decode(&out, lp_span_str(hex)) != LP_OK || out.len != sizeof id) {
        return false;
    }
    memcpy(hw_id, id, sizeof hw_id);
    return true;
}

static lp_err_t make_hw_id(const char *path, char *why, size_t why_cap)
{
    const lp_err_t err = lp_port_entropy(hw_id, sizeof hw_id);
    if (err != LP_OK) {
        snprintf(why, why_cap, "this computer gives no random numbers");
        return err;
    }
    hw_id[0] = 0x02; // a locally administered address
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    char line[14];
    const int len = snprintf(line, sizeof line, "%02x%02x%02x%02x%02x%02x\n", hw_id[0], hw_id[1],
                             hw_id[2], hw_id[3], hw_id[4], hw_id[5]);
    if (fd < 0 || write(fd, line, (size_t)len) != len) {
        snprintf(why, why_cap, "cannot write %s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
            unlink(path);
        }
        return LP_E_IO;
    }
    close(fd);
    return LP_OK;
}

lp_err_t lp_posix_hw_id_open(const char *flash_path, const char *hex, char *why, size_t why_cap)
{
    if (hex != NULL) {
        if (parse_hw_id(hex)) {
            return LP_OK;
        }
        snprintf(why, why_cap, "a hardware id is 12 hex digits, like 02000000004f21");
        return LP_E_FORMAT;
    }
    char path[4096];
    if (snprintf(path, sizeof path, "%s.hwid", flash_path) >= (int)sizeof path) {
        snprintf(why, why_cap, "the path of the flash file is too long");
        return LP_E_NOSPACE;
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return make_hw_id(path, why, why_cap);
    }
    char line[13] = "";
    const ssize_t n = read(fd, line, 12);
    close(fd);
    if (n != 12 || !parse_hw_id(line)) {
        snprintf(why, why_cap, "%s does not hold 12 hex digits; remove it to get a new id", path);
        return LP_E_FORMAT;
    }
    return LP_OK;
}
