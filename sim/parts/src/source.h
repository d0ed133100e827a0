// SPDX-License-Identifier: Apache-2.0
// A file that says what is measured: whoever plays the world writes it, the part looks again.
#ifndef LP_PARTS_SOURCE_H
#define LP_PARTS_SOURCE_H

#include <stdbool.h>

enum { SOURCE_TEXT = 200 };

// The file's first SOURCE_TEXT - 1 bytes, terminated. False: it cannot be opened.
bool source_read(const char *path, char text[SOURCE_TEXT]);

#endif
