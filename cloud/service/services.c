// SPDX-License-Identifier: Apache-2.0
// The table of services. A new one is a function and a line here.
#include "limpet/service.h"

#include <string.h>

#include "jobs_serve.h"
#include "limpet/fleet.h"
#include "limpet/shadow.h"
#include "streams_serve.h"

static void send_to_all(void *arg, const char *topic, const char *payload, size_t len)
{
    const lp_service_out_t *out = arg;
    out->send(out->arg, NULL, topic, payload, len);
}

static void serve_shadow(const lp_service_request_t *q, const lp_service_out_t *out)
{
    lp_shadow_names_t names;
    lp_shadow_op_t op;
    lp_shadow_answer_t answer;
    lp_service_out_t to = *out;
    if (!lp_shadow_topic(q->topic, &names, &op)) {
        return;
    }
    const lp_shadow_id_t id = {.thing = names.thing, .name = names.name};
    lp_shadow_request(q->reg, q->scope, &id, op, q->payload, q->payload_len, &answer);
    lp_shadow_publish(&id, op, &answer, send_to_all, &to);
    lp_shadow_answer_free(&answer);
}

static const struct {
    const char *filter;
    lp_service_fn serve;
} services[] = {
    {"$aws/things/+/shadow/#", serve_shadow},          {"$aws/things/+/jobs/#", lp_jobs_serve},
    {"$aws/things/+/streams/#", lp_streams_serve},     {"$aws/certificates/#", lp_fleet_serve},
    {"$aws/provisioning-templates/#", lp_fleet_serve},
};

bool lp_service_topic_fits(const char *filter, const char *topic)
{
    while (*filter != '\0') {
        if (*filter == '#') {
            return true;
        }
        if (*filter == '+') {
            filter++;
            topic += strcspn(topic, "/");
        } else if (*filter++ != *topic++) {
            return false;
        }
    }
    return *topic == '\0';
}

bool lp_service_handle(const lp_service_request_t *request, const lp_service_out_t *out)
{
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        if (lp_service_topic_fits(services[i].filter, request->topic)) {
            services[i].serve(request, out);
            return true;
        }
    }
    return false;
}
