// SPDX-License-Identifier: Apache-2.0
// limpet/cmd.h - the entry functions of commands that live in libraries of their own.
//
// argv[0] is the command's name; lp_ui_parse() has run already. Returns the exit code. A command
// whose library is not part of the build is simply not in the table.
#ifndef LIMPET_CMD_H
#define LIMPET_CMD_H

typedef int lp_cmd_fn(int argc, char **argv);

lp_cmd_fn lp_cmd_chip;
lp_cmd_fn lp_cmd_air;
lp_cmd_fn lp_cmd_cloud;
lp_cmd_fn lp_cmd_advisor;
lp_cmd_fn lp_cmd_ca;

lp_cmd_fn lp_cmd_atca_get_config;
lp_cmd_fn lp_cmd_atca_set_config;
lp_cmd_fn lp_cmd_atca_lock_zone;
lp_cmd_fn lp_cmd_atca_set_key;
lp_cmd_fn lp_cmd_atca_gen_key;
lp_cmd_fn lp_cmd_atca_get_pub_key;
lp_cmd_fn lp_cmd_atca_gen_csr;
lp_cmd_fn lp_cmd_atca_gen_cert;

lp_cmd_fn lp_cmd_setup;
lp_cmd_fn lp_cmd_rotate;
lp_cmd_fn lp_cmd_remove;

lp_cmd_fn lp_cmd_aws_iot_setup;
lp_cmd_fn lp_cmd_aws_iot_remove;
lp_cmd_fn lp_cmd_aws_iot_revoke;
lp_cmd_fn lp_cmd_aws_iot_rotate;
lp_cmd_fn lp_cmd_aws_iot_audit;

lp_cmd_fn lp_cmd_new;
lp_cmd_fn lp_cmd_build;
lp_cmd_fn lp_cmd_run;

lp_cmd_fn lp_cmd_update;
lp_cmd_fn lp_cmd_flash;
lp_cmd_fn lp_cmd_flash_read;
lp_cmd_fn lp_cmd_flash_write;

lp_cmd_fn lp_cmd_doctor;
lp_cmd_fn lp_cmd_ui;
lp_cmd_fn lp_cmd_devices;
lp_cmd_fn lp_cmd_reboot;
lp_cmd_fn lp_cmd_sleep;
lp_cmd_fn lp_cmd_cron;
lp_cmd_fn lp_cmd_adc;
lp_cmd_fn lp_cmd_board;
lp_cmd_fn lp_cmd_gpio;
lp_cmd_fn lp_cmd_pwm;
lp_cmd_fn lp_cmd_i2c;
lp_cmd_fn lp_cmd_onewire;
lp_cmd_fn lp_cmd_wifi;
lp_cmd_fn lp_cmd_console;
lp_cmd_fn lp_cmd_auth_set;
lp_cmd_fn lp_cmd_auth_remove;
lp_cmd_fn lp_cmd_call;
lp_cmd_fn lp_cmd_config_get;
lp_cmd_fn lp_cmd_config_set;
lp_cmd_fn lp_cmd_config_edit;
lp_cmd_fn lp_cmd_config_confirm;
lp_cmd_fn lp_cmd_factory_reset;
lp_cmd_fn lp_cmd_events;
lp_cmd_fn lp_cmd_log;
lp_cmd_fn lp_cmd_crash;
lp_cmd_fn lp_cmd_debug_core_dump;
lp_cmd_fn lp_cmd_ls;
lp_cmd_fn lp_cmd_get;
lp_cmd_fn lp_cmd_put;
lp_cmd_fn lp_cmd_rm;
lp_cmd_fn lp_cmd_cat;
lp_cmd_fn lp_cmd_fs;

#endif
