// SPDX-License-Identifier: Apache-2.0
// Hands on a virtual board: a socket beside its terminal, at which somebody presses its buttons,
// drives its pins and turns its knobs. Lines of words, each answered with "ok" or "error WHY";
// "look" gives a line a pin or input first. None of it is seen by the board but through its pins.
//
//   press PIN MS      a finger for so long; answered when it has let go
//   pin PIN 0|1|up|down|off   drives, pulls, lets go
//   adc INPUT WHERE   a voltage, or a file
//   look
//
// A contact bounces: it closes and opens some times within milliseconds, at both ends of a press.
#include "limpet/hands.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "limpet/pins.h"
#include "limpet/pins_adc.h"
#include "posix_internal.h"

enum {
    GUESTS = 4,
    LINE_MAX_BYTES = 320,
    ANSWER_MAX = 400,
    BACKLOG = 4,
    BOUNCES = 4,   // changes at each end of a press, beside the one that counts
    BOUNCE_MS = 1, // apart
    PRESS_MS_MAX = 60000,
};

typedef struct {
    lp_posix_stream_t stream;
    char line[LINE_MAX_BYTES];
    size_t len;
    bool is_open;
} guest_t;

// What a hand does to one pin.
typedef struct {
    lp_pins_peer_t peer;
    lp_timer_t timer;
    guest_t *waits;      // for the end of the press; null: nobody, or gone
    uint32_t press_ms;   // that is under way; 0: none
    lp_pins_drive_t was; // before it
    lp_pins_drive_t finger;
    unsigned step;
    bool is_attached;
} hand_t;

static guest_t guests[GUESTS];
static hand_t hands[LP_PINS_MAX];
static lp_posix_watch_t listener = {.fd = -1};
static lp_event_t arrival;
static char socket_path[sizeof((struct sockaddr_un *)0)->sun_path];

// -- answers

static void leave(guest_t *g)
{
    g->is_open = false;
    lp_stream_close(&g->stream.stream);
    for (size_t i = 0; i < LP_PINS_MAX; i++) {
        hands[i].waits = hands[i].waits == g ? NULL : hands[i].waits;
    }
}

// Whoever does not read his answers is let go.
static void say(guest_t *g, const char *text)
{
    char line[ANSWER_MAX];
    size_t n = 0;
    const int len = snprintf(line, sizeof line, "%s\n", text);
    if (lp_stream_write(&g->stream.stream, lp_span(line, (size_t)len), &n) != LP_OK ||
        n != (size_t)len) {
        leave(g);
    }
}

static void fail(guest_t *g, const char *why)
{
    char line[ANSWER_MAX - 2];
    snprintf(line, sizeof line, "error %s", why);
    say(g, line);
}

// -- a press

static void on_step(void *ctx)
{
    hand_t *h = ctx;
    const unsigned end = BOUNCES;
    const bool is_ending = h->step > end;
    const unsigned i = is_ending ? h->step - end - 1 : h->step;
    // The first and the last change of an end are those that count.
    const bool is_down = (i % 2 == 0) != is_ending;
    lp_pins_drive(&h->peer, is_down ? h->finger : h->was);
    h->step++;
    if (i < end) {
        lp_timer_start(lp_posix_loop, &h->timer, BOUNCE_MS);
    } else if (!is_ending) {
        lp_timer_start(lp_posix_loop, &h->timer, h->press_ms);
    } else {
        guest_t *g = h->waits;
        h->press_ms = 0;
        h->waits = NULL;
        if (g != NULL) {
            say(g, "ok");
        }
    }
}
_Static_assert(BOUNCES % 2 == 0, "a press must end where it counts");

static hand_t *hand_on(guest_t *g, const char *word)
{
    char *end = NULL;
    const unsigned long pin = strtoul(word, &end, 10);
    if (word[0] < '0' || word[0] > '9' || *end != '\0' || pin >= LP_PINS_MAX ||
        pin >= lp_port_gpio_end()) {
        fail(g, "this board has no pin of this number");
        return NULL;
    }
    hand_t *h = &hands[pin];
    if (!h->is_attached && lp_pins_attach(&h->peer, (uint16_t)pin) != LP_OK) {
        fail(g, "this board has no pin of this number");
        return NULL;
    }
    if (!h->is_attached) {
        lp_timer_init(&h->timer, on_step, h);
        h->is_attached = true;
    }
    if (h->press_ms > 0) {
        fail(g, "this pin is being pressed");
        return NULL;
    }
    return h;
}

