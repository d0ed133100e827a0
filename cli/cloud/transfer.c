// SPDX-License-Identifier: Apache-2.0
// limpet cloud export, import: a whole cloud as one file.
//
//   limpet-cloud-export 1 <LF>
//   SHA-256 of all that follows, in hex <LF>
//   {"files": {"ca.key": "...", ...}, "registryBytes": N} <LF>
//   the registry, N bytes of SQLite
// An import is made beside the folder, checked, and then changes places with it in one step.
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "limpet/pki.h"
#include "limpet/registry.h"
#include "limpet/safe_file.h"
#include "setup.h"

#define MAGIC "limpet-cloud-export "

enum { FORMAT = 1, HEX = 64, FILE_MAX_BYTES = 1 << 30, TEXT_MAX = 64 * 1024 };

static const char *const kept_files[] = {
    "ca.pem", "ca.key", "server.pem", "server.key", "cloud.json", "device-ca.pem", "device-ca.key",
};
enum { KEPT = sizeof kept_files / sizeof kept_files[0] };

typedef struct {
    char *data; // with a zero behind
    size_t len;
} bytes_t;

static void bytes_free(bytes_t *b)
{
    if (b->data != NULL) {
        explicit_bzero(b->data, b->len);
        free(b->data);
    }
    *b = (bytes_t){0};
}

static bool read_all(int fd, size_t len, bytes_t *out)
{
    out->data = malloc(len + 1);
    while (out->data != NULL && out->len < len) {
        ssize_t n = read(fd, out->data + out->len, len - out->len);
        if (n <= 0) {
            return false;
        }
        out->len += (size_t)n;
    }
    if (out->data != NULL) {
        out->data[len] = '\0';
    }
    return out->data != NULL;
}

