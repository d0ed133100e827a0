// SPDX-License-Identifier: Apache-2.0
// The file of passwords. It is written beside itself and renamed, so that an interrupted write
// loses nothing; a file that others may read is not used.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limpet/span.h"
#include "login.h"

enum { PATH_MAX_ = 300, LINE_MAX_ = 3 * LP_LOGIN_TEXT + 8 };

bool lp_passwords_path(char *path, size_t cap)
{
    const char *set = getenv("LIMPET_PASSWORDS");
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int n = -1;
    if (set != NULL && set[0] != '\0') {
        n = snprintf(path, cap, "%s", set);
    } else if (config != NULL && config[0] == '/') {
        n = snprintf(path, cap, "%s/limpet/passwords", config);
    } else if (home != NULL && home[0] == '/') {
        n = snprintf(path, cap, "%s/.config/limpet/passwords", home);
    }
    return n > 0 && (size_t)n < cap;
}

static lp_exit_t fail_file(lp_fault_t *f, const char *path, const char *why)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "passwords", "the file of passwords %s cannot be used", path);
    lp_fault_why(f, "%s", why);
    return f->exit;
}

// *file stays null when there is none.
static lp_exit_t open_file(const char *path, FILE **file, lp_fault_t *f)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? LP_EXIT_OK
                                                   : fail_file(f, path, strerror(errno));
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) != 0 ||
        st.st_uid != geteuid()) {
        close(fd);
        fail_file(f, path, "others than you may read or write it, or it is not yours");
        lp_fault_next(f, "chmod 600 %s, and take new passwords if others have read it", path);
        return f->exit;
    }
    *file = fdopen(fd, "r");
    return *file != NULL ? LP_EXIT_OK : fail_file(f, path, strerror(errno));
}

typedef struct {
    char device[LP_LOGIN_TEXT];
    char user[LP_LOGIN_TEXT];
    char password[LP_LOGIN_TEXT];
} line_t;

static bool read_line(const char *text, line_t *line)
{
    return sscanf(text, "%127s %127s %127s", line->device, line->user, line->password) == 3 &&
           line->device[0] != '#';
}

lp_exit_t lp_passwords_find(const char *device, char *user, char *password, lp_fault_t *f)
{
    char path[PATH_MAX_];
    char text[LINE_MAX_];
    FILE *file = NULL;
    line_t line;
    if (!lp_passwords_path(path, sizeof path)) {
        return LP_EXIT_OK;
    }
    lp_exit_t rc = open_file(path, &file, f);
    while (file != NULL && password[0] == '\0' && fgets(text, sizeof text, file) != NULL) {
        if (read_line(text, &line) && strcmp(line.device, device) == 0 &&
            (user[0] == '\0' || strcmp(line.user, user) == 0)) {
            snprintf(user, LP_LOGIN_TEXT, "%s", line.user);
            snprintf(password, LP_LOGIN_TEXT, "%s", line.password);
        }
    }
    lp_wipe(text, sizeof text);
    lp_wipe(&line, sizeof line);
    if (file != NULL) {
        fclose(file);
    }
    return rc;
}

static bool copy_others(FILE *from, FILE *to, const char *device, const char *user)
{
    char text[LINE_MAX_];
    line_t line;
    while (from != NULL && fgets(text, sizeof text, from) != NULL) {
        bool is_it = read_line(text, &line) && strcmp(line.device, device) == 0 &&
                     strcmp(line.user, user) == 0;
        if (!is_it && fputs(text, to) < 0) {
            return false;
        }
    }
    lp_wipe(text, sizeof text);
    return true;
}

static void make_folder(const char *path)
{
    char folder[PATH_MAX_];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(folder, 0700);
        *slash = '/';
    }
}

static bool write_file(FILE *old, const char *fresh, const char *device, const char *user,
                       const char *password)
{
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *to = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (to == NULL) {
        return false;
    }
    bool is_fine = copy_others(old, to, device, user) &&
                   (password == NULL || fprintf(to, "%s %s %s\n", device, user, password) > 0) &&
                   fflush(to) == 0 && fsync(fd) == 0;
    return fclose(to) == 0 && is_fine;
}

lp_exit_t lp_passwords_put(const char *device, const char *user, const char *password,
                           lp_fault_t *f)
{
    char path[PATH_MAX_];
    char fresh[PATH_MAX_ + 32];
    FILE *old = NULL;
    if (!lp_passwords_path(path, sizeof path)) {
        return fail_file(f, "~/.config/limpet/passwords", "there is no home folder");
    }
    make_folder(path);
    lp_exit_t rc = open_file(path, &old, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    snprintf(fresh, sizeof fresh, "%s.%ld", path, (long)getpid());
    (void)unlink(fresh);
    errno = 0;
    if (!write_file(old, fresh, device, user, password) || rename(fresh, path) != 0) {
        rc = fail_file(f, path, strerror(errno));
        (void)unlink(fresh);
    }
    if (old != NULL) {
        fclose(old);
    }
    return rc;
}

bool lp_passwords_make(char password[LP_LOGIN_RANDOM])
{
    // 32 characters that nobody takes for one another, five bits each.
    static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789-";
    uint8_t random[LP_LOGIN_RANDOM - 1];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return false;
    }
    for (size_t i = 0; i < sizeof random; i++) {
        password[i] = alphabet[random[i] % 32];
    }
    password[LP_LOGIN_RANDOM - 1] = '\0';
    lp_wipe(random, sizeof random);
    return true;
}
