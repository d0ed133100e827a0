// SPDX-License-Identifier: Apache-2.0
// The responder against whoever is on the link: time, datagrams and addresses are the test's.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/mdns.h"

enum { SENT_MAX = 64, LINK = 3 };

typedef struct {
    unsigned link;
    bool is_v6, is_to_group;
    lp_net_peer_t to;
    size_t len;
    uint8_t bytes[LP_MDNS_PACKET_MAX];
} sent_t;

static lp_mdns_t m;
static sent_t sent[SENT_MAX];
static size_t sent_count;
static uint64_t now_ms;
static lp_mdns_service_t services[1];

static const uint8_t own4[16] = {[10] = 0xFF, [11] = 0xFF, 192, 0, 2, 10};
static const uint8_t near4[16] = {[10] = 0xFF, [11] = 0xFF, 192, 0, 2, 77};
static const uint8_t far4[16] = {[10] = 0xFF, [11] = 0xFF, 198, 51, 100, 1};
static const lp_net_link_t link_v4 = {
    .number = LINK,
    .count = 1,
    .own = {{.addr = {[10] = 0xFF, [11] = 0xFF, 192, 0, 2, 10}, .bits = 120}}};

static void on_send(void *ctx, unsigned link, bool is_v6, const lp_net_peer_t *to, lp_span_t packet)
{
    (void)ctx;
    assert_true(sent_count < SENT_MAX);
    sent_t *s = &sent[sent_count++];
    *s = (sent_t){.link = link, .is_v6 = is_v6, .is_to_group = to == NULL, .len = packet.len};
    s->to = to != NULL ? *to : (lp_net_peer_t){.port = LP_MDNS_PORT};
    memcpy(s->bytes, packet.ptr, packet.len);
}

static uint32_t on_random(void *ctx)
{
    (void)ctx;
    return 17;
}

static const lp_mdns_owner_t owner = {.send = on_send, .random = on_random};

// Time passes; nothing is skipped.
static void pass(uint32_t ms)
{
    const uint64_t end_ms = now_ms + ms;
    while (now_ms < end_ms) {
        const uint32_t wait = lp_mdns_turn(&m, now_ms);
        const uint64_t next = wait == UINT32_MAX ? end_ms : now_ms + (wait > 0 ? wait : 1);
        now_ms = next < end_ms ? next : end_ms;
    }
    (void)lp_mdns_turn(&m, now_ms);
}

static void begin(void)
{
    services[0] = (lp_mdns_service_t){.type = "_limpet._tcp", .port = 8080};
    assert_int_equal(lp_mdns_txt(&services[0], "id", "lp-1"), LP_OK);
    lp_mdns_start(&m, now_ms, "lp-1", services, 1, &link_v4, 1);
}

static int setup(void **state)
{
    (void)state;
    now_ms = 1000000;
    sent_count = 0;
    lp_mdns_init(&m, &owner);
    begin();
    return 0;
}

static int setup_up(void **state)
{
    (void)setup(state);
    pass(10000);
    assert_int_equal(m.state, LP_MDNS_UP);
    sent_count = 0;
    return 0;
}

// -- what somebody else sends

static uint8_t bytes[LP_MDNS_PACKET_MAX];
static lp_dns_writer_t w;

static lp_dns_name_t name_of(const char *text)
{
    lp_dns_name_t name;
    assert_int_equal(lp_dns_name_of(&name, text), LP_OK);
    return name;
}

static void compose(uint16_t flags)
{
    lp_dns_write(&w, bytes, sizeof bytes, 0x7777, flags);
}

static void question(const char *name, uint16_t type, uint16_t class_)
{
    const lp_dns_name_t n = name_of(name);
    assert_int_equal(lp_dns_put_question(&w, &n, type, class_), LP_OK);
}

