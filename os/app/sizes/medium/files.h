// SPDX-License-Identifier: Apache-2.0
#ifndef FILES_H
#define FILES_H

#include "extras.h"

// Opens the files behind the settings and adds the methods FS.* and Sealed.*; sets app->files and
// app->seal.
void files_start(const lp_app_extras_t *parts);

#endif