// Against the pin's own resistor, as a button is wired; without one to ground.
static void press(guest_t *g, const char *pin, const char *ms)
{
    char *end = NULL;
    const unsigned long press_ms = ms != NULL ? strtoul(ms, &end, 10) : 0;
    if (ms == NULL || *end != '\0' || press_ms == 0 || press_ms > PRESS_MS_MAX) {
        fail(g, "press PIN MS: 1 to 60000 ms");
        return;
    }
    hand_t *h = hand_on(g, pin);
    if (h == NULL) {
        return;
    }
    const lp_gpio_config_t config = lp_pins_config((uint16_t)(h - hands));
    h->finger = config.mode != LP_GPIO_OFF && config.pull == LP_GPIO_PULL_DOWN ? LP_PINS_DRIVE_HIGH
                                                                               : LP_PINS_DRIVE_LOW;
    h->was = h->peer.drive_;
    h->press_ms = (uint32_t)press_ms;
    h->step = 0;
    h->waits = g;
    on_step(h);
}

// -- the other words

static const char *const drives[] = {[LP_PINS_LET_GO] = "off",
                                     [LP_PINS_DRIVE_LOW] = "0",
                                     [LP_PINS_DRIVE_HIGH] = "1",
                                     [LP_PINS_RESISTOR_UP] = "up",
                                     [LP_PINS_RESISTOR_DOWN] = "down"};
enum { DRIVES = sizeof drives / sizeof drives[0] };

static void drive(guest_t *g, const char *pin, const char *how)
{
    size_t i = 0;
    while (i < DRIVES && (how == NULL || strcmp(how, drives[i]) != 0)) {
        i++;
    }
    if (i == DRIVES) {
        fail(g, "pin PIN 0|1|up|down|off");
        return;
    }
    hand_t *h = hand_on(g, pin);
    if (h != NULL) {
        lp_pins_drive(&h->peer, (lp_pins_drive_t)i);
        say(g, "ok");
    }
}

static void turn(guest_t *g, const char *input, const char *where)
{
    char why[ANSWER_MAX - 10];
    char *end = NULL;
    const unsigned long channel = strtoul(input, &end, 10);
    if (input[0] < '0' || input[0] > '9' || *end != '\0' || channel > UINT16_MAX || where == NULL) {
        fail(g, "adc INPUT WHERE");
        return;
    }
    if (lp_posix_adc_wire((unsigned)channel, where, why, sizeof why) != LP_OK) {
        fail(g, why);
        return;
    }
    say(g, "ok");
}

static void look_at_pin(guest_t *g, uint16_t pin)
{
    static const char *const modes[] = {[LP_GPIO_OFF] = "off",
                                        [LP_GPIO_INPUT] = "in",
                                        [LP_GPIO_OUTPUT] = "out",
                                        [LP_GPIO_OPEN_DRAIN] = "od"};
    static const char *const pulls[] = {
        [LP_GPIO_PULL_NONE] = "none", [LP_GPIO_PULL_UP] = "up", [LP_GPIO_PULL_DOWN] = "down"};
    char line[120];
    const lp_gpio_config_t c = lp_pins_config(pin);
    const lp_pins_drive_t hand = hands[pin].peer.drive_;
    if (c.mode != LP_GPIO_OFF || hand != LP_PINS_LET_GO) {
        uint32_t freq_hz = 0;
        uint32_t duty = 0;
        lp_pins_pulses(pin, &freq_hz, &duty);
        snprintf(line, sizeof line, "pin %u %s %s %d %s %lu %lu", pin, modes[c.mode], pulls[c.pull],
                 lp_pins_level(pin) ? 1 : 0, drives[hand], (unsigned long)freq_hz,
                 (unsigned long)duty);
        say(g, line);
    }
}

static void look(guest_t *g)
{
    char line[80];
    for (uint16_t pin = 0; pin < lp_port_gpio_end() && g->is_open; pin++) {
        look_at_pin(g, pin);
    }
    for (uint16_t channel = 0; channel < lp_port_adc_end() && g->is_open; channel++) {
        uint16_t raw = 0;
        const lp_err_t err = lp_port_adc_read(channel, &raw);
        const lp_adc_info_t *info = &lp_pins_adc_table[channel];
        snprintf(line, sizeof line, "adc %u %lu", channel,
                 (raw * (unsigned long)info->reference_mv + (1UL << info->bits) / 2) >> info->bits);
        if (err != LP_OK) {
            snprintf(line, sizeof line, "adc %u -", channel);
        }
        say(g, line);
    }
    if (g->is_open) {
        say(g, "ok");
    }
}