static void record(lp_dns_part_t part, const char *name, uint16_t type, uint32_t ttl_s,
                   lp_span_t data)
{
    const lp_dns_record_t r = {
        .name = name_of(name), .type = type, .class_ = LP_DNS_IN, .ttl_s = ttl_s, .data = data};
    assert_int_equal(lp_dns_put(&w, part, &r), LP_OK);
}

static void ptr(lp_dns_part_t part, const char *name, const char *target, uint32_t ttl_s)
{
    const lp_dns_name_t t = name_of(target);
    const lp_dns_record_t r = {
        .name = name_of(name), .type = LP_DNS_PTR, .class_ = LP_DNS_IN, .ttl_s = ttl_s};
    assert_int_equal(lp_dns_put_ptr(&w, part, &r, &t), LP_OK);
}

static void deliver_from(const uint8_t addr[16], uint16_t port, bool is_to_group)
{
    lp_udp_from_t from = {.link = LINK, .is_to_group = is_to_group, .peer = {.port = port}};
    memcpy(from.peer.addr, addr, 16);
    lp_mdns_receive(&m, now_ms, &from, lp_dns_written(&w));
}

static void deliver(void)
{
    deliver_from(near4, LP_MDNS_PORT, true);
}

// -- what was sent

static bool find(const sent_t *s, lp_dns_part_t part, const char *name, uint16_t type,
                 lp_dns_record_t *out)
{
    static lp_dns_reader_t r;
    const lp_dns_name_t wanted = name_of(name);
    assert_int_equal(lp_dns_read(&r, lp_span(s->bytes, s->len)), LP_OK);
    while (lp_dns_next(&r, out) == LP_OK) {
        if (out->part == part && out->type == type && lp_dns_name_is_equal(&out->name, &wanted)) {
            return true;
        }
    }
    return false;
}

static lp_dns_record_t found;
#define HAS(i, part, name, type) find(&sent[i], part, name, type, &found)

static void mdns_probes_three_times_and_announces_twice(void **state)
{
    (void)state;
    pass(10000);
    assert_int_equal(sent_count, 5);
    for (size_t i = 0; i < 3; i++) {
        assert_true(HAS(i, LP_DNS_QUESTION, "lp-1.local", LP_DNS_ANY));
        assert_true(found.has_top_bit);
        assert_true(HAS(i, LP_DNS_QUESTION, "lp-1._limpet._tcp.local", LP_DNS_ANY));
        assert_true(HAS(i, LP_DNS_AUTHORITY, "lp-1.local", LP_DNS_A));
        assert_false(found.has_top_bit);
        assert_true(HAS(i, LP_DNS_AUTHORITY, "lp-1._limpet._tcp.local", LP_DNS_SRV));
    }
    for (size_t i = 3; i < 5; i++) {
        assert_true(HAS(i, LP_DNS_ANSWER, "_limpet._tcp.local", LP_DNS_PTR));
        assert_false(found.has_top_bit); // shared: others' must stay in caches
        assert_int_equal(found.ttl_s, 4500);
        assert_true(HAS(i, LP_DNS_ANSWER, "lp-1.local", LP_DNS_A));
        assert_true(found.has_top_bit);
        assert_int_equal(found.ttl_s, 120);
        assert_true(HAS(i, LP_DNS_ANSWER, "lp-1._limpet._tcp.local", LP_DNS_TXT));
        assert_true(sent[i].is_to_group);
    }
    assert_int_equal(m.state, LP_MDNS_UP);
    pass(100000);
    assert_int_equal(sent_count, 5);
}

static void mdns_off_says_and_hears_nothing(void **state)
{
    (void)state;
    lp_mdns_stop(&m);
    assert_int_equal(sent_count, 0); // nothing was announced: no goodbye
    compose(0);
    question("_limpet._tcp.local", LP_DNS_PTR, LP_DNS_IN);
    deliver();
    pass(10000);
    assert_int_equal(sent_count, 0);
    assert_int_equal(lp_mdns_turn(&m, now_ms), UINT32_MAX);
}

