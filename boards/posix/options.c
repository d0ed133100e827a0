// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "limpet/log.h"

static const char help_text[] =
    "usage: limpet-board --flash FILE --i2c WHERE [options]\n"
    "\n"
    "A Limpet board as a process: its flash is a file, its UART a pseudo terminal.\n"
    "\n"
    "  limpet-board --flash my-board.bin --i2c unix:my-chip.sock\n"
    "  limpet-board --flash my-board.bin --i2c /dev/i2c-1\n"
    "\n"
    "  --flash FILE       the flash; made when it does not exist (256 KB, mode 0600)\n"
    "  --i2c WHERE        what the I2C bus is wired to:\n"
    "                       unix:PATH or tcp:HOST:PORT   a virtual chip (limpet chip serve)\n"
    "                       /dev/i2c-N                   this computer's own bus\n"
    "                       /dev/ttyX                    an SC18IM700 adapter\n"
    "                       none                         nothing\n"
    "  --air SOCKET       a Wi-Fi radio on that air (limpet air serve); without it the\n"
    "                     board's network is this computer's\n"
    "  --uart pty         a pseudo terminal that `limpet` finds by itself (default)\n"
    "  --uart pty:LINK    a pseudo terminal with a link of your choice\n"
    "  --uart stdio       stdin and stdout; the end of stdin switches the board off\n"
    "  --uart2 WHERE      what serial line 2 is wired to, for the application; also --uart3, "
    "--uart4:\n"
    "                       unix:PATH, tcp:ADDRESS:PORT, /dev/ttyX, or pty:LINK\n"
    "  --adc0 WHERE       what analog input 0 is wired to; also --adc1, --adc2, --adc3: a\n"
    "                       voltage (1.2V, 1200mV), or a file that has one and is read each time\n"
    "  --hw-id HEX        hardware id, 12 hex digits (default: kept in FILE.hwid)\n"
    "  --log-level LEVEL  error, warn, info, debug, or per module: info,cloud=debug\n"
    "  --factory-reset    remove all settings at each start, as a held reset pin does\n"
    "  --help             this text\n"
    "\n"
    "LIMPET_POSIX_UTC_OFFSET_S moves the board's clock by so many seconds; \"none\" stops it.\n"
    "Exit codes: 0 switched off by a signal, 2 wrong command line, 11 this computer said no.\n";

static options_verdict_t bad(const char *what, const char *word)
{
    fprintf(stderr, "error[usage]: %s%s%s\n  -> limpet-board --help\n", what,
            word[0] != '\0' ? ": " : "", word);
    return OPTIONS_BAD;
}

static bool set_uart(options_t *o, const char *value)
{
    o->uart = strcmp(value, "stdio") == 0 ? LP_POSIX_UART_STDIO : LP_POSIX_UART_PTY;
    if (strncmp(value, "pty:", 4) == 0) {
        o->uart_link = value + 4;
        return value[4] != '\0';
    }
    return strcmp(value, "stdio") == 0 || strcmp(value, "pty") == 0;
}

// Where the value of an option goes; null for an option that is not known.
static const char **place_of(options_t *o, const char *name)
{
    const struct {
        const char *name;
        const char **place;
    } table[] = {
        {"--flash", &o->flash},     {"--i2c", &o->i2c},
        {"--uart2", &o->serial[0]}, {"--uart3", &o->serial[1]},
        {"--uart4", &o->serial[2]}, {"--hw-id", &o->hw_id},
        {"--air", &o->air},         {"--log-level", &o->log_level},
        {"--adc0", &o->adc[0]},     {"--adc1", &o->adc[1]},
        {"--adc2", &o->adc[2]},     {"--adc3", &o->adc[3]},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(name, table[i].name) == 0) {
            return table[i].place;
        }
    }
    return NULL;
}

static options_verdict_t check(options_t *o)
{
    if (o->flash == NULL || o->flash[0] == '\0') {
        return bad("--flash FILE is needed", "");
    }
    if (o->i2c == NULL) {
        return bad("--i2c is needed; a board without a chip says --i2c none", "");
    }
    if (o->log_level != NULL && lp_log_check_levels(o->log_level) != LP_OK) {
        return bad("a log level is error, warn, info or debug", o->log_level);
    }
    if (strcmp(o->i2c, "none") == 0) {
        o->i2c = NULL;
    }
    return OPTIONS_RUN;
}

options_verdict_t options_parse(options_t *o, int argc, char **argv)
{
    *o = (options_t){.uart = LP_POSIX_UART_PTY};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(help_text, stdout);
            return OPTIONS_HELP;
        }
        if (strcmp(argv[i], "--factory-reset") == 0) {
            o->wants_reset = true;
            continue;
        }
        const char **place = place_of(o, argv[i]);
        const bool is_uart = strcmp(argv[i], "--uart") == 0;
        if (place == NULL && !is_uart) {
            return bad("there is no option of this name", argv[i]);
        }
        if (i + 1 == argc) {
            return bad("this option needs a value", argv[i]);
        }
        i++;
        if (is_uart && !set_uart(o, argv[i])) {
            return bad("a UART is pty, pty:LINK or stdio", argv[i]);
        }
        if (place != NULL) {
            *place = argv[i];
        }
    }
    return check(o);
}
