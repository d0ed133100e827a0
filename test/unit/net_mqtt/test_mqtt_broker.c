// SPDX-License-Identifier: Apache-2.0
// The session against a real mosquitto on a loopback port of its own, over the posix port's sockets
// and in real time.
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "limpet/backoff.h"
#include "limpet/fmt.h"
#include "limpet/mqtt.h"
#include "limpet/port/clock.h"
#include "limpet/port/net.h"
#include "limpet/posix.h"

#define STR(s) lp_span(s, sizeof(s) - 1)

enum { SLOTS = 32, ARENA = 160 * 1024, MESSAGES = 64, LARGE = 100000, TIMEOUT_MS = 60000 };

static lp_loop_t loop;

// --- The broker ---------------------------------------------------------------------------------

static struct {
    char folder[32];
    uint16_t open_port;   // anybody may come in
    uint16_t closed_port; // nobody has the password
    pid_t pid;
} broker;

static uint16_t free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    uint16_t port = 0;
    for (int i = 0; i < 1000 && port == 0; i++) {
        uint16_t candidate = (uint16_t)(20000 + (uint32_t)random() % 40000);
        a.sin_port = htons(candidate);
        if (bind(fd, (struct sockaddr *)&a, sizeof a) == 0) {
            port = candidate;
        }
    }
    close(fd);
    assert_true(port != 0);
    return port;
}

static bool is_listening(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool is_up = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    close(fd);
    return is_up;
}

