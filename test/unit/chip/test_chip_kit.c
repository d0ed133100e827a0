// SPDX-License-Identifier: Apache-2.0
// The kit protocol, without and with a socket.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "limpet/chipsim_kit.h"
#include "limpet/chipsim_server.h"
#include "rig.h"

typedef struct {
    rig_t rig;
    lp_chipsim_kit_t kit;
    char out[8192];
    size_t len;
    uint64_t waited_us;
} fixture_t;

static fixture_t fix;

static void wait_virtual(void *ctx, uint32_t us)
{
    fixture_t *f = ctx;
    f->rig.now_us += us;
    f->waited_us += us;
}

static void start(fixture_t *f, int model, int lock, lp_chipsim_timing_t timing)
{
    const lp_chipsim_wait_t wait = {.wait_us = wait_virtual, .ctx = f};
    f->rig.timing = timing;
    rig_image(&f->rig, model, lock);
    rig_start(&f->rig);
    lp_chipsim_kit_init(&f->kit, f->rig.bus, &wait);
    f->waited_us = 0;
}

static int set_up(void **state)
{
    memset(&fix, 0, sizeof fix);
    fix.rig.rule_off = -1;
    fix.rig.now_us = 1000000;
    start(&fix, M508, OPEN, LP_CHIPSIM_TIMING_TYPICAL);
    *state = &fix;
    return 0;
}

static int tear_down(void **state)
{
    rig_stop(&((fixture_t *)*state)->rig);
    return 0;
}

static void collect(void *ctx, lp_span_t bytes)
{
    fixture_t *f = ctx;
    assert_true(f->len + bytes.len < sizeof f->out);
    memcpy(f->out + f->len, bytes.ptr, bytes.len);
    f->len += bytes.len;
    f->out[f->len] = '\0';
}

static const char *feed(fixture_t *f, const void *bytes, size_t len)
{
    f->len = 0;
    f->out[0] = '\0';
    lp_chipsim_kit_feed(&f->kit, lp_span(bytes, len), collect, f);
    return f->out;
}

static const char *ask(fixture_t *f, const char *line)
{
    return feed(f, line, strlen(line));
}

#define SAYS(f, line, answer) assert_string_equal(ask((f), line "\n"), answer "\n")
#define INFO                  "0730000000035D"

static void wake_talk_idle_sleep(void **state)
{
    fixture_t *f = *state;
    SAYS(f, "s:s()", "00()");
    SAYS(f, "s:t(" INFO ")", "D0()"); // asleep
    SAYS(f, "s:w()", "00(04113343)");
    SAYS(f, "s:t(" INFO ")", "00(07000050000391)");
    SAYS(f, "s:i()", "00()");
    SAYS(f, "ecc:wake()", "00(04113343)");
    SAYS(f, "ECC:T(" INFO ")", "00(07000050000391)");
    SAYS(f, "sha:sleep()", "00()");
    SAYS(f, "sha:idle()", "D0()");
}

static void words_initials_and_either_case(void **state)
{
    fixture_t *f = *state;
    static const char *const same[] = {"s:talk(" INFO ")\n", "Sha:Talk(0730000000035d)\n",
                                       "e:t(" INFO ")\r\n", "ECC:TALK(" INFO ")\n"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_string_equal(ask(f, same[i]), "00(07000050000391)\n");
    }
}

// TempKey is filled by one command and checked by another, through idle.
static void state_is_kept_while_idle_and_lost_asleep(void **state)
{
    fixture_t *f = *state;
    nonce_fixed(&f->rig, key32(1));
    SAYS(f, "s:i()", "00()");
    SAYS(f, "s:w()", "00(04113343)");
    assert_true(tempkey_valid(&f->rig));
    SAYS(f, "s:s()", "00()");
    SAYS(f, "s:w()", "00(04113343)");
    assert_false(tempkey_valid(&f->rig));
}

