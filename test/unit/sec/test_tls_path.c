// SPDX-License-Identifier: Apache-2.0
// The small TLS's way from a server's certificate to a trust anchor, with OpenSSL as the second
// opinion: what it accepts OpenSSL must accept, whatever was done to the certificates; and chains
// that are in order both accept.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "fake/port.h"
#include "rig.h"
#include "tls12.h"

enum { LIST_MAX = 4096, TRUST_MAX = 1024, CHAIN_MAX = 4, MUTANTS = 300 };

typedef struct {
    uint8_t bytes[LIST_MAX]; // as the Certificate message has them
    size_t len;
} list_t;

static pki_id_t root, middle, second, leaf, deep;
static uint8_t trust[TRUST_MAX];
static size_t trust_len;
static struct lp_tls_session session;
static lp_tls12_papers_t papers;

static lp_err_t swallow(lp_stream_t *s, lp_span_t data, size_t *n)
{
    (void)s;
    *n = data.len;
    return LP_OK;
}

static void append(list_t *list, const pki_id_t *id)
{
    uint8_t *p = list->bytes + list->len + 3;
    const int len = i2d_X509(id->cert, NULL);
    assert_true(list->len + 3 + (size_t)len <= sizeof list->bytes);
    assert_int_equal(i2d_X509(id->cert, &p), len);
    lp_tls12_put_number(list->bytes + list->len, 3, (size_t)len);
    list->len += 3 + (size_t)len;
}

static lp_err_t ours(const list_t *list, const char *host)
{
    static const lp_stream_ops_t ops = {.write = swallow};
    lp_stream_t lower = {.ops = &ops};
    lp_tls_t tls = {.lower_ = &lower, .session_ = &session};
    memset(&session, 0, sizeof session);
    memset(&papers, 0, sizeof papers);
    session.papers = &papers;
    session.c.check_dates = true;
    papers.trust = (lp_tls12_certs_t){.ptr = trust, .len = trust_len};
    (void)snprintf(papers.host, sizeof papers.host, "%s", host);
    const lp_err_t err = lp_tls12_verify(&tls, lp_span(list->bytes, list->len));
    assert_int_equal(err, tls.report_.err);
    assert_true(err == LP_OK || tls.report_.detail[0] != '\0');
    return err;
}

// The certificates that OpenSSL can read, in their order.
static STACK_OF(X509) * read_all(const list_t *list)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    lp_span_t rest = lp_span(list->bytes, list->len), der;
    while (lp_tls12_take_vector(&rest, 3, &der)) {
        const unsigned char *p = der.ptr;
        X509 *x = d2i_X509(NULL, &p, (long)der.len);
        if (x != NULL) {
            sk_X509_push(all, x);
        }
    }
    return all;
}

static bool openssls(const list_t *list, const char *host)
{
    STACK_OF(X509) *all = read_all(list);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool is_fine = false;
    X509_STORE_add_cert(store, root.cert);
    if (sk_X509_num(all) > 0 && X509_STORE_CTX_init(ctx, store, sk_X509_value(all, 0), all) == 1) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
        X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
        X509_VERIFY_PARAM_set_time(param, PKI_NOW_S);
        X509_VERIFY_PARAM_set1_host(param, host, 0);
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        is_fine = X509_verify_cert(ctx) == 1;
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    sk_X509_pop_free(all, X509_free);
    return is_fine;
}

static int make(void **state)
{
    static const pki_spec_t root_spec = {.cn = "Path Root", .is_ca = true};
    static const pki_spec_t first_spec = {.cn = "Path First", .is_ca = true};
    static const pki_spec_t second_spec = {.cn = "Path Second", .is_ca = true};
    static const pki_spec_t leaf_spec = {
        .cn = "x", .san = "DNS:*.example.org", .eku = "serverAuth"};
    (void)state;
    list_t list = {.len = 0};
    fake_clock_reset();
    fake_clock_set_utc_s(PKI_NOW_S);
    root = pki_issue(pki_key_p256(), &root_spec, NULL);
    middle = pki_issue(pki_key_p256(), &first_spec, &root);
    second = pki_issue(pki_key_p256(), &second_spec, &middle);
    leaf = pki_issue(pki_key_p256(), &leaf_spec, &middle);
    deep = pki_issue(pki_key_p256(), &leaf_spec, &second);
    append(&list, &root);
    memcpy(trust, list.bytes, list.len);
    trust_len = list.len;
    return 0;
}

static int drop(void **state)
{
    (void)state;
    pki_free(&root);
    pki_free(&middle);
    pki_free(&second);
    pki_free(&leaf);
    pki_free(&deep);
    return 0;
}

