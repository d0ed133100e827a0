// SPDX-License-Identifier: Apache-2.0
// Between the parts of the fake board.
#ifndef LP_TEST_FAKE_BOARD_PRIVATE_H
#define LP_TEST_FAKE_BOARD_PRIVATE_H

#include "check.h"
#include "fake_board.h"

// Answers with a result that the caller frees, or sets *error and returns null.
typedef cJSON *method_fn(fake_board_t *b, const cJSON *params, const char **error);

method_fn fake_chip_scan, fake_chip_info, fake_chip_configure, fake_chip_lock, fake_chip_bind;
method_fn fake_identity_info, fake_identity_genkey, fake_identity_csr;
method_fn fake_cloud_status, fake_cloud_prove;

// Where the pair of a key id is kept: an EVP_PKEY, or null.
void **fake_board_key(fake_board_t *b, const char *key_id);
bool fake_board_is_second(const char *key_id);
void fake_board_public_hex(void *key, char out[129]);

// A string of a tree of settings, or "".
const char *fake_board_text(const cJSON *tree, const char *group, const char *name);
// The certificate in a tree of settings. False: there is none, or it is none.
bool fake_board_cert(const cJSON *settings, lp_check_t *check);

#endif
