// SPDX-License-Identifier: Apache-2.0
// Drawing, and what a virtual SSD1306 that was written apart from the driver shows of it.
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/parts_display.h"
#include "limpet/ssd1306.h"

static lp_loop_t loop;
static lp_canvas_t canvas;
static uint8_t dots[LP_CANVAS_BYTES(128, 64)];
static lp_ssd1306_t driver;
static lp_display_t *glass;
static unsigned done_count;
static lp_err_t done_err;

// -- buses that bring everything to the glass, but for the transfer that is to fail

static unsigned transfers, fail_at; // 1 is the first; 0: none
static lp_err_t fail_with;
static lp_i2c_xfer_t *i2c_now;
static lp_event_t i2c_event;

static void on_i2c(void *ctx)
{
    (void)ctx;
    lp_i2c_xfer_t *x = i2c_now;
    i2c_now = NULL;
    const lp_err_t err = ++transfers == fail_at ? fail_with : LP_OK;
    if (err == LP_OK) {
        assert_int_equal(x->addr, LP_SSD1306_ADDR);
        lp_display_i2c(glass, x->tx);
    }
    x->done(x->ctx, err);
}

static lp_err_t i2c_start(lp_i2c_bus_t *bus, lp_i2c_xfer_t *x)
{
    (void)bus;
    if (transfers + 1 == fail_at && fail_with == LP_E_BUSY) {
        transfers++;
        return LP_E_BUSY;
    }
    i2c_now = x;
    lp_loop_post(&loop, &i2c_event);
    return LP_OK;
}

static const lp_i2c_ops_t i2c_ops = {.start = i2c_start};
static lp_i2c_bus_t i2c = {.ops = &i2c_ops};

static lp_spi_bus_t spi;
static lp_event_t spi_event;
static bool is_data;

static void on_spi(void *ctx)
{
    (void)ctx;
    const bool is_failing = ++transfers == fail_at;
    if (!is_failing) {
        lp_display_spi(glass, is_data, spi.head_->tx);
    }
    lp_spi_finished(&spi, is_failing ? fail_with : LP_OK);
}

static lp_err_t spi_begin(lp_spi_bus_t *bus, const lp_spi_xfer_t *x)
{
    (void)bus;
    (void)x;
    lp_loop_post(&loop, &spi_event);
    return LP_OK;
}

static void set_data(void *ctx, bool level)
{
    (void)ctx;
    assert_null(spi.head_); // the pin does not move under a transfer
    is_data = level;
}

// -- the scene

static void open_display(unsigned height, bool is_spi)
{
    static const lp_spi_ops_t spi_ops = {.begin = spi_begin};
    static const lp_spi_device_t device = {.mode = 0, .rate_hz = 8000000};
    fake_clock_reset();
    lp_loop_init(&loop);
    lp_event_init(&i2c_event, on_i2c, NULL);
    lp_event_init(&spi_event, on_spi, NULL);
    lp_spi_init(&spi, &loop, &spi_ops);
    transfers = fail_at = done_count = 0;
    glass = lp_display_new(NULL);
    assert_non_null(glass);
    assert_int_equal(lp_canvas_init(&canvas, dots, 128, height), LP_OK);
    assert_int_equal(is_spi ? lp_ssd1306_init_spi(&driver, &spi, &device, set_data, NULL, &canvas)
                            : lp_ssd1306_init_i2c(&driver, &i2c, LP_SSD1306_ADDR, &canvas),
                     LP_OK);
}

static void on_done(void *ctx, lp_err_t err)
{
    (void)ctx;
    done_count++;
    done_err = err;
}

static lp_err_t show(void)
{
    const unsigned want = done_count + 1;
    const lp_err_t err = lp_ssd1306_show(&driver, on_done, NULL);
    if (err != LP_OK) {
        return err;
    }
    for (int i = 0; i < 1000 && done_count < want; i++) {
        lp_loop_turn(&loop, 1);
    }
    assert_int_equal(done_count, want);
    return done_err;
}

static void assert_glass_shows_canvas(void)
{
    assert_true(lp_display_is_on(glass));
    assert_int_equal(lp_display_height(glass), canvas.height);
    assert_int_equal(lp_display_unknown(glass), 0);
    for (int y = 0; y < canvas.height; y++) {
        for (int x = 0; x < canvas.width; x++) {
            if (lp_display_dot(glass, (unsigned)x, (unsigned)y) !=
                lp_canvas_is_set(&canvas, x, y)) {
                fail_msg("dot %d,%d", x, y);
            }
        }
    }
}

static uint32_t seed = 1;

static int any(int low, int high)
{
    seed = seed * 1664525u + 1013904223u;
    return low + (int)((seed >> 8) % (unsigned)(high - low + 1));
}

