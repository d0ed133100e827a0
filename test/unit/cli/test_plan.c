// SPDX-License-Identifier: Apache-2.0
// The planner, case by case: what is there, and what is to be done about it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan.h"
#include "text.h"

#define KEY_HEX                                                                                    \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"                             \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define CERT_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char trust[] = "-----ROOT-----\n";

// A board that is set up and connected: nothing to do.
static lp_setup_state_t perfect(void)
{
    lp_setup_state_t s = {.wish = {.use_slot = -1}};
    lp_setup_board_t *b = &s.board;
    b->chip = (lp_setup_chip_t){.is_present = true,
                                .count = 1,
                                .addr = 0x60,
                                .is_config_locked = true,
                                .is_data_locked = true,
                                .plan = LP_CHIP_PLAN_MATCH};
    SET_TEXT(b->id, "lp-1");
    SET_TEXT(b->chip.part, "ATECC508A");
    SET_TEXT(b->chip.serial, "0123aabbccddeeffee");
    SET_TEXT(b->chip.variant, "limpet");
    b->identity = (lp_setup_identity_t){.source = LP_KEY_CHIP, .exists = true, .is_match = true};
    SET_TEXT(b->identity.key, "atca:0");
    SET_TEXT(b->identity.public_key, KEY_HEX);
    SET_TEXT(b->identity.cert_id, CERT_ID);
    b->config = (lp_setup_config_t){.enable = true, .has_cert = true, .trust_ca = trust};
    SET_TEXT(b->config.server, "host:8883");
    SET_TEXT(b->config.client_id, "lp-1");
    SET_TEXT(b->config.thing, "lp-1");
    SET_TEXT(b->config.key, "atca:0");
    SET_TEXT(b->status.state, "connected");
    SET_TEXT(b->status.cert_id, CERT_ID);
    lp_setup_cloud_t *c = &s.cloud;
    SET_TEXT(c->server, "host:8883");
    c->cert_state = LP_CERT_ACTIVE;
    SET_TEXT(c->cert.id, CERT_ID);
    c->has_thing = c->is_policy_attached = c->is_thing_attached = c->is_proven = true;
    c->policy = LP_POLICY_SAME;
    SET_TEXT(s.wish.thing, "lp-1");
    SET_TEXT(s.wish.policy, "limpet-device");
    SET_TEXT(s.wish.trust_ca, trust);
    return s;
}

// Factory-new chip, empty board, empty cloud.
static lp_setup_state_t bare(void)
{
    lp_setup_state_t s = perfect();
    s.board.chip.is_config_locked = s.board.chip.is_data_locked = false;
    s.board.chip.plan = LP_CHIP_PLAN_OPEN;
    SET_TEXT(s.board.chip.variant, "blank");
    s.board.identity = (lp_setup_identity_t){.source = LP_KEY_NONE};
    SET_TEXT(s.board.identity.key, "atca:0");
    s.board.config = (lp_setup_config_t){.trust_ca = trust};
    SET_TEXT(s.board.config.key, "atca:0");
    s.board.status = (lp_setup_status_t){.state = "off"};
    s.cloud = (lp_setup_cloud_t){.policy = LP_POLICY_MISSING};
    SET_TEXT(s.cloud.server, "host:8883");
    return s;
}

static lp_plan_t plan_of(const lp_setup_state_t *s)
{
    lp_plan_t plan;
    lp_fault_t f = {.exit = LP_EXIT_OK};
    assert_int_equal(lp_plan_make(s, &plan, &f), LP_EXIT_OK);
    return plan;
}

static void expect(const lp_setup_state_t *s, unsigned actions)
{
    lp_plan_t plan = plan_of(s);
    if (plan.actions != actions) {
        print_message("got %#x, expected %#x\n", plan.actions, actions);
    }
    assert_int_equal(plan.actions, actions);
}

static void expect_fault(const lp_setup_state_t *s, lp_exit_t exit, const char *code)
{
    lp_plan_t plan = {.actions = 12345};
    lp_fault_t f = {.exit = LP_EXIT_OK};
    assert_int_equal(lp_plan_make(s, &plan, &f), exit);
    assert_string_equal(f.code, code);
    assert_true(f.next[0] != '\0');
    assert_int_equal(plan.actions, 12345); // untouched
}