static bool read_file(const char *path, size_t max, bytes_t *out, char *why, size_t size)
{
    struct stat st;
    *out = (bytes_t){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    errno = fd >= 0 ? 0 : errno;
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size <= max &&
              read_all(fd, (size_t)st.st_size, out);
    if (!ok) {
        snprintf(why, size, "%s: %s", path, errno != 0 ? strerror(errno) : "it cannot be read");
        bytes_free(out);
    }
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

static void hash_of(const char *data, size_t len, char hex[HEX + 1])
{
    unsigned char md[EVP_MAX_MD_SIZE] = {0};
    EVP_Digest(data, len, md, NULL, EVP_sha256(), NULL);
    for (int i = 0; i < HEX / 2; i++) {
        snprintf(hex + (ptrdiff_t)2 * i, 3, "%02x", md[i]);
    }
}

static int fail(lp_exit_t rc, const char *code, const char *what, const char *why)
{
    return lp_ui_fail(rc, code, what, why, NULL);
}

// --- export -------------------------------------------------------------------------------------

// {"files": ..., "registryBytes": N} as one line. Caller frees.
static char *manifest(const cloud_place_t *place, size_t registry_len, char *why, size_t size)
{
    char path[PLACE_PATH];
    cJSON *doc = cJSON_CreateObject();
    cJSON *files = cJSON_AddObjectToObject(doc, "files");
    bool ok = true;
    for (int i = 0; ok && i < KEPT; i++) {
        bytes_t text;
        cloud_path(place, kept_files[i], path);
        ok = read_file(path, TEXT_MAX, &text, why, size);
        if (ok) {
            cJSON_AddStringToObject(files, kept_files[i], text.data);
            bytes_free(&text);
        }
    }
    cJSON_AddNumberToObject(doc, "registryBytes", (double)registry_len);
    char *line = ok ? cJSON_PrintUnformatted(doc) : NULL;
    cJSON_Delete(doc);
    return line;
}

// The registry as of one moment, by way of a file beside it.
static bool take_snapshot(const cloud_place_t *place, bytes_t *out, char *why, size_t size)
{
    char path[PLACE_PATH];
    char copy[PLACE_PATH];
    lp_registry_t *reg = NULL;
    char name[64];
    cloud_path(place, "registry.db", path);
    snprintf(name, sizeof name, "export-%ld.tmp", (long)getpid());
    cloud_path(place, name, copy);
    unlink(copy);
    if (lp_registry_open(&reg, path, false, why, size) != LP_REG_OK) {
        return false;
    }
    bool ok = lp_registry_snapshot(reg, copy) == LP_REG_OK;
    if (!ok) {
        snprintf(why, size, "%s", lp_reg_error(reg)->message);
    }
    lp_registry_close(reg);
    ok = ok && read_file(copy, FILE_MAX_BYTES, out, why, size);
    unlink(copy);
    return ok;
}

// Never over a file that is there; whole or not at all.
static bool write_new(const char *path, const char *head, const bytes_t *body, char *why,
                      size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        snprintf(why, size, "%s: %s", path, strerror(errno));
        return false;
    }
    bool ok = lp_file_write_all(fd, head, strlen(head)) &&
              lp_file_write_all(fd, body->data, body->len) && fsync(fd) == 0;
    int kept = errno;
    ok = close(fd) == 0 && ok;
    if (!ok) {
        snprintf(why, size, "%s: %s", path, strerror(kept));
        unlink(path);
    }
    return ok;
}

static bool export_to(const cloud_place_t *place, const char *path, char *why, size_t size)
{
    char head[HEX + 40];
    char hex[HEX + 1];
    bytes_t registry = {0};
    bytes_t body = {0};
    bool ok = take_snapshot(place, &registry, why, size);
    char *line = ok ? manifest(place, registry.len, why, size) : NULL;
    size_t line_len = line != NULL ? strlen(line) : 0;
    body.len = line_len + 1 + registry.len;
    body.data = line != NULL ? malloc(body.len) : NULL;
    ok = body.data != NULL;
    if (ok) {
        memcpy(body.data, line, line_len);
        body.data[line_len] = '\n';
        memcpy(body.data + line_len + 1, registry.data, registry.len);
        hash_of(body.data, body.len, hex);
        snprintf(head, sizeof head, MAGIC "%d\n%s\n", FORMAT, hex);
        ok = write_new(path, head, &body, why, size);
    }
    if (line != NULL) {
        explicit_bzero(line, line_len);
    }
    cJSON_free(line);
    bytes_free(&registry);
    bytes_free(&body);
    return ok;
}

int cloud_cmd_export(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "cloud export",
        .args = "FILE",
        .summary = "Writes all that a cloud knows into one file: registry, log, keys, accounts.",
        .examples = {"limpet cloud export cloud.limpet", NULL},
        .notes = "The file is a secret like the cloud's folder: whoever has it can sign devices "
                 "and use the accounts. Its mode is 0600. The cloud may be up; the file is of one "
                 "moment. Messages that wait for absent devices and objects/ are not in it.",
        .max_args = 1,
    };
    const char *dir = NULL;
    const lp_opt_t opts[] = {CLOUD_OPT_DIR(dir)};
    cloud_place_t place;
    cloud_info_t info;
    char why[WHY_SIZE] = "out of memory";
    int n = 0;
    int rc = lp_opt_parse(&help, opts, 1, argc, argv, &n);
    rc = rc == LP_OPT_GO_ON ? cloud_find_place(dir, &place) : rc;
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n != 1) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name the file to write", NULL,
                          "limpet cloud export --help");
    }
    if (!cloud_info_read(&place, &info)) {
        return cloud_fail_none(&place);
    }
    if (!export_to(&place, argv[1], why, sizeof why)) {
        return fail(LP_EXIT_LOCAL, "cloud-export", "the cloud cannot be exported", why);
    }
    lp_ui_info("Cloud exported to %s. Keep it as secret as the cloud's folder.", argv[1]);
    lp_ui_event("cloud-export", NULL);
    return LP_EXIT_OK;
}

// --- import -------------------------------------------------------------------------------------

typedef struct {
    bytes_t file;
    cJSON *manifest;
    const char *registry; // within file
    size_t registry_len;
} parcel_t;

static void parcel_free(parcel_t *p)
{
    cJSON_Delete(p->manifest);
    bytes_free(&p->file);
}

static bool say(char *why, size_t size, const char *what)
{
    snprintf(why, size, "%s", what);
    return false;
}

