// SPDX-License-Identifier: Apache-2.0
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lp_setup_key_id(const lp_setup_chip_t *chip, const lp_setup_wish_t *wish, char *out,
                     unsigned long cap)
{
    if (wish->use_slot < 0 && wish->key[0] != '\0') {
        snprintf(out, cap, "%s", wish->key);
    } else if (chip->is_present) {
        snprintf(out, cap, "atca:%ld", wish->use_slot >= 0 ? wish->use_slot : 0);
    } else {
        snprintf(out, cap, "file:key.pem");
    }
}

// A chip with somebody else's configuration that was set up with --use-slot: the slot in use.
static long foreign_slot(const lp_setup_board_t *b)
{
    const lp_setup_chip_t *c = &b->chip;
    bool is_foreign = c->is_present && c->is_config_locked && c->is_data_locked &&
                      c->plan == LP_CHIP_PLAN_DIFFERS && strncmp(c->variant, "trust", 5) != 0;
    const char *slot = b->config.key + strlen("atca:");
    bool is_slot = strncmp(b->config.key, "atca:", 5) == 0 && slot[0] >= '0' && slot[0] <= '9';
    return is_foreign && b->config.has_cert && is_slot ? strtol(slot, NULL, 10) : -1;
}

// A board that was rotated lives with another key than the one it was set up with.
void lp_setup_keep_key(const lp_setup_board_t *b, lp_setup_wish_t *wish)
{
    const char *key = b->config.key;
    bool is_in_chip = strcmp(key, "atca:0") == 0 || strcmp(key, "atca:1") == 0;
    bool is_usable = b->chip.is_present ? is_in_chip && b->chip.plan == LP_CHIP_PLAN_MATCH
                                        : strncmp(key, "file:", 5) == 0;
    if (wish->use_slot < 0) {
        wish->use_slot = foreign_slot(b);
    }
    if (wish->key[0] == '\0' && b->config.has_cert && is_usable) {
        snprintf(wish->key, sizeof wish->key, "%s", key);
    }
}

static void warn(lp_plan_t *plan, const char *text)
{
    if (plan->n_warnings < (int)(sizeof plan->warnings / sizeof plan->warnings[0])) {
        snprintf(plan->warnings[plan->n_warnings++], sizeof plan->warnings[0], "%s", text);
    }
}

// A board that has an I2C bus was made for a chip: that nothing answers is a fault until somebody
// says that there is none. A board without a bus, or one that lives with a software key already, is
// as it is meant to be.
static bool may_use_software_key(const lp_setup_state_t *s)
{
    const lp_setup_board_t *b = &s->board;
    bool has_bus = b->chip.bus[0] != '\0' && strcmp(b->chip.bus, "none") != 0;
    bool lives_with_it = strncmp(b->config.key, "file:", 5) == 0 && b->config.has_cert;
    return !s->wish.is_chip_required && s->wish.use_slot < 0 &&
           (!has_bus || lives_with_it || s->wish.is_software_key_wanted);
}

static lp_exit_t plan_without_chip(const lp_setup_state_t *s, lp_plan_t *plan, lp_fault_t *f)
{
    const lp_setup_board_t *b = &s->board;
    bool was_in_chip = strncmp(b->config.key, "atca:", 5) == 0 && b->config.has_cert;
    if (strstr(b->chip.lines, "low") != NULL) {
        lp_fault_set(f, LP_EXIT_CHIP, "chip-bus-stuck", "the I2C bus is stuck");
        lp_fault_why(f, "bus %s: %s", b->chip.bus, b->chip.lines);
        lp_fault_next(f, "check the two wires and their pull-up resistors (4.7 kOhm to 3.3 V)");
        return f->exit;
    }
    if (was_in_chip || !may_use_software_key(s)) {
        lp_fault_set(f, LP_EXIT_CHIP, was_in_chip ? "chip-missing" : "chip-no-ack",
                     was_in_chip ? "this board was set up with a chip, and no chip answers"
                                 : "nothing answers on the I2C bus");
        lp_fault_why(f, "tried %s on bus %s%s%s", b->chip.tried, b->chip.bus,
                     b->chip.lines[0] != '\0' ? "; " : "", b->chip.lines);
        lp_fault_next(f,
                      "check power and the two wires; on ATCRYPTOAUTH-XPRO set the switch to I2C; "
                      "then run the same command again%s",
                      was_in_chip || s->wish.is_chip_required
                          ? ""
                          : ", or with --software-key if the board has no chip");
        return f->exit;
    }
    warn(plan, "no crypto chip found: this makes a software key, kept in the board's flash, where "
               "anybody with the board in hand can copy it");
    return LP_EXIT_OK;
}

