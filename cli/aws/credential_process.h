// SPDX-License-Identifier: Apache-2.0
// Runs a profile's credential_process. Private to this folder.
#ifndef LP_CREDENTIAL_PROCESS_H
#define LP_CREDENTIAL_PROCESS_H

#include "limpet/aws.h"

// Runs `command` (split like a shell does with quotes, but without a shell), reads at most 64 KB
// within 60 s, parses it into `c` (source stays). Its error output goes to the user. Errors:
// credential-process, aws-expired.
lp_exit_t lp_credential_process(const char *command, lp_aws_credentials_t *c, lp_fault_t *f);

// Splits in place; returns the number of words, or -1 for an open quote or too many words.
int lp_command_split(char *command, char **words, int max);

#endif
