// SPDX-License-Identifier: Apache-2.0
// The broker, and the cloud behind it: a shadow, jobs, messages. What was acknowledged to the
// device counts for good; what the device acknowledged it must have done.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/json.h"
#include "soak.h"

enum { TOLD_MAX = 1 << 16, UNDERWAY_MAX = 16, ARRIVED_MAX = 1 << 15, TOPIC_MAX = 128 };

#define SHADOW "$aws/things/" SOAK_ID "/shadow/"
#define JOBS   "$aws/things/" SOAK_ID "/jobs/"

static struct {
    bool is_in, is_mute, is_refusing;
    // What the device listens to on this connection.
    bool has_shadow, has_jobs, has_told, has_rpc;
    uint16_t packet_id;
    uint16_t told_ids[UNDERWAY_MAX]; // messages that wait for a PUBACK
    uint32_t told_numbers[UNDERWAY_MAX];
    uint64_t next_wish_ms;
    unsigned desired, reported, shadow_version;
    unsigned job, job_done; // the last job, and whether the device said how it ended
    bool is_reboot;
    uint32_t told;
    unsigned logins, published, jobs_done, shadows, acked, dropped, tries;
} cloud = {.desired = 30, .shadow_version = 1};

static uint8_t heard[TOLD_MAX / 8];      // messages that the application heard
static uint32_t arrived_boot;            // start whose messages are counted
static uint8_t arrived[ARRIVED_MAX / 8]; // messages of it that came here

static bool bit(const uint8_t *map, uint32_t n)
{
    return (map[n / 8] >> (n % 8) & 1) != 0;
}

static void set_bit(uint8_t *map, uint32_t n)
{
    map[n / 8] |= (uint8_t)(1u << (n % 8));
}

// -- what the application in the image says

static void on_done(void *ctx, uint32_t number, lp_err_t err)
{
    (void)ctx;
    if (number == 0) {
        soak_fail("a message ended twice");
    } else if (err == LP_OK) {
        cloud.acked++;
        if (arrived_boot != soak.boot || !bit(arrived, number % ARRIVED_MAX)) {
            soak_fail("message %u counts as acknowledged, and never arrived", (unsigned)number);
        }
    } else if (err == LP_E_CANCELED) {
        cloud.dropped++; // the oldest makes room, or the cloud was switched off
    } else {
        soak_fail("message %u ended with %s", (unsigned)number, lp_err_name(err));
    }
}

static void on_heard(void *ctx, uint32_t number)
{
    (void)ctx;
    set_bit(heard, number % TOLD_MAX);
}

const soak_witness_t *soak_broker_witness(void)
{
    static const soak_witness_t witness = {.done = on_done, .heard = on_heard};
    return &witness;
}

// -- to the device

static bool is_there(void)
{
    return cloud.is_in && !cloud.is_mute && soak_net_is_live();
}

static void say(const uint8_t *packet, size_t len)
{
    if (!cloud.is_mute && soak_net_is_live()) {
        peer_send(soak_net_peer(), packet, len);
    }
}

static uint16_t publish(const char *topic, const char *payload)
{
    static uint8_t packet[6200];
    const size_t topic_len = strlen(topic);
    const size_t len = 4 + topic_len + strlen(payload);
    size_t at = 0;
    cloud.packet_id = cloud.packet_id % 60000 + 1;
    packet[at++] = 0x32;
    if (len >= 128) {
        packet[at++] = (uint8_t)(len % 128 + 128);
    }
    packet[at++] = (uint8_t)(len >= 128 ? len / 128 : len);
    packet[at++] = (uint8_t)(topic_len >> 8);
    packet[at++] = (uint8_t)topic_len;
    memcpy(packet + at, topic, topic_len);
    at += topic_len;
    packet[at++] = (uint8_t)(cloud.packet_id >> 8);
    packet[at++] = (uint8_t)cloud.packet_id;
    memcpy(packet + at, payload, strlen(payload));
    say(packet, at + strlen(payload));
    return cloud.packet_id;
}

bool soak_broker_call(const char *frame)
{
    if (!is_there() || !cloud.has_rpc) {
        return false;
    }
    (void)publish(SOAK_ID "/rpc", frame);
    return true;
}

static void tell(void)
{
    char text[16];
    const size_t i = soak_pick(UNDERWAY_MAX);
    cloud.told++;
    snprintf(text, sizeof text, "%u", (unsigned)cloud.told);
    cloud.told_numbers[i] = cloud.told;
    cloud.told_ids[i] = publish("limpet/" SOAK_ID "/told", text);
}

// What is desired, whole; as an answer to "get" it stands in a member of its own.
static void tell_shadow(bool is_answer)
{
    char text[200];
    snprintf(
        text, sizeof text, "{\"state\":%s{\"telemetry\":{\"interval_s\":%u}}%s,\"version\":%u}",
        is_answer ? "{\"delta\":" : "", cloud.desired, is_answer ? "}" : "", cloud.shadow_version);
    (void)publish(is_answer ? SHADOW "get/accepted" : SHADOW "update/delta", text);
}

