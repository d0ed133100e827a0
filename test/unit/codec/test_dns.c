// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/dns.h"

static lp_dns_reader_t reader;
static lp_dns_record_t record;

static lp_dns_name_t name_of(const char *text)
{
    lp_dns_name_t name;
    assert_int_equal(lp_dns_name_of(&name, text), LP_OK);
    return name;
}

#define MESSAGE(counts, rest) "\x12\x34\x84\x00" counts rest
#define OPEN(text)            assert_int_equal(lp_dns_read(&reader, lp_span(text, sizeof(text) - 1)), LP_OK)
#define ONE_QUESTION          "\0\1\0\0\0\0\0\0"
#define ONE_ANSWER            "\0\0\0\1\0\0\0\0"

static void dns_names_have_limits(void **state)
{
    (void)state;
    lp_dns_name_t name;
    char label[65];
    memset(label, 'a', sizeof label);
    lp_dns_name_clear(&name);
    assert_int_equal(lp_dns_name_add(&name, lp_span("", 0)), LP_E_RANGE);
    assert_int_equal(lp_dns_name_add(&name, lp_span(label, 64)), LP_E_RANGE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lp_dns_name_add(&name, lp_span(label, 63)), LP_OK);
    }
    assert_int_equal(lp_dns_name_add(&name, lp_span(label, 62)), LP_E_RANGE);
    assert_int_equal(lp_dns_name_add(&name, lp_span(label, 61)), LP_OK);
    assert_int_equal(name.len, 255);
    assert_int_equal(lp_dns_name_of(&name, "a..b"), LP_E_RANGE);
}

static void dns_names_are_compared_without_case(void **state)
{
    (void)state;
    const lp_dns_name_t a = name_of("Lp-1._LIMPET._tcp.local");
    const lp_dns_name_t b = name_of("lp-1._limpet._TCP.Local");
    const lp_dns_name_t type = name_of("_limpet._tcp.local");
    assert_true(lp_dns_name_is_equal(&a, &b));
    assert_false(lp_dns_name_is_equal(&a, &type));
    assert_true(lp_dns_name_is_child(&a, &type));
    assert_false(lp_dns_name_is_child(&type, &type));
    assert_int_equal(lp_dns_name_first(&a).len, 4);
    // A bracket is not a letter, whatever bit it differs in.
    const lp_dns_name_t bracket = name_of("[");
    const lp_dns_name_t brace = name_of("{");
    assert_false(lp_dns_name_is_equal(&bracket, &brace));
}

static void dns_compressed_names_are_read(void **state)
{
    (void)state;
    OPEN(MESSAGE("\0\1\0\1\0\0\0\0", "\1a\5local\0\0\xFF\x80\1"
                                     "\1b\xC0\x0E\0\x0C\0\1\0\0\0\x78\0\4\1c\xC0\x0C"));
    assert_int_equal(reader.id, 0x1234);
    assert_int_equal(lp_dns_next(&reader, &record), LP_OK);
    assert_int_equal(record.part, LP_DNS_QUESTION);
    assert_true(record.has_top_bit);
    assert_int_equal(lp_dns_next(&reader, &record), LP_OK);
    const lp_dns_name_t owner = name_of("b.local");
    const lp_dns_name_t wanted = name_of("c.a.local");
    lp_dns_name_t target;
    assert_true(lp_dns_name_is_equal(&record.name, &owner));
    assert_int_equal(record.ttl_s, 120);
    assert_int_equal(lp_dns_data_ptr(&reader, &record, &target), LP_OK);
    assert_true(lp_dns_name_is_equal(&target, &wanted));
    assert_int_equal(lp_dns_next(&reader, &record), LP_E_NOT_FOUND);
}

static void expect_malformed(const char *bytes, size_t len)
{
    assert_int_equal(lp_dns_read(&reader, lp_span(bytes, len)), LP_OK);
    assert_int_equal(lp_dns_next(&reader, &record), LP_E_FORMAT);
    assert_int_equal(lp_dns_next(&reader, &record), LP_E_NOT_FOUND); // nothing more is read from it
}

#define MALFORMED(text) expect_malformed(text, sizeof(text) - 1)

