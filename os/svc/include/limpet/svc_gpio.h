// SPDX-License-Identifier: Apache-2.0
// limpet/svc_gpio.h - GPIO.*: pins from afar, for somebody who wires a board.
//
// A pin that the application or the port has is told, and not touched. What a request took stays
// taken until GPIO.Release, the next start, or until the application opens that pin itself: callers
// are guests.
//
// Callers may hear of edges (GPIO.SetIntHandler). These wait in a queue of the pin for their way
// out; what does not fit is counted. A handler ends with its connection, and by itself when
// nobody renews it in time.
// @context loop
#ifndef LIMPET_SVC_GPIO_H
#define LIMPET_SVC_GPIO_H

#include "limpet/gpio.h"
#include "limpet/rpc.h"
#include "limpet/rpc_notify.h"

enum {
    LP_SVC_GPIO_PINS = 8,    // that requests have at a time
    LP_SVC_GPIO_WATCHES = 2, // of them that are listened to
    LP_SVC_GPIO_EDGES = 8,   // of one that wait to be told
};

typedef struct lp_svc_gpio lp_svc_gpio_t;
typedef struct lp_svc_gpio_watch lp_svc_gpio_watch_t;

// A pin of callers.
typedef struct {
    lp_svc_gpio_t *svc_;
    lp_gpio_t gpio_; // user null: not in use
    lp_svc_gpio_watch_t *watch_;
    bool is_watches_; // the watch took the pin, and gives it back
} lp_svc_gpio_pin_t;

typedef struct {
    uint32_t at_ms; // the lower half
    bool is_high;
} lp_svc_gpio_event_t;

// Who hears of a pin's edges.
struct lp_svc_gpio_watch {
    lp_svc_gpio_pin_t *pin_; // null: not in use
    lp_rpc_listener_t listener_;
    lp_timer_t lease_, settle_;
    uint32_t debounce_ms_;
    lp_svc_gpio_event_t queue_[LP_SVC_GPIO_EDGES];
    volatile uint32_t first_, count_; // of the queue
    volatile uint32_t lost_;          // edges that found no room and were not told of yet
    volatile uint32_t burst_;         // edges since the queue was looked at
    uint8_t edges_;                   // lp_gpio_edge_t
    bool is_level_high_;              // as it was told last
};

struct lp_svc_gpio {
    lp_loop_t *loop_;
    lp_rpc_set_t set_;
    lp_rpc_farewell_t farewell_;
    lp_svc_gpio_pin_t pins_[LP_SVC_GPIO_PINS];
    lp_svc_gpio_watch_t watches_[LP_SVC_GPIO_WATCHES];
    lp_event_t edge_;
    lp_timer_t retry_;
};

// Lends `loop` and `rpc`.
void lp_svc_gpio_init(lp_svc_gpio_t *svc, lp_loop_t *loop, lp_rpc_t *rpc);

#endif