static void mdns_goodbye_takes_everything_back(void **state)
{
    (void)state;
    lp_mdns_stop(&m);
    assert_int_equal(sent_count, 1);
    assert_true(HAS(0, LP_DNS_ANSWER, "_limpet._tcp.local", LP_DNS_PTR));
    assert_int_equal(found.ttl_s, 0);
    assert_true(HAS(0, LP_DNS_ANSWER, "lp-1.local", LP_DNS_A));
    assert_int_equal(found.ttl_s, 0);
    lp_mdns_stop(&m);
    assert_int_equal(sent_count, 1);
}

static void mdns_browsing_brings_all_that_is_needed_to_call(void **state)
{
    (void)state;
    compose(0);
    question("_LIMPET._tcp.local", LP_DNS_PTR, LP_DNS_IN);
    deliver();
    (void)lp_mdns_turn(&m, now_ms);
    assert_int_equal(sent_count, 0); // others may have the same to say: not at once
    pass(200);
    assert_int_equal(sent_count, 1);
    assert_true(sent[0].is_to_group);
    assert_true(HAS(0, LP_DNS_ANSWER, "_limpet._tcp.local", LP_DNS_PTR));
    assert_true(HAS(0, LP_DNS_ADDITIONAL, "lp-1._limpet._tcp.local", LP_DNS_SRV));
    assert_true(HAS(0, LP_DNS_ADDITIONAL, "lp-1._limpet._tcp.local", LP_DNS_TXT));
    assert_true(HAS(0, LP_DNS_ADDITIONAL, "lp-1.local", LP_DNS_A));
}

static void mdns_names_of_its_own_are_answered_at_once(void **state)
{
    (void)state;
    compose(0);
    question("lp-1.local", LP_DNS_A, LP_DNS_IN);
    deliver();
    (void)lp_mdns_turn(&m, now_ms);
    assert_int_equal(sent_count, 1);
    assert_true(HAS(0, LP_DNS_ANSWER, "lp-1.local", LP_DNS_A));
    assert_memory_equal(found.data.ptr, own4 + 12, 4);
}

static void mdns_says_that_there_is_no_other_record(void **state)
{
    (void)state;
    compose(0);
    question("lp-1.local", LP_DNS_AAAA, LP_DNS_IN); // the link has IPv4 alone
    deliver();
    (void)lp_mdns_turn(&m, now_ms);
    assert_int_equal(sent_count, 1);
    assert_true(HAS(0, LP_DNS_ANSWER, "lp-1.local", LP_DNS_NSEC));
    // the name, window 0, one byte of types: A
    assert_memory_equal(found.data.ptr + found.data.len - 3, "\x00\x01\x40", 3);
}

static void mdns_services_are_listed(void **state)
{
    (void)state;
    compose(0);
    question("_services._dns-sd._udp.local", LP_DNS_PTR, LP_DNS_IN);
    deliver();
    pass(200);
    assert_int_equal(sent_count, 1);
    assert_true(HAS(0, LP_DNS_ANSWER, "_services._dns-sd._udp.local", LP_DNS_PTR));
}

static void mdns_known_answers_are_not_repeated(void **state)
{
    (void)state;
    compose(0);
    question("_limpet._tcp.local", LP_DNS_PTR, LP_DNS_IN);
    ptr(LP_DNS_ANSWER, "_limpet._tcp.local", "lp-1._limpet._tcp.local", 2250);
    deliver();
    pass(1000);
    assert_int_equal(sent_count, 0);
    compose(0);
    question("_limpet._tcp.local", LP_DNS_PTR, LP_DNS_IN);
    ptr(LP_DNS_ANSWER, "_limpet._tcp.local", "lp-1._limpet._tcp.local", 2249); // nearly forgotten
    ptr(LP_DNS_ANSWER, "_limpet._tcp.local", "other._limpet._tcp.local", 4500);
    deliver();
    pass(1000);
    assert_int_equal(sent_count, 1);
}

