// SPDX-License-Identifier: Apache-2.0
// limpet/svc_fs.h - the methods FS.*: files over RPC, as docs/files.md describes them.
// @context loop
#ifndef LIMPET_SVC_FS_H
#define LIMPET_SVC_FS_H

#include "limpet/base64.h"
#include "limpet/files.h"
#include "limpet/rpc.h"

enum { LP_SVC_FS_PART_MAX = 4096 }; // bytes of a file in one frame

typedef struct {
    lp_files_t *files; // opened, whatever came of it
    lp_rpc_set_t set_;
    const char *device_id; // what FS.Mkfs has to be confirmed with
    uint8_t part_[LP_BASE64_LEN(LP_SVC_FS_PART_MAX)];
} lp_svc_fs_t;

// Adds the methods to `rpc`. Lends all of it.
void lp_svc_fs_init(lp_svc_fs_t *svc, lp_rpc_t *rpc, lp_files_t *files, const char *device_id);

#endif
