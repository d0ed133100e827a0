// SPDX-License-Identifier: Apache-2.0
#include "limpet/aws_answer.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static void copy_item(char *out, size_t cap, const cJSON *tree, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    if (out[0] == '\0' && cJSON_IsString(item)) {
        snprintf(out, cap, "%s", item->valuestring);
    }
}

// "com.amazon.coral.service#ThrottlingException:http://..." is ThrottlingException.
static void strip_type(char *type)
{
    char *hash = strrchr(type, '#');
    if (hash != NULL) {
        memmove(type, hash + 1, strlen(hash + 1) + 1);
    }
    type[strcspn(type, ": \r\n")] = '\0';
}

bool lp_aws_xml_text(const char *body, size_t len, const char *tag, char *out, size_t cap)
{
    char open[64];
    int n = snprintf(open, sizeof open, "<%s>", tag);
    for (size_t i = 0; n > 0 && i + (size_t)n <= len; i++) {
        if (memcmp(body + i, open, (size_t)n) != 0) {
            continue;
        }
        const char *text = body + i + n;
        const char *end = memchr(text, '<', len - i - (size_t)n);
        if (end == NULL || (size_t)(end - text) >= cap) {
            return false;
        }
        memcpy(out, text, (size_t)(end - text));
        out[end - text] = '\0';
        return true;
    }
    return false;
}

void lp_aws_error_parse(const char *header, const char *body, size_t len, lp_aws_error_t *error)
{
    *error = (lp_aws_error_t){.type = ""};
    snprintf(error->type, sizeof error->type, "%s", header != NULL ? header : "");
    cJSON *tree = cJSON_ParseWithLength(body != NULL ? body : "", len);
    if (cJSON_IsObject(tree)) {
        copy_item(error->type, sizeof error->type, tree, "__type");
        copy_item(error->type, sizeof error->type, tree, "code");
        copy_item(error->message, sizeof error->message, tree, "message");
        copy_item(error->message, sizeof error->message, tree, "Message");
        copy_item(error->resource_id, sizeof error->resource_id, tree, "resourceId");
    } else if (body != NULL) {
        if (error->type[0] == '\0') {
            (void)lp_aws_xml_text(body, len, "Code", error->type, sizeof error->type);
        }
        (void)lp_aws_xml_text(body, len, "Message", error->message, sizeof error->message);
    }
    cJSON_Delete(tree);
    strip_type(error->type);
}

struct cJSON *lp_aws_body_parse(const char *body, size_t len)
{
    size_t blank = 0;
    while (blank < len && strchr(" \t\r\n", body[blank]) != NULL && body[blank] != '\0') {
        blank++;
    }
    if (blank == len) {
        return cJSON_CreateObject();
    }
    const char *end = NULL;
    cJSON *tree = cJSON_ParseWithLengthOpts(body, len, &end, 0);
    while (tree != NULL && end < body + len && *end != '\0' && strchr(" \t\r\n", *end) != NULL) {
        end++;
    }
    if (!cJSON_IsObject(tree) || end != body + len) {
        cJSON_Delete(tree);
        return NULL;
    }
    return tree;
}

static bool is_one_of(const char *type, const char *const *names)
{
    for (; *names != NULL; names++) {
        size_t n = strlen(*names);
        // "AccessDenied" and "AccessDeniedException" are the same thing from different services.
        if (strncmp(type, *names, n) == 0 &&
            (type[n] == '\0' || strcmp(type + n, "Exception") == 0)) {
            return true;
        }
    }
    return false;
}

static bool is_clock_message(const char *message)
{
    return strstr(message, "Signature expired") != NULL ||
           strstr(message, "not yet current") != NULL ||
           strstr(message, "Signature not yet") != NULL;
}

static lp_aws_error_kind_t kind_of_status(long status)
{
    switch (status) {
    case 401:
        return LP_AWS_ERROR_CREDENTIALS;
    case 403:
        return LP_AWS_ERROR_DENIED;
    case 404:
        return LP_AWS_ERROR_MISSING;
    case 409:
        return LP_AWS_ERROR_CONFLICT;
    case 410:
        return LP_AWS_ERROR_LIMIT;
    case 429:
        return LP_AWS_ERROR_THROTTLED;
    default:
        return LP_AWS_ERROR_OTHER;
    }
}

lp_aws_error_kind_t lp_aws_error_kind(long status, const lp_aws_error_t *error)
{
    static const char *const throttled[] = {"Throttling", "TooManyRequests", "RequestLimitExceeded",
                                            "SlowDown",   "Throttled",       NULL};
    static const char *const expired[] = {"ExpiredToken", "TokenRefreshRequired", NULL};
    static const char *const clock[] = {"RequestTimeTooSkewed", "RequestExpired", NULL};
    static const char *const wrong[] = {"UnrecognizedClient",    "InvalidClientTokenId",
                                        "SignatureDoesNotMatch", "InvalidSignature",
                                        "IncompleteSignature",   "MissingAuthenticationToken",
                                        "InvalidAccessKeyId",    "AuthFailure",
                                        "Unauthorized",          NULL};
    static const char *const denied[] = {"AccessDenied", "Forbidden", "NotAuthorized", NULL};
    static const char *const limit[] = {"LimitExceeded", NULL};
    if (is_one_of(error->type, throttled)) {
        return LP_AWS_ERROR_THROTTLED;
    }
    if (is_one_of(error->type, expired)) {
        return LP_AWS_ERROR_EXPIRED;
    }
    if (is_one_of(error->type, clock) || is_clock_message(error->message)) {
        return LP_AWS_ERROR_CLOCK;
    }
    if (is_one_of(error->type, wrong)) {
        return LP_AWS_ERROR_CREDENTIALS;
    }
    if (is_one_of(error->type, denied)) {
        return LP_AWS_ERROR_DENIED;
    }
    if (is_one_of(error->type, limit)) {
        return LP_AWS_ERROR_LIMIT;
    }
    return kind_of_status(status);
}
