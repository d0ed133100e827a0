// SPDX-License-Identifier: Apache-2.0
// Look, plan, ask, do, prove.
#include "setup.h"

#include <stdlib.h>

#include "json_take.h"
#include "observe.h"
#include "policy_file.h"

enum { SETTLE_MS = 12000, POLL_MS = 300, REOPEN_MS = 4000 };

static void say_board(const lp_setup_board_t *b)
{
    lp_ui_label("Board", "\"%s\" on %s (%s %s, port %s)", b->id, b->where, b->app, b->firmware,
                b->port_name);
}

// "0123 6B1F 9C02 44EE EE"
static void group_serial(char *out, size_t cap, const char *serial)
{
    size_t n = 0;
    for (size_t i = 0; serial[i] != '\0' && n + 2 < cap; i++) {
        if (i > 0 && i % 4 == 0) {
            out[n++] = ' ';
        }
        out[n++] = serial[i] >= 'a' && serial[i] <= 'f' ? (char)(serial[i] - 'a' + 'A') : serial[i];
    }
    out[n] = '\0';
}

static const char *lock_words(const lp_setup_chip_t *c)
{
    if (c->is_config_locked && c->is_data_locked) {
        return "configuration and data locked";
    }
    return c->is_config_locked ? "configuration locked, data open" : "nothing locked";
}

static void say_chip(const lp_setup_chip_t *c)
{
    if (!c->is_present) {
        lp_ui_label("Chip", "none (tried %s on bus %s)", c->tried, c->bus);
        return;
    }
    char serial[40];
    group_serial(serial, sizeof serial, c->serial);
    const char *kind = strcmp(c->variant, "blank") == 0    ? "factory new"
                       : strcmp(c->variant, "limpet") == 0 ? "Limpet's slot plan"
                                                           : c->variant;
    lp_ui_label("Chip", "%s %s at 0x%02X, %s, %s%s%s", c->part, serial, (unsigned)c->addr, kind,
                lock_words(c), c->is_data_locked && c->seal[0] != '\0' ? ", bus " : "",
                c->is_data_locked ? c->seal : "");
}

static void say_cloud(const lp_setup_t *s)
{
    const char *account = s->state.cloud.account;
    size_t n = strlen(account);
    lp_ui_label("Cloud", "%s %s%s%s (credentials: %s)",
                s->aws.is_custom ? s->aws.endpoint_url : "AWS IoT", s->aws.region,
                n > 4 ? ", account ..." : "", n > 4 ? account + n - 4 : "",
                s->aws.credentials.source);
}

static void found_event(const lp_setup_t *s)
{
    const lp_setup_board_t *b = &s->state.board;
    cJSON *e = cJSON_CreateObject();
    cJSON *board = cJSON_AddObjectToObject(e, "board");
    cJSON_AddStringToObject(board, "id", b->id);
    cJSON_AddStringToObject(board, "port", b->where);
    cJSON_AddStringToObject(board, "firmware", b->firmware);
    if (b->chip.is_present) {
        cJSON *chip = cJSON_AddObjectToObject(e, "chip");
        cJSON_AddStringToObject(chip, "part", b->chip.part);
        cJSON_AddStringToObject(chip, "serial", b->chip.serial);
        cJSON_AddStringToObject(chip, "variant", b->chip.variant);
        cJSON_AddBoolToObject(chip, "config_locked", b->chip.is_config_locked);
        cJSON_AddBoolToObject(chip, "data_locked", b->chip.is_data_locked);
        cJSON_AddStringToObject(chip, "bus", b->chip.seal);
    } else {
        cJSON_AddNullToObject(e, "chip");
    }
    cJSON *cloud = cJSON_AddObjectToObject(e, "cloud");
    cJSON_AddStringToObject(cloud, "endpoint", s->aws.endpoint_url);
    cJSON_AddStringToObject(cloud, "region", s->aws.region);
    cJSON_AddStringToObject(cloud, "account", s->state.cloud.account);
    cJSON_AddStringToObject(cloud, "server", s->state.cloud.server);
    lp_ui_event("found", e);
}

