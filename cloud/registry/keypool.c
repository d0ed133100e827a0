// SPDX-License-Identifier: Apache-2.0
// An RSA key takes a tenth of a second, now and then half a one, and a broker that makes it keeps
// every other client waiting. So the first one that is asked for starts a thread that has spares
// ready. A process that asks for none pays nothing.
#include "keypool.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "x509.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t taken;
    pthread_t thread;
    EVP_PKEY *spares[LP_KEYPOOL_SPARES]; // owned
    size_t n;
    bool is_running;
    bool is_ending;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .taken = PTHREAD_COND_INITIALIZER};

// With the lock held, which is let go while a key is made.
static bool make_one(void)
{
    pthread_mutex_unlock(&pool.lock);
    EVP_PKEY *key = lp_key_new_rsa2048();
    pthread_mutex_lock(&pool.lock);
    if (key != NULL) {
        pool.spares[pool.n++] = key;
    }
    return key != NULL;
}

static void *fill(void *arg)
{
    (void)arg;
    bool is_good = true;
    pthread_mutex_lock(&pool.lock);
    while (!pool.is_ending) {
        if (pool.n < LP_KEYPOOL_SPARES && is_good) {
            is_good = make_one();
        } else {
            pthread_cond_wait(&pool.taken, &pool.lock);
            is_good = true; // whoever takes one asks for another try
        }
    }
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

// The host's signals are none of the thread's business.
static void start(void)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pool.is_ending = false;
    pool.is_running = pthread_create(&pool.thread, NULL, fill, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

EVP_PKEY *lp_keypool_take(void)
{
    EVP_PKEY *key = NULL;
    pthread_mutex_lock(&pool.lock);
    if (!pool.is_running) {
        start();
    }
    if (pool.n > 0) {
        key = pool.spares[--pool.n];
        pool.spares[pool.n] = NULL;
    }
    pthread_cond_signal(&pool.taken);
    pthread_mutex_unlock(&pool.lock);
    return key != NULL ? key : lp_key_new_rsa2048();
}

size_t lp_keypool_ready(void)
{
    pthread_mutex_lock(&pool.lock);
    size_t n = pool.n;
    pthread_mutex_unlock(&pool.lock);
    return n;
}

void lp_keypool_stop(void)
{
    pthread_mutex_lock(&pool.lock);
    bool was_running = pool.is_running;
    pool.is_ending = true;
    pthread_cond_signal(&pool.taken);
    pthread_mutex_unlock(&pool.lock);
    if (was_running) {
        pthread_join(pool.thread, NULL);
    }
    pthread_mutex_lock(&pool.lock);
    while (pool.n > 0) {
        EVP_PKEY_free(pool.spares[--pool.n]);
        pool.spares[pool.n] = NULL;
    }
    pool.is_running = pool.is_running && !was_running;
    pthread_mutex_unlock(&pool.lock);
}
