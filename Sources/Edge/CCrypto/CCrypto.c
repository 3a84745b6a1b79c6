// OpenSSL 3 deprecates SHA256_Init and its like in favour of EVP, but EVP takes memory from the
// heap for every message and these take none: their state lies on the stack. They are part of
// every OpenSSL to this day, so the warning is all that is switched off.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "CCrypto.h"

#include <openssl/md5.h>
#include <openssl/sha.h>

int pulsegate_sha256(const uint8_t *bytes, size_t count, uint8_t *digest) {
    SHA256_CTX context;
    return SHA256_Init(&context) && SHA256_Update(&context, bytes, count) &&
           SHA256_Final(digest, &context);
}

int pulsegate_md5(const uint8_t *bytes, size_t count, uint8_t *digest) {
    MD5_CTX context;
    return MD5_Init(&context) && MD5_Update(&context, bytes, count) &&
           MD5_Final(digest, &context);
}