static void talk_waits_as_long_as_the_chip_works(void **state)
{
    fixture_t *f = *state;
    const lp_chipsim_faults_t slow = {.slow_percent = 400};
    start(f, M508, CONFIG_LOCKED, LP_CHIPSIM_TIMING_TYPICAL);
    rig_slot(&f->rig, 0, 0x2083, 0x0033);
    rig_start(&f->rig);
    const lp_chipsim_wait_t wait = {.wait_us = wait_virtual, .ctx = f};
    lp_chipsim_kit_init(&f->kit, f->rig.bus, &wait);
    uint8_t g[7] = {7, 0x40, 4, 0, 0, 0, 0}; // GenKey
    char line[32];
    uint16_t crc = host_crc(g, 5);
    snprintf(line, sizeof line, "s:t(0740040000%02X%02X)\n", crc & 0xFFu, crc >> 8);
    f->waited_us = 0;
    const char *quick = ask(f, line);
    assert_memory_equal(quick, "00(43", 5); // 64 bytes of public key, count and CRC
    assert_int_equal(strlen(quick), 3 + 2 * 67 + 2);
    uint64_t quick_us = f->waited_us;
    SAYS(f, "s:s()", "00()"); // a fresh watchdog for each
    SAYS(f, "s:w()", "00(04113343)");
    assert_true(quick_us > 1000);
    lp_chipsim_bus_faults(f->rig.bus, &slow);
    f->waited_us = 0;
    assert_memory_equal(ask(f, line), "00(43", 5);
    assert_true(f->waited_us > 3 * quick_us);
}

static void errors_of_the_chip_are_answers(void **state)
{
    fixture_t *f = *state;
    SAYS(f, "s:t(0730000000035C)", "00(04FF0142)"); // a wrong CRC
    SAYS(f, "s:t(" INFO ")", "00(07000050000391)");
    SAYS(f, "s:w()", "00()"); // awake already: nothing new to say
}

static void the_longest_packet_fits_and_a_wrong_count_does_not(void **state)
{
    fixture_t *f = *state;
    char line[400];
    size_t n = (size_t)snprintf(line, sizeof line, "ecc:talk(9B");
    for (unsigned i = 1; i < 155; i++) {
        n += (size_t)snprintf(line + n, sizeof line - n, "00");
    }
    snprintf(line + n, sizeof line - n, ")\n");
    assert_memory_equal(ask(f, line), "00(04", 5); // taken; its CRC is wrong
    snprintf(line + n, sizeof line - n, "00)\n");
    assert_string_equal(ask(f, line), "C0()\n");
    SAYS(f, "s:t(083000000003)", "C0()");
    SAYS(f, "s:t()", "C0()");
    SAYS(f, "s:t(03000)", "C0()");
    SAYS(f, "s:t(" INFO ")", "00(07000050000391)");
}

static void what_is_no_command_is_refused_and_changes_nothing(void **state)
{
    fixture_t *f = *state;
    static const char *const wrong[] = {"",
                                        "(",
                                        ")",
                                        "()",
                                        "s",
                                        "s:t",
                                        "s:t(",
                                        "s:t)",
                                        "s:x()",
                                        "s:ta()",
                                        "x:t(00)",
                                        ":t()",
                                        "s::t()",
                                        "s:t:u()",
                                        "s:w()x",
                                        "s:w(00)",
                                        "s:i(00)",
                                        "s:s(00)",
                                        "s:t(zz)",
                                        "s:w(",
                                        "s:w())",
                                        "a:b:c:d(00)",
                                        "board:v(00)",
                                        "board:device()",
                                        "s:p:s()",
                                        "s:p:s(c1)",
                                        "s:p:s(00)",
                                        "s:p:s(c0c2)",
                                        "board:device(000)",
                                        "board(00)",
                                        " s:w()",
                                        "s:w() ",
                                        "s:t( 00)",
                                        "\xC3\xA9:w()",
                                        "s:w()\rs:w()",
                                        "\r\r"};
    char line[64];
    nonce_fixed(&f->rig, key32(1));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(line, sizeof line, "%s\n", wrong[i]);
        assert_string_equal(ask(f, line), "C0()\n");
    }
    assert_string_equal(feed(f, "s:w()\0\n", 7), "C0()\n");
    assert_true(tempkey_valid(&f->rig));
}

static void an_endless_line_is_one_error(void **state)
{
    fixture_t *f = *state;
    static char line[20000];
    memset(line, '0', sizeof line);
    memcpy(line, "s:t(", 4);
    assert_string_equal(feed(f, line, sizeof line), "");
    assert_string_equal(ask(f, ")\ns:t(" INFO ")\n"), "C0()\n00(07000050000391)\n");
    lp_chipsim_kit_feed(&f->kit, lp_span((const uint8_t *)"s:t(07", 6), collect, f);
    lp_chipsim_kit_reset(&f->kit); // the client went
    SAYS(f, "s:t(" INFO ")", "00(07000050000391)");
}

static void byte_by_byte_is_the_same(void **state)
{
    fixture_t *f = *state;
    static const char all[] = "s:w()\r\n\nrubbish\ns:t(" INFO ")\nboard:device(00)\ns:i()\ns:i()\n";
    char whole[256];
    snprintf(whole, sizeof whole, "%s", ask(f, all));
    assert_string_equal(whole, "00(04113343)\nC0()\nC0()\n00(07000050000391)\n"
                               "ECC508A TWI 00(C0)\n00()\nD0()\n");
    rig_wake(&f->rig);
    f->len = 0;
    for (size_t i = 0; i < sizeof all - 1; i++) {
        lp_chipsim_kit_feed(&f->kit, lp_span((const uint8_t *)all + i, 1), collect, f);
    }
    assert_string_equal(f->out, whole);
}