static void mdns_known_answers_may_come_in_a_second_packet(void **state)
{
    (void)state;
    compose(LP_DNS_TRUNCATED);
    question("_limpet._tcp.local", LP_DNS_PTR, LP_DNS_IN);
    deliver();
    pass(300);
    assert_int_equal(sent_count, 0);
    compose(0);
    ptr(LP_DNS_ANSWER, "_limpet._tcp.local", "lp-1._limpet._tcp.local", 4500);
    deliver();
    pass(2000);
    assert_int_equal(sent_count, 0);
}

static void mdns_record_goes_to_the_group_once_a_second(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        compose(0);
        question("lp-1.local", LP_DNS_A, LP_DNS_IN);
        deliver();
        pass(10);
    }
    assert_in_range(sent_count, 3, 4);
}

// -- unicast

static void mdns_simple_resolver_gets_its_question_back(void **state)
{
    (void)state;
    compose(0);
    question("lp-1._limpet._tcp.local", LP_DNS_SRV, LP_DNS_IN);
    deliver_from(near4, 40000, true);
    assert_int_equal(sent_count, 1);
    assert_false(sent[0].is_to_group);
    assert_int_equal(sent[0].to.port, 40000);
    assert_memory_equal(sent[0].bytes, "\x77\x77", 2);
    assert_true(HAS(0, LP_DNS_QUESTION, "lp-1._limpet._tcp.local", LP_DNS_SRV));
    assert_true(HAS(0, LP_DNS_ANSWER, "lp-1._limpet._tcp.local", LP_DNS_SRV));
    assert_false(found.has_top_bit);
    assert_int_equal(found.ttl_s, 10);
}

static void mdns_unicast_answer_when_asked_for(void **state)
{
    (void)state;
    compose(0);
    question("lp-1.local", LP_DNS_A, LP_DNS_IN | LP_DNS_TOP_BIT);
    deliver();
    assert_int_equal(sent_count, 1);
    assert_false(sent[0].is_to_group);
    assert_true(HAS(0, LP_DNS_ANSWER, "lp-1.local", LP_DNS_A));
    assert_true(found.has_top_bit);
    assert_memory_equal(sent[0].bytes, "\0\0", 2);
}

// Whoever forges a source address has the board send to it: neither off the link nor in bulk.
static void mdns_never_amplifies(void **state)
{
    (void)state;
    compose(0);
    question("_limpet._tcp.local", LP_DNS_PTR, LP_DNS_IN | LP_DNS_TOP_BIT);
    deliver_from(far4, 53, false);
    deliver_from(far4, 53, true);
    pass(2000);
    assert_int_equal(sent_count, 0);
    for (int i = 0; i < 1000; i++) {
        deliver_from(near4, 40000, true);
        pass(1);
    }
    assert_true(sent_count <= 2 * LP_MDNS_UNICASTS_PER_S);
    assert_true(sent_count >= LP_MDNS_UNICASTS_PER_S);
}

static void mdns_link_that_is_not_its_own_is_not_heard(void **state)
{
    (void)state;
    lp_udp_from_t from = {.link = LINK + 1, .is_to_group = true, .peer = {.port = LP_MDNS_PORT}};
    memcpy(from.peer.addr, near4, 16);
    compose(0);
    question("lp-1.local", LP_DNS_A, LP_DNS_IN);
    lp_mdns_receive(&m, now_ms, &from, lp_dns_written(&w));
    pass(2000);
    assert_int_equal(sent_count, 0);
    assert_int_equal(m.dropped, 1);
}

// -- conflicts

static void claim(const char *name, const char *addr, uint32_t ttl_s)
{
    compose(LP_DNS_RESPONSE | LP_DNS_AUTHORITATIVE);
    record(LP_DNS_ANSWER, name, LP_DNS_A, ttl_s, lp_span(addr, 4));
}

