// SPDX-License-Identifier: Apache-2.0
// The adapter protocol, without and with a socket.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "limpet/chipsim_server.h"
#include "limpet/endian.h"
#include "rig.h"

typedef struct {
    rig_t rig;
    lp_chipsim_bridge_t bridge;
    uint8_t out[2048];
    size_t len;
} fixture_t;

static fixture_t fix;

static void collect(void *ctx, lp_span_t bytes)
{
    fixture_t *f = ctx;
    assert_true(f->len + bytes.len <= sizeof f->out);
    memcpy(f->out + f->len, bytes.ptr, bytes.len);
    f->len += bytes.len;
}

static int set_up(void **state)
{
    memset(&fix, 0, sizeof fix);
    fix.rig.rule_off = -1;
    fix.rig.now_us = 1000000;
    fix.rig.timing = LP_CHIPSIM_TIMING_INSTANT;
    rig_image(&fix.rig, M508, OPEN);
    rig_start(&fix.rig);
    lp_chipsim_bridge_init(&fix.bridge, fix.rig.bus);
    *state = &fix;
    return 0;
}

static int tear_down(void **state)
{
    rig_stop(&((fixture_t *)*state)->rig);
    return 0;
}

static void feed(fixture_t *f, const void *bytes, size_t len)
{
    f->len = 0;
    lp_chipsim_bridge_feed(&f->bridge, lp_span(bytes, len), collect, f);
}

static const uint8_t WRITE_INFO[] = {'S', 0xC0, 8, 3, 7, 0x30, 0, 0, 0, 0x03, 0x5D, 'P'};
static const uint8_t READ_7[] = {'S', 0xC1, 7, 'P'};
static const uint8_t STAT[] = {'R', 0x0A, 'P'};

static void writes_and_reads(void **state)
{
    fixture_t *f = *state;
    feed(f, WRITE_INFO, sizeof WRITE_INFO);
    assert_int_equal(f->len, 0);
    feed(f, STAT, sizeof STAT);
    assert_int_equal(f->len, 1);
    assert_int_equal(f->out[0], 0xF0);
    feed(f, READ_7, sizeof READ_7);
    assert_int_equal(f->len, 7);
    assert_int_equal(f->out[3], 0x50);
}

static void no_acknowledge_returns_no_data(void **state)
{
    fixture_t *f = *state;
    static const uint8_t nobody[] = {'S', 0x20, 1, 0, 'P', 'R', 0x0A, 'P'};
    static const uint8_t nobody_read[] = {'S', 0x21, 4, 'P', 'R', 0x0A, 'P'};
    feed(f, nobody, sizeof nobody);
    assert_int_equal(f->len, 1);
    assert_int_equal(f->out[0], 0xF1);
    feed(f, nobody_read, sizeof nobody_read);
    assert_int_equal(f->len, 1);
    assert_int_equal(f->out[0], 0xF1);
}

static void surplus_data_is_not_acknowledged(void **state)
{
    fixture_t *f = *state;
    static const uint8_t long_write[] = {'S', 0xC0, 9,    3,    7,   0x30, 0,    0,
                                         0,   0x03, 0x5D, 0xAA, 'P', 'R',  0x0A, 'P'};
    feed(f, long_write, sizeof long_write);
    assert_int_equal(f->out[0], 0xF2);
}

static void probe_and_repeated_start(void **state)
{
    fixture_t *f = *state;
    static const uint8_t probe[] = {'S', 0xC0, 0, 'P', 'R', 0x0A, 'P'};
    static const uint8_t both[] = {'S', 0xC0, 1, 0, 'S', 0xC1, 4, 'P'};
    feed(f, probe, sizeof probe);
    assert_int_equal(f->out[0], 0xF0);
    feed(f, both, sizeof both); // address reset, then the wake answer
    assert_int_equal(f->len, 4);
    assert_int_equal(f->out[1], 0x11);
}

static void byte_by_byte_is_the_same(void **state)
{
    fixture_t *f = *state;
    for (size_t i = 0; i < sizeof WRITE_INFO; i++) {
        feed(f, WRITE_INFO + i, 1);
    }
    uint8_t got[7];
    size_t n = 0;
    for (size_t i = 0; i < sizeof READ_7; i++) {
        feed(f, READ_7 + i, 1);
        memcpy(got + n, f->out, f->len);
        n += f->len;
    }
    assert_int_equal(n, 7);
    assert_int_equal(got[3], 0x50);
}

