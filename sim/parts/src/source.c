// SPDX-License-Identifier: Apache-2.0
#include "source.h"

#include <stdio.h>

bool source_read(const char *path, char text[SOURCE_TEXT])
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    const size_t n = fread(text, 1, SOURCE_TEXT - 1, file);
    fclose(file);
    text[n] = '\0';
    return true;
}
