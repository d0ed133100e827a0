// SPDX-License-Identifier: Apache-2.0
// Accounts and proofs, and those who try to get around them: replay, guessing, other devices'
// verifiers, damaged flash.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "fake/port.h"
#include "limpet/access.h"
#include "limpet/port/clock.h"

static lp_store_t store;
static lp_store_entry_t entries[16];
static lp_access_t access;
static const uint8_t peer[LP_ACCESS_PEER_BYTES] = {1};

static void open_store(void)
{
    const lp_store_config_t config = {
        .size_bytes = 8 * 4096, .entries = entries, .max_entries = 16};
    assert_int_equal(lp_store_open(&store, &config), LP_OK);
}

static int setup(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_system_reset();
    fake_flash_reset(
        (lp_flash_geometry_t){.size_bytes = 16 * 4096, .sector_bytes = 4096, .page_bytes = 4});
    open_store();
    assert_int_equal(lp_access_init(&access, &store, "lp-4f21c0"), LP_OK);
    return 0;
}

// -- a client of its own

static void hex_sha256(const char *text, char hex[65])
{
    uint8_t digest[32];
    SHA256((const uint8_t *)text, strlen(text), digest);
    for (int i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
}

typedef struct {
    char user[32], realm[64], nonce[64], nc[16], cnonce[80], qop[16], response[80], asked[64];
} client_t;

static void make_verifier(const char *user, const char *realm, const char *password,
                          uint8_t out[32])
{
    char text[256];
    snprintf(text, sizeof text, "%s:%s:%s", user, realm, password);
    SHA256((const uint8_t *)text, strlen(text), out);
}

static void sign(client_t *c, const char *password)
{
    char text[512];
    char ha1[65];
    char ha2[65];
    snprintf(text, sizeof text, "%s:%s:%s", c->user, c->realm, password);
    hex_sha256(text, ha1);
    hex_sha256(c->asked, ha2);
    snprintf(text, sizeof text, "%s:%s:%s:%s:%s:%s", ha1, c->nonce, c->nc, c->cnonce, c->qop, ha2);
    hex_sha256(text, c->response);
}

static client_t make_client(const char *user, const char *password)
{
    client_t c = {.nc = "00000001", .cnonce = "abc", .qop = "auth-int", .asked = "RPC:/rpc/X:00"};
    snprintf(c.user, sizeof c.user, "%s", user);
    snprintf(c.realm, sizeof c.realm, "%s", access.realm);
    char nonce[LP_ACCESS_NONCE_MAX];
    assert_int_equal(lp_access_nonce(&access, nonce), LP_OK);
    snprintf(c.nonce, sizeof c.nonce, "%s", nonce);
    sign(&c, password);
    return c;
}

static lp_err_t try_from(const client_t *c, const uint8_t *from, const lp_access_user_t **user)
{
    static const lp_access_user_t *ignored;
    static uint32_t wait_ms;
    lp_access_proof_t p = {.user = lp_span_str(c->user),
                           .realm = lp_span_str(c->realm),
                           .nonce = lp_span_str(c->nonce),
                           .nc = lp_span_str(c->nc),
                           .cnonce = lp_span_str(c->cnonce),
                           .qop = lp_span_str(c->qop),
                           .response = lp_span_str(c->response)};
    SHA256((const uint8_t *)c->asked, strlen(c->asked), p.a2);
    return lp_access_check(&access, from, &p, user != NULL ? user : &ignored, &wait_ms);
}

static lp_err_t try_it(const client_t *c)
{
    return try_from(c, peer, NULL);
}

static void add_user(const char *name, lp_role_t role, const char *password)
{
    uint8_t verifier[32];
    make_verifier(name, access.realm, password, verifier);
    assert_int_equal(lp_access_put(&access, name, role, verifier), LP_OK);
}

// -- tests

static void access_nobody_gets_in_at_first(void **state)
{
    (void)state;
    client_t c = make_client("admin", "");
    assert_int_equal(try_it(&c), LP_E_UNAUTHORIZED);
    c = make_client("", "");
    assert_int_equal(try_it(&c), LP_E_UNAUTHORIZED);
    assert_int_equal(access.count, 0);
}

static void access_right_password_gets_in_with_its_role(void **state)
{
    (void)state;
    const lp_access_user_t *user = NULL;
    add_user("ann", LP_ROLE_OPERATOR, "correct horse");
    client_t c = make_client("ann", "correct horse");
    assert_int_equal(try_from(&c, peer, &user), LP_OK);
    assert_string_equal(user->name, "ann");
    assert_int_equal(user->role, LP_ROLE_OPERATOR);
    c = make_client("ann", "correct horsf");
    assert_int_equal(try_it(&c), LP_E_UNAUTHORIZED);
    c = make_client("bob", "correct horse");
    assert_int_equal(try_it(&c), LP_E_UNAUTHORIZED);
}

static void access_each_count_is_good_once(void **state)
{
    (void)state;
    add_user("ann", LP_ROLE_ADMIN, "pw");
    client_t c = make_client("ann", "pw");
    assert_int_equal(try_it(&c), LP_OK);
    assert_int_equal(try_it(&c), LP_E_UNAUTHORIZED); // replayed
    snprintf(c.nc, sizeof c.nc, "00000003");
    sign(&c, "pw");
    assert_int_equal(try_it(&c), LP_OK);
    snprintf(c.nc, sizeof c.nc, "00000002"); // was never used, but it is late
    sign(&c, "pw");
    assert_int_equal(try_it(&c), LP_E_UNAUTHORIZED);
    snprintf(c.nc, sizeof c.nc, "00000004");
    sign(&c, "pw");
    assert_int_equal(try_it(&c), LP_OK);
}

// Whoever pushes a nonce out of the table has not made it new: everything up to it is stale.
static void access_forgotten_nonces_cannot_be_replayed(void **state)
{
    (void)state;
    add_user("ann", LP_ROLE_ADMIN, "pw");
    client_t seen[LP_ACCESS_NONCES * 3];
    client_t early = make_client("ann", "pw"); // never used so far
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        seen[i] = make_client("ann", "pw");
        assert_int_equal(try_it(&seen[i]), LP_OK);
    }
    assert_int_equal(try_it(&early), LP_E_AGAIN);
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        const lp_err_t err = try_from(&seen[i], (const uint8_t *)"another address.", NULL);
        assert_true(err == LP_E_AGAIN || err == LP_E_UNAUTHORIZED || err == LP_E_BUSY);
    }
}

