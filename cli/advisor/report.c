// SPDX-License-Identifier: Apache-2.0
// What is said about each case and in the end: for people, as JSON, as JUnit XML for CI.
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advisor.h"

enum { LOG_MAX = 256 * 1024, LINE_MAX_BYTES = 512 };

void advisor_report_log(advisor_report_t *r, const char *line)
{
    // Names that a device chose are in it, and it may be cut inside of a character.
    char clean[LINE_MAX_BYTES];
    lp_ui_clean(clean, sizeof clean, line);
    const size_t len = strlen(clean);
    lp_ui_detail("      %s", clean);
    if (r->log_len + len + 2 > LOG_MAX) {
        return;
    }
    char *log = realloc(r->log, r->log_len + len + 2);
    if (log == NULL) {
        return;
    }
    memcpy(log + r->log_len, clean, len);
    log[r->log_len + len] = '\n';
    log[r->log_len + len + 1] = '\0';
    r->log = log;
    r->log_len += len + 1;
}

void advisor_report_free(advisor_report_t *r)
{
    free(r->log);
    r->log = NULL;
}

static const char *colored(lp_advisor_verdict_t v, const char *text, char *out, size_t cap)
{
    const char *code = v == LP_ADVISOR_PASS ? "32" : v == LP_ADVISOR_WARN ? "33" : "31";
    if (!lp_ui.color) {
        return text;
    }
    snprintf(out, cap, "\033[%sm%s\033[0m", code, text);
    return out;
}

static void add_log(cJSON *o, const char *log)
{
    cJSON *lines = cJSON_AddArrayToObject(o, "log");
    while (log != NULL && *log != '\0') {
        char line[512];
        const size_t len = strcspn(log, "\n");
        snprintf(line, sizeof line, "%.*s", (int)len, log);
        cJSON_AddItemToArray(lines, cJSON_CreateString(line));
        log += len + (log[len] == '\n' ? 1 : 0);
    }
}

void advisor_report_case(const advisor_report_t *r, size_t index, size_t count)
{
    char buf[64];
    const lp_advisor_verdict_t v = r->result.verdict;
    const char *name = lp_advisor_verdict_name(v);
    const char *word = v == LP_ADVISOR_WARN ? "WARN" : name;
    char padded[16];
    snprintf(padded, sizeof padded, "%-5s", word);
    lp_ui_out("%s  %-54s %6.1f s  (%zu of %zu)", colored(v, padded, buf, sizeof buf), r->which->id,
              (double)r->result.ms / 1000, index + 1, count);
    if (v != LP_ADVISOR_PASS) {
        lp_ui_out("       %s", r->result.reason);
    } else {
        lp_ui_detail("       %s", r->result.reason);
    }
    if ((v == LP_ADVISOR_FAIL || v == LP_ADVISOR_ERROR) && !lp_ui.verbose && !lp_ui.json &&
        r->log != NULL) {
        lp_ui_out("       what happened (seconds):");
        for (const char *log = r->log; *log != '\0';) {
            const size_t len = strcspn(log, "\n");
            lp_ui_out("       %.*s", (int)len, log);
            log += len + (log[len] == '\n' ? 1 : 0);
        }
    }
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "id", r->which->id);
    cJSON_AddStringToObject(o, "group", r->which->group);
    cJSON_AddStringToObject(o, "verdict", name);
    cJSON_AddStringToObject(o, "reason", r->result.reason);
    cJSON_AddNumberToObject(o, "ms", (double)r->result.ms);
    add_log(o, r->log);
    lp_ui_event("case", o);
}

// --- JUnit --------------------------------------------------------------------------------------

// XML 1.0 has no control characters, not even escaped ones.
static void put_xml(FILE *f, const char *text)
{
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '<') {
            fputs("&lt;", f);
        } else if (c == '&') {
            fputs("&amp;", f);
        } else if (c == '"') {
            fputs("&quot;", f);
        } else if (c == '>') {
            fputs("&gt;", f);
        } else {
            fputc((c < 0x20 && c != '\n' && c != '\t') || c > 0x7e ? '?' : c, f);
        }
    }
}

