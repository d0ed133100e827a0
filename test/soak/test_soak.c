// SPDX-License-Identifier: Apache-2.0
// A long time in the life of a board (soak.h). LIMPET_SOAK_MINUTES of virtual time (3; a day has
// 1440), LIMPET_SEED, LIMPET_LOUD=1 for the board's log and the trace.
#define OPENSSL_SUPPRESS_DEPRECATED // a random generator with a seed has no other way in
#include "soak.h"

#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limpet/port/clock.h"

enum {
    MINUTES = 3,
    HANGS_S = 240,
    HOURS_MAX = 200,
    FLAT_HOURS = 6,
    MORE_TIMERS = 2,
    MORE_STACK = 1024
};

soak_t soak;

static struct {
    size_t arena_peak, stack_peak;
    unsigned timers, queued, storms;
} hours[HOURS_MAX];

static size_t arena_idle; // with no connection
static unsigned idle_looks, storms;
static uint64_t slowest_back_ms;

// -- chance

uint32_t soak_pick(uint32_t below)
{
    soak.random = soak.random * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)(soak.random ^ soak.random >> 15) * below) >> 32);
}

bool soak_chance(unsigned percent)
{
    return soak_pick(100) < percent;
}

static uint64_t openssl_random;

static int random_bytes(unsigned char *buf, int n)
{
    for (int i = 0; i < n; i++) {
        openssl_random = openssl_random * 6364136223846793005u + 1442695040888963407u;
        buf[i] = (unsigned char)(openssl_random >> 56);
    }
    return 1;
}

static int random_status(void)
{
    return 1;
}

static void seed_all(void)
{
    static const RAND_METHOD method = {
        .bytes = random_bytes, .pseudorand = random_bytes, .status = random_status};
    const char *seed = getenv("LIMPET_SEED");
    const char *minutes = getenv("LIMPET_SOAK_MINUTES");
    soak.seed = seed != NULL ? (uint32_t)strtoul(seed, NULL, 10) : 1;
    soak.random = soak.seed * 2654435761u + 12345;
    openssl_random = soak.seed;
    soak.length_ms = (minutes != NULL ? strtoul(minutes, NULL, 10) : MINUTES) * 60000ull;
    soak.is_loud = getenv("LIMPET_LOUD") != NULL;
    assert_int_equal(RAND_set_rand_method(&method), 1);
    print_message("%u minutes of virtual time, LIMPET_SEED=%u\n",
                  (unsigned)(soak.length_ms / 60000), (unsigned)soak.seed);
}

// -- what happened

uint64_t soak_now(void)
{
    return lp_port_now_ms();
}

void soak_note(const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    int n = snprintf(text, sizeof text, "%llu ", (unsigned long long)soak_now());
    (void)vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    va_end(args);
    for (const char *c = text; *c != '\0'; c++) {
        soak.trace = (soak.trace ^ (uint8_t)*c) * 1099511628211u;
    }
    if (soak.is_loud) {
        fprintf(stderr, "-- %s\n", text);
    }
}

static void say_where(void)
{
    fprintf(stderr,
            "LIMPET_SEED=%u LIMPET_SOAK_MINUTES=%u shows it again; after %llu ms, start %u\n",
            (unsigned)soak.seed, (unsigned)(soak.length_ms / 60000),
            (unsigned long long)(soak_now() - soak.begun_ms), (unsigned)soak.boot);
}

void soak_fail_at(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    say_where();
    exit(1); // from anywhere, the firmware's own stacks included
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
    static const char words[] = "a minute of virtual time does not end; the seed is above\n";
    (void)!write(STDERR_FILENO, words, sizeof words - 1);
    _exit(1);
}

// -- looking

static void look(void)
{
    const unsigned hour = (unsigned)((soak_now() - soak.begun_ms) / 3600000) % HOURS_MAX;
    soak_probe_t p;
    soak_probe(&p);
    hours[hour].arena_peak =
        p.tls.arena_peak > hours[hour].arena_peak ? p.tls.arena_peak : hours[hour].arena_peak;
    hours[hour].stack_peak =
        p.tls.stack_peak > hours[hour].stack_peak ? p.tls.stack_peak : hours[hour].stack_peak;
    hours[hour].timers = p.timers > hours[hour].timers ? p.timers : hours[hour].timers;
    hours[hour].queued = p.queued > hours[hour].queued ? p.queued : hours[hour].queued;
}