static void broker_start(void)
{
    char conf[64];
    snprintf(conf, sizeof conf, "%s/conf", broker.folder);
    FILE *f = fopen(conf, "w");
    assert_non_null(f);
    fprintf(f,
            "per_listener_settings true\nuser root\nlog_dest none\n"
            "listener %u 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 20\n"
            "listener %u 127.0.0.1\nallow_anonymous false\n",
            broker.open_port, broker.closed_port);
    fclose(f);
    broker.pid = fork();
    assert_true(broker.pid >= 0);
    if (broker.pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        execl("/usr/sbin/mosquitto", "mosquitto", "-c", conf, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 200 && !is_listening(broker.closed_port); i++) {
        usleep(20000);
        assert_int_equal(waitpid(broker.pid, NULL, WNOHANG), 0);
    }
    assert_true(is_listening(broker.open_port));
}

static void broker_stop(void)
{
    kill(broker.pid, SIGKILL);
    assert_int_equal(waitpid(broker.pid, NULL, 0), broker.pid);
}

static int group_setup(void **state)
{
    (void)state;
    static char name[] = "test_mqtt_broker";
    static char *argv[] = {name, NULL};
    srandom((unsigned)getpid());
    snprintf(broker.folder, sizeof broker.folder, "/tmp/lp-mqtt-XXXXXX");
    assert_non_null(mkdtemp(broker.folder));
    broker.open_port = free_port();
    broker.closed_port = free_port();
    lp_loop_init(&loop);
    assert_int_equal(lp_posix_init(&loop, argv), LP_OK);
    broker_start();
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    broker_stop();
    char conf[64];
    snprintf(conf, sizeof conf, "%s/conf", broker.folder);
    unlink(conf);
    rmdir(broker.folder);
    return 0;
}

// --- Clients ------------------------------------------------------------------------------------

typedef struct {
    char topic[64];
    size_t got;
    size_t total;
    uint32_t sum; // of the bytes, each times its place
    uint8_t first;
    uint8_t qos;
    bool is_retained;
} message_t;

typedef struct {
    lp_mqtt_t m;
    lp_tcp_t tcp;
    uint16_t port;
    char id[24];
    lp_mqtt_slot_t slots[SLOTS];
    uint8_t arena[ARENA];
    uint8_t rx[512];
    message_t messages[MESSAGES];
    size_t message_count;
    size_t connected;
    size_t closed;
    bool session_present;
    lp_err_t why;
    size_t done_ok;
    size_t done_failed;
    bool reconnects;
    lp_backoff_t backoff;
    lp_timer_t again;
} client_t;

static client_t a;
static client_t b;

static uint32_t weigh(uint32_t sum, size_t at, uint8_t byte)
{
    return sum + (uint32_t)(at + 1) * byte;
}

static void on_message(void *ctx, const lp_mqtt_message_t *msg)
{
    client_t *c = ctx;
    if (msg->offset == 0) {
        assert_true(c->message_count < MESSAGES);
        message_t *fresh = &c->messages[c->message_count++];
        *fresh = (message_t){.total = msg->total_len,
                             .qos = msg->qos,
                             .is_retained = msg->is_retained,
                             .first = msg->piece.len > 0 ? msg->piece.ptr[0] : 0};
        (void)lp_fmt_str(fresh->topic, sizeof fresh->topic, "%.*s", LP_FMT_SPAN(msg->topic));
    }
    message_t *seen = &c->messages[c->message_count - 1];
    for (size_t i = 0; i < msg->piece.len; i++) {
        seen->sum = weigh(seen->sum, msg->offset + i, msg->piece.ptr[i]);
    }
    seen->got += msg->piece.len;
}

static void on_done(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    (void)result;
    client_t *c = ctx;
    if (err == LP_OK) {
        c->done_ok++;
    } else {
        c->done_failed++;
    }
}

static void open_stream(void *ctx);

static void on_event(void *ctx, const lp_mqtt_event_t *ev)
{
    client_t *c = ctx;
    if (ev->id == LP_MQTT_EV_CONNECTED) {
        c->connected++;
        c->session_present = ev->session_present;
        lp_backoff_reset(&c->backoff);
        return;
    }
    c->closed++;
    c->why = ev->why;
    if (c->reconnects) {
        lp_timer_start(&loop, &c->again, lp_backoff_next(&c->backoff, (uint32_t)random()));
    }
}

static void on_tcp(void *ctx, unsigned events, lp_err_t why)
{
    client_t *c = ctx;
    if ((events & LP_STREAM_CLOSED) != 0) {
        c->why = why;
        lp_stream_close(&c->tcp.stream);
        if (c->reconnects) {
            lp_timer_start(&loop, &c->again, lp_backoff_next(&c->backoff, (uint32_t)random()));
        }
    } else if ((events & LP_STREAM_OPEN) != 0) {
        assert_int_equal(lp_mqtt_attach(&c->m, &c->tcp.stream), LP_OK);
    }
}

static void open_stream(void *ctx)
{
    client_t *c = ctx;
    assert_int_equal(lp_port_tcp_open(&c->tcp, "127.0.0.1", c->port, on_tcp, c), LP_OK);
}

static void client_init(client_t *c, const char *id, lp_mqtt_version_t version,
                        const lp_mqtt_will_t *will, bool is_clean)
{
    memset(c, 0, sizeof *c);
    c->port = broker.open_port;
    (void)lp_fmt_str(c->id, sizeof c->id, "%s-%d", id, (int)version);
    lp_mqtt_config_t cfg = {
        .version = version,
        .connect = {.client_id = lp_span_str(c->id),
                    .keep_alive_s = 4,
                    .clean_start = is_clean,
                    .will = will},
        .session_expiry_s = version == LP_MQTT_V5 && !is_clean ? 60 : 0,
        .on_event = on_event,
        .on_message = on_message,
        .ctx = c,
        .slots = c->slots,
        .slot_count = SLOTS,
        .arena = c->arena,
        .arena_cap = ARENA,
        .rx = c->rx,
        .rx_cap = sizeof c->rx,
    };
    lp_backoff_init(&c->backoff, 20, 50, 200);
    lp_timer_init(&c->again, open_stream, c);
    assert_int_equal(lp_mqtt_init(&c->m, &loop, &cfg, 1), LP_OK);
}

typedef bool condition_fn(void);

static void wait_for(condition_fn *is_true)
{
    uint64_t end = lp_port_now_ms() + TIMEOUT_MS;
    while (!is_true()) {
        assert_true(lp_port_now_ms() < end);
        lp_loop_turn(&loop, 50);
    }
}

static void run_for(uint64_t ms)
{
    uint64_t end = lp_port_now_ms() + ms;
    while (lp_port_now_ms() < end) {
        lp_loop_turn(&loop, 20);
    }
}

static bool are_both_connected(void)
{
    return lp_mqtt_state(&a.m) == LP_MQTT_CONNECTED && lp_mqtt_state(&b.m) == LP_MQTT_CONNECTED;
}

static bool is_a_idle(void)
{
    return lp_mqtt_state(&a.m) == LP_MQTT_IDLE;
}

static bool is_b_idle(void)
{
    return lp_mqtt_state(&b.m) == LP_MQTT_IDLE;
}

static bool is_b_connected(void)
{
    return lp_mqtt_state(&b.m) == LP_MQTT_CONNECTED;
}

static bool is_b_subscribed(void)
{
    return b.done_ok + b.done_failed > 0;
}

static void connect_both(void)
{
    open_stream(&a);
    open_stream(&b);
    wait_for(are_both_connected);
}

static void b_subscribes(const char *filter, uint8_t qos)
{
    lp_mqtt_filter_t f = {.filter = lp_span_str(filter), .qos = qos};
    b.done_ok = b.done_failed = 0;
    assert_int_equal(lp_mqtt_subscribe(&b.m, &f, 1, on_done, &b), LP_OK);
    wait_for(is_b_subscribed);
    assert_int_equal(b.done_ok, 1);
}

static void client_end(client_t *c, condition_fn *is_idle)
{
    c->reconnects = false;
    lp_timer_stop(&loop, &c->again);
    if (lp_mqtt_state(&c->m) != LP_MQTT_IDLE) {
        assert_int_equal(lp_mqtt_disconnect(&c->m), LP_OK);
        wait_for(is_idle);
        assert_int_equal(c->why, LP_OK);
    }
    lp_mqtt_cancel_all(&c->m);
    lp_loop_turn(&loop, 0);
    assert_int_equal(lp_mqtt_deinit(&c->m), LP_OK);
}

static void end_both(void)
{
    client_end(&a, is_a_idle);
    client_end(&b, is_b_idle);
}

static uint8_t payload[LARGE];

static uint32_t fill(size_t len, uint8_t seed)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        payload[i] = (uint8_t)(seed + i * 7);
        sum = weigh(sum, i, payload[i]);
    }
    return sum;
}

