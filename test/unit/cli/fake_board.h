// SPDX-License-Identifier: Apache-2.0
// A board that answers the RPC contract on a pty, in a thread: chip, key, settings, restarts and
// log lines as a small model, with a fault for any method. "Connected" means that the fake cloud
// would admit it.
#ifndef LP_TEST_FAKE_BOARD_H
#define LP_TEST_FAKE_BOARD_H

#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "fake_cloud.h"

typedef enum {
    BOARD_FINE,
    BOARD_SILENT_BEFORE, // the request is lost
    BOARD_SILENT_AFTER,  // it is done, the answer is lost
    BOARD_DAMAGED,       // it is done, the answer arrives with a flipped bit
    BOARD_GARBAGE,       // it is done, noise comes before the answer
    BOARD_REFUSE,        // an error answer, nothing done
    BOARD_REBOOT_BEFORE, // restarts instead
    BOARD_REBOOT_AFTER,  // does it, restarts, no answer
    BOARD_KILL,          // does it, kills kill_pid
    BOARD_FAULT_COUNT
} board_fault_t;

typedef struct {
    char link[200]; // what to give to --port
    pthread_mutex_t lock;
    fake_cloud_t *cloud;
    // the model
    bool has_chip;
    int chipless_boot; // the start at which the chip's wires come off; 0: never
    bool is_preset;    // a chip with somebody's configuration
    char variant[16];  // "" : by what happened
    char lines[64];
    bool is_written;
    bool is_config_locked;
    bool is_data_locked;
    bool has_bus_service;
    bool is_bound;
    bool does_not_prove; // says that it bound, and has not
    bool lies_about_read_back;
    bool signs_wrongly;  // a CSR for another key
    bool ignores_proof;  // says acknowledged, publishes nothing
    void *key;           // EVP_PKEY in slot 0 or key.pem
    void *key2;          // EVP_PKEY in slot 1 or key2.pem
    bool is_second_deaf; // does not connect with the second key
    cJSON *saved;        // configuration of this start
    cJSON *flash;        // the saved one while another is tried; null: none is
    cJSON *trial;        // to be tried at the next start, or null
    bool is_small;       // cannot try settings
    bool is_worn;        // cannot write what was tried
    cJSON *staged;
    bool is_on_set; // its connection was lost and made again with what is set
    int boots;
    bool is_offline; // never connects
    // the script
    const char *fault_method;
    board_fault_t fault;
    int fault_skip;
    int fault_count;
    pid_t kill_pid;
    int kill_signal; // 0 means SIGKILL
    // what happened
    int n_configure;
    int n_lock_config;
    int n_lock_data;
    int n_bind;
    int n_genkey;
    int n_save;
    int n_prove;
    bool was_locked_unread; // locked without a matching read-back: must never be
    // private
    int master_;
    volatile bool is_stopping_;
    pthread_t thread_;
    char line_[8192];
    size_t len_;
} fake_board_t;

void fake_board_start(fake_board_t *b, fake_cloud_t *cloud, const char *link);
void fake_board_stop(fake_board_t *b);
// Off and on, whatever it was doing.
void fake_board_power_cycle(fake_board_t *b);

void fake_board_calm(fake_board_t *b);
// A string of the saved configuration, "" when unset.
const char *fake_board_setting(const fake_board_t *b, const char *group, const char *name);

extern const char fake_board_id[];
extern const char fake_chip_serial[];

#endif
