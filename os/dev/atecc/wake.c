// SPDX-License-Identifier: Apache-2.0
// The way to a chip that is awake: transfers, the wake pulse, rest, and bus recovery. The picture
// is at the top of exec.c.
#include "exec.h"
#include "limpet/port/clock.h"

enum {
    RISE_MS = 3, // tWHI is 1.5 ms; a clock of whole milliseconds can be one short
    BUS_RETRY_MS = 1,
    BUS_PATIENCE_MS = 2000,
    WAKES_MAX = 6,
    WAKES_HASTY = 3,
};

// ---- bus ---------------------------------------------------------------------------------------

void lp_atecc_x_set_timer(lp_atecc_t *chip, enum state state, uint32_t delay_ms)
{
    chip->state_ = (uint8_t)state;
    lp_timer_start(chip->cfg_.loop, &chip->timer_, delay_ms);
}

// Starts chip->xfer_. What cannot start is tried again, or reported, by the timer: completions
// never come from inside this call.
void lp_atecc_x_start_xfer(lp_atecc_t *chip)
{
    const lp_err_t err = lp_i2c_start(chip->cfg_.bus, &chip->xfer_);
    if (err == LP_OK) {
        return;
    }
    const uint64_t waited_ms = lp_port_now_ms() - chip->bus_wait_since_ms_;
    chip->xfer_err_ = err == LP_E_BUSY && waited_ms > BUS_PATIENCE_MS ? LP_E_I2C_BUS : err;
    chip->is_bus_retry_ = true;
    lp_timer_start(chip->cfg_.loop, &chip->timer_, BUS_RETRY_MS);
}

void lp_atecc_x_transfer(lp_atecc_t *chip, enum state state, lp_i2c_op_t op, lp_span_t tx,
                         size_t rx_len)
{
    memset(chip->rx_, 0xFF, sizeof chip->rx_);
    chip->state_ = (uint8_t)state;
    chip->xfer_ = (lp_i2c_xfer_t){
        .op = op,
        .addr = op == LP_I2C_WAKE ? 0 : chip->cfg_.addr,
        .tx = tx,
        .rx = chip->rx_,
        .rx_len = rx_len,
        .done = lp_atecc_x_on_xfer,
        .ctx = chip,
    };
    chip->bus_wait_since_ms_ = lp_port_now_ms();
    lp_atecc_x_start_xfer(chip);
}

void lp_atecc_x_write_word(lp_atecc_t *chip, enum state state, uint8_t word)
{
    chip->word_ = word;
    lp_atecc_x_transfer(chip, state, LP_I2C_WRITE, lp_span(&chip->word_, 1), 0);
}

// ---- endings and detours -----------------------------------------------------------------------

void lp_atecc_x_complete(lp_atecc_t *chip, lp_err_t err)
{
    chip->state_ = OFF;
    lp_atecc_cmd_done(chip, err);
}

// The chip's volatile state must be taken for gone, and whether it is awake for unknown.
void lp_atecc_x_lose(lp_atecc_t *chip)
{
    chip->power_ = UNKNOWN;
    chip->is_lost_ = true;
    chip->tempkey_mark_++;
}

void lp_atecc_x_rest(lp_atecc_t *chip, lp_atecc_rest_t how, enum then then)
{
    chip->then_ = (uint8_t)then;
    lp_atecc_x_write_word(chip, RESTING, (uint8_t)how);
}

void lp_atecc_x_recover(lp_atecc_t *chip, enum then then)
{
    chip->then_ = (uint8_t)then;
    lp_atecc_x_transfer(chip, RECOVER, LP_I2C_RECOVER, lp_span(NULL, 0), 0);
}

// ---- waking up ---------------------------------------------------------------------------------

static bool may_wake(const lp_atecc_t *chip)
{
    return chip->wakes_ < (chip->cfg_.is_hasty ? WAKES_HASTY : WAKES_MAX);
}

void lp_atecc_x_wake(lp_atecc_t *chip)
{
    if (!may_wake(chip)) {
        lp_atecc_x_complete(chip, chip->wake_err_);
        return;
    }
    chip->wakes_++;
    lp_atecc_x_transfer(chip, PULSE, LP_I2C_WAKE, lp_span(NULL, 0), 0);
}

// A pause before the next attempt, longer each time: the chip may be at work on something that was
// asked of it before the board restarted.
static void wake_later(lp_atecc_t *chip)
{
    static const uint16_t gaps_ms[WAKES_MAX] = {0, 2, 10, 50, 200, 1200};
    if (may_wake(chip)) {
        lp_atecc_x_set_timer(chip, GAP, gaps_ms[chip->wakes_]);
    } else {
        lp_atecc_x_complete(chip, chip->wake_err_);
    }
}

void lp_atecc_x_on_pulse(lp_atecc_t *chip, lp_err_t err)
{
    if (err == LP_OK || err == LP_E_I2C_NACK) {
        chip->awake_since_ms_ = lp_port_now_ms();
        lp_atecc_x_set_timer(chip, RISE, RISE_MS);
        return;
    }
    chip->wake_err_ = err;
    lp_atecc_x_recover(chip, THEN_WAKE);
}

void lp_atecc_x_on_greet(lp_atecc_t *chip, lp_err_t err)
{
    static const uint8_t hello[GROUP_MIN] = {0x04, STATUS_AFTER_WAKE, 0x33, 0x43};
    static const uint8_t sick[GROUP_MIN] = {0x04, STATUS_SELFTEST, 0xC4, 0x40};
    if (err == LP_E_I2C_NACK) {
        wake_later(chip);
    } else if (err != LP_OK) {
        chip->wake_err_ = err;
        lp_atecc_x_recover(chip, THEN_WAKE);
    } else if (memcmp(chip->rx_, hello, sizeof hello) == 0) {
        chip->power_ = AWAKE;
        chip->is_fresh_ = true;
        chip->wakes_ = 0; // how often it may come to this is counted in sends_
        lp_atecc_x_begin(chip);
    } else if (memcmp(chip->rx_, sick, sizeof sick) == 0) {
        lp_atecc_x_complete(chip, LP_E_CHIP_SELFTEST);
    } else if (chip->cfg_.is_shy) {
        lp_atecc_x_complete(chip, LP_E_CHIP_OTHER);
    } else {
        // It was awake already and did not mind the pulse. Idle first: that keeps TempKey.
        chip->wake_err_ = LP_E_CHIP_WAKE;
        lp_atecc_x_rest(chip, chip->wakes_ < 3 ? LP_ATECC_IDLE : LP_ATECC_SLEEP, THEN_WAKE);
    }
}

void lp_atecc_x_after(lp_atecc_t *chip)
{
    switch ((enum then)chip->then_) {
    case THEN_WAKE:
        lp_atecc_x_wake(chip);
        break;
    case THEN_REWIND:
        lp_atecc_x_write_word(chip, REWIND, WORD_RESET);
        break;
    case THEN_FINISH:
        lp_atecc_x_complete(chip, chip->then_err_);
        break;
    case THEN_OFF:
        chip->state_ = OFF;
        break;
    }
}

void lp_atecc_x_on_rested(lp_atecc_t *chip, lp_err_t err)
{
    const bool is_idle = chip->word_ == LP_ATECC_IDLE;
    if (err != LP_OK || !is_idle) {
        lp_atecc_x_lose(chip);
    }
    if (err == LP_OK) {
        chip->power_ = is_idle ? IDLE : ASLEEP;
    }
    chip->is_rested_ = true;
    lp_atecc_x_after(chip);
}
