// SPDX-License-Identifier: Apache-2.0
// Settings as somebody says them: in the command line, on stdin, at the terminal. Private to this
// folder.
#ifndef LP_CONFIG_WORDS_H
#define LP_CONFIG_WORDS_H

#include <stdbool.h>

#include "limpet/fault.h"

struct cJSON;

// Puts what one word of a command line says into `tree`: "key=value"; "key" alone, whose value is
// asked for without echo, or is a line of stdin; "-", for lines "key=value" of stdin. The value of
// a secret in `word` is overwritten, since every user of this computer can read command lines, and
// that it was there is said.
lp_exit_t lp_config_take_word(struct cJSON *tree, char *word, lp_fault_t *f);

// Puts `value` (owns) at the dotted path in `tree`. False: the path is malformed or crosses a
// value.
bool lp_config_put_path(struct cJSON *tree, const char *path, struct cJSON *value);

#endif
