// SPDX-License-Identifier: Apache-2.0
// limpet/settings_about.h - words about the settings, for who shows a form. An image pays for them
// only when it answers Config.Schema.
#ifndef LIMPET_SETTINGS_ABOUT_H
#define LIMPET_SETTINGS_ABOUT_H

#include "limpet/settings.h"

typedef struct {
    const char *name; // first part of the keys
    const char *title;
} lp_settings_group_t;

typedef struct {
    const char *title;
    const char *unit;   // "" for none
    const char *format; // "pem" or ""
    const char *doc;
} lp_setting_about_t;

extern const lp_settings_group_t lp_settings_groups[];
extern const size_t lp_settings_group_count;
extern const lp_setting_about_t lp_settings_about[LP_SETTINGS_COUNT]; // as lp_settings has them

// A group that only some images have: rows and words.
typedef struct {
    lp_settings_group_t group;
    const lp_config_row_t *rows;
    const lp_setting_about_t *about; // as the rows have them
    size_t count;
} lp_settings_more_t;

#endif