static list_t list_of(const pki_id_t *const *ids)
{
    list_t list = {.len = 0};
    for (; *ids != NULL; ids++) {
        append(&list, *ids);
    }
    return list;
}

static void chains_in_order_are_accepted_by_both(void **state)
{
    (void)state;
    const pki_id_t *const chains[][CHAIN_MAX + 1] = {
        {&leaf, &middle},          {&leaf, &middle, &root},          {&deep, &second, &middle},
        {&leaf, &second, &middle}, {&deep, &second, &middle, &root},
    };
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        const list_t list = list_of(chains[i]);
        assert_int_equal(ours(&list, "a.example.org"), LP_OK);
        assert_true(openssls(&list, "a.example.org"));
        assert_int_equal(ours(&list, "a.b.example.org"), LP_E_TLS_NAME);
        assert_false(openssls(&list, "a.b.example.org"));
    }
}

static void chains_with_a_gap_are_refused_by_both(void **state)
{
    (void)state;
    const pki_id_t *const chains[][CHAIN_MAX + 1] = {
        {&leaf},          {&leaf, &second}, {&deep, &middle},
        {&deep, &second}, {&leaf, &root},   {&deep, &leaf, &middle},
    };
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        const list_t list = list_of(chains[i]);
        assert_int_equal(ours(&list, "a.example.org"), LP_E_TLS_CERT);
        assert_false(openssls(&list, "a.example.org"));
    }
    const list_t none = {.len = 0};
    assert_int_equal(ours(&none, "a.example.org"), LP_E_TLS_CERT);
}

// The authority below is good for everything but for what the case is about.
static void refuse_below(const pki_spec_t *authority, const pki_spec_t *server, lp_err_t err)
{
    pki_id_t ca = pki_issue(pki_key_p256(), authority, &root);
    pki_id_t id = pki_issue(pki_key_p256(), server, &ca);
    const pki_id_t *const chain[] = {&id, &ca, NULL};
    const list_t list = list_of(chain);
    assert_int_equal(ours(&list, "a.example.org"), err);
    assert_false(openssls(&list, "a.example.org"));
    pki_free(&ca);
    pki_free(&id);
}

static void each_fault_is_seen_by_both(void **state)
{
    (void)state;
    const pki_spec_t ca = {.cn = "Fault CA", .is_ca = true};
    const pki_spec_t server = {.cn = "x", .san = "DNS:a.example.org"};
    const pki_spec_t none = {.cn = "Fault CA"};
    const pki_spec_t old_ca = {.cn = "Fault CA", .is_ca = true, .from_day = -9, .to_day = -1};
    const pki_spec_t old = {.cn = "x", .san = "DNS:a.example.org", .from_day = -9, .to_day = -1};
    const pki_spec_t early = {.cn = "x", .san = "DNS:a.example.org", .from_day = 2, .to_day = 9};
    const pki_spec_t client = {.cn = "x", .san = "DNS:a.example.org", .eku = "clientAuth"};
    const pki_spec_t other = {.cn = "a.example.org", .san = "DNS:b.example.org"};
    refuse_below(&none, &server, LP_E_TLS_CERT);
    refuse_below(&old_ca, &server, LP_E_TLS_EXPIRED);
    refuse_below(&ca, &old, LP_E_TLS_EXPIRED);
    refuse_below(&ca, &early, LP_E_TLS_EXPIRED);
    refuse_below(&ca, &client, LP_E_TLS_CERT);
    refuse_below(&ca, &other, LP_E_TLS_NAME);
}

// One byte of one certificate, anywhere: lengths, tags, OIDs, flags, dates, names, signatures.
static void what_we_accept_of_mutants_openssl_accepts(void **state)
{
    (void)state;
    const pki_id_t *const chain[] = {&deep, &second, &middle, NULL};
    const list_t good = list_of(chain);
    uint32_t x = 12345;
    unsigned accepted = 0;
    for (unsigned i = 0; i < MUTANTS; i++) {
        list_t list = good;
        x = x * 1664525u + 1013904223u;
        const size_t at = (x >> 8) % list.len;
        list.bytes[at] ^= (uint8_t)(1u << (x & 7));
        if (ours(&list, "a.example.org") == LP_OK) {
            accepted++;
            assert_true(openssls(&list, "a.example.org"));
        }
    }
    assert_true(accepted < MUTANTS / 20); // hardly a byte is not signed
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_in_order_are_accepted_by_both),
        cmocka_unit_test(chains_with_a_gap_are_refused_by_both),
        cmocka_unit_test(each_fault_is_seen_by_both),
        cmocka_unit_test(what_we_accept_of_mutants_openssl_accepts),
    };
    return cmocka_run_group_tests_name("tls path", tests, make, drop);
}
