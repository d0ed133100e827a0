// SPDX-License-Identifier: Apache-2.0
// One command on the bus, with everything that can go wrong there.
//
//            asleep, idle, unknown                        awake, time left on its watchdog
//                  v                                                v
//   .---------> PULSE -> RISE -> GREET --0x11--> ................ SEND --ok--> WAIT -> READ -->
//   done |             ^               |  silent        ^               |            ^       | | |
//   v                |               | nack       |  busy | damaged |            GAP <------------'
//   |               v            '-------+ |             ^   (again, with more patience)  | (wake
//   again)             v |             |                                | REWIND -> READ
//   '-- RESTING <-+-- other bytes: idle, then sleep, then wake         bus fault: RECOVER first
//
// Who asked for RECOVER or RESTING says in then_ what comes after it. Every loop in this picture
// has a counter, reset when the command starts. What may be repeated:
//   * a command that the chip says it did not execute (status 0xFF, 0xEE, 0x05), or whose address
//     was not acknowledged: always;
//   * a command of which it is unknown whether it was executed: only if cmd_.is_once is false;
//   * a command that needs volatile state which was lost: the whole request from its first step.
#include "internal.h"
#include "limpet/crc.h"
#include "limpet/port/clock.h"

enum state {
    OFF,     // nothing to do
    LINGER,  // awake, waiting a little for more to do
    PULSE,   // wake pulse on the bus
    RISE,    // tWHI
    GREET,   // reading the wake answer
    GAP,     // pause before the next wake attempt
    RESTING, // idle or sleep under way
    SEND,    // command under way to the chip
    WAIT,    // it works
    READ,    // asking for the answer
    REWIND,  // setting its address counter back to read again
    RECOVER, // nine clocks and a STOP
};

enum power { UNKNOWN, AWAKE, IDLE, ASLEEP };

enum then { THEN_WAKE, THEN_REWIND, THEN_FINISH, THEN_OFF };

enum {
    WORD_RESET = 0x00,
    STATUS_OK = 0x00,
    STATUS_MISCOMPARE = 0x01,
    STATUS_PARSE = 0x03,
    STATUS_ECC = 0x05,
    STATUS_SELFTEST = 0x07,
    STATUS_HEALTH = 0x08,
    STATUS_EXEC = 0x0F,
    STATUS_AFTER_WAKE = 0x11,
    STATUS_WATCHDOG = 0xEE,
    STATUS_COMM = 0xFF,
};

enum {
    RISE_MS = 3, // tWHI is 1.5 ms; a clock of whole milliseconds can be one short
    POLL_MS = 2,
    LINGER_MS = 30,
    FRESH_MS = 10,     // just woken: no longer command budget can be had
    WATCHDOG_MS = 650, // tWATCHDOG is at least 700 ms
    BUS_RETRY_MS = 1,
    BUS_PATIENCE_MS = 2000,
    SILENCE_MS = 100, // over the maximum time
    SENDS_MAX = 4,
    REREADS_MAX = 3,
    WAKES_MAX = 6,
    WAKES_HASTY = 3,
    FAULTS_MAX = 4,
    GROUP_MIN = 4,
};

static void on_xfer(void *ctx, lp_err_t err);
static void on_timer(void *ctx);
static void wake(lp_atecc_t *chip);
static void begin(lp_atecc_t *chip);

void lp_atecc_exec_init(lp_atecc_t *chip)
{
    lp_timer_init(&chip->timer_, on_timer, chip);
    chip->state_ = OFF;
    chip->power_ = UNKNOWN;
}

// ---- bus ---------------------------------------------------------------------------------------

static void set_timer(lp_atecc_t *chip, enum state state, uint32_t delay_ms)
{
    chip->state_ = (uint8_t)state;
    lp_timer_start(chip->cfg_.loop, &chip->timer_, delay_ms);
}