static void board_tells_what_is_there(void **state)
{
    fixture_t *f = *state;
    lp_chipsim_t *second;
    lp_chipsim_image_t image;
    lp_chipsim_options_t opt = {.clock = {NULL, NULL}, .timing = LP_CHIPSIM_TIMING_INSTANT};
    assert_int_equal(lp_chipsim_image_factory(&image, LP_CHIPSIM_ATECC608A, NULL, 5), LP_OK);
    image.config[16] = 0x6A;
    assert_int_equal(lp_chipsim_from_image(&second, &opt, &image), LP_OK);
    lp_chipsim_bus_attach(f->rig.bus, second);
    SAYS(f, "board:version()", "00(0100)");
    SAYS(f, "board:device(00)", "ECC508A TWI 00(C0)");
    SAYS(f, "b:d(01)", "ECC608A TWI 00(6A)");
    SAYS(f, "board:device(02)", "D0()");
    SAYS(f, "board:device(FF)", "D0()");
    SAYS(f, "ECC:p:s(6a)", "00()");
    SAYS(f, "s:w()", "00(04113343)");
    SAYS(f, "s:t(" INFO ")", "00(07000060028038)");
    SAYS(f, "s:physical:select(20)", "00()");
    SAYS(f, "s:w()", "D0()"); // nobody there
    SAYS(f, "s:physical:select(c0)", "00()");
    SAYS(f, "s:t(" INFO ")", "00(07000050000391)");
    lp_chipsim_bus_detach(f->rig.bus, second);
    lp_chipsim_free(second);
}

static void faults_of_the_bus_are_told_and_pass(void **state)
{
    fixture_t *f = *state;
    const lp_chipsim_faults_t nack = {.nack_next = 1};
    const lp_chipsim_faults_t stuck = {.stuck_after = 2};
    lp_chipsim_bus_faults(f->rig.bus, &nack);
    SAYS(f, "s:t(" INFO ")", "D0()");
    SAYS(f, "s:t(" INFO ")", "00(07000050000391)");
    const lp_chipsim_faults_t stretch = {.stretch_next = 1, .stretch_us = 60000};
    lp_chipsim_bus_faults(f->rig.bus, &stretch);
    SAYS(f, "s:t(" INFO ")", "D3()");
    SAYS(f, "s:t(" INFO ")", "00(07000050000391)");
    lp_chipsim_bus_faults(f->rig.bus, &stuck);
    SAYS(f, "s:t(" INFO ")", "D1()");
    assert_false(lp_chipsim_bus_is_stuck(f->rig.bus));
    f->rig.now_us += 100000; // the command that was under way ends
    SAYS(f, "s:t(" INFO ")", "00(07000050000391)");
}

static bool swallow(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    (void)ctx;
    (void)addr;
    (void)bytes;
    return false;
}

static void a_swallowed_command_has_no_packet_for_an_answer(void **state)
{
    fixture_t *f = *state;
    const lp_chipsim_tap_t tap = {.to_chip = swallow};
    SAYS(f, "s:t(" INFO ")", "00(07000050000391)");
    lp_chipsim_bus_tap(f->rig.bus, &tap);
    SAYS(f, "s:t(" INFO ")", "D2()");
}

static void a_chip_without_power_ends_the_wait(void **state)
{
    fixture_t *f = *state;
    lp_chipsim_power_off(f->rig.chip);
    SAYS(f, "s:w()", "D0()");
    assert_in_range(f->waited_us, 1, 3000000);
}

// ---- through the server -----------------------------------------------------

static int connect_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void exchange(lp_chipsim_server_t *s, int fd, const char *line, const char *answer)
{
    char in[128];
    size_t n = 0;
    size_t want = strlen(answer);
    assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
    for (unsigned i = 0; i < 20 && n < want; i++) {
        assert_int_equal(lp_chipsim_server_turn(s, 20), LP_OK);
        ssize_t got = recv(fd, in + n, sizeof in - 1 - n, MSG_DONTWAIT);
        n += got > 0 ? (size_t)got : 0;
    }
    in[n] = '\0';
    assert_string_equal(in, answer);
}