static void rubbish_is_skipped(void **state)
{
    fixture_t *f = *state;
    static const uint8_t rubbish[] = {0x00, 0xFF, 'P', 'Q', 'Z', 1, 2, 'P', 'S', 0xC1, 4, 'X'};
    feed(f, rubbish, sizeof rubbish);
    feed(f, STAT, sizeof STAT);
    assert_int_equal(f->len, 1);
    assert_int_equal(f->out[0], 0xF0);
}

static void registers(void **state)
{
    fixture_t *f = *state;
    static const uint8_t write[] = {'W', 0x06, 0x44, 0x0A, 0x00, 'P', 'R', 0x06, 0x0A, 0x20, 'P'};
    static const uint8_t gpio[] = {'O', 0x55, 'P', 'I', 'P'};
    feed(f, write, sizeof write);
    assert_int_equal(f->len, 3);
    assert_int_equal(f->out[0], 0x44);
    assert_int_equal(f->out[1], 0xF0); // the status is read-only
    assert_int_equal(f->out[2], 0xFF);
    feed(f, gpio, sizeof gpio);
    assert_int_equal(f->out[0], 0x55);
}

// The bridge's clock decides whether address 0 is a wake pulse.
static void wake_through_the_bridge(void **state)
{
    fixture_t *f = *state;
    static const uint8_t sleep[] = {'S', 0xC0, 1, 1, 'P'};
    static const uint8_t fast[] = {'W', 7, 4, 8, 4, 'P', 'S', 0, 0, 'P'};
    static const uint8_t slow[] = {'W', 7, 0x13, 8, 0x13, 'P', 'S', 0, 0, 'P'};
    static const uint8_t read[] = {'S', 0xC1, 4, 'P'};
    feed(f, sleep, sizeof sleep);
    feed(f, fast, sizeof fast);
    f->rig.now_us += 2000;
    feed(f, read, sizeof read);
    assert_int_equal(f->len, 0);
    feed(f, slow, sizeof slow);
    f->rig.now_us += 2000;
    feed(f, read, sizeof read);
    assert_int_equal(f->len, 4);
    assert_int_equal(f->out[1], 0x11);
}

// A stuck bus is a time-out until clocks with SDA high have freed it.
static void a_stuck_bus_can_be_freed(void **state)
{
    fixture_t *f = *state;
    static const uint8_t free_it[] = {'S', 0xFE, 0, 'P', 'R', 0x0A, 'P'};
    static const uint8_t probe[] = {'S', 0xC0, 0, 'P', 'R', 0x0A, 'P'};
    const lp_chipsim_faults_t stuck = {.stuck_after = 1};
    lp_chipsim_bus_faults(f->rig.bus, &stuck);
    feed(f, probe, sizeof probe);
    assert_int_equal(f->out[0], 0xF8);
    feed(f, probe, sizeof probe);
    assert_int_equal(f->out[0], 0xF8);
    feed(f, free_it, sizeof free_it);
    assert_int_equal(f->out[0], 0xF1);
    feed(f, probe, sizeof probe);
    assert_int_equal(f->out[0], 0xF0);
}

// ---- sockets ----------------------------------------------------------------

