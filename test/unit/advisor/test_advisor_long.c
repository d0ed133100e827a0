// SPDX-License-Identifier: Apache-2.0
// MQTT_Long_Duration from the first login to the end of the long disconnect, in virtual time.
#include "desk.h"

#include <string.h>

// A good device, as far as the test needs one: it is where the run is.
static void login(void)
{
    desk_open(0);
    desk_secure(0);
    desk_connect(0, false, 60);
}

static void login_and_subscribe(uint16_t id)
{
    login();
    assert_false(desk.session_present);
    desk_subscribe(0, id, "dev1/#", 1);
}

// After a disconnect of the advisor's, with waits that grow and vary.
static void come_back(unsigned times)
{
    static const uint32_t gaps[] = {700, 1600, 2300, 7100, 9000, 9900};
    for (unsigned i = 0; i < times; i++) {
        desk_wait(200); // the advisor closes
        desk_wait(gaps[i]);
        login();
    }
}

static void until_keep_alive(void)
{
    desk_start("MQTT_Long_Duration", NULL);
    login();                                // CONNECT, then closed for SUBSCRIBE
    login_and_subscribe(1);                 // SUBSCRIBE
    desk_publish(0, "a", "b", 0, 0, false); // PUBLISH, then closed for RECONNECT
    desk_wait(500);
    login(); // RECONNECT, then closed for PUBACK_QOS_1
    desk_wait(500);
    login_and_subscribe(2); // PUBACK_QOS_1
    desk_wait(100);
    desk_puback(0, desk.packet_id);
    login_and_subscribe(3); // RECEIVE_LARGE_PAYLOAD
    desk_wait(100);
    assert_int_equal(desk.payload_len, 32 * 1024);
    desk_puback(0, desk.packet_id);
    login_and_subscribe(4); // PERSISTENT_SESSION
    desk_wait(1500);
    login();
    assert_true(desk.session_present);
    desk_wait(200);
    desk_puback(0, desk.packet_id);
    desk_wait(2500);
}

static void long_good_device_passes_all_steps(void **state)
{
    (void)state;
    until_keep_alive();
    login(); // KEEP_ALIVE
    desk_wait(50000);
    desk_ping(0);
    desk_gone(0, -1);
    desk_wait(500);
    login(); // INTERMITTENT_CONNECTIVITY
    come_back(5);
    login(); // RECONNECT_BACK_OFF
    come_back(5);
    desk_expect_running();
    assert_false(lp_advisor_is_listening(desk.run)); // LONG_SERVER_DISCONNECT
    desk_wait(29 * 60 * 1000);
    assert_false(lp_advisor_is_listening(desk.run));
    desk_wait(61 * 1000);
    assert_true(lp_advisor_is_listening(desk.run));
    desk_expect_running();
    login();
    desk_expect(LP_ADVISOR_PASS, "all 11 tests passed");
}

static void long_failure_names_its_step(void **state)
{
    (void)state;
    until_keep_alive();
    login();
    desk_wait(94000);
    desk_expect(LP_ADVISOR_FAIL, "KEEP_ALIVE: no PINGREQ");
    desk_start("MQTT_Long_Duration", NULL);
    login();
    login();
    desk_wait(5 * 3600 * 1000);
    desk_expect(LP_ADVISOR_FAIL, "SUBSCRIBE: the time is up");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_good_device_passes_all_steps),
        cmocka_unit_test(long_failure_names_its_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
