// SPDX-License-Identifier: Apache-2.0
// What the commands of `limpet air` share.
#ifndef AIR_PRIVATE_H
#define AIR_PRIVATE_H

#include <signal.h>

#include "limpet/air_server.h"
#include "limpet/opt.h"
#include "limpet/ui.h"

int air_cmd_serve(int argc, char **argv);
int air_cmd_tell(int argc, char **argv);
int air_cmd_join(int argc, char **argv);

// Set by SIGTERM and SIGINT once air_catch_signals() was called.
extern volatile sig_atomic_t air_is_over;
void air_catch_signals(void);

// A socket of `limpet air serve`; -1: error[air-gone] was printed.
int air_reach(const char *socket);

#endif