// Starts chip->xfer_. What cannot start is tried again, or reported, by the timer: completions
// never come from inside this call.
static void start_xfer(lp_atecc_t *chip)
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

static void transfer(lp_atecc_t *chip, enum state state, lp_i2c_op_t op, lp_span_t tx,
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
        .done = on_xfer,
        .ctx = chip,
    };
    chip->bus_wait_since_ms_ = lp_port_now_ms();
    start_xfer(chip);
}

static void write_word(lp_atecc_t *chip, enum state state, uint8_t word)
{
    chip->word_ = word;
    transfer(chip, state, LP_I2C_WRITE, lp_span(&chip->word_, 1), 0);
}

// ---- endings and detours -----------------------------------------------------------------------

static void complete(lp_atecc_t *chip, lp_err_t err)
{
    chip->state_ = OFF;
    lp_atecc_cmd_done(chip, err);
}

// The chip's volatile state must be taken for gone, and whether it is awake for unknown.
static void lose(lp_atecc_t *chip)
{
    chip->power_ = UNKNOWN;
    chip->is_lost_ = true;
    chip->tempkey_mark_++;
}

// It is unknown whether the command was executed.
static void doubt(lp_atecc_t *chip, lp_err_t why)
{
    lose(chip);
    if (chip->cmd_.is_once || chip->sends_ >= SENDS_MAX) {
        complete(chip, why);
    } else {
        wake(chip);
    }
}

static void rest(lp_atecc_t *chip, lp_atecc_rest_t how, enum then then)
{
    chip->then_ = (uint8_t)then;
    write_word(chip, RESTING, (uint8_t)how);
}

static void recover(lp_atecc_t *chip, enum then then)
{
    chip->then_ = (uint8_t)then;
    transfer(chip, RECOVER, LP_I2C_RECOVER, lp_span(NULL, 0), 0);
}

// ---- waking up ---------------------------------------------------------------------------------

static bool may_wake(const lp_atecc_t *chip)
{
    return chip->wakes_ < (chip->cfg_.is_hasty ? WAKES_HASTY : WAKES_MAX);
}

static void wake(lp_atecc_t *chip)
{
    if (!may_wake(chip)) {
        complete(chip, chip->wake_err_);
        return;
    }
    chip->wakes_++;
    transfer(chip, PULSE, LP_I2C_WAKE, lp_span(NULL, 0), 0);
}

// A pause before the next attempt, longer each time: the chip may be at work on something that was
// asked of it before the board restarted.
static void wake_later(lp_atecc_t *chip)
{
    static const uint16_t gaps_ms[WAKES_MAX] = {0, 2, 10, 50, 200, 1200};
    if (may_wake(chip)) {
        set_timer(chip, GAP, gaps_ms[chip->wakes_]);
    } else {
        complete(chip, chip->wake_err_);
    }
}

static void on_pulse(lp_atecc_t *chip, lp_err_t err)
{
    if (err == LP_OK || err == LP_E_I2C_NACK) {
        chip->awake_since_ms_ = lp_port_now_ms();
        set_timer(chip, RISE, RISE_MS);
        return;
    }
    chip->wake_err_ = err;
    recover(chip, THEN_WAKE);
}

static void on_greet(lp_atecc_t *chip, lp_err_t err)
{
    static const uint8_t hello[GROUP_MIN] = {0x04, STATUS_AFTER_WAKE, 0x33, 0x43};
    static const uint8_t sick[GROUP_MIN] = {0x04, STATUS_SELFTEST, 0xC4, 0x40};
    if (err == LP_E_I2C_NACK) {
        wake_later(chip);
    } else if (err != LP_OK) {
        chip->wake_err_ = err;
        recover(chip, THEN_WAKE);
    } else if (memcmp(chip->rx_, hello, sizeof hello) == 0) {
        chip->power_ = AWAKE;
        chip->wakes_ = 0; // how often it may come to this is counted in sends_
        begin(chip);
    } else if (memcmp(chip->rx_, sick, sizeof sick) == 0) {
        complete(chip, LP_E_CHIP_SELFTEST);
    } else {
        // It was awake already and did not mind the pulse. Idle first: that keeps TempKey.
        chip->wake_err_ = LP_E_CHIP_WAKE;
        rest(chip, chip->wakes_ < 3 ? LP_ATECC_IDLE : LP_ATECC_SLEEP, THEN_WAKE);
    }
}

