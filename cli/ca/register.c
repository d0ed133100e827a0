// SPDX-License-Identifier: Apache-2.0
// What was issued and what was revoked: one line each, appended and never changed.
//
//   {"seq":7,"time":1764312345,"what":"issued","kind":"device","serial":"5f..","name":"lp-4f21c0",
//    "pem":"-----BEGIN ..."} 1c291ca3
//   {"seq":8,"time":1764312399,"what":"revoked","serial":"5f..","reason":"superseded"} 9ac04412
//
// The digits behind the object are its CRC-32. A last line that is not whole was being written when
// the power went; nobody was told that it is there, so it is cut off. Anything else that is wrong
// is an error: a register with a hole may have lost a revocation.
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca_private.h"
#include "limpet/crc.h"
#include "limpet/hexline.h"

enum { MAX_REGISTER = 1 << 28, CRC_DIGITS = 8, GROW = 64 };

static const double latest_time = 253402300799.0; // the end of the year 9999

static const char *const kinds[] = {"device", "client", "tool", "server"};

const char *lp_ca_kind_word(lp_ca_kind_t kind)
{
    return kinds[kind];
}

void lp_ca_register_free(lp_ca_register_t *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->records[i].pem);
    }
    free(r->records);
    r->records = NULL;
    r->n = 0;
    r->cap = 0;
}

static lp_exit_t fail_damaged(const lp_ca_register_t *r, uint64_t line, const char *why,
                              lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "ca-register", "the CA's register is damaged");
    lp_fault_why(f, "%.300s, line %llu: %s", r->path, (unsigned long long)line, why);
    lp_fault_next(f, "bring it back from a copy; with a hole in it a revoked device could come in");
    return f->exit;
}

static lp_exit_t fail_file(const lp_ca_register_t *r, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "ca-register", "the CA's register cannot be used");
    lp_fault_why(f, "%.300s: %s", r->path, strerror(errno));
    lp_fault_next(f, "make room or give yourself the right to, then run the same command again");
    return f->exit;
}

// --- reading

static bool take_text(const cJSON *tree, const char *name, char *out, size_t cap)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    bool fits = cJSON_IsString(item) && strlen(item->valuestring) < cap;
    snprintf(out, cap, "%s", fits ? item->valuestring : "");
    return fits;
}

// What the certificate says counts; the line repeats some of it for people.
static bool take_certificate(lp_ca_record_t *rec)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    BIO *bio = BIO_new_mem_buf(rec->pem, -1);
    X509 *x = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    bool is_right = x != NULL && lp_ca_times(x, &rec->from_s, &rec->to_s) &&
                    X509_digest(x, EVP_sha256(), digest, &len) == 1;
    if (is_right) {
        lp_hexline(rec->id, digest, len);
        lp_ca_key_hex(X509_get0_pubkey(x), rec->public_key);
        (void)X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, rec->name,
                                        (int)sizeof rec->name);
    }
    X509_free(x);
    ERR_clear_error();
    return is_right;
}

static bool take_issued(lp_ca_register_t *r, const cJSON *tree, int64_t time_s)
{
    char kind[16];
    const cJSON *pem = cJSON_GetObjectItemCaseSensitive(tree, "pem");
    if (r->n == r->cap) {
        lp_ca_record_t *more = realloc(r->records, (r->cap + GROW) * sizeof *more);
        if (more == NULL) {
            return false;
        }
        r->records = more;
        r->cap += GROW;
    }
    lp_ca_record_t *rec = &r->records[r->n];
    *rec = (lp_ca_record_t){.issued_s = time_s};
    bool has_kind = take_text(tree, "kind", kind, sizeof kind);
    bool is_known = false;
    for (size_t i = 0; has_kind && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i], kind) == 0) {
            rec->kind = (lp_ca_kind_t)i;
            is_known = true;
        }
    }
    if (!is_known || !take_text(tree, "serial", rec->serial, sizeof rec->serial) ||
        strlen(rec->serial) != LP_CA_SERIAL_HEX || !cJSON_IsString(pem)) {
        return false;
    }
    rec->pem = strdup(pem->valuestring);
    if (rec->pem == NULL || !take_certificate(rec)) {
        free(rec->pem);
        return false;
    }
    r->n++;
    return true;
}

static lp_ca_record_t *find(lp_ca_register_t *r, const char *serial)
{
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->records[i].serial, serial) == 0) {
            return &r->records[i];
        }
    }
    return NULL;
}

static bool take_revoked(lp_ca_register_t *r, const cJSON *tree, int64_t time_s)
{
    char serial[LP_CA_SERIAL_HEX + 1];
    lp_ca_record_t *rec = take_text(tree, "serial", serial, sizeof serial) ? find(r, serial) : NULL;
    if (rec == NULL || !take_text(tree, "reason", rec->reason, sizeof rec->reason)) {
        return false;
    }
    r->n_revoked += rec->revoked_s == 0 ? 1u : 0u;
    rec->revoked_s = rec->revoked_s == 0 ? time_s : rec->revoked_s;
    return true;
}

