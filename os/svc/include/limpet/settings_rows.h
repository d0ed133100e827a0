// SPDX-License-Identifier: Apache-2.0
// Made by tools/gen-settings from os/svc/schema; not to be edited.
// clang-format off
// One function a setting: a name that does not exist, or another type, does not compile. A string
// borrows until the next lp_config_set().
#ifndef LIMPET_SETTINGS_ROWS_H
#define LIMPET_SETTINGS_ROWS_H

#include "limpet/config.h"

// The rows of the table.
typedef enum {
    LP_SETTING_DEVICE_ID,
    LP_SETTING_CLOUD_ENABLE,
    LP_SETTING_CLOUD_SERVER,
    LP_SETTING_CLOUD_CLIENT_ID,
    LP_SETTING_CLOUD_THING,
    LP_SETTING_CLOUD_KEEP_ALIVE_S,
    LP_SETTING_CLOUD_TIMEOUT_S,
    LP_SETTING_CLOUD_RETRY_S,
    LP_SETTING_CLOUD_BACKOFF_MS,
    LP_SETTING_CLOUD_BACKOFF_MAX_S,
    LP_SETTING_CLOUD_PERSISTENT,
    LP_SETTING_CLOUD_SHADOW,
    LP_SETTING_CLOUD_JOBS,
    LP_SETTING_CLOUD_ALPN,
    LP_SETTING_CLOUD_MQTT_VERSION,
    LP_SETTING_CLOUD_TLS_MAX,
    LP_SETTING_CLOUD_RESUME,
    LP_SETTING_IDENTITY_KEY,
    LP_SETTING_IDENTITY_CERT,
    LP_SETTING_IDENTITY_ECDHE,
    LP_SETTING_IDENTITY_VERIFY,
    LP_SETTING_TRUST_CA,
    LP_SETTING_TRUST_CHECK_DATES,
    LP_SETTING_TELEMETRY_INTERVAL_S,
    LP_SETTING_I2C_RATE_HZ,
    LP_SETTING_LOG_LEVEL,
    LP_SETTINGS_COUNT,
} lp_setting_t;

static inline const char *lp_setting_device_id(const lp_config_t *c)
{
    return lp_config_str_at(c, LP_SETTING_DEVICE_ID);
}

static inline bool lp_setting_cloud_enable(const lp_config_t *c)
{
    return lp_config_bool_at(c, LP_SETTING_CLOUD_ENABLE);
}

static inline const char *lp_setting_cloud_server(const lp_config_t *c)
{
    return lp_config_str_at(c, LP_SETTING_CLOUD_SERVER);
}

static inline const char *lp_setting_cloud_client_id(const lp_config_t *c)
{
    return lp_config_str_at(c, LP_SETTING_CLOUD_CLIENT_ID);
}

static inline const char *lp_setting_cloud_thing(const lp_config_t *c)
{
    return lp_config_str_at(c, LP_SETTING_CLOUD_THING);
}

static inline int32_t lp_setting_cloud_keep_alive_s(const lp_config_t *c)
{
    return lp_config_int_at(c, LP_SETTING_CLOUD_KEEP_ALIVE_S);
}

static inline int32_t lp_setting_cloud_timeout_s(const lp_config_t *c)
{
    return lp_config_int_at(c, LP_SETTING_CLOUD_TIMEOUT_S);
}

static inline int32_t lp_setting_cloud_retry_s(const lp_config_t *c)
{
    return lp_config_int_at(c, LP_SETTING_CLOUD_RETRY_S);
}

static inline int32_t lp_setting_cloud_backoff_ms(const lp_config_t *c)
{
    return lp_config_int_at(c, LP_SETTING_CLOUD_BACKOFF_MS);
}

static inline int32_t lp_setting_cloud_backoff_max_s(const lp_config_t *c)
{
    return lp_config_int_at(c, LP_SETTING_CLOUD_BACKOFF_MAX_S);
}

static inline bool lp_setting_cloud_persistent(const lp_config_t *c)
{
    return lp_config_bool_at(c, LP_SETTING_CLOUD_PERSISTENT);
}

static inline bool lp_setting_cloud_shadow(const lp_config_t *c)
{
    return lp_config_bool_at(c, LP_SETTING_CLOUD_SHADOW);
}

static inline bool lp_setting_cloud_jobs(const lp_config_t *c)
{
    return lp_config_bool_at(c, LP_SETTING_CLOUD_JOBS);
}

static inline const char *lp_setting_cloud_alpn(const lp_config_t *c)
{
    return lp_config_str_at(c, LP_SETTING_CLOUD_ALPN);
}

static inline int32_t lp_setting_cloud_mqtt_version(const lp_config_t *c)
{
    return lp_config_int_at(c, LP_SETTING_CLOUD_MQTT_VERSION);
}

static inline const char *lp_setting_cloud_tls_max(const lp_config_t *c)
{
    return lp_config_str_at(c, LP_SETTING_CLOUD_TLS_MAX);
}

static inline const char *lp_setting_cloud_resume(const lp_config_t *c)
{
    return lp_config_str_at(c, LP_SETTING_CLOUD_RESUME);
}

static inline const char *lp_setting_identity_key(const lp_config_t *c)
{
    return lp_config_str_at(c, LP_SETTING_IDENTITY_KEY);
}

static inline const char *lp_setting_identity_cert(const lp_config_t *c)
{
    return lp_config_str_at(c, LP_SETTING_IDENTITY_CERT);
}

static inline const char *lp_setting_identity_ecdhe(const lp_config_t *c)
{
    return lp_config_str_at(c, LP_SETTING_IDENTITY_ECDHE);
}

static inline const char *lp_setting_identity_verify(const lp_config_t *c)
{
    return lp_config_str_at(c, LP_SETTING_IDENTITY_VERIFY);
}

static inline const char *lp_setting_trust_ca(const lp_config_t *c)
{
    return lp_config_str_at(c, LP_SETTING_TRUST_CA);
}

static inline bool lp_setting_trust_check_dates(const lp_config_t *c)
{
    return lp_config_bool_at(c, LP_SETTING_TRUST_CHECK_DATES);
}

static inline int32_t lp_setting_telemetry_interval_s(const lp_config_t *c)
{
    return lp_config_int_at(c, LP_SETTING_TELEMETRY_INTERVAL_S);
}

static inline int32_t lp_setting_i2c_rate_hz(const lp_config_t *c)
{
    return lp_config_int_at(c, LP_SETTING_I2C_RATE_HZ);
}

static inline const char *lp_setting_log_level(const lp_config_t *c)
{
    return lp_config_str_at(c, LP_SETTING_LOG_LEVEL);
}

#endif