static void plan_event(const lp_plan_t *plan)
{
    cJSON *e = cJSON_CreateObject();
    cJSON *steps = cJSON_AddArrayToObject(e, "steps");
    for (int i = 0; i < plan->n_lines; i++) {
        cJSON *step = cJSON_CreateObject();
        cJSON_AddNumberToObject(step, "step", i + 1);
        cJSON_AddStringToObject(step, "text", plan->lines[i].text);
        cJSON_AddStringToObject(step, "note", plan->lines[i].note);
        cJSON_AddItemToArray(steps, step);
    }
    cJSON_AddBoolToObject(e, "irreversible", plan->is_irreversible);
    lp_ui_event("plan", e);
}

void lp_setup_say_plan(const lp_plan_t *plan, bool is_result)
{
    plan_event(plan);
    (is_result ? lp_ui_out : lp_ui_info)("%s", "\nPlan");
    for (int i = 0; i < plan->n_lines; i++) {
        const lp_plan_line_t *line = &plan->lines[i];
        lp_ui_plan_step(i + 1, line->text, line->note[0] != '\0' ? line->note : NULL, is_result);
    }
    for (int i = 0; i < plan->n_warnings; i++) {
        lp_ui_warn("%s", plan->warnings[i]);
    }
}

static void done_event(const lp_setup_t *s, bool is_changed)
{
    const lp_setup_status_t *t = &s->state.board.status;
    cJSON *e = cJSON_CreateObject();
    cJSON_AddBoolToObject(e, "changed", is_changed);
    cJSON_AddStringToObject(e, "board", s->state.board.id);
    cJSON_AddStringToObject(e, "thing", s->state.wish.thing);
    cJSON_AddStringToObject(e, "policy", s->state.wish.policy);
    cJSON_AddStringToObject(e, "certificate_id", s->state.cloud.cert.id);
    cJSON_AddStringToObject(e, "server", s->state.cloud.server);
    cJSON_AddStringToObject(e, "tls", t->version);
    cJSON_AddStringToObject(e, "suite", t->suite);
    cJSON_AddStringToObject(e, "key_source", t->key_source);
    if (s->state.board.chip.is_present) {
        cJSON_AddStringToObject(e, "chip_serial", s->state.board.chip.serial);
    } else {
        cJSON_AddNullToObject(e, "chip_serial");
    }
    cJSON_AddNumberToObject(e, "handshake_ms", t->handshake_ms);
    lp_ui_event("done", e);
}

// --- looking

static bool is_settling(const lp_setup_board_t *b)
{
    return strcmp(b->status.state, "connecting") == 0 || strcmp(b->status.state, "wait-time") == 0;
}

// A board that was just switched on gets a moment to connect before it is called broken.
static lp_exit_t let_settle(lp_setup_t *s, lp_fault_t *f)
{
    uint64_t deadline = lp_ui_now_ms() + SETTLE_MS;
    lp_exit_t rc = LP_EXIT_OK;
    while (rc == LP_EXIT_OK && is_settling(&s->state.board) && !lp_interrupt_seen() &&
           lp_ui_now_ms() < deadline) {
        lp_ui_pause(POLL_MS);
        rc = lp_observe_status(s->board, &s->state.board.status, f);
    }
    return rc;
}

