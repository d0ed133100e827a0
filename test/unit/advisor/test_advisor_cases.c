// SPDX-License-Identifier: Apache-2.0
// Each case with a device that does it right and with devices that do it wrong.
#include "desk.h"

#include <string.h>

static const uint8_t good_suites[] = {0x13, 0x01, 0xc0, 0x2b};

static void tls_hello(unsigned conn)
{
    desk_open(conn);
    desk_hello(conn, good_suites, sizeof good_suites);
}

// --- TLS ----------------------------------------------------------------------------------------

static void tls_connect_needs_a_complete_handshake(void **state)
{
    (void)state;
    desk_start("TLS_Connect", NULL);
    desk_open(0);
    desk_gone(0, -1); // somebody who looks whether the port is open is no device
    desk_expect_running();
    tls_hello(0);
    desk_secure(0);
    desk_expect(LP_ADVISOR_PASS, "completed");
    desk_start("TLS_Connect", NULL);
    tls_hello(0);
    desk_gone(0, 48);
    desk_expect(LP_ADVISOR_FAIL, "alert 48");
    desk_start("TLS_Connect", NULL);
    desk_wait(300000);
    desk_expect(LP_ADVISOR_FAIL, "no MQTT login at all");
}

static void tls_suites_are_judged(void **state)
{
    (void)state;
    static const struct {
        uint8_t suites[4];
        lp_advisor_verdict_t verdict;
        const char *words;
    } rows[] = {
        {{0x13, 0x01, 0xc0, 0x2b}, LP_ADVISOR_PASS, "2 recommended"},
        {{0x13, 0x01, 0xcc, 0xa9}, LP_ADVISOR_WARN, "0xcca9"},
        {{0x00, 0x2f, 0x00, 0x35}, LP_ADVISOR_WARN, "none"},
        {{0x00, 0x9e, 0xcc, 0xa9}, LP_ADVISOR_FAIL, "none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        desk_start("TLS_Support_AWS_IoT_Cipher_Suites", NULL);
        desk_open(0);
        desk_hello(0, rows[i].suites, sizeof rows[i].suites);
        desk_expect(rows[i].verdict, rows[i].words);
    }
}

static void tls_bad_server_must_be_refused_every_time(void **state)
{
    (void)state;
    desk_start("TLS_Unsecure_Server_Cert", NULL);
    tls_hello(0);
    desk_gone(0, -1);
    desk_wait(1000);
    desk_expect_running();
    desk_wait(1100);
    desk_expect(LP_ADVISOR_PASS, "refused");
    desk_start("TLS_Incorrect_Subject_Name_Server_Cert", NULL);
    tls_hello(0);
    desk_gone(0, 42);
    desk_wait(1000);
    tls_hello(0);
    desk_secure(0); // gave in at the second try
    desk_expect(LP_ADVISOR_FAIL, "must not trust");
}

static void tls_expired_server_must_be_refused_with_an_alert(void **state)
{
    (void)state;
    desk_start("TLS_Expired_Server_Cert", NULL);
    tls_hello(0);
    desk_gone(0, 45);
    desk_wait(2100);
    desk_expect(LP_ADVISOR_PASS, "with an alert");
    desk_start("TLS_Expired_Server_Cert", NULL);
    tls_hello(0);
    desk_gone(0, -1);
    desk_expect(LP_ADVISOR_FAIL, "without a TLS alert");
}

// --- messages to the device ---------------------------------------------------------------------

static void receive_large_sends_whole_records_and_wants_an_acknowledgement(void **state)
{
    (void)state;
    desk_start("TLS_Receive_Maximum_Size_Fragments", NULL);
    desk_login(0);
    desk_subscribe(0, 1, "dev1/+/x", 1);
    desk_wait(100);
    assert_string_equal(desk.topic, "dev1/x/x");
    assert_int_equal(desk.payload_len, 32 * 1024);
    desk_puback(0, desk.packet_id);
    desk_expect(LP_ADVISOR_PASS, "whole TLS records");
    desk_start("TLS_Receive_Maximum_Size_Fragments", NULL);
    desk_login(0);
    desk_subscribe(0, 1, "t", 1);
    desk_wait(100);
    desk_gone(0, -1);
    desk_expect(LP_ADVISOR_FAIL, "closed the connection when the message came");
}

static void puback_takes_the_parameters(void **state)
{
    (void)state;
    const lp_advisor_params_t p = {.trigger_topic = "mine", .payload = "hello"};
    desk_start("MQTT_Client_Puback_QoS1", &p);
    desk_login(0);
    desk_subscribe(0, 1, "other", 1);
    desk_subscribe(0, 2, "mine", 0); // QoS 1 is asked for
    desk_wait(1000);
    assert_int_equal(desk.publishes, 0);
    desk_subscribe(0, 3, "mine", 1);
    desk_wait(100);
    assert_string_equal(desk.payload, "hello");
    desk_puback(0, desk.packet_id + 5);
    desk_expect(LP_ADVISOR_FAIL, "never sent");
}

// --- coming back --------------------------------------------------------------------------------

// A device that gives up on CONNACK after a second and then waits gaps[i].
static void come_back(const uint32_t *gaps, size_t count)
{
    for (size_t i = 0; i <= count && lp_advisor_verdict(desk.run) == LP_ADVISOR_RUNNING; i++) {
        const unsigned closes = desk.closes;
        desk_login(0);
        desk_wait(1000);
        if (desk.closes == closes && lp_advisor_verdict(desk.run) == LP_ADVISOR_RUNNING) {
            desk_gone(0, -1);
        } else if (desk.closes != closes) {
            desk.now_ms -= 800; // the advisor closed after 200 ms
        }
        if (i < count) {
            desk_wait(gaps[i]);
        }
    }
}

static void backoff_cases_judge_the_waits(void **state)
{
    (void)state;
    static const uint32_t constant[] = {1000, 1000, 1000, 1000, 1000, 1000,
                                        1000, 1000, 1000, 1000, 1000};
    static const uint32_t linear[] = {1000, 2000, 3000, 4000, 5000, 6000,
                                      7000, 8000, 9000, 9000, 9000};
    static const uint32_t strict[] = {1000,  2000,  4000,  8000,  16000, 32000,
                                      32000, 32000, 32000, 32000, 32000};
    static const uint32_t jitter[] = {700,  1600, 2300, 7100, 9000, 12000,
                                      6000, 9500, 3000, 1700, 8100};
    static const struct {
        const char *id;
        const uint32_t *gaps;
        size_t count;
        lp_advisor_verdict_t verdict;
    } rows[] = {
        {"MQTT_Connect_Jitter_Backoff_Retries", jitter, 11, LP_ADVISOR_PASS},
        {"MQTT_Connect_Jitter_Backoff_Retries", strict, 11, LP_ADVISOR_WARN},
        {"MQTT_Connect_Jitter_Backoff_Retries", constant, 11, LP_ADVISOR_FAIL},
        {"MQTT_Connect_Jitter_Backoff_Retries", linear, 11, LP_ADVISOR_FAIL},
        {"MQTT_Connect_Exponential_Backoff_Retries", strict, 5, LP_ADVISOR_PASS},
        {"MQTT_Connect_Exponential_Backoff_Retries", jitter, 5, LP_ADVISOR_PASS},
        {"MQTT_Connect_Exponential_Backoff_Retries", linear, 5, LP_ADVISOR_FAIL},
        {"MQTT_Reconnect_Backoff_Retries_On_Server_Disconnect", jitter, 5, LP_ADVISOR_PASS},
        {"MQTT_Reconnect_Backoff_Retries_On_Server_Disconnect", strict, 5, LP_ADVISOR_WARN},
        {"MQTT_Reconnect_Backoff_Retries_On_Server_Disconnect", constant, 5, LP_ADVISOR_FAIL},
        {"MQTT_Reconnect_Backoff_Retries_On_Unstable_Connection", jitter, 5, LP_ADVISOR_PASS},
        {"MQTT_Reconnect_Backoff_Retries_On_Unstable_Connection", linear, 5, LP_ADVISOR_FAIL},
    };
    const lp_advisor_params_t p = {.execution_timeout_s = 3600};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        desk_start(rows[i].id, &p);
        come_back(rows[i].gaps, rows[i].count);
        desk_expect(rows[i].verdict, "the waits before reconnecting");
    }
}

