// SPDX-License-Identifier: Apache-2.0
#ifndef LP_COMPLETE_H
#define LP_COMPLETE_H

// What may stand in the place of the last of `words` (which may be ""), one a line with a tab and
// what it is; ":files" and ":dirs" ask the shell for names. `words` begins with the command.
void lp_complete(int n, char **words);

#endif