static void dns_pointers_never_lead_in_a_circle(void **state)
{
    (void)state;
    MALFORMED(MESSAGE(ONE_QUESTION, "\xC0\x0C\0\1\0\1"));            // to itself
    MALFORMED(MESSAGE(ONE_QUESTION, "\1a\xC0\x0C\0\1\0\1"));         // to its own label
    MALFORMED(MESSAGE(ONE_QUESTION, "\xC0\x0E\xC0\x0C\0\1\0\1"));    // forward and back
    MALFORMED(MESSAGE(ONE_QUESTION, "\xC0\x20\0\1\0\1"));            // behind the end
    MALFORMED(MESSAGE(ONE_QUESTION, "\xC0\x02\0\1\0\1"));            // into the head
    MALFORMED(MESSAGE(ONE_QUESTION, "\x41z\0\0\1\0\1"));             // a reserved kind
    MALFORMED(MESSAGE(ONE_QUESTION, "\1a\5lo"));                     // cut in a label
    MALFORMED(MESSAGE(ONE_QUESTION, "\1a\xC0"));                     // cut in a pointer
    MALFORMED(MESSAGE(ONE_QUESTION, "\1a\0\0\1"));                   // without a class
    MALFORMED(MESSAGE(ONE_ANSWER, "\1a\0\0\1\0\1\0\0\0\1\0\5abcd")); // longer than the message
}

// Names that point to names that point to names: a small message must not become a long walk.
static void dns_names_do_not_grow_through_pointers(void **state)
{
    (void)state;
    char bytes[1024] = MESSAGE("\0\2\0\0\0\0\0\0", "");
    size_t len = 12;
    bytes[len++] = 1;
    bytes[len++] = 'a';
    bytes[len++] = 0;
    len += 4;
    size_t last = 12;
    for (int i = 0; i < 130; i++) { // each one a label longer than the one it points to
        const size_t at = len;
        bytes[len++] = 1;
        bytes[len++] = 'b';
        bytes[len++] = (char)(0xC0 | last >> 8);
        bytes[len++] = (char)last;
        last = at;
    }
    assert_int_equal(lp_dns_read(&reader, lp_span(bytes, len)), LP_OK);
    assert_int_equal(lp_dns_next(&reader, &record), LP_OK);
    reader.at_ = last; // the outermost: 131 labels are 263 bytes
    assert_int_equal(lp_dns_next(&reader, &record), LP_E_FORMAT);
}

static void dns_data_with_a_name_must_end_with_it(void **state)
{
    (void)state;
    lp_dns_name_t name;
    lp_dns_srv_t srv;
    OPEN(MESSAGE(ONE_ANSWER, "\1a\0\0\x0C\0\1\0\0\0\1\0\4\1b\0z"));
    assert_int_equal(lp_dns_next(&reader, &record), LP_OK);
    assert_int_equal(lp_dns_data_ptr(&reader, &record, &name), LP_E_FORMAT);
    assert_int_equal(lp_dns_data_srv(&reader, &record, &srv), LP_E_FORMAT);
    OPEN(MESSAGE(ONE_ANSWER, "\1a\0\0\x0C\0\1\0\0\0\1\0\2\1b"));
    assert_int_equal(lp_dns_next(&reader, &record), LP_OK);
    assert_int_equal(lp_dns_data_ptr(&reader, &record, &name), LP_E_FORMAT);
}

static void dns_txt_is_taken_apart(void **state)
{
    (void)state;
    lp_span_t data = lp_span("\4id=a\0\7ap", 9);
    lp_span_t string;
    assert_int_equal(lp_dns_txt_next(&data, &string), LP_OK);
    assert_memory_equal(string.ptr, "id=a", 4);
    assert_int_equal(lp_dns_txt_next(&data, &string), LP_OK);
    assert_int_equal(string.len, 0);
    assert_int_equal(lp_dns_txt_next(&data, &string), LP_E_FORMAT);
    data = lp_span("", 0);
    assert_int_equal(lp_dns_txt_next(&data, &string), LP_E_NOT_FOUND);
}

