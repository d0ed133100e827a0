// SPDX-License-Identifier: Apache-2.0
// Which ways to the NATS cluster are safe enough to be tried.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
// after the above
#include <cmocka.h>

#include "limpet/nats_access.h"
#include "limpet/nats_key.h"

// --- addresses ----------------------------------------------------------------------------------

static void servers_good_lists_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        int count;
        bool is_tls, has_user, is_far;
    } good[] = {
        {"tls://n1", 1, true, false, false},
        {"tls://n1:4222,tls://10.0.0.2:4222,tls://[fe80::1]:4222", 3, true, false, false},
        {"tls://me:s%20ecret@n1.example:4222", 1, true, true, false},
        {"nats://127.0.0.1:4222,nats://localhost,nats://[::1]:1", 3, false, false, false},
        {"nats://127.255.0.9", 1, false, false, false},
        {"nats://LOCALHOST", 1, false, false, false},
        {"nats://127.0.0.1,nats://10.0.0.1", 2, false, false, true},
        {"nats://me:x@127.0.0.1", 1, false, true, false},
        // None of these is this computer for sure.
        {"nats://localhost.example", 1, false, false, true},
        {"nats://127.0.0.1.example", 1, false, false, true},
        {"nats://127.1", 1, false, false, true},
        {"nats://127.0.0.01", 1, false, false, true},
        {"nats://127.0.0.256", 1, false, false, true},
        {"nats://127.0.0.1.", 1, false, false, true},
        {"nats://127.0.0.1.1", 1, false, false, true},
        {"nats://2130706433", 1, false, false, true},
        {"nats://[::]", 1, false, false, true},
        {"nats://[::ffff:127.0.0.1]", 1, false, false, true},
        {"nats://localhost:x@192.0.2.1:4222", 1, false, true, true},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        lp_nats_servers_t s;
        print_message("%s\n", good[i].list);
        assert_true(lp_nats_servers_read(good[i].list, &s));
        assert_int_equal(s.count, good[i].count);
        assert_int_equal(s.is_tls, good[i].is_tls);
        assert_int_equal(s.has_user, good[i].has_user);
        assert_int_equal(s.far_plain != NULL, good[i].is_far);
    }
}

static void servers_bad_lists_are_refused_and_leave_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", ",", "n1", "n1:4222", "http://n1", "TLS://n1", "tls://", "tls://:4222",
        "tls://n1:", "tls://n1:0", "tls://n1:65536", "tls://n1:4222x", "tls://n1/", "tls://n1?x",
        "tls://n1#x", "tls://@n1", "tls://n1 ", " tls://n1", "tls://n1,", "tls://n1,,tls://n2",
        "tls://n1, tls://n2", "tls://n1,nats://n2", "nats://127.0.0.1,tls://n1",
        // What another reader could take for another host.
        "nats://127.0.0.1@192.0.2.1#", "nats://127.0.0.1#@192.0.2.1", "nats://127.0.0.1/@192.0.2.1",
        "nats://127.0.0.1\\@192.0.2.1", "nats://a@b@192.0.2.1", "nats://[::1", "nats://[]",
        "nats://[::1]x", "nats://::1", "nats://[fe80::1%25eth0]", "tls://n\xc3\xbc",
        "tls://secret:pass@n1:99999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        lp_nats_servers_t s;
        lp_nats_servers_t none;
        memset(&none, 0, sizeof none);
        print_message("%s\n", bad[i]);
        assert_false(lp_nats_servers_read(bad[i], &s));
        assert_memory_equal(&s, &none, sizeof s);
    }
    lp_nats_servers_t s;
    assert_false(lp_nats_servers_read(NULL, &s));
}

static void servers_too_many_or_too_long_are_refused(void **state)
{
    (void)state;
    char list[LP_NATS_URL_SIZE * 2] = "";
    lp_nats_servers_t s;
    for (int i = 0; i < LP_NATS_SERVERS_MAX; i++) {
        strcat(list, i == 0 ? "tls://n" : ",tls://n");
    }
    assert_true(lp_nats_servers_read(list, &s));
    strcat(list, ",tls://n");
    assert_false(lp_nats_servers_read(list, &s));
    memset(list, 'n', LP_NATS_URL_SIZE);
    memcpy(list, "tls://", 6);
    list[LP_NATS_URL_SIZE - 1] = '\0';
    assert_true(lp_nats_servers_read(list, &s));
    list[LP_NATS_URL_SIZE - 1] = 'n';
    list[LP_NATS_URL_SIZE] = '\0';
    assert_false(lp_nats_servers_read(list, &s));
}

// --- what goes together -------------------------------------------------------------------------

