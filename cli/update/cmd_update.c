// SPDX-License-Identifier: Apache-2.0
// limpet update: a signed release in the place of this program.
#include <cjson/cJSON.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/cmd.h"
#include "limpet/hex.h"
#include "limpet/opt.h"
#include "update.h"

typedef struct {
    const char *from;
    const char *ca;
    bool is_check;
    bool takes_older;
    bool is_yes;
} update_t;

static lp_exit_t release_key(uint8_t key[32], lp_fault_t *f)
{
    lp_buf_t out = lp_buf(key, 32);
    static const char text[] = LP_RELEASE_KEY;
    if (strlen(text) == 64 && lp_hex_decode(&out, lp_span(text, 64)) == LP_OK) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_LOCAL, "update-no-key", "this tool was built from source");
    lp_fault_why(f, "it knows no key of releases, so it cannot tell a release from anything else");
    lp_fault_next(f, "update the sources and build: git pull && ./dev build");
    return f->exit;
}

// The program lies beside its manifest.
static void beside(const char *manifest, const char *name, char out[UPDATE_PATH])
{
    const char *slash = strrchr(manifest, '/');
    snprintf(out, UPDATE_PATH, "%.*s%.90s", slash != NULL ? (int)(slash - manifest) + 1 : 0,
             manifest, name);
}

static lp_exit_t get_program(const update_t *u, const update_release_t *r, uint8_t **program,
                             lp_fault_t *f)
{
    char from[UPDATE_PATH];
    unsigned char digest[SHA256_DIGEST_LENGTH] = {0};
    size_t len = 0;
    beside(u->from, r->file, from);
    *program = update_fetch(from, r->size, "downloading", u->ca, &len, f);
    if (*program == NULL) {
        return f->exit;
    }
    SHA256(*program, len, digest);
    if (len == r->size && memcmp(digest, r->sha256, sizeof digest) == 0) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_CREDENTIALS, "update-hash",
                 "the program is not the one that was signed; nothing was touched");
    lp_fault_why(f, "%.200s has %zu bytes of %zu, or another SHA-256", from, len, r->size);
    lp_fault_next(f, "get it again from where releases are published");
    return f->exit;
}

static void say(const update_release_t *r, int order, bool is_done)
{
    lp_ui_out(is_done      ? "Now %s (was %s)."
              : order == 0 ? "Nothing to do: %s is what the release has (this is %s)."
              : order > 0  ? "%s is newer than this tool (%s)."
                           : "%s is older than this tool (%s).",
              r->version, LP_VERSION);
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "version", LP_VERSION);
    cJSON_AddStringToObject(line, "release", r->version);
    cJSON_AddBoolToObject(line, "is_newer", order > 0);
    cJSON_AddBoolToObject(line, "is_updated", is_done);
    lp_ui_json_tree(line);
}

static lp_exit_t fit(const update_t *u, const update_release_t *r, int order, lp_fault_t *f)
{
    if (strcmp(r->platform, LP_PLATFORM) != 0) {
        lp_fault_set(f, LP_EXIT_LOCAL, "update-platform", "the release is for another computer");
        lp_fault_why(f, "it is for %s, this is %s", r->platform, LP_PLATFORM);
        return f->exit;
    }
    if (order < 0 && !u->takes_older) {
        lp_fault_set(f, LP_EXIT_CONFLICT, "update-older", "the release is older than this tool");
        lp_fault_why(f, "%s against %s; an older one may have holes that are mended here",
                     r->version, LP_VERSION);
        lp_fault_next(f, "--allow-downgrade takes it all the same");
        return f->exit;
    }
    return LP_EXIT_OK;
}

static lp_exit_t update(const update_t *u, lp_fault_t *f)
{
    uint8_t key[32];
    uint8_t *program = NULL;
    size_t len = 0;
    update_release_t r;
    char question[128];
    lp_exit_t rc = release_key(key, f);
    uint8_t *manifest =
        rc == LP_EXIT_OK ? update_fetch(u->from, UPDATE_MANIFEST_MAX, NULL, u->ca, &len, f) : NULL;
    rc = manifest != NULL ? update_manifest_read(manifest, len, key, &r, f) : f->exit;
    free(manifest);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const int order = update_version_compare(r.version, LP_VERSION);
    rc = u->is_check ? LP_EXIT_OK : fit(u, &r, order, f);
    if (rc != LP_EXIT_OK || u->is_check || order == 0) {
        if (rc == LP_EXIT_OK) {
            say(&r, order, false);
            rc = u->is_check && order > 0 ? LP_EXIT_FINDINGS : LP_EXIT_OK;
        }
        return rc;
    }
    snprintf(question, sizeof question, "Replace limpet %s with %s?", LP_VERSION, r.version);
    rc = lp_ui_ask(question, u->is_yes);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    rc = get_program(u, &r, &program, f);
    rc = rc == LP_EXIT_OK ? update_replace(program, r.size, r.version, f) : rc;
    free(program);
    if (rc == LP_EXIT_OK) {
        say(&r, order, true);
    }
    return rc;
}

int lp_cmd_update(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_CREDENTIALS,
                                LP_EXIT_NETWORK,
                                LP_EXIT_DECLINED,
                                LP_EXIT_CONFLICT,
                                LP_EXIT_LOCAL,
                                LP_EXIT_FINDINGS,
                                0};
    static const lp_help_t help = {
        .name = "update",
        .args = "[FILE|URL]",
        .summary = "Replaces this tool with a release that is signed with the key it trusts.",
        .examples = {"limpet update --check", "limpet update limpet.release", NULL},
        .notes = "FILE or URL (https) is a release's manifest; the program lies beside it. Nothing "
                 "is touched before\nsignature, size and hash are right and the new program has "
                 "started once.",
        .exit_codes = exits,
        .max_args = 1,
    };
    update_t u = {.from = LP_RELEASE_URL};
    const lp_opt_t opts[] = {
        {"check", LP_OPT_BOOL, &u.is_check, NULL,
         "only say whether there is a newer one (13: yes)"},
        {"allow-downgrade", LP_OPT_BOOL, &u.takes_older, NULL, "take an older one, too"},
        {"ca-bundle", LP_OPT_STR, &u.ca, "FILE", "roots for https (the computer's)"},
        {"yes", LP_OPT_BOOL, &u.is_yes, NULL, "do not ask"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    u.from = n_args > 0 ? argv[1] : u.from;
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_interrupt_catch();
    if (u.from[0] == '\0' && LP_RELEASE_KEY[0] != '\0') {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name the release's manifest",
                          "this tool was built without an address of releases",
                          "limpet update --help");
    }
    const lp_exit_t done = update(&u, &fault);
    return done != LP_EXIT_OK && fault.exit != LP_EXIT_OK ? lp_fault_print(&fault) : (int)done;
}
