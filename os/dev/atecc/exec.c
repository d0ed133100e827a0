// SPDX-License-Identifier: Apache-2.0
// One command on the bus, with everything that can go wrong there.
//
// clang-format off
//        asleep, idle or unknown                       awake, enough time left on its watchdog
//                  v                                                  v
//   .----------> PULSE --> RISE --> GREET ---says 0x11--------------> SEND --> WAIT --> READ --> done
//   |              ^                 | |                               |         ^       | |
//   |             GAP <---silent-----' |                               |         '-busy--' | damaged
//   |                                  | says something else           | not               v
//   '---------- RESTING <--------------'                               | acknowledged    REWIND -> READ
//   ^                                                                  |
//   '------------------------------------------------------------------'
// clang-format on
//
// A bus fault goes through RECOVER first. Who asked for RECOVER or RESTING says in then_ what comes
// after it. Every loop in this picture has a counter, reset when the command starts. What may be
// repeated:
//   * a command that the chip says it did not execute (status 0xFF, 0xEE, 0x05), or whose address
//     was not acknowledged: always;
//   * a command of which it is unknown whether it was executed: only if cmd_.is_once is false;
//   * a command that needs volatile state which was lost: the whole request from its first step.
#include "exec.h"
#include "limpet/crc.h"
#include "limpet/port/clock.h"

enum {
    POLL_MS = 2,
    LINGER_MS = 30,
    WATCHDOG_MS = 650, // tWATCHDOG is at least 700 ms
    SILENCE_MS = 100,  // over the maximum time
    SENDS_MAX = 4,
    REREADS_MAX = 3,
    FAULTS_MAX = 4,
};

static void on_timer(void *ctx);

void lp_atecc_exec_init(lp_atecc_t *chip)
{
    lp_timer_init(&chip->timer_, on_timer, chip);
    chip->state_ = OFF;
    chip->power_ = UNKNOWN;
}

// ---- the command -------------------------------------------------------------------------------

static void send(lp_atecc_t *chip)
{
    if (chip->cmd_.is_dependent && chip->is_lost_) {
        if (!lp_atecc_cmd_restart(chip)) {
            lp_atecc_x_complete(chip, LP_E_CHIP_WATCHDOG);
        }
        return;
    }
    if (!chip->cmd_.is_dependent) {
        chip->is_lost_ = false;
    }
    chip->sends_++;
    chip->rereads_ = 0;
    chip->is_mute_ = false;
    chip->is_fresh_ = false;
    lp_atecc_x_transfer(chip, SEND, LP_I2C_WRITE, lp_span(chip->tx_, chip->tx_len_), 0);
}

// It is unknown whether the command was executed.
static void doubt(lp_atecc_t *chip, lp_err_t why)
{
    lp_atecc_x_lose(chip);
    if (chip->cmd_.is_once || chip->sends_ >= SENDS_MAX) {
        lp_atecc_x_complete(chip, why);
    } else {
        lp_atecc_x_wake(chip);
    }
}

// Would the command still run when the watchdog sends the chip to sleep?
static bool is_late(const lp_atecc_t *chip)
{
    const uint64_t awake_ms = lp_port_now_ms() - chip->awake_since_ms_;
    // Just woken, no more time than this can be had.
    return !chip->is_fresh_ && awake_ms + chip->cmd_.max_ms > WATCHDOG_MS;
}

static void begin_rest(lp_atecc_t *chip)
{
    const bool is_resting =
        chip->power_ == ASLEEP || (chip->power_ == IDLE && chip->cmd_.rest == LP_ATECC_IDLE);
    if (is_resting) {
        lp_atecc_x_complete(chip, LP_OK);
    } else if (chip->power_ == IDLE) {
        lp_atecc_x_wake(chip);
    } else {
        chip->then_err_ = LP_OK;
        lp_atecc_x_rest(chip, (lp_atecc_rest_t)chip->cmd_.rest, THEN_FINISH);
    }
}

void lp_atecc_x_begin(lp_atecc_t *chip)
{
    if (chip->cmd_.rest != 0) {
        begin_rest(chip);
    } else if (chip->power_ != AWAKE) {
        lp_atecc_x_wake(chip);
    } else if (is_late(chip)) {
        lp_atecc_x_rest(chip, LP_ATECC_IDLE, THEN_WAKE);
    } else {
        send(chip);
    }
}

void lp_atecc_exec(lp_atecc_t *chip)
{
    chip->sends_ = 0;
    chip->rereads_ = 0;
    chip->wakes_ = 0;
    chip->faults_ = 0;
    chip->wake_err_ = LP_E_CHIP_MISSING;
    if (chip->state_ == RESTING) { // on its way to rest: let it arrive
        chip->then_ = THEN_WAKE;
        return;
    }
    lp_timer_stop(chip->cfg_.loop, &chip->timer_);
    lp_atecc_x_begin(chip);
}

