// SPDX-License-Identifier: Apache-2.0
// A board that can be called: its own certificate, and nobody to check. The key exchange is in
// software, so that a caller costs the chip one signature.
#include "tls_server.h"

#include "limpet/fmt.h"

static int set_up(lp_tls_t *tls, const lp_tls_config_t *config)
{
    lp_tls_session_t *s = tls->session_;
    int ret = mbedtls_ssl_config_defaults(&s->conf, MBEDTLS_SSL_IS_SERVER,
                                          MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    lp_tls_set_offer(tls, config);
    mbedtls_ssl_conf_authmode(&s->conf, MBEDTLS_SSL_VERIFY_NONE);
    if (ret == 0) {
        ret = mbedtls_ssl_setup(&s->ssl, &s->conf);
    }
    return ret;
}

lp_err_t lp_tls_server_set_up(lp_tls_t *tls, const lp_tls_config_t *config)
{
    if (config->cert_pem.len == 0) {
        LP_TLS_DETAIL(tls, "a server needs a certificate");
        return LP_E_TLS_CERT;
    }
    const lp_err_t err = lp_tls_take_identity(tls, config);
    if (err == LP_OK && set_up(tls, config) != 0) {
        LP_TLS_DETAIL(tls, "the TLS arena of %u bytes is too small for a connection",
                      (unsigned)lp_tls_arena.size_);
        return LP_E_NOSPACE;
    }
    return err;
}

bool lp_tls_is_aside(const lp_tls_config_t *config)
{
    return config->resume == LP_TLS_RESUME_ASIDE;
}