static void dns_writer_compresses_and_reads_back(void **state)
{
    (void)state;
    uint8_t bytes[200];
    lp_dns_writer_t w;
    const lp_dns_name_t type = name_of("_limpet._tcp.local");
    const lp_dns_name_t instance = name_of("lp-1._limpet._tcp.local");
    lp_dns_srv_t srv = {.port = 8080, .target = name_of("lp-1.local")};
    lp_dns_record_t ptr = {.name = type, .type = LP_DNS_PTR, .class_ = LP_DNS_IN, .ttl_s = 4500};
    lp_dns_record_t place = {.name = instance,
                             .type = LP_DNS_SRV,
                             .class_ = LP_DNS_IN,
                             .has_top_bit = true,
                             .ttl_s = 120};
    lp_dns_write(&w, bytes, sizeof bytes, 0, LP_DNS_RESPONSE | LP_DNS_AUTHORITATIVE);
    assert_int_equal(lp_dns_put_ptr(&w, LP_DNS_ANSWER, &ptr, &instance), LP_OK);
    assert_int_equal(lp_dns_put_srv(&w, LP_DNS_ADDITIONAL, &place, &srv), LP_OK);
    // 12; 20 + 10 + 5 + 2; 2 + 10 + 6 + 5 + 2
    assert_int_equal(lp_dns_written(&w).len, 12 + 37 + 25);
    assert_int_equal(lp_dns_read(&reader, lp_dns_written(&w)), LP_OK);
    assert_int_equal(lp_dns_next(&reader, &record), LP_OK);
    lp_dns_name_t target;
    assert_int_equal(lp_dns_data_ptr(&reader, &record, &target), LP_OK);
    assert_true(lp_dns_name_is_equal(&target, &instance));
    assert_int_equal(lp_dns_next(&reader, &record), LP_OK);
    assert_int_equal(record.part, LP_DNS_ADDITIONAL);
    lp_dns_srv_t read_back;
    assert_int_equal(lp_dns_data_srv(&reader, &record, &read_back), LP_OK);
    assert_int_equal(read_back.port, 8080);
    assert_true(lp_dns_name_is_equal(&read_back.target, &srv.target));
}

// A name that fills all its room is held against a longer label: nothing behind it is looked at.
static void dns_writer_stays_within_a_full_name(void **state)
{
    (void)state;
    uint8_t bytes[600];
    char label[63];
    lp_dns_writer_t w;
    memset(label, 'a', sizeof label);
    const lp_dns_name_t other =
        name_of("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz");
    static lp_dns_name_t name; // what is read behind it is seen
    lp_dns_name_t *full = &name;
    lp_dns_name_clear(full);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lp_dns_name_add(full, lp_span(label, 63)), LP_OK);
    }
    assert_int_equal(lp_dns_name_add(full, lp_span(label, 58)), LP_OK);
    assert_int_equal(lp_dns_name_add(full, lp_span("b", 1)), LP_OK);
    assert_int_equal(full->len, sizeof full->bytes - 1);
    lp_dns_write(&w, bytes, sizeof bytes, 0, 0);
    assert_int_equal(lp_dns_put_question(&w, &other, LP_DNS_PTR, LP_DNS_IN), LP_OK);
    assert_int_equal(lp_dns_put_question(&w, full, LP_DNS_PTR, LP_DNS_IN), LP_OK);
    assert_int_equal(lp_dns_read(&reader, lp_dns_written(&w)), LP_OK);
    assert_int_equal(lp_dns_next(&reader, &record), LP_OK);
    assert_int_equal(lp_dns_next(&reader, &record), LP_OK);
    assert_int_equal(record.name.len, full->len);
}

static void dns_writer_puts_whole_records_or_nothing(void **state)
{
    (void)state;
    const lp_dns_name_t name = name_of("lp-1._limpet._tcp.local");
    const lp_dns_record_t txt = {.name = name,
                                 .type = LP_DNS_TXT,
                                 .class_ = LP_DNS_IN,
                                 .ttl_s = 4500,
                                 .data = lp_span("\4id=a", 5)};
    uint8_t whole[100];
    lp_dns_writer_t w;
    lp_dns_write(&w, whole, sizeof whole, 0, 0);
    assert_int_equal(lp_dns_put(&w, LP_DNS_ANSWER, &txt), LP_OK);
    const size_t needed = lp_dns_written(&w).len;
    for (size_t cap = LP_DNS_HEAD_BYTES; cap < needed; cap++) {
        uint8_t bytes[100];
        lp_dns_write(&w, bytes, cap, 0, 0);
        assert_int_equal(lp_dns_put(&w, LP_DNS_ANSWER, &txt), LP_E_NOSPACE);
        assert_int_equal(lp_dns_written(&w).len, LP_DNS_HEAD_BYTES);
        assert_int_equal(lp_dns_read(&reader, lp_dns_written(&w)), LP_OK);
        assert_int_equal(lp_dns_next(&reader, &record), LP_E_NOT_FOUND);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dns_names_have_limits),
        cmocka_unit_test(dns_names_are_compared_without_case),
        cmocka_unit_test(dns_compressed_names_are_read),
        cmocka_unit_test(dns_pointers_never_lead_in_a_circle),
        cmocka_unit_test(dns_names_do_not_grow_through_pointers),
        cmocka_unit_test(dns_data_with_a_name_must_end_with_it),
        cmocka_unit_test(dns_txt_is_taken_apart),
        cmocka_unit_test(dns_writer_compresses_and_reads_back),
        cmocka_unit_test(dns_writer_stays_within_a_full_name),
        cmocka_unit_test(dns_writer_puts_whole_records_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