enum {
    CLOUD_FROM_NOTHING =
        LP_DO_CERT_CREATE | LP_DO_THING | LP_DO_POLICY | LP_DO_ATTACH_POLICY | LP_DO_ATTACH_THING,
};

static void plan_perfect_board_needs_nothing(void **state)
{
    (void)state;
    lp_setup_state_t s = perfect();
    expect(&s, 0);
    assert_int_equal(plan_of(&s).n_lines, 0);
}

static void plan_bare_board_needs_everything_in_order(void **state)
{
    (void)state;
    lp_setup_state_t s = bare();
    expect(&s, LP_DO_CHIP_PLAN | LP_DO_LOCK | LP_DO_KEY | CLOUD_FROM_NOTHING | LP_DO_CONNECT);
    lp_plan_t plan = plan_of(&s);
    assert_int_equal(plan.n_lines, 5);
    assert_true(plan.is_irreversible);
    assert_int_equal(lp_plan_number(&plan, LP_DO_CHIP_PLAN), 1);
    assert_int_equal(lp_plan_number(&plan, LP_DO_LOCK_DATA), 2);
    assert_string_equal(plan.lines[1].note, "cannot be undone");
    assert_int_equal(lp_plan_number(&plan, LP_DO_KEY), 3);
    assert_int_equal(lp_plan_number(&plan, LP_DO_ATTACH_THING), 4);
    assert_int_equal(lp_plan_number(&plan, LP_DO_PROVE), 5);
}

static void plan_bus_key_comes_after_the_lock_and_asks(void **state)
{
    (void)state;
    lp_setup_state_t s = bare();
    s.board.chip.can_bind = true;
    lp_plan_t plan = plan_of(&s);
    assert_int_equal(plan.n_lines, 6);
    assert_int_equal(lp_plan_number(&plan, LP_DO_BIND), 3);
    assert_string_equal(plan.lines[2].note, "cannot be undone");
    assert_int_equal(lp_plan_number(&plan, LP_DO_KEY), 4);
    s.wish.is_bus_clear = true;
    assert_int_equal(plan_of(&s).actions & LP_DO_BIND, 0);
    // A board that was set up before there was a bus key.
    s = perfect();
    s.board.chip.can_bind = true;
    expect(&s, LP_DO_BIND | LP_DO_PROVE);
    assert_true(plan_of(&s).is_irreversible);
    // Not with somebody else's configuration.
    s.wish.use_slot = 3;
    SET_TEXT(s.board.identity.key, "atca:3");
    SET_TEXT(s.board.config.key, "atca:3");
    assert_int_equal(plan_of(&s).actions & LP_DO_BIND, 0);
}

static void plan_broken_bus_is_said(void **state)
{
    (void)state;
    lp_setup_state_t s = perfect();
    SET_TEXT(s.board.chip.seal, "broken");
    lp_plan_t plan = plan_of(&s);
    assert_int_equal(plan.actions, 0);
    assert_int_equal(plan.n_warnings, 1);
    assert_non_null(strstr(plan.warnings[0], "bus key"));
    s.board.chip.can_bind = true; // a new chip
    assert_int_equal(plan_of(&s).n_warnings, 0);
}

static void plan_written_but_unlocked_chip_is_written_again(void **state)
{
    (void)state;
    lp_setup_state_t s = bare();
    s.board.chip.plan = LP_CHIP_PLAN_MATCH;
    assert_true((plan_of(&s).actions & LP_DO_CHIP_PLAN) != 0);
}

static void plan_half_locked_chip_is_locked_only(void **state)
{
    (void)state;
    lp_setup_state_t s = bare();
    s.board.chip.plan = LP_CHIP_PLAN_MATCH;
    s.board.chip.is_config_locked = true;
    lp_plan_t plan = plan_of(&s);
    assert_int_equal(plan.actions & (LP_DO_CHIP_PLAN | LP_DO_LOCK), LP_DO_LOCK_DATA);
    assert_true(plan.is_irreversible);
}

