// SPDX-License-Identifier: Apache-2.0
// Looks for an image by its build id, where builds leave them: build*/ and build/BOARD/ of this
// folder, of its parents, and of the folders in it.
#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_private.h"

enum { FILES_AT_ONCE = 16, PARENTS_MAX = 4, DEPTH_MAX = 2, IMAGE_MIN = 4096 };

static const char *wanted;
static char found[PATH_MAX];

static bool is_build_folder(const char *name)
{
    return strncmp(name, "build", 5) == 0;
}

// The sources and what else lies in a folder are not looked through, nor the objects of a build.
static bool is_of_no_use(const char *path, const struct FTW *at)
{
    const char *name = path + at->base;
    return at->level > DEPTH_MAX || (at->level == 1 && !is_build_folder(name)) ||
           (at->level > 1 && strcmp(name, "CMakeFiles") == 0);
}

static bool has_wanted_id(const char *path)
{
    lp_elf_t e;
    const bool is_it = lp_elf_load(&e, path) && strcmp(e.build_id, wanted) == 0;
    lp_elf_unload(&e);
    return is_it;
}

static int look_at(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    if (kind == FTW_D) {
        return is_of_no_use(path, at) ? FTW_SKIP_SUBTREE : FTW_CONTINUE;
    }
    const char *dot = strrchr(path + at->base, '.');
    const bool may_be_image =
        kind == FTW_F && at->level > 1 && st->st_size >= IMAGE_MIN &&
        (dot != NULL ? strcmp(dot, ".elf") == 0 : (st->st_mode & S_IXUSR) != 0);
    if (may_be_image && has_wanted_id(path)) {
        snprintf(found, sizeof found, "%s", path);
        return FTW_STOP;
    }
    return FTW_CONTINUE;
}

// A folder below another one may be an application with its own build folder.
static bool look_in(const char *folder)
{
    return nftw(folder, look_at, FILES_AT_ONCE, FTW_PHYS | FTW_ACTIONRETVAL) == FTW_STOP;
}

// Who stands beside the folders of applications: those that have a build folder.
static bool look_below(const char *folder)
{
    const int tail = (int)(sizeof "/build" - 1);
    bool is_found = false;
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir != NULL && !is_found && (e = readdir(dir)) != NULL;) {
        char below[PATH_MAX];
        struct stat st;
        const int n = snprintf(below, sizeof below, "%s/%s/build", folder, e->d_name);
        if (e->d_name[0] != '.' && n > tail && n < (int)sizeof below && lstat(below, &st) == 0 &&
            S_ISDIR(st.st_mode)) {
            below[n - tail] = '\0';
            is_found = look_in(below);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return is_found;
}

// Beside this program: a checkout's tool is in its build folder.
static bool own_folder(char folder[PATH_MAX])
{
    const ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    if (n <= 0) {
        return false;
    }
    folder[n] = '\0';
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(folder, '/');
        if (slash == NULL || slash == folder) {
            return false;
        }
        *slash = '\0';
    }
    return true;
}

bool lp_elf_find(const char *build_id, char *path, size_t cap)
{
    char folder[PATH_MAX];
    bool is_found = false;
    wanted = build_id;
    if (build_id[0] == '\0') {
        return false;
    }
    if (getcwd(folder, sizeof folder) != NULL) {
        for (int i = 0; i < PARENTS_MAX && !is_found && folder[0] != '\0'; i++) {
            is_found = look_in(folder);
            char *slash = strrchr(folder, '/');
            *(slash != NULL ? slash : folder) = '\0';
        }
    }
    if (!is_found && getcwd(folder, sizeof folder) != NULL) {
        is_found = look_below(folder);
    }
    if (!is_found && own_folder(folder)) {
        is_found = look_in(folder);
    }
    if (is_found) {
        snprintf(path, cap, "%s", found);
    }
    return is_found;
}