static void obey(guest_t *g)
{
    char *rest = NULL;
    const char *verb = strtok_r(g->line, " ", &rest);
    const char *what = strtok_r(NULL, " ", &rest);
    const char *how = rest != NULL && rest[0] != '\0' ? rest : NULL;
    if (verb != NULL && strcmp(verb, "look") == 0) {
        look(g);
    } else if (verb == NULL || what == NULL) {
        fail(g, "press, pin, adc or look, and what it needs");
    } else if (strcmp(verb, "press") == 0) {
        press(g, what, how);
    } else if (strcmp(verb, "pin") == 0) {
        drive(g, what, how);
    } else if (strcmp(verb, "adc") == 0) {
        turn(g, what, how);
    } else {
        fail(g, "that is none of press, pin, adc, look");
    }
}

// -- guests

static bool is_ours(int fd)
{
    struct ucred who;
    socklen_t len = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
           (who.uid == getuid() || who.uid == 0);
}

static void take_byte(guest_t *g, char byte)
{
    if (byte != '\n') {
        g->line[g->len++] = byte;
        if (g->len == sizeof g->line) {
            leave(g); // that is no guest of ours
        }
        return;
    }
    g->line[g->len] = '\0';
    g->len = 0;
    obey(g);
}

static void on_stream(void *ctx, unsigned events, lp_err_t why)
{
    guest_t *g = ctx;
    uint8_t piece[64];
    size_t n = 0;
    lp_err_t err = LP_OK;
    (void)why;
    while (g->is_open &&
           (err = lp_stream_read(&g->stream.stream, piece, sizeof piece, &n)) == LP_OK) {
        for (size_t i = 0; i < n && g->is_open; i++) {
            take_byte(g, (char)piece[i]);
        }
    }
    if (g->is_open && (err == LP_E_CLOSED || (events & LP_STREAM_CLOSED) != 0)) {
        leave(g);
    }
}

static void take_in(guest_t *g, int fd)
{
    *g = (guest_t){.is_open = true};
    lp_posix_stream_init(&g->stream, fd);
    lp_stream_listen(&g->stream.stream, on_stream, g);
}

static guest_t *find_room(void)
{
    for (size_t i = 0; i < GUESTS; i++) {
        if (!guests[i].is_open) {
            return &guests[i];
        }
    }
    return NULL;
}

static void on_arrival(void *ctx)
{
    (void)ctx;
    const int fd = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    listener.events = POLLIN;
    if (fd < 0) {
        return;
    }
    guest_t *room = find_room();
    if (room == NULL || !is_ours(fd)) {
        close(fd);
        return;
    }
    take_in(room, fd);
}

static void on_poll(void *ctx, short revents)
{
    (void)ctx;
    (void)revents;
    listener.events = 0;
    lp_loop_post(lp_posix_loop, &arrival);
}

// -- the socket

// One that nobody listens at any more is taken over; one of somebody alive is not.
static bool is_taken(const struct sockaddr_un *addr)
{
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_alive = connect(probe, (const struct sockaddr *)addr, sizeof *addr) == 0;
    if (!is_alive && errno == ECONNREFUSED) {
        (void)unlink(addr->sun_path);
    }
    close(probe);
    return is_alive;
}

lp_err_t lp_posix_hands_open(const char *terminal, char *why, size_t why_cap)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (snprintf(addr.sun_path, sizeof addr.sun_path, "%s" LP_POSIX_HANDS_SUFFIX, terminal) >=
        (int)sizeof addr.sun_path) {
        snprintf(why, why_cap, "%s: the path is too long for a socket beside it", terminal);
        return LP_E_NOSPACE;
    }
    if (is_taken(&addr)) {
        snprintf(why, why_cap, "%s: another board has it", addr.sun_path);
        return LP_E_EXISTS;
    }
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const mode_t before = umask(0177);
    const bool is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0;
    umask(before);
    if (!is_bound || listen(fd, BACKLOG) != 0) {
        snprintf(why, why_cap, "%s: %s", addr.sun_path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return LP_E_IO;
    }
    memcpy(socket_path, addr.sun_path, sizeof socket_path);
    lp_event_init(&arrival, on_arrival, NULL);
    listener = (lp_posix_watch_t){.fd = fd, .events = POLLIN, .fn = on_poll};
    lp_posix_watch_start(&listener);
    return LP_OK;
}

void lp_posix_hands_close(void)
{
    if (listener.fd >= 0) {
        lp_posix_watch_stop(&listener);
        close(listener.fd);
        listener.fd = -1;
        (void)unlink(socket_path);
    }
}
