// SPDX-License-Identifier: Apache-2.0
// The tool's front door: finds the command and runs it.
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli_private.h"
#include "commands.h"
#include "limpet/opt.h"
#include "limpet/ui.h"

#if LP_HAVE_CMD_SETUP
#define LP_SETUP_COMMANDS                                                                          \
    {"aws-iot-setup", "take a bare board to a proven cloud connection", lp_cmd_aws_iot_setup,      \
     false},                                                                                       \
        {"aws-iot-revoke", "take a device's access away, or give it back", lp_cmd_aws_iot_revoke,  \
         false},                                                                                   \
        {"aws-iot-rotate", "move a device to a new key and certificate", lp_cmd_aws_iot_rotate,    \
         false},                                                                                   \
        {"aws-iot-audit", "find what an account has too much", lp_cmd_aws_iot_audit, false},       \
        {"aws-iot-remove", "undo aws-iot-setup", lp_cmd_aws_iot_remove, false},
#else
#define LP_SETUP_COMMANDS
#endif
#if LP_HAVE_CMD_CA
#define LP_CA_COMMANDS {"ca", "a CA of your own: new, server, list, revoke", lp_cmd_ca, false},
#else
#define LP_CA_COMMANDS
#endif
#if LP_HAVE_CMD_OWN
#define LP_OWN_COMMANDS                                                                            \
    {"setup", "take a bare board to a broker of your own", lp_cmd_setup, false},                   \
        {"rotate", "a new key and certificate, with your own broker", lp_cmd_rotate, false},       \
        {"remove", "undo setup, with your own broker", lp_cmd_remove, false},
#else
#define LP_OWN_COMMANDS
#endif
#if LP_HAVE_CMD_CHIP
#define LP_CHIP_COMMANDS {"chip", "the crypto chip: show, serve a virtual one", lp_cmd_chip, false},
#else
#define LP_CHIP_COMMANDS
#endif
#if LP_HAVE_CMD_ATCA
#define LP_ATCA_COMMANDS                                                                           \
    {"atca-get-config", "show a crypto chip's configuration", lp_cmd_atca_get_config, false},      \
        {"atca-set-config", "write a crypto chip's configuration", lp_cmd_atca_set_config, false}, \
        {"atca-lock-zone", "lock a zone or slot, for ever", lp_cmd_atca_lock_zone, false},         \
        {"atca-set-key", "write a key into a slot", lp_cmd_atca_set_key, false},                   \
        {"atca-gen-key", "have the chip make a key", lp_cmd_atca_gen_key, false},                  \
        {"atca-get-pub-key", "the public key of a key in the chip", lp_cmd_atca_get_pub_key,       \
         false},                                                                                   \
        {"atca-gen-csr", "a certificate request for such a key", lp_cmd_atca_gen_csr, false},      \
        {"atca-gen-cert", "a certificate for such a key, from your CA", lp_cmd_atca_gen_cert,      \
         false},
#else
#define LP_ATCA_COMMANDS
#endif
#if LP_HAVE_CMD_AIR
#define LP_AIR_COMMANDS {"air", "emulated Wi-Fi networks: serve, tell, join", lp_cmd_air, false},
#else
#define LP_AIR_COMMANDS
#endif
#if LP_HAVE_CMD_CLOUD
#define LP_CLOUD_COMMANDS                                                                          \
    {"cloud", "the local cloud: up, down, status, watch", lp_cmd_cloud, false},
#else
#define LP_CLOUD_COMMANDS
#endif
#if LP_HAVE_CMD_ADVISOR
#define LP_ADVISOR_COMMANDS                                                                        \
    {"advisor", "play AWS IoT Device Advisor's test cases on a device", lp_cmd_advisor, false},
#else
#define LP_ADVISOR_COMMANDS
#endif
#if LP_HAVE_CMD_PAGE
#define LP_PAGE_COMMANDS {"ui", "boards in your browser", lp_cmd_ui, false},
#else
#define LP_PAGE_COMMANDS
#endif
#if LP_HAVE_CMD_DOCTOR
#define LP_DOCTOR_COMMANDS                                                                         \
    {"doctor", "look at computer, board, chip and cloud", lp_cmd_doctor, false},