void lp_atecc_exec_linger(lp_atecc_t *chip)
{
    if (chip->state_ == OFF && chip->power_ == AWAKE) {
        lp_atecc_x_set_timer(chip, LINGER, LINGER_MS);
    }
}

bool lp_atecc_exec_is_busy(const lp_atecc_t *chip)
{
    return chip->state_ != OFF && chip->state_ != LINGER;
}

static void on_sent(lp_atecc_t *chip, lp_err_t err)
{
    if (err == LP_OK) {
        if (chip->cmd_.wear_slot != LP_ATECC_TEMPKEY && chip->cfg_.wear != NULL) {
            chip->cfg_.wear(chip->cfg_.wear_ctx, chip->cmd_.wear_slot);
        }
        if (lp_atecc_uses_tempkey(chip, chip->cmd_.opcode)) {
            chip->tempkey_mark_++;
        }
        chip->patience_ms_ = chip->cmd_.max_ms + SILENCE_MS;
        lp_atecc_x_set_timer(chip, WAIT, chip->cmd_.typical_ms + 1u);
        return;
    }
    lp_atecc_x_lose(chip);
    if (err == LP_E_I2C_NACK && chip->sends_ < SENDS_MAX) {
        lp_atecc_x_wake(chip); // asleep, or it has half a command: not executed
    } else if (err == LP_E_I2C_NACK) {
        lp_atecc_x_complete(chip, LP_E_CHIP_MISSING);
    } else if (chip->cmd_.is_once || ++chip->faults_ >= FAULTS_MAX) {
        chip->then_err_ = err;
        lp_atecc_x_recover(chip, THEN_FINISH);
    } else {
        lp_atecc_x_recover(chip, THEN_WAKE);
    }
}

static void read_answer(lp_atecc_t *chip)
{
    const size_t len = chip->cmd_.reply_len + 3u; // count and CRC
    lp_atecc_x_transfer(chip, READ, LP_I2C_READ, lp_span(NULL, 0),
                        len < GROUP_MIN ? GROUP_MIN : len);
}

// A whole group with a good CRC?
static bool is_sound(const lp_atecc_t *chip)
{
    const size_t count = chip->rx_[0];
    if (count < GROUP_MIN || count > chip->xfer_.rx_len) {
        return false;
    }
    const uint16_t crc = lp_crc16_8005(0, lp_span(chip->rx_, count - 2));
    return chip->rx_[count - 2] == (uint8_t)crc && chip->rx_[count - 1] == (uint8_t)(crc >> 8);
}

static void send_again(lp_atecc_t *chip, lp_err_t why)
{
    chip->is_lost_ = chip->is_lost_ || chip->cmd_.is_fragile;
    if (chip->sends_ >= SENDS_MAX) {
        lp_atecc_x_complete(chip, why);
    } else if (why == LP_E_CHIP_WATCHDOG) {
        lp_atecc_x_rest(chip, LP_ATECC_IDLE, THEN_WAKE);
    } else {
        lp_atecc_x_begin(chip);
    }
}

// "Not in this state". If the chip was idle during this request, a short loss of power then may
// have taken the state that the command needs, and nobody could see it: start over, once.
static void on_refused(lp_atecc_t *chip)
{
    const bool is_suspect = chip->cmd_.is_dependent && chip->is_rested_;
    chip->is_rested_ = false;
    if (!is_suspect || !lp_atecc_cmd_restart(chip)) {
        lp_atecc_x_complete(chip, LP_E_CHIP_EXEC);
    }
}

static void on_status(lp_atecc_t *chip, uint8_t status)
{
    switch (status) {
    case STATUS_OK:
        lp_atecc_x_complete(chip, chip->cmd_.reply_len == REPLY_STATUS ? LP_OK : LP_E_FORMAT);
        break;
    case STATUS_MISCOMPARE:
        lp_atecc_x_complete(chip, LP_E_CHIP_MISMATCH);
        break;
    case STATUS_PARSE:
        lp_atecc_x_complete(chip, LP_E_CHIP_PARSE);
        break;
    case STATUS_ECC:
        send_again(chip, LP_E_CHIP_ECC);
        break;
    case STATUS_SELFTEST:
        lp_atecc_x_complete(chip, LP_E_CHIP_SELFTEST);
        break;
    case STATUS_HEALTH:
        lp_atecc_x_complete(chip, LP_E_CHIP_HEALTH);
        break;
    case STATUS_EXEC:
        on_refused(chip);
        break;
    case STATUS_AFTER_WAKE: // it has been reset since the command was sent
        doubt(chip, LP_E_CHIP_WAKE);
        break;
    case STATUS_WATCHDOG:
        send_again(chip, LP_E_CHIP_WATCHDOG);
        break;
    case STATUS_COMM:
        send_again(chip, LP_E_CHIP_COMM);
        break;
    default:
        lp_atecc_x_complete(chip, LP_E_FORMAT);
        break;
    }
}

