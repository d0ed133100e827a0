// SPDX-License-Identifier: Apache-2.0
// Makes what the TLS fuzzer starts from: a fixture (trust anchor and client certificate) and the
// bytes of OpenSSL servers that complete a handshake with it. Run by hand when the ClientHello has
// changed:
//     record_tls fixture >test/fuzz/sec/tls_fixture.h      then build again, then
//     record_tls corpus test/fuzz/corpus/tls_server
//     record_tls12 corpus test/fuzz/corpus/tls12_server
// The authority's key follows from a constant, so that both runs and all machines agree on it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "tls_target.h"

static pki_id_t make_root(void)
{
    static const uint8_t key[32] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99};
    static const pki_spec_t spec = {.cn = "Fuzz Root", .is_ca = true};
    return pki_issue(pki_key_from_bytes(key), &spec, NULL);
}

static void print_pem(const char *name, const pki_id_t *id)
{
    char pem[4096] = "";
    pki_pem(id, pem, sizeof pem);
    printf("\nstatic const char %s[] =", name);
    for (const char *line = pem; *line != '\0';) {
        int len = (int)strcspn(line, "\n");
        printf("\n    \"%.*s\\n\"", len, line);
        line += len + 1;
    }
    printf(";\n");
}

static void print_fixture(void)
{
    static const pki_spec_t spec = {.cn = "lp-fuzz", .eku = "clientAuth"};
    uint8_t bytes[32];
    tls_target_key(bytes);
    pki_id_t root = make_root();
    pki_id_t client = pki_issue(pki_key_from_bytes(bytes), &spec, &root);
    printf("// SPDX-License-Identifier: Apache-2.0\n// Made by record_tls; not to be edited.\n"
           "#ifndef TLS_FIXTURE_H\n#define TLS_FIXTURE_H\n");
    print_pem("tls_fixture_root", &root);
    print_pem("tls_fixture_client", &client);
    printf("\n#endif\n");
    pki_free(&client);
    pki_free(&root);
}

typedef struct {
    const char *name;
    unsigned flags;
    int max_version;
    const char *suites_12;
    const char *groups;
    bool is_rsa;
} case_t;

static const case_t cases[] = {
    {"tls13", 0, 0, NULL, NULL, false},
    {"tls13-identity", TLS_TARGET_IDENTITY, 0, NULL, NULL, false},
    {"tls13-hello-retry", TLS_TARGET_IDENTITY, 0, NULL, "X25519", false},
    {"tls13-rsa", 0, 0, NULL, NULL, true},
    {"tls13-ip", TLS_TARGET_IP | 5u << TLS_TARGET_CHUNK, 0, NULL, NULL, false},
    {"tls12", 0, TLS1_2_VERSION, NULL, NULL, false},
    {"tls12-identity", TLS_TARGET_IDENTITY | TLS_TARGET_ONLY_12, 0, NULL, NULL, false},
    {"tls12-rsa", TLS_TARGET_ONLY_12, 0, "ECDHE-RSA-AES256-GCM-SHA384", NULL, true},
    {"tls12-ip", TLS_TARGET_IP | 5u << TLS_TARGET_CHUNK, TLS1_2_VERSION, NULL, NULL, false},
};

static bool is_possible(const case_t *c)
{
    return rig_has_all || (c->max_version == TLS1_2_VERSION && c->suites_12 == NULL && !c->is_rsa);
}

static uint8_t recorded[1 << 16];
static size_t recorded_len;
static lp_err_t (*true_read)(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n);

static lp_err_t recording_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    lp_err_t err = true_read(s, buf, cap, n);
    if (err == LP_OK && recorded_len + *n <= sizeof recorded) {
        memcpy(recorded + recorded_len, buf, *n);
        recorded_len += *n;
    }
    return err;
}

static void write_case(const char *folder, const case_t *c)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, c->name);
    FILE *f = fopen(path, "wb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    fputc((int)c->flags, f);
    fwrite(recorded, 1, recorded_len, f);
    fclose(f);
}

static void record(const char *folder, const case_t *c)
{
    static const pki_spec_t spec = {.cn = "localhost", .san = "DNS:localhost,IP:127.0.0.1"};
    static tls_target_t target;
    static lp_stream_ops_t ops;
    peer_t peer;
    pki_id_t root = make_root();
    pki_id_t server = pki_issue(c->is_rsa ? pki_key_rsa(2048) : pki_key_p256(), &spec, &root);
    const peer_config_t config = {.id = &server,
                                  .max_version = c->max_version,
                                  .suites_12 = c->suites_12,
                                  .groups = c->groups,
                                  .client_ca = (c->flags & TLS_TARGET_IDENTITY) ? &root : NULL,
                                  .is_echo = true};
    tls_target_init(&target);
    peer_open(&peer, &target.loop, &config);
    ops = *peer.stream.ops;
    true_read = ops.read;
    ops.read = recording_read;
    peer.stream.ops = &ops;
    recorded_len = 0;
    if (tls_target_open(&target, &peer.stream, c->flags) != LP_OK) {
        fprintf(stderr, "%s: %s\n", c->name, lp_tls_report(&target.tls)->detail);
        exit(1);
    }
    tls_target_run(&target);
    if (target.opened != 1 || target.got != 5) {
        fprintf(stderr, "%s: no handshake: %s\n", c->name, lp_tls_report(&target.tls)->detail);
        exit(1);
    }
    write_case(folder, c);
    tls_target_deinit(&target);
    peer_close(&peer);
    pki_free(&server);
    pki_free(&root);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "fixture") == 0) {
        print_fixture();
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "corpus") == 0) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            if (is_possible(&cases[i])) {
                record(argv[2], &cases[i]);
            }
        }
        return 0;
    }
    fprintf(stderr, "usage: record_tls fixture | record_tls corpus FOLDER\n");
    return 2;
}