static void a_socket_serves_lines(void **state)
{
    fixture_t *f = *state;
    lp_chipsim_server_t *s;
    char folder[] = "/tmp/limpet-kit-XXXXXX";
    char where[96];
    char name[128];
    start(f, M608, OPEN, LP_CHIPSIM_TIMING_INSTANT);
    assert_non_null(mkdtemp(folder));
    snprintf(where, sizeof where, "unix:%s/kit", folder);
    assert_int_equal(lp_chipsim_server_open(&s, where, f->rig.bus, name, sizeof name), LP_OK);
    lp_chipsim_server_speak(s, LP_CHIPSIM_KIT);
    int fd = connect_unix(where + 5);
    exchange(s, fd, "s:s()\ns:w()\ns:t(", "00()\n00(04113343)\n"); // leaves in mid-line
    close(fd);
    fd = connect_unix(where + 5);
    exchange(s, fd, "board:device(00)\n", "ECC608A TWI 00(C0)\n");
    close(fd);
    lp_chipsim_server_turn(s, 20);
    lp_chipsim_server_close(s);
    assert_int_equal(rmdir(folder), 0);
}

// A client that asks and goes at once: its answer has nowhere to go, and the next is served.
static void a_client_gone_before_its_answer_harms_nobody(void **state)
{
    fixture_t *f = *state;
    static const struct {
        lp_chipsim_protocol_t protocol;
        const char *ask;
        const char *answer;
    } both[] = {{LP_CHIPSIM_KIT, "board:version()\n", "00(0100)\n"},
                {LP_CHIPSIM_SC18IM, "R\nPR\nP", "\xF0\xF0"}};
    for (size_t i = 0; i < 2; i++) {
        lp_chipsim_server_t *s;
        char folder[] = "/tmp/limpet-kit-XXXXXX";
        char where[96];
        char name[128];
        assert_non_null(mkdtemp(folder));
        snprintf(where, sizeof where, "unix:%s/kit", folder);
        assert_int_equal(lp_chipsim_server_open(&s, where, f->rig.bus, name, sizeof name), LP_OK);
        lp_chipsim_server_speak(s, both[i].protocol);
        int fd = connect_unix(where + 5);
        assert_true(write(fd, both[i].ask, strlen(both[i].ask)) > 0);
        close(fd);
        lp_chipsim_server_turn(s, 20);
        lp_chipsim_server_turn(s, 20);
        fd = connect_unix(where + 5);
        exchange(s, fd, both[i].ask, both[i].answer);
        close(fd);
        lp_chipsim_server_close(s);
        assert_int_equal(rmdir(folder), 0);
    }
}

