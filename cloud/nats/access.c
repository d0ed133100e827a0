// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limpet/nats_access.h"

static bool fail(lp_nats_fault_t *f, lp_nats_fault_kind_t kind, const char *what, const char *why,
                 const char *next)
{
    f->kind = kind;
    snprintf(f->what, sizeof f->what, "%s", what);
    snprintf(f->why, sizeof f->why, "%s", why);
    f->next = next;
    return false;
}

// --- files --------------------------------------------------------------------------------------

// Why it cannot be used; "" when it can.
static const char *fault_of(const struct stat *st, bool is_secret)
{
    if (!S_ISREG(st->st_mode)) {
        return "it is no regular file";
    }
    if (is_secret && st->st_uid != geteuid() && st->st_uid != 0) {
        return "it belongs to another user";
    }
    if (is_secret && (st->st_mode & 077) != 0) {
        return "it is a secret, and others than its owner may read or write it";
    }
    return "";
}

static bool check_file(const char *path, bool is_secret, lp_nats_fault_t *f)
{
    struct stat st;
    if (path == NULL) {
        return true;
    }
    // Not to hang on a pipe.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const char *why = fd < 0 || fstat(fd, &st) != 0 ? strerror(errno) : fault_of(&st, is_secret);
    if (fd >= 0) {
        close(fd);
    }
    if (why[0] == '\0') {
        return true;
    }
    fail(f, LP_NATS_FAULT_FILE, "", why,
         is_secret ? "chmod 600, and let the gateway's user own it" : "check the path");
    snprintf(f->what, sizeof f->what, "the gateway cannot use %s", path);
    return false;
}

// --- what goes together -------------------------------------------------------------------------

static bool check_plain(const lp_nats_access_t *a, const lp_nats_servers_t *s, lp_nats_fault_t *f)
{
    if (a->ca != NULL || a->cert != NULL) {
        return fail(f, LP_NATS_FAULT_USAGE, "certificates are of no use without TLS",
                    "the addresses of the NATS servers begin with nats://",
                    "write tls:// in front of each");
    }
    if (s->far_plain != NULL && !a->is_plain_allowed) {
        return fail(f, LP_NATS_FAULT_PLAIN, "the way to the NATS cluster is not protected",
                    "a server on another computer has an address without TLS; who is on the way "
                    "reads everything and publishes as any device",
                    "use tls:// and --nats-ca; on a network that is protected otherwise: "
                    "--insecure-plain-nats");
    }
    return true;
}

static bool check_tls(const lp_nats_access_t *a, const lp_nats_servers_t *s, lp_nats_fault_t *f)
{
    if (a->ca == NULL) {
        return fail(f, LP_NATS_FAULT_USAGE, "nothing says which NATS servers are the right ones",
                    "TLS is of use only with the CA of the servers' certificates",
                    "--nats-ca FILE, see docs/fleet-broker.md");
    }
    if (a->cert == NULL && a->creds == NULL && !s->has_user) {
        return fail(f, LP_NATS_FAULT_USAGE, "nothing says who the gateway is",
                    "a cluster that lets in whoever asks lets in whoever publishes as any device",
                    "--nats-cert FILE and --nats-key FILE, or --nats-creds FILE");
    }
    return true;
}

static bool check_together(const lp_nats_access_t *a, const lp_nats_servers_t *s,
                           lp_nats_fault_t *f)
{
    if ((a->cert == NULL) != (a->key == NULL)) {
        return fail(f, LP_NATS_FAULT_USAGE, "a certificate and its key go together",
                    a->key == NULL ? "there is no --nats-key" : "there is no --nats-cert",
                    "give both");
    }
    return s->is_tls ? check_tls(a, s, f) : check_plain(a, s, f);
}

bool lp_nats_access_check(const lp_nats_access_t *a, lp_nats_fault_t *f)
{
    lp_nats_servers_t servers;
    if (!lp_nats_servers_read(a->servers, &servers)) {
        return fail(f, LP_NATS_FAULT_USAGE, "the addresses of the NATS servers cannot be used",
                    "they are tls://HOST:PORT, all with TLS or all without, with commas between",
                    "limpet cloud gateway --help");
    }
    bool ok = check_together(a, &servers, f) && check_file(a->ca, false, f) &&
              check_file(a->cert, false, f) && check_file(a->key, true, f) &&
              check_file(a->creds, true, f);
    lp_nats_servers_wipe(&servers);
    return ok;
}
