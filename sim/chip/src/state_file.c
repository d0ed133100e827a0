// SPDX-License-Identifier: Apache-2.0
// The state file: lines of "name value", closed by a SHA-256 of everything before it. It is
// replaced as a whole, so a crash leaves the old or the new one, and any damage is seen.
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

enum { TEXT_MAX = 8192, PATH_CAP = 4096 };

static const char MAGIC[] = "limpet-chip 1\n";

typedef struct {
    char bytes[TEXT_MAX];
    size_t len;
} text_t;

// ---- writing ----------------------------------------------------------------

static void put(text_t *t, const char *s)
{
    size_t n = strlen(s);
    if (n < sizeof t->bytes - t->len) {
        memcpy(t->bytes + t->len, s, n);
        t->len += n;
    }
}

static void put_hex(text_t *t, const char *name, const uint8_t *bytes, size_t len)
{
    char two[3];
    put(t, name);
    put(t, " ");
    for (size_t i = 0; i < len; i++) {
        snprintf(two, sizeof two, "%02x", bytes[i]);
        put(t, two);
    }
    put(t, "\n");
}

static void put_number(text_t *t, const char *name, uint64_t value)
{
    char line[64];
    snprintf(line, sizeof line, "%s %llu\n", name, (unsigned long long)value);
    put(t, line);
}

static void render(text_t *t, const lp_chipsim_image_t *image)
{
    uint8_t digest[32];
    char name[16];
    t->len = 0;
    put(t, MAGIC);
    put(t, "model ");
    put(t, lp_chipsim_model_name(image->model));
    put(t, "\n");
    put_hex(t, "config", image->config, sizeof image->config);
    put_hex(t, "otp", image->otp, sizeof image->otp);
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        size_t len;
        const uint8_t *p = lp_chipsim_slot_const(image, slot, &len);
        snprintf(name, sizeof name, "slot%u", slot);
        put_hex(t, name, p, len);
    }
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        snprintf(name, sizeof name, "writes%u", slot);
        put_number(t, name, image->slot_writes[slot]);
        snprintf(name, sizeof name, "origin%u", slot);
        put_number(t, name, image->slot_origin[slot]);
    }
    put_hex(t, "rngseed", image->eeprom_seed, sizeof image->eeprom_seed);
    put_number(t, "boots", image->boots);
    put_number(t, "seed", image->seed);
    lp_cs_sha(t->bytes, t->len, digest);
    put_hex(t, "sha256", digest, sizeof digest);
}

// ---- reading ----------------------------------------------------------------

typedef struct {
    const char *at;
    const char *end;
} reader_t;

static bool take(reader_t *r, const char *s)
{
    size_t n = strlen(s);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, s, n) != 0) {
        return false;
    }
    r->at += n;
    return true;
}

static int nibble(char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static bool take_hex(reader_t *r, const char *name, uint8_t *out, size_t len)
{
    if (!take(r, name) || !take(r, " ") || (size_t)(r->end - r->at) < 2 * len + 1) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        int hi = nibble(r->at[2 * i]);
        int lo = nibble(r->at[2 * i + 1]);
        if (hi < 0 || lo < 0) {
            return false;
        }
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    r->at += 2 * len;
    return take(r, "\n");
}

static bool take_number(reader_t *r, const char *name, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (!take(r, name) || !take(r, " ")) {
        return false;
    }
    const char *first = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        unsigned digit = (unsigned)(*r->at++ - '0');
        if (value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return r->at > first && take(r, "\n");
}

static bool take_model(reader_t *r, lp_chipsim_image_t *image)
{
    if (!take(r, "model ")) {
        return false;
    }
    for (unsigned i = 0; i < LP_CHIPSIM_MODELS; i++) {
        if (take(r, lp_chipsim_model_name((lp_chipsim_model_t)i))) {
            image->model = (lp_chipsim_model_t)i;
            return take(r, "\n");
        }
    }
    return false;
}

static bool take_slots(reader_t *r, lp_chipsim_image_t *image)
{
    char name[16];
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        size_t len;
        uint8_t *p = lp_chipsim_slot(image, slot, &len);
        snprintf(name, sizeof name, "slot%u", slot);
        if (!take_hex(r, name, p, len)) {
            return false;
        }
    }
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        uint64_t n;
        snprintf(name, sizeof name, "writes%u", slot);
        if (!take_number(r, name, UINT32_MAX, &n)) {
            return false;
        }
        image->slot_writes[slot] = (uint32_t)n;
        snprintf(name, sizeof name, "origin%u", slot);
        if (!take_number(r, name, LP_CHIPSIM_FROM_IMPORT, &n)) {
            return false;
        }
        image->slot_origin[slot] = (uint8_t)n;
    }
    return true;
}

