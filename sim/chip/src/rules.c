// SPDX-License-Identifier: Apache-2.0
// The rules as a list: number, name, line of the sheet, words.
#include "internal.h"

typedef struct {
    const char *name;
    const char *source;
    const char *text;
} rule_t;

static const rule_t RULES[] = {
#define LP_CHIPSIM_RULE_ROW(id, source, text) {#id, source, text},
    LP_CHIPSIM_RULE_LIST(LP_CHIPSIM_RULE_ROW)
#undef LP_CHIPSIM_RULE_ROW
};

static const lp_chipsim_choice_t CHOICES[] = {
#define LP_CHIPSIM_CHOICE_ROW(id, says, also_says, choice) {#id, says, also_says, choice},
    LP_CHIPSIM_CHOICE_LIST(LP_CHIPSIM_CHOICE_ROW)
#undef LP_CHIPSIM_CHOICE_ROW
};

const char *lp_chipsim_rule_name(lp_chipsim_rule_t rule)
{
    return RULES[rule].name;
}

const char *lp_chipsim_rule_source(lp_chipsim_rule_t rule)
{
    return RULES[rule].source;
}

const char *lp_chipsim_rule_text(lp_chipsim_rule_t rule)
{
    return RULES[rule].text;
}

void lp_chipsim_rule_switch(lp_chipsim_t *c, lp_chipsim_rule_t rule, bool on)
{
    c->rule_off[rule] = !on;
}

const lp_chipsim_choice_t *lp_chipsim_choices(size_t *count)
{
    *count = sizeof CHOICES / sizeof CHOICES[0];
    return CHOICES;
}
