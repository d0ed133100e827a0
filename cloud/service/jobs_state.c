// SPDX-License-Identifier: Apache-2.0
// The states of an execution.
//
//   QUEUED --progress--> IN_PROGRESS --succeed|fail|reject--> SUCCEEDED | FAILED | REJECTED
//     |  \---succeed|fail|reject (a device may skip IN_PROGRESS)---^
//     |                  IN_PROGRESS --timeout--> TIMED_OUT
//     |--cancel, cancel by force (from IN_PROGRESS by force only)--> CANCELED
//     |--remove (from both)--> REMOVED
//   FAILED | TIMED_OUT --retry--> QUEUED, as a new execution
#include <string.h>

#include "limpet/jobs.h"

static const char *const names[] = {
#define LP_JOB_STATE_NAME(name) #name,
    LP_JOB_STATE_LIST(LP_JOB_STATE_NAME)
#undef LP_JOB_STATE_NAME
};

const char *lp_job_state_name(lp_job_state_t state)
{
    return names[state];
}

bool lp_job_state_of(const char *name, lp_job_state_t *state)
{
    for (int i = 0; name != NULL && i < LP_JOB_STATES; i++) {
        if (strcmp(name, names[i]) == 0) {
            *state = (lp_job_state_t)i;
            return true;
        }
    }
    return false;
}

// Where an event leads while an execution is pending.
static lp_job_state_t outcome(lp_job_event_t event, lp_job_state_t from)
{
    switch (event) {
    case LP_JOB_EV_PROGRESS:
        return LP_JOB_IN_PROGRESS;
    case LP_JOB_EV_SUCCEED:
        return LP_JOB_SUCCEEDED;
    case LP_JOB_EV_FAIL:
        return LP_JOB_FAILED;
    case LP_JOB_EV_REJECT:
        return LP_JOB_REJECTED;
    case LP_JOB_EV_TIMEOUT:
        return from == LP_JOB_IN_PROGRESS ? LP_JOB_TIMED_OUT : LP_JOB_STATES;
    case LP_JOB_EV_CANCEL:
        return from == LP_JOB_QUEUED ? LP_JOB_CANCELED : LP_JOB_STATES;
    case LP_JOB_EV_CANCEL_FORCE:
        return LP_JOB_CANCELED;
    case LP_JOB_EV_REMOVE:
        return LP_JOB_REMOVED;
    case LP_JOB_EV_RETRY:
    case LP_JOB_EVENTS:
        break;
    }
    return LP_JOB_STATES;
}

bool lp_job_step(lp_job_state_t *state, lp_job_event_t event)
{
    lp_job_state_t to = LP_JOB_STATES;
    switch (*state) {
    case LP_JOB_QUEUED:
    case LP_JOB_IN_PROGRESS:
        to = outcome(event, *state);
        break;
    case LP_JOB_FAILED:
    case LP_JOB_TIMED_OUT:
        to = event == LP_JOB_EV_RETRY ? LP_JOB_QUEUED : LP_JOB_STATES;
        break;
    case LP_JOB_SUCCEEDED:
    case LP_JOB_REJECTED:
    case LP_JOB_REMOVED:
    case LP_JOB_CANCELED:
    case LP_JOB_STATES:
        break;
    }
    if (to == LP_JOB_STATES) {
        return false;
    }
    *state = to;
    return true;
}