static void wish_shadow(void)
{
    cloud.desired = 5 + soak_pick(200);
    cloud.shadow_version++;
    if (is_there() && cloud.has_shadow) {
        tell_shadow(false);
    }
}

static void wish_job(void)
{
    if (cloud.job_done != cloud.job) {
        return;
    }
    cloud.job++;
    cloud.is_reboot = soak_chance(20) && soak_may_restart();
    if (is_there() && cloud.has_jobs) {
        (void)publish(JOBS "notify-next", "{\"execution\":{\"jobId\":\"x\"}}");
    }
}

void soak_broker_step(void)
{
    if (soak_now() < cloud.next_wish_ms) {
        return;
    }
    cloud.next_wish_ms = soak_now() + 2000 + soak_pick(40000);
    const unsigned what = soak_pick(10);
    if (what < 3) {
        wish_shadow();
    } else if (what < 5) {
        wish_job();
    } else if (is_there() && cloud.has_told) {
        tell();
    }
}

// -- from the device

static bool find(lp_span_t payload, const char *path, lp_json_t *value)
{
    lp_json_t root;
    return lp_json_parse(payload, &root) == LP_OK && lp_json_find(root, path, value) == LP_OK;
}

static void take_shadow(lp_span_t payload)
{
    lp_json_t value;
    uint32_t interval = 0;
    if (!find(payload, "state.reported.telemetry.interval_s", &value) ||
        lp_json_u32(value, UINT32_MAX, &interval) != LP_OK) {
        soak_fail("a shadow without what it should report");
    }
    cloud.reported = interval;
    cloud.shadows++;
}

// A job is handed out until its end is known; that may come twice.
static void take_job_end(const char *rest, lp_span_t payload)
{
    const unsigned number = (unsigned)strtoul(rest + 1, NULL, 10);
    lp_json_t value;
    if (!find(payload, "status", &value) || !lp_span_equal_str(value.raw, "\"SUCCEEDED\"") ||
        number > cloud.job) {
        soak_fail("job %u of %u did not succeed", number, cloud.job);
    }
    if (number == cloud.job && cloud.job_done != cloud.job) {
        cloud.job_done = cloud.job;
        cloud.jobs_done++;
    }
    if (number == cloud.job && cloud.is_reboot) {
        soak_expect_reboot();
    }
}

static void start_job(void)
{
    char text[160];
    if (cloud.job_done == cloud.job) {
        (void)publish(JOBS "start-next/accepted", "{\"execution\":{}}");
        return;
    }
    snprintf(text, sizeof text,
             "{\"execution\":{\"jobId\":\"j%u\",\"jobDocument\":{\"operation\":\"%s\"}}}",
             cloud.job, cloud.is_reboot ? "reboot" : "ping");
    (void)publish(JOBS "start-next/accepted", text);
}

static void take_soak(lp_span_t payload)
{
    lp_json_t boot;
    lp_json_t number;
    uint32_t b = 0;
    uint32_t n = 0;
    if (!find(payload, "boot", &boot) || !find(payload, "number", &number) ||
        lp_json_u32(boot, UINT32_MAX, &b) != LP_OK ||
        lp_json_u32(number, UINT32_MAX, &n) != LP_OK || b != soak.boot) {
        soak_fail("a message that nobody sent");
    }
    if (arrived_boot != b) {
        memset(arrived, 0, sizeof arrived);
        arrived_boot = b;
    }
    set_bit(arrived, n % ARRIVED_MAX);
}

static void take_message(const char *topic, lp_span_t payload)
{
    static char text[6200];
    cloud.published++;
    if (strcmp(topic, "limpet/" SOAK_ID "/soak") == 0) {
        take_soak(payload);
    } else if (strcmp(topic, SHADOW "get") == 0) {
        tell_shadow(true);
    } else if (strcmp(topic, SHADOW "update") == 0) {
        take_shadow(payload);
    } else if (strcmp(topic, JOBS "start-next") == 0) {
        start_job();
    } else if (strncmp(topic, JOBS "j", sizeof JOBS) == 0) {
        take_job_end(topic + sizeof JOBS - 1, payload);
    } else if (strcmp(topic, "soak/rpc") == 0) {
        snprintf(text, sizeof text, "%.*s", LP_FMT_SPAN(payload));
        callers_over_mqtt(text);
    }
}

static void take_publish(uint8_t head, const uint8_t *body, size_t len)
{
    char topic[TOPIC_MAX];
    const size_t topic_len = (size_t)body[0] << 8 | body[1];
    const size_t id_len = (head & 6) != 0 ? 2 : 0;
    if (topic_len >= sizeof topic || 2 + topic_len + id_len > len) {
        soak_fail("a PUBLISH that cannot be");
    }
    memcpy(topic, body + 2, topic_len);
    topic[topic_len] = '\0';
    const uint8_t *rest = body + 2 + topic_len;
    take_message(topic, lp_span(rest + id_len, len - 2 - topic_len - id_len));
    if (id_len > 0) {
        say((uint8_t[]){0x40, 2, rest[0], rest[1]}, 4);
    }
}

