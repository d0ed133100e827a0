// SPDX-License-Identifier: Apache-2.0
// Ways to a board that carry whole frames: HTTP, WebSocket, MQTT. Private to this folder.
#ifndef LP_BOARD_WIRE_H
#define LP_BOARD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/fault.h"

typedef struct lp_wire lp_wire_t;

typedef struct {
    // Sends one frame. False: the way is gone.
    bool (*send)(lp_wire_t *w, const char *frame, size_t len);
    // The next frame, malloc'd and owned by the caller. Null: none came until deadline_ms, or
    // Ctrl-C, or the way is gone (*is_gone).
    char *(*receive)(lp_wire_t *w, uint64_t deadline_ms, bool *is_gone);
    void (*close)(lp_wire_t *w);
} lp_wire_ops_t;

struct lp_wire {
    const lp_wire_ops_t *ops;
    char trouble[160]; // why the way is gone, or nothing comes; "" when that is not known
};

// Whether `port` is an address of one of these ways.
bool lp_wire_is_address(const char *port);

// Opens the way that `port` names. *wire: owned by the caller, ended by ops->close().
lp_exit_t lp_wire_open(const char *port, lp_wire_t **wire, lp_fault_t *f);

lp_exit_t lp_wire_open_http(const char *url, lp_wire_t **wire, lp_fault_t *f);
lp_exit_t lp_wire_open_mqtt(const char *url, lp_wire_t **wire, lp_fault_t *f);
lp_exit_t lp_wire_open_ws(const char *url, lp_wire_t **wire, lp_fault_t *f);

// error[board-unreachable]
lp_exit_t lp_wire_fail(lp_fault_t *f, const char *url, const char *why);

#endif
