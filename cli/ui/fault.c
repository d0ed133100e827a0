// SPDX-License-Identifier: Apache-2.0
#include "limpet/fault.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t is_interrupted;

lp_exit_t lp_fault_set(lp_fault_t *f, lp_exit_t exit, const char *code, const char *fmt, ...)
{
    f->exit = exit;
    snprintf(f->code, sizeof f->code, "%s", code);
    f->why[0] = '\0';
    f->next[0] = '\0';
    va_list args;
    va_start(args, fmt);
    vsnprintf(f->what, sizeof f->what, fmt, args);
    va_end(args);
    return exit;
}

void lp_fault_why(lp_fault_t *f, const char *fmt, ...)
{
    size_t n = strlen(f->why);
    if (n > 0 && n + 1 < sizeof f->why) {
        f->why[n++] = '\n';
    }
    va_list args;
    va_start(args, fmt);
    vsnprintf(f->why + n, sizeof f->why - n, fmt, args);
    va_end(args);
}

void lp_fault_next(lp_fault_t *f, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(f->next, sizeof f->next, fmt, args);
    va_end(args);
}

int lp_fault_print(const lp_fault_t *f)
{
    const char *look = f->exit == LP_EXIT_INTERRUPTED
                           ? NULL // by whom knows what to do next
                           : "run the same command again with --verbose; it says more";
    const char *next = f->next[0] != '\0' ? f->next : look;
    return lp_ui_fail(f->exit, f->code, f->what, f->why[0] != '\0' ? f->why : NULL, next);
}

int lp_fault_end(lp_exit_t rc, const lp_fault_t *f)
{
    return rc != LP_EXIT_OK && f->exit != LP_EXIT_OK ? lp_fault_print(f) : (int)rc;
}

static void on_signal(int number)
{
    (void)number;
    is_interrupted = 1;
}

void lp_interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    // A terminal that is closed ends what runs in it as Ctrl-C does; nohup says that it shall not.
    struct sigaction before;
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
        sigaction(SIGHUP, &action, NULL);
    }
}

bool lp_interrupt_seen(void)
{
    return is_interrupted != 0;
}

void lp_interrupt_forget(void)
{
    is_interrupted = 0;
}

lp_exit_t lp_fault_interrupted(lp_fault_t *f)
{
    return lp_fault_set(f, LP_EXIT_INTERRUPTED, "interrupted", "interrupted");
}
