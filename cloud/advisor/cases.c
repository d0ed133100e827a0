// SPDX-License-Identifier: Apache-2.0
// The table of all cases.
#include <strings.h>

#include "engine.h"

enum { MINUTE = 60 };

#define GOOD LP_ADVISOR_CERT_GOOD

// @source AWS IoT Core Developer Guide, "Device Advisor test cases": ids, time-outs, parameters
static const lp_advisor_case_t cases[] = {
    {"TLS_Connect", "TLS", "completes a TLS handshake", "", 300, true, false, GOOD, false,
     &adv_tls_connect},
    {"TLS_Receive_Maximum_Size_Fragments", "TLS", "takes TLS records of the largest size",
     "TRIGGER_TOPIC, PAYLOAD_SIZE (KB, 32)", 300, true, false, GOOD, false, &adv_receive_large},
    {"TLS_Support_AWS_IoT_Cipher_Suites", "TLS", "offers cipher suites that AWS IoT recommends", "",
     300, true, false, GOOD, false, &adv_tls_suites},
    {"TLS_Large_Size_Server_Cert", "TLS", "takes a server certificate that is 20 % larger", "", 300,
     true, false, LP_ADVISOR_CERT_LARGE, false, &adv_tls_connect},
    {"TLS_Unsecure_Server_Cert", "TLS", "refuses a server signed by an unknown CA", "", 300, true,
     false, LP_ADVISOR_CERT_UNKNOWN_CA, false, &adv_tls_refuse},
    {"TLS_Incorrect_Subject_Name_Server_Cert", "TLS", "refuses a server with another name", "", 300,
     true, false, LP_ADVISOR_CERT_WRONG_NAME, false, &adv_tls_refuse},
    {"TLS_Expired_Server_Cert", "TLS", "refuses an expired server, and says so with an alert", "",
     300, true, false, LP_ADVISOR_CERT_EXPIRED, false, &adv_tls_expired},
    {"MQTT_Connect", "MQTT", "sends a valid CONNECT", "", 300, true, false, GOOD, false,
     &adv_mqtt_connect},
    {"MQTT_Client_Puback_QoS1", "MQTT", "acknowledges a message with QoS 1",
     "TRIGGER_TOPIC, PAYLOAD, PAYLOAD_SIZE (KB)", 300, false, false, GOOD, false, &adv_puback_qos1},
    {"MQTT_Connect_Jitter_Backoff_Retries", "MQTT",
     "connects again with growing waits and jitter when CONNACK does not come", "", 300, true,
     false, GOOD, false, &adv_jitter},
    {"MQTT_Connect_Exponential_Backoff_Retries", "MQTT",
     "connects again with growing waits when CONNACK does not come", "", 600, false, false, GOOD,
     false, &adv_exponential},
    {"MQTT_Reconnect_Backoff_Retries_On_Server_Disconnect", "MQTT",
     "waits longer and longer after the server disconnects", "RECONNECTION_ATTEMPTS (5..10, 5)",
     300, false, false, GOOD, false, &adv_server_disconnect},
    {"MQTT_Reconnect_Backoff_Retries_On_Unstable_Connection", "MQTT",
     "waits longer and longer while connections break", "RECONNECTION_ATTEMPTS (5..10, 5)", 300,
     false, false, GOOD, false, &adv_unstable},
    {"MQTT_Publish", "MQTT", "publishes with QoS 0",
     "TOPIC_FOR_PUBLISH_VALIDATION, PAYLOAD_FOR_PUBLISH_VALIDATION", 300, true, false, GOOD, false,
     &adv_publish},
    {"MQTT_Publish_Retry_No_Puback", "MQTT",
     "publishes again with the same packet id when PUBACK does not come",
     "TOPIC_FOR_PUBLISH_VALIDATION", 300, false, false, GOOD, false, &adv_publish_retry},
    {"MQTT_Subscribe", "MQTT", "subscribes", "TOPIC_LIST_FOR_SUBSCRIPTION_VALIDATION_ID (a,b)", 300,
     true, false, GOOD, false, &adv_subscribe_happy},
    {"MQTT_Subscribe_Retry_No_Suback", "MQTT",
     "subscribes again with the same packet id when SUBACK does not come",
     "TOPIC_LIST_FOR_SUBSCRIPTION_VALIDATION_ID (a,b)", 300, false, false, GOOD, false,
     &adv_subscribe_retry},
    {"MQTT_No_Ack_PingResp", "MQTT", "disconnects when PINGRESP does not come", "", 300, false,
     false, GOOD, false, &adv_no_pingresp},
    {"MQTT_Persistent_Session_Happy_Case", "MQTT", "takes up its session without subscribing again",
     "TRIGGER_TOPIC, PAYLOAD", 300, false, false, GOOD, true, &adv_session_happy},
    {"MQTT_Expired_Persistent_Session", "MQTT", "subscribes again when its session is gone",
     "TRIGGER_TOPIC", 300, false, false, GOOD, true, &adv_session_expired},
    {"Shadow_Publish_Reported_State", "Shadow", "publishes its state after it connects",
     "SHADOW_NAME, REPORTED_STATE", 300, false, false, GOOD, false, &adv_shadow_publish},
    {"Shadow_Update_Reported_State", "Shadow", "takes over a desired state and reports it",
     "SHADOW_NAME, DESIRED_STATE", 300, false, false, GOOD, false, &adv_shadow_update},
    {"Job_Execution", "Jobs", "takes a job and says that it succeeded", "JOB_DOCUMENT, JOB_JOBID",
     300, false, false, GOOD, false, &adv_job_execution},
    {"Security_Device_Policies", "Security", "has policies without wildcards", "", 60, false, false,
     GOOD, false, &adv_policies},
    {"MQTT_Long_Duration", "LongDuration",
     "all of it for hours: reconnects, large messages, a long disconnect",
     "LONG_SERVER_DISCONNECT (s, 1800)", 4 * 60 * MINUTE, false, true, GOOD, true, &adv_long},
};

const lp_advisor_case_t *lp_advisor_cases(size_t *count)
{
    *count = sizeof cases / sizeof cases[0];
    return cases;
}

const lp_advisor_case_t *lp_advisor_case_find(const char *id)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (strcasecmp(cases[i].id, id) == 0) {
            return &cases[i];
        }
    }
    return NULL;
}
