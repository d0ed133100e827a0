// SPDX-License-Identifier: Apache-2.0
// limpet/cmd_cloud.h - `limpet cloud`: an AWS IoT Core work-alike on this computer.
#ifndef LIMPET_CMD_CLOUD_H
#define LIMPET_CMD_CLOUD_H

// Runs `limpet cloud up|down|status|watch|env|reset ...`; argv[0] is "cloud". The global flags
// (--json, --quiet,
// --verbose, --no-color) are already taken out by lp_ui_parse(). Returns an exit code of
// limpet/ui.h.
int lp_cmd_cloud(int argc, char **argv);

#endif
