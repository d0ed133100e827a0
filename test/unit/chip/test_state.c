// SPDX-License-Identifier: Apache-2.0
// What survives: the state file, and a loss of power at every word of a whole provisioning.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "rig.h"

typedef struct {
    char folder[64];
    char path[96];
    rig_t rig;
} fixture_t;

static fixture_t fix;

static int set_up(void **state)
{
    memset(&fix, 0, sizeof fix);
    snprintf(fix.folder, sizeof fix.folder, "/tmp/limpet-chip-XXXXXX");
    assert_non_null(mkdtemp(fix.folder));
    snprintf(fix.path, sizeof fix.path, "%s/chip", fix.folder);
    fix.rig.rule_off = -1;
    fix.rig.now_us = 1000000;
    fix.rig.timing = LP_CHIPSIM_TIMING_INSTANT;
    *state = &fix;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *f = *state;
    char rm[128];
    rig_stop(&f->rig);
    snprintf(rm, sizeof rm, "rm -rf %s", f->folder);
    return system(rm);
}

static uint64_t clock_of(void *ctx)
{
    return ((const rig_t *)ctx)->now_us;
}

static lp_chipsim_options_t options(fixture_t *f)
{
    return (lp_chipsim_options_t){.model = LP_CHIPSIM_ATECC508A,
                                  .timing = LP_CHIPSIM_TIMING_INSTANT,
                                  .clock = {.now_us = clock_of, .ctx = &f->rig},
                                  .state_path = f->path,
                                  .no_sync = true,
                                  .seed = 5};
}

// Puts the chip of the file on the rig's bus.
static lp_err_t open_rig(fixture_t *f)
{
    lp_chipsim_options_t opt = options(f);
    rig_t *r = &f->rig;
    rig_stop(r);
    lp_err_t err = lp_chipsim_open(&r->chip, &opt);
    if (err != LP_OK) {
        r->chip = NULL;
        return err;
    }
    r->image = *lp_chipsim_image(r->chip);
    r->bus = lp_chipsim_bus_new();
    lp_chipsim_bus_attach(r->bus, r->chip);
    rig_wake(r);
    return LP_OK;
}

static void make_file(fixture_t *f)
{
    lp_chipsim_options_t opt = options(f);
    lp_chipsim_t *chip;
    assert_int_equal(lp_chipsim_new(&chip, &opt), LP_OK);
    lp_chipsim_free(chip);
}

static size_t read_file(const char *path, uint8_t *buf, size_t cap)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(buf, 1, cap, file);
    fclose(file);
    return n;
}

static void write_file(const char *path, const uint8_t *buf, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(buf, 1, len, file), len);
    fclose(file);
}

// ---- the file ---------------------------------------------------------------

static void file_is_private_and_found_again(void **state)
{
    fixture_t *f = *state;
    struct stat st_;
    make_file(f);
    assert_int_equal(stat(f->path, &st_), 0);
    assert_int_equal(st_.st_mode & 0777, 0600);
    assert_int_equal(open_rig(f), LP_OK);
    lp_chipsim_image_t want;
    lp_chipsim_image_factory(&want, LP_CHIPSIM_ATECC508A, NULL, 5);
    assert_memory_equal(lp_chipsim_image(f->rig.chip)->config, want.config, 128);
}

static void file_is_never_overwritten(void **state)
{
    fixture_t *f = *state;
    lp_chipsim_options_t opt = options(f);
    lp_chipsim_t *chip = NULL;
    make_file(f);
    assert_int_equal(lp_chipsim_new(&chip, &opt), LP_E_EXISTS);
    assert_null(chip);
    assert_int_equal(open_rig(f), LP_OK);
}

static void file_has_one_user_at_a_time(void **state)
{
    fixture_t *f = *state;
    lp_chipsim_options_t opt = options(f);
    lp_chipsim_t *second = NULL;
    make_file(f);
    assert_int_equal(open_rig(f), LP_OK);
    assert_int_equal(lp_chipsim_open(&second, &opt), LP_E_BUSY);
    nonce_random(&f->rig); // also after the file was replaced
    assert_int_equal(st(&f->rig, 0x12, 0x00, 4, (const uint8_t *)"\xC0\0\x55", 4), OK);
    assert_int_equal(lp_chipsim_open(&second, &opt), LP_E_BUSY);
    rig_stop(&f->rig);
    assert_int_equal(lp_chipsim_open(&second, &opt), LP_OK);
    lp_chipsim_free(second);
}