static void mdns_name_that_is_taken_is_left(void **state)
{
    (void)state;
    pass(100);
    claim("LP-1.local", "\xC0\x00\x02\x4D", 120);
    deliver();
    assert_string_equal(m.label, "lp-1-2");
    pass(10000);
    assert_int_equal(m.state, LP_MDNS_UP);
    assert_true(HAS(sent_count - 1, LP_DNS_ANSWER, "lp-1-2._limpet._tcp.local", LP_DNS_SRV));
}

static void mdns_instance_that_is_taken_is_left(void **state)
{
    (void)state;
    pass(100);
    compose(LP_DNS_RESPONSE);
    record(LP_DNS_ANSWER, "lp-1._limpet._tcp.local", LP_DNS_TXT, 4500, lp_span("\0", 1));
    deliver();
    assert_string_equal(m.label, "lp-1-2");
}

// A name in use is probed for once more before it is given up, so that a single lie costs a second.
static void mdns_name_in_use_is_defended_first(void **state)
{
    (void)state;
    claim("lp-1.local", "\xC0\x00\x02\x4D", 120);
    deliver();
    assert_string_equal(m.label, "lp-1");
    assert_int_equal(m.state, LP_MDNS_WAIT);
    pass(10000);
    assert_string_equal(m.label, "lp-1");
    assert_int_equal(m.state, LP_MDNS_UP);
}

static void mdns_its_own_words_are_no_conflict(void **state)
{
    (void)state;
    pass(10000);
    lp_dns_write(&w, bytes, sizeof bytes, 0, 0);
    for (size_t i = 0; i < 5; i++) { // all that it has sent comes back, as with a bridge
        lp_udp_from_t from = {.link = LINK, .is_to_group = true, .peer = {.port = LP_MDNS_PORT}};
        memcpy(from.peer.addr, own4, 16);
        lp_mdns_receive(&m, now_ms, &from, lp_span(sent[i].bytes, sent[i].len));
    }
    assert_int_equal(m.conflicts, 0);
    assert_int_equal(m.state, LP_MDNS_UP);
}

static void mdns_goodbye_of_another_is_no_conflict(void **state)
{
    (void)state;
    claim("lp-1.local", "\xC0\x00\x02\x4D", 0);
    deliver();
    assert_int_equal(m.conflicts, 0);
}

static void mdns_answers_are_believed_from_the_right_port_only(void **state)
{
    (void)state;
    claim("lp-1.local", "\xC0\x00\x02\x4D", 120);
    deliver_from(near4, 5354, true);
    deliver_from(far4, LP_MDNS_PORT, false);
    assert_int_equal(m.conflicts, 0);
    assert_int_equal(m.dropped, 2);
}

static void propose(const char *addr)
{
    compose(0);
    question("lp-1.local", LP_DNS_ANY, LP_DNS_IN | LP_DNS_TOP_BIT);
    record(LP_DNS_AUTHORITY, "lp-1.local", LP_DNS_A, 120, lp_span(addr, 4));
}

static void mdns_simultaneous_probes_have_one_winner(void **state)
{
    (void)state;
    pass(300);
    propose("\xC0\x00\x02\x09"); // below 192.0.2.10
    deliver();
    assert_int_equal(m.state, LP_MDNS_PROBING);
    propose("\xC0\x00\x02\x0B"); // above
    deliver();
    assert_int_equal(m.state, LP_MDNS_WAIT);
    assert_string_equal(m.label, "lp-1"); // tried again: the other may have been a ghost
    pass(10000);
    assert_int_equal(m.state, LP_MDNS_UP);
}

static void mdns_name_in_use_is_defended_against_probes(void **state)
{
    (void)state;
    pass(5000);
    sent_count = 0;
    propose("\xC0\x00\x02\xFF");
    deliver();
    (void)lp_mdns_turn(&m, now_ms);
    assert_int_equal(sent_count, 1); // at once, or it would come too late
    assert_true(HAS(0, LP_DNS_ANSWER, "lp-1.local", LP_DNS_A));
    assert_int_equal(m.state, LP_MDNS_UP);
}

