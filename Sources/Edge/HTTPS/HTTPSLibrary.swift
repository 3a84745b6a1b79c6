internal import CCurl
internal import Glibc

/// What libcurl needs once a process.
enum HTTPSLibrary {
    /// The version in use: `libcurl/7.88.1 OpenSSL/3.0.17 …`.
    static var version: String { unsafe String(cString: curl_version()) }

    private static let started: CURLcode = {
        // A write to a connection that the other end has closed is an error code here; the
        // signal would end the process, and with CURLOPT_NOSIGNAL libcurl leaves it alone.
        _ = signal(SIGPIPE, SIG_IGN)
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT))
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
