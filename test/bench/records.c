// SPDX-License-Identifier: Apache-2.0
// Which chains and records of a server a board takes whose TLS was built for records of
// LP_TLS_IN_BYTES. One line for each: "IN chain CERTIFICATES BYTES WORD" and "IN record BYTES
// WORD", where WORD is "works" or the error.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

enum { CHAINS = 3, RECORD_BYTES_MAX = 16384 };

static rig_t rig;

static const char *connect_and_receive(size_t bytes)
{
    static char data[RECORD_BYTES_MAX];
    rig_open(&rig);
    rig.config.trust_pem = lp_tls_pem(rig_pki.root_pem);
    bool is_open = rig_handshake(&rig);
    if (is_open && bytes > 0) {
        peer_send(&rig.peer, data, bytes); // OpenSSL makes one record of it
        rig_turns(&rig, 200);
        is_open = rig.closed == 0 && rig.got_len == bytes;
    }
    return is_open ? "works" : lp_err_name(rig.why);
}

static void end(void)
{
    rig_assert_clean(&rig);
    rig_close(&rig);
}

static size_t der_bytes(const pki_id_t *id)
{
    return (size_t)i2d_X509(id->cert, NULL);
}

// A server for many names: what makes real certificates long.
static const char *many_names(unsigned names)
{
    static char san[8192];
    size_t len = (size_t)snprintf(san, sizeof san, "DNS:localhost");
    for (unsigned i = 0; i < names && len < sizeof san - 64; i++) {
        len += (size_t)snprintf(san + len, sizeof san - len, ",DNS:*.iot.region-%u.example.com", i);
    }
    return san;
}

static void try_chain(int certificates, unsigned names)
{
    static const pki_spec_t upper = {.cn = "Example Trust Services Root R4 Cross-Certified 2026",
                                     .is_ca = true};
    static const pki_spec_t lower = {.cn = "Example Trust Services Server Authority M02",
                                     .is_ca = true};
    const pki_spec_t leaf = {.cn = "localhost", .san = many_names(names), .eku = "serverAuth"};
    pki_id_t first = pki_issue(pki_key_p256(), &upper, &rig_pki.root);
    pki_id_t second = pki_issue(pki_key_p256(), &lower, certificates > 2 ? &first : &rig_pki.root);
    pki_id_t server = pki_issue(pki_key_p256(), &leaf, certificates > 1 ? &second : &rig_pki.root);
    size_t bytes = der_bytes(&server);
    bytes += certificates > 1 ? der_bytes(&second) : 0;
    bytes += certificates > 2 ? der_bytes(&first) : 0;
    rig_open(&rig);
    rig.peer_config.id = &server;
    rig.peer_config.chain = certificates > 1 ? &second : NULL;
    rig.peer_config.chain2 = certificates > 2 ? &first : NULL;
    bool is_open = rig_handshake(&rig);
    printf("%d chain %d %zu %s\n", LP_TLS_IN_BYTES, certificates, bytes,
           is_open ? "works" : lp_err_name(rig.why));
    end();
    pki_free(&server);
    pki_free(&second);
    pki_free(&first);
}

int main(void)
{
    static const size_t records[] = {
        512, 1024, 1536, 2048, 3072, 4096, 4097, 8192, RECORD_BYTES_MAX};
    (void)rig_pki_make(NULL);
    for (int n = 1; n <= CHAINS; n++) {
        try_chain(n, 2);
    }
    for (unsigned names = 20; names <= 160; names *= 2) {
        try_chain(CHAINS, names);
    }
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        printf("%d record %zu %s\n", LP_TLS_IN_BYTES, records[i], connect_and_receive(records[i]));
        end();
    }
    (void)rig_pki_drop(NULL);
    return 0;
}
