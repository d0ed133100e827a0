// SPDX-License-Identifier: Apache-2.0
// How does a device wait between its tries? Pure arithmetic on what was measured.
//
// AWS has not published its arithmetic, only the verdicts: linear and constant fail, strictly
// exponential passes with warnings, jitter that grows passes. Each shape is recognised by the
// largest distance between the waits and the ideal curve through their ends.
#include <math.h>

#include "limpet/advisor.h"

enum { LEAST = 4 };

static double off(double measured, double ideal)
{
    return fabs(measured - ideal);
}

// A busy computer makes a wait longer, never shorter: one in five may be off.
static bool is_constant(const uint32_t *gaps, size_t n, double noise)
{
    double low = gaps[0];
    size_t close = 0;
    for (size_t i = 1; i < n; i++) {
        low = gaps[i] < low ? gaps[i] : low;
    }
    for (size_t i = 0; i < n; i++) {
        close += gaps[i] <= low * 1.15 + noise ? 1 : 0;
    }
    return close * 5 >= n * 4;
}

static bool is_linear(const uint32_t *gaps, size_t n, double noise)
{
    const double step = ((double)gaps[n - 1] - gaps[0]) / (double)(n - 1);
    const double range = step * (double)(n - 1);
    if (step <= 0) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (off(gaps[i], gaps[0] + step * (double)i) > range * 0.05 + noise) {
            return false;
        }
    }
    return true;
}

// Up to a maximum, where it stays: the flat end is left out.
static bool is_exponential(const uint32_t *gaps, size_t n, double noise)
{
    while (n > LEAST && off(gaps[n - 1], gaps[n - 2]) <= gaps[n - 1] * 0.05 + noise) {
        n--;
    }
    if (gaps[0] == 0) {
        return false;
    }
    const double ratio = pow((double)gaps[n - 1] / gaps[0], 1.0 / (double)(n - 1));
    double ideal = gaps[0];
    for (size_t i = 0; i < n; i++, ideal *= ratio) {
        if (off(gaps[i], ideal) > ideal * 0.10 + noise) {
            return false;
        }
    }
    return ratio >= 1.3;
}

// The later ones can be longer than the earlier ones ever were.
static bool is_growing(const uint32_t *gaps, size_t n, double noise)
{
    double early = 0;
    double late = 0;
    for (size_t i = 0; i < n; i++) {
        double *half = i < n / 2 ? &early : &late;
        *half = gaps[i] > *half ? gaps[i] : *half;
    }
    return late > early * 1.3 + noise;
}

lp_backoff_kind_t lp_backoff_classify(const uint32_t *gaps_ms, size_t count, uint32_t noise_ms)
{
    if (count < LEAST) {
        return LP_BACKOFF_TOO_FEW;
    }
    if (is_constant(gaps_ms, count, noise_ms)) {
        return LP_BACKOFF_CONSTANT;
    }
    if (is_exponential(gaps_ms, count, noise_ms)) {
        return LP_BACKOFF_EXPONENTIAL;
    }
    if (is_linear(gaps_ms, count, noise_ms)) {
        return LP_BACKOFF_LINEAR;
    }
    return is_growing(gaps_ms, count, noise_ms) ? LP_BACKOFF_JITTER : LP_BACKOFF_RANDOM;
}

const char *lp_backoff_kind_name(lp_backoff_kind_t kind)
{
    switch (kind) {
    case LP_BACKOFF_TOO_FEW:
        return "too few to tell";
    case LP_BACKOFF_CONSTANT:
        return "constant";
    case LP_BACKOFF_LINEAR:
        return "linear";
    case LP_BACKOFF_EXPONENTIAL:
        return "strictly exponential";
    case LP_BACKOFF_RANDOM:
        return "random without growth";
    case LP_BACKOFF_JITTER:
        return "growing with jitter";
    }
    return "";
}