lp_exit_t lp_setup_make_wish(lp_setup_t *s, lp_fault_t *f)
{
    const lp_setup_options_t *o = s->options;
    lp_setup_wish_t *w = &s->state.wish;
    char from_file[sizeof w->policy] = "limpet-device";
    if (o->policy_file != NULL &&
        lp_policy_file_read(o->policy_file, &s->policy_document, f) != LP_EXIT_OK) {
        return f->exit;
    }
    if (o->policy_file != NULL && o->policy == NULL &&
        !lp_policy_file_name(o->policy_file, from_file, sizeof from_file)) {
        return lp_fault_set(f, LP_EXIT_USAGE, "usage",
                            "the file's name is none for a policy: say --policy-name NAME");
    }
    *w = (lp_setup_wish_t){.is_policy_named = o->policy != NULL || o->policy_file != NULL,
                           .policy_document = s->policy_document,
                           .is_chip_required = o->is_chip_required,
                           .is_software_key_wanted = o->is_software_key_wanted,
                           .is_bus_clear = o->is_bus_clear,
                           .is_new_certificate = o->is_new_certificate,
                           .use_slot = o->use_slot};
    snprintf(w->thing, sizeof w->thing, "%s", o->thing != NULL ? o->thing : "");
    snprintf(w->policy, sizeof w->policy, "%s", o->policy != NULL ? o->policy : from_file);
    if ((o->thing != NULL && !lp_iot_is_thing_name(o->thing)) ||
        !lp_iot_is_policy_name(w->policy) || o->use_slot < -1 || o->use_slot > 15) {
        return lp_fault_set(
            f, LP_EXIT_USAGE, "usage",
            "--thing, --policy-name or --use-slot is not a value that AWS IoT or the chip allows");
    }
    return LP_EXIT_OK;
}

// Without --thing: the one the board is already, else its id.
static void name_thing(lp_setup_state_t *s)
{
    const lp_setup_config_t *c = &s->board.config;
    bool has_one = c->has_cert && lp_iot_is_thing_name(c->thing);
    if (s->wish.thing[0] == '\0') {
        snprintf(s->wish.thing, sizeof s->wish.thing, "%s", has_one ? c->thing : s->board.id);
    }
}

lp_exit_t lp_setup_look_at_board(lp_setup_t *s, lp_fault_t *f)
{
    lp_board_options_t options = {.port = s->options->port, .baud = s->options->baud};
    lp_exit_t rc = lp_board_open(&options, &s->board, f);
    if (rc == LP_EXIT_OK) {
        rc = lp_observe_board(s->board, &s->state.wish, &s->state.board, f);
    }
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    name_thing(&s->state);
    say_board(&s->state.board);
    say_chip(&s->state.board.chip);
    return let_settle(s, f);
}

static lp_exit_t look_at_cloud(lp_setup_t *s, lp_fault_t *f)
{
    lp_exit_t rc = lp_journal_open(s->state.board.id, s->aws.endpoint_url, &s->journal, f);
    if (rc == LP_EXIT_OK) {
        rc = lp_observe_cloud(&s->aws, &s->journal, &s->state, f);
    }
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    say_cloud(s);
    return LP_EXIT_OK;
}

// --- doing

