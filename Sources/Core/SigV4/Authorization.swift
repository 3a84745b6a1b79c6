public import Bytes

/// The last step: the value of the Authorization header ("Add the signature to the request", AWS
/// General Reference).
///
/// ```
/// AWS4-HMAC-SHA256 Credential=AKID/20250715/eu-central-1/kinesis/aws4_request,
///     SignedHeaders=content-type;host;x-amz-date, Signature=5d67…      all in one line
/// ```
public struct Authorization: Sendable {
    public let signature: SHA256Digest
    public let wallMicroseconds: Int64
    public let scope: CredentialScope
    public let credentials: SigningCredentials

    public init(
        signature: SHA256Digest, at wallMicroseconds: Int64, scope: CredentialScope,
        credentials: SigningCredentials
    ) {
        self.signature = signature
        self.wallMicroseconds = wallMicroseconds
        self.scope = scope
        self.credentials = credentials
    }

    /// Bytes of the longest one for requests within `limits`; 96 is for the words in it.
    static func bytesMax(for limits: RequestLimits) -> Int {
        96 + SigningCredentials.accessKeyIDBytesMax + CredentialScope.bytesMax
            + limits.signedHeadersBytes + 2 * SHA256Digest.byteCount
    }

    public func append(to buffer: inout FixedBuffer, for request: borrowing CanonicalRequest) {
        buffer.append("AWS4-HMAC-SHA256 Credential=")
        buffer.append(credentials.accessKeyID.utf8.span)
        buffer.append(UInt8(ascii: "/"))
        buffer.append(scope: scope, at: wallMicroseconds)
        buffer.append(", SignedHeaders=")
        request.appendSignedHeaders(to: &buffer, credentials: credentials)
        buffer.append(", Signature=")
        buffer.append(hex: signature.bytes)
    }
}