static void after(lp_atecc_t *chip)
{
    switch ((enum then)chip->then_) {
    case THEN_WAKE:
        wake(chip);
        break;
    case THEN_REWIND:
        write_word(chip, REWIND, WORD_RESET);
        break;
    case THEN_FINISH:
        complete(chip, chip->then_err_);
        break;
    case THEN_OFF:
        chip->state_ = OFF;
        break;
    }
}

static void on_rested(lp_atecc_t *chip, lp_err_t err)
{
    const bool is_idle = chip->word_ == LP_ATECC_IDLE;
    if (err != LP_OK || !is_idle) {
        lose(chip);
    }
    if (err == LP_OK) {
        chip->power_ = is_idle ? IDLE : ASLEEP;
    }
    chip->is_rested_ = true;
    after(chip);
}

// ---- the command -------------------------------------------------------------------------------

static void send(lp_atecc_t *chip)
{
    if (chip->cmd_.is_dependent && chip->is_lost_) {
        if (!lp_atecc_cmd_restart(chip)) {
            complete(chip, LP_E_CHIP_WATCHDOG);
        }
        return;
    }
    if (!chip->cmd_.is_dependent) {
        chip->is_lost_ = false;
    }
    chip->sends_++;
    chip->rereads_ = 0;
    chip->is_mute_ = false;
    transfer(chip, SEND, LP_I2C_WRITE, lp_span(chip->tx_, chip->tx_len_), 0);
}

// Would the command still run when the watchdog sends the chip to sleep?
static bool is_late(const lp_atecc_t *chip)
{
    const uint64_t awake_ms = lp_port_now_ms() - chip->awake_since_ms_;
    return awake_ms > FRESH_MS && awake_ms + chip->cmd_.max_ms > WATCHDOG_MS;
}

static void begin_rest(lp_atecc_t *chip)
{
    const bool is_resting =
        chip->power_ == ASLEEP || (chip->power_ == IDLE && chip->cmd_.rest == LP_ATECC_IDLE);
    if (is_resting) {
        complete(chip, LP_OK);
    } else if (chip->power_ == IDLE) {
        wake(chip);
    } else {
        chip->then_err_ = LP_OK;
        rest(chip, (lp_atecc_rest_t)chip->cmd_.rest, THEN_FINISH);
    }
}

static void begin(lp_atecc_t *chip)
{
    if (chip->cmd_.rest != 0) {
        begin_rest(chip);
    } else if (chip->power_ != AWAKE) {
        wake(chip);
    } else if (is_late(chip)) {
        rest(chip, LP_ATECC_IDLE, THEN_WAKE);
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
    begin(chip);
}

void lp_atecc_exec_linger(lp_atecc_t *chip)
{
    if (chip->state_ == OFF && chip->power_ == AWAKE) {
        set_timer(chip, LINGER, LINGER_MS);
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
        chip->sent_ms_ = lp_port_now_ms();
        set_timer(chip, WAIT, chip->cmd_.typical_ms + 1u);
        return;
    }
    lose(chip);
    if (err == LP_E_I2C_NACK && chip->sends_ < SENDS_MAX) {
        wake(chip); // asleep, or it has half a command: not executed
    } else if (err == LP_E_I2C_NACK) {
        complete(chip, LP_E_CHIP_MISSING);
    } else if (chip->cmd_.is_once || ++chip->faults_ >= FAULTS_MAX) {
        chip->then_err_ = err;
        recover(chip, THEN_FINISH);
    } else {
        recover(chip, THEN_WAKE);
    }
}

static void read_answer(lp_atecc_t *chip)
{
    const size_t len = chip->cmd_.reply_len + 3u; // count and CRC
    transfer(chip, READ, LP_I2C_READ, lp_span(NULL, 0), len < GROUP_MIN ? GROUP_MIN : len);
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
        complete(chip, why);
    } else if (why == LP_E_CHIP_WATCHDOG) {
        rest(chip, LP_ATECC_IDLE, THEN_WAKE);
    } else {
        begin(chip);
    }
}