static uint16_t crc_of_answer(const lp_atecc_t *chip)
{
    const size_t count = chip->rx_[0];
    return (uint16_t)(chip->rx_[count - 2] | chip->rx_[count - 1] << 8);
}

// The chip had nothing to say at first, and now says what it said to the command before: most
// likely it never got this command and this is the old answer.
static bool is_stale(const lp_atecc_t *chip)
{
    return chip->is_mute_ && crc_of_answer(chip) == chip->last_crc_;
}

static void on_damaged(lp_atecc_t *chip)
{
    chip->is_mute_ = chip->is_mute_ || chip->rx_[0] == 0xFF;
    if (++chip->rereads_ <= REREADS_MAX) {
        lp_atecc_x_write_word(chip, REWIND, WORD_RESET);
    } else {
        doubt(chip, LP_E_CRC);
    }
}

static void on_answer(lp_atecc_t *chip)
{
    if (!is_sound(chip)) {
        on_damaged(chip);
        return;
    }
    if (is_stale(chip)) {
        doubt(chip, LP_E_CRC);
        return;
    }
    chip->last_crc_ = crc_of_answer(chip);
    if (chip->rx_[0] != GROUP_MIN) {
        const bool is_whole = chip->rx_[0] == chip->cmd_.reply_len + 3;
        lp_atecc_x_complete(chip, is_whole || chip->cmd_.is_short ? LP_OK : LP_E_FORMAT);
    } else if (chip->cmd_.is_byte && chip->rx_[1] < 0x40) { // above: 0xEE and 0xFF
        lp_atecc_x_complete(chip, LP_OK);
    } else {
        on_status(chip, chip->rx_[1]);
    }
}

static void on_read(lp_atecc_t *chip, lp_err_t err)
{
    if (err == LP_OK) {
        on_answer(chip);
    } else if (err == LP_E_I2C_NACK) {
        // By the looks and not by the clock: a board that was held up has not waited for the chip.
        chip->patience_ms_ -= POLL_MS;
        if (chip->patience_ms_ < 0) {
            doubt(chip, LP_E_TIMEOUT);
        } else {
            lp_atecc_x_set_timer(chip, WAIT, POLL_MS);
        }
    } else if (++chip->faults_ < FAULTS_MAX) {
        lp_atecc_x_recover(chip, THEN_REWIND);
    } else {
        doubt(chip, err);
    }
}

static void on_rewound(lp_atecc_t *chip, lp_err_t err)
{
    if (err == LP_OK) {
        read_answer(chip);
    } else {
        on_read(chip, err); // busy or gone: the same reasoning
    }
}

// ---- dispatch ----------------------------------------------------------------------------------

void lp_atecc_x_on_xfer(void *ctx, lp_err_t err)
{
    lp_atecc_t *chip = ctx;
    if (err == LP_E_CLOSED && chip->state_ != RESTING) {
        lp_atecc_x_lose(chip);
        lp_atecc_x_complete(chip, err); // the bus itself is gone
        return;
    }
    switch ((enum state)chip->state_) {
    case PULSE:
        lp_atecc_x_on_pulse(chip, err);
        break;
    case GREET:
        lp_atecc_x_on_greet(chip, err);
        break;
    case RESTING:
        lp_atecc_x_on_rested(chip, err);
        break;
    case SEND:
        on_sent(chip, err);
        break;
    case READ:
        on_read(chip, err);
        break;
    case REWIND:
        on_rewound(chip, err);
        break;
    case RECOVER:
        lp_atecc_x_after(chip);
        break;
    case OFF:
    case LINGER:
    case RISE:
    case GAP:
    case WAIT:
        break; // not waiting for a transfer: nothing changes
    }
}

static void on_timer(void *ctx)
{
    lp_atecc_t *chip = ctx;
    if (chip->is_bus_retry_) {
        chip->is_bus_retry_ = false;
        if (chip->xfer_err_ == LP_E_BUSY) {
            lp_atecc_x_start_xfer(chip);
        } else {
            lp_atecc_x_on_xfer(chip, chip->xfer_err_);
        }
        return;
    }
    switch ((enum state)chip->state_) {
    case LINGER:
        lp_atecc_x_rest(chip, chip->cfg_.rest, THEN_OFF);
        break;
    case RISE:
        lp_atecc_x_transfer(chip, GREET, LP_I2C_READ, lp_span(NULL, 0), GROUP_MIN);
        break;
    case GAP:
        lp_atecc_x_wake(chip);
        break;
    case WAIT:
        read_answer(chip);
        break;
    case OFF:
    case PULSE:
    case GREET:
    case RESTING:
    case SEND:
    case READ:
    case REWIND:
    case RECOVER:
        break;
    }
}