static lp_exit_t run_step(lp_setup_t *s, unsigned group, lp_setup_act_fn *act, lp_fault_t *f)
{
    int number = lp_plan_number(&s->plan, group);
    if (number == 0) {
        return LP_EXIT_OK;
    }
    if (lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    lp_ui_step_start(number, s->plan.lines[number - 1].text);
    return act(s, f);
}

// Silence in the middle may be a restart; say so when the board's own count shows it.
static void explain_silence(lp_setup_t *s, lp_fault_t *f)
{
    bool is_silence = strcmp(f->code, "board-timeout") == 0 || strcmp(f->code, "board-lost") == 0;
    lp_setup_board_t now = {.boot_count = s->state.board.boot_count};
    lp_fault_t ignored;
    if (!is_silence || lp_board_reopen(s->board, REOPEN_MS, &ignored) != LP_EXIT_OK ||
        lp_observe_info(s->board, &now, &ignored) != LP_EXIT_OK ||
        now.boot_count == s->state.board.boot_count) {
        return;
    }
    char what[sizeof f->what];
    snprintf(what, sizeof what, "%s", f->what);
    lp_fault_set(f, LP_EXIT_BOARD, "board-restarted", "the board restarted in the middle");
    lp_fault_why(f, "%s; its boot count went from %.0f to %.0f", what, s->state.board.boot_count,
                 now.boot_count);
    lp_fault_next(f, "check its power supply, then run the same command again; it goes on there");
}

lp_exit_t lp_setup_run_steps(lp_setup_t *s, const lp_setup_step_t *steps, size_t n, lp_fault_t *f)
{
    lp_exit_t rc = LP_EXIT_OK;
    for (size_t i = 0; i < n && rc == LP_EXIT_OK; i++) {
        rc = run_step(s, steps[i].group, steps[i].act, f);
    }
    if (rc != LP_EXIT_OK && !lp_interrupt_seen()) {
        explain_silence(s, f);
        rc = f->exit;
    }
    return rc;
}

lp_exit_t lp_setup_ask(const lp_setup_t *s)
{
    const lp_setup_chip_t *c = &s->state.board.chip;
    char question[160] = "Go ahead?";
    if (s->plan.is_irreversible) {
        snprintf(question, sizeof question, "Locking %s%s %s cannot be undone. Go ahead?",
                 (s->plan.actions & LP_DO_LOCK) != 0 ? "" : "the bus key in ", c->part, c->serial);
    }
    return lp_ui_ask(question, s->options->is_yes);
}

static lp_exit_t say_nothing_to_do(const lp_setup_t *s)
{
    uint64_t age_s = (lp_ui_now_ms() - s->state.board.status.at_ms) / 1000u;
    lp_ui_info("Nothing to do: %s is set up and connected (checked %llu s ago).", s->state.board.id,
               (unsigned long long)age_s);
    done_event(s, false);
    return LP_EXIT_OK;
}

static lp_exit_t carry_out(lp_setup_t *s, lp_fault_t *f)
{
    static const lp_setup_step_t steps[] = {
        {LP_DO_CHIP_PLAN, lp_act_chip_plan}, {LP_DO_LOCK, lp_act_lock},
        {LP_DO_BIND, lp_act_bind},           {LP_DO_KEY, lp_act_key},
        {LP_DO_CLOUD, lp_act_cloud},         {LP_DO_CONNECT, lp_act_connect},
    };
    lp_exit_t rc = lp_setup_ask(s);
    if (rc != LP_EXIT_OK) {
        f->exit = LP_EXIT_OK; // said already
        return rc;
    }
    lp_ui_info("%s", "");
    // If the record cannot be written, that shows now, before anything irreversible.
    rc = lp_journal_save(&s->journal, f);
    if (rc == LP_EXIT_OK) {
        rc = lp_setup_run_steps(s, steps, sizeof steps / sizeof steps[0], f);
    }
    if (rc == LP_EXIT_OK) {
        rc = lp_act_remove_doubles(s, false, f);
    }
    if (rc == LP_EXIT_OK) {
        lp_ui_info("\nDone. See it:  limpet console        Undo it:  limpet aws-iot-remove");
        done_event(s, true);
    }
    return rc;
}

lp_exit_t lp_setup_look(lp_setup_t *s, lp_fault_t *f)
{
    lp_exit_t rc = lp_setup_make_wish(s, f);
    if (rc == LP_EXIT_OK) {
        rc = lp_aws_config_load(&s->options->aws, &s->aws, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = lp_setup_look_at_board(s, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = look_at_cloud(s, f);
    }
    if (rc == LP_EXIT_OK) {
        found_event(s);
    }
    return rc;
}

lp_exit_t lp_setup_run(lp_setup_t *s, lp_fault_t *f)
{
    lp_exit_t rc = lp_setup_look(s, f);
    if (rc == LP_EXIT_OK) {
        rc = lp_setup_load_trust(s, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = lp_plan_make(&s->state, &s->plan, f);
    }
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (s->plan.actions == 0) {
        rc = lp_act_remove_doubles(s, true, f);
        return rc == LP_EXIT_OK ? say_nothing_to_do(s) : rc;
    }
    lp_setup_say_plan(&s->plan, s->options->is_dry_run);
    if ((s->plan.actions & LP_DO_POLICY_VERSION) != 0) {
        lp_policy_say_diff(s->state.wish.policy, s->state.cloud.policy_text, s->policy_document,
                           s->options->is_dry_run);
    }
    return s->options->is_dry_run ? LP_EXIT_OK : carry_out(s, f);
}

void lp_setup_deinit(lp_setup_t *s)
{
    lp_board_close(s->board);
    lp_setup_board_deinit(&s->state.board);
    free(s->state.cloud.policy_text);
    free(s->policy_document);
    lp_aws_config_deinit(&s->aws);
}
