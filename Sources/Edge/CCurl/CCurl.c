#include "CCurl.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

// A certificate of a service lives for 398 days at most (CA/Browser Forum, Baseline Requirements
// 6.3.2): one whose life begins later than that after the time we know says nothing of the time.
#define DAYS_AHEAD_MAX 400

// The latest time at which one of the certificates begins to be valid; `seconds` where none is
// later.
static time_t latest_beginning(STACK_OF(X509) *chain, time_t seconds) {
    for (int index = 0; index < sk_X509_num(chain); index++) {
        const ASN1_TIME *begins = X509_get0_notBefore(sk_X509_value(chain, index));
        ASN1_TIME *known = ASN1_TIME_set(NULL, seconds);
        int days = 0, rest = 0;
        if (known && ASN1_TIME_diff(&days, &rest, known, begins) && days >= 0 && rest >= 0 &&
            days <= DAYS_AHEAD_MAX)
            seconds += (time_t)days * 86400 + rest;
        ASN1_TIME_free(known);
    }
    return seconds;
}

// Verifies as OpenSSL does, at another time than the kernel's.
static int verify(X509_STORE_CTX *store, void *seconds) {
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(store);
    X509_STORE_CTX_set_time(store, 0, latest_beginning(chain, (time_t) * (int64_t *)seconds));
    return X509_verify_cert(store);
}

static CURLcode on_context(CURL *easy, void *context, void *seconds) {
    (void)easy;
    SSL_CTX_set_cert_verify_callback(context, verify, seconds);
    return CURLE_OK;
}

CURLcode pulsegate_curl_verify_at(CURL *easy, int64_t *seconds) {
    CURLcode code =
        (curl_easy_setopt)(easy, CURLOPT_SSL_CTX_FUNCTION, seconds ? on_context : NULL);
    if (code == CURLE_OK) code = (curl_easy_setopt)(easy, CURLOPT_SSL_CTX_DATA, seconds);
    return code;
}
