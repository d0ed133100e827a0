// SPDX-License-Identifier: Apache-2.0
// The configuration zone in words: what each slot is for and who may do what with it.
#include "common.h"

#include <string.h>

enum { SECRET = 0x80, ENCRYPT_READ = 0x40, LIMITED = 0x20, NO_MAC = 0x10 };
enum {
    PRIVATE = 1,
    PUB_INFO = 2,
    LOCKABLE = 0x20,
    REQ_RANDOM = 0x40,
    REQ_AUTH = 0x80,
    LATCH = 0x1000
};

static uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

uint16_t lp_chip_slot_config(const lp_chipsim_image_t *image, unsigned slot)
{
    return le16(image->config + 20 + 2 * slot);
}

uint16_t lp_chip_key_config(const lp_chipsim_image_t *image, unsigned slot)
{
    return le16(image->config + 96 + 2 * slot);
}

bool lp_chip_is_private(const lp_chipsim_image_t *image, unsigned slot)
{
    return (lp_chip_key_config(image, slot) & PRIVATE) != 0;
}

static bool is_608(const lp_chipsim_image_t *image)
{
    return image->model != LP_CHIPSIM_ATECC508A;
}

// ---- private keys -----------------------------------------------------------

// What is in a private slot and who made it; no real part can tell the latter.
static const char *origin_words(const lp_chipsim_image_t *image, unsigned slot)
{
    uint8_t xy[64];
    if (!lp_chipsim_public_key(image, slot, xy)) {
        return "none yet";
    }
    switch ((lp_chipsim_origin_t)image->slot_origin[slot]) {
    case LP_CHIPSIM_FROM_GENKEY:
        return "made in the chip";
    case LP_CHIPSIM_FROM_IMPORT:
        return "brought from outside";
    case LP_CHIPSIM_FROM_FACTORY:
        return "from the factory";
    case LP_CHIPSIM_FROM_WRITE:
        break;
    }
    return "present";
}

static void describe_private(lp_chip_words_t *w, const lp_chipsim_image_t *image, unsigned slot)
{
    uint16_t sc = lp_chip_slot_config(image, slot);
    lp_chip_say(w, "P-256 private key, %s", origin_words(image, slot));
    if ((sc & 1) != 0) {
        lp_chip_say(w, "; signs external digests");
    }
    if ((sc & 2) != 0) {
        lp_chip_say(w, "; signs the chip's own messages");
    }
    if ((sc & 4) != 0) {
        (sc & 8) != 0 ? lp_chip_say(w, "; ECDH, secret into slot %u", slot + 1)
                      : lp_chip_say(w, "; ECDH, secret to the host");
    }
    if ((sc & 7) == 0) {
        lp_chip_say(w, "; neither signs nor does ECDH");
    }
    lp_chip_say(w,
                (sc & 0x2000) != 0 ? "; GenKey may make a new one" : "; GenKey may not replace it");
    if ((sc & 0x4000) != 0) {
        lp_chip_say(w, "; can be written encrypted with key %u", sc >> 8 & 15);
    }
    bool pub = (lp_chip_key_config(image, slot) & PUB_INFO) != 0;
    lp_chip_say(w, pub ? "; public key can be asked for" : "; public key only when made");
    if ((sc & SECRET) == 0) {
        lp_chip_say(w, "; NOT marked secret, so it cannot be used");
    }
}

// ---- everything else --------------------------------------------------------

static void describe_kind(lp_chip_words_t *w, const lp_chipsim_image_t *image, unsigned slot)
{
    uint16_t kc = lp_chip_key_config(image, slot);
    uint16_t sc = lp_chip_slot_config(image, slot);
    unsigned type = kc >> 2 & 7;
    size_t len;
    const uint8_t *p = lp_chipsim_slot_const(image, slot, &len);
    if (type == 4 && slot >= 8) {
        lp_chip_say(w, "P-256 public key");
        if ((kc & PUB_INFO) != 0) {
            lp_chip_say(w, ", to be validated by key %u (now %s)", sc & 15,
                        p[0] >> 4 == 5 ? "valid" : "not valid");
        }
    } else if (type == 6 && is_608(image)) {
        lp_chip_say(w, "AES keys");
    } else {
        lp_chip_say(w, (sc & SECRET) != 0 ? "secret" : "data");
    }
    lp_chip_say(w, ", %zu bytes", len);
}

static void describe_read(lp_chip_words_t *w, uint16_t sc)
{
    bool secret = (sc & SECRET) != 0;
    bool encrypted = (sc & ENCRYPT_READ) != 0;
    if (secret && encrypted) {
        lp_chip_say(w, "; read encrypted with key %u", sc & 15);
    } else if (secret) {
        lp_chip_say(w, "; never read");
    } else {
        lp_chip_say(w, encrypted ? "; reads prohibited" : "; read in clear");
    }
    if (secret && (sc & 15) == 0) {
        lp_chip_say(w, "; CheckMac may copy it to TempKey");
    }
}

static void describe_write(lp_chip_words_t *w, uint16_t sc)
{
    unsigned mode = sc >> 12;
    unsigned key = sc >> 8 & 15;
    if ((mode & 4) != 0) {
        lp_chip_say(w, "; written encrypted with key %u", key);
    } else if (mode == 0) {
        lp_chip_say(w, "; written in clear, any time");
    } else {
        lp_chip_say(w, mode == 1 ? "; written while not validated" : "; never written");
    }
    if ((mode & 2) != 0) {
        lp_chip_say(w, "; DeriveKey from %s", (mode & 1) != 0 ? "its parent" : "itself");
        if ((mode & 1) != 0) {
            lp_chip_say(w, " %u", key);
        }
        lp_chip_say(w, (mode & 8) != 0 ? " with a MAC" : "");
    }
}

