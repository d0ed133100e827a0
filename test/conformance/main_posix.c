// SPDX-License-Identifier: Apache-2.0
// The suite on the port that is a process: conformance_posix FLASH PEERS [IPV6-HOST].
#include <dirent.h>
#include <stdio.h>

#include "conformance.h"
#include "limpet/pins.h"
#include "limpet/posix.h"

// Descriptors.
unsigned conformance_held(void)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir != NULL && readdir(dir) != NULL) {
        count++;
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}

// Line 2 goes to the echo, whose number comes first behind the host.
static lp_err_t wire_line(const char *host, char *why, size_t why_cap)
{
    char where[80];
    snprintf(where, sizeof where, "tcp:%s:%u", host, (unsigned)conformance_peers.echo);
    return lp_posix_serial_wire(2, where, why, why_cap);
}

int main(int argc, char **argv)
{
    char why[256] = "";
    conformance_host6 = argc == 4 ? argv[3] : NULL;
    if (argc < 3 || argc > 4 || !conformance_set_peers(argv[2])) {
        fprintf(stderr,
                "usage: conformance_posix FLASH HOST:ECHO:GREET:FLOOD:RESET:REFUSED [IPV6]\n");
        return 2;
    }
    lp_loop_init(&conformance_loop);
    if (lp_posix_init(&conformance_loop, argv) != LP_OK ||
        lp_posix_flash_open(argv[1], why, sizeof why) != LP_OK ||
        !lp_posix_retained_open(argv[1], lp_posix_flash_is_new()) ||
        lp_posix_hw_id_open(argv[1], NULL, why, sizeof why) != LP_OK ||
        wire_line(conformance_peers.host, why, sizeof why) != LP_OK) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    lp_posix_log_to_stderr(false);
    conformance_tie = (conformance_tie_t){4, 5};
    (void)lp_pins_tie(4, 5);
    return conformance_run();
}