static void plan_existing_key_is_kept(void **state)
{
    (void)state;
    lp_setup_state_t s = perfect();
    s.board.identity.cert_id[0] = '\0';
    s.board.identity.is_match = false;
    s.cloud.cert_state = LP_CERT_NONE;
    s.cloud.cert.id[0] = '\0';
    expect(&s, LP_DO_CERT_CREATE | LP_DO_ATTACH_POLICY | LP_DO_ATTACH_THING | LP_DO_CONNECT);
}

static void plan_certificate_of_an_earlier_run_is_taken_up(void **state)
{
    (void)state;
    lp_setup_state_t s = perfect();
    s.board.identity.cert_id[0] = '\0';
    s.board.identity.is_match = false;
    s.board.config.enable = false;
    s.board.status = (lp_setup_status_t){.state = "off"};
    expect(&s, LP_DO_CONNECT);
}

static void plan_each_cloud_defect_is_repaired_alone(void **state)
{
    (void)state;
    lp_setup_state_t s = perfect();
    s.cloud.cert_state = LP_CERT_INACTIVE;
    expect(&s, LP_DO_CERT_ACTIVATE | LP_DO_PROVE);
    s = perfect();
    s.cloud.is_policy_attached = false;
    expect(&s, LP_DO_ATTACH_POLICY | LP_DO_PROVE);
    s = perfect();
    s.cloud.is_thing_attached = false;
    expect(&s, LP_DO_ATTACH_THING | LP_DO_PROVE);
    s = perfect();
    s.cloud.has_thing = s.cloud.is_thing_attached = false;
    expect(&s, LP_DO_THING | LP_DO_ATTACH_THING | LP_DO_PROVE);
    s = perfect();
    s.cloud.policy = LP_POLICY_MISSING;
    s.cloud.is_policy_attached = false;
    expect(&s, LP_DO_POLICY | LP_DO_ATTACH_POLICY | LP_DO_PROVE);
    s = perfect();
    s.cloud.is_proven = false;
    expect(&s, LP_DO_PROVE);
    assert_string_equal(plan_of(&s).lines[0].text, "prove the connection with a message");
}

static void plan_each_setting_that_differs_is_configured(void **state)
{
    (void)state;
    for (int i = 0; i < 7; i++) {
        lp_setup_state_t s = perfect();
        char other[] = "other";
        switch (i) {
        case 0:
            s.board.config.enable = false;
            break;
        case 1:
            SET_TEXT(s.board.config.server, "old:8883");
            break;
        case 2:
            SET_TEXT(s.board.config.client_id, "x");
            break;
        case 3:
            SET_TEXT(s.board.config.thing, "x");
            break;
        case 4:
            SET_TEXT(s.board.config.key, "atca:3");
            break;
        case 5:
            s.board.config.trust_ca = other;
            break;
        default:
            SET_TEXT(s.board.identity.cert_id, "");
            break;
        }
        expect(&s, LP_DO_CONNECT);
    }
}

static void plan_unconnected_board_is_restarted_and_proven(void **state)
{
    (void)state;
    lp_setup_state_t s = perfect();
    SET_TEXT(s.board.status.state, "backoff");
    expect(&s, LP_DO_PROVE);
    s = perfect();
    s.board.status.cert_id[0] = 'f';
    expect(&s, LP_DO_PROVE);
}

static void plan_settings_of_this_start_alone_are_saved(void **state)
{
    (void)state;
    lp_setup_state_t s = perfect();
    SET_TEXT(s.board.settings, "saved");
    expect(&s, 0);
    SET_TEXT(s.board.settings, "trial"); // of a rotation that was stopped
    expect(&s, LP_DO_CONNECT);
    SET_TEXT(s.board.settings, "set");
    expect(&s, LP_DO_CONNECT);
    assert_non_null(strstr(plan_of(&s).warnings[0], "until it restarts"));
    SET_TEXT(s.board.settings, ""); // a board that does not say
    expect(&s, 0);
}