static void access_what_was_asked_for_is_part_of_the_proof(void **state)
{
    (void)state;
    add_user("ann", LP_ROLE_ADMIN, "pw");
    client_t c = make_client("ann", "pw");
    snprintf(c.asked, sizeof c.asked, "RPC:/rpc/Y:00");
    assert_int_equal(try_it(&c), LP_E_UNAUTHORIZED);
    c = make_client("ann", "pw");
    snprintf(c.qop, sizeof c.qop, "auth");
    assert_int_equal(try_it(&c), LP_E_UNAUTHORIZED);
}

static void access_nonces_that_are_not_ours_are_stale(void **state)
{
    (void)state;
    add_user("ann", LP_ROLE_ADMIN, "pw");
    client_t c = make_client("ann", "pw");
    c.nonce[0] = c.nonce[0] == '0' ? '1' : '0';
    sign(&c, "pw");
    assert_int_equal(try_it(&c), LP_E_AGAIN);
    c = make_client("ann", "pw");
    c.nonce[47] = c.nonce[47] == '0' ? '1' : '0';
    sign(&c, "pw");
    assert_int_equal(try_it(&c), LP_E_AGAIN);
    snprintf(c.nonce, sizeof c.nonce, "00");
    assert_int_equal(try_it(&c), LP_E_AGAIN);
    c = make_client("ann", "pw");
    fake_clock_advance_ms(LP_ACCESS_NONCE_MS + 2);
    assert_int_equal(try_it(&c), LP_E_AGAIN); // too old
    c = make_client("ann", "pw");
    assert_int_equal(lp_access_init(&access, &store, "lp-4f21c0"), LP_OK); // a restart
    assert_int_equal(try_it(&c), LP_E_AGAIN);
    c = make_client("ann", "pw");
    assert_int_equal(try_it(&c), LP_OK);
}

