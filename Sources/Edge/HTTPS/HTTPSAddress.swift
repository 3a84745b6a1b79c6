internal import CCurl

/// The parts of a URL that decide whether it may be used, read with libcurl's own parser, so
/// that what is judged is what is connected to.
struct HTTPSAddress {
    let url: String
    /// `host:port`
    let authority: String
    let isLoopback: Bool
    /// `http:`
    let isPlain: Bool

    init(_ text: String, _ settings: HTTPSSettings) throws(HTTPSError) {
        guard let parser = unsafe curl_url() else {
            throw .library(
                code: Int32(bitPattern: CURLE_OUT_OF_MEMORY.rawValue), reason: "no URL handle")
        }
        defer { unsafe curl_url_cleanup(parser) }
        guard unsafe curl_url_set(parser, CURLUPART_URL, text, 0) == CURLUE_OK,
            let scheme = unsafe Self.part(CURLUPART_SCHEME, of: parser),
            let host = unsafe Self.part(CURLUPART_HOST, of: parser), !host.isEmpty,
            let port = unsafe Self.part(CURLUPART_PORT, of: parser)
        else { throw .malformedURL }
        guard unsafe Self.part(CURLUPART_USER, of: parser) == nil,
            unsafe Self.part(CURLUPART_PASSWORD, of: parser) == nil
        else { throw .credentialsInURL }
        self.url = text
        authority = "\(host):\(port)"
        isLoopback = Self.isLoopback(host)
        isPlain = scheme == "http"
        let isAllowed =
            isLoopback && settings.allowsPlainLoopback || settings.plainHosts.contains(host)
        guard scheme == "https" || isPlain && isAllowed else { throw .insecureURL }
    }

    @unsafe
    private static func part(_ part: CURLUPart, of parser: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard
            unsafe curl_url_get(parser, part, &text, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK,
            let start = unsafe text
        else { return nil }
        defer { unsafe curl_free(start) }
        return unsafe String(cString: start)
    }

    /// 127.0.0.0/8 (RFC 1122 section 3.2.1.3), ::1 (RFC 4291 section 2.5.3) and localhost, which
    /// libcurl never asks a name server for (RFC 6761 section 6.3).
    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127"
            && numbers.allSatisfy { UInt8($0) != nil }
    }
}
