// SPDX-License-Identifier: Apache-2.0
// limpet/err.h - the one list of errors.
//
// Every function that can fail because of the world returns lp_err_t. LP_OK is 0. On an error the
// output arguments are untouched and, for split-phase operations, no completion will come.
// Names and texts come from the same list, so a log line never shows a bare number.
// @context any
#ifndef LIMPET_ERR_H
#define LIMPET_ERR_H

// X(name, value, text). Values are stable: they cross RPC and log boundaries.
// clang-format off
#define LP_ERR_LIST(X)                                                                             \
    X(LP_OK,               0, "ok")                                                                \
    X(LP_E_INVALID,        1, "invalid argument")                                                  \
    X(LP_E_RANGE,          2, "value out of range")                                                \
    X(LP_E_NOSPACE,        3, "not enough space")                                                  \
    X(LP_E_FORMAT,         4, "malformed input")                                                   \
    X(LP_E_UNSUPPORTED,    5, "not supported")                                                     \
    X(LP_E_STATE,          6, "not possible in this state")                                        \
    X(LP_E_BUSY,           7, "busy")                                                              \
    X(LP_E_AGAIN,          8, "nothing now, try again when told")                                  \
    X(LP_E_TIMEOUT,        9, "timed out")                                                         \
    X(LP_E_NOT_FOUND,     10, "not found")                                                         \
    X(LP_E_EXISTS,        11, "exists already")                                                    \
    X(LP_E_DENIED,        12, "denied")                                                            \
    X(LP_E_IO,            13, "input/output error")                                                \
    X(LP_E_CLOSED,        14, "closed")                                                            \
    X(LP_E_CANCELED,      15, "canceled")                                                          \
    X(LP_E_CRC,           16, "checksum mismatch")                                                 \
    X(LP_E_VERIFY,        17, "what was read back differs from what was written")                  \
    X(LP_E_NOT_CONFIGURED,18, "not configured")                                                    \
    X(LP_E_UNAUTHORIZED,  19, "not authorized")                                                    \
    X(LP_E_I2C_NACK,      32, "no acknowledge on the I2C bus")                                     \
    X(LP_E_I2C_BUS,       33, "I2C bus stuck or arbitration lost")                                 \
    X(LP_E_CHIP_MISSING,  40, "no crypto chip answers")                                            \
    X(LP_E_CHIP_WAKE,     41, "the chip did not wake up")                                          \
    X(LP_E_CHIP_PARSE,    42, "the chip rejected the command (parse error)")                       \
    X(LP_E_CHIP_EXEC,     43, "the chip cannot do this in its present state (execution error)")    \
    X(LP_E_CHIP_ECC,      44, "the chip reports an ECC fault")                                     \
    X(LP_E_CHIP_SELFTEST, 45, "the chip failed its self-test")                                     \
    X(LP_E_CHIP_HEALTH,   46, "the chip's random number generator failed its health test")         \
    X(LP_E_CHIP_WATCHDOG, 47, "the chip's watchdog was about to expire")                           \
    X(LP_E_CHIP_COMM,     48, "the chip received a damaged command")                               \
    X(LP_E_CHIP_MISMATCH, 49, "checked and found not equal")                                       \
    X(LP_E_CHIP_OTHER,    50, "another chip than expected")                                        \
    X(LP_E_TLS_CERT,      64, "the server's certificate is not trusted")                           \
    X(LP_E_TLS_NAME,      65, "the server's certificate is for another name")                      \
    X(LP_E_TLS_EXPIRED,   66, "a certificate is outside its dates")                                \
    X(LP_E_TLS_ALERT,     67, "the server refused the handshake")                                  \
    X(LP_E_TLS_PROTOCOL,  68, "TLS protocol error")                                                \
    X(LP_E_TLS_KEY,       69, "the private key could not be used")                                 \
    X(LP_E_NET_RESOLVE,   72, "host name not found")                                               \
    X(LP_E_NET_REFUSED,   73, "connection refused")                                                \
    X(LP_E_NET_RESET,     74, "connection reset")                                                  \
    X(LP_E_MQTT_REFUSED,  80, "the broker refused the connection")                                 \
    X(LP_E_MQTT_PROTOCOL, 81, "MQTT protocol error")                                               \
    X(LP_E_CLOCK,         88, "the clock is not set or not plausible")
// clang-format on

typedef enum {
#define LP_ERR_ENUM(name, value, text) name = value,
    LP_ERR_LIST(LP_ERR_ENUM)
#undef LP_ERR_ENUM
} lp_err_t;

// The enumerator's own name, e.g. "LP_E_TIMEOUT"; "LP_E_UNKNOWN" for a value not in the list.
// Static.
const char *lp_err_name(lp_err_t err);

// One lower-case phrase for people, without a full stop. Static.
const char *lp_err_text(lp_err_t err);

#endif
