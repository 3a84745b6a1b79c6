internal import CCurl
internal import Glibc

/// What libcurl needs once a process.
enum HTTPSLibrary {
    private static let started: CURLcode = {
        // A write to a connection that the other end has closed is an error code here; the
        // signal would end the process, and with CURLOPT_NOSIGNAL libcurl leaves it alone.
        _ = signal(SIGPIPE, SIG_IGN)
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    }()

    /// libcurl's own folder of authorities (on Debian /etc/ssl/certs) has at least one under
    /// the name by which OpenSSL finds it.
    static let hasAuthorityFolder: Bool = {
        guard let path = unsafe pulsegate_curl_authority_folder() else { return false }
        var found = unsafe glob_t()
        let pattern = unsafe String(cString: path) + "/[0-9a-f]*.0"
        defer { unsafe globfree(&found) }
        return unsafe glob(pattern, GLOB_NOSORT, nil, &found) == 0
    }()

    static func start() throws(HTTPSError) { try check(started) }
}

func check(_ code: CURLcode) throws(HTTPSError) {
    guard code != CURLE_OK else { return }
    throw .library(
        code: Int32(bitPattern: code.rawValue),
        reason: unsafe String(cString: curl_easy_strerror(code)))
}

func check(_ code: CURLMcode) throws(HTTPSError) {
    guard code != CURLM_OK else { return }
    precondition(
        code != CURLM_BAD_HANDLE && code != CURLM_RECURSIVE_API_CALL && code != CURLM_ADDED_ALREADY,
        "handles live as long as their owners, and callbacks call nothing of libcurl")
    throw .library(
        code: Int32(code.rawValue), reason: unsafe String(cString: curl_multi_strerror(code)))
}
