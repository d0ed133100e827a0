// SPDX-License-Identifier: Apache-2.0
// The parts of the service of files.
#ifndef SVC_FS_INTERNAL_H
#define SVC_FS_INTERNAL_H

#include "limpet/sha256.h"
#include "limpet/svc_fs.h"

// The parameter `key`, a legal name of a file. false: it was answered already.
bool lp_svc_fs_name(lp_rpc_req_t *req, const char *key, char name[LP_FILES_NAME_MAX]);

// An optional whole number. false: it was answered already.
bool lp_svc_fs_number(lp_rpc_req_t *req, const char *key, uint32_t fallback, uint32_t *value);

// Says what went wrong with `name`.
void lp_svc_fs_fail(lp_svc_fs_t *svc, lp_rpc_req_t *req, lp_err_t err, const char *name);

// SHA-256 of a file; uses svc->part_.
lp_err_t lp_svc_fs_hash(lp_svc_fs_t *svc, lp_files_area_t area, const char *name,
                        uint8_t hash[LP_SHA256_LEN]);

lp_rpc_handler_fn lp_svc_fs_get;
lp_rpc_handler_fn lp_svc_fs_put;

#endif
