// SPDX-License-Identifier: Apache-2.0
// limpet/port/irq.h - keeping interrupts out for a few instructions, as a port must provide it.
#ifndef LIMPET_PORT_IRQ_H
#define LIMPET_PORT_IRQ_H

#include <stdint.h>

// Masks the interrupts that may post events and returns what lp_port_irq_restore() needs. Nests.
// A port whose interrupts never post (a process) may do nothing.
// @context loop, interrupt
uint32_t lp_port_irq_save(void);

// Undoes the matching lp_port_irq_save().
// @context loop, interrupt
void lp_port_irq_restore(uint32_t state);

#endif