// The head: what it is, its version and its hash. *body: what follows.
static bool check_head(const bytes_t *file, const char **body, char *why, size_t size)
{
    char hex[HEX + 1];
    char *end = NULL;
    size_t magic = strlen(MAGIC);
    if (file->len < magic || memcmp(file->data, MAGIC, magic) != 0) {
        return say(why, size, "it is not an exported cloud");
    }
    long version = strtol(file->data + magic, &end, 10);
    if (version > FORMAT) {
        return say(why, size, "it was exported by a newer limpet");
    }
    if (version != FORMAT || *end != '\n' || file->len - (size_t)(end + 1 - file->data) < HEX + 2 ||
        end[1 + HEX] != '\n') {
        return say(why, size, "it is damaged");
    }
    *body = end + HEX + 2;
    hash_of(*body, file->len - (size_t)(*body - file->data), hex);
    return memcmp(hex, end + 1, HEX) == 0 || say(why, size, "it is damaged");
}

static bool files_ok(const cJSON *files)
{
    int known = 0;
    for (int i = 0; i < KEPT; i++) {
        known += cJSON_IsString(cJSON_GetObjectItemCaseSensitive(files, kept_files[i]));
    }
    return known == KEPT && cJSON_GetArraySize(files) == KEPT;
}

static bool open_parcel(const char *path, parcel_t *p, char *why, size_t size)
{
    const char *body = NULL;
    *p = (parcel_t){0};
    if (!read_file(path, FILE_MAX_BYTES, &p->file, why, size) ||
        !check_head(&p->file, &body, why, size)) {
        return false;
    }
    size_t left = p->file.len - (size_t)(body - p->file.data);
    const char *line_end = memchr(body, '\n', left);
    if (line_end == NULL) {
        return say(why, size, "it is damaged");
    }
    p->manifest = cJSON_ParseWithLength(body, (size_t)(line_end - body));
    p->registry = line_end + 1;
    p->registry_len = left - (size_t)(p->registry - body);
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(p->manifest, "registryBytes");
    return (cJSON_IsNumber(count) && count->valuedouble >= 0 &&
            (size_t)count->valuedouble == p->registry_len &&
            files_ok(cJSON_GetObjectItemCaseSensitive(p->manifest, "files"))) ||
           say(why, size, "it is damaged");
}

static bool unpack(const parcel_t *p, const cloud_place_t *stage, char *why, size_t size)
{
    char path[PLACE_PATH];
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(p->manifest, "files");
    const bytes_t registry = {.data = p->file.data + (p->registry - p->file.data),
                              .len = p->registry_len};
    for (int i = 0; i < KEPT; i++) {
        const char *text =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(files, kept_files[i]));
        bool secret = strstr(kept_files[i], ".pem") == NULL;
        cloud_path(stage, kept_files[i], path);
        if (!cloud_write_file(path, text, secret ? 0600 : 0644, why, size)) {
            return false;
        }
    }
    cloud_path(stage, "registry.db", path);
    return write_new(path, "", &registry, why, size) && lp_registry_verify(path, why, size);
}

// The ports were of another time and perhaps another computer: the next `up` takes free ones. Keys
// that do not fit their certificates would be made anew, so they are compared.
static bool complete(const cloud_place_t *stage, char *why, size_t size)
{
    char path[PLACE_PATH];
    cloud_info_t info;
    lp_registry_t *reg = NULL;
    struct stat before;
    struct stat after;
    if (!cloud_info_read(stage, &info)) {
        return say(why, size, "the description of the cloud in it is damaged");
    }
    info.port_http = info.port_https = info.port_mqtt = 0;
    cloud_path(stage, "device-ca.key", path);
    bool ok = stat(path, &before) == 0 &&
              lp_pki_setup(stage->folder, info.endpoint_name, why, size) && stat(path, &after) == 0;
    if (ok && before.st_ino != after.st_ino) {
        return say(why, size, "its keys do not fit its certificates");
    }
    cloud_path(stage, "registry.db", path);
    ok = ok && lp_registry_open(&reg, path, true, why, size) == LP_REG_OK;
    if (ok) {
        lp_registry_set_folder(reg, stage->folder);
        ok = lp_registry_retrust(reg) == LP_REG_OK || say(why, size, lp_reg_error(reg)->message);
        lp_registry_close(reg);
    }
    return ok && cloud_info_write(stage, &info, why, size);
}