static void put_outcome(FILE *f, const advisor_report_t *r)
{
    const char *tag = r->result.verdict == LP_ADVISOR_FAIL ? "failure" : "error";
    if (r->result.verdict == LP_ADVISOR_FAIL || r->result.verdict == LP_ADVISOR_ERROR) {
        fprintf(f, "      <%s message=\"", tag);
        put_xml(f, r->result.reason);
        fputs("\"/>\n", f);
    } else if (r->result.verdict == LP_ADVISOR_RUNNING) {
        fputs("      <skipped message=\"stopped\"/>\n", f);
    }
    fputs("      <system-out>", f);
    put_xml(f, lp_advisor_verdict_name(r->result.verdict));
    fputs(": ", f);
    put_xml(f, r->result.reason);
    fputs("\n", f);
    put_xml(f, r->log != NULL ? r->log : "");
    fputs("</system-out>\n", f);
}

static bool write_junit(const advisor_report_t *reports, size_t count, const char *path)
{
    FILE *f = fopen(path, "we");
    if (f == NULL) {
        return false;
    }
    unsigned failed = 0;
    unsigned errors = 0;
    for (size_t i = 0; i < count; i++) {
        failed += reports[i].result.verdict == LP_ADVISOR_FAIL ? 1 : 0;
        errors += reports[i].result.verdict == LP_ADVISOR_ERROR ? 1 : 0;
    }
    fprintf(f,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite "
            "name=\"limpet advisor\" tests=\"%zu\" failures=\"%u\" errors=\"%u\">\n",
            count, failed, errors);
    for (size_t i = 0; i < count; i++) {
        fprintf(f, "    <testcase classname=\"%s\" name=\"%s\" time=\"%.3f\">\n",
                reports[i].which->group, reports[i].which->id, (double)reports[i].result.ms / 1000);
        put_outcome(f, &reports[i]);
        fputs("    </testcase>\n", f);
    }
    fputs("  </testsuite>\n</testsuites>\n", f);
    const bool ok = ferror(f) == 0;
    return fclose(f) == 0 && ok;
}

// --- the end ------------------------------------------------------------------------------------

int advisor_report_end(const advisor_report_t *reports, size_t count, const char *junit)
{
    unsigned n[LP_ADVISOR_ERROR + 1] = {0};
    for (size_t i = 0; i < count; i++) {
        n[reports[i].result.verdict]++;
    }
    lp_ui_out("%u passed, %u with warnings, %u failed, %u not played", n[LP_ADVISOR_PASS],
              n[LP_ADVISOR_WARN], n[LP_ADVISOR_FAIL], n[LP_ADVISOR_ERROR] + n[LP_ADVISOR_RUNNING]);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "pass", n[LP_ADVISOR_PASS]);
    cJSON_AddNumberToObject(o, "pass_with_warnings", n[LP_ADVISOR_WARN]);
    cJSON_AddNumberToObject(o, "fail", n[LP_ADVISOR_FAIL]);
    cJSON_AddNumberToObject(o, "error", n[LP_ADVISOR_ERROR] + n[LP_ADVISOR_RUNNING]);
    lp_ui_event("done", o);
    if (junit != NULL && !write_junit(reports, count, junit)) {
        return lp_ui_fail(LP_EXIT_LOCAL, "junit-file", "the report cannot be written",
                          strerror(errno), "give --junit a file that can be written");
    }
    if (n[LP_ADVISOR_RUNNING] > 0) {
        return LP_EXIT_INTERRUPTED;
    }
    return n[LP_ADVISOR_FAIL] + n[LP_ADVISOR_ERROR] > 0 ? LP_EXIT_FAILED : LP_EXIT_OK;
}
