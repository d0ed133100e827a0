// SPDX-License-Identifier: Apache-2.0
// limpet/front_pass.h - how the front tells the broker's plugin who a client is.
//
// The front ends the TLS connection, so the broker behind it sees no certificate. It puts a pass
// into the CONNECT instead: the user name is
//
//   limpet-front/1 ADDRESS w|-        (w: the client has a last will)
//
// and the password is the HMAC-SHA256 of user name and certificate in hex, followed by the
// certificate as PEM. The key is made at each start of the cloud and known to the front and the
// plugin only; what reaches the broker without it is refused.
#ifndef LIMPET_FRONT_PASS_H
#define LIMPET_FRONT_PASS_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

enum { LP_PASS_KEY_SIZE = 32, LP_PASS_MAC_SIZE = 64, LP_PASS_USER_SIZE = 96 };

typedef struct {
    unsigned char byte[LP_PASS_KEY_SIZE];
} lp_pass_key_t;

// Makes a fresh key and writes it to a file that only its owner can read. False: errno.
bool lp_pass_key_make(const char *path);
// Reads it back. False: it is not there, or no key.
bool lp_pass_key_read(const char *path, lp_pass_key_t *key);

void lp_pass_user(const char *address, bool last_will, char user[LP_PASS_USER_SIZE]);
// False: no memory.
bool lp_pass_mac(const lp_pass_key_t *key, const char *user, const char *pem,
                 char mac[LP_PASS_MAC_SIZE + 1]);

typedef struct {
    char certificate_id[65]; // SHA-256 of its DER form
    char address[64];
    bool last_will;
    char *pem; // the certificate, owned: lp_pass_close()
} lp_pass_t;

// Checks a pass in time that does not depend on the right MAC. Texts may be null. False: it is not
// the front's; *pass is untouched.
bool lp_pass_open(const lp_pass_key_t *key, const char *user, const char *password,
                  lp_pass_t *pass);
void lp_pass_close(lp_pass_t *pass);

// The id of a certificate; false: no memory.
bool lp_pass_certificate_id(const X509 *certificate, char id[65]);

#endif
