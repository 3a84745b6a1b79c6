public import Bytes

/// What a transfer sends: written while the transfer is idle, kept as it is for a repeat.
public struct HTTPSRequest: ~Copyable {
    /// The request's method (RFC 9110 section 9).
    public enum Method: Equatable, Sendable {
        /// Sends no body.
        case get
        /// Sends `body`.
        case post
        /// Sends `body` too.
        case put
    }

    public var method: Method = .post
    /// The body, handed to libcurl by its address: no copy of it is made.
    public var body: FixedBuffer
    /// `Host`, `Content-Length` and `User-Agent` are libcurl's; all others are the caller's.
    public var headers: HTTPSHeaders

    init(limits: HTTPSLimits) {
        body = FixedBuffer(capacity: limits.bodyBytes)
        headers = HTTPSHeaders(bytes: limits.headerBytes, lines: limits.headerLines)
    }

    /// Where the body lies: valid until `body` changes, because a buffer has one allocation for
    /// its life.
    @unsafe
    func bodyAddress() -> UnsafeRawPointer? {
        unsafe body.bytes.withUnsafeBufferPointer { unsafe UnsafeRawPointer($0.baseAddress) }
    }
}