// "Not in this state". If the chip was idle during this request, a short loss of power then may
// have taken the state that the command needs, and nobody could see it: start over, once.
static void on_refused(lp_atecc_t *chip)
{
    const bool is_suspect = chip->cmd_.is_dependent && chip->is_rested_;
    chip->is_rested_ = false;
    if (!is_suspect || !lp_atecc_cmd_restart(chip)) {
        complete(chip, LP_E_CHIP_EXEC);
    }
}

static void on_status(lp_atecc_t *chip, uint8_t status)
{
    switch (status) {
    case STATUS_OK:
        complete(chip, chip->cmd_.reply_len == REPLY_STATUS ? LP_OK : LP_E_FORMAT);
        break;
    case STATUS_MISCOMPARE:
        complete(chip, LP_E_CHIP_MISMATCH);
        break;
    case STATUS_PARSE:
        complete(chip, LP_E_CHIP_PARSE);
        break;
    case STATUS_ECC:
        send_again(chip, LP_E_CHIP_ECC);
        break;
    case STATUS_SELFTEST:
        complete(chip, LP_E_CHIP_SELFTEST);
        break;
    case STATUS_HEALTH:
        complete(chip, LP_E_CHIP_HEALTH);
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
        complete(chip, LP_E_FORMAT);
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
        write_word(chip, REWIND, WORD_RESET);
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
        complete(chip, chip->rx_[0] == chip->cmd_.reply_len + 3 ? LP_OK : LP_E_FORMAT);
    } else if (chip->cmd_.is_byte) {
        complete(chip, LP_OK);
    } else {
        on_status(chip, chip->rx_[1]);
    }
}

static void on_read(lp_atecc_t *chip, lp_err_t err)
{
    if (err == LP_OK) {
        on_answer(chip);
    } else if (err == LP_E_I2C_NACK) {
        const uint64_t elapsed_ms = lp_port_now_ms() - chip->sent_ms_;
        if (elapsed_ms > (uint64_t)chip->cmd_.max_ms + SILENCE_MS) {
            doubt(chip, LP_E_TIMEOUT);
        } else {
            set_timer(chip, WAIT, POLL_MS);
        }
    } else if (++chip->faults_ < FAULTS_MAX) {
        recover(chip, THEN_REWIND);
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

static void on_xfer(void *ctx, lp_err_t err)
{
    lp_atecc_t *chip = ctx;
    if (err == LP_E_CLOSED && chip->state_ != RESTING) {
        lose(chip);
        complete(chip, err); // the bus itself is gone
        return;
    }
    switch ((enum state)chip->state_) {
    case PULSE:
        on_pulse(chip, err);
        break;
    case GREET:
        on_greet(chip, err);
        break;
    case RESTING:
        on_rested(chip, err);
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
        after(chip);
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
            start_xfer(chip);
        } else {
            on_xfer(chip, chip->xfer_err_);
        }
        return;
    }
    switch ((enum state)chip->state_) {
    case LINGER:
        rest(chip, chip->cfg_.rest, THEN_OFF);
        break;
    case RISE:
        transfer(chip, GREET, LP_I2C_READ, lp_span(NULL, 0), GROUP_MIN);
        break;
    case GAP:
        wake(chip);
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
