// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "limpet/rpc_take.h"
#include "svc_gpio_internal.h"

static const char own[] = "rpc";

// -- pins

lp_svc_gpio_pin_t *svc_gpio_find(lp_svc_gpio_t *svc, uint16_t pin)
{
    for (size_t i = 0; i < LP_SVC_GPIO_PINS; i++) {
        if (svc->pins_[i].gpio_.user != NULL && svc->pins_[i].gpio_.pin == pin) {
            return &svc->pins_[i];
        }
    }
    return NULL;
}

static lp_svc_gpio_pin_t *find_room(lp_svc_gpio_t *svc)
{
    for (size_t i = 0; i < LP_SVC_GPIO_PINS; i++) {
        if (svc->pins_[i].gpio_.user == NULL) {
            return &svc->pins_[i];
        }
    }
    return NULL;
}

bool svc_gpio_take_pin(lp_rpc_req_t *req, uint16_t *pin)
{
    lp_gpio_info_t info;
    uint32_t value = 0;
    if (!lp_rpc_take_u32(req, "pin", UINT16_MAX, &value)) {
        return false;
    }
    if (lp_port_gpio_info((uint16_t)value, &info) != LP_OK) {
        lp_rpc_fail(req, LP_E_NOT_FOUND, "pin: this board has none of this number");
        return false;
    }
    *pin = (uint16_t)value;
    return true;
}

static void refuse(lp_rpc_req_t *req, uint16_t pin, lp_err_t err)
{
    if (err == LP_E_BUSY) {
        lp_rpc_fail(req, LP_E_DENIED, "pin: in use (%s)", lp_gpio_user(pin));
    } else if (err == LP_E_UNSUPPORTED) {
        lp_rpc_fail(req, err, "pin: it cannot do that; GPIO.Info says what it can");
    } else {
        lp_rpc_fail(req, err, NULL);
    }
}

// The application wants the pin.
static void on_lost(void *ctx)
{
    lp_svc_gpio_pin_t *p = ctx;
    svc_gpio_tell_lost(p);
    p->gpio_.user = NULL;
}

static lp_err_t configure(lp_svc_gpio_pin_t *p, const lp_gpio_config_t *config)
{
    const lp_err_t err = lp_gpio_configure(&p->gpio_, config);
    if (err == LP_OK) {
        svc_gpio_configured(p);
    }
    return err;
}

lp_svc_gpio_pin_t *svc_gpio_make(lp_svc_gpio_t *svc, lp_rpc_req_t *req, uint16_t pin,
                                 const lp_gpio_config_t *config)
{
    lp_svc_gpio_pin_t *p = svc_gpio_find(svc, pin);
    lp_err_t err = LP_OK;
    if (p != NULL) {
        err = configure(p, config);
    } else {
        p = find_room(svc);
        if (p == NULL) {
            lp_rpc_fail(req, LP_E_NOSPACE,
                        "requests have %d pins already; GPIO.Release gives one back",
                        LP_SVC_GPIO_PINS);
            return NULL;
        }
        err = lp_gpio_open_guest(&p->gpio_, svc->loop_, pin, config, own, on_lost, p);
    }
    if (err != LP_OK) {
        refuse(req, pin, err);
        return NULL;
    }
    p->is_watches_ = false; // it belongs to whoever asked for it
    return p;
}

void svc_gpio_release(lp_svc_gpio_pin_t *p)
{
    svc_gpio_unlisten(p);
    lp_gpio_close(&p->gpio_);
    p->gpio_.user = NULL;
}

lp_gpio_t *svc_gpio_take_output(lp_svc_gpio_t *svc, lp_rpc_req_t *req)
{
    static const lp_gpio_config_t output = {.mode = LP_GPIO_OUTPUT};
    uint16_t pin = 0;
    if (!svc_gpio_take_pin(req, &pin)) {
        return NULL;
    }
    lp_svc_gpio_pin_t *p = svc_gpio_find(svc, pin);
    if (p == NULL || !lp_gpio_drives(&p->gpio_)) {
        p = svc_gpio_make(svc, req, pin, &output);
    }
    return p != NULL ? &p->gpio_ : NULL;
}

static void put_level(lp_rpc_req_t *req, bool level)
{
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "value");
    lp_json_put_uint(w, level ? 1 : 0);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

// -- methods

static void put_abilities(lp_json_writer_t *w, unsigned can)
{
    static const char *const words[] = {"in", "out", "od", "up", "down", "edges"};
    lp_json_put_key(w, "can");
    lp_json_put_array(w);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if ((can >> i & 1) != 0) {
            lp_json_put_str(w, words[i]);
        }
    }
    lp_json_put_array_end(w);
}

static void put_pin(lp_json_writer_t *w, uint16_t pin, const lp_gpio_info_t *info)
{
    const char *user = lp_gpio_user(pin);
    lp_json_put_object(w);
    lp_json_put_key(w, "pin");
    lp_json_put_uint(w, pin);
    lp_json_put_key(w, "name");
    lp_json_put_str(w, info->name);
    put_abilities(w, info->can);
    if (user != NULL) {
        lp_json_put_key(w, "user");
        lp_json_put_str(w, user);
        lp_json_put_key(w, "value");
        lp_json_put_uint(w, lp_port_gpio_read(pin) ? 1 : 0);
    }
    lp_json_put_object_end(w);
}