static void draw_something(void)
{
    static const uint8_t picture[] = {0xF0, 0x0F, 0xAA, 0x55, 0x81, 0x18};
    const lp_canvas_ink_t ink = (lp_canvas_ink_t)any(0, 2);
    const int x = any(-20, 140);
    const int y = any(-20, 80);
    switch (any(0, 5)) {
    case 0:
        lp_canvas_line(&canvas, x, y, any(-200, 300), any(-200, 300), ink);
        break;
    case 1:
        lp_canvas_box(&canvas, x, y, any(-3, 60), any(-3, 30), ink);
        break;
    case 2:
        lp_canvas_frame(&canvas, x, y, any(-3, 60), any(-3, 30), ink);
        break;
    case 3:
        lp_canvas_bitmap(&canvas, x, y, 12, 3, picture, ink);
        break;
    case 4:
        lp_canvas_text(&canvas, x, y, (unsigned)any(0, 3),
                       "Limpet 21.5 \xC2\xB0"
                       "C\nnext",
                       ink);
        break;
    default:
        lp_canvas_dot(&canvas, x, y, ink);
        break;
    }
}

// -- drawing

// The canvas from x, y on, as lines of dots.
static void assert_picture(int x, int y, int width, const char *want)
{
    char got[2000] = "";
    const size_t rows = strlen(want) / (size_t)(width + 1);
    for (size_t row = 0; row < rows; row++) {
        for (int column = 0; column < width; column++) {
            strcat(got, lp_canvas_is_set(&canvas, x + column, y + (int)row) ? "#" : ".");
        }
        strcat(got, "\n");
    }
    assert_string_equal(got, want);
}

static void fresh(void)
{
    assert_int_equal(lp_canvas_init(&canvas, dots, 128, 64), LP_OK);
}

static void text_looks_as_it_was_drawn(void **state)
{
    (void)state;
    fresh();
    assert_int_equal(lp_canvas_text(&canvas, 0, 0, 1, "Ag\xC2\xB0", LP_CANVAS_SET), 18);
    assert_picture(0, 0, 18,
                   "..#..........##...\n"
                   ".#.#...####.#..#..\n"
                   "#...#.#...#..##...\n"
                   "#...#.#...#.......\n"
                   "#####..####.......\n"
                   "#...#.....#.......\n"
                   "#...#..###........\n"
                   "..................\n");
    fresh();
    assert_int_equal(lp_canvas_text(&canvas, 2, 1, 2, "-\n.", LP_CANVAS_SET), 14);
    assert_picture(0, 7, 14,
                   "..##########..\n"
                   "..##########..\n"
                   "..............\n");
    assert_picture(0, 27, 14,
                   "....####......\n"
                   "....####......\n"
                   "....####......\n"
                   "....####......\n");
}

// Whatever bytes: what is no character is a box, and nothing is read behind the end.
static void text_of_any_bytes_is_drawn(void **state)
{
    (void)state;
    static const char *const odd[] = {"\xFF",     "\xC2", "\xE2\x82", "\xF0\x9F\x98\x80",
                                      "\x80\x80", "\x01"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char *copy = malloc(strlen(odd[i]) + 1); // for the sanitizer
        assert_non_null(copy);
        strcpy(copy, odd[i]);
        fresh();
        lp_canvas_text(&canvas, 0, 0, 1, copy, LP_CANVAS_SET);
        assert_picture(0, 0, 5, "#####\n#...#\n#...#\n#...#\n#...#\n#...#\n#####\n");
        free(copy);
    }
}

static void shapes_are_what_they_say(void **state)
{
    (void)state;
    static const uint8_t arrow[] = {0x20, 0x00, 0x7F, 0x80, 0x20, 0x00};
    fresh();
    lp_canvas_frame(&canvas, 0, 0, 5, 4, LP_CANVAS_INVERT);
    lp_canvas_box(&canvas, 6, 1, 3, 2, LP_CANVAS_SET);
    lp_canvas_bitmap(&canvas, 10, 0, 9, 3, arrow, LP_CANVAS_SET);
    assert_picture(0, 0, 20,
                   "#####.......#.......\n"
                   "#...#.###..########.\n"
                   "#...#.###...#.......\n"
                   "#####...............\n"
                   "....................\n");
    fresh();
    lp_canvas_line(&canvas, 0, 0, 6, 3, LP_CANVAS_SET);
    lp_canvas_line(&canvas, 10, 3, 10, 0, LP_CANVAS_SET);
    lp_canvas_line(&canvas, 12, 3, 15, 0, LP_CANVAS_SET);
    assert_picture(0, 0, 17,
                   "##........#....#.\n"
                   "..##......#...#..\n"
                   "....##....#..#...\n"
                   "......#...#.#....\n");
    lp_canvas_fill(&canvas, LP_CANVAS_CLEAR);
    assert_picture(0, 0, 17, ".................\n");
}