static void access_malformed_proofs_are_wrong(void **state)
{
    (void)state;
    static const char *const counts[] = {"", "1", "00000000", "0000000g", "000000001", "ffffffff"};
    add_user("ann", LP_ROLE_ADMIN, "pw");
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        setup(NULL);
        add_user("ann", LP_ROLE_ADMIN, "pw");
        client_t c = make_client("ann", "pw");
        snprintf(c.nc, sizeof c.nc, "%s", counts[i]);
        sign(&c, "pw");
        assert_int_equal(try_it(&c), LP_E_UNAUTHORIZED);
    }
    client_t c = make_client("ann", "pw");
    c.cnonce[0] = '\0';
    sign(&c, "pw");
    assert_int_equal(try_it(&c), LP_E_UNAUTHORIZED);
    c = make_client("ann", "pw");
    c.response[63] = '\0';
    assert_int_equal(try_it(&c), LP_E_UNAUTHORIZED);
    c = make_client("ann", "pw");
    snprintf(c.realm, sizeof c.realm, "elsewhere"); // signed for another realm
    sign(&c, "pw");
    assert_int_equal(try_it(&c), LP_E_UNAUTHORIZED);
}

// A thousand guesses a minute become a handful.
static void access_guessing_is_slowed_down(void **state)
{
    (void)state;
    add_user("ann", LP_ROLE_ADMIN, "pw");
    unsigned judged = 0;
    for (int i = 0; i < 3600; i++) { // an hour, one a second
        client_t c = make_client("ann", "guess");
        judged += try_it(&c) == LP_E_UNAUTHORIZED ? 1 : 0;
        fake_clock_advance_ms(1000);
    }
    assert_true(judged >= LP_ACCESS_FREE_GUESSES && judged < 40);
    client_t c = make_client("ann", "pw");
    assert_int_equal(try_it(&c), LP_E_BUSY); // even the right one, from there
    static const uint8_t other[LP_ACCESS_PEER_BYTES] = {2};
    c = make_client("ann", "pw");
    assert_int_equal(try_from(&c, other, NULL), LP_OK);
    fake_clock_advance_ms(LP_ACCESS_WAIT_MAX_MS);
    c = make_client("ann", "pw");
    assert_int_equal(try_it(&c), LP_OK);
}

// Many addresses do not help, and do not lock out whoever has logged in already.
static void access_guessing_from_everywhere_is_slowed_down(void **state)
{
    (void)state;
    add_user("ann", LP_ROLE_ADMIN, "pw");
    client_t known = make_client("ann", "pw");
    assert_int_equal(try_it(&known), LP_OK);
    unsigned judged = 0;
    for (uint32_t i = 0; i < 10000; i++) { // within a hundred seconds
        uint8_t from[LP_ACCESS_PEER_BYTES] = {9};
        memcpy(from + 4, &i, sizeof i);
        client_t c = make_client("ann", "guess");
        judged += try_from(&c, from, NULL) == LP_E_UNAUTHORIZED ? 1 : 0;
        fake_clock_advance_ms(10);
    }
    assert_true(judged >= LP_ACCESS_GUESSES && judged < LP_ACCESS_GUESSES + 60);
    snprintf(known.nc, sizeof known.nc, "00000002");
    sign(&known, "pw");
    assert_int_equal(try_it(&known), LP_OK);
}