static char folder[] = "/tmp/limpet-nats-XXXXXX";
static char file_secret[64], file_open[64], file_none[64];

static void make_file(char *path, const char *name, mode_t mode)
{
    snprintf(path, sizeof file_secret, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

static int make_files(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    make_file(file_secret, "secret", 0600);
    make_file(file_open, "open", 0644);
    snprintf(file_none, sizeof file_none, "%s/none", folder);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(file_secret);
    unlink(file_open);
    return rmdir(folder);
}

static bool check(lp_nats_access_t a, lp_nats_fault_kind_t *kind)
{
    lp_nats_fault_t f = {0};
    bool ok = lp_nats_access_check(&a, &f);
    if (!ok) {
        *kind = f.kind;
        assert_true(f.what[0] != '\0' && f.why[0] != '\0' && f.next != NULL);
    }
    return ok;
}

#define GOOD(...)                                                                                  \
    do {                                                                                           \
        lp_nats_fault_kind_t kind;                                                                 \
        assert_true(check((lp_nats_access_t){__VA_ARGS__}, &kind));                                \
    } while (0)
#define BAD(wanted, ...)                                                                           \
    do {                                                                                           \
        lp_nats_fault_kind_t kind;                                                                 \
        assert_false(check((lp_nats_access_t){__VA_ARGS__}, &kind));                               \
        assert_int_equal(kind, wanted);                                                            \
    } while (0)

static void access_tls_needs_a_ca_and_an_identity(void **state)
{
    (void)state;
    const char *ca = file_open;
    GOOD(.servers = "tls://n", .ca = ca, .cert = file_open, .key = file_secret);
    GOOD(.servers = "tls://n", .ca = ca, .creds = file_secret);
    GOOD(.servers = "tls://a:b@n", .ca = ca);
    BAD(LP_NATS_FAULT_USAGE, .servers = "tls://n", .ca = ca);
    BAD(LP_NATS_FAULT_USAGE, .servers = "tls://n", .creds = file_secret);
    BAD(LP_NATS_FAULT_USAGE, .servers = "tls://n", .ca = ca, .cert = file_open);
    BAD(LP_NATS_FAULT_USAGE, .servers = "tls://n", .ca = ca, .key = file_secret);
    BAD(LP_NATS_FAULT_USAGE, .servers = "n", .ca = ca);
    BAD(LP_NATS_FAULT_USAGE, .servers = NULL, .ca = ca);
}

static void access_plain_is_for_this_computer_or_asked_for(void **state)
{
    (void)state;
    GOOD(.servers = "nats://127.0.0.1");
    GOOD(.servers = "nats://localhost", .creds = file_secret);
    BAD(LP_NATS_FAULT_PLAIN, .servers = "nats://n");
    BAD(LP_NATS_FAULT_PLAIN, .servers = "nats://localhost,nats://n");
    BAD(LP_NATS_FAULT_PLAIN, .servers = "nats://n,nats://localhost", .creds = file_secret);
    GOOD(.servers = "nats://n", .is_plain_allowed = true);
    // Who gives a CA believes that it counts.
    BAD(LP_NATS_FAULT_USAGE, .servers = "nats://localhost", .ca = file_open);
    BAD(LP_NATS_FAULT_USAGE, .servers = "nats://localhost", .cert = file_open, .key = file_secret);
}

static void access_files_with_secrets_are_their_owners_alone(void **state)
{
    (void)state;
    static const mode_t open_modes[] = {0640, 0604, 0620, 0602, 0610, 0644};
    const char *ca = file_open;
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        assert_int_equal(chmod(file_secret, open_modes[i]), 0);
        BAD(LP_NATS_FAULT_FILE, .servers = "tls://n", .ca = ca, .creds = file_secret);
        BAD(LP_NATS_FAULT_FILE, .servers = "tls://n", .ca = ca, .cert = ca, .key = file_secret);
    }
    assert_int_equal(chmod(file_secret, 0400), 0);
    GOOD(.servers = "tls://n", .ca = ca, .creds = file_secret);
    assert_int_equal(chmod(file_secret, 0600), 0);
    BAD(LP_NATS_FAULT_FILE, .servers = "tls://n", .ca = ca, .creds = file_none);
    BAD(LP_NATS_FAULT_FILE, .servers = "tls://n", .ca = ca, .creds = folder);
    BAD(LP_NATS_FAULT_FILE, .servers = "tls://n", .ca = file_none, .creds = file_secret);
    BAD(LP_NATS_FAULT_FILE, .servers = "tls://n", .ca = ca, .cert = file_none, .key = file_secret);
}

static void access_file_of_another_user_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0 || chown(file_secret, 12345, 0) != 0) {
        skip();
    }
    BAD(LP_NATS_FAULT_FILE, .servers = "tls://n", .ca = file_open, .creds = file_secret);
    assert_int_equal(chown(file_secret, 0, 0), 0);
}

