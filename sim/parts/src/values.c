// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts_internal.h"
#include "source.h"

static bool parse(const char *text, double *value, size_t count)
{
    const char *p = text;
    for (size_t i = 0; i < count; i++) {
        char *end = NULL;
        value[i] = strtod(p, &end);
        if (end == p || !isfinite(value[i]) || fabs(value[i]) > 1e6) {
            return false;
        }
        p = end + strspn(end, ", \t\r\n");
    }
    return *p == '\0';
}

static bool parse_file(const char *path, double *value, size_t count)
{
    char text[SOURCE_TEXT];
    return source_read(path, text) && parse(text, value, count);
}

bool part_values_init(part_values_t *v, const char *text, size_t count)
{
    *v = (part_values_t){.count = count};
    if (parse(text, v->value, count)) {
        return true;
    }
    bool fits = snprintf(v->file, sizeof v->file, "%s", text) < (int)sizeof v->file;
    return fits && parse_file(v->file, v->value, count);
}

void part_values_refresh(part_values_t *v)
{
    double fresh[PART_VALUES_MAX];
    if (v->file[0] != '\0' && parse_file(v->file, fresh, v->count)) {
        memcpy(v->value, fresh, v->count * sizeof fresh[0]);
    }
}
