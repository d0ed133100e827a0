// SPDX-License-Identifier: Apache-2.0
// Passphrases and PINs: from a file or the terminal, never from the command line, which every
// process of the computer can read.
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "ca_private.h"

static lp_exit_t fail_file(const char *path, const char *what, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "ca-secret-file", "no %s in %.200s", what, path);
    lp_fault_why(f, "%s", why);
    lp_fault_next(f, "put it into the file's first line, mode 0600");
    return f->exit;
}

lp_exit_t lp_ca_secret_file(const char *path, const char *what, char *out, size_t cap,
                            lp_fault_t *f)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0) {
        lp_exit_t rc = fail_file(path, what, strerror(errno), f);
        if (fd >= 0) {
            close(fd);
        }
        return rc;
    }
    if (S_ISREG(st.st_mode) && (st.st_mode & 077u) != 0) {
        lp_ui_warn("%s can be read by others than you: chmod 600 it", path);
    }
    ssize_t n = read(fd, out, cap - 1);
    close(fd);
    out[n > 0 ? n : 0] = '\0';
    size_t len = strcspn(out, "\r\n");
    bool is_whole = n >= 0 && ((size_t)n < cap - 1 || out[len] != '\0');
    OPENSSL_cleanse(out + len, cap - len);
    if (len == 0 || !is_whole) {
        OPENSSL_cleanse(out, cap);
        return fail_file(path, what, len == 0 ? "its first line is empty" : "its line is too long",
                         f);
    }
    return LP_EXIT_OK;
}

// One line without echo. False: end, or Ctrl-C.
static bool read_line(int fd, char *out, size_t cap)
{
    size_t n = 0;
    char c = '\0';
    ssize_t got = 0;
    while ((got = read(fd, &c, 1)) == 1 && c != '\n' && c != '\r') {
        if (n + 1 < cap) {
            out[n++] = c;
        }
    }
    out[n] = '\0';
    return got == 1;
}

lp_exit_t lp_ca_secret_ask(const char *question, const char *code, char *out, size_t cap,
                           lp_fault_t *f)
{
    struct termios old;
    int fd = lp_ui.json || isatty(STDIN_FILENO) != 1 ? -1 : STDIN_FILENO;
    if (fd < 0 || tcgetattr(fd, &old) != 0) {
        lp_fault_set(f, LP_EXIT_CREDENTIALS, code, "%s is needed, and nobody can be asked",
                     question);
        lp_fault_why(f, "standard input is not a terminal, or --json was given");
        lp_fault_next(f, "put it into a file of mode 0600: --ca-pass-file FILE");
        return f->exit;
    }
    struct termios silent = old;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    // Before the question: what is typed at once must be neither shown nor thrown away.
    (void)tcsetattr(fd, TCSAFLUSH, &silent);
    fprintf(stderr, "%s: ", question);
    fflush(stderr);
    bool is_read = read_line(fd, out, cap);
    (void)tcsetattr(fd, TCSAFLUSH, &old);
    fprintf(stderr, "\n");
    if (!is_read) {
        OPENSSL_cleanse(out, cap);
        return lp_fault_interrupted(f);
    }
    return LP_EXIT_OK;
}
