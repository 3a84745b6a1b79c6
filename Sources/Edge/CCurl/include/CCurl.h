// libcurl for Swift: typed doors to the variadic calls, which Swift can not make. The names in
// parentheses skip the type-checking macros of curl/curl.h, which want a constant option.
#pragma once

#include <curl/curl.h>
#include <stdint.h>

static inline CURLcode pulsegate_curl_set_number(CURL *easy, CURLoption option, long value) {
    return (curl_easy_setopt)(easy, option, value);
}

static inline CURLcode pulsegate_curl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return (curl_easy_setopt)(easy, option, value);
}

static inline CURLcode pulsegate_curl_set_text(CURL *easy, CURLoption option, const char *value) {
    return (curl_easy_setopt)(easy, option, value);
}

static inline CURLcode pulsegate_curl_set_pointer(CURL *easy, CURLoption option,
                                                  const void *value) {
    return (curl_easy_setopt)(easy, option, value);
}

static inline CURLcode pulsegate_curl_set_lines(CURL *easy, const struct curl_slist *first) {
    return (curl_easy_setopt)(easy, CURLOPT_HTTPHEADER, first);
}

// `context` is handed to each function.
static inline CURLcode pulsegate_curl_set_functions(CURL *easy, void *context,
                                                    curl_write_callback body,
                                                    curl_write_callback header,
                                                    curl_prereq_callback request) {
    CURLcode code = (curl_easy_setopt)(easy, CURLOPT_WRITEFUNCTION, body);
    if (code == CURLE_OK) code = (curl_easy_setopt)(easy, CURLOPT_WRITEDATA, context);
    if (code == CURLE_OK) code = (curl_easy_setopt)(easy, CURLOPT_HEADERFUNCTION, header);
    if (code == CURLE_OK) code = (curl_easy_setopt)(easy, CURLOPT_HEADERDATA, context);
    if (code == CURLE_OK) code = (curl_easy_setopt)(easy, CURLOPT_PREREQFUNCTION, request);
    if (code == CURLE_OK) code = (curl_easy_setopt)(easy, CURLOPT_PREREQDATA, context);
    if (code == CURLE_OK) code = (curl_easy_setopt)(easy, CURLOPT_PRIVATE, context);
    return code;
}

// Certificates are verified at `seconds` since 1970 instead of the kernel's time, or when the
// youngest of those that the server shows begins to be valid, where that is a little later:
// whoever has a certificate has it since then. NULL: at the kernel's time. `seconds` is read at
// every handshake. With libcurl over OpenSSL, as Debian's libcurl4 is.
CURLcode pulsegate_curl_verify_at(CURL *easy, int64_t *seconds);

static inline CURLcode pulsegate_curl_number(CURL *easy, CURLINFO info, long *value) {
    return (curl_easy_getinfo)(easy, info, value);
}

static inline CURLcode pulsegate_curl_size(CURL *easy, CURLINFO info, curl_off_t *value) {
    return (curl_easy_getinfo)(easy, info, value);
}

// The `context` of pulsegate_curl_set_functions.
static inline void *pulsegate_curl_context(CURL *easy) {
    void *context = NULL;
    (void)(curl_easy_getinfo)(easy, CURLINFO_PRIVATE, &context);
    return context;
}

static inline CURLMcode pulsegate_curl_multi_set_number(CURLM *multi, CURLMoption option,
                                                        long value) {
    return (curl_multi_setopt)(multi, option, value);
}

// `context` is handed to each function; functions of NULL end the calls.
static inline CURLMcode pulsegate_curl_multi_set_functions(CURLM *multi, void *context,
                                                           curl_socket_callback watch,
                                                           curl_multi_timer_callback timer) {
    CURLMcode code = (curl_multi_setopt)(multi, CURLMOPT_SOCKETFUNCTION, watch);
    if (code == CURLM_OK) code = (curl_multi_setopt)(multi, CURLMOPT_SOCKETDATA, context);
    if (code == CURLM_OK) code = (curl_multi_setopt)(multi, CURLMOPT_TIMERFUNCTION, timer);
    if (code == CURLM_OK) code = (curl_multi_setopt)(multi, CURLMOPT_TIMERDATA, context);
    return code;
}

// The folder of certificate authorities that libcurl was built with; NULL: none.
static inline const char *pulsegate_curl_authority_folder(void) {
    return curl_version_info(CURLVERSION_NOW)->capath;
}
