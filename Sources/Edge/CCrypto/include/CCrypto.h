// SHA-256 and MD5 of OpenSSL's libcrypto, which picks the fastest code for the CPU it runs on.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Writes the SHA-256 of `count` bytes to `digest`, 32 bytes. Answers 1, or 0 on failure.
int pulsegate_sha256(const uint8_t *bytes, size_t count, uint8_t *digest);

// Writes the MD5 of `count` bytes to `digest`, 16 bytes. Answers 1, or 0 on failure.
int pulsegate_md5(const uint8_t *bytes, size_t count, uint8_t *digest);
