// SPDX-License-Identifier: Apache-2.0
// limpet/nats_subject.h - MQTT topics and filters as NATS subjects, and back. Pure.
//
//   MQTT                     NATS
//   a/b/c                    m.a.b.c
//   $aws/things/x            s.$aws.things.x     wildcards of MQTT do not select $..., so a branch
//   a//b                     m.a.%.b             of its own; an empty level is a lone %
//   a.b/c d                  m.a%2Eb.c%20d       bytes that mean something to NATS, and %
//   a/+/b  #  a/#            m.a.*.b  m.>  m.a.> a/# does not select a, as AWS IoT has it
//
// One topic has one subject and the other way round, so that no two topics share one and what a
// wildcard selects is the same on both sides.
// @source NATS documentation, "Subject-Based Messaging"; OASIS MQTT 3.1.1, 4.7.
#ifndef LIMPET_NATS_SUBJECT_H
#define LIMPET_NATS_SUBJECT_H

#include <stdbool.h>

#include "limpet/span.h"

enum { LP_SUBJECT_SIZE = 2048 }; // with its zero byte

// False: no topic (wildcards, a zero byte, nothing), or too long; `out` is "" then.
bool lp_subject_of_topic(lp_span_t topic, char out[LP_SUBJECT_SIZE]);
// The same for a filter. Also false for a shared one ($share/...).
bool lp_subject_of_filter(lp_span_t filter, char out[LP_SUBJECT_SIZE]);
// Any text as one token of a subject, for client ids.
bool lp_subject_of_text(lp_span_t text, char out[LP_SUBJECT_SIZE]);
// And back. False: not one that it makes.
bool lp_subject_text(const char *token, char out[LP_SUBJECT_SIZE]);
// The topic of a subject, with a zero byte. False: not one that lp_subject_of_topic() makes.
bool lp_subject_topic(const char *subject, char out[LP_SUBJECT_SIZE]);

#endif