static void a_clock_held_for_too_long_is_a_timeout(void **state)
{
    fixture_t *f = *state;
    lp_chipsim_faults_t faults;
    feed(f, WRITE_INFO, sizeof WRITE_INFO);
    assert_int_equal(lp_chipsim_faults_parse("stretch-next=2,stretch-us=25001", &faults), LP_OK);
    lp_chipsim_bus_faults(f->rig.bus, &faults);
    feed(f, READ_7, sizeof READ_7);
    assert_int_equal(f->len, 0);
    feed(f, STAT, sizeof STAT);
    assert_int_equal(f->out[0], 0xF8);
    feed(f, WRITE_INFO, sizeof WRITE_INFO);
    feed(f, STAT, sizeof STAT);
    assert_int_equal(f->out[0], 0xF8);
    feed(f, READ_7, sizeof READ_7); // the reply has waited
    assert_int_equal(f->len, 7);
    feed(f, STAT, sizeof STAT);
    assert_int_equal(f->out[0], 0xF0);
    faults.stretch_us = 25000; // the bridge is that patient
    lp_chipsim_bus_faults(f->rig.bus, &faults);
    feed(f, WRITE_INFO, sizeof WRITE_INFO);
    feed(f, READ_7, sizeof READ_7);
    assert_int_equal(f->len, 7);
    uint8_t in[7] = {0xA5};
    faults.stretch_us = 30000;
    lp_chipsim_bus_faults(f->rig.bus, &faults);
    assert_int_equal(lp_chipsim_bus_read(f->rig.bus, 0x60, in, 7), LP_E_TIMEOUT);
    assert_int_equal(in[0], 0xA5);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static size_t exchange(lp_chipsim_server_t *s, int fd, const void *bytes, size_t len, uint8_t *in,
                       size_t want)
{
    size_t n = 0;
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    for (unsigned i = 0; i < 20 && n < want; i++) {
        assert_int_equal(lp_chipsim_server_turn(s, 20), LP_OK);
        ssize_t got = recv(fd, in + n, want - n, MSG_DONTWAIT);
        n += got > 0 ? (size_t)got : 0;
    }
    return n;
}

static void unix_socket_serves_one_after_another(void **state)
{
    fixture_t *f = *state;
    lp_chipsim_server_t *s;
    lp_chipsim_server_t *second;
    char folder[] = "/tmp/limpet-bridge-XXXXXX";
    char where[96];
    char name[128];
    uint8_t in[16];
    assert_non_null(mkdtemp(folder));
    snprintf(where, sizeof where, "unix:%s/bus", folder);
    assert_int_equal(lp_chipsim_server_open(&s, where, f->rig.bus, name, sizeof name), LP_OK);
    assert_string_equal(name, where);
    struct stat st_;
    assert_int_equal(stat(where + 5, &st_), 0);
    assert_int_equal(st_.st_mode & 077, 0);
    assert_int_equal(lp_chipsim_server_open(&second, where, f->rig.bus, name, sizeof name),
                     LP_E_EXISTS);
    nonce_fixed(&f->rig, key32(1));
    for (unsigned i = 0; i < 3; i++) {
        int fd = connect_unix(where + 5);
        exchange(s, fd, "S", 1, in, 0); // half a command of a client that leaves
        close(fd);
        fd = connect_unix(where + 5);
        assert_int_equal(exchange(s, fd, STAT, sizeof STAT, in, 1), 1);
        assert_int_equal(in[0], 0xF0);
        close(fd);
        lp_chipsim_server_turn(s, 20);
    }
    assert_true(tempkey_valid(&f->rig)); // the chip kept power and state
    lp_chipsim_server_close(s);
    assert_int_not_equal(access(where + 5, F_OK), 0);
    assert_int_equal(rmdir(folder), 0);
}

// Two commands whose answers find nobody: the first loses the client, the second is still carried
// out.
static void a_client_that_leaves_before_its_answer_is_survived(void **state)
{
    static const uint8_t twice[] = {'R', 0x0A, 'P', 'R', 0x0A, 'P'};
    fixture_t *f = *state;
    lp_chipsim_server_t *s;
    char folder[] = "/tmp/limpet-bridge-XXXXXX";
    char where[96];
    char name[128];
    uint8_t in[4];
    assert_non_null(mkdtemp(folder));
    snprintf(where, sizeof where, "unix:%s/bus", folder);
    assert_int_equal(lp_chipsim_server_open(&s, where, f->rig.bus, name, sizeof name), LP_OK);
    signal(SIGPIPE, SIG_IGN);
    int fd = connect_unix(where + 5);
    assert_int_equal(write(fd, twice, sizeof twice), (ssize_t)sizeof twice);
    close(fd);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(lp_chipsim_server_turn(s, 20), LP_OK);
    }
    fd = connect_unix(where + 5);
    assert_int_equal(exchange(s, fd, STAT, sizeof STAT, in, 1), 1);
    assert_int_equal(in[0], 0xF0);
    close(fd);
    lp_chipsim_server_close(s);
    assert_int_equal(rmdir(folder), 0);
}

