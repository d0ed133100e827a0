// SPDX-License-Identifier: Apache-2.0
// Files that are there whole, or as they were before.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ca_private.h"
#include "limpet/safe_file.h"

char *lp_ca_read_file(const char *path, size_t max)
{
    FILE *file = fopen(path, "rbe");
    struct stat st;
    if (file == NULL) {
        return NULL;
    }
    if (fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode) || (uintmax_t)st.st_size > max) {
        fclose(file);
        errno = EINVAL;
        return NULL;
    }
    char *text = calloc(1, (size_t)st.st_size + 1);
    size_t n = text != NULL ? fread(text, 1, (size_t)st.st_size, file) : 0;
    fclose(file);
    if (text != NULL && n != (size_t)st.st_size) {
        free(text);
        errno = EIO;
        return NULL;
    }
    return text;
}

bool lp_ca_write_atomic(const char *path, const char *text, unsigned mode)
{
    return lp_file_replace(path, text, strlen(text), mode) && lp_file_sync_folder(path);
}

lp_exit_t lp_ca_write_file(const lp_ca_t *ca, const char *name, const char *text, unsigned mode,
                           lp_fault_t *f)
{
    char path[LP_CA_PATH + 64];
    snprintf(path, sizeof path, "%s/%s", lp_ca_dir(ca), name);
    if (lp_ca_write_atomic(path, text, mode)) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_LOCAL, "ca-dir", "a file of the CA cannot be written");
    lp_fault_why(f, "%s: %s", path, strerror(errno));
    lp_fault_next(f, "make room or give yourself the right to, then run the same command again");
    return f->exit;
}
