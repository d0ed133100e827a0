// SPDX-License-Identifier: Apache-2.0
// limpet/dns.h - DNS messages as multicast DNS uses them, read and written without any I/O.
//
// Names are kept the way they travel, as labels with a length byte and a zero at the end, but never
// compressed. Compression pointers are followed only backwards, each one further back than the one
// before it, so that no message can lead round in a circle.
// @source RFC 1035 section 4, RFC 6762 section 18, RFC 2782, RFC 4034 section 4
// @context any
#ifndef LIMPET_DNS_H
#define LIMPET_DNS_H

#include <stdbool.h>

#include "limpet/err.h"
#include "limpet/span.h"

enum {
    LP_DNS_NAME_MAX = 255, // RFC 1035, 2.3.4
    LP_DNS_LABEL_MAX = 63,
    LP_DNS_HEAD_BYTES = 12,
    LP_DNS_SUFFIXES = 24, // places that a writer remembers, to point to
};

// Types and classes.
enum {
    LP_DNS_A = 1,
    LP_DNS_PTR = 12,
    LP_DNS_TXT = 16,
    LP_DNS_AAAA = 28,
    LP_DNS_SRV = 33,
    LP_DNS_NSEC = 47,
    LP_DNS_ANY = 255,
    LP_DNS_IN = 1,
    LP_DNS_TOP_BIT = 0x8000, // of a class: cache flush, or "answer me by unicast"
};

// Of the head's flags.
enum {
    LP_DNS_RESPONSE = 0x8000,
    LP_DNS_OPCODE = 0x7800,
    LP_DNS_AUTHORITATIVE = 0x0400,
    LP_DNS_TRUNCATED = 0x0200,
    LP_DNS_RCODE = 0x000F,
};

typedef enum { LP_DNS_QUESTION, LP_DNS_ANSWER, LP_DNS_AUTHORITY, LP_DNS_ADDITIONAL } lp_dns_part_t;

typedef struct {
    size_t len; // with the zero
    uint8_t bytes[LP_DNS_NAME_MAX];
} lp_dns_name_t;

// -- names

// Makes the empty name, which is the root.
void lp_dns_name_clear(lp_dns_name_t *name);

// Puts a label behind the others. LP_E_RANGE: empty, too long, or the name would be; unchanged
// then.
lp_err_t lp_dns_name_add(lp_dns_name_t *name, lp_span_t label);

// The name of a text like "_limpet._tcp.local", whose labels have no dots. LP_E_RANGE.
lp_err_t lp_dns_name_of(lp_dns_name_t *name, const char *text);

// Letters count as equal in either case. RFC 6762, 16
bool lp_dns_name_is_equal(const lp_dns_name_t *a, const lp_dns_name_t *b);

// The first label; empty for the root. Borrows.
lp_span_t lp_dns_name_first(const lp_dns_name_t *name);

// Whether `name` without its first label is `parent`.
bool lp_dns_name_is_child(const lp_dns_name_t *name, const lp_dns_name_t *parent);

// -- reading

typedef struct {
    uint16_t id, flags;
    uint16_t counts[4]; // that are still to come, one a part
    lp_span_t message_;
    size_t at_;
} lp_dns_reader_t;

// A question, or a record; of a question the TTL and the data are empty.
typedef struct {
    lp_dns_part_t part;
    lp_dns_name_t name;
    uint16_t type;
    uint16_t class_; // without the top bit
    bool has_top_bit;
    uint32_t ttl_s;
    lp_span_t data; // borrowed from the message; names in it may be compressed
} lp_dns_record_t;

typedef struct {
    uint16_t priority, weight, port;
    lp_dns_name_t target;
} lp_dns_srv_t;

// Begins to read `message` (borrows until the end). LP_E_FORMAT: it has no head.
lp_err_t lp_dns_read(lp_dns_reader_t *r, lp_span_t message);

// The next question or record. LP_E_NOT_FOUND: that was all; LP_E_FORMAT: the message is cut,
// a pointer leads forward, a label has a reserved kind, or a name is too long; nothing more can be
// read from it.
lp_err_t lp_dns_next(lp_dns_reader_t *r, lp_dns_record_t *record);

// The name in the data of a PTR, and what is in a SRV. LP_E_FORMAT.
lp_err_t lp_dns_data_ptr(const lp_dns_reader_t *r, const lp_dns_record_t *record,
                         lp_dns_name_t *name);
lp_err_t lp_dns_data_srv(const lp_dns_reader_t *r, const lp_dns_record_t *record,
                         lp_dns_srv_t *srv);

// Takes the next string from the front of a TXT's data. LP_E_NOT_FOUND: no more; LP_E_FORMAT.
lp_err_t lp_dns_txt_next(lp_span_t *data, lp_span_t *string);

// -- writing

typedef struct {
    uint8_t *bytes_;
    size_t cap_;
    size_t len_;
    size_t data_at_; // of the record under way
    uint16_t suffixes_[LP_DNS_SUFFIXES];
    uint8_t suffix_count_;
} lp_dns_writer_t;

// `bytes` are lent, at least LP_DNS_HEAD_BYTES.
void lp_dns_write(lp_dns_writer_t *w, uint8_t *bytes, size_t cap, uint16_t id, uint16_t flags);

// Each of these puts something whole into the message, or nothing: LP_E_NOSPACE. Parts must come in
// order. `class_` with its top bit where that is wanted.
lp_err_t lp_dns_put_question(lp_dns_writer_t *w, const lp_dns_name_t *name, uint16_t type,
                             uint16_t class_);
// `data` goes in as it is.
lp_err_t lp_dns_put(lp_dns_writer_t *w, lp_dns_part_t part, const lp_dns_record_t *record);
lp_err_t lp_dns_put_ptr(lp_dns_writer_t *w, lp_dns_part_t part, const lp_dns_record_t *record,
                        const lp_dns_name_t *target);
lp_err_t lp_dns_put_srv(lp_dns_writer_t *w, lp_dns_part_t part, const lp_dns_record_t *record,
                        const lp_dns_srv_t *srv);

// What was written. Borrows.
lp_span_t lp_dns_written(const lp_dns_writer_t *w);

#endif