void lp_chip_describe_slot(lp_chip_words_t *w, const lp_chipsim_image_t *image, unsigned slot)
{
    uint16_t sc = lp_chip_slot_config(image, slot);
    uint16_t kc = lp_chip_key_config(image, slot);
    bool is_open = (image->config[88 + slot / 8] >> slot % 8 & 1) != 0;
    if (lp_chip_is_private(image, slot)) {
        describe_private(w, image, slot);
    } else {
        describe_kind(w, image, slot);
        describe_read(w, sc);
        describe_write(w, sc);
    }
    if ((sc & LIMITED) != 0) {
        lp_chip_say(w, slot == 15 && !is_608(image) ? "; uses limited by LastKeyUse"
                                                    : "; uses limited by counter 0");
    }
    if ((sc & NO_MAC) != 0) {
        lp_chip_say(w, "; makes no MACs");
    }
    if ((kc & REQ_RANDOM) != 0) {
        lp_chip_say(w, "; needs a random nonce");
    }
    if ((kc & REQ_AUTH) != 0) {
        lp_chip_say(w, "; needs authorisation by key %u", kc >> 8 & 15);
    }
    if ((kc & LATCH) != 0) {
        lp_chip_say(w,
                    is_608(image) ? "; needs the persistent latch" : "; needs the intrusion latch");
    }
    lp_chip_say(w, !is_open               ? "; LOCKED for good"
                   : (kc & LOCKABLE) != 0 ? "; can be locked"
                                          : "; not lockable");
}

// ---- the part ---------------------------------------------------------------

typedef struct {
    const lp_chipsim_image_t *image;
    void (*line)(void *ctx, const char *name, const char *value);
    void *ctx;
} printer_t;

static void print(const printer_t *p, const char *name, const char *fmt, unsigned a, unsigned b)
{
    char text[160];
// Every format is one of this file's own.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, fmt, a, b);
#pragma GCC diagnostic pop
    p->line(p->ctx, name, text);
}

static unsigned zeros(uint16_t v)
{
    unsigned n = 0;
    for (unsigned i = 0; i < 16; i++) {
        n += (v >> i & 1) == 0;
    }
    return n;
}

static unsigned be16(const uint8_t *p)
{
    return (unsigned)(p[0] << 8 | p[1]);
}

static unsigned counter(const uint8_t *p)
{
    return 16 * (be16(p + 4) + be16(p + 6)) + zeros((uint16_t)be16(p)) +
           zeros((uint16_t)be16(p + 2));
}

static void print_508(const printer_t *p)
{
    const uint8_t *c = p->image->config;
    unsigned left = 0;
    for (unsigned i = 68; i < 84; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            left += c[i] >> bit & 1;
        }
    }
    p->line(p->ctx, "OTP zone",
            c[18] == 0xAA   ? "read only once locked"
            : c[18] == 0x55 ? "consumption: bits can only be cleared once locked"
                            : "reserved mode: read only once locked");
    print(p, "Slot 15", "%u uses left by LastKeyUse", left, 0);
    print(p, "Selector", (c[19] & 1) != 0 ? "0x%02x, set once" : "0x%02x, can be changed", c[85],
          0);
}

static void print_608(const printer_t *p)
{
    static const char *const prot[] = {"clear or encrypted", "encrypted only", "never on the bus",
                                       "never on the bus"};
    const uint8_t *c = p->image->config;
    uint16_t options = le16(c + 90);
    uint16_t boot = le16(c + 70);
    p->line(p->ctx, "AES", (c[13] & 1) != 0 ? "enabled" : "off");
    if ((options & 2) != 0) {
        print(p, "I/O key", "slot %u", options >> 12, 0);
    } else {
        p->line(p->ctx, "I/O key", "none: ECDH, KDF, Verify and SecureBoot are not protected");
    }
    p->line(p->ctx, "ECDH output", prot[options >> 8 & 3]);
    p->line(p->ctx, "KDF output", prot[options >> 10 & 3]);
    if ((boot & 3) == 0) {
        p->line(p->ctx, "SecureBoot", "off");
    } else {
        print(p, "SecureBoot", "key in slot %u, digest or signature in slot %u", boot >> 12,
              boot >> 8 & 15);
    }
    if ((c[18] & 1) != 0) {
        print(p, "Count match", "limit in slot %u", c[18] >> 4, 0);
    }
}

void lp_chip_describe_part(const lp_chipsim_image_t *image,
                           void (*line)(void *ctx, const char *name, const char *value), void *ctx)
{
    printer_t p = {.image = image, .line = line, .ctx = ctx};
    const uint8_t *c = image->config;
    char text[32];
    lp_chip_serial(text, image);
    line(ctx, "Model", lp_chipsim_model_name(image->model));
    line(ctx, "Serial", text);
    unsigned addr = is_608(image) && (c[19] & 1) != 0 && c[85] != 0 ? c[85] : c[16];
    print(&p, "Address", "0x%02x (byte 0x%02x)", addr >> 1, addr);
    line(ctx, "Config zone", c[87] == 0x55 ? "open" : "LOCKED for good");
    line(ctx, "Data and OTP", c[86] == 0x55 ? "open" : "LOCKED: the slots' rules apply");
    line(ctx, "Watchdog", (c[19] & 4) != 0 ? "10 s" : "1.3 s");
    print(&p, "Counters", "%u and %u of 2097151", counter(c + 52), counter(c + 60));
    is_608(image) ? print_608(&p) : print_508(&p);
}