static void another_model_is_refused(void **state)
{
    fixture_t *f = *state;
    lp_chipsim_options_t opt = options(f);
    lp_chipsim_t *chip = NULL;
    make_file(f);
    opt.model = LP_CHIPSIM_ATECC608A;
    assert_int_equal(lp_chipsim_open(&chip, &opt), LP_E_CHIP_OTHER);
}

// Any single changed byte, and any shortened file, is refused and left as it is.
static void damage_is_noticed(void **state)
{
    fixture_t *f = *state;
    uint8_t good[8192];
    uint8_t now[8192];
    make_file(f);
    size_t len = read_file(f->path, good, sizeof good);
    for (size_t i = 0; i < len; i += 7) {
        uint8_t bad[8192];
        memcpy(bad, good, len);
        bad[i] ^= 1;
        write_file(f->path, bad, len);
        lp_err_t err = open_rig(f);
        assert_true(err == LP_E_CRC || err == LP_E_FORMAT);
        assert_int_equal(read_file(f->path, now, sizeof now), len);
        assert_memory_equal(now, bad, len);
    }
    for (size_t n = 0; n < len; n += 13) {
        write_file(f->path, good, n);
        lp_err_t err = open_rig(f);
        assert_true(err == LP_E_CRC || err == LP_E_FORMAT);
    }
    write_file(f->path, good, len);
    assert_int_equal(open_rig(f), LP_OK);
}

static void a_missing_file_is_missing(void **state)
{
    assert_int_equal(open_rig(*state), LP_E_NOT_FOUND);
}

// What cannot be saved must not be promised: the chip goes dark, the file keeps the last good
// state.
static void a_chip_that_cannot_save_goes_dark(void **state)
{
    fixture_t *f = *state;
    char blocker[128];
    uint8_t before[8192];
    uint8_t after[8192];
    make_file(f);
    assert_int_equal(open_rig(f), LP_OK);
    size_t len = read_file(f->path, before, sizeof before);
    snprintf(blocker, sizeof blocker, "%s.new", f->path);
    assert_int_equal(mkdir(blocker, 0700), 0); // the new file cannot be made
    assert_int_equal(st(&f->rig, 0x17, 0x80, 0, NULL, 0), NO_ANSWER);
    assert_int_equal(lp_chipsim_health(f->rig.chip), LP_E_IO);
    lp_chipsim_power_on(f->rig.chip);
    rig_wake(&f->rig);
    assert_int_equal(st(&f->rig, 0x30, 0, 0, NULL, 0), NO_ANSWER);
    rig_stop(&f->rig);
    assert_int_equal(rmdir(blocker), 0);
    assert_int_equal(read_file(f->path, after, sizeof after), len);
    assert_memory_equal(before, after, len);
}

static void a_leftover_of_a_crash_does_no_harm(void **state)
{
    fixture_t *f = *state;
    char left[128];
    make_file(f);
    snprintf(left, sizeof left, "%s.new", f->path);
    write_file(left, (const uint8_t *)"half", 4);
    assert_int_equal(open_rig(f), LP_OK);
    assert_int_equal(st(&f->rig, 0x17, 0x80, 0, NULL, 0), OK);
    assert_int_equal(open_rig(f), LP_OK);
    assert_int_equal(lp_chipsim_image(f->rig.chip)->config[87], 0);
    assert_int_not_equal(access(left, F_OK), 0);
}

// A process killed while it works leaves a file that opens.
static void a_killed_process_leaves_a_good_file(void **state)
{
    fixture_t *f = *state;
    make_file(f);
    for (unsigned round = 0; round < 10; round++) {
        pid_t child = fork();
        if (child == 0) {
            if (open_rig(f) == LP_OK) {
                for (uint8_t i = 0;; i++) {
                    uint8_t word[4] = {0xC0, 0, 0x55, (uint8_t)(i & 2)};
                    st(&f->rig, 0x12, 0x00, 4, word, 4);
                }
            }
            _exit(1);
        }
        usleep(3000 + 1700 * round);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        assert_int_equal(open_rig(f), LP_OK);
        rig_stop(&f->rig);
    }
}

// ---- power cuts -------------------------------------------------------------