static void plan_changed_chip_gets_a_new_certificate_and_a_warning(void **state)
{
    (void)state;
    lp_setup_state_t s = perfect();
    s.board.identity.is_match = false;
    s.cloud.cert_state = LP_CERT_NONE;
    s.cloud.n_other_certs = 1;
    lp_plan_t plan = plan_of(&s);
    assert_true((plan.actions & LP_DO_CERT_CREATE) != 0);
    assert_int_equal(plan.n_warnings, 2);
}

static void plan_without_chip_makes_a_software_key_with_a_warning(void **state)
{
    (void)state;
    lp_setup_state_t s = bare();
    s.board.chip = (lp_setup_chip_t){.is_present = false};
    lp_plan_t plan = plan_of(&s);
    assert_int_equal(plan.actions, LP_DO_KEY | CLOUD_FROM_NOTHING | LP_DO_CONNECT);
    assert_int_equal(plan.n_warnings, 1);
    assert_non_null(strstr(plan.warnings[0], "software key"));
    assert_false(plan.is_irreversible);
    s.wish.is_chip_required = true;
    expect_fault(&s, LP_EXIT_CHIP, "chip-no-ack");
}

// A loose wire must not turn a secure board into an insecure one, not even with --yes.
static void plan_bus_without_an_answer_needs_the_software_key_by_name(void **state)
{
    (void)state;
    lp_setup_state_t s = bare();
    s.board.chip = (lp_setup_chip_t){.is_present = false, .bus = "i2c0"};
    expect_fault(&s, LP_EXIT_CHIP, "chip-no-ack");
    s.wish.is_software_key_wanted = true;
    lp_plan_t plan = plan_of(&s);
    assert_int_equal(plan.n_warnings, 1);
    s.wish.is_chip_required = true;
    expect_fault(&s, LP_EXIT_CHIP, "chip-no-ack");
}

static void plan_chip_that_vanished_is_never_replaced_by_software(void **state)
{
    (void)state;
    lp_setup_state_t s = perfect();
    s.board.chip = (lp_setup_chip_t){.is_present = false};
    expect_fault(&s, LP_EXIT_CHIP, "chip-missing");
}

static void plan_chips_that_cannot_be_used_are_refused(void **state)
{
    (void)state;
    lp_setup_state_t s = perfect();
    s.board.chip.plan = LP_CHIP_PLAN_DIFFERS;
    expect_fault(&s, LP_EXIT_CHIP, "chip-foreign");
    s = bare();
    s.board.chip = (lp_setup_chip_t){.lines = "SDA low"};
    expect_fault(&s, LP_EXIT_CHIP, "chip-bus-stuck");
}

static void plan_named_slot_of_a_foreign_chip_is_used(void **state)
{
    (void)state;
    lp_setup_state_t s = perfect();
    s.board.chip.plan = LP_CHIP_PLAN_DIFFERS;
    s.wish.use_slot = 2;
    SET_TEXT(s.board.identity.key, "atca:2");
    SET_TEXT(s.board.config.key, "atca:2");
    expect(&s, 0);
    s.board.identity.exists = false;
    expect_fault(&s, LP_EXIT_CHIP, "slot-no-key");
    s.board.chip.is_data_locked = false;
    expect_fault(&s, LP_EXIT_CHIP, "chip-open");
}

static void plan_revoked_or_pending_certificate_needs_a_decision(void **state)
{
    (void)state;
    lp_setup_state_t s = perfect();
    s.cloud.cert_state = LP_CERT_REVOKED;
    expect_fault(&s, LP_EXIT_CONFLICT, "certificate-revoked");
    s.wish.is_new_certificate = true;
    assert_true((plan_of(&s).actions & LP_DO_CERT_CREATE) != 0);
    s = perfect();
    s.cloud.cert_state = LP_CERT_OTHER;
    expect_fault(&s, LP_EXIT_CONFLICT, "certificate-state");
}

static void plan_policy_of_somebody_else_is_left_alone_unless_named(void **state)
{
    (void)state;
    lp_setup_state_t s = perfect();
    s.cloud.policy = LP_POLICY_OTHER;
    expect_fault(&s, LP_EXIT_CONFLICT, "policy-differs");
    s.wish.is_policy_named = true;
    expect(&s, 0);
}

