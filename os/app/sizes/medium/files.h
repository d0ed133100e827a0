// SPDX-License-Identifier: Apache-2.0
#ifndef FILES_H
#define FILES_H

#include "limpet/app.h"

// Opens the files behind the settings and adds the methods FS.*; sets app->files.
void files_start(lp_app_t *app, lp_store_t *store);

#endif
