// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "air_private.h"

enum { TURN_MS = 500 };

static const lp_help_t help = {
    .name = "air serve",
    .args = "FILE",
    .summary = "Puts the Wi-Fi networks of a file on an air that virtual boards have radios on.",
    .examples = {"limpet air serve networks.air --socket air.sock", NULL},
    .notes =
        "A line of the file: ap NAME ssid=\"My home\" pass=\"eight or more\" and, where they "
        "differ\n"
        "from what is in brackets, bssid= channel=[1] rssi=[-50] security=open|wpa2|wpa3|wep "
        "[wpa2]\n"
        "net=[the SSID: access points of one net give a station one address] power=on|off\n"
        "dhcp=on|silent full=yes|no hidden=yes|no portal=PORT rogue=yes|no (takes any password).\n"
        "The socket can be used by you alone. Prints one line when it is ready; SIGTERM ends it.",
    .exit_codes = (const int[]){LP_EXIT_LOCAL, 0},
    .max_args = 1,
};

static int run(const char *file, const char *socket)
{
    char why[512] = "";
    air_server_t *server = air_server_new(socket, why, sizeof why);
    if (server == NULL) {
        return lp_ui_fail(LP_EXIT_LOCAL, "air-socket", "the air has no socket", why,
                          "another --socket PATH, in a folder of yours");
    }
    if (!air_server_load(server, file, why, sizeof why)) {
        air_server_free(server);
        return lp_ui_fail(LP_EXIT_LOCAL, "air-file", "the file does not say what is on the air",
                          why, "limpet air serve --help");
    }
    air_catch_signals();
    lp_ui_out("air on %s", socket);
    lp_ui_json("{\"event\":\"ready\"}");
    fflush(stdout);
    while (!air_is_over && air_server_turn(server, TURN_MS)) {
    }
    air_server_free(server);
    return LP_EXIT_OK;
}

int air_cmd_serve(int argc, char **argv)
{
    const char *socket = NULL;
    const lp_opt_t opts[] = {
        {"socket", LP_OPT_STR, &socket, "PATH", "where radios and limpet air tell find it"},
    };
    int n = 0;
    const int rc = lp_opt_parse(&help, opts, 1, argc, argv, &n);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n != 1 || socket == NULL) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "FILE and --socket PATH are needed", NULL,
                          "limpet air serve --help");
    }
    return run(argv[1], socket);
}