static lp_err_t a_publishes(const char *topic, size_t len, uint8_t qos, bool is_retained)
{
    lp_mqtt_publish_t p = {.topic = lp_span_str(topic),
                           .payload = lp_span(payload, len),
                           .qos = qos,
                           .is_retained = is_retained};
    return lp_mqtt_publish(&a.m, &p, on_done, &a);
}

static const lp_mqtt_version_t versions[] = {LP_MQTT_V4, LP_MQTT_V5};

// --- Tests --------------------------------------------------------------------------------------

static const size_t sizes[] = {0, 1, 100, 480, 520, 5000, LARGE};
enum { SIZE_COUNT = sizeof sizes / sizeof sizes[0] };

static bool have_all_arrived(void)
{
    return b.message_count == 3 * SIZE_COUNT && a.done_ok == 3 * SIZE_COUNT &&
           b.messages[b.message_count - 1].got == b.messages[b.message_count - 1].total;
}

static bool has_one_more_done(void)
{
    return lp_mqtt_stats(&a.m).queued == 0;
}

static void broker_carries_every_size_and_qos(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        client_init(&a, "pub", versions[v], NULL, true);
        client_init(&b, "sub", versions[v], NULL, true);
        connect_both();
        b_subscribes("all/+", 2);
        uint32_t sums[3 * SIZE_COUNT];
        for (size_t i = 0; i < 3 * SIZE_COUNT; i++) {
            sums[i] = fill(sizes[i / 3], (uint8_t)i);
            assert_int_equal(a_publishes("all/x", sizes[i / 3], (uint8_t)(i % 3), false), LP_OK);
            wait_for(has_one_more_done);
        }
        wait_for(have_all_arrived);
        assert_int_equal(a.done_failed, 0);
        for (size_t i = 0; i < 3 * SIZE_COUNT; i++) {
            assert_int_equal(b.messages[i].total, sizes[i / 3]);
            assert_int_equal(b.messages[i].got, sizes[i / 3]);
            assert_int_equal(b.messages[i].sum, sums[i]);
            assert_int_equal(b.messages[i].qos, i % 3);
        }
        end_both();
    }
}

static bool have_a_done(void)
{
    return a.done_ok == 3;
}

static bool has_b_three(void)
{
    return b.message_count == 3;
}

static void broker_keeps_the_session_while_the_client_is_away(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        client_init(&a, "pub", versions[v], NULL, true);
        client_init(&b, "away", versions[v], NULL, false);
        connect_both();
        assert_false(b.session_present);
        b_subscribes("away/#", 2);
        assert_int_equal(lp_mqtt_disconnect(&b.m), LP_OK);
        wait_for(is_b_idle);
        for (uint8_t i = 0; i < 3; i++) {
            payload[0] = i;
            assert_int_equal(a_publishes("away/1", 1, i == 0 ? 1 : i, false), LP_OK);
        }
        wait_for(have_a_done);
        open_stream(&b);
        wait_for(is_b_connected);
        assert_true(b.session_present);
        wait_for(has_b_three);
        for (uint8_t i = 0; i < 3; i++) {
            assert_int_equal(b.messages[i].first, i);
        }
        run_for(100);
        assert_int_equal(b.message_count, 3);
        end_both();
    }
}

static bool has_b_one(void)
{
    return b.message_count == 1;
}

static bool has_a_published(void)
{
    return a.done_ok == 1;
}