// Between two connections TLS has nothing, today as at the beginning.
static void look_for_leaks(void)
{
    soak_probe_t p;
    soak_probe(&p);
    if (p.cloud != LP_CLOUD_BACKOFF || soak_wires_to(SOAK_HTTPS_PORT) > 0) {
        return;
    }
    if (idle_looks++ == 0) {
        arena_idle = p.tls.arena_used;
    }
    if (p.tls.arena_used != arena_idle) {
        soak_fail("TLS has %zu bytes without a connection; at first it had %zu", p.tls.arena_used,
                  arena_idle);
    }
}

static void live(uint64_t ms)
{
    static uint64_t next_alarm_ms;
    const uint64_t end_ms = soak_now() + ms;
    while (soak_now() < end_ms) {
        soak_turn();
        soak_broker_step();
        look();
        look_for_leaks();
        if (soak_now() > next_alarm_ms) {
            next_alarm_ms = soak_now() + 60000;
            alarm(HANGS_S);
        }
        if (ms == 0) {
            return;
        }
    }
}

static bool is_back(void)
{
    soak_probe_t p;
    soak_probe(&p);
    return p.cloud == LP_CLOUD_CONNECTED && p.queued == 0 && p.pending == 0 &&
           soak_broker_is_logged_in();
}

static void come_back(void)
{
    const uint64_t since = soak_now();
    while (!is_back()) {
        live(1);
        if (soak_now() - since > SOAK_BACK_MS) {
            soak_probe_t p;
            soak_probe(&p);
            fake_log_echo(true);
            soak_fail("not back: cloud %s, %u in the queue, %u pending, %s",
                      lp_cloud_state_name(p.cloud), (unsigned)p.queued, p.pending, fake_log_last());
        }
    }
    const uint64_t took = soak_now() - since;
    slowest_back_ms = took > slowest_back_ms ? took : slowest_back_ms;
    soak_note("back after %u ms", (unsigned)took);
}

static void settle(void)
{
    const uint64_t since = soak_now();
    while (soak_broker_unsettled() != NULL) {
        live(1);
        if (soak_now() - since > SOAK_SETTLED_MS) {
            soak_fail("the %s is not as it should be", soak_broker_unsettled());
        }
    }
}

static void storm(void)
{
    const unsigned hour = (unsigned)((soak_now() - soak.begun_ms) / 3600000) % HOURS_MAX;
    hours[hour].storms++;
    storms++;
    faults_begin();
    while (faults_step()) {
        live(1);
    }
    come_back();
    settle();
    live(1000 + soak_pick(60000));
}

static void report(void)
{
    print_message("%u storms, %u restarts, %u power cuts, back in %u ms at most, the loop stood "
                  "still for %u ms at most; trace %016llx\n",
                  storms, soak.restarts, soak.power_cuts, (unsigned)slowest_back_ms,
                  (unsigned)soak.longest_turn_ms, (unsigned long long)soak.trace);
    faults_report();
    soak_broker_report();
    callers_report();
    ledger_report();
    for (unsigned h = 0; h <= soak.length_ms / 3600000 && h < HOURS_MAX; h++) {
        if (hours[h].storms > 0) {
            print_message(
                "  hour %2u: %3u storms; arena %6zu, stack %5zu, %2u timers, %2u queued at "
                "most\n",
                h, hours[h].storms, hours[h].arena_peak, hours[h].stack_peak, hours[h].timers,
                hours[h].queued);
        }
    }
}

// A second half that needs more than the first one is a leak.
static void look_at_halves(void)
{
    const unsigned all = (unsigned)(soak.length_ms / 3600000);
    size_t stack[2] = {0};
    unsigned timers[2] = {0};
    for (unsigned h = 0; all >= FLAT_HOURS && h < all; h++) {
        const unsigned half = h < all / 2 ? 0 : 1;
        stack[half] = hours[h].stack_peak > stack[half] ? hours[h].stack_peak : stack[half];
        timers[half] = hours[h].timers > timers[half] ? hours[h].timers : timers[half];
    }
    if (timers[1] > timers[0] + MORE_TIMERS || stack[1] > stack[0] + MORE_STACK) {
        soak_fail("%u timers, then %u; stack of %zu bytes, then %zu", timers[0], timers[1],
                  stack[0], stack[1]);
    }
}

static void a_board_lives_on_whatever_happens(void **state)
{
    (void)state;
    soak_board_make();
    soak_power_on();
    callers_start();
    soak_net_set(SOAK_NET_FINE);
    come_back();
    while (soak_now() - soak.begun_ms < soak.length_ms) {
        storm();
    }
    alarm(0);
    report();
    look_at_halves();
    assert_int_equal(fake_flash_bad_programs, 0);
    assert_true(storms > 0 && idle_looks > 0);
    soak_board_free();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_board_lives_on_whatever_happens, rig_pki_make,
                                        rig_pki_drop),
    };
    signal(SIGALRM, on_alarm);
    seed_all();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