#else
#define LP_DOCTOR_COMMANDS
#endif
#if LP_HAVE_CMD_BOARD
#define LP_BOARD_COMMANDS                                                                          \
    {"devices", "list the boards that are connected", lp_cmd_devices, false},                      \
        {"ports", "list the boards that are connected", lp_cmd_devices, true},                     \
        {"console", "show what a board logs", lp_cmd_console, false},                              \
        {"log", "show what a board logged, also before its restart", lp_cmd_log, false},           \
        {"events", "show what happens on a board, as it happens", lp_cmd_events, false},           \
        {"reboot", "restart a board and wait until it is back", lp_cmd_reboot, false},             \
        {"sleep", "send a board to deep sleep", lp_cmd_sleep, false},                              \
        {"wifi", "a board's Wi-Fi: set a network, scan, status", lp_cmd_wifi, false},              \
        {"cron", "what a board does at which time of day", lp_cmd_cron, false},                    \
        {"board", "hands on a virtual board: its buttons and knobs", lp_cmd_board, false},         \
        {"adc", "a board's analog inputs", lp_cmd_adc, false},                                     \
        {"gpio", "a board's pins: look, drive, blink", lp_cmd_gpio, false},                        \
        {"pwm", "pulses on a board's pin", lp_cmd_pwm, false},                                     \
        {"i2c", "who is on a board's I2C bus; bytes and registers", lp_cmd_i2c, false},            \
        {"onewire", "who is on a board's one-wire bus", lp_cmd_onewire, false},                    \
        {"call", "call a method of a board", lp_cmd_call, false},                                  \
        {"config-get", "read a board's settings", lp_cmd_config_get, false},                       \
        {"config-set", "change a board's settings", lp_cmd_config_set, false},                     \
        {"auth-set", "make an account for calls over the network", lp_cmd_auth_set, false},        \
        {"auth-remove", "take such an account away", lp_cmd_auth_remove, false},                   \
        {"config-edit", "change a board's settings in an editor", lp_cmd_config_edit, false},      \
        {"config-confirm", "keep the settings that a board tries", lp_cmd_config_confirm, false},  \
        {"factory-reset", "remove all settings of a board", lp_cmd_factory_reset, false},          \
        {"ls", "list a board's files", lp_cmd_ls, false},                                          \
        {"get", "copy a file from a board", lp_cmd_get, false},                                    \
        {"put", "copy a file to a board", lp_cmd_put, false},                                      \
        {"rm", "remove files of a board", lp_cmd_rm, false},                                       \
        {"cat", "print a file of a board", lp_cmd_cat, false},                                     \
        {"fs", "how full a board's file system is; a new one", lp_cmd_fs, false},
#else
#define LP_BOARD_COMMANDS
#endif
#if LP_HAVE_CMD_CRASH
#define LP_CRASH_COMMANDS                                                                          \
    {"crash", "show where a board crashed", lp_cmd_crash, false},                                  \
        {"debug-core-dump", "show where a board crashed", lp_cmd_debug_core_dump, true},
#else
#define LP_CRASH_COMMANDS
#endif

#if LP_HAVE_CMD_APP
#define LP_APP_COMMANDS                                                                            \
    {"new", "make the folder of a new application", lp_cmd_new, false},                            \
        {"build", "build the application in a folder", lp_cmd_build, false},                       \
        {"run", "build an application and run it here, with a virtual chip", lp_cmd_run, false},
#else
#define LP_APP_COMMANDS
#endif

#if LP_HAVE_CMD_FLASH
#define LP_FLASH_COMMANDS                                                                          \
    {"flash", "write firmware to a board", lp_cmd_flash, false},                                   \
        {"flash-read", "read a board's flash into a file", lp_cmd_flash_read, false},              \
        {"flash-write", "write a file to a place in a board's flash", lp_cmd_flash_write, false},
#else
#define LP_FLASH_COMMANDS
#endif

#if LP_HAVE_CMD_UPDATE
#define LP_UPDATE_COMMANDS                                                                         \
    {"update", "replace this tool with a signed release", lp_cmd_update, false},
#else
#define LP_UPDATE_COMMANDS
#endif

// clang-format off
const lp_command_t lp_commands[] = {
    LP_APP_COMMANDS
    LP_FLASH_COMMANDS
    LP_SETUP_COMMANDS
    LP_OWN_COMMANDS
    LP_CA_COMMANDS
    LP_CHIP_COMMANDS
    LP_ATCA_COMMANDS
    LP_AIR_COMMANDS
    LP_CLOUD_COMMANDS
    LP_ADVISOR_COMMANDS
    LP_BOARD_COMMANDS
    LP_CRASH_COMMANDS
    LP_PAGE_COMMANDS
    LP_DOCTOR_COMMANDS
    LP_UPDATE_COMMANDS
    {"manual", "man pages and the reference, of the same text as --help", lp_cmd_manual, true},
    {"completion", "completion for bash, zsh or fish", lp_cmd_completion, false},
    {"version", "the version of this tool", lp_cmd_version, false},
    {"help", "this text; help COMMAND; help exit-codes", lp_cmd_help, false},
    {NULL, NULL, NULL, false},
};
// clang-format on

const lp_command_t *lp_command_find(const char *name)
{
    for (const lp_command_t *c = lp_commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }
    return NULL;
}

static int fail_unknown(const char *name)
{
    const char *names[sizeof lp_commands / sizeof lp_commands[0]];
    size_t n = 0;
    for (const lp_command_t *c = lp_commands; c->name != NULL; c++) {
        names[n++] = c->name;
    }
    names[n] = NULL;
    const char *near = lp_opt_nearest(name, names);
    char what[128];
    char why[128];
    snprintf(what, sizeof what, "there is no command \"%.60s\"", name);
    snprintf(why, sizeof why, "did you mean \"%s\"?", near != NULL ? near : "");
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, near != NULL ? why : NULL, "limpet help");
}

int main(int argc, char **argv)
{
    // A reader that went away (| head) shows as a failed write, not as a dead tool half-way.
    signal(SIGPIPE, SIG_IGN);
    lp_ui_init();
    argc = lp_ui_parse(argc, argv);
    const char *name = argc > 1 ? argv[1] : "help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    } else if (strcmp(name, "--version") == 0) {
        name = "version";
    }
    const lp_command_t *command = lp_command_find(name);
    if (command == NULL) {
        return fail_unknown(name);
    }
    char *none[] = {NULL, NULL};
    none[0] = argv[0];
    return argc > 1 ? command->run(argc - 1, argv + 1) : command->run(1, none);
}