static void broker_retains(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        client_init(&a, "pub", versions[v], NULL, true);
        client_init(&b, "sub", versions[v], NULL, true);
        connect_both();
        payload[0] = 'R';
        assert_int_equal(a_publishes("kept", 1, 1, true), LP_OK);
        wait_for(has_a_published);
        b_subscribes("kept", 1);
        wait_for(has_b_one);
        assert_true(b.messages[0].is_retained);
        assert_int_equal(b.messages[0].first, 'R');
        a.done_ok = 0;
        assert_int_equal(a_publishes("kept", 0, 1, true), LP_OK); // clears it
        wait_for(has_a_published);
        end_both();
    }
}

static void broker_publishes_the_will_of_one_that_vanished(void **state)
{
    (void)state;
    static const lp_mqtt_will_t will = {
        .topic = {(const uint8_t *)"will/a", 6}, .payload = {(const uint8_t *)"lost", 4}, .qos = 1};
    for (size_t v = 0; v < 2; v++) {
        client_init(&a, "mortal", versions[v], &will, true);
        client_init(&b, "heir", versions[v], NULL, true);
        connect_both();
        b_subscribes("will/+", 1);
        // The socket goes without a word: the session notices nothing until it next reads.
        lp_mqtt_t *m = &a.m;
        lp_stream_listen(&a.tcp.stream, NULL, NULL);
        lp_stream_close(&a.tcp.stream);
        wait_for(has_b_one);
        assert_string_equal(b.messages[0].topic, "will/a");
        assert_int_equal(b.messages[0].first, 'l');
        payload[0] = 'x';
        assert_int_equal(a_publishes("x", 1, 0, false), LP_OK); // now it does
        wait_for(is_a_idle);
        assert_int_equal(lp_mqtt_state(m), LP_MQTT_IDLE);
        end_both();
        // An orderly end publishes no will.
        client_init(&a, "mortal", versions[v], &will, true);
        client_init(&b, "heir", versions[v], NULL, true);
        connect_both();
        b_subscribes("will/+", 1);
        client_end(&a, is_a_idle);
        run_for(200);
        assert_int_equal(b.message_count, 0);
        client_end(&b, is_b_idle);
    }
}

static bool has_b_been_refused(void)
{
    return b.closed == 1;
}

static void broker_refusal_says_unauthorized(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        client_init(&b, "nobody", versions[v], NULL, true);
        b.port = broker.closed_port;
        open_stream(&b);
        wait_for(has_b_been_refused);
        assert_int_equal(b.why, LP_E_UNAUTHORIZED);
        assert_int_equal(b.connected, 0);
        client_end(&b, is_b_idle);
    }
}

static void broker_keeps_an_idle_client_that_pings(void **state)
{
    (void)state;
    client_init(&a, "idle4", LP_MQTT_V4, NULL, true);
    client_init(&b, "idle5", LP_MQTT_V5, NULL, true);
    connect_both();
    run_for(7500); // keep-alive is 4 s, the broker's patience 6 s
    assert_true(are_both_connected());
    assert_in_range(lp_mqtt_stats(&a.m).pings, 1, 3);
    assert_int_equal(a.closed + b.closed, 0);
    end_both();
}

enum { BURST = 20 };

static bool are_burst_done(void)
{
    return a.done_ok + a.done_failed == BURST;
}

static bool is_a_connected(void)
{
    return lp_mqtt_state(&a.m) == LP_MQTT_CONNECTED;
}

// The broker dies with messages in flight and forgets all sessions: every QoS 1 message completes
// all the same after the reconnect, every QoS 2 message completes one way or the other.
static void broker_restart_completes_every_publish(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        client_init(&a, "burst", versions[v], NULL, false);
        a.reconnects = true;
        open_stream(&a);
        wait_for(is_a_connected);
        size_t qos2 = 0;
        for (size_t i = 0; i < BURST; i++) {
            uint8_t qos = i % 4 == 3 ? 2 : 1;
            qos2 += qos == 2 ? 1 : 0;
            assert_int_equal(a_publishes("burst", 4000, qos, false), LP_OK);
            if (i == BURST / 2) {
                lp_loop_turn(&loop, 0);
                lp_loop_turn(&loop, 0);
                broker_stop();
            }
        }
        run_for(300); // tries in vain
        broker_start();
        wait_for(are_burst_done);
        assert_true(a.done_failed <= qos2);
        assert_int_equal(a.connected, 2);
        assert_int_equal(lp_mqtt_stats(&a.m).queued, 0);
        client_end(&a, is_a_idle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broker_carries_every_size_and_qos),
        cmocka_unit_test(broker_keeps_the_session_while_the_client_is_away),
        cmocka_unit_test(broker_retains),
        cmocka_unit_test(broker_publishes_the_will_of_one_that_vanished),
        cmocka_unit_test(broker_refusal_says_unauthorized),
        cmocka_unit_test(broker_keeps_an_idle_client_that_pings),
        cmocka_unit_test(broker_restart_completes_every_publish),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