// Whatever combination is seen: a lock is planned only for an open zone, after a write where the
// configuration is open; a plan that changes anything ends with a proof; the words are there for
// each action.
static void plan_every_combination_keeps_the_rules(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 1u << 12; bits++) {
        lp_setup_state_t s = perfect();
        lp_plan_t plan = {.actions = 0};
        lp_fault_t f;
        s.board.chip.is_config_locked = (bits & 1u) != 0;
        s.board.chip.is_data_locked = (bits & 2u) != 0;
        s.board.chip.plan = (lp_chip_plan_t)(bits >> 2 & 1u);
        s.board.identity.exists = (bits & 8u) != 0;
        s.cloud.cert_state = (lp_cert_state_t)((bits >> 4 & 3u) % 3u);
        s.cloud.has_thing = (bits & 64u) != 0;
        s.cloud.policy = (bits & 128u) != 0 ? LP_POLICY_SAME : LP_POLICY_MISSING;
        s.cloud.is_policy_attached = (bits & 256u) != 0;
        s.cloud.is_thing_attached = (bits & 512u) != 0;
        s.board.config.enable = (bits & 1024u) != 0;
        SET_TEXT(s.board.status.state, (bits & 2048u) != 0 ? "connected" : "backoff");
        assert_int_equal(lp_plan_make(&s, &plan, &f), LP_EXIT_OK);
        bool locks_config = (plan.actions & LP_DO_LOCK_CONFIG) != 0;
        assert_int_equal(locks_config, !s.board.chip.is_config_locked);
        assert_int_equal((plan.actions & LP_DO_CHIP_PLAN) != 0, locks_config);
        assert_int_equal((plan.actions & LP_DO_LOCK_DATA) != 0, !s.board.chip.is_data_locked);
        assert_int_equal(plan.is_irreversible, (plan.actions & LP_DO_LOCK) != 0);
        assert_int_equal((plan.actions & LP_DO_KEY) != 0, !s.board.identity.exists);
        assert_true(plan.actions == 0 || (plan.actions & LP_DO_PROVE) != 0);
        for (unsigned bit = 0; bit < 12; bit++) {
            bool is_planned = (plan.actions & 1u << bit) != 0;
            assert_int_equal(lp_plan_number(&plan, 1u << bit) != 0, is_planned);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_perfect_board_needs_nothing),
        cmocka_unit_test(plan_bare_board_needs_everything_in_order),
        cmocka_unit_test(plan_bus_key_comes_after_the_lock_and_asks),
        cmocka_unit_test(plan_broken_bus_is_said),
        cmocka_unit_test(plan_written_but_unlocked_chip_is_written_again),
        cmocka_unit_test(plan_half_locked_chip_is_locked_only),
        cmocka_unit_test(plan_existing_key_is_kept),
        cmocka_unit_test(plan_certificate_of_an_earlier_run_is_taken_up),
        cmocka_unit_test(plan_each_cloud_defect_is_repaired_alone),
        cmocka_unit_test(plan_each_setting_that_differs_is_configured),
        cmocka_unit_test(plan_unconnected_board_is_restarted_and_proven),
        cmocka_unit_test(plan_settings_of_this_start_alone_are_saved),
        cmocka_unit_test(plan_changed_chip_gets_a_new_certificate_and_a_warning),
        cmocka_unit_test(plan_without_chip_makes_a_software_key_with_a_warning),
        cmocka_unit_test(plan_bus_without_an_answer_needs_the_software_key_by_name),
        cmocka_unit_test(plan_chip_that_vanished_is_never_replaced_by_software),
        cmocka_unit_test(plan_chips_that_cannot_be_used_are_refused),
        cmocka_unit_test(plan_named_slot_of_a_foreign_chip_is_used),
        cmocka_unit_test(plan_revoked_or_pending_certificate_needs_a_decision),
        cmocka_unit_test(plan_policy_of_somebody_else_is_left_alone_unless_named),
        cmocka_unit_test(plan_every_combination_keeps_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
