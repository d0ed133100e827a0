// SPDX-License-Identifier: Apache-2.0
// What a setup sees before it does anything: the board, its chip, the cloud. And what the user
// wishes.
#ifndef LP_SETUP_STATE_H
#define LP_SETUP_STATE_H

#include <stdbool.h>

#include "limpet/iot.h"

typedef enum { LP_CHIP_PLAN_OPEN, LP_CHIP_PLAN_MATCH, LP_CHIP_PLAN_DIFFERS } lp_chip_plan_t;

typedef struct {
    bool is_present;
    int count; // how many answered
    int addr;
    char part[24];
    char serial[24];
    char variant[16];
    bool is_config_locked;
    bool is_data_locked;
    lp_chip_plan_t plan;
    char differences[400]; // one a line
    bool can_bind;         // the board could make a bus key with it
    char seal[12];         // "sealed", "clear", "broken"; "" where the board does not say
    char bus[64];          // name of the bus
    char lines[96];        // what the bus lines look like
    char tried[80];        // "0x60 0x35"
} lp_setup_chip_t;

typedef enum { LP_KEY_NONE, LP_KEY_CHIP, LP_KEY_FLASH } lp_key_source_t;

typedef struct {
    char key[40]; // key id this is about
    lp_key_source_t source;
    bool exists;
    char public_key[129];
    char cert_id[65]; // of the certificate on the board; "" for none
    bool is_match;    // that certificate is for this key
} lp_setup_identity_t;

typedef struct {
    bool enable;
    char server[256];
    char client_id[129];
    char thing[129];
    char key[40];
    bool has_cert;
    char *trust_ca; // owned
} lp_setup_config_t;

typedef struct {
    char state[16];
    char cert_id[65];
    char version[16];
    char suite[64];
    char key_source[16];
    double handshake_ms;
    char error_name[40];
    char error_text[160];
    uint64_t at_ms; // when this was read, lp_ui_now_ms()
} lp_setup_status_t;

typedef struct {
    char id[64];
    char app[64];
    char firmware[40];
    char port_name[40];
    char where[300];
    double boot_count;
    char settings[8]; // "saved", "trial", "set"; "" where the board does not say
    lp_setup_chip_t chip;
    lp_setup_identity_t identity;
    lp_setup_config_t config;
    lp_setup_status_t status;
} lp_setup_board_t;

typedef enum {
    LP_CERT_NONE,
    LP_CERT_ACTIVE,
    LP_CERT_INACTIVE,
    LP_CERT_REVOKED,
    LP_CERT_OTHER // pending transfer or activation
} lp_cert_state_t;

typedef enum { LP_POLICY_MISSING, LP_POLICY_SAME, LP_POLICY_OTHER } lp_policy_state_t;

typedef struct {
    char server[256]; // data endpoint, host or host:port
    char account[24]; // "" when unknown
    lp_cert_state_t cert_state;
    lp_iot_cert_t cert; // the one for the board's key
    bool has_thing;
    size_t n_other_certs; // attached to the thing, for other keys
    lp_policy_state_t policy;
    char policy_wildcard[240]; // what in it is too wide, in words; "" for nothing
    char *policy_text;         // owned; of one that differs from the user's file, else null
    size_t n_policy_versions;  // then
    char oldest_version[16];   // then: the oldest that is not in force; "" for none
    bool is_policy_attached;
    bool is_thing_attached;
    bool is_proven; // the cloud holds a proof message of this certificate
} lp_setup_cloud_t;

typedef struct {
    char thing[129];
    char policy[129];
    bool is_policy_named;        // by the user: taken as it is
    const char *policy_document; // lent; the user's own, which it is to have; or null
    bool is_chip_required;
    bool is_software_key_wanted;
    bool is_new_certificate; // although the old one was revoked
    bool is_bus_clear;       // no bus key
    long use_slot;           // -1: Limpet's plan
    char key[40];            // key id, for the board that has one in use; "" for the usual one
    char trust_ca[4600];     // roots that the board is to trust, PEM
} lp_setup_wish_t;

typedef struct {
    lp_setup_board_t board;
    lp_setup_cloud_t cloud;
    lp_setup_wish_t wish;
} lp_setup_state_t;

// Whether the chip came with a key and a certificate of its own, and these are to be used.
bool lp_setup_has_own_cert(const lp_setup_state_t *state);

// The key id that the board is to use, from what is there and what is wished.
void lp_setup_key_id(const lp_setup_chip_t *chip, const lp_setup_wish_t *wish, char *out,
                     unsigned long cap);

// Wishes for the key that the board lives with, when it lives with one that may be used.
void lp_setup_keep_key(const lp_setup_board_t *board, lp_setup_wish_t *wish);

#endif
