// SPDX-License-Identifier: Apache-2.0
// cbor_vectors.h - the examples of RFC 8949, appendix A, and the not well-formed ones of appendix
// F.
#ifndef CBOR_VECTORS_H
#define CBOR_VECTORS_H

#include <stdbool.h>
#include <stddef.h>

// The bytes in hex, what they say in diagnostic notation (half, single and double are not told
// apart), and whether a writer that prefers the shortest form gives the same bytes.
typedef struct {
    const char *hex;
    const char *diag;
    bool is_preferred;
} cbor_vector_t;

// clang-format off
static const cbor_vector_t cbor_appendix_a[] = {
    {"00", "0", true}, {"01", "1", true}, {"0a", "10", true}, {"17", "23", true}, {"1818", "24", true}, {"1819", "25", true},
    {"1864", "100", true}, {"1903e8", "1000", true}, {"1a000f4240", "1000000", true},
    {"1b000000e8d4a51000", "1000000000000", true}, {"1bffffffffffffffff", "18446744073709551615", true},
    {"c249010000000000000000", "2(h'010000000000000000')", true}, {"3bffffffffffffffff", "-1-18446744073709551615", true},
    {"c349010000000000000000", "3(h'010000000000000000')", true}, {"20", "-1", true}, {"29", "-10", true}, {"3863", "-100", true},
    {"3903e7", "-1000", true},
    {"f90000", "0.0", true}, {"f98000", "-0.0", true}, {"f93c00", "1.0", true}, {"fb3ff199999999999a", "1.1", true},
    {"f93e00", "1.5", true}, {"f97bff", "65504.0", true}, {"fa47c35000", "100000.0", true},
    {"fa7f7fffff", "3.4028234663852886e+38", true}, {"fb7e37e43c8800759c", "1.0e+300", true},
    {"f90001", "5.960464477539063e-8", true}, {"f90400", "0.00006103515625", true}, {"f9c400", "-4.0", true},
    {"fbc010666666666666", "-4.1", true}, {"f97c00", "Infinity", true}, {"f97e00", "NaN", true}, {"f9fc00", "-Infinity", true},
    {"fa7f800000", "Infinity", false}, {"fa7fc00000", "NaN", false}, {"faff800000", "-Infinity", false},
    {"fb7ff0000000000000", "Infinity", false}, {"fb7ff8000000000000", "NaN", false}, {"fbfff0000000000000", "-Infinity", false},
    {"f4", "false", true}, {"f5", "true", true}, {"f6", "null", true}, {"f7", "undefined", true}, {"f0", "simple(16)", true},
    {"f8ff", "simple(255)", true},
    {"c074323031332d30332d32315432303a30343a30305a", "0(\"2013-03-21T20:04:00Z\")", true},
    {"c11a514b67b0", "1(1363896240)", true}, {"c1fb41d452d9ec200000", "1(1363896240.5)", true},
    {"d74401020304", "23(h'01020304')", true}, {"d818456449455446", "24(h'6449455446')", true},
    {"d82076687474703a2f2f7777772e6578616d706c652e636f6d", "32(\"http://www.example.com\")", true},
    {"40", "h''", true}, {"4401020304", "h'01020304'", true}, {"60", "\"\"", true}, {"6161", "\"a\"", true},
    {"6449455446", "\"IETF\"", true}, {"62225c", "\"\\\"\\\\\"", true}, {"62c3bc", "\"\xc3\xbc\"", true},
    {"63e6b0b4", "\"\xe6\xb0\xb4\"", true}, {"64f0908591", "\"\xf0\x90\x85\x91\"", true},
    {"80", "[]", true}, {"83010203", "[1, 2, 3]", true}, {"8301820203820405", "[1, [2, 3], [4, 5]]", true},
    {"98190102030405060708090a0b0c0d0e0f101112131415161718181819",
     "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]", true},
    {"a0", "{}", true}, {"a201020304", "{1: 2, 3: 4}", true}, {"a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}", true},
    {"826161a161626163", "[\"a\", {\"b\": \"c\"}]", true},
    {"a56161614161626142616361436164614461656145",
     "{\"a\": \"A\", \"b\": \"B\", \"c\": \"C\", \"d\": \"D\", \"e\": \"E\"}", true},
    {"5f42010243030405ff", "h'0102030405'", false}, {"7f657374726561646d696e67ff", "\"streaming\"", false},
    {"9fff", "[]", false}, {"9f018202039f0405ffff", "[1, [2, 3], [4, 5]]", false}, {"9f01820203820405ff", "[1, [2, 3], [4, 5]]", false},
    {"83018202039f0405ff", "[1, [2, 3], [4, 5]]", false}, {"83019f0203ff820405", "[1, [2, 3], [4, 5]]", false},
    {"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
     "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]", false},
    {"bf61610161629f0203ffff", "{\"a\": 1, \"b\": [2, 3]}", false}, {"826161bf61626163ff", "[\"a\", {\"b\": \"c\"}]", false},
    {"bf6346756ef563416d7421ff", "{\"Fun\": true, \"Amt\": -2}", false},
};

static const char *const cbor_not_well_formed[] = {
    // the end comes too early, in a head
    "", "18", "19", "1a", "1b", "1901", "1a0102", "1b01020304050607", "38", "58", "78", "98", "9a01ff00", "b8", "d8", "f8", "f900", "fa0000",
    "fb000000",
    // strings with less content than they say
    "41", "61", "5affffffff00", "5bffffffffffffffff010203", "7affffffff00", "7b7fffffffffffffff010203",
    // containers without their items
    "81", "818181818181818181", "8200", "a1", "a20102", "a100", "a2000000", "9bffffffffffffffff", "bbffffffffffffffff", "bb8000000000000000",
    // a tag without content
    "c0",
    // indefinite lengths without a break
    "5f4100", "7f6100", "9f", "9f0102", "bf", "bf01020102", "819f", "9f8000", "9f9f9f9f9fffffffff", "9f819f819f9fffffff",
    // reserved additional information
    "1c", "1d", "1e", "3c", "3d", "3e", "5c", "5d", "5e", "7c", "7d", "7e", "9c", "9d", "9e", "bc", "bd", "be", "dc", "dd", "de", "fc", "fd", "fe",
    // simple values in two bytes that fit into one
    "f800", "f801", "f818", "f81f",
    // chunks of another type, or indefinite ones
    "5f00ff", "5f21ff", "5f6100ff", "5f80ff", "5fa0ff", "5fc000ff", "5fe0ff", "7f4100ff", "5f5f4100ffff", "7f7f6100ffff",
    // a break where none may be
    "ff", "81ff", "8200ff", "a1ff", "a1ff00", "a100ff", "a20000ff", "9f81ff", "9f829f819f9fffffffff", "bf00ff", "bf000000ff", "c0ff",
    // indefinite lengths where there are none
    "1f", "3f", "df",
    // something behind the item; text that is not UTF-8
    "0000", "a000", "61ff", "7f61c361bcff", "62eda0",
};
// clang-format on

#endif
