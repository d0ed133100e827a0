// SPDX-License-Identifier: Apache-2.0
// One finding, for people and for programs.
#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>

#include "doctor.h"

void doctor_say(doctor_t *d, const char *area, verdict_t verdict, const char *code,
                const char *next, const char *fmt, ...)
{
    static const char *const words[] = {[FINE] = "ok", [NOTE] = "note", [BAD] = "BAD"};
    char what[500];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    d->notes += verdict == NOTE;
    d->bad += verdict == BAD;
    lp_ui_out("%-5s %-9s %s", words[verdict], area, what);
    if (next != NULL && verdict != FINE) {
        lp_ui_out("%-5s %-9s -> %s", "", "", next);
    }
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "area", area);
    cJSON_AddStringToObject(line, "verdict",
                            verdict == FINE   ? "ok"
                            : verdict == NOTE ? "note"
                                              : "bad");
    cJSON_AddStringToObject(line, "code", code);
    cJSON_AddStringToObject(line, "what", what);
    if (next != NULL && verdict != FINE) {
        cJSON_AddStringToObject(line, "next", next);
    }
    lp_ui_json_tree(line);
}