static lp_exit_t fail_foreign(const lp_setup_chip_t *chip, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_CHIP, "chip-foreign",
                 "the chip is locked with a configuration that is not Limpet's");
    lp_fault_why(f, "%s", chip->differences);
    lp_fault_next(f, "a locked chip cannot be changed: use a new one, or, if a slot holds a P-256 "
                     "key that may sign, --use-slot N");
    return f->exit;
}

bool lp_setup_has_own_cert(const lp_setup_state_t *s)
{
    const lp_setup_chip_t *c = &s->board.chip;
    bool is_trust = strcmp(c->variant, "trustngo") == 0 || strcmp(c->variant, "trustflex") == 0;
    return c->is_present && is_trust && c->is_config_locked && c->is_data_locked &&
           s->wish.use_slot < 0;
}

static lp_exit_t plan_chip(const lp_setup_state_t *s, lp_plan_t *plan, lp_fault_t *f)
{
    const lp_setup_chip_t *chip = &s->board.chip;
    if (!chip->is_present) {
        return plan_without_chip(s, plan, f);
    }
    if (s->wish.use_slot >= 0) {
        if (chip->is_config_locked && chip->is_data_locked) {
            return LP_EXIT_OK;
        }
        lp_fault_set(f, LP_EXIT_CHIP, "chip-open",
                     "--use-slot is for a chip that is locked already");
        lp_fault_next(f, "run the same command without --use-slot: it configures the chip");
        return f->exit;
    }
    if (lp_setup_has_own_cert(s)) {
        return LP_EXIT_OK;
    }
    if (chip->plan == LP_CHIP_PLAN_DIFFERS) {
        return fail_foreign(chip, f);
    }
    if (!chip->is_config_locked) {
        // Also when the plan is in it already: the lock needs the CRC of a fresh read-back.
        plan->actions |= LP_DO_CHIP_PLAN | LP_DO_LOCK_CONFIG;
    }
    if (!chip->is_data_locked) {
        plan->actions |= LP_DO_LOCK_DATA;
    }
    if (chip->can_bind && !s->wish.is_bus_clear) {
        plan->actions |= LP_DO_BIND;
    }
    plan->is_irreversible = (plan->actions & (LP_DO_LOCK | LP_DO_BIND)) != 0;
    return LP_EXIT_OK;
}

static bool has_key(const lp_setup_state_t *s, const char *key_id)
{
    const lp_setup_identity_t *i = &s->board.identity;
    return i->exists && strcmp(i->key, key_id) == 0 && i->public_key[0] != '\0';
}

static lp_exit_t fail_cert(const lp_setup_state_t *s, lp_fault_t *f)
{
    bool is_revoked = s->cloud.cert_state == LP_CERT_REVOKED;
    lp_fault_set(f, LP_EXIT_CONFLICT, is_revoked ? "certificate-revoked" : "certificate-state",
                 "the board's certificate is %s in the cloud", s->cloud.cert.status);
    lp_fault_why(f, "certificate %.8s...%s", s->cloud.cert.id, s->cloud.cert.id + 62);
    lp_fault_next(f, is_revoked
                         ? "somebody revoked it, usually for a reason; if the board may come "
                           "back, run the same command with --new-certificate"
                         : "finish or cancel what is under way with it, then run this again");
    return f->exit;
}

