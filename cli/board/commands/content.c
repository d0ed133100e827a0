// SPDX-License-Identifier: Apache-2.0
// Files of this computer, whole.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board_files.h"
#include "limpet/base64.h"
#include "limpet/safe_file.h"

enum { FILE_MAX = 16 * 1024 * 1024 }; // more than any board takes

static lp_exit_t fail_load(const char *path, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "file-open", "%s cannot be read", path);
    lp_fault_why(f, "%s", why);
    lp_fault_next(f, "name a file of this computer, then the name it is to have on the board");
    return f->exit;
}

lp_exit_t lp_content_load(lp_content_t *c, const char *path, lp_fault_t *f)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail_load(path, strerror(errno), f);
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
        close(fd);
        return fail_load(path, "it is no plain file, or larger than any board takes", f);
    }
    lp_content_t found = {.bytes = malloc((size_t)st.st_size + 1)};
    ssize_t n = found.bytes != NULL ? 1 : -1;
    while (n > 0 && found.len < (size_t)st.st_size) {
        n = read(fd, found.bytes + found.len, (size_t)st.st_size - found.len);
        found.len += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    if (n < 0 || found.len != (size_t)st.st_size) {
        free(found.bytes);
        return fail_load(path, "it changed while it was read", f);
    }
    *c = found;
    return LP_EXIT_OK;
}

lp_exit_t lp_content_save(const lp_content_t *c, const char *path, lp_fault_t *f)
{
    char beside[4096];
    const int len = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    const int fd = len > 0 && (size_t)len < sizeof beside ? mkstemp(beside) : -1;
    bool is_there = fd >= 0 && lp_file_write_all(fd, c->bytes, c->len) && fsync(fd) == 0;
    int code = errno;
    if (is_there) {
        const mode_t mask = umask(0);
        umask(mask);
        is_there = fchmod(fd, 0666 & ~mask) == 0 && rename(beside, path) == 0;
        code = errno;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (is_there) {
        return LP_EXIT_OK;
    }
    if (fd >= 0) {
        unlink(beside);
    }
    lp_fault_set(f, LP_EXIT_LOCAL, "file-write", "%s cannot be written", path);
    lp_fault_why(f, "%s", strerror(code));
    lp_fault_next(f, "name another file: limpet get NAME FILE");
    return f->exit;
}

char *lp_content_base64(const lp_content_t *c)
{
    const size_t len = LP_BASE64_LEN(c->len);
    char *text = calloc(1, len + 1);
    lp_buf_t out = lp_buf(text, len);
    if (text != NULL && lp_base64_encode(&out, lp_span(c->bytes, c->len)) != LP_OK) {
        free(text);
        text = NULL;
    }
    return text;
}

void lp_content_free(lp_content_t *c)
{
    if (c->bytes != NULL) {
        lp_wipe(c->bytes, c->len);
        free(c->bytes);
    }
    *c = (lp_content_t){0};
}