static void backoff_device_that_waits_for_ever_runs_out_of_time(void **state)
{
    (void)state;
    desk_start("MQTT_Connect_Jitter_Backoff_Retries", NULL);
    desk_login(0);
    assert_int_equal(desk.connacks, 0);
    desk_wait(300000);
    desk_expect(LP_ADVISOR_FAIL, "give up waiting for CONNACK");
}

static void backoff_second_connection_beside_the_first_is_a_try_too(void **state)
{
    (void)state;
    desk_start("MQTT_Reconnect_Backoff_Retries_On_Server_Disconnect", NULL);
    for (unsigned i = 0; i < 8; i++) {
        desk_login(i % 2);
        desk_wait(100); // and never closes the first
    }
    desk_expect(LP_ADVISOR_FAIL, "constant");
}

// --- publish and subscribe ----------------------------------------------------------------------

static void publish_wants_qos_0(void **state)
{
    (void)state;
    desk_start("MQTT_Publish", NULL);
    desk_login(0);
    desk_publish(0, "t", "p", 1, 5, false);
    desk_expect_running();
    desk_wait(300000);
    desk_expect(LP_ADVISOR_FAIL, "QoS 1 only");
    const lp_advisor_params_t p = {.publish_topic = "t", .publish_payload = "p"};
    desk_start("MQTT_Publish", &p);
    desk_login(0);
    desk_publish(0, "t", "other", 0, 0, false);
    desk_publish(0, "u", "p", 0, 0, false);
    desk_expect_running();
    desk_publish(0, "t", "p", 0, 0, false);
    desk_expect(LP_ADVISOR_PASS, "QoS 0");
}