// Null: the line is as it was written. Else what is wrong with it.
static const char *take_line(lp_ca_register_t *r, const char *line, size_t len)
{
    char digits[CRC_DIGITS + 1];
    char what[16];
    if (len < CRC_DIGITS + 3 || line[len - CRC_DIGITS - 1] != ' ') {
        return "it is not a record";
    }
    size_t text_len = len - CRC_DIGITS - 1;
    snprintf(digits, sizeof digits, "%08x", (unsigned)lp_crc32(0, lp_span(line, text_len)));
    if (memcmp(digits, line + len - CRC_DIGITS, CRC_DIGITS) != 0) {
        return "its checksum is wrong";
    }
    cJSON *tree = cJSON_ParseWithLength(line, text_len);
    const cJSON *seq = cJSON_GetObjectItemCaseSensitive(tree, "seq");
    const cJSON *time = cJSON_GetObjectItemCaseSensitive(tree, "time");
    const char *wrong = NULL;
    bool has_time =
        cJSON_IsNumber(time) && time->valuedouble >= 0.0 && time->valuedouble <= latest_time;
    int64_t time_s = has_time ? (int64_t)time->valuedouble : 0;
    if (!cJSON_IsNumber(seq) || seq->valuedouble != (double)(r->seq + 1)) {
        wrong = "a line before it is missing";
    } else if (!has_time || !take_text(tree, "what", what, sizeof what) ||
               !(strcmp(what, "issued") == 0
                     ? take_issued(r, tree, time_s)
                     : strcmp(what, "revoked") == 0 && take_revoked(r, tree, time_s))) {
        wrong = "it makes no sense";
    } else {
        r->seq++;
        r->newest_s = time_s;
    }
    cJSON_Delete(tree);
    return wrong;
}

lp_exit_t lp_ca_register_parse(lp_ca_register_t *r, const char *text, lp_fault_t *f)
{
    const char *p = text;
    const char *wrong = NULL;
    for (const char *end; wrong == NULL && (end = strchr(p, '\n')) != NULL; p = end + 1) {
        wrong = take_line(r, p, (size_t)(end - p));
        r->whole = wrong == NULL ? (size_t)(end + 1 - text) : r->whole;
    }
    r->was_cut = wrong == NULL && *p != '\0';
    return wrong == NULL ? LP_EXIT_OK : fail_damaged(r, r->seq + 1, wrong, f);
}

lp_exit_t lp_ca_register_load(lp_ca_register_t *r, lp_fault_t *f)
{
    lp_ca_register_free(r);
    r->seq = 0;
    r->newest_s = 0;
    r->n_revoked = 0;
    r->whole = 0;
    r->was_cut = false;
    char *text = lp_ca_read_file(r->path, MAX_REGISTER);
    if (text == NULL) {
        return fail_file(r, f);
    }
    lp_exit_t rc = lp_ca_register_parse(r, text, f);
    free(text);
    return rc;
}

// --- appending

static bool write_line(const lp_ca_register_t *r, const char *line)
{
    int fd = open(r->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return false;
    }
    size_t len = strlen(line);
    // One write: a reader sees all of it or, after a power cut, a tail without its newline.
    bool is_written = (!r->was_cut || ftruncate(fd, (off_t)r->whole) == 0) &&
                      write(fd, line, len) == (ssize_t)len && fsync(fd) == 0;
    int error = errno;
    if (!is_written) {
        (void)!ftruncate(fd, (off_t)r->whole);
    }
    close(fd);
    errno = error;
    return is_written;
}

static lp_exit_t append(lp_ca_register_t *r, cJSON *tree, int64_t now_s, lp_fault_t *f)
{
    char *text = cJSON_PrintUnformatted(tree);
    size_t cap = text != NULL ? strlen(text) + CRC_DIGITS + 3 : 0;
    char *line = cap > 0 ? malloc(cap) : NULL;
    if (line == NULL) {
        cJSON_free(text);
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    snprintf(line, cap, "%s %08x\n", text, (unsigned)lp_crc32(0, lp_span(text, strlen(text))));
    bool is_written = write_line(r, line);
    if (is_written) {
        r->was_cut = false;
        r->whole += strlen(line);
        r->seq++;
        r->newest_s = now_s;
    }
    free(line);
    cJSON_free(text);
    return is_written ? LP_EXIT_OK : fail_file(r, f);
}

static cJSON *start(const lp_ca_register_t *r, const char *what, int64_t now_s)
{
    cJSON *t = cJSON_CreateObject();
    cJSON_AddNumberToObject(t, "seq", (double)(r->seq + 1));
    cJSON_AddNumberToObject(t, "time", (double)now_s);
    cJSON_AddStringToObject(t, "what", what);
    return t;
}

lp_exit_t lp_ca_register_issued(lp_ca_register_t *r, const lp_ca_record_t *record, lp_fault_t *f)
{
    cJSON *t = start(r, "issued", record->issued_s);
    cJSON_AddStringToObject(t, "kind", kinds[record->kind]);
    cJSON_AddStringToObject(t, "serial", record->serial);
    cJSON_AddStringToObject(t, "name", record->name);
    cJSON_AddStringToObject(t, "pem", record->pem);
    lp_exit_t rc = append(r, t, record->issued_s, f);
    if (rc == LP_EXIT_OK && !take_issued(r, t, record->issued_s)) {
        rc = lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    cJSON_Delete(t);
    return rc;
}

lp_exit_t lp_ca_register_revoked(lp_ca_register_t *r, const char *serial, const char *reason,
                                 int64_t now_s, lp_fault_t *f)
{
    cJSON *t = start(r, "revoked", now_s);
    cJSON_AddStringToObject(t, "serial", serial);
    cJSON_AddStringToObject(t, "reason", reason);
    lp_exit_t rc = append(r, t, now_s, f);
    if (rc == LP_EXIT_OK) {
        (void)take_revoked(r, t, now_s);
    }
    cJSON_Delete(t);
    return rc;
}
