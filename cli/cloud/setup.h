// SPDX-License-Identifier: Apache-2.0
// Private: what a cloud needs before it can start: keys, registry, account, credentials.
#ifndef LP_CLOUD_SETUP_H
#define LP_CLOUD_SETUP_H

#include "place.h"

// The folder itself, mode 0700, with those above it.
bool cloud_make_folder(const cloud_place_t *place, char *why, size_t size);

// Makes what is missing and keeps what is there. The lock must be held. region null: the one of
// last time, else us-east-1.
bool cloud_setup(const cloud_place_t *place, const char *region, cloud_info_t *info, char *why,
                 size_t size);

// The profiles of the AWS tools: the cloud's own account and those that were added.
bool cloud_write_profiles(const cloud_place_t *place, const cloud_info_t *info, char *why,
                          size_t size);

// The AWS tools' configuration, for the ports that were taken, and the registry's own endpoint.
bool cloud_publish_ports(const cloud_place_t *place, const cloud_info_t *info, char *why,
                         size_t size);

enum { ENDPOINT_SIZE = 96 };
// What DescribeEndpoint answers for the data plane at info's port.
void cloud_endpoint(const cloud_info_t *info, char endpoint[ENDPOINT_SIZE]);

#endif
