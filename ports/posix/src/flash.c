// SPDX-License-Identifier: Apache-2.0
// Flash as a file with NOR semantics: programming can only clear bits. Not synced on each write: a
// process that dies loses nothing, and a computer that dies is not what the board is about.
#include "limpet/port/flash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix_internal.h"

enum { CHUNK = 1024 };

static int flash_fd = -1;
static uint32_t flash_bytes;
static bool is_new;

static bool write_blank(int fd)
{
    uint8_t blank[CHUNK];
    memset(blank, 0xFF, sizeof blank);
    for (uint32_t at = 0; at < LP_POSIX_FLASH_BYTES; at += CHUNK) {
        if (pwrite(fd, blank, CHUNK, (off_t)at) != CHUNK) {
            return false;
        }
    }
    return true;
}

static lp_err_t check_size(int fd, const char *path, char *why, size_t why_cap)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        snprintf(why, why_cap, "%s is not a file", path);
        return LP_E_INVALID;
    }
    if (st.st_size == 0) {
        is_new = true;
        if (!write_blank(fd)) {
            snprintf(why, why_cap, "cannot write %d KB to %s: %s", LP_POSIX_FLASH_BYTES / 1024,
                     path, strerror(errno));
            (void)ftruncate(fd, 0); // half a flash would be refused the next time
            return lp_posix_err(errno);
        }
        flash_bytes = LP_POSIX_FLASH_BYTES;
        return LP_OK;
    }
    const off_t min = 16 * LP_POSIX_FLASH_SECTOR;
    if (st.st_size < min || st.st_size > 64 * 1024 * 1024 ||
        st.st_size % LP_POSIX_FLASH_SECTOR != 0) {
        snprintf(why, why_cap, "%s is %lld bytes long and so not the flash of a board (%d KB)",
                 path, (long long)st.st_size, LP_POSIX_FLASH_BYTES / 1024);
        return LP_E_FORMAT;
    }
    flash_bytes = (uint32_t)st.st_size;
    if ((st.st_mode & 077) != 0) { // it may hold a software key
        fprintf(stderr, "%s was open to others; now it is readable by its owner only\n", path);
        (void)fchmod(fd, 0600);
    }
    return LP_OK;
}

lp_err_t lp_posix_flash_open(const char *path, char *why, size_t why_cap)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        snprintf(why, why_cap, "cannot open %s: %s", path, strerror(errno));
        return lp_posix_err(errno);
    }
    lp_err_t err = LP_OK;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        snprintf(why, why_cap, "%s is the flash of a board that is running", path);
        err = LP_E_BUSY;
    } else {
        err = check_size(fd, path, why, why_cap);
    }
    if (err != LP_OK) {
        close(fd);
        return err;
    }
    flash_fd = fd;
    return LP_OK;
}

bool lp_posix_flash_is_new(void)
{
    return is_new;
}

lp_flash_geometry_t lp_port_flash_geometry(void)
{
    return (lp_flash_geometry_t){.size_bytes = flash_bytes,
                                 .sector_bytes = LP_POSIX_FLASH_SECTOR,
                                 .page_bytes = LP_POSIX_FLASH_PAGE};
}

static bool is_inside(uint32_t offset, size_t len, uint32_t unit)
{
    return offset <= flash_bytes && len <= flash_bytes - offset && offset % unit == 0 &&
           len % unit == 0;
}

lp_err_t lp_port_flash_read(uint32_t offset, uint8_t *buf, size_t len)
{
    if (!is_inside(offset, len, 1)) {
        return LP_E_RANGE;
    }
    return pread(flash_fd, buf, len, (off_t)offset) == (ssize_t)len ? LP_OK : LP_E_IO;
}

lp_err_t lp_port_flash_program(uint32_t offset, const uint8_t *data, size_t len)
{
    if (!is_inside(offset, len, LP_POSIX_FLASH_PAGE)) {
        return LP_E_RANGE;
    }
    while (len > 0) {
        uint8_t cells[CHUNK];
        const size_t n = len < CHUNK ? len : CHUNK;
        if (pread(flash_fd, cells, n, (off_t)offset) != (ssize_t)n) {
            return LP_E_IO;
        }
        for (size_t i = 0; i < n; i++) {
            cells[i] &= data[i];
        }
        const bool is_written = pwrite(flash_fd, cells, n, (off_t)offset) == (ssize_t)n;
        lp_wipe(cells, sizeof cells);
        if (!is_written) {
            return LP_E_IO;
        }
        offset += (uint32_t)n;
        data += n;
        len -= n;
    }
    return LP_OK;
}

lp_err_t lp_port_flash_erase(uint32_t offset, size_t len)
{
    if (!is_inside(offset, len, LP_POSIX_FLASH_SECTOR)) {
        return LP_E_RANGE;
    }
    uint8_t blank[CHUNK];
    memset(blank, 0xFF, sizeof blank);
    for (size_t done = 0; done < len; done += CHUNK) {
        if (pwrite(flash_fd, blank, CHUNK, (off_t)(offset + done)) != CHUNK) {
            return LP_E_IO;
        }
    }
    return LP_OK;
}
