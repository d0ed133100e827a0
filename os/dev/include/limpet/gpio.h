// SPDX-License-Identifier: Apache-2.0
// limpet/gpio.h - digital pins for applications: who has which pin, blinking, and buttons that do
// not bounce.
//
// The port (limpet/port/gpio.h) moves levels and keeps nobody apart. Here a pin has one user: a
// second one is refused, and so is whoever wants a pin that the port uses itself.
// @context loop, all of it
#ifndef LIMPET_GPIO_H
#define LIMPET_GPIO_H

#include "limpet/loop.h"
#include "limpet/port/gpio.h"

// A pin in use. Caller-owned, lent while open. Fields that end in _ are private.
typedef struct lp_gpio {
    uint16_t pin;
    const char *user; // who has it, for people. Static
    struct lp_gpio *next_;
    lp_gpio_config_t config_;
    lp_loop_t *loop_;
    lp_timer_t timer_;
    uint32_t on_ms_, off_ms_; // of blinking; off_ms_ also of a pulse
    bool is_lit_;
    uint32_t freq_hz_, duty_; // of pulses; 0: none
    uint32_t period_rest_, pulse_rest_, due_ms_;
    void (*undo_)(struct lp_gpio *gpio); // ends pulses of the hardware; null: there are none
    void (*lost_)(void *ctx);            // of a guest
    void *ctx_;
} lp_gpio_t;

// Forgets who has which pin. Called once, before the first lp_gpio_open().
void lp_gpio_begin(void);

// Takes a pin and makes it what `config` (copied) says. LP_E_BUSY: somebody who is no guest has it,
// or the port uses it itself (lp_gpio_user() says who); errors of lp_port_gpio_configure().
lp_err_t lp_gpio_open(lp_gpio_t *gpio, lp_loop_t *loop, uint16_t pin,
                      const lp_gpio_config_t *config, const char *user);
// The same for a guest, who gives way: when somebody opens the pin with lp_gpio_open(), it is
// closed and lost(ctx) called from inside there, after which the new user has it. A guest does not
// take a pin from another one.
lp_err_t lp_gpio_open_guest(lp_gpio_t *gpio, lp_loop_t *loop, uint16_t pin,
                            const lp_gpio_config_t *config, const char *user,
                            void (*lost)(void *ctx), void *ctx);
// Another mode or pull. On errors it is as before. Ends blinking and pulses.
lp_err_t lp_gpio_configure(lp_gpio_t *gpio, const lp_gpio_config_t *config);
// Lets the pin go. Does nothing on one that is not open.
void lp_gpio_close(lp_gpio_t *gpio);

// Who has the pin: an opener's name, the port's word for itself, or null.
const char *lp_gpio_user(uint16_t pin);

bool lp_gpio_read(const lp_gpio_t *gpio);
// An output, or open drain.
bool lp_gpio_drives(const lp_gpio_t *gpio);
// Ends blinking and pulses. LP_E_STATE: the pin does not drive.
lp_err_t lp_gpio_write(lp_gpio_t *gpio, bool level);
// High for on_ms, low for off_ms, and so on, beginning with high; 0 and 0 ends it with low.
// LP_E_STATE: the pin does not drive; LP_E_RANGE: one of them is 0, or more than a day.
lp_err_t lp_gpio_blink(lp_gpio_t *gpio, uint32_t on_ms, uint32_t off_ms);

// Pulses of `freq_hz`, high for `duty` of 65536 parts of the time: the hardware's where the port
// has any for this pin and frequency (limpet/port/pwm.h), else made by a timer, up to
// LP_GPIO_SOFT_PWM_MAX_HZ: single pulses are then up to a millisecond off, and right over many
// periods. Called again it changes from the next period on. freq_hz 0 ends it with low.
// LP_E_STATE: the pin does not drive; LP_E_RANGE: there is no such frequency on this pin, or the
// duty is more than 65536; LP_E_BUSY: all generators are in use. On errors it is as before.
enum { LP_GPIO_SOFT_PWM_MAX_HZ = 100 };
lp_err_t lp_gpio_pwm(lp_gpio_t *gpio, uint32_t freq_hz, uint32_t duty);
// Ends blinking and pulses; the level stays whatever it is. For what is built on top.
void lp_gpio_rest(lp_gpio_t *gpio);

// -- for protocols that are made of pins

// lp_gpio_open() as an open drain that lets go, with the pin's own pull-up where it has one.
lp_err_t lp_gpio_open_drain(lp_gpio_t *gpio, lp_loop_t *loop, uint16_t pin, const char *user);
// Busy, by the port's microsecond clock: not less, and up to two microseconds more.
void lp_gpio_wait_ns(uint32_t ns);

// -- buttons

typedef enum {
    LP_BUTTON_PRESSED,
    LP_BUTTON_RELEASED,
    LP_BUTTON_HELD,   // for hold_ms; once a press
    LP_BUTTON_REPEAT, // every repeat_ms after that
} lp_button_event_t;

typedef void lp_button_fn(void *ctx, lp_button_event_t event);

typedef struct {
    uint16_t pin;
    lp_gpio_pull_t pull;
    bool is_pressed_high;
    uint16_t settle_ms; // shorter pulses are no presses; 0: 20
    uint32_t hold_ms;   // 0: no LP_BUTTON_HELD
    uint32_t repeat_ms; // 0: no LP_BUTTON_REPEAT
} lp_button_setup_t;

// Caller-owned, lent while open. Fields that end in _ are private.
typedef struct {
    uint32_t edges; // that came, bounces and all
    lp_gpio_t gpio_;
    lp_button_setup_t setup_;
    lp_button_fn *fn_;
    void *ctx_;
    lp_event_t edge_;
    lp_timer_t settle_, hold_;
    bool is_pressed_;
    bool is_held_;
} lp_button_t;

// Calls fn(ctx) from the loop. A button that is pressed already is told as pressed once it has
// settled. While it settles the interrupt is off: a pin that never rests costs one interrupt and
// one look in settle_ms, no more. Errors of lp_gpio_open(); LP_E_UNSUPPORTED: the pin has no edges.
lp_err_t lp_button_open(lp_button_t *button, lp_loop_t *loop, const lp_button_setup_t *setup,
                        lp_button_fn *fn, void *ctx);
// No call after this.
void lp_button_close(lp_button_t *button);
bool lp_button_is_pressed(const lp_button_t *button);

#endif