// --- keys ---------------------------------------------------------------------------------------

static const char seed[] = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
static const char public_key[] = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

// @source NATS documentation, "NKeys", the example.
static void key_of_the_documentation_is_derived(void **state)
{
    (void)state;
    char out[LP_NATS_KEY_SIZE];
    assert_true(lp_nats_key_public(lp_span_str(seed), out));
    assert_string_equal(out, public_key);
}

static void key_every_changed_letter_is_noticed(void **state)
{
    (void)state;
    char out[LP_NATS_KEY_SIZE];
    for (size_t i = 0; i + 1 < sizeof seed; i++) {
        char bad[sizeof seed];
        memcpy(bad, seed, sizeof seed);
        bad[i] = bad[i] == 'A' ? 'B' : 'A';
        assert_false(lp_nats_key_public(lp_span_str(bad), out));
        assert_string_equal(out, "");
        bad[i] = i % 2 == 0 ? '1' : 'a'; // not of the alphabet
        assert_false(lp_nats_key_public(lp_span_str(bad), out));
        assert_false(lp_nats_key_public(lp_span(seed, i), out));
    }
    assert_false(lp_nats_key_public(lp_span_str(public_key), out));
}

static void key_seed_is_found_among_lines(void **state)
{
    (void)state;
    char text[200];
    static const char *const around[][2] = {
        {"", ""}, {"", "\n"}, {"", "\r\n"}, {"# x\n\n", "\n"}, {"SU\nx\n", "\ny"}};
    for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) {
        snprintf(text, sizeof text, "%s%s%s", around[i][0], seed, around[i][1]);
        assert_true(lp_span_equal_str(lp_nats_seed_find(lp_span_str(text)), seed));
    }
    static const char *const none[] = {"", "\n", "SU", "x SUACSSL3", "\r\n\r\n"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(lp_nats_seed_find(lp_span_str(none[i])).len, 0);
    }
}

// @source RFC 8032, 7.1, TEST 2 ("72"): the seed below is its secret key as NATS writes it.
static void key_signs_as_the_rfc_has_it(void **state)
{
    (void)state;
    static const uint8_t wanted[] = {0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8};
    static const char rfc_seed[] = "SUAEZTIITMUP7FW2TW3MGRXMCFHA6W4KGGPTLK5GETNIZ5XNJ64KN63OVI";
    const uint8_t message = 0x72;
    uint8_t out[LP_NATS_SIGNATURE_SIZE] = {0};
    assert_true(lp_nats_key_sign(lp_span_str(rfc_seed), lp_span(&message, 1), out));
    assert_memory_equal(out, wanted, sizeof wanted);
    const uint8_t first = out[0];
    assert_false(lp_nats_key_sign(lp_span_str(public_key), lp_span(&message, 1), out));
    assert_int_equal(out[0], first);
}

static void key_jwt_is_found_between_its_lines(void **state)
{
    (void)state;
#define JWT_BEGIN "-----BEGIN NATS USER JWT-----"
    static const char *const good[] = {JWT_BEGIN "\na.b-_.c\n------END",
                                       "# x\n" JWT_BEGIN "\r\na.b-_.c\r\n"};
    static const char *const bad[] = {"",
                                      JWT_BEGIN,
                                      JWT_BEGIN "\n",
                                      JWT_BEGIN "\n------END\n",
                                      JWT_BEGIN "\na.b.c",
                                      "-----BEGIN USER NKEY SEED-----\nx\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(lp_span_equal_str(lp_nats_jwt_find(lp_span_str(good[i])), "a.b-_.c"));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(lp_nats_jwt_find(lp_span_str(bad[i])).len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_good_lists_are_taken_apart),
        cmocka_unit_test(servers_bad_lists_are_refused_and_leave_nothing),
        cmocka_unit_test(servers_too_many_or_too_long_are_refused),
        cmocka_unit_test(access_tls_needs_a_ca_and_an_identity),
        cmocka_unit_test(access_plain_is_for_this_computer_or_asked_for),
        cmocka_unit_test(access_files_with_secrets_are_their_owners_alone),
        cmocka_unit_test(access_file_of_another_user_is_refused),
        cmocka_unit_test(key_of_the_documentation_is_derived),
        cmocka_unit_test(key_every_changed_letter_is_noticed),
        cmocka_unit_test(key_seed_is_found_among_lines),
        cmocka_unit_test(key_signs_as_the_rfc_has_it),
        cmocka_unit_test(key_jwt_is_found_between_its_lines),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
