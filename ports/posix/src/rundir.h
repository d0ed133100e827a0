// SPDX-License-Identifier: Apache-2.0
// Where tools find running boards: a folder of links, one for each device id.
#ifndef RUNDIR_H
#define RUNDIR_H

#include <stddef.h>

#include "limpet/err.h"

// Makes sure of the folder (mode 0700, ours), takes the lock of `device_id` and gives the path of
// its link. LP_E_EXISTS: a board with this id runs already.
lp_err_t lp_posix_claim_id(const char *device_id, char *link, size_t link_cap, char *why,
                           size_t why_cap);

// Points `link` at `target`, in one step. LP_E_EXISTS: something else than a link is there.
lp_err_t lp_posix_put_link(const char *link, const char *target, char *why, size_t why_cap);

// Removes `link` if it still points at the terminal `tty_fd`.
void lp_posix_drop_link(const char *link, int tty_fd);

// The same, and the lock.
void lp_posix_remove_link(const char *link, int tty_fd);

#endif