// Far outside, upside down, as large as numbers get: nothing but what is inside changes.
static void what_is_outside_is_not_drawn(void **state)
{
    (void)state;
    static const int far[] = {INT_MIN, -100000, -1, 0, 63, 127, 128, 100000, INT_MAX};
    enum { COUNT = sizeof far / sizeof far[0] };
    uint8_t guarded[LP_CANVAS_BYTES(16, 16) + 2];
    memset(guarded, 0xEE, sizeof guarded);
    assert_int_equal(lp_canvas_init(&canvas, guarded + 1, 16, 16), LP_OK);
    for (int i = 0; i < COUNT * COUNT * COUNT * COUNT; i++) {
        const int x = far[i % COUNT], y = far[i / COUNT % COUNT];
        const int w = far[i / COUNT / COUNT % COUNT], h = far[i / COUNT / COUNT / COUNT];
        lp_canvas_box(&canvas, x, y, w, h, LP_CANVAS_INVERT);
        lp_canvas_dot(&canvas, x, y, LP_CANVAS_SET);
        if (i % 41 == 0) {
            lp_canvas_line(&canvas, x, y, w, h, LP_CANVAS_INVERT);
        }
    }
    assert_int_equal(guarded[0], 0xEE);
    assert_int_equal(guarded[sizeof guarded - 1], 0xEE);
    assert_int_equal(lp_canvas_init(&canvas, dots, 0, 8), LP_E_RANGE);
    assert_int_equal(lp_canvas_init(&canvas, dots, 8, 65), LP_E_RANGE);
    assert_int_equal(lp_canvas_init(&canvas, dots, 1025, 8), LP_E_RANGE);
}

// -- showing

static void glass_shows_what_is_drawn(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        open_display(kind < 2 ? 64 : 32, kind % 2 == 1);
        for (int round = 0; round < 100; round++) {
            draw_something();
            assert_int_equal(show(), LP_OK);
            assert_glass_shows_canvas();
        }
        lp_display_free(glass);
    }
}

static void only_what_has_changed_is_sent(void **state)
{
    (void)state;
    open_display(64, false);
    assert_int_equal(show(), LP_OK);
    assert_int_equal(lp_display_data_bytes(glass), 1024);
    lp_canvas_text(&canvas, 10, 8, 1, "21.5", LP_CANVAS_SET);
    assert_int_equal(show(), LP_OK);
    assert_in_range(lp_display_data_bytes(glass), 1024 + 15, 1024 + 24);
    const unsigned before = lp_display_data_bytes(glass);
    lp_canvas_text(&canvas, 10, 8, 1, "21.5", LP_CANVAS_SET); // the same again
    assert_int_equal(show(), LP_OK);
    assert_in_range(lp_display_data_bytes(glass), before, before + 1);
    assert_glass_shows_canvas();
    lp_display_free(glass);
}

static void drawing_goes_on_while_it_is_shown(void **state)
{
    (void)state;
    open_display(64, false);
    for (int round = 0; round < 50; round++) {
        const unsigned want = done_count + 1;
        assert_int_equal(lp_ssd1306_show(&driver, on_done, NULL), LP_OK);
        assert_int_equal(lp_ssd1306_show(&driver, on_done, NULL), LP_E_BUSY);
        while (done_count < want) {
            lp_loop_turn(&loop, 1);
            draw_something();
        }
        assert_int_equal(show(), LP_OK);
        assert_glass_shows_canvas();
    }
    lp_display_free(glass);
}

// Each transfer fails in turn, or cannot start; then the display was replaced, too. The next show
// brings the whole picture.
static void each_transfer_may_fail(void **state)
{
    (void)state;
    static const lp_err_t errors[] = {LP_E_I2C_NACK, LP_E_BUSY};
    for (size_t e = 0; e < 2; e++) {
        for (int is_new = 0; is_new < 2; is_new++) {
            unsigned n = 1;
            for (bool has_failed = true; has_failed; n++) {
                open_display(64, false);
                assert_int_equal(show(), LP_OK);
                for (int i = 0; i < 30; i++) {
                    draw_something();
                }
                transfers = 0;
                fail_at = n;
                fail_with = errors[e];
                has_failed = show() != LP_OK;
                fail_at = 0;
                if (is_new == 1 && has_failed) {
                    lp_display_free(glass);
                    glass = lp_display_new(NULL);
                }
                draw_something();
                assert_int_equal(show(), LP_OK);
                assert_glass_shows_canvas();
                lp_display_free(glass);
            }
            assert_in_range(n, 10, 60);
        }
    }
}

static void wrong_canvas_is_refused(void **state)
{
    (void)state;
    assert_int_equal(lp_canvas_init(&canvas, dots, 128, 48), LP_OK);
    assert_int_equal(lp_ssd1306_init_i2c(&driver, &i2c, LP_SSD1306_ADDR, &canvas), LP_E_RANGE);
    assert_int_equal(lp_canvas_init(&canvas, dots, 64, 64), LP_OK);
    assert_int_equal(lp_ssd1306_init_i2c(&driver, &i2c, LP_SSD1306_ADDR, &canvas), LP_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_looks_as_it_was_drawn),
        cmocka_unit_test(text_of_any_bytes_is_drawn),
        cmocka_unit_test(shapes_are_what_they_say),
        cmocka_unit_test(what_is_outside_is_not_drawn),
        cmocka_unit_test(glass_shows_what_is_drawn),
        cmocka_unit_test(only_what_has_changed_is_sent),
        cmocka_unit_test(drawing_goes_on_while_it_is_shown),
        cmocka_unit_test(each_transfer_may_fail),
        cmocka_unit_test(wrong_canvas_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
