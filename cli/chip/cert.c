// SPDX-License-Identifier: Apache-2.0
// `limpet chip cert`: the certificates of an emulated Trust part, whole.
#include "common.h"

#include <string.h>

#include "limpet/chipsim_trust.h"
#include "limpet/pem.h"

static const char *const names[LP_CHIPSIM_CERTS] = {"device", "signer", "root"};

static int fail_cert(lp_err_t err, const char *path)
{
    char what[200];
    if (err == LP_E_NOT_FOUND) {
        snprintf(what, sizeof what, "%.120s holds no certificates", path);
        return lp_ui_fail(LP_EXIT_FAILED, "chip-no-certificate", what,
                          "only Trust&GO and TrustFLEX parts leave their factory with some",
                          "limpet chip new --model atecc608b --variant tngtls --state FILE");
    }
    snprintf(what, sizeof what, "the certificates in %.120s are not what was put there", path);
    return lp_ui_fail(LP_EXIT_FAILED, "chip-bad-certificate", what,
                      "a signature does not fit: slots 0 and 10 to 12 do not belong together",
                      "limpet chip show --state FILE");
}

lp_err_t lp_chip_certificate_pem(const lp_chipsim_image_t *image, unsigned which,
                                 char pem[LP_CHIP_PEM_MAX])
{
    uint8_t der[LP_CHIPSIM_CERT_MAX];
    lp_buf_t out = lp_buf((uint8_t *)pem, LP_CHIP_PEM_MAX - 1);
    size_t len = 0;
    lp_err_t err = lp_chipsim_certificate(image, (lp_chipsim_cert_t)which, der, &len);
    if (err == LP_OK) {
        err = lp_pem_encode(&out, "CERTIFICATE", lp_span(der, len));
    }
    pem[out.len] = '\0';
    return err;
}

// The chain as TLS sends it: the device's own first. The root is asked for by name.
static int put(const lp_chipsim_image_t *image, const char *path, bool only_root)
{
    char pem[LP_CHIPSIM_CERTS][LP_CHIP_PEM_MAX];
    for (unsigned i = 0; i < LP_CHIPSIM_CERTS; i++) {
        lp_err_t err = lp_chip_certificate_pem(image, i, pem[i]);
        if (err != LP_OK) {
            return fail_cert(err, path);
        }
    }
    if (lp_ui.json) {
        cJSON *o = cJSON_CreateObject();
        for (unsigned i = 0; i < LP_CHIPSIM_CERTS; i++) {
            cJSON_AddStringToObject(o, names[i], pem[i]);
        }
        lp_chip_put_json(o);
    } else if (only_root) {
        printf("%s", pem[LP_CHIPSIM_CERT_ROOT]);
    } else {
        printf("%s%s", pem[LP_CHIPSIM_CERT_DEVICE], pem[LP_CHIPSIM_CERT_SIGNER]);
    }
    return LP_EXIT_OK;
}

int lp_chip_cert(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_LOCAL, 0};
    static const lp_help_t help = {
        .name = "chip cert",
        .args = "",
        .summary = "Prints the certificates of an emulated Trust&GO or TrustFLEX part as PEM: the\n"
                   "device's, then its signer's.",
        .examples = {"limpet chip cert --state trust.state > chain.pem",
                     "limpet chip cert --state trust.state --root > root.pem", NULL},
        .notes = "Real parts are signed by Microchip; these by a root whose private key everybody\n"
                 "has who has this program. Trust it in tests only.",
        .exit_codes = exits};
    const char *state = NULL;
    bool only_root = false;
    const lp_opt_t opts[] = {
        {"state", LP_OPT_STR, &state, "FILE", "the chip"},
        {"root", LP_OPT_BOOL, &only_root, NULL, "the emulated root's certificate instead"},
    };
    int n_args;
    int done = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (done != LP_OPT_GO_ON) {
        return done;
    }
    if (state == NULL) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--state FILE is missing", NULL,
                          "limpet chip cert --help");
    }
    lp_chipsim_image_t image;
    int result = lp_chip_load(state, &image);
    if (result == LP_EXIT_OK) {
        result = put(&image, state, only_root);
    }
    lp_wipe(&image, sizeof image);
    return result;
}