// A whole provisioning; every step looks first at what is done. False: the chip stopped answering.
static bool provision(rig_t *r)
{
    const lp_chipsim_image_t *i = lp_chipsim_image(r->chip);
    static const uint8_t slot0[4] = {0x83, 0x20, 0x8F, 0x20};
    static const uint8_t key0[4] = {0x33, 0x00, 0x3C, 0x00};
    if (i->config[87] == 0x55) {
        if (st(r, 0x12, 0x00, 5, slot0, 4) != OK || st(r, 0x12, 0x00, 3 << 3, key0, 4) != OK ||
            st(r, 0x17, 0x00, host_crc(i->config, 128), NULL, 0) != OK) {
            return false;
        }
    }
    if (i->config[86] == 0x55) {
        if (st(r, 0x12, 0x82, slot_address(8, 0, 0), key32(8), 32) != OK ||
            st(r, 0x40, 4, 0, NULL, 0) != OK || st(r, 0x17, 0x81, 0, NULL, 0) != OK) {
            return false;
        }
    }
    if (cmd(r, 0x24, 0, 0, NULL, 0).data[0] < 40) {
        while (cmd(r, 0x24, 1, 0, NULL, 0).data[0] < 40) {
            if (lp_chipsim_words_written(r->chip) > 5000 || st(r, 0x30, 0, 0, NULL, 0) != OK) {
                return false;
            }
        }
    }
    return st(r, 0x30, 0, 0, NULL, 0) == OK && cmd(r, 0x40, 0, 0, NULL, 0).len == 64;
}

static uint32_t count(const lp_chipsim_image_t *i)
{
    uint32_t n = 16u * ((unsigned)(i->config[56] << 8 | i->config[57]) +
                        (unsigned)(i->config[58] << 8 | i->config[59]));
    for (unsigned bit = 0; bit < 32; bit++) {
        n += (i->config[52 + bit / 8] >> bit % 8 & 1) == 0;
    }
    return n;
}

// No lock is lost, and no count.
static void assert_kept(const lp_chipsim_image_t *cut, const lp_chipsim_image_t *before)
{
    assert_true(cut->config[87] == 0x55 || cut->config[87] == 0x00);
    assert_true(cut->config[86] == 0x55 || cut->config[86] == 0x00);
    assert_true(before->config[87] == 0x55 || cut->config[87] == 0x00); // a lock is never lost
    assert_true(before->config[86] == 0x55 || cut->config[86] == 0x00);
    assert_true(count(cut) >= count(before));
}

static void power_cut_at_every_word_is_survived(void **state)
{
    fixture_t *f = *state;
    rig_t *r = &f->rig;
    unsigned cuts = 0;
    for (uint32_t at = 1;; at++) {
        unlink(f->path);
        make_file(f);
        assert_int_equal(open_rig(f), LP_OK);
        lp_chipsim_image_t before = *lp_chipsim_image(r->chip);
        const lp_chipsim_faults_t fault = {.cut_after_words = at};
        lp_chipsim_bus_faults(r->bus, &fault);
        bool whole = provision(r);
        if (whole) {
            break; // more words than a provisioning needs
        }
        cuts++;
        lp_chipsim_image_t file;
        assert_int_equal(lp_chipsim_image_load(&file, f->path), LP_OK); // what is on the disk
        assert_kept(&file, &before);
        assert_int_equal(open_rig(f), LP_OK); // power comes back
        assert_memory_equal(lp_chipsim_image(r->chip)->config, file.config, 128);
        assert_true(provision(r));
        assert_int_equal(lp_chipsim_image(r->chip)->config[86], 0);
        assert_true(count(lp_chipsim_image(r->chip)) >= 40);
    }
    assert_true(cuts > 60);
}

// ---- one command, cut at each of its words ----------------------------------

typedef unsigned work_fn(rig_t *r);

static unsigned work_write(rig_t *r)
{
    return st(r, 0x12, 0x82, slot_address(8, 1, 0), key32(1), 32);
}

static unsigned work_genkey(rig_t *r)
{
    return st(r, 0x40, 4, 0, NULL, 0);
}

static unsigned work_derive(rig_t *r)
{
    nonce_fixed(r, key32(2));
    return st(r, 0x1C, 4, 5, NULL, 0);
}

static unsigned work_counter(rig_t *r)
{
    return st(r, 0x24, 1, 1, NULL, 0);
}

static unsigned work_lock(rig_t *r)
{
    return st(r, 0x17, 8 << 2 | 2, 0, NULL, 0);
}

static unsigned work_ecdh(rig_t *r)
{
    uint8_t xy[64];
    host_public(key32(9), xy);
    return st(r, 0x43, 0, 2, xy, 64);
}

static void ready(rig_t *r)
{
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 0, 0x2083, 0x0033);
    rig_private(r, 0, 3);
    rig_slot(r, 2, 0x208F, 0x0033); // the secret goes to slot 3
    rig_private(r, 2, 4);
    rig_slot(r, 3, 0x808F, 0x001C);
    rig_slot(r, 5, 0x2F8F, 0x001C);
    rig_key(r, 5, 5);
    rig_slot(r, 8, 0x0F0F, 0x003C);
    rig_start(r);
}

