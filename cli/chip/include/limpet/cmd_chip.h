// SPDX-License-Identifier: Apache-2.0
// limpet/cmd_chip.h - `limpet chip`: make, serve, show, decode, compare and trace virtual ATECC
// chips.
#ifndef LIMPET_CMD_CHIP_H
#define LIMPET_CMD_CHIP_H

// argv[0] is "chip"; lp_ui_parse() has run. Returns an lp_exit_t.
int lp_cmd_chip(int argc, char **argv);

#endif
