// SPDX-License-Identifier: Apache-2.0
// As much of OpenSSL's interface as the unit tests and the emulated chip use, for machines that
// have no OpenSSL. Behind it is an mbedTLS of its own (test/bare/other), with mbedTLS's own
// arithmetic: nothing of it is in the product, and the tests have a second opinion there, too.
// Everything is as in OpenSSL's manual, for P-256.
#ifndef LP_BARE_OPENSSL_H
#define LP_BARE_OPENSSL_H

#include <stddef.h>
#include <stdint.h>

// ---- numbers -----------------------------------------------------------------------------------
typedef struct bignum_st BIGNUM;
typedef struct bignum_ctx BN_CTX;
typedef unsigned long BN_ULONG;

BIGNUM *BN_new(void);
void BN_free(BIGNUM *n);
void BN_clear(BIGNUM *n);
void BN_clear_free(BIGNUM *n);
BIGNUM *BN_dup(const BIGNUM *n);
BIGNUM *BN_bin2bn(const unsigned char *bytes, int len, BIGNUM *n);
int BN_bn2binpad(const BIGNUM *n, unsigned char *bytes, int len);
int BN_hex2bn(BIGNUM **n, const char *text);
int BN_set_word(BIGNUM *n, BN_ULONG word);
int BN_add_word(BIGNUM *n, BN_ULONG word);
int BN_sub_word(BIGNUM *n, BN_ULONG word);
int BN_sub(BIGNUM *r, const BIGNUM *a, const BIGNUM *b);
int BN_cmp(const BIGNUM *a, const BIGNUM *b);
int BN_is_zero(const BIGNUM *n);
int BN_nnmod(BIGNUM *r, const BIGNUM *a, const BIGNUM *m, BN_CTX *ctx);
int BN_mod_add(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *ctx);
int BN_mod_mul(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *ctx);
BIGNUM *BN_mod_inverse(BIGNUM *r, const BIGNUM *a, const BIGNUM *m, BN_CTX *ctx);
BN_CTX *BN_CTX_new(void);
BN_CTX *BN_CTX_secure_new(void);
void BN_CTX_start(BN_CTX *ctx);
BIGNUM *BN_CTX_get(BN_CTX *ctx);
void BN_CTX_end(BN_CTX *ctx);
void BN_CTX_free(BN_CTX *ctx);

// ---- the curve ---------------------------------------------------------------------------------
typedef struct ec_group_st EC_GROUP;
typedef struct ec_point_st EC_POINT;
typedef enum { POINT_CONVERSION_UNCOMPRESSED = 4 } point_conversion_form_t;
enum { NID_X9_62_prime256v1 = 415 };

EC_GROUP *EC_GROUP_new_by_curve_name(int nid);
void EC_GROUP_free(EC_GROUP *group);
const BIGNUM *EC_GROUP_get0_order(const EC_GROUP *group);
int EC_GROUP_get_order(const EC_GROUP *group, BIGNUM *order, BN_CTX *ctx);
EC_POINT *EC_POINT_new(const EC_GROUP *group);
void EC_POINT_free(EC_POINT *point);
void EC_POINT_clear_free(EC_POINT *point);
int EC_POINT_mul(const EC_GROUP *group, EC_POINT *r, const BIGNUM *n, const EC_POINT *q,
                 const BIGNUM *m, BN_CTX *ctx);
int EC_POINT_is_at_infinity(const EC_GROUP *group, const EC_POINT *point);
int EC_POINT_oct2point(const EC_GROUP *group, EC_POINT *point, const unsigned char *bytes,
                       size_t len, BN_CTX *ctx);
size_t EC_POINT_point2oct(const EC_GROUP *group, const EC_POINT *point,
                          point_conversion_form_t form, unsigned char *bytes, size_t cap,
                          BN_CTX *ctx);
int EC_POINT_get_affine_coordinates(const EC_GROUP *group, const EC_POINT *point, BIGNUM *x,
                                    BIGNUM *y, BN_CTX *ctx);
int EC_POINT_set_compressed_coordinates(const EC_GROUP *group, EC_POINT *point, const BIGNUM *x,
                                        int y_bit, BN_CTX *ctx);

// ---- keys --------------------------------------------------------------------------------------
typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_pkey_ctx_st EVP_PKEY_CTX;
typedef struct engine_st ENGINE;
typedef struct ossl_lib_ctx_st OSSL_LIB_CTX;
typedef struct ECDSA_SIG_st ECDSA_SIG;
typedef struct {
    const char *key;
    const BIGNUM *number;
    const void *data;
    size_t data_size;
} OSSL_PARAM;
typedef struct ossl_param_bld_st OSSL_PARAM_BLD;
enum { EVP_PKEY_PUBLIC_KEY = 0x86, EVP_PKEY_KEYPAIR = 0x87 };
#define OSSL_PKEY_PARAM_GROUP_NAME "group"
#define OSSL_PKEY_PARAM_PUB_KEY    "pub"
#define OSSL_PKEY_PARAM_PRIV_KEY   "priv"

EVP_PKEY *EVP_EC_gen(const char *group);
int EVP_PKEY_up_ref(EVP_PKEY *key);
void EVP_PKEY_free(EVP_PKEY *key);
int EVP_PKEY_get_octet_string_param(const EVP_PKEY *key, const char *name, unsigned char *bytes,
                                    size_t cap, size_t *len);
