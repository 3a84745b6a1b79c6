/// How a transfer ended.
public enum HTTPSResult: Equatable, Sendable {
    /// A complete response, whatever its status; its body is the transfer's `response`.
    case answered(HTTPSAnswer)
    /// No complete response.
    case failed(HTTPSFailure)
}

/// The head of a complete response.
public struct HTTPSAnswer: Equatable, Sendable {
    /// The status code (RFC 9110 section 15). Redirects are not followed: a 3xx ends here.
    public let status: Int
    /// The `Date` header: the server's clock, seconds since 1970.
    public let serverTimeSeconds: Int64?
    /// The server's certificate was verified; false for plain HTTP on the same machine.
    public let isVerified: Bool
    /// The `Retry-After` header: seconds to wait, from either of its forms (RFC 9110 section
    /// 10.2.3). A date is taken relative to the server's own `Date`, so a wrong clock here does
    /// no harm; one that has passed is 0.
    public let retryAfterSeconds: Int?
    /// The `Content-Type` is HTML: a page for people, as captive portals and proxies answer.
    public let isPage: Bool
}

/// What a transfer cost, answered or failed.
public struct HTTPSTraffic: Equatable, Sendable {
    /// Bytes of request head and body handed to the connection, before TLS.
    public var sentBytes = 0
    /// Bytes of response head and body, after TLS.
    public var receivedBytes = 0
    /// Whether a connection had to be made (name, TCP and TLS) or a kept one was used.
    public var isNewConnection = false
    /// From start to end.
    public var durationMicroseconds: Int64 = 0
}
