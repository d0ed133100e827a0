// SPDX-License-Identifier: Apache-2.0
// limpet/fault.h - an error on its way up: what, why, what to do next, under a stable code.
//
// Libraries fill one; the command prints it once with lp_fault_print(). Interrupts (Ctrl-C) become
// one too.
#ifndef LIMPET_FAULT_H
#define LIMPET_FAULT_H

#include <stdbool.h>

#include "limpet/ui.h"

typedef struct {
    lp_exit_t exit; // LP_EXIT_OK: no fault
    char code[40];
    char what[320];
    char why[1024];
    char next[320];
} lp_fault_t;

// Starts a fault: exit code, stable code, and the line that says what is the matter. Clears why and
// next. Returns `exit`, so that a function can end with `return lp_fault_set(...)`.
lp_exit_t lp_fault_set(lp_fault_t *f, lp_exit_t exit, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
// Adds the line(s) that say why the tool thinks so; a second call appends a line.
void lp_fault_why(lp_fault_t *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// Sets the line that says what to do.
void lp_fault_next(lp_fault_t *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// lp_ui_fail() with it; returns the exit code. Where nobody said what to do next, it is to look
// closer.
int lp_fault_print(const lp_fault_t *f);

// How a command ends: prints the fault when there is one; the exit code. An error with an empty
// fault (a question that was answered with no) was said already.
int lp_fault_end(lp_exit_t rc, const lp_fault_t *f);

// From now on Ctrl-C and SIGTERM set a flag instead of ending the process, so that work in progress
// can be left in order; the second one ends it.
void lp_interrupt_catch(void);
bool lp_interrupt_seen(void);
// The interrupt was taken note of and what was changed is to be put back: calls work again.
void lp_interrupt_forget(void);
// Fills `f` with error[interrupted]; returns LP_EXIT_INTERRUPTED.
lp_exit_t lp_fault_interrupted(lp_fault_t *f);

#endif