EVP_PKEY_CTX *EVP_PKEY_CTX_new(EVP_PKEY *key, ENGINE *engine);
EVP_PKEY_CTX *EVP_PKEY_CTX_new_from_name(OSSL_LIB_CTX *lib, const char *name,
                                         const char *properties);
void EVP_PKEY_CTX_free(EVP_PKEY_CTX *ctx);
int EVP_PKEY_fromdata_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_fromdata(EVP_PKEY_CTX *ctx, EVP_PKEY **key, int selection, OSSL_PARAM *params);
int EVP_PKEY_sign_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_sign(EVP_PKEY_CTX *ctx, unsigned char *sig, size_t *sig_len,
                  const unsigned char *digest, size_t len);
int EVP_PKEY_verify_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig, size_t sig_len,
                    const unsigned char *digest, size_t len);
int EVP_PKEY_derive_init(EVP_PKEY_CTX *ctx);
int EVP_PKEY_derive_set_peer(EVP_PKEY_CTX *ctx, EVP_PKEY *peer);
int EVP_PKEY_derive(EVP_PKEY_CTX *ctx, unsigned char *secret, size_t *len);
OSSL_PARAM OSSL_PARAM_construct_utf8_string(const char *key, char *text, size_t len);
OSSL_PARAM OSSL_PARAM_construct_octet_string(const char *key, void *bytes, size_t len);
OSSL_PARAM OSSL_PARAM_construct_end(void);
OSSL_PARAM_BLD *OSSL_PARAM_BLD_new(void);
void OSSL_PARAM_BLD_free(OSSL_PARAM_BLD *bld);
int OSSL_PARAM_BLD_push_utf8_string(OSSL_PARAM_BLD *bld, const char *key, const char *text,
                                    size_t len);
int OSSL_PARAM_BLD_push_octet_string(OSSL_PARAM_BLD *bld, const char *key, const void *bytes,
                                     size_t len);
int OSSL_PARAM_BLD_push_BN(OSSL_PARAM_BLD *bld, const char *key, const BIGNUM *n);
OSSL_PARAM *OSSL_PARAM_BLD_to_param(OSSL_PARAM_BLD *bld);
void OSSL_PARAM_free(OSSL_PARAM *params);
ECDSA_SIG *ECDSA_SIG_new(void);
void ECDSA_SIG_free(ECDSA_SIG *sig);
int ECDSA_SIG_set0(ECDSA_SIG *sig, BIGNUM *r, BIGNUM *s);
const BIGNUM *ECDSA_SIG_get0_r(const ECDSA_SIG *sig);
const BIGNUM *ECDSA_SIG_get0_s(const ECDSA_SIG *sig);
int i2d_ECDSA_SIG(const ECDSA_SIG *sig, unsigned char **der);
ECDSA_SIG *d2i_ECDSA_SIG(ECDSA_SIG **sig, const unsigned char **der, long len);

// ---- hashes, ciphers, random numbers -----------------------------------------------------------
typedef struct evp_md_st EVP_MD;
typedef struct evp_cipher_st EVP_CIPHER;
typedef struct evp_cipher_ctx_st EVP_CIPHER_CTX;
enum { EVP_CTRL_AEAD_SET_IVLEN = 9, EVP_CTRL_GCM_SET_TAG = 0x11 };

const EVP_MD *EVP_sha1(void);
const EVP_MD *EVP_sha256(void);
int EVP_Digest(const void *data, size_t len, unsigned char *digest, unsigned *digest_len,
               const EVP_MD *md, ENGINE *engine);
unsigned char *SHA1(const unsigned char *data, size_t len, unsigned char *digest);
unsigned char *SHA256(const unsigned char *data, size_t len, unsigned char *digest);
unsigned char *HMAC(const EVP_MD *md, const void *key, int key_len, const unsigned char *data,
                    size_t len, unsigned char *mac, unsigned *mac_len);
const EVP_CIPHER *EVP_aes_128_ecb(void);
const EVP_CIPHER *EVP_aes_256_gcm(void);
EVP_CIPHER_CTX *EVP_CIPHER_CTX_new(void);
void EVP_CIPHER_CTX_free(EVP_CIPHER_CTX *ctx);
int EVP_CIPHER_CTX_set_padding(EVP_CIPHER_CTX *ctx, int padding);
int EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX *ctx, int what, int number, void *data);
int EVP_CipherInit_ex(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, ENGINE *engine,
                      const unsigned char *key, const unsigned char *iv, int is_encryption);
int EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len, const unsigned char *in,
                     int len);
int EVP_EncryptInit_ex(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, ENGINE *engine,
                       const unsigned char *key, const unsigned char *iv);
int EVP_EncryptUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len,
                      const unsigned char *in, int len);
int EVP_DecryptInit_ex(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, ENGINE *engine,
                       const unsigned char *key, const unsigned char *iv);
int EVP_DecryptUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len,
                      const unsigned char *in, int len);
int EVP_DecryptFinal_ex(EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len);
int RAND_bytes(unsigned char *bytes, int len);
int CRYPTO_memcmp(const void *a, const void *b, size_t len);
void OPENSSL_cleanse(void *bytes, size_t len);
void OPENSSL_free(void *memory);

#endif
