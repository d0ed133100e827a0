// SPDX-License-Identifier: Apache-2.0
// The suite of radios on the port that is a process: conformance_wifi_posix FLASH SOCKET PEERS.
#include <stdio.h>
#include <unistd.h>

#include "limpet/air_server.h"
#include "limpet/posix.h"
#include "wifi.h"

static const char *socket_path;

void conformance_air(const char *line)
{
    char text[256];
    char answer[4200];
    int passed;
    const int fd = air_dial(socket_path);
    snprintf(text, sizeof text, "script %s", line);
    assert_true(fd >= 0 && air_send(fd, text, -1));
    assert_true(air_receive(fd, answer, sizeof answer, &passed) >= 2);
    close(fd);
    assert_memory_equal(answer, "ok", 2);
}

int main(int argc, char **argv)
{
    char why[256] = "";
    if (argc != 4 || !conformance_set_peers(argv[3])) {
        fprintf(stderr, "usage: conformance_wifi_posix FLASH SOCKET PEERS\n");
        return 2;
    }
    socket_path = argv[2];
    lp_loop_init(&conformance_loop);
    if (lp_posix_init(&conformance_loop, argv) != LP_OK ||
        lp_posix_flash_open(argv[1], why, sizeof why) != LP_OK ||
        lp_posix_hw_id_open(argv[1], NULL, why, sizeof why) != LP_OK) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    lp_posix_wifi_wire(socket_path);
    return conformance_wifi();
}
