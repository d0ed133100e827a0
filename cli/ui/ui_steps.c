// SPDX-License-Identifier: Apache-2.0
// Plans, numbered steps with times, progress, and the one question.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "limpet/fault.h"
#include "limpet/ui.h"
#include "ui_private.h"

enum { TEXT_COLUMNS = 58 };

static struct {
    int number;
    uint64_t start_ms;
    bool is_running;
    bool is_on_screen;
    unsigned last_percent;
    uint64_t progress_start_ms;
} step;

void lp_ui_step_pause_(void)
{
    if (step.is_on_screen) {
        fputs("\r\033[K", stderr);
        step.is_on_screen = false;
    }
}

void lp_ui_plan_step(int number, const char *text, const char *note, bool is_result)
{
    if (lp_ui.json || (!is_result && lp_ui.quiet)) {
        return;
    }
    const char *tail = note != NULL ? note : "";
    if (note == NULL) {
        (is_result ? lp_ui_out : lp_ui_info)("  %d  %s", number, text);
    } else {
        (is_result ? lp_ui_out : lp_ui_info)("  %d  %-42s  %s", number, text, tail);
    }
}

static void step_event(const char *state, const char *text, bool has_time)
{
    cJSON *f = cJSON_CreateObject();
    cJSON_AddNumberToObject(f, "step", step.number);
    cJSON_AddStringToObject(f, "state", state);
    cJSON_AddStringToObject(f, "text", text);
    if (has_time) {
        cJSON_AddNumberToObject(f, "ms", (double)(lp_ui_now_ms() - step.start_ms));
    }
    lp_ui_event("step", f);
}

void lp_ui_step_start(int number, const char *text)
{
    step.number = number;
    step.start_ms = lp_ui_now_ms();
    step.is_running = true;
    if (lp_ui.json) {
        step_event("started", text, false);
    } else if (lp_ui.is_tty && !lp_ui.quiet) {
        char clean[128];
        lp_ui_clean(clean, sizeof clean, text);
        fprintf(stderr, "  %d  %.70s ...", number, clean);
        fflush(stderr);
        step.is_on_screen = true;
    }
}

// The last line of `text` carries the time; lines before it are printed as they are.
static void print_done(const char *text)
{
    char clean[1024];
    lp_ui_clean(clean, sizeof clean, text);
    double seconds = (double)(lp_ui_now_ms() - step.start_ms) / 1000.0;
    char number[16];
    snprintf(number, sizeof number, "%d", step.number);
    for (char *line = clean; line != NULL;) {
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
            fprintf(stderr, "  %-2s %s\n", number, line);
        } else {
            fprintf(stderr, "  %-2s %-*s  %6.1f s\n", number, TEXT_COLUMNS, line, seconds);
        }
        number[0] = '\0';
        line = end != NULL ? end + 1 : NULL;
    }
}

void lp_ui_step_done(const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    lp_ui_step_pause_();
    if (lp_ui.json) {
        step_event("done", text, true);
    } else if (!lp_ui.quiet) {
        print_done(text);
    }
    step.is_running = false;
}

void lp_ui_step_abort(void)
{
    lp_ui_step_pause_();
    if (step.is_running && lp_ui.json) {
        step_event("failed", "", true);
    }
    step.is_running = false;
}

static void progress_bar(const char *what, unsigned percent)
{
    enum { WIDTH = 30 };
    char bar[WIDTH + 1];
    unsigned filled = percent * WIDTH / 100u;
    for (unsigned i = 0; i < WIDTH; i++) {
        bar[i] = i < filled ? '#' : '.';
    }
    bar[WIDTH] = '\0';
    double spent = (double)(lp_ui_now_ms() - step.progress_start_ms) / 1000.0;
    double left = percent > 0 ? spent * (100.0 - percent) / percent : 0.0;
    fprintf(stderr, "\r\033[K  %.24s [%s] %3u %%  %.0f s left", what, bar, percent, left);
    fflush(stderr);
    step.is_on_screen = true;
}

static void progress_event(const char *what, uint64_t done, uint64_t total)
{
    cJSON *f = cJSON_CreateObject();
    cJSON_AddStringToObject(f, "what", what);
    cJSON_AddNumberToObject(f, "done", (double)done);
    cJSON_AddNumberToObject(f, "total", (double)total);
    lp_ui_event("progress", f);
}

void lp_ui_progress(const char *what, uint64_t done, uint64_t total)
{
    unsigned percent = total > 0 ? (unsigned)(done >= total ? 100 : done * 100u / total) : 0;
    if (done == 0) {
        step.progress_start_ms = lp_ui_now_ms();
        step.last_percent = 0;
    }
    bool is_tenth = percent / 10u != step.last_percent / 10u;
    if (lp_ui.json) {
        if (is_tenth || done == 0) {
            progress_event(what, done, total);
        }
    } else if (lp_ui.is_tty && !lp_ui.quiet) {
        progress_bar(what, percent);
    } else if (is_tenth) {
        lp_ui_info("  %s %u %%", what, percent);
    }
    step.last_percent = percent;
    if (total > 0 && done >= total) {
        lp_ui_step_pause_();
    }
}

static bool is_answer_yes(void)
{
    char answer[32];
    if (fgets(answer, sizeof answer, stdin) == NULL) {
        return false;
    }
    answer[strcspn(answer, "\r\n")] = '\0';
    return strcmp(answer, "y") == 0 || strcmp(answer, "Y") == 0 || strcmp(answer, "yes") == 0 ||
           strcmp(answer, "Yes") == 0;
}

lp_exit_t lp_ui_ask(const char *question, bool is_yes)
{
    if (is_yes) {
        return LP_EXIT_OK;
    }
    if (lp_ui.json || isatty(STDIN_FILENO) != 1 || !lp_ui.is_tty) {
        lp_ui_fail(LP_EXIT_DECLINED, "not-confirmed", "consent is needed, and nobody can be asked",
                   "standard input is not a terminal, or --json was given; nothing was changed",
                   "look at the plan with --dry-run, then run the same command with --yes");
        return LP_EXIT_DECLINED;
    }
    fprintf(stderr, "%s [y/N] ", question);
    fflush(stderr);
    if (is_answer_yes()) {
        return LP_EXIT_OK;
    }
    if (lp_interrupt_seen()) {
        lp_ui_fail(LP_EXIT_INTERRUPTED, "interrupted", "interrupted; nothing was changed", NULL,
                   NULL);
        return LP_EXIT_INTERRUPTED;
    }
    lp_ui_fail(LP_EXIT_DECLINED, "not-confirmed", "not confirmed; nothing was changed", NULL, NULL);
    return LP_EXIT_DECLINED;
}
