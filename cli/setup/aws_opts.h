// SPDX-License-Identifier: Apache-2.0
// The flags of every command that speaks to AWS IoT, for its table of options.
#ifndef LP_SETUP_AWS_OPTS_H
#define LP_SETUP_AWS_OPTS_H

#include "limpet/aws.h"
#include "limpet/opt.h"

// `aws` is the command's lp_aws_flags_t.
#define LP_AWS_OPTS(aws)                                                                           \
    {"aws-region", LP_OPT_STR, &(aws).region, "REGION", "region (AWS_REGION, profile)"},           \
        {"aws-profile", LP_OPT_STR, &(aws).profile, "NAME", "profile (AWS_PROFILE, default)"},     \
        {"endpoint-url", LP_OPT_STR, &(aws).endpoint_url, "URL", "another cloud than AWS"},        \
        {"ca-bundle", LP_OPT_STR, &(aws).ca_bundle, "FILE", "CA of that cloud (AWS_CA_BUNDLE)"},   \
        {"proxy", LP_OPT_STR, &(aws).proxy, "URL", "proxy on the way to it (HTTPS_PROXY)"},        \
    {                                                                                              \
        "insecure-plain-http", LP_OPT_BOOL, &(aws).is_plain_http_allowed, NULL,                    \
            "allow http:// to another machine"                                                     \
    }

#endif