// A nonce that was seen on the way is no way around the brakes.
static void access_guessing_with_a_known_nonce_burns_it(void **state)
{
    (void)state;
    add_user("ann", LP_ROLE_ADMIN, "pw");
    client_t known = make_client("ann", "pw");
    assert_int_equal(try_it(&known), LP_OK);
    unsigned judged = 0;
    for (int i = 2; i < 100; i++) {
        static const uint8_t other[LP_ACCESS_PEER_BYTES] = {2};
        snprintf(known.nc, sizeof known.nc, "%08x", (unsigned)i);
        sign(&known, "guess");
        judged += try_from(&known, other, NULL) == LP_E_UNAUTHORIZED ? 1 : 0;
    }
    assert_int_equal(judged, 3);
}

static void access_accounts_outlive_a_restart(void **state)
{
    (void)state;
    char realm[LP_ACCESS_REALM_MAX];
    add_user("ann", LP_ROLE_ADMIN, "pw");
    add_user("bob", LP_ROLE_READER, "qw");
    memcpy(realm, access.realm, sizeof realm);
    open_store();
    assert_int_equal(lp_access_init(&access, &store, "lp-4f21c0"), LP_OK);
    assert_string_equal(access.realm, realm);
    assert_int_equal(access.count, 2);
    client_t c = make_client("bob", "qw");
    assert_int_equal(try_it(&c), LP_OK);
    assert_int_equal(lp_access_remove(&access, "bob"), LP_OK);
    assert_int_equal(lp_access_remove(&access, "bob"), LP_E_NOT_FOUND);
    c = make_client("bob", "qw");
    assert_int_equal(try_it(&c), LP_E_UNAUTHORIZED);
}

static void access_accounts_are_bounded_and_checked(void **state)
{
    (void)state;
    static const uint8_t verifier[32] = {1};
    const char *const bad[] = {"", "a b", "a:b", "a\"b", "12345678901234567", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(lp_access_put(&access, bad[i], LP_ROLE_READER, verifier), LP_E_INVALID);
    }
    assert_int_equal(lp_access_put(&access, "x", LP_ROLE_NONE, verifier), LP_E_INVALID);
    for (int i = 0; i < LP_ACCESS_USERS_MAX; i++) {
        char name[8];
        snprintf(name, sizeof name, "u%d", i);
        assert_int_equal(lp_access_put(&access, name, LP_ROLE_READER, verifier), LP_OK);
    }
    assert_int_equal(lp_access_put(&access, "x", LP_ROLE_READER, verifier), LP_E_NOSPACE);
    assert_int_equal(lp_access_put(&access, "u1", LP_ROLE_ADMIN, verifier), LP_OK);
    assert_int_equal(access.users[1].role, LP_ROLE_ADMIN);
}

static bool flash_has(const uint8_t *what, size_t len)
{
    const uint8_t *flash = fake_flash_bytes();
    for (size_t i = 0; i + len <= 16 * 4096; i++) {
        if (memcmp(flash + i, what, len) == 0) {
            return true;
        }
    }
    return false;
}

static void access_old_verifiers_are_not_left_in_flash(void **state)
{
    (void)state;
    uint8_t verifier[32];
    add_user("ann", LP_ROLE_ADMIN, "pw");
    make_verifier("ann", access.realm, "pw", verifier);
    assert_true(flash_has(verifier, 32));
    add_user("ann", LP_ROLE_ADMIN, "new");
    assert_false(flash_has(verifier, 32));
    make_verifier("ann", access.realm, "new", verifier);
    assert_int_equal(lp_access_remove(&access, "ann"), LP_OK);
    assert_false(flash_has(verifier, 32));
}

