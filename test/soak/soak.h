// SPDX-License-Identifier: Apache-2.0
// A day in the life of a board, in virtual time: the whole image with its chip, its flash, its
// cable, its cloud and its callers, all of which fail at random.
//
// Everything random comes from one seed, OpenSSL's numbers included, so that a run can be had
// again. The trace of a run is hashed: two runs of a seed have the same hash.
#ifndef SOAK_H
#define SOAK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "emulated.h"
#include "fake/port.h"
#include "fake/stream.h"
#include "image.h"
#include "rig.h"

#define SOAK_ID   "lp-4f21c0"
#define SOAK_USER "ann"

enum {
    // What is promised, in virtual time.
    SOAK_BACK_MS =
        120 * 1000, // from the end of all faults to a connection with nothing in the queue
    SOAK_SETTLED_MS = 60 * 1000,   // and from then until shadow and jobs are as they should be
    SOAK_ANSWER_MS = 90 * 1000,    // for any call
    SOAK_SILENT_MS = 60 * 1000,    // for whom the board does not know to be sent away
    SOAK_BLOCKED_MS = 2000,        // a turn of the loop, with a flash that takes its time
    SOAK_LONG_MS = 10 * 60 * 1000, // in so long a run each kind of call and wish must have been
    SOAK_HTTP_PORT = 8080,
    SOAK_HTTPS_PORT = 8443,
    SOAK_TCP_PORT = 8081,
};

typedef struct {
    uint32_t seed, random;
    uint64_t trace; // hash of all that happened
    uint64_t length_ms, begun_ms;
    bool is_loud;

    world_t *world;
    const soak_image_t *image; // null: off
    void *handle;
    fake_stream_t uart;
    uint32_t boot; // number of the start
    uint64_t boot_ms;
    uint64_t reboot_until_ms; // somebody asked for a restart: it comes until then
    unsigned restarts, power_cuts;
    jmp_buf rebooted;

    // How the chip's wires are: so many transfers in a thousand go wrong.
    unsigned nack, timeout, garble;

    uint64_t turn_began_ms, longest_turn_ms;
} soak_t;

extern soak_t soak;

uint32_t soak_pick(uint32_t below);
bool soak_chance(unsigned percent);
uint64_t soak_now(void);
// A line of the trace.
void soak_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Ends the run: says the seed, and when it was.
#define soak_fail(...) soak_fail_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void soak_fail_at(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// -- board.c
void soak_board_make(void);
void soak_board_free(void);
void soak_power_on(void);
void soak_power_off(void);
void soak_chip_power(bool is_on);
// One turn of the loop and of everything around the board.
void soak_turn(void);
bool soak_may_restart(void); // the long middle of a run is one start, for what leaks slowly
void soak_expect_reboot(void);
void soak_probe(soak_probe_t *probe);

// -- net.c: the network
typedef enum {
    SOAK_NET_FINE,
    SOAK_NET_UNPLUGGED, // nothing passes, nobody is told
    SOAK_NET_REFUSED,   // the broker is down
    SOAK_NET_NO_NAME,   // DNS does not answer
    SOAK_NET_LIAR,      // DNS names somebody else's computer
} soak_net_t;

void soak_net_set(soak_net_t how);
void soak_net_cut_next(bool is_silent, size_t at); // the next connection, after so many bytes
void soak_net_flip_next(size_t at);
void soak_net_reset(void);  // the connection that there is
void soak_net_forget(void); // the board is off
unsigned soak_net_dials(void);
bool soak_net_is_live(void); // TLS is done, with the true broker
peer_t *soak_net_peer(void);

typedef struct {
    fake_stream_t line;                   // the board's end
    bool is_used, is_accepted, is_closed; // closed: by the board
    bool is_left;                         // by whoever had connected
    unsigned listener;
    uint8_t addr[16];
} soak_wire_t;

// Somebody connects to the board; null: nobody listens there, or too many wait.
soak_wire_t *soak_wire_dial(uint16_t port, uint32_t from);
unsigned soak_wires_to(uint16_t port); // connections that the board has there, or waits with
bool soak_wire_is_over(const soak_wire_t *wire);
void soak_wire_hang_up(soak_wire_t *wire);

// -- broker.c: the cloud
void soak_broker_reset(void); // the connection is another
void soak_broker_serve(void);
void soak_broker_step(void); // the cloud's own wishes: a shadow, a job, a message
void soak_broker_mute(bool is_mute);
void soak_broker_refuse(bool is_refusing);
void soak_broker_babble(void); // bytes that are no MQTT
bool soak_broker_is_logged_in(void);
const char *soak_broker_unsettled(void); // what the device has not done yet; null: nothing
void soak_broker_report(void);
bool soak_broker_call(const char *frame); // over MQTT; false: nobody is there
const soak_witness_t *soak_broker_witness(void);

// -- ledger.c: what the board has promised, and how it is asked
typedef enum {
    OP_PING,
    OP_INFO,
    OP_STATUS,
    OP_FILE_PUT,
    OP_FILE_GET,
    OP_FILE_REMOVE,
    OP_CHIP,
    OP_REMOTE_LAST = OP_CHIP, // what callers over the network do
    OP_CONFIG_SET,
    OP_CONFIG_SAVE,
    OP_CONFIG_GET,
    OP_CRON_ADD,
    OP_CRON_REMOVE,
    OP_CRON_LIST,
    OP_SEAL,
    OP_PROVE,
    OP_REBOOT,
    OPS,
} op_kind_t;

typedef struct {
    op_kind_t kind;
    unsigned arg, version;
    uint64_t since_ms;
    const char *method;
    char params[4200];
} op_t;

void ledger_start(void); // after each start of the board
void ledger_flash_fails(bool is_failing);
// Something to ask, of the kinds below `kinds`.
void ledger_next(op_t *op, unsigned kinds);
void ledger_make(op_t *op, op_kind_t kind);
void ledger_answer(op_t *op, const char *answer);
void ledger_lost(op_t *op); // no answer will come: it may have been done or not
void ledger_report(void);
bool ledger_is_checked(void); // everything that was promised was looked at in this start

// -- callers.c: who asks
void callers_start(void); // accounts and channels, on a new board
void callers_on(void);    // the board was switched on
void callers_off(void);
void callers_step(void);
void callers_over_mqtt(const char *answer);
void callers_report(void);
// One call over the UART, in place; its answer.
const char *callers_ask(const char *method, const char *params);

// -- faults.c
void faults_begin(void); // some of them, for a while
bool faults_step(void);  // true while there are any
void faults_report(void);

#endif