static void publish_retry_wants_the_same_packet_id(void **state)
{
    (void)state;
    static const struct {
        const char *payload;
        uint16_t id;
        bool is_dup;
        lp_advisor_verdict_t verdict;
        const char *words;
    } rows[] = {
        {"p", 5, true, LP_ADVISOR_PASS, "same packet id"},
        {"p", 5, false, LP_ADVISOR_WARN, "DUP"},
        {"p", 6, true, LP_ADVISOR_FAIL, "packet id 6, not 5"},
        {"q", 5, false, LP_ADVISOR_FAIL, "another message"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        desk_start("MQTT_Publish_Retry_No_Puback", NULL);
        desk_login(0);
        desk_publish(0, "t", "p", 1, 5, false);
        desk_publish(0, "t", "new", 1, 9, false); // others may go on
        desk_publish(0, "t", "p", 0, 0, false);
        assert_int_equal(desk.pubacks, 0);
        desk_expect_running();
        desk_publish(0, "t", rows[i].payload, 1, rows[i].id, rows[i].is_dup);
        desk_expect(rows[i].verdict, rows[i].words);
    }
    // The same text again need not be a retry, until the time is up.
    desk_start("MQTT_Publish_Retry_No_Puback", NULL);
    desk_login(0);
    desk_publish(0, "t", "p", 1, 5, false);
    desk_publish(0, "t", "p", 1, 6, false);
    desk_expect_running();
    desk_wait(300000);
    desk_expect(LP_ADVISOR_FAIL, "packet id 6, not 5");
    desk_start("MQTT_Publish_Retry_No_Puback", NULL);
    desk_login(0);
    desk_publish(0, "t", "p", 1, 5, false);
    desk_publish(0, "t", "p", 1, 6, false);
    desk_publish(0, "t", "p", 1, 5, true);
    desk_expect(LP_ADVISOR_PASS, "same packet id");
    desk_start("MQTT_Publish_Retry_No_Puback", NULL);
    desk_login(0);
    desk_publish(0, "t", "p", 1, 5, false);
    desk_gone(0, -1);
    desk_expect(LP_ADVISOR_FAIL, "disconnected");
}

static void subscribe_wants_all_topics(void **state)
{
    (void)state;
    const lp_advisor_params_t p = {.subscribe_topics = "a/b,c/#"};
    desk_start("MQTT_Subscribe", &p);
    desk_login(0);
    desk_subscribe(0, 1, "c/#", 0);
    desk_subscribe(0, 2, "a", 0);
    desk_expect_running();
    desk_subscribe(0, 3, "a/b", 0);
    desk_expect(LP_ADVISOR_PASS, "subscribed");
    desk_start("MQTT_Subscribe", &p);
    desk_login(0);
    desk_subscribe(0, 1, "c/#", 0);
    desk_wait(300000);
    desk_expect(LP_ADVISOR_FAIL, "not to all of a/b,c/#");
}

static void subscribe_retry_wants_the_same_packet_id(void **state)
{
    (void)state;
    desk_start("MQTT_Subscribe_Retry_No_Suback", NULL);
    desk_login(0);
    desk_subscribe(0, 4, "a", 1);
    desk_subscribe(0, 5, "b", 1); // another one
    assert_int_equal(desk.subacks, 0);
    desk_expect_running();
    desk_subscribe(0, 4, "a", 1);
    desk_expect(LP_ADVISOR_PASS, "same packet id");
    desk_start("MQTT_Subscribe_Retry_No_Suback", NULL);
    desk_login(0);
    desk_subscribe(0, 4, "a", 1);
    desk_subscribe(0, 6, "a", 1);
    desk_expect(LP_ADVISOR_FAIL, "packet id 6, not 4");
    desk_start("MQTT_Subscribe_Retry_No_Suback", NULL);
    desk_login(0);
    desk_subscribe(0, 4, "a", 1);
    desk_wait(300000);
    desk_expect(LP_ADVISOR_FAIL, "did not subscribe again");
}

static void no_pingresp_wants_a_disconnect(void **state)
{
    (void)state;
    desk_start("MQTT_No_Ack_PingResp", NULL);
    desk_login(0);
    desk_wait(45000);
    desk_ping(0);
    assert_int_equal(desk.pingresps, 0);
    desk_wait(10000);
    desk_gone(0, -1);
    desk_expect(LP_ADVISOR_PASS, "disconnected when PINGRESP");
    desk_start("MQTT_No_Ack_PingResp", NULL);
    desk_login(0);
    desk_wait(45000);
    desk_ping(0);
    desk_wait(94000);
    desk_expect(LP_ADVISOR_FAIL, "stays connected");
    desk_start("MQTT_No_Ack_PingResp", NULL);
    desk_login(0);
    desk_wait(94000);
    desk_expect(LP_ADVISOR_FAIL, "no PINGREQ");
    desk_start("MQTT_No_Ack_PingResp", NULL);
    desk_open(0);
    desk_secure(0);
    desk_connect(0, true, 0);
    desk_expect(LP_ADVISOR_FAIL, "keep-alive is 0");
    desk_start("MQTT_No_Ack_PingResp", NULL);
    desk_login(0);
    desk_gone(0, -1);
    desk_expect(LP_ADVISOR_WARN, "before it sent PINGREQ");
}

// --- persistent sessions ------------------------------------------------------------------------

static void persistent_login(unsigned conn)
{
    desk_open(conn);
    desk_secure(conn);
    desk_connect(conn, false, 60);
}

static void session_until_the_second_login(const char *id)
{
    desk_start(id, NULL);
    persistent_login(0);
    assert_false(desk.session_present);
    desk_subscribe(0, 1, "zero", 0); // does not count
    desk_subscribe(0, 2, "dev1/#", 1);
    desk_wait(400);
    assert_int_equal(desk.closes, 1);
    desk_wait(1000);
    persistent_login(0);
}

static void session_happy_wants_no_second_subscription(void **state)
{
    (void)state;
    session_until_the_second_login("MQTT_Persistent_Session_Happy_Case");
    assert_true(desk.session_present);
    desk_wait(200);
    assert_string_equal(desk.topic, "dev1/x");
    desk_puback(0, desk.packet_id);
    desk_expect_running();
    desk_wait(2100);
    desk_expect(LP_ADVISOR_PASS, "took up its session");
    session_until_the_second_login("MQTT_Persistent_Session_Happy_Case");
    desk_wait(200);
    desk_puback(0, desk.packet_id);
    desk_wait(1000);
    desk_subscribe(0, 3, "dev1/#", 1); // late, and still one too many
    desk_expect(LP_ADVISOR_FAIL, "subscribed again although");
    session_until_the_second_login("MQTT_Persistent_Session_Happy_Case");
    desk_wait(300000);
    desk_expect(LP_ADVISOR_FAIL, "did not acknowledge the stored message");
}

static void session_expired_wants_a_second_subscription(void **state)
{
    (void)state;
    session_until_the_second_login("MQTT_Expired_Persistent_Session");
    assert_false(desk.session_present);
    desk_subscribe(0, 3, "other", 1);
    desk_expect_running();
    desk_subscribe(0, 4, "dev1/#", 1);
    desk_expect(LP_ADVISOR_PASS, "subscribed again when");
    session_until_the_second_login("MQTT_Expired_Persistent_Session");
    desk_wait(300000);
    desk_expect(LP_ADVISOR_FAIL, "had expired");
}

static void session_clean_start_is_not_persistent(void **state)
{
    (void)state;
    desk_start("MQTT_Persistent_Session_Happy_Case", NULL);
    desk_login(0);
    desk_expect(LP_ADVISOR_FAIL, "clean session");
}

// --- shadow, jobs -------------------------------------------------------------------------------

#define SHADOW "$aws/things/dev1/shadow/"
#define JOBS   "$aws/things/dev1/jobs/"

static void shadow_report_is_looked_at(void **state)
{
    (void)state;
    const lp_advisor_params_t p = {.reported_state = "{\"a\":{\"b\":1}}", .shadow_name = "n"};
    desk_start("Shadow_Publish_Reported_State", &p);
    desk_login(0);
    desk_publish(0, SHADOW "update", "{\"state\":{\"reported\":{\"a\":{\"b\":1}}}}", 1, 1, false);
    desk_publish(0, SHADOW "name/n/update", "{\"state\":{\"reported\":{\"a\":{\"b\":2}}}}", 1, 2,
                 false);
    desk_expect_running();
    desk_publish(0, SHADOW "name/n/update", "{\"state\":{\"reported\":{\"a\":{\"c\":3,\"b\":1}}}}",
                 1, 3, false);
    desk_expect(LP_ADVISOR_PASS, "published its state");
    desk_start("Shadow_Publish_Reported_State", NULL);
    desk_login(0);
    desk_publish(0, SHADOW "update", "{\"state\":{\"reported\":7}}", 1, 1, false);
    desk_expect(LP_ADVISOR_FAIL, "no object state.reported");
    desk_start("Shadow_Publish_Reported_State", NULL);
    desk_login(0);
    desk_publish(0, SHADOW "update", "not json", 1, 1, false);
    desk_expect(LP_ADVISOR_FAIL, "no object state.reported");
}

static void shadow_delta_must_be_taken_over(void **state)
{
    (void)state;
    const lp_advisor_params_t p = {.desired_state = "{\"light\":\"on\"}"};
    desk_start("Shadow_Update_Reported_State", &p);
    desk_login(0);
    desk_subscribe(0, 1, SHADOW "update/delta", 1);
    assert_string_equal(desk.topic, SHADOW "update/delta");
    assert_non_null(strstr(desk.payload, "\"light\":\"on\""));
    assert_non_null(strstr(desk.payload, "DeviceAdvisorShadowTestCaseSetup"));
    desk_publish(0, SHADOW "update", "{\"state\":{\"reported\":{\"light\":\"off\"}}}", 0, 0, false);
    desk_expect_running();
    desk_publish(0, SHADOW "update", "{\"state\":{\"reported\":{\"light\":\"on\"}}}", 0, 0, false);
    desk_expect(LP_ADVISOR_PASS, "took over the desired state");
    desk_start("Shadow_Update_Reported_State", &p);
    desk_login(0);
    desk_subscribe(0, 1, SHADOW "get/+", 0);
    desk_publish(0, SHADOW "get", "", 0, 0, false); // a device that asks learns of it as well
    assert_string_equal(desk.topic, SHADOW "get/accepted");
    assert_non_null(strstr(desk.payload, "\"delta\":{\"light\":\"on\"}"));
    desk_publish(0, SHADOW "update", "{\"state\":{\"reported\":{\"light\":\"off\"}}}", 0, 0, false);
    desk_wait(300000);
    desk_expect(LP_ADVISOR_FAIL, "never the desired one");
}

static void shadow_parameter_that_is_no_object_is_an_error(void **state)
{
    (void)state;
    const lp_advisor_params_t p = {.desired_state = "{}"};
    desk_start("Shadow_Update_Reported_State", &p);
    desk_expect(LP_ADVISOR_ERROR, "DESIRED_STATE");
    const lp_advisor_params_t q = {.job_document = "["};
    desk_start("Job_Execution", &q);
    desk_expect(LP_ADVISOR_ERROR, "JOB_DOCUMENT");
}

static void start_job(const lp_advisor_params_t *p)
{
    desk_start("Job_Execution", p);
    desk_login(0);
    desk_subscribe(0, 1, JOBS "start-next/accepted", 1);
    desk_subscribe(0, 2, JOBS "notify-next", 1);
    assert_string_equal(desk.topic, JOBS "notify-next");
    desk_publish(0, JOBS "start-next", "{\"clientToken\":\"k\"}", 0, 0, false);
    assert_string_equal(desk.topic, JOBS "start-next/accepted");
    assert_non_null(strstr(desk.payload, "\"clientToken\":\"k\""));
    assert_non_null(strstr(desk.payload, "IN_PROGRESS"));
}

static void job_must_succeed(void **state)
{
    (void)state;
    const lp_advisor_params_t p = {.job_id = "j7", .job_document = "{\"do\":\"it\"}"};
    start_job(&p);
    assert_non_null(strstr(desk.payload, "\"do\":\"it\""));
    desk_publish(0, JOBS "other/update", "{\"status\":\"SUCCEEDED\"}", 0, 0, false);
    desk_publish(0, JOBS "j7/update", "{\"status\":\"NONSENSE\"}", 0, 0, false);
    desk_wait(100);
    desk_expect_running();
    desk_publish(0, JOBS "j7/update", "{\"status\":\"SUCCEEDED\"}", 0, 0, false);
    desk_wait(100);
    desk_expect(LP_ADVISOR_PASS, "SUCCEEDED");
    start_job(NULL);
    desk_publish(0, JOBS "limpet-advisor-job/update", "{\"status\":\"REJECTED\"}", 0, 0, false);
    desk_wait(100);
    desk_expect(LP_ADVISOR_FAIL, "REJECTED");
    start_job(NULL);
    desk_wait(300000);
    desk_expect(LP_ADVISOR_FAIL, "never said how it ended");
}

static void job_can_be_asked_for_by_every_way(void **state)
{
    (void)state;
    desk_start("Job_Execution", NULL);
    desk_login(0);
    desk_subscribe(0, 1, JOBS "#", 1);
    desk_publish(0, JOBS "get", "", 0, 0, false);
    assert_string_equal(desk.topic, JOBS "get/accepted");
    assert_non_null(strstr(desk.payload, "\"queuedJobs\":[{"));
    desk_publish(0, JOBS "$next/get", "{}", 0, 0, false);
    assert_string_equal(desk.topic, JOBS "$next/get/accepted");
    desk_publish(0, JOBS "limpet-advisor-job/get", "{}", 0, 0, false);
    assert_string_equal(desk.topic, JOBS "limpet-advisor-job/get/accepted");
    desk_publish(0, JOBS "limpet-advisor-job/update", "{\"status\":\"IN_PROGRESS\"}", 0, 0, false);
    desk_publish(0, JOBS "limpet-advisor-job/update", "{\"status\":\"SUCCEEDED\"}", 0, 0, false);
    assert_string_equal(desk.topic, JOBS "notify-next");
    desk_wait(100);
    desk_expect(LP_ADVISOR_PASS, "SUCCEEDED");
}

static void policies_are_read_without_a_device(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"iot:*\",\"Resource\":\"a\"}}", NULL};
    const lp_advisor_params_t p = {.policies = bad};
    desk_start("Security_Device_Policies", &p);
    desk_expect(LP_ADVISOR_FAIL, "iot:*");
    desk_start("Security_Device_Policies", NULL);
    desk_expect(LP_ADVISOR_ERROR, "--policy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_connect_needs_a_complete_handshake),
        cmocka_unit_test(tls_suites_are_judged),
        cmocka_unit_test(tls_bad_server_must_be_refused_every_time),
        cmocka_unit_test(tls_expired_server_must_be_refused_with_an_alert),
        cmocka_unit_test(receive_large_sends_whole_records_and_wants_an_acknowledgement),
        cmocka_unit_test(puback_takes_the_parameters),
        cmocka_unit_test(backoff_cases_judge_the_waits),
        cmocka_unit_test(backoff_device_that_waits_for_ever_runs_out_of_time),
        cmocka_unit_test(backoff_second_connection_beside_the_first_is_a_try_too),
        cmocka_unit_test(publish_wants_qos_0),
        cmocka_unit_test(publish_retry_wants_the_same_packet_id),
        cmocka_unit_test(subscribe_wants_all_topics),
        cmocka_unit_test(subscribe_retry_wants_the_same_packet_id),
        cmocka_unit_test(no_pingresp_wants_a_disconnect),
        cmocka_unit_test(session_happy_wants_no_second_subscription),
        cmocka_unit_test(session_expired_wants_a_second_subscription),
        cmocka_unit_test(session_clean_start_is_not_persistent),
        cmocka_unit_test(shadow_report_is_looked_at),
        cmocka_unit_test(shadow_delta_must_be_taken_over),
        cmocka_unit_test(shadow_parameter_that_is_no_object_is_an_error),
        cmocka_unit_test(job_must_succeed),
        cmocka_unit_test(job_can_be_asked_for_by_every_way),
        cmocka_unit_test(policies_are_read_without_a_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