static lp_exit_t plan_cert(const lp_setup_state_t *s, lp_plan_t *plan, lp_fault_t *f)
{
    if ((plan->actions & LP_DO_KEY) != 0) {
        plan->actions |= LP_DO_CERT_CREATE;
        return LP_EXIT_OK;
    }
    switch (s->cloud.cert_state) {
    case LP_CERT_ACTIVE:
        break;
    case LP_CERT_NONE:
        plan->actions |= LP_DO_CERT_CREATE;
        break;
    case LP_CERT_INACTIVE:
        plan->actions |= LP_DO_CERT_ACTIVATE;
        break;
    case LP_CERT_REVOKED:
        if (!s->wish.is_new_certificate) {
            return fail_cert(s, f);
        }
        plan->actions |= LP_DO_CERT_CREATE;
        break;
    case LP_CERT_OTHER:
        return fail_cert(s, f);
    }
    return LP_EXIT_OK;
}

// AWS keeps five versions. Which of them nobody needs any more is not for a tool to say.
static lp_exit_t plan_policy_version(const lp_setup_state_t *s, lp_plan_t *plan, lp_fault_t *f)
{
    enum { MAX_VERSIONS = 5 };
    if (s->cloud.n_policy_versions < MAX_VERSIONS) {
        plan->actions |= LP_DO_POLICY_VERSION;
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_CONFLICT, "policy-versions",
                 "policy \"%s\" has %zu versions, and AWS keeps no more", s->wish.policy,
                 s->cloud.n_policy_versions);
    lp_fault_why(f, "the oldest that is not in force is version %s; nothing is deleted for you",
                 s->cloud.oldest_version);
    lp_fault_next(f,
                  "aws iot delete-policy-version --policy-name %s --policy-version-id %s; then run "
                  "the same command again",
                  s->wish.policy, s->cloud.oldest_version);
    return f->exit;
}

static lp_exit_t plan_policy(const lp_setup_state_t *s, lp_plan_t *plan, lp_fault_t *f)
{
    if (s->cloud.policy == LP_POLICY_MISSING) {
        plan->actions |= LP_DO_POLICY;
    }
    if (s->cloud.policy == LP_POLICY_OTHER && s->wish.policy_document != NULL) {
        return plan_policy_version(s, plan, f);
    }
    if (s->cloud.policy == LP_POLICY_OTHER && !s->wish.is_policy_named) {
        lp_fault_set(f, LP_EXIT_CONFLICT, "policy-differs",
                     "there is a policy \"%s\" in the cloud, and it is not Limpet's",
                     s->wish.policy);
        lp_fault_why(f, "other devices may depend on it, so it is left alone");
        lp_fault_next(
            f, "to use it as it is: --policy-name %s; for a new one: --policy-name ANOTHER-NAME",
            s->wish.policy);
        return f->exit;
    }
    return LP_EXIT_OK;
}

static lp_exit_t plan_cloud(const lp_setup_state_t *s, lp_plan_t *plan, lp_fault_t *f)
{
    lp_exit_t rc = plan_cert(s, plan, f);
    if (rc == LP_EXIT_OK) {
        rc = plan_policy(s, plan, f);
    }
    bool is_new = (plan->actions & LP_DO_CERT_CREATE) != 0;
    if (!s->cloud.has_thing) {
        plan->actions |= LP_DO_THING;
    }
    if (is_new || !s->cloud.is_policy_attached) {
        plan->actions |= LP_DO_ATTACH_POLICY;
    }
    if (is_new || !s->cloud.has_thing || !s->cloud.is_thing_attached) {
        plan->actions |= LP_DO_ATTACH_THING;
    }
    return rc;
}

bool lp_setup_is_configured(const lp_setup_state_t *s)
{
    const lp_setup_config_t *c = &s->board.config;
    char key_id[40];
    lp_setup_key_id(&s->board.chip, &s->wish, key_id, sizeof key_id);
    return c->enable && strcmp(c->server, s->cloud.server) == 0 &&
           strcmp(c->client_id, s->wish.thing) == 0 && strcmp(c->thing, s->wish.thing) == 0 &&
           strcmp(c->key, key_id) == 0 && c->trust_ca != NULL &&
           strcmp(c->trust_ca, s->wish.trust_ca) == 0 &&
           strcmp(s->board.identity.cert_id, s->cloud.cert.id) == 0 && s->board.identity.is_match;
}

