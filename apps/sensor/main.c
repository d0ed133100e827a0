// SPDX-License-Identifier: Apache-2.0
// The sensor application: what its board has to say, every telemetry.interval_s.
#include "limpet/app.h"
#include "telemetry.h"

void lp_app_main(lp_app_t *app)
{
    static telemetry_t telemetry;
    if (app->cloud == NULL) {
        return;
    }
    telemetry = (telemetry_t){.loop = app->loop,
                              .config = app->config,
                              .counters = app->counters,
                              .chip = app->chip,
                              .cloud = app->cloud};
    telemetry_start(&telemetry);
}
