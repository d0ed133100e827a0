// SPDX-License-Identifier: Apache-2.0
// Private: where a local cloud lives, whether it runs, and what it wrote about itself.
#ifndef LP_CLOUD_PLACE_H
#define LP_CLOUD_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "limpet/ui.h"

struct cJSON;

enum { PLACE_SIZE = 1024, PLACE_PATH = 1200, WHY_SIZE = 400 };

// cloud.json.
typedef struct {
    char account[13];
    char region[33];
    char endpoint_name[80]; // a further name in the server's certificate
    bool tells_own_name;    // DescribeEndpoint says endpoint_name instead of localhost
    char access_key[33];
    int port_http, port_https;           // of the control plane; 0: none yet
    bool has_quotas;                     // AWS's rates of calls
    bool is_brokerless;                  // gateways are the data plane (limpet cloud gateway)
    int port_mqtt, port_alpn, port_data; // of the data plane: MQTT, MQTT or HTTPS by ALPN, HTTPS
} cloud_info_t;

typedef struct {
    char folder[PLACE_SIZE]; // absolute
} cloud_place_t;

// --dir, or $XDG_STATE_HOME/limpet/cloud, or ~/.local/state/limpet/cloud. false: `why` has the
// words.
bool cloud_place(const char *dir, cloud_place_t *place, char *why, size_t size);
void cloud_path(const cloud_place_t *place, const char *name, char path[PLACE_PATH]);

// What a further command needs to find this cloud, for a shell: "" for the usual place, else
// " --dir 'FOLDER'".
enum { PLACE_FLAG = 4 * PLACE_SIZE + 16 };
void cloud_flag(const cloud_place_t *place, char flag[PLACE_FLAG]);

// False: there is none, or it is damaged.
bool cloud_info_read(const cloud_place_t *place, cloud_info_t *info);
bool cloud_info_write(const cloud_place_t *place, const cloud_info_t *info, char *why, size_t size);

// Adds "ports" to what a command prints as JSON.
void cloud_add_ports(struct cJSON *doc, const cloud_info_t *info);

// A text file, whole or not at all.
bool cloud_write_file(const char *path, const char *text, mode_t mode, char *why, size_t size);

// The lock that a running cloud holds as long as it lives. Returns its descriptor, or -1: another
// holds it (*owner is its process, 0 if not known) or it cannot be opened (*owner is -1 and errno
// says why).
int cloud_lock(const cloud_place_t *place, pid_t *owner);
// Writes this process's number into the lock that it holds.
void cloud_lock_sign(int lock);
// Is a cloud running here? Its process in *owner.
bool cloud_is_running(const cloud_place_t *place, pid_t *owner);

// What the commands say when there is nothing here.
int cloud_fail_none(const cloud_place_t *place);

#endif