static void rpc_info(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    lp_gpio_info_t info;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_array(w);
    for (uint16_t pin = 0; pin < lp_port_gpio_end(); pin++) {
        if (lp_port_gpio_info(pin, &info) == LP_OK) {
            put_pin(w, pin, &info);
        }
    }
    lp_json_put_array_end(w);
    lp_rpc_done(req);
}

static void rpc_configure(void *ctx, lp_rpc_req_t *req)
{
    static const char *const modes[] = {"in", "out", "od"};
    static const char *const pulls[] = {"none", "up", "down"};
    size_t mode = 0;
    size_t pull = 0;
    uint16_t pin = 0;
    lp_json_t value;
    bool level = false;
    if (!svc_gpio_take_pin(req, &pin) || !lp_rpc_take_word(req, "mode", modes, 3, &mode) ||
        !lp_rpc_take_word(req, "pull", pulls, 3, &pull) ||
        (lp_rpc_param(req, "value", &value) != LP_E_NOT_FOUND &&
         !lp_rpc_take_level(req, "value", &level))) {
        return;
    }
    const lp_gpio_config_t config = {.mode = (lp_gpio_mode_t)(LP_GPIO_INPUT + mode),
                                     .pull = (lp_gpio_pull_t)pull,
                                     .level = level};
    const lp_svc_gpio_pin_t *p = svc_gpio_make(ctx, req, pin, &config);
    if (p != NULL) {
        put_level(req, lp_gpio_read(&p->gpio_));
    }
}

// Looks only: a pin that nobody made an input is not made one by looking.
static void rpc_read(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    uint16_t pin = 0;
    if (!svc_gpio_take_pin(req, &pin)) {
        return;
    }
    if (lp_gpio_user(pin) == NULL) {
        lp_rpc_fail(req, LP_E_STATE, "pin: it is off; GPIO.Configure makes it an input");
        return;
    }
    put_level(req, lp_port_gpio_read(pin));
}

static void rpc_write(void *ctx, lp_rpc_req_t *req)
{
    bool level = false;
    if (!lp_rpc_take_level(req, "value", &level)) {
        return;
    }
    lp_gpio_t *gpio = svc_gpio_take_output(ctx, req);
    if (gpio != NULL) {
        (void)lp_gpio_write(gpio, level);
        put_level(req, level);
    }
}

static void rpc_toggle(void *ctx, lp_rpc_req_t *req)
{
    lp_gpio_t *gpio = svc_gpio_take_output(ctx, req);
    if (gpio != NULL) {
        const bool level = !lp_gpio_read(gpio);
        (void)lp_gpio_write(gpio, level);
        put_level(req, level);
    }
}

static void rpc_blink(void *ctx, lp_rpc_req_t *req)
{
    uint32_t on_ms = 0;
    uint32_t off_ms = 0;
    if (!lp_rpc_take_u32(req, "on_ms", UINT32_MAX, &on_ms) ||
        !lp_rpc_take_u32(req, "off_ms", UINT32_MAX, &off_ms)) {
        return;
    }
    lp_gpio_t *gpio = svc_gpio_take_output(ctx, req);
    if (gpio == NULL) {
        return;
    }
    const lp_err_t err = lp_gpio_blink(gpio, on_ms, off_ms);
    if (err != LP_OK) {
        lp_rpc_fail(req, err, "on_ms, off_ms: 1 ms to a day, or both 0 to end it");
        return;
    }
    put_level(req, lp_gpio_read(gpio));
}

static void rpc_release(void *ctx, lp_rpc_req_t *req)
{
    uint16_t pin = 0;
    if (!svc_gpio_take_pin(req, &pin)) {
        return;
    }
    lp_svc_gpio_pin_t *p = svc_gpio_find(ctx, pin);
    if (p == NULL) {
        lp_rpc_fail(req, LP_E_STATE, "pin: no request has it");
        return;
    }
    svc_gpio_release(p);
    lp_rpc_ok(req);
}

static const lp_rpc_method_t methods[] = {
    {"GPIO.Info", LP_RPC_READ, rpc_info, "", "[{pin,name,can,user,value}]"},
    {"GPIO.Configure", LP_RPC_WRITE, rpc_configure, "pin,[mode:in|out|od,pull:none|up|down,value]",
     "value"},
    {"GPIO.Read", LP_RPC_READ, rpc_read, "pin", "value"},
    {"GPIO.Write", LP_RPC_WRITE, rpc_write, "pin,value", "value"},
    {"GPIO.Toggle", LP_RPC_WRITE, rpc_toggle, "pin", "value"},
    {"GPIO.Blink", LP_RPC_WRITE, rpc_blink, "pin,on_ms,off_ms", "value"},
    {"GPIO.Release", LP_RPC_WRITE, rpc_release, "pin", ""},
    {"GPIO.SetIntHandler", LP_RPC_WRITE, svc_gpio_rpc_set_handler,
     "pin,[edge:any|pos|neg,pull:none|up|down,debounce_ms,ttl_s,method]", "value,ttl_s"},
    {"GPIO.RemoveIntHandler", LP_RPC_WRITE, svc_gpio_rpc_remove_handler, "pin", ""},
    {"PWM.Set", LP_RPC_WRITE, svc_gpio_rpc_set_pwm, "pin,freq,duty", ""},
};

void lp_svc_gpio_init(lp_svc_gpio_t *svc, lp_loop_t *loop, lp_rpc_t *rpc)
{
    *svc = (lp_svc_gpio_t){.loop_ = loop};
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(rpc, &svc->set_);
    svc_gpio_watch_init(svc, rpc);
}
