// SPDX-License-Identifier: Apache-2.0
// Makes what the TLS fuzzer starts from: a fixture (trust anchor and client certificate) and the
// bytes of OpenSSL servers that complete a handshake with it. Run by hand when the ClientHello has
// changed:
//     record_tls fixture >test/fuzz/sec/tls_fixture.h      then build again, then
//     record_tls corpus test/fuzz/corpus/tls_server
//     record_tls12 corpus test/fuzz/corpus/tls12_server
//     record_tls board >test/fuzz/sec/tls_board.h          then build again, then
//     record_tls callers test/fuzz/corpus/tls_caller
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

// Of a board that is called: made apart, so that what is recorded of servers stays good.
static void print_board(void)
{
    static const pki_spec_t spec = {.cn = "lp-fuzz-board"};
    uint8_t bytes[32];
    tls_target_key(bytes);
    pki_id_t board = pki_issue(pki_key_from_bytes(bytes), &spec, NULL);
    printf("// SPDX-License-Identifier: Apache-2.0\n// Made by record_tls; not to be edited.\n"
           "#ifndef TLS_BOARD_H\n#define TLS_BOARD_H\n");
    print_pem("tls_fixture_board", &board);
    printf("\n#endif\n");
    pki_free(&board);
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

typedef struct {
    const char *name;
    unsigned flags;
    int max_version;
    char groups[16]; // OpenSSL's macro takes no constant; "": its own
} caller_t;

static caller_t callers[] = {
    {"tls13", 0, 0, "P-256"},
    {"tls13-retry", 0, 0, "X448:P-256"},
    {"tls13-chunks", 3u << TLS_TARGET_CHUNK, 0, ""},
    {"tls12", 0, TLS1_2_VERSION, ""},
    {"tls12-only", TLS_TARGET_ONLY_12 | 5u << TLS_TARGET_CHUNK, 0, ""},
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

static void write_case(const char *folder, const char *name, unsigned flags)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    fputc((int)flags, f);
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
    write_case(folder, c->name, c->flags);
    tls_target_deinit(&target);
    peer_close(&peer);
    pki_free(&server);
    pki_free(&root);
}

// The peer's wire, with an OpenSSL client at its end.
static void turn_round(peer_t *peer, caller_t *c)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;
    if (ssl == NULL || BIO_up_ref(peer->in) != 1 || BIO_up_ref(peer->out) != 1 ||
        (c->max_version != 0 && SSL_set_max_proto_version(ssl, c->max_version) != 1) ||
        (c->groups[0] != '\0' && SSL_set1_groups_list(ssl, c->groups) != 1)) {
        fprintf(stderr, "%s: no client\n", c->name);
        exit(1);
    }
    SSL_set_bio(ssl, peer->in, peer->out);
    SSL_set_app_data(ssl, peer); // it sends back what it gets
    SSL_set_connect_state(ssl);
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->ssl_ctx);
    peer->ssl = ssl;
    peer->ssl_ctx = ctx;
}

static void record_caller(const char *folder, caller_t *c)
{
    static const pki_spec_t spec = {.cn = "nobody"};
    static tls_target_t target;
    static lp_stream_ops_t ops;
    peer_t peer;
    pki_id_t root = make_root();
    pki_id_t nobody = pki_issue(pki_key_p256(), &spec, &root);
    const peer_config_t config = {.id = &nobody, .is_echo = true};
    tls_target_init(&target);
    peer_open(&peer, &target.loop, &config);
    turn_round(&peer, c);
    ops = *peer.stream.ops;
    true_read = ops.read;
    ops.read = recording_read;
    peer.stream.ops = &ops;
    recorded_len = 0;
    if (tls_target_listen(&target, &peer.stream, c->flags) != LP_OK) {
        fprintf(stderr, "%s: %s\n", c->name, lp_tls_report(&target.tls)->detail);
        exit(1);
    }
    lp_loop_post(&target.loop, &peer.event); // a client begins
    tls_target_run(&target);
    if (target.opened != 1 || target.got != 5) {
        fprintf(stderr, "%s: no handshake: %s\n", c->name, lp_tls_report(&target.tls)->detail);
        exit(1);
    }
    write_case(folder, c->name, c->flags);
    tls_target_deinit(&target);
    peer_close(&peer);
    pki_free(&nobody);
    pki_free(&root);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "fixture") == 0) {
        print_fixture();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "board") == 0) {
        print_board();
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
    if (argc == 3 && strcmp(argv[1], "callers") == 0) {
        for (size_t i = 0; i < sizeof callers / sizeof callers[0]; i++) {
            record_caller(argv[2], &callers[i]);
        }
        return 0;
    }
    fprintf(stderr, "usage: record_tls fixture|board, or record_tls corpus|callers FOLDER\n");
    return 2;
}