bool lp_setup_is_connected(const lp_setup_state_t *s)
{
    return strcmp(s->board.status.state, "connected") == 0 && s->cloud.cert.id[0] != '\0' &&
           strcmp(s->board.status.cert_id, s->cloud.cert.id) == 0;
}

// Settings that a run had only set before it died look like the board's own, and the board may even
// have connected with them; so do those of a trial. A restart has other ones.
static bool is_unsaved(const lp_setup_state_t *s)
{
    return s->board.settings[0] != '\0' && strcmp(s->board.settings, "saved") != 0;
}

static void plan_connect(const lp_setup_state_t *s, lp_plan_t *plan)
{
    bool is_new = (plan->actions & LP_DO_CERT_CREATE) != 0;
    if (is_new || !lp_setup_is_configured(s) || is_unsaved(s)) {
        plan->actions |= LP_DO_CONFIG;
    }
    bool is_connected = lp_setup_is_connected(s);
    if (plan->actions != 0 || !is_connected || !s->cloud.is_proven) {
        plan->actions |= LP_DO_PROVE;
    }
}

static void add_warnings(const lp_setup_state_t *s, lp_plan_t *plan)
{
    if (s->board.identity.cert_id[0] != '\0' && !s->board.identity.is_match) {
        warn(plan, "the certificate on the board is for another key: was the chip changed? It is "
                   "replaced; the old one stays in the cloud");
    }
    if (is_unsaved(s)) {
        warn(plan, "the board has settings that count until it restarts; they are saved");
    }
    if (strcmp(s->board.chip.seal, "broken") == 0 && (plan->actions & LP_DO_BIND) == 0) {
        warn(plan, "board and chip do not share the bus key that one of them has: was the chip on "
                   "another board, or the flash erased? Keys are exchanged in software");
    }
    if (s->wish.is_policy_named && s->cloud.policy_wildcard[0] != '\0') {
        char text[sizeof plan->warnings[0]];
        snprintf(text, sizeof text,
                 "policy \"%.60s\" allows %.80s: every device with it can do what any other can",
                 s->wish.policy, s->cloud.policy_wildcard);
        warn(plan, text);
    }
    if ((plan->actions & LP_DO_POLICY_VERSION) != 0) {
        warn(plan, "the new version of the policy counts at once for every device that has it; the "
                   "version before stays, not in force");
    }
    if (s->cloud.n_other_certs > 0 && (plan->actions & LP_DO_ATTACH_THING) != 0) {
        warn(plan, "the thing has another certificate attached already; detach it if it belonged "
                   "to a board or chip that was replaced");
    }
}

// --- words

static lp_plan_line_t *add_line(lp_plan_t *plan, unsigned group, const char *note)
{
    lp_plan_line_t *line = &plan->lines[plan->n_lines++];
    line->group = group;
    snprintf(line->note, sizeof line->note, "%s", note);
    return line;
}

static void say_chip(const lp_setup_state_t *s, lp_plan_t *plan)
{
    unsigned a = plan->actions;
    if ((a & LP_DO_CHIP_PLAN) != 0) {
        snprintf(add_line(plan, LP_DO_CHIP_PLAN, "")->text, sizeof plan->lines[0].text,
                 "write Limpet's slot plan to the chip and verify it");
    }
    if ((a & LP_DO_LOCK) != 0) {
        snprintf(add_line(plan, a & LP_DO_LOCK, "cannot be undone")->text,
                 sizeof plan->lines[0].text, "lock the chip's %s",
                 (a & LP_DO_LOCK) == LP_DO_LOCK ? "configuration and data zones"
                 : (a & LP_DO_LOCK_CONFIG) != 0 ? "configuration"
                                                : "data zone");
    }
    if ((a & LP_DO_BIND) != 0) {
        snprintf(add_line(plan, LP_DO_BIND, "cannot be undone")->text, sizeof plan->lines[0].text,
                 "board and chip agree on a bus key, locked in slot 6");
    }
    if ((a & LP_DO_KEY) == 0) {
        return;
    }
    if (s->board.chip.is_present) {
        long slot = s->wish.use_slot >= 0 ? s->wish.use_slot : 0;
        snprintf(add_line(plan, LP_DO_KEY, "")->text, sizeof plan->lines[0].text,
                 "make a P-256 key in slot %ld; it will never leave the chip", slot);
    } else {
        snprintf(add_line(plan, LP_DO_KEY, "NOT protected by a chip")->text,
                 sizeof plan->lines[0].text, "make a software key in the board's flash");
    }
}

