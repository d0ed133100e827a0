// SPDX-License-Identifier: Apache-2.0
// The command line of a board that is a process.
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "limpet/posix.h"

typedef struct {
    const char *flash;
    const char *i2c;                                                 // null: no bus is wired
    const char *serial[LP_POSIX_SERIAL_END - LP_POSIX_SERIAL_FIRST]; // null: not wired
    const char *adc[LP_POSIX_ADC_COUNT];                             // null: 0 V
    lp_posix_uart_kind_t uart;
    const char *uart_link; // null: the usual place
    const char *air;       // null: no radio, its network is this computer's
    const char *hw_id;     // null: kept beside the flash
    const char *log_level; // null: as configured
    bool wants_reset;      // the pin for factory reset is held
} options_t;

typedef enum { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_BAD } options_verdict_t;

// Reads argv. HELP and BAD have said what there is to say on stdout and stderr.
options_verdict_t options_parse(options_t *o, int argc, char **argv);

#endif