// How many words differ; every one that does is that of `after`.
static unsigned words_of(const uint8_t *now, const uint8_t *before, const uint8_t *after,
                         size_t len)
{
    unsigned n = 0;
    for (size_t i = 0; i < len; i += 4) {
        bool is_new = memcmp(now + i, before + i, 4) != 0;
        assert_true(!is_new || memcmp(now + i, after + i, 4) == 0);
        n += is_new;
    }
    return n;
}

// What follows from chance does so from the seed, so that a run can be compared with its
// repetition.
static void every_word_is_old_or_new(void **state)
{
    fixture_t *f = *state;
    rig_t *r = &f->rig;
    static work_fn *const works[] = {work_write,   work_genkey, work_derive,
                                     work_counter, work_lock,   work_ecdh};
    static const unsigned least[] = {8, 8, 8, 1, 1, 8};
    for (size_t w = 0; w < sizeof works / sizeof works[0]; w++) {
        ready(r);
        lp_chipsim_image_t before = *lp_chipsim_image(r->chip);
        assert_int_equal(works[w](r), OK);
        lp_chipsim_image_t after = *lp_chipsim_image(r->chip);
        unsigned words = (unsigned)lp_chipsim_words_written(r->chip);
        assert_true(words >= least[w]);
        for (unsigned at = 1; at <= words; at++) {
            ready(r);
            const lp_chipsim_faults_t cut = {.cut_after_words = at};
            lp_chipsim_bus_faults(r->bus, &cut);
            assert_int_equal(works[w](r), NO_ANSWER);
            const lp_chipsim_image_t *now = lp_chipsim_image(r->chip);
            unsigned n = words_of(now->config, before.config, after.config, sizeof now->config) +
                         words_of(now->data, before.data, after.data, sizeof now->data) +
                         words_of(now->eeprom_seed, before.eeprom_seed, after.eeprom_seed, 32);
            assert_int_equal(n, at - 1);
        }
        ready(r); // and not one word more than that
        const lp_chipsim_faults_t late = {.cut_after_words = words + 1};
        lp_chipsim_bus_faults(r->bus, &late);
        assert_int_equal(works[w](r), OK);
    }
}

// The counter never goes back, wherever the power goes.
static void counter_never_goes_back(void **state)
{
    fixture_t *f = *state;
    rig_t *r = &f->rig;
    static const uint32_t starts[] = {14, 15, 16, 30, 31, 32, 47, 48, 63, 1023, 65535};
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
        for (uint32_t at = 1; at <= 2; at++) {
            rig_image(r, M508, ALL_LOCKED);
            uint32_t b = starts[s] >= 16 ? starts[s] - 16 : 0;
            uint16_t half[4] = {(uint16_t)(starts[s] % 32 >= 16 ? 0 : 0xFFFF >> starts[s] % 32),
                                (uint16_t)(b % 32 >= 16 ? 0 : 0xFFFF >> b % 32),
                                (uint16_t)(starts[s] / 32), (uint16_t)(b / 32)};
            for (unsigned i = 0; i < 4; i++) {
                r->image.config[52 + 2 * i] = (uint8_t)(half[i] >> 8);
                r->image.config[53 + 2 * i] = (uint8_t)half[i];
            }
            rig_start(r);
            assert_int_equal(count(lp_chipsim_image(r->chip)), starts[s]);
            const lp_chipsim_faults_t fault = {.cut_after_words = at};
            lp_chipsim_bus_faults(r->bus, &fault);
            bool cut = st(r, 0x24, 1, 0, NULL, 0) == NO_ANSWER;
            assert_true(count(lp_chipsim_image(r->chip)) >= starts[s]);
            const lp_chipsim_faults_t none = {.seed = 0};
            lp_chipsim_bus_faults(r->bus, &none);
            rig_cycle(r);
            reply_t a = cmd(r, 0x24, 1, 0, NULL, 0);
            uint32_t v = (uint32_t)(a.data[0] | a.data[1] << 8 | a.data[2] << 16);
            assert_true(v > starts[s]);
            assert_true(cut || v == starts[s] + 2);
        }
    }
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(file_is_private_and_found_again),
        T(file_is_never_overwritten),
        T(file_has_one_user_at_a_time),
        T(another_model_is_refused),
        T(damage_is_noticed),
        T(a_missing_file_is_missing),
        T(a_chip_that_cannot_save_goes_dark),
        T(a_leftover_of_a_crash_does_no_harm),
        T(a_killed_process_leaves_a_good_file),
        T(power_cut_at_every_word_is_survived),
        T(every_word_is_old_or_new),
        T(counter_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
