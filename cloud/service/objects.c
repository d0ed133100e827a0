// SPDX-License-Identifier: Apache-2.0
#include "objects.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../registry/db.h"

enum { PART_MAX = 255, KEY_MAX = 1024 };

static bool bucket_ok(const char *bucket)
{
    size_t n = strlen(bucket);
    return n >= 3 && n <= 63 && strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-") == n &&
           bucket[0] != '.' && bucket[0] != '-' && strstr(bucket, "..") == NULL;
}

static bool part_ok(const char *part, size_t len)
{
    bool dots = (len == 1 && part[0] == '.') || (len == 2 && part[0] == '.' && part[1] == '.');
    return len > 0 && len <= PART_MAX && !dots;
}

// Opens the next part below `dir` and closes `dir`.
static int descend(int dir, const char *part, size_t len, bool is_last)
{
    char name[PART_MAX + 1];
    memcpy(name, part, len);
    name[len] = '\0';
    int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (is_last ? O_NONBLOCK : O_DIRECTORY);
    int fd = openat(dir, name, flags);
    close(dir);
    return fd;
}

static bool key_ok(const char *key)
{
    if (!lp_text_ok(key, strlen(key)) || strlen(key) > KEY_MAX) {
        return false;
    }
    for (const char *p = key;; p++) {
        size_t len = strcspn(p, "/");
        if (!part_ok(p, len)) {
            return false;
        }
        p += len;
        if (*p == '\0') {
            return true;
        }
    }
}

static int walk(int dir, const char *key)
{
    while (dir >= 0) {
        size_t len = strcspn(key, "/");
        bool is_last = key[len] == '\0';
        dir = descend(dir, key, len, is_last);
        if (is_last) {
            break;
        }
        key += len + 1;
    }
    return dir;
}

lp_reg_err_t lp_object_open(lp_registry_t *reg, const char *bucket, const char *key,
                            lp_object_t *object)
{
    struct stat st;
    char root[1100];
    if (bucket == NULL || key == NULL || !bucket_ok(bucket) || !key_ok(key)) {
        return lp_reg_fail(reg, LP_REG_INVALID, "This is no name of a bucket and key");
    }
    snprintf(root, sizeof root, "%s/objects", reg->folder_);
    int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir = dir >= 0 ? descend(dir, bucket, strlen(bucket), false) : -1;
    int fd = walk(dir, key);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (fd >= 0) {
            close(fd);
        }
        return lp_reg_fail(reg, LP_REG_NOT_FOUND,
                           "No object %.63s/%.200s: put the file into objects/ of the cloud's "
                           "folder",
                           bucket, key);
    }
    object->fd = fd;
    object->size = (int64_t)st.st_size;
    snprintf(object->etag, sizeof object->etag, "%llx-%llx-%llx", (unsigned long long)st.st_ino,
             (unsigned long long)st.st_size,
             (unsigned long long)st.st_mtim.tv_sec * 1000000000ULL +
                 (unsigned long long)st.st_mtim.tv_nsec);
    return LP_REG_OK;
}

void lp_object_close(lp_object_t *object)
{
    close(object->fd);
    object->fd = -1;
}

bool lp_object_read(const lp_object_t *object, int64_t offset, void *out, size_t len)
{
    unsigned char *p = out;
    while (len > 0) {
        ssize_t n = pread(object->fd, p, len, (off_t)offset);
        if (n <= 0) {
            return false;
        }
        p += n;
        offset += n;
        len -= (size_t)n;
    }
    return true;
}

// The folder that a key's last part is in, made where it is missing; `name` becomes that part.
static int make_way(int dir, const char *bucket, const char *key, const char **name)
{
    char part[PART_MAX + 1];
    const char *p = bucket;
    size_t len = strlen(bucket);
    for (bool in_bucket = true; dir >= 0; in_bucket = false) {
        snprintf(part, sizeof part, "%.*s", (int)len, p);
        (void)mkdirat(dir, part, 0700); // what is wrong shows when it is opened
        dir = descend(dir, p, len, false);
        p = in_bucket ? key : p + len + 1;
        len = strcspn(p, "/");
        if (p[len] == '\0') {
            break;
        }
    }
    *name = p;
    return dir;
}

static bool write_object(int dir, const char *name, const void *bytes, size_t len)
{
    static const char fresh[] = ".limpet-put";
    (void)unlinkat(dir, fresh, 0); // of one that died
    int fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok = fd >= 0;
    const char *p = bytes;
    while (ok && len > 0) {
        ssize_t n = write(fd, p, len);
        ok = n > 0;
        p += ok ? n : 0;
        len -= ok ? (size_t)n : 0;
    }
    if (fd >= 0) {
        ok = close(fd) == 0 && ok;
    }
    return ok && renameat(dir, fresh, dir, name) == 0;
}

lp_reg_err_t lp_object_put(lp_registry_t *reg, const char *bucket, const char *key,
                           const void *bytes, size_t len)
{
    char root[1100];
    const char *name = NULL;
    if (bucket == NULL || key == NULL || !bucket_ok(bucket) || !key_ok(key)) {
        return lp_reg_fail(reg, LP_REG_INVALID, "This is no name of a bucket and key");
    }
    snprintf(root, sizeof root, "%s/objects", reg->folder_);
    (void)mkdir(root, 0700);
    int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir = make_way(dir, bucket, key, &name);
    bool ok = dir >= 0 && write_object(dir, name, bytes, len);
    if (dir >= 0) {
        close(dir);
    }
    return ok ? LP_REG_OK
              : lp_reg_fail(reg, LP_REG_UNAVAILABLE, "The object %.63s/%.200s cannot be written",
                            bucket, key);
}

static bool copy_part(char *out, size_t size, const char *from, size_t len)
{
    if (len == 0 || len >= size) {
        return false;
    }
    memcpy(out, from, len);
    out[len] = '\0';
    return true;
}

static bool split_path(const char *path, char bucket[64], char key[1025])
{
    size_t len = strcspn(path, "/");
    return path[len] == '/' && copy_part(bucket, 64, path, len) &&
           copy_part(key, 1025, path + len + 1, strlen(path + len + 1));
}

bool lp_object_url(const char *url, char bucket[64], char key[1025])
{
    if (strncmp(url, "s3://", 5) == 0) {
        return split_path(url + 5, bucket, key);
    }
    if (strncmp(url, "https://", 8) != 0) {
        return false;
    }
    const char *host = url + 8;
    size_t len = strcspn(host, "/");
    const char *path = host + len;
    static const char tail[] = ".amazonaws.com";
    size_t tail_len = sizeof tail - 1;
    if (*path == '\0' || len < tail_len || strncmp(path - tail_len, tail, tail_len) != 0) {
        return false;
    }
    if (strncmp(host, "s3.", 3) == 0 || strncmp(host, "s3-", 3) == 0) {
        return split_path(path + 1, bucket, key);
    }
    const char *s3 = strstr(host, ".s3");
    return s3 != NULL && s3 < path && (s3[3] == '.' || s3[3] == '-') &&
           copy_part(bucket, 64, host, (size_t)(s3 - host)) &&
           copy_part(key, 1025, path + 1, strlen(path + 1));
}
