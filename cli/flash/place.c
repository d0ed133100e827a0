// SPDX-License-Identifier: Apache-2.0
// Virtual and emulated boards as limpet run keeps them: FOLDER/build/BOARD has the image and the
// file behind the flash. A new image is whole on the disk, and read back, before it takes the old
// one's name.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flash.h"
#include "sdk.h"

enum { CHUNK = 64 << 10 };

static lp_exit_t fail_file(const char *path, const char *code, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, code, "%.200s cannot be used", path);
    lp_fault_why(f, "%s", strerror(errno));
    return f->exit;
}

uint8_t *flash_read_file(const char *path, size_t *len, lp_fault_t *f)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *bytes = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FLASH_IMAGE_MAX) {
        bytes = malloc((size_t)st.st_size + 1);
    } else {
        errno = fd >= 0 ? EFBIG : errno;
    }
    *len = 0;
    while (bytes != NULL && *len < (size_t)st.st_size) {
        const ssize_t n = read(fd, bytes + *len, (size_t)st.st_size - *len);
        if (n <= 0) {
            free(bytes);
            bytes = NULL;
            break;
        }
        *len += (size_t)n;
    }
    if (bytes == NULL) {
        fail_file(path, "file-open", f);
    }
    if (fd >= 0) {
        close(fd);
    }
    return bytes;
}

lp_exit_t flash_place_find(const char *app, flash_target_t target, flash_place_t *place,
                           lp_fault_t *f)
{
    app_manifest_t manifest;
    const app_board_t *board = app_board_find(flash_target_name(target), f);
    lp_exit_t rc = board != NULL ? app_manifest_load(&manifest, app, f) : f->exit;
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const int n = snprintf(place->image, sizeof place->image, "%.3900s/build/%s/%s%s",
                           manifest.folder, board->name, manifest.name, board->suffix);
    snprintf(place->flash, sizeof place->flash, "%.3900s/build/%s/flash.bin", manifest.folder,
             board->name);
    if (n >= (int)sizeof place->image) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "app-path", "the path of the image is too long");
    }
    return LP_EXIT_OK;
}

lp_exit_t flash_place_lock(const flash_place_t *place, int *fd, lp_fault_t *f)
{
    *fd = open(place->flash, O_RDWR | O_CLOEXEC);
    if (*fd < 0 && errno == ENOENT) {
        return LP_EXIT_OK;
    }
    if (*fd < 0) {
        return fail_file(place->flash, "file-open", f);
    }
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_BOARD, "board-busy", "this board is running");
    lp_fault_why(f, "%.300s is in use", place->flash);
    lp_fault_next(f, "end it (Ctrl-C in its limpet run), then run the same command again");
    return f->exit;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        const ssize_t n = write(fd, bytes + at, len - at < CHUNK ? len - at : CHUNK);
        if (n <= 0 || lp_interrupt_seen()) {
            return false;
        }
        at += (size_t)n;
        lp_ui_progress("writing", at, len);
    }
    return fchmod(fd, 0755) == 0 && fsync(fd) == 0;
}

static bool is_same(const char *path, const uint8_t *bytes, size_t len)
{
    lp_fault_t ignored;
    size_t n = 0;
    uint8_t *back = flash_read_file(path, &n, &ignored);
    const bool same = back != NULL && n == len && memcmp(back, bytes, len) == 0;
    free(back);
    return same;
}

static void make_folder(const char *path_of_file)
{
    char folder[FLASH_PATH];
    snprintf(folder, sizeof folder, "%s", path_of_file);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(folder, 0755);
        *slash = '/';
    }
}

lp_exit_t flash_place_write(const flash_place_t *place, const uint8_t *image, size_t len,
                            lp_fault_t *f)
{
    char tmp[FLASH_PATH + 16];
    make_folder(place->image);
    snprintf(tmp, sizeof tmp, "%s.XXXXXX", place->image);
    const int fd = mkstemp(tmp);
    if (fd < 0) {
        return fail_file(place->image, "file-write", f);
    }
    const bool is_written = write_all(fd, image, len);
    const bool is_ok =
        close(fd) == 0 && is_written && is_same(tmp, image, len) && rename(tmp, place->image) == 0;
    if (is_ok) {
        return LP_EXIT_OK;
    }
    if (lp_interrupt_seen()) {
        lp_fault_interrupted(f);
    } else {
        fail_file(place->image, "file-write", f);
    }
    lp_fault_why(f, "the board has its old firmware");
    (void)unlink(tmp);
    return f->exit;
}
