// SPDX-License-Identifier: Apache-2.0
// PEM of ours is read by OpenSSL. All else about PEM: test_der.c.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "limpet/pem.h"

static void assert_openssl_reads(lp_span_t text, lp_span_t der)
{
    BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    char *name = NULL;
    char *header = NULL;
    unsigned char *data = NULL;
    long data_len = 0;
    assert_int_equal(PEM_read_bio(bio, &name, &header, &data, &data_len), 1);
    assert_string_equal(name, "TEST");
    assert_true(lp_span_equal(lp_span(data, (size_t)data_len), der));
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    BIO_free(bio);
}

static void pem_of_every_length_is_read_by_openssl(void **state)
{
    (void)state;
    uint8_t der[200];
    for (size_t i = 0; i < sizeof der; i++) {
        der[i] = (uint8_t)(i * 7);
    }
    for (size_t len = 1; len <= sizeof der; len++) {
        uint8_t text[512];
        lp_buf_t t = lp_buf(text, LP_PEM_LEN(len, 4));
        assert_int_equal(lp_pem_encode(&t, "TEST", lp_span(der, len)), LP_OK);
        assert_openssl_reads(lp_buf_span(&t), lp_span(der, len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pem_of_every_length_is_read_by_openssl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