static void take_login(void)
{
    const uint8_t code = cloud.is_refusing ? 3 : 0;
    say((uint8_t[]){0x20, 2, 0, code}, 4);
    cloud.is_in = code == 0 && !cloud.is_mute;
    cloud.logins++;
    soak_note("login");
}

static void take_subscribe(const uint8_t *body, size_t len)
{
    uint8_t answer[16] = {0x90, 2, body[0], body[1]};
    for (size_t at = 2; at + 2 < len;) {
        char filter[TOPIC_MAX];
        const size_t n = (size_t)body[at] << 8 | body[at + 1];
        snprintf(filter, sizeof filter, "%.*s", (int)n, (const char *)body + at + 2);
        cloud.has_shadow = cloud.has_shadow || strcmp(filter, SHADOW "update/delta") == 0;
        cloud.has_jobs = cloud.has_jobs || strcmp(filter, JOBS "notify-next") == 0;
        cloud.has_told = cloud.has_told || strcmp(filter, "limpet/" SOAK_ID "/told") == 0;
        cloud.has_rpc = cloud.has_rpc || strcmp(filter, SOAK_ID "/rpc") == 0;
        at += n + 3;
        answer[2 + answer[1]++] = 1;
    }
    say(answer, 2u + answer[1]);
}

static void take_puback(const uint8_t *body)
{
    const uint16_t id = (uint16_t)(body[0] << 8 | body[1]);
    for (size_t i = 0; i < UNDERWAY_MAX; i++) {
        if (cloud.told_ids[i] == id && !bit(heard, cloud.told_numbers[i] % TOLD_MAX)) {
            soak_fail("the device acknowledged message %u and had not heard it",
                      (unsigned)cloud.told_numbers[i]);
        }
    }
}

static void take_packet(uint8_t type, const uint8_t *body, size_t len)
{
    switch (type & 0xF0) {
    case 0x10:
        take_login();
        break;
    case 0x30:
        take_publish(type, body, len);
        break;
    case 0x40:
        take_puback(body);
        break;
    case 0x80:
        take_subscribe(body, len);
        break;
    case 0xC0:
        say((uint8_t[]){0xD0, 0}, 2);
        break;
    default:
        break;
    }
}

// Where the next packet lies; false: it is not whole yet.
static bool next_packet(const peer_t *p, size_t at, size_t *head, size_t *len)
{
    *head = 1;
    *len = 0;
    for (unsigned shift = 0; at + *head < p->got_len; shift += 7) {
        const uint8_t c = (uint8_t)p->got[at + (*head)++];
        *len |= (size_t)(c & 0x7F) << shift;
        if ((c & 0x80) == 0) {
            return at + *head + *len <= p->got_len;
        }
    }
    return false;
}

void soak_broker_serve(void)
{
    peer_t *p = soak_net_peer();
    size_t at = 0;
    size_t head = 0;
    size_t len = 0;
    if (p->got_len == sizeof p->got) {
        soak_fail("the broker's end is full");
    }
    while (soak_net_is_live() && next_packet(p, at, &head, &len)) {
        take_packet((uint8_t)p->got[at], (const uint8_t *)p->got + at + head, len);
        at += head + len;
    }
    if (!soak_net_is_live()) {
        p->got_len = 0; // nobody reads it any more
        return;
    }
    p->got_len -= at;
    memmove(p->got, p->got + at, p->got_len);
}

void soak_broker_reset(void)
{
    cloud.is_in = false;
    cloud.has_shadow = cloud.has_jobs = cloud.has_told = cloud.has_rpc = false;
    memset(cloud.told_ids, 0, sizeof cloud.told_ids);
    cloud.tries++;
}

void soak_broker_mute(bool is_mute)
{
    cloud.is_mute = is_mute;
    if (!is_mute) {
        soak_net_reset(); // what was not answered will not be
    }
}

void soak_broker_refuse(bool is_refusing)
{
    cloud.is_refusing = is_refusing;
    soak_net_reset();
}

void soak_broker_babble(void)
{
    uint8_t noise[40];
    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (uint8_t)soak_pick(256);
    }
    say(noise, sizeof noise);
}

const char *soak_broker_unsettled(void)
{
    return !is_there()                                             ? "no login"
           : cloud.desired != 0 && cloud.reported != cloud.desired ? "shadow"
           : cloud.job != cloud.job_done                           ? "job"
                                                                   : NULL;
}

bool soak_broker_is_logged_in(void)
{
    return is_there();
}

void soak_broker_report(void)
{
    print_message(
        "cloud: %u connections, %u logins; messages: %u here, %u acknowledged, %u dropped "
        "by choice, %u to the device; %u jobs, %u shadow reports\n",
        cloud.tries, cloud.logins, cloud.published, cloud.acked, cloud.dropped,
        (unsigned)cloud.told, cloud.jobs_done, cloud.shadows);
    const bool is_long = soak.length_ms >= SOAK_LONG_MS;
    if (is_long &&
        (cloud.acked == 0 || cloud.jobs_done == 0 || cloud.shadows == 0 || cloud.told == 0)) {
        soak_fail("the cloud had nothing to do");
    }
}