static void a_dead_socket_is_replaced_and_a_file_is_not(void **state)
{
    fixture_t *f = *state;
    lp_chipsim_server_t *s;
    char folder[] = "/tmp/limpet-bridge-XXXXXX";
    char where[96];
    char name[128];
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    assert_non_null(mkdtemp(folder));
    snprintf(where, sizeof where, "unix:%s/bus", folder);
    snprintf(a.sun_path, sizeof a.sun_path, "%s/bus", folder);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof a), 0);
    close(fd); // nobody listens any more
    assert_int_equal(lp_chipsim_server_open(&s, where, f->rig.bus, name, sizeof name), LP_OK);
    lp_chipsim_server_close(s);
    FILE *file = fopen(where + 5, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(lp_chipsim_server_open(&s, where, f->rig.bus, name, sizeof name), LP_E_EXISTS);
    assert_int_equal(unlink(where + 5), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void tcp_listens_on_loopback(void **state)
{
    fixture_t *f = *state;
    lp_chipsim_server_t *s;
    char name[128];
    assert_int_equal(lp_chipsim_server_open(&s, "tcp::0", f->rig.bus, name, sizeof name), LP_OK);
    assert_memory_equal(name, "tcp:127.0.0.1:", 14);
    lp_chipsim_server_t *second;
    char other[128];
    assert_int_equal(lp_chipsim_server_open(&second, name, f->rig.bus, other, sizeof other),
                     LP_E_EXISTS);
    lp_chipsim_server_close(s);
}

static void pty_speaks_the_protocol(void **state)
{
    fixture_t *f = *state;
    lp_chipsim_server_t *s;
    char folder[] = "/tmp/limpet-bridge-XXXXXX";
    char where[96];
    char name[128];
    uint8_t in[4];
    assert_non_null(mkdtemp(folder));
    snprintf(where, sizeof where, "pty:%s/tty", folder);
    assert_int_equal(lp_chipsim_server_open(&s, where, f->rig.bus, name, sizeof name), LP_OK);
    const int tty = open(where + 4, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(tty >= 0);
    assert_int_equal(write(tty, STAT, sizeof STAT), sizeof STAT);
    // The kernel hands bytes from one end to the other when it finds the time.
    ssize_t got = -1;
    for (unsigned i = 0; i < 1000 && got <= 0; i++) {
        assert_int_equal(lp_chipsim_server_turn(s, 20), LP_OK);
        got = read(tty, in, 1);
    }
    assert_int_equal(got, 1);
    assert_int_equal(in[0], 0xF0);
    close(tty);
    lp_chipsim_server_close(s);
    assert_int_equal(rmdir(folder), 0); // the link is gone
}

static void wrong_addresses_are_refused(void **state)
{
    fixture_t *f = *state;
    static const char *const wrong[] = {"",           "unix:", "tcp:",  "tcp:localhost",
                                        "tcp::99999", "pty:",  "serial"};
    lp_chipsim_server_t *s;
    char name[128];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(lp_chipsim_server_open(&s, wrong[i], f->rig.bus, name, sizeof name),
                         LP_E_FORMAT);
    }
}

// ---- commands with a time ------------------------------------------------------

static lp_chipsim_master_clock_t master;

// 'T' with these commands at this moment of the master's; the answer is in f->out.
static void feed_at(fixture_t *f, uint64_t us, const uint8_t *commands, size_t len)
{
    uint8_t bytes[600] = {'T'};
    lp_put_le64(bytes + 1, us);
    lp_put_le16(bytes + 9, (uint16_t)len);
    memcpy(bytes + 11, commands, len);
    feed(f, bytes, 11 + len);
}

static int set_up_timed(void **state)
{
    (void)set_up(state);
    master = (lp_chipsim_master_clock_t){.is_told_ = false};
    lp_chipsim_bridge_set_clock(&fix.bridge, &master);
    return 0;
}

static void timed_answer_says_how_long_the_wire_took(void **state)
{
    fixture_t *f = *state;
    uint8_t both[sizeof WRITE_INFO + sizeof STAT];
    memcpy(both, WRITE_INFO, sizeof WRITE_INFO);
    memcpy(both + sizeof WRITE_INFO, STAT, sizeof STAT);
    feed_at(f, 7000000000ULL, both, sizeof both);
    assert_int_equal(f->len, 10 + 1);
    assert_int_equal(lp_get_le32(f->out), (uint32_t)7000000000ULL);
    const uint32_t wire_us = lp_get_le32(f->out + 4);
    // START, STOP, nine bytes of nine bits at 97 kHz.
    assert_in_range(wire_us, 850, 860);
    assert_int_equal(lp_get_le16(f->out + 8), 1);
    assert_int_equal(f->out[10], 0xF0);
}

static void timed_commands_come_in_pieces_and_nest_not(void **state)
{
    fixture_t *f = *state;
    uint8_t bytes[11 + 3] = {'T', 1, 0, 0, 0, 0, 0, 0, 0, 3, 0};
    memcpy(bytes + 11, STAT, sizeof STAT);
    size_t seen = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        feed(f, bytes + i, 1);
        seen += f->len;
        assert_int_equal(seen, i + 1 < sizeof bytes ? 0 : 11);
    }
    feed_at(f, 2, bytes, sizeof bytes); // a time inside of a time: only what is in it counts
    assert_int_equal(lp_get_le32(f->out), 2);
    assert_int_equal(f->len, 11);
}

static void timed_commands_that_are_too_long_are_rubbish(void **state)
{
    fixture_t *f = *state;
    const uint8_t bytes[] = {'T', 1, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 'R', 0x0A, 'P'};
    feed(f, bytes, sizeof bytes);
    assert_int_equal(f->len, 1);
    assert_int_equal(f->out[0], 0xF0);
    lp_chipsim_bridge_set_clock(&f->bridge, NULL); // a bridge that knows no time
    feed_at(f, 1, STAT, sizeof STAT);
    assert_int_equal(f->len, 1);
}

static void chip_works_in_the_masters_time(void **state)
{
    fixture_t *f = *state;
    static const uint8_t wake[] = {'S', 0, 0, 'P'};
    static const uint8_t random[] = {'S', 0xC0, 8, 3, 7, 0x1B, 0, 0, 0, 0x24, 0xCD, 'P'};
    static const uint8_t poll[] = {'S', 0xC1, 35, 'P', 'R', 0x0A, 'P'};
    const lp_chipsim_options_t opt = {
        .model = LP_CHIPSIM_ATECC508A,
        .timing = LP_CHIPSIM_TIMING_MAX,
        .clock = {.now_us = lp_chipsim_master_clock_now, .ctx = &master}};
    lp_chipsim_t *chip;
    assert_int_equal(lp_chipsim_new(&chip, &opt), LP_OK);
    lp_chipsim_bus_t *bus = lp_chipsim_bus_new();
    lp_chipsim_bus_attach(bus, chip);
    lp_chipsim_bridge_init(&f->bridge, bus);
    lp_chipsim_bridge_set_clock(&f->bridge, &master);
    feed_at(f, 1000, wake, sizeof wake);
    feed_at(f, 5000, random, sizeof random);
    const uint32_t sent_us = 5000 + lp_get_le32(f->out + 4);
    // Random takes 23 ms: whatever time it is at the computer, not a microsecond less or more.
    feed_at(f, sent_us + 22000, poll, sizeof poll);
    assert_int_equal(lp_get_le16(f->out + 8), 1);
    assert_int_equal(f->out[10], 0xF1);
    feed_at(f, sent_us + 23100, poll, sizeof poll);
    assert_int_equal(lp_get_le16(f->out + 8), 36);
    assert_int_equal(f->out[10], 35);
    lp_chipsim_bus_free(bus);
    lp_chipsim_free(chip);
}

static void masters_clock_never_takes_the_chips_back(void **state)
{
    (void)state;
    lp_chipsim_master_clock_t c = {.is_told_ = false};
    uint64_t last = lp_chipsim_master_clock_now(&c);
    static const uint64_t said[] = {0, 500, 400, 400, 0, UINT64_MAX, 3, 1000000};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        lp_chipsim_master_clock_tell(&c, said[i]);
        const uint64_t now = lp_chipsim_master_clock_now(&c);
        assert_true(now >= last);
        lp_chipsim_master_clock_pass(&c, 10);
        last = lp_chipsim_master_clock_now(&c);
        assert_int_equal(last, now + 10);
    }
    lp_chipsim_master_clock_release(&c);
    assert_true(lp_chipsim_master_clock_now(&c) >= last); // and goes on by itself
}

int main(void)
{
#define TT(fn) cmocka_unit_test_setup_teardown(fn, set_up_timed, tear_down)
#define T(fn)  cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(writes_and_reads),
        T(no_acknowledge_returns_no_data),
        T(surplus_data_is_not_acknowledged),
        T(probe_and_repeated_start),
        T(byte_by_byte_is_the_same),
        T(rubbish_is_skipped),
        T(registers),
        T(wake_through_the_bridge),
        T(a_stuck_bus_can_be_freed),
        T(a_clock_held_for_too_long_is_a_timeout),
        T(unix_socket_serves_one_after_another),
        T(a_client_that_leaves_before_its_answer_is_survived),
        T(a_dead_socket_is_replaced_and_a_file_is_not),
        T(tcp_listens_on_loopback),
        T(pty_speaks_the_protocol),
        T(wrong_addresses_are_refused),
        TT(timed_answer_says_how_long_the_wire_took),
        TT(timed_commands_come_in_pieces_and_nest_not),
        TT(timed_commands_that_are_too_long_are_rubbish),
        TT(chip_works_in_the_masters_time),
        TT(masters_clock_never_takes_the_chips_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