// In one step where a cloud is there; its objects/ stay where they are.
static bool change_places(const cloud_place_t *stage, const cloud_place_t *place, bool replaces,
                          char *why, size_t size)
{
    char mine[PLACE_PATH];
    char theirs[PLACE_PATH];
    int rc = replaces ? renameat2(AT_FDCWD, stage->folder, AT_FDCWD, place->folder, RENAME_EXCHANGE)
                      : rename(stage->folder, place->folder);
    if (rc != 0) {
        snprintf(why, size, "%s: %s", place->folder, strerror(errno));
        return false;
    }
    cloud_path(stage, "objects", mine);
    cloud_path(place, "objects", theirs);
    if (replaces && rename(mine, theirs) != 0 && errno != ENOENT) {
        lp_ui_warn("objects of the former cloud are left in %s", mine);
    }
    return true;
}

static int import_into(const parcel_t *p, const cloud_place_t *place, bool replaces)
{
    char why[WHY_SIZE] = "";
    cloud_place_t stage;
    snprintf(stage.folder, sizeof stage.folder, "%.900s.import-%ld", place->folder, (long)getpid());
    bool ok = cloud_make_folder(&stage, why, sizeof why) && unpack(p, &stage, why, sizeof why) &&
              complete(&stage, why, sizeof why) &&
              change_places(&stage, place, replaces, why, sizeof why);
    cloud_forget(&stage); // what failed, or what was there before
    if (ok && access(stage.folder, F_OK) == 0) {
        lp_ui_warn("what else was in the folder is in %s now", stage.folder);
    }
    if (!ok) {
        return fail(LP_EXIT_LOCAL, "cloud-import", "the cloud cannot be imported", why);
    }
    lp_ui_info("Cloud imported into %s.", place->folder);
    lp_ui_event("cloud-import", NULL);
    return LP_EXIT_OK;
}

// Consent, and the lock of a cloud that is there: it must be down and stay so.
static int replace(const parcel_t *p, const cloud_place_t *place, bool yes)
{
    char question[PLACE_SIZE + 80];
    pid_t owner = 0;
    snprintf(question, sizeof question, "Replace the cloud in %s with all its certificates?",
             place->folder);
    int lock = cloud_lock(place, &owner);
    if (lock < 0) {
        return lp_ui_fail(LP_EXIT_CONFLICT, "cloud-running", "the cloud here is up", NULL,
                          "limpet cloud down");
    }
    int rc = (int)lp_ui_ask(question, yes);
    rc = rc == LP_EXIT_OK ? import_into(p, place, true) : rc;
    close(lock);
    return rc;
}

int cloud_cmd_import(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "cloud import",
        .args = "FILE",
        .summary = "Makes a cloud from a file that export wrote: the same accounts, keys, things.",
        .examples = {"limpet cloud import cloud.limpet --dir ./copy",
                     "limpet cloud import cloud.limpet --yes", NULL},
        .notes = "All or nothing. Where a cloud is already, it must be down, and is replaced after "
                 "a question. Ports are chosen anew at the next up.",
        .max_args = 1,
    };
    const char *dir = NULL;
    bool yes = false;
    const lp_opt_t opts[] = {CLOUD_OPT_DIR(dir), {"yes", LP_OPT_BOOL, &yes, NULL, "do not ask"}};
    cloud_place_t place;
    cloud_info_t info;
    parcel_t parcel;
    char why[WHY_SIZE] = "";
    int n = 0;
    int rc = lp_opt_parse(&help, opts, 2, argc, argv, &n);
    rc = rc == LP_OPT_GO_ON ? cloud_find_place(dir, &place) : rc;
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n != 1) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name the file to read", NULL,
                          "limpet cloud import --help");
    }
    if (!open_parcel(argv[1], &parcel, why, sizeof why)) {
        rc = fail(LP_EXIT_LOCAL, "cloud-import", "the cloud cannot be imported", why);
    } else {
        rc = cloud_info_read(&place, &info) ? replace(&parcel, &place, yes)
                                            : import_into(&parcel, &place, false);
    }
    parcel_free(&parcel);
    return rc;
}