static void a_terminal_speaks_lines(void **state)
{
    fixture_t *f = *state;
    lp_chipsim_server_t *s;
    char name[128];
    char in[64];
    assert_int_equal(lp_chipsim_server_open(&s, "pty", f->rig.bus, name, sizeof name), LP_OK);
    lp_chipsim_server_speak(s, LP_CHIPSIM_KIT);
    const int tty = open(name + 4, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(tty >= 0);
    assert_int_equal(write(tty, "board:device(00)\n", 17), 17);
    // The kernel hands bytes from one end to the other when it finds the time.
    size_t n = 0;
    for (unsigned i = 0; i < 1000 && (n == 0 || in[n - 1] != '\n'); i++) {
        assert_int_equal(lp_chipsim_server_turn(s, 20), LP_OK);
        const ssize_t got = read(tty, in + n, sizeof in - 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    in[n] = '\0';
    assert_string_equal(in, "ECC508A TWI 00(C0)\n");
    close(tty);
    lp_chipsim_server_close(s);
}

// ---- a busy chip holds up nobody else ---------------------------------------

typedef struct {
    lp_chipsim_server_t *server;
    char folder[32];
    char where[96];
} kit_server_t;

static void open_kit(kit_server_t *k, lp_chipsim_bus_t *bus)
{
    char name[128];
    snprintf(k->folder, sizeof k->folder, "/tmp/limpet-kit-XXXXXX");
    assert_non_null(mkdtemp(k->folder));
    snprintf(k->where, sizeof k->where, "unix:%s/kit", k->folder);
    assert_int_equal(lp_chipsim_server_open(&k->server, k->where, bus, name, sizeof name), LP_OK);
    lp_chipsim_server_speak(k->server, LP_CHIPSIM_KIT);
}

static void close_kit(kit_server_t *k)
{
    lp_chipsim_server_close(k->server);
    assert_int_equal(rmdir(k->folder), 0);
}

// The chip's clock stands still, so it stays busy: every turn comes back, and says nothing.
static void is_waiting(kit_server_t *k, int fd)
{
    char in[8];
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(lp_chipsim_server_turn(k->server, 20), LP_OK);
    }
    assert_int_equal(recv(fd, in, sizeof in, MSG_DONTWAIT), -1);
}

static void a_busy_chip_holds_up_no_other_wire(void **state)
{
    fixture_t *f = *state;
    kit_server_t one;
    kit_server_t two;
    lp_chipsim_bus_t *empty = lp_chipsim_bus_new();
    start(f, M508, OPEN, LP_CHIPSIM_TIMING_TYPICAL);
    open_kit(&one, f->rig.bus);
    open_kit(&two, empty);
    int fd = connect_unix(one.where + 5);
    int other = connect_unix(two.where + 5);
    exchange(one.server, fd, "s:s()\n", "00()\n");
    const char lines[] = "s:w()\ns:t(" INFO ")\ns:i()\n"; // at once, each after the other
    assert_int_equal(write(fd, lines, strlen(lines)), (ssize_t)strlen(lines));
    is_waiting(&one, fd);
    exchange(two.server, other, "board:version()\n", "00(0100)\n");
    f->rig.now_us += 2000;
    exchange(one.server, fd, "", "00(04113343)\n");
    is_waiting(&one, fd);
    exchange(two.server, other, "board:version()\n", "00(0100)\n");
    f->rig.now_us += 2000;
    exchange(one.server, fd, "", "00(07000050000391)\n00()\n");
    close(fd);
    close(other);
    close_kit(&one);
    close_kit(&two);
    lp_chipsim_bus_free(empty);
}

// Who only closes the sending half waits for the answer; who goes for good leaves it to nobody.
static void who_goes_while_the_chip_is_busy(void **state)
{
    fixture_t *f = *state;
    kit_server_t k;
    char in[64] = "";
    start(f, M508, OPEN, LP_CHIPSIM_TIMING_TYPICAL);
    open_kit(&k, f->rig.bus);
    for (unsigned for_good = 0; for_good < 2; for_good++) {
        int fd = connect_unix(k.where + 5);
        exchange(k.server, fd, "s:s()\n", "00()\n");
        assert_int_equal(write(fd, "s:w()\n", 6), 6);
        is_waiting(&k, fd);
        for_good != 0 ? close(fd) : shutdown(fd, SHUT_WR);
        lp_chipsim_server_turn(k.server, 20);
        f->rig.now_us += 2000;
        lp_chipsim_server_turn(k.server, 20);
        if (for_good == 0) {
            assert_int_equal(recv(fd, in, sizeof in, MSG_DONTWAIT), 13);
            assert_memory_equal(in, "00(04113343)\n", 13);
            lp_chipsim_server_turn(k.server, 20);
            close(fd);
        }
    }
    int fd = connect_unix(k.where + 5);
    exchange(k.server, fd, "board:version()\n", "00(0100)\n");
    close(fd);
    close_kit(&k);
}

static void protocols_have_names(void **state)
{
    (void)state;
    lp_chipsim_protocol_t p = LP_CHIPSIM_SC18IM;
    assert_int_equal(lp_chipsim_protocol_parse("kit", &p), LP_OK);
    assert_int_equal(p, LP_CHIPSIM_KIT);
    assert_int_equal(lp_chipsim_protocol_parse("kits", &p), LP_E_NOT_FOUND);
    assert_int_equal(p, LP_CHIPSIM_KIT);
    assert_int_equal(lp_chipsim_protocol_parse("sc18im", &p), LP_OK);
    assert_int_equal(p, LP_CHIPSIM_SC18IM);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(wake_talk_idle_sleep),
        T(words_initials_and_either_case),
        T(state_is_kept_while_idle_and_lost_asleep),
        T(talk_waits_as_long_as_the_chip_works),
        T(errors_of_the_chip_are_answers),
        T(the_longest_packet_fits_and_a_wrong_count_does_not),
        T(what_is_no_command_is_refused_and_changes_nothing),
        T(an_endless_line_is_one_error),
        T(byte_by_byte_is_the_same),
        T(board_tells_what_is_there),
        T(faults_of_the_bus_are_told_and_pass),
        T(a_swallowed_command_has_no_packet_for_an_answer),
        T(a_chip_without_power_ends_the_wait),
        T(a_socket_serves_lines),
        T(a_client_gone_before_its_answer_harms_nobody),
        T(a_terminal_speaks_lines),
        T(a_busy_chip_holds_up_no_other_wire),
        T(who_goes_while_the_chip_is_busy),
        T(protocols_have_names),
    };
    signal(SIGPIPE, SIG_IGN); // as every program that serves
    return cmocka_run_group_tests(tests, NULL, NULL);
}