// LP_E_FORMAT: something else. LP_E_CRC: a state file, but not as it was written.
static lp_err_t parse(const char *text, size_t len, lp_chipsim_image_t *out)
{
    enum { TRAILER = 7 + 64 + 1 }; // "sha256 " and 32 bytes and a newline
    reader_t r = {.at = text, .end = text + len};
    if (!take(&r, MAGIC)) {
        return LP_E_FORMAT;
    }
    uint8_t digest[32];
    uint8_t stored[32];
    if (len < sizeof MAGIC + TRAILER) {
        return LP_E_CRC;
    }
    reader_t tail = {.at = text + len - TRAILER, .end = text + len};
    lp_cs_sha(text, len - TRAILER, digest);
    if (!take_hex(&tail, "sha256", stored, sizeof stored) || memcmp(digest, stored, 32) != 0) {
        return LP_E_CRC;
    }
    lp_chipsim_image_t image = {.boots = 0};
    bool ok = take_model(&r, &image) && take_hex(&r, "config", image.config, sizeof image.config) &&
              take_hex(&r, "otp", image.otp, sizeof image.otp) && take_slots(&r, &image) &&
              take_hex(&r, "rngseed", image.eeprom_seed, sizeof image.eeprom_seed) &&
              take_number(&r, "boots", UINT64_MAX, &image.boots) &&
              take_number(&r, "seed", UINT64_MAX, &image.seed) && r.at == text + len - TRAILER;
    if (ok) {
        *out = image;
    }
    lp_cs_wipe(&image, sizeof image);
    return ok ? LP_OK : LP_E_FORMAT;
}

static lp_err_t read_fd(int fd, lp_chipsim_image_t *image)
{
    char text[TEXT_MAX];
    size_t len = 0;
    for (;;) {
        ssize_t n = read(fd, text + len, sizeof text - len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return LP_E_IO;
        }
        len += (size_t)n;
        if (n == 0 || len == sizeof text) {
            break;
        }
    }
    lp_err_t err = parse(text, len, image);
    lp_cs_wipe(text, sizeof text);
    return err;
}

lp_err_t lp_chipsim_image_load(lp_chipsim_image_t *image, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? LP_E_NOT_FOUND : LP_E_IO;
    }
    lp_err_t err = read_fd(fd, image);
    close(fd);
    return err;
}

// ---- replacing --------------------------------------------------------------

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static void sync_folder(const char *path)
{
    char copy[PATH_CAP];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

// The new file, written, synced and locked, under its temporary name; -1 on failure, when nothing
// is left of it.
static int write_beside(const char *temporary, const lp_chipsim_image_t *image, bool sync)
{
    text_t text;
    int fd = open(temporary, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return -1;
    }
    render(&text, image);
    bool ok = flock(fd, LOCK_EX | LOCK_NB) == 0 && ftruncate(fd, 0) == 0 && fchmod(fd, 0600) == 0 &&
              write_all(fd, text.bytes, text.len) && (!sync || fsync(fd) == 0);
    lp_cs_wipe(&text, sizeof text);
    if (!ok) {
        close(fd);
        unlink(temporary);
        return -1;
    }
    return fd;
}

// `fresh`: only if nothing has that name yet (errno EEXIST).
static int replace(const char *path, const lp_chipsim_image_t *image, bool sync, bool fresh)
{
    char temporary[PATH_CAP];
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = write_beside(temporary, image, sync);
    if (fd < 0) {
        return -1;
    }
    bool ok = fresh ? link(temporary, path) == 0 : rename(temporary, path) == 0;
    int why = errno;
    if (!ok || fresh) {
        unlink(temporary);
    }
    if (!ok) {
        close(fd);
        errno = why;
        return -1;
    }
    if (sync) {
        sync_folder(path);
    }
    return fd;
}

lp_err_t lp_chipsim_image_save(const lp_chipsim_image_t *image, const char *path)
{
    int fd = replace(path, image, true, false);
    if (fd < 0) {
        return LP_E_IO;
    }
    close(fd);
    return LP_OK;
}

lp_err_t lp_cs_state_save(lp_chipsim_t *c)
{
    int fd = replace(c->state_path, &c->image, !c->no_sync, false);
    if (fd < 0) {
        return LP_E_IO;
    }
    close(c->state_fd);
    c->state_fd = fd; // still locked: nobody else can have had the new file
    return LP_OK;
}

// ---- one process per file ---------------------------------------------------

// Locked, and still the file of that name (another process may have replaced it in between).
static int open_locked(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat mine;
    struct stat named;
    if (fd < 0) {
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &mine) != 0 || stat(path, &named) != 0 ||
        mine.st_ino != named.st_ino) {
        close(fd);
        errno = EWOULDBLOCK;
        return -1;
    }
    return fd;
}

static lp_err_t create_file(lp_chipsim_t *c, const char *path)
{
    c->state_fd = replace(path, &c->image, !c->no_sync, true);
    if (c->state_fd >= 0) {
        return LP_OK;
    }
    return errno == EEXIST ? LP_E_EXISTS : LP_E_IO;
}

lp_err_t lp_cs_state_claim(lp_chipsim_t *c, const char *path, bool create)
{
    c->state_path = strdup(path);
    if (c->state_path == NULL) {
        return LP_E_NOSPACE;
    }
    if (create) {
        return create_file(c, path);
    }
    c->state_fd = open_locked(path);
    if (c->state_fd < 0) {
        return errno == ENOENT ? LP_E_NOT_FOUND : errno == EWOULDBLOCK ? LP_E_BUSY : LP_E_IO;
    }
    return read_fd(c->state_fd, &c->image);
}