// Somebody contests each name that is tried: the board slows down and does not flood the link.
static void mdns_conflict_storm_is_waited_out(void **state)
{
    (void)state;
    const uint64_t start_ms = now_ms;
    char name[80];
    unsigned tried = 0;
    while (now_ms < start_ms + 120000) {
        pass(50);
        sent_count = 0;
        if (m.state == LP_MDNS_PROBING) {
            memcpy(name, m.label, strlen(m.label) + 1);
            memcpy(name + strlen(name), ".local", 7);
            claim(name, "\xC0\x00\x02\x4D", 120);
            deliver();
            tried++;
        }
    }
    assert_true(tried >= LP_MDNS_CONFLICTS);
    assert_true(tried <= LP_MDNS_CONFLICTS + 120 / 5 + 1);
    pass(10000); // it gives in
    assert_int_equal(m.state, LP_MDNS_UP);
}

static void mdns_malformed_datagrams_change_nothing(void **state)
{
    (void)state;
    const lp_udp_from_t from = {.link = LINK, .is_to_group = true, .peer = {.port = LP_MDNS_PORT}};
    claim("lp-1.local", "\xC0\x00\x02\x4D", 120);
    const lp_span_t whole = lp_dns_written(&w);
    for (size_t len = 0; len < whole.len; len++) {
        lp_mdns_receive(&m, now_ms, &from, lp_span(whole.ptr, len));
    }
    bytes[3] = 3; // an error code
    lp_mdns_receive(&m, now_ms, &from, whole);
    assert_int_equal(m.conflicts, 0);
    assert_int_equal(m.state, LP_MDNS_UP);
    assert_int_equal(m.dropped, whole.len + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(mdns_probes_three_times_and_announces_twice, setup),
        cmocka_unit_test_setup(mdns_off_says_and_hears_nothing, setup),
        cmocka_unit_test_setup(mdns_goodbye_takes_everything_back, setup_up),
        cmocka_unit_test_setup(mdns_browsing_brings_all_that_is_needed_to_call, setup_up),
        cmocka_unit_test_setup(mdns_names_of_its_own_are_answered_at_once, setup_up),
        cmocka_unit_test_setup(mdns_says_that_there_is_no_other_record, setup_up),
        cmocka_unit_test_setup(mdns_services_are_listed, setup_up),
        cmocka_unit_test_setup(mdns_known_answers_are_not_repeated, setup_up),
        cmocka_unit_test_setup(mdns_known_answers_may_come_in_a_second_packet, setup_up),
        cmocka_unit_test_setup(mdns_record_goes_to_the_group_once_a_second, setup_up),
        cmocka_unit_test_setup(mdns_simple_resolver_gets_its_question_back, setup_up),
        cmocka_unit_test_setup(mdns_unicast_answer_when_asked_for, setup_up),
        cmocka_unit_test_setup(mdns_never_amplifies, setup_up),
        cmocka_unit_test_setup(mdns_link_that_is_not_its_own_is_not_heard, setup_up),
        cmocka_unit_test_setup(mdns_name_that_is_taken_is_left, setup),
        cmocka_unit_test_setup(mdns_instance_that_is_taken_is_left, setup),
        cmocka_unit_test_setup(mdns_name_in_use_is_defended_first, setup_up),
        cmocka_unit_test_setup(mdns_its_own_words_are_no_conflict, setup),
        cmocka_unit_test_setup(mdns_goodbye_of_another_is_no_conflict, setup_up),
        cmocka_unit_test_setup(mdns_answers_are_believed_from_the_right_port_only, setup_up),
        cmocka_unit_test_setup(mdns_simultaneous_probes_have_one_winner, setup),
        cmocka_unit_test_setup(mdns_name_in_use_is_defended_against_probes, setup_up),
        cmocka_unit_test_setup(mdns_conflict_storm_is_waited_out, setup),
        cmocka_unit_test_setup(mdns_malformed_datagrams_change_nothing, setup_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
