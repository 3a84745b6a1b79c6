public import Bytes
internal import Time

/// The second stage: what is signed, four lines that bind a canonical request to its time, place
/// and service ("Create a string to sign", AWS General Reference).
///
/// ```
/// AWS4-HMAC-SHA256
/// 20250715T171033Z
/// 20250715/eu-central-1/kinesis/aws4_request
/// 2e1a…                                          SHA-256 of the canonical request
/// ```
public struct StringToSign: Sendable {
    /// Bytes of the longest one: algorithm, time, scope, digest, newlines.
    public static let bytesMax = 17 + 17 + CredentialScope.bytesMax + 1 + 64

    public let wallMicroseconds: Int64
    public let scope: CredentialScope
    /// SHA-256 of the canonical request.
    public let canonicalRequest: SHA256Digest

    public init(
        at wallMicroseconds: Int64, scope: CredentialScope, canonicalRequest: SHA256Digest
    ) {
        self.wallMicroseconds = wallMicroseconds
        self.scope = scope
        self.canonicalRequest = canonicalRequest
    }

    public func append(to buffer: inout FixedBuffer) {
        buffer.append("AWS4-HMAC-SHA256\n")
        buffer.append(basicTimestamp: wallMicroseconds)
        buffer.append(UInt8(ascii: "\n"))
        buffer.append(scope: scope, at: wallMicroseconds)
        buffer.append(UInt8(ascii: "\n"))
        buffer.append(hex: canonicalRequest.bytes)
    }
}
