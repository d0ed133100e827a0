// SPDX-License-Identifier: Apache-2.0
// limpet/registry_err.h - why the registry said no: AWS IoT's own error names and HTTP status
// codes.
//
// @source AWS IoT API Reference, "Common Errors" and each call's errors. The status codes are
// unusual on purpose (throttling is 400, a limit is 410): clients look at them.
#ifndef LIMPET_REGISTRY_ERR_H
#define LIMPET_REGISTRY_ERR_H

// X(name, AWS name, HTTP status)
// clang-format off
#define LP_REG_ERR_LIST(X)                                                    \
    X(LP_REG_OK,                 "",                                    200)  \
    X(LP_REG_INVALID,            "InvalidRequestException",             400)  \
    X(LP_REG_MALFORMED_POLICY,   "MalformedPolicyException",            400)  \
    X(LP_REG_CERT_VALIDATION,    "CertificateValidationException",      400)  \
    X(LP_REG_REG_CODE,           "RegistrationCodeValidationException", 400)  \
    X(LP_REG_THROTTLED,          "ThrottlingException",                 400)  \
    X(LP_REG_SQL_PARSE,          "SqlParseException",                   400)  \
    X(LP_REG_REGISTRATION,       "ResourceRegistrationFailureException", 400) \
    X(LP_REG_UNAUTHORIZED,       "UnauthorizedException",               401)  \
    X(LP_REG_FORBIDDEN,          "ForbiddenException",                  403)  \
    X(LP_REG_NOT_FOUND,          "ResourceNotFoundException",           404)  \
    X(LP_REG_CERT_STATE,         "CertificateStateException",           406)  \
    X(LP_REG_EXISTS,             "ResourceAlreadyExistsException",      409)  \
    X(LP_REG_VERSION_CONFLICT,   "VersionConflictException",            409)  \
    X(LP_REG_DELETE_CONFLICT,    "DeleteConflictException",             409)  \
    X(LP_REG_CERT_CONFLICT,      "CertificateConflictException",        409)  \
    X(LP_REG_VERSIONS_LIMIT,     "VersionsLimitExceededException",      409)  \
    X(LP_REG_CONFLICT,           "ConflictException",                   409)  \
    X(LP_REG_UPDATE_CONFLICT,    "ConflictingResourceUpdateException",  409)  \
    X(LP_REG_STATE_TRANSITION,   "InvalidStateTransitionException",     409)  \
    X(LP_REG_LIMIT,              "LimitExceededException",              410)  \
    X(LP_REG_TERMINAL,           "TerminalStateException",              410)  \
    X(LP_REG_TOO_LARGE,          "RequestEntityTooLargeException",      413)  \
    X(LP_REG_INTERNAL,           "InternalFailureException",            500)  \
    X(LP_REG_NOT_IMPLEMENTED,    "NotImplementedException",             501)  \
    X(LP_REG_UNAVAILABLE,        "ServiceUnavailableException",         503)
// clang-format on

typedef enum {
#define LP_REG_ERR_ENUM(name, aws, status) name,
    LP_REG_ERR_LIST(LP_REG_ERR_ENUM)
#undef LP_REG_ERR_ENUM
} lp_reg_err_t;

// AWS's name of the error, e.g. "ResourceNotFoundException"; "" for LP_REG_OK. Static.
const char *lp_reg_err_name(lp_reg_err_t err);

// The HTTP status that AWS answers with.
int lp_reg_err_status(lp_reg_err_t err);

#endif