static void append(char *text, size_t cap, const char *more)
{
    size_t n = strlen(text);
    snprintf(text + n, cap - n, "%s%s", n > 0 ? ", " : "", more);
}

static void say_cloud(const lp_setup_state_t *s, lp_plan_t *plan)
{
    unsigned a = plan->actions;
    if ((a & LP_DO_CLOUD) == 0) {
        return;
    }
    lp_plan_line_t *line = add_line(plan, a & LP_DO_CLOUD, "");
    char part[160];
    size_t cap = sizeof line->text;
    line->text[0] = '\0';
    if ((a & LP_DO_CERT_CREATE) != 0) {
        append(line->text, cap,
               lp_setup_has_own_cert(s) ? "register the chip's own certificate" : "certificate");
    }
    if ((a & LP_DO_CERT_ACTIVATE) != 0) {
        append(line->text, cap, "set the certificate ACTIVE again");
    }
    if ((a & LP_DO_THING) != 0) {
        snprintf(part, sizeof part, "thing \"%s\"", s->wish.thing);
        append(line->text, cap, part);
    }
    if ((a & LP_DO_POLICY) != 0) {
        snprintf(part, sizeof part, "policy \"%s\" (%s)", s->wish.policy,
                 s->wish.policy_document != NULL ? "yours" : "least privilege");
        append(line->text, cap, part);
    }
    if ((a & LP_DO_POLICY_VERSION) != 0) {
        snprintf(part, sizeof part, "new version of policy \"%s\"", s->wish.policy);
        append(line->text, cap, part);
    }
    if ((a & LP_DO_ATTACH_POLICY) != 0 && (a & LP_DO_POLICY) == 0) {
        snprintf(part, sizeof part, "attach policy \"%s\"", s->wish.policy);
        append(line->text, cap, part);
    }
    if ((a & LP_DO_ATTACH_THING) != 0 && (a & LP_DO_THING) == 0) {
        snprintf(part, sizeof part, "attach thing \"%s\"", s->wish.thing);
        append(line->text, cap, part);
    }
}

static void say_connect(const lp_setup_state_t *s, lp_plan_t *plan)
{
    unsigned a = plan->actions & LP_DO_CONNECT;
    if (a != 0) {
        snprintf(add_line(plan, a, "")->text, sizeof plan->lines[0].text, "%s",
                 (a & LP_DO_CONFIG) != 0    ? "configure the board, restart it, watch it connect"
                 : lp_setup_is_connected(s) ? "prove the connection with a message"
                                            : "restart the board, watch it connect");
    }
}

lp_exit_t lp_plan_make(const lp_setup_state_t *state, lp_plan_t *plan, lp_fault_t *f)
{
    lp_plan_t made = {.actions = 0};
    char key_id[40];
    lp_setup_key_id(&state->board.chip, &state->wish, key_id, sizeof key_id);
    lp_exit_t rc = plan_chip(state, &made, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (!has_key(state, key_id)) {
        if (state->wish.use_slot >= 0) {
            lp_fault_set(f, LP_EXIT_CHIP, "slot-no-key", "slot %ld holds no key that can be used",
                         state->wish.use_slot);
            lp_fault_next(f, "name the slot with the P-256 key: limpet chip show");
            return f->exit;
        }
        made.actions |= LP_DO_KEY;
    }
    rc = plan_cloud(state, &made, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    plan_connect(state, &made);
    add_warnings(state, &made);
    say_chip(state, &made);
    say_cloud(state, &made);
    say_connect(state, &made);
    *plan = made;
    return LP_EXIT_OK;
}

int lp_plan_number(const lp_plan_t *plan, unsigned action)
{
    for (int i = 0; i < plan->n_lines; i++) {
        if ((plan->lines[i].group & action) != 0) {
            return i + 1;
        }
    }
    return 0;
}
