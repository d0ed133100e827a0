// SPDX-License-Identifier: Apache-2.0
// limpet/ini.h - the INI dialect of AWS's shared files, without any I/O.
//
// [section] lines, key = value lines, comments from '#' or ';' at the start of a line. Indented
// lines (nested values) are skipped, as are lines that make no sense: these files are written by
// many tools.
#ifndef LIMPET_INI_H
#define LIMPET_INI_H

#include <stddef.h>

// The strings are lent until it returns.
typedef void lp_ini_fn(void *ctx, const char *section, const char *key, const char *value);

// Calls `fn` for each pair, with section, key and value trimmed. Lines longer than 4,095 bytes are
// skipped.
void lp_ini_parse(const char *text, size_t len, lp_ini_fn *fn, void *ctx);

#endif
