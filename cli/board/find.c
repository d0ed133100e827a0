// SPDX-License-Identifier: Apache-2.0
// Which boards are there: virtual ones by their links, real ones by their USB serial ports.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limpet/board.h"
#include "line.h"

void lp_board_virtual_folder(char *path, size_t cap)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime != NULL && runtime[0] == '/') {
        snprintf(path, cap, "%s/limpet/boards", runtime);
    } else {
        snprintf(path, cap, "/tmp/limpet-%ld/boards", (long)getuid());
    }
}

// Somebody else could put links into a folder that is not ours alone.
static bool is_private_folder(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == getuid() &&
           (st.st_mode & 077) == 0;
}

// A link whose board is gone points nowhere, or at a terminal that somebody else has now.
static bool is_live_board(const char *link)
{
    struct stat st;
    if (stat(link, &st) != 0 || !S_ISCHR(st.st_mode) || st.st_uid != getuid()) {
        return false;
    }
    for (int fd = 0; fd < 3; fd++) {
        struct stat own;
        if (fstat(fd, &own) == 0 && S_ISCHR(own.st_mode) && own.st_rdev == st.st_rdev) {
            return false;
        }
    }
    return true;
}

// A board that runs holds a lock beside its link. One that was killed left both behind, and its
// terminal's number is somebody else's by now. The lock is ours for no longer than the look takes.
static bool is_left_behind(const char *folder, const char *id)
{
    char path[256];
    if (snprintf(path, sizeof path, "%s/%s.lock", folder, id) >= (int)sizeof path) {
        return false;
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return false;
    }
    const bool is_free = flock(fd, LOCK_SH | LOCK_NB) == 0;
    close(fd);
    return is_free;
}

static bool board_id_of(const char *file, char *id, size_t cap)
{
    static const char suffix[] = ".tty";
    size_t len = strlen(file);
    size_t id_len = len - (sizeof suffix - 1);
    if (len < sizeof suffix || file[0] == '.' || strcmp(file + id_len, suffix) != 0 ||
        id_len >= cap) {
        return false;
    }
    memcpy(id, file, id_len);
    id[id_len] = '\0';
    return true;
}

static void add(lp_board_found_t *found, size_t cap, size_t *n, const lp_board_found_t *one)
{
    if (*n < cap) {
        found[*n] = *one;
    }
    (*n)++;
}

static int by_port(const void *a, const void *b)
{
    const lp_board_found_t *first = a;
    const lp_board_found_t *second = b;
    return strcmp(first->port, second->port);
}

static void list_virtual(lp_board_found_t *found, size_t cap, size_t *n)
{
    char folder[192];
    lp_board_virtual_folder(folder, sizeof folder);
    DIR *dir = is_private_folder(folder) ? opendir(folder) : NULL;
    if (dir == NULL) {
        return;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        lp_board_found_t one = {.is_virtual = true, .about = "virtual board", .source = "virtual"};
        if (!board_id_of(e->d_name, one.id, sizeof one.id)) {
            continue;
        }
        int len = snprintf(one.port, sizeof one.port, "%s/%s.tty", folder, one.id);
        if (len < (int)sizeof one.port && is_live_board(one.port) &&
            !is_left_behind(folder, one.id)) {
            add(found, cap, n, &one);
        }
    }
    closedir(dir);
    // A folder has no order; who works through a row of boards wants the same one each time.
    qsort(found, *n < cap ? *n : cap, sizeof *found, by_port);
}

static void list_serial(lp_board_found_t *found, size_t cap, size_t *n)
{
    struct sp_port **ports = NULL;
    if (sp_list_ports(&ports) != SP_OK) {
        return;
    }
    for (size_t i = 0; ports[i] != NULL; i++) {
        // Built-in ports (ttyS*) are listed by every PC whether or not they exist.
        if (sp_get_port_transport(ports[i]) != SP_TRANSPORT_USB) {
            continue;
        }
        lp_board_found_t one = {.is_virtual = false, .source = "usb"};
        const char *about = sp_get_port_description(ports[i]);
        snprintf(one.port, sizeof one.port, "%s", sp_get_port_name(ports[i]));
        snprintf(one.about, sizeof one.about, "USB: %s", about != NULL ? about : "serial port");
        add(found, cap, n, &one);
    }
    sp_free_port_list(ports);
}

void lp_board_list(lp_board_found_t *found, size_t cap, size_t *n)
{
    *n = 0;
    list_virtual(found, cap, n);
    list_serial(found, cap, n);
}

static lp_exit_t find_the_one(char *port, size_t cap, lp_fault_t *f)
{
    lp_board_found_t found[16];
    size_t n = 0;
    lp_board_list(found, 16, &n);
    if (n == 1) {
        snprintf(port, cap, "%s", found[0].port);
        return LP_EXIT_OK;
    }
    if (n == 0) {
        char folder[192];
        lp_board_virtual_folder(folder, sizeof folder);
        lp_fault_set(f, LP_EXIT_NO_BOARD, "board-none", "no board found");
        lp_fault_why(f, "looked for USB serial ports and for virtual boards in %s", folder);
        lp_fault_next(f, "plug the board in (a data cable, not a charging cable) or name it with "
                         "--port; limpet devices lists what is seen");
        return f->exit;
    }
    lp_fault_set(f, LP_EXIT_NO_BOARD, "board-many", "%zu boards found; name the one you mean", n);
    for (size_t i = 0; i < n && i < 16; i++) {
        lp_fault_why(f, "%s  %s", found[i].id[0] != '\0' ? found[i].id : found[i].port,
                     found[i].about);
    }
    lp_fault_next(f, "run the same command with --port %s",
                  found[0].id[0] != '\0' ? found[0].id : found[0].port);
    return f->exit;
}

static bool is_plain_word(const char *s)
{
    return s[0] != '\0' && s[0] != '.' && strchr(s, '/') == NULL && strchr(s, ':') == NULL;
}

lp_exit_t lp_line_find(const char *wanted, char *port, size_t cap, lp_fault_t *f)
{
    if (wanted == NULL || strcmp(wanted, "auto") == 0) {
        return find_the_one(port, cap, f);
    }
    char folder[192];
    lp_board_virtual_folder(folder, sizeof folder);
    if (is_plain_word(wanted)) {
        if (!is_private_folder(folder) ||
            snprintf(port, cap, "%s/%s.tty", folder, wanted) >= (int)cap || !is_live_board(port)) {
            lp_fault_set(f, LP_EXIT_NO_BOARD, "board-none", "no board \"%.64s\" found", wanted);
            lp_fault_why(f, "looked in %s", folder);
            lp_fault_next(f, "limpet devices lists the boards that are seen");
            return f->exit;
        }
        return LP_EXIT_OK;
    }
    if (snprintf(port, cap, "%s", wanted) >= (int)cap) {
        return lp_fault_set(f, LP_EXIT_USAGE, "usage", "the name of the port is too long");
    }
    return LP_EXIT_OK;
}