// Whatever stands in flash: nobody gets in by it who had no account.
static void access_damaged_accounts_are_none(void **state)
{
    (void)state;
    add_user("ann", LP_ROLE_ADMIN, "pw");
    uint8_t record[256];
    lp_buf_t good = lp_buf(record, sizeof record);
    assert_int_equal(lp_store_get(&store, "#access", &good), LP_OK);
    for (size_t len = 0; len < good.len; len++) {
        const lp_store_item_t item = {.key = "#access", .value = lp_span(record, len)};
        assert_int_equal(lp_store_put(&store, &item, 1), LP_OK);
        assert_int_equal(lp_access_init(&access, &store, "lp-4f21c0"), LP_OK);
        assert_int_equal(access.count, 0);
    }
    static const struct {
        size_t at;
        uint8_t value;
    } damage[] = {{0, 2}, {9, 5}, {9, 2}, {10, 0}, {10, 4}, {11, 200}, {12, ':'}};
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        uint8_t bad[256];
        memcpy(bad, record, good.len);
        bad[damage[i].at] = damage[i].value;
        const lp_store_item_t item = {.key = "#access", .value = lp_span(bad, good.len)};
        assert_int_equal(lp_store_put(&store, &item, 1), LP_OK);
        assert_int_equal(lp_access_init(&access, &store, "lp-4f21c0"), LP_OK);
        assert_int_equal(access.count, 0);
        assert_true(fake_log_contains("damaged"));
    }
}

static void access_without_random_numbers_nobody_gets_in(void **state)
{
    (void)state;
    char nonce[LP_ACCESS_NONCE_MAX];
    add_user("ann", LP_ROLE_ADMIN, "pw");
    client_t c = make_client("ann", "pw");
    fake_entropy_fails = true;
    assert_int_equal(lp_access_init(&access, &store, "lp-4f21c0"), LP_E_IO);
    assert_int_equal(lp_access_nonce(&access, nonce), LP_E_STATE);
    assert_int_equal(try_it(&c), LP_E_AGAIN);
    static const uint8_t verifier[32] = {1};
    assert_int_equal(lp_access_put(&access, "x", LP_ROLE_READER, verifier), LP_E_STATE);
    fake_entropy_fails = false;
}

static void access_failed_flash_changes_nothing(void **state)
{
    (void)state;
    static const uint8_t verifier[32] = {1};
    add_user("ann", LP_ROLE_ADMIN, "pw");
    fake_flash_cut_at(1, 1);
    assert_int_not_equal(lp_access_put(&access, "bob", LP_ROLE_ADMIN, verifier), LP_OK);
    assert_int_equal(access.count, 1);
    assert_int_not_equal(lp_access_remove(&access, "ann"), LP_OK);
    assert_int_equal(access.count, 1);
    fake_flash_power_on();
    client_t c = make_client("ann", "pw");
    assert_int_equal(try_it(&c), LP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(access_nobody_gets_in_at_first, setup),
        cmocka_unit_test_setup(access_right_password_gets_in_with_its_role, setup),
        cmocka_unit_test_setup(access_each_count_is_good_once, setup),
        cmocka_unit_test_setup(access_forgotten_nonces_cannot_be_replayed, setup),
        cmocka_unit_test_setup(access_what_was_asked_for_is_part_of_the_proof, setup),
        cmocka_unit_test_setup(access_nonces_that_are_not_ours_are_stale, setup),
        cmocka_unit_test_setup(access_malformed_proofs_are_wrong, setup),
        cmocka_unit_test_setup(access_guessing_is_slowed_down, setup),
        cmocka_unit_test_setup(access_guessing_from_everywhere_is_slowed_down, setup),
        cmocka_unit_test_setup(access_guessing_with_a_known_nonce_burns_it, setup),
        cmocka_unit_test_setup(access_accounts_outlive_a_restart, setup),
        cmocka_unit_test_setup(access_accounts_are_bounded_and_checked, setup),
        cmocka_unit_test_setup(access_old_verifiers_are_not_left_in_flash, setup),
        cmocka_unit_test_setup(access_damaged_accounts_are_none, setup),
        cmocka_unit_test_setup(access_without_random_numbers_nobody_gets_in, setup),
        cmocka_unit_test_setup(access_failed_flash_changes_nothing, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
