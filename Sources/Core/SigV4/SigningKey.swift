public import Bytes
internal import Time

/// The third stage: the signature of a string to sign, under a key that counts for one day, one
/// region and one service ("Calculate the signature", AWS General Reference).
///
/// ```
/// HMAC("AWS4" secret, "20250715") ─▶ HMAC(·, region) ─▶ HMAC(·, service)
///     ─▶ HMAC(·, "aws4_request") = signing key ─▶ HMAC(·, string to sign) = signature
/// ```
///
/// The signing key is kept until one of those that it is made of changes, so that nearly every
/// signature costs one HMAC instead of five.
public struct SigningKey: ~Copyable {
    /// What the key that is kept was made of. The day counts from 1970.
    private struct Origin {
        var day: Int64
        var scope: CredentialScope
        var secretAccessKey: String
    }

    private var hmac: HMACSHA256
    /// "AWS4" and the secret.
    private var secret: FixedBuffer
    private var date: FixedBuffer
    private var origin: Origin?
    private var key = SHA256Digest()
    /// How often a key was made: once a day, and at every change of credentials.
    public private(set) var derivationCount: UInt64 = 0

    public init(sha256: SHA256Function) {
        hmac = HMACSHA256(messageLimit: StringToSign.bytesMax, sha256: sha256)
        secret = FixedBuffer(capacity: 4 + SigningCredentials.secretAccessKeyBytesMax)
        date = FixedBuffer(capacity: 8)
    }

    private static let microsecondsPerDay: Int64 = 86_400_000_000

    /// The signature of `stringToSign`, which was made for the same time and scope.
    public mutating func signature(
        of stringToSign: borrowing FixedBuffer, at wallMicroseconds: Int64, scope: CredentialScope,
        credentials: SigningCredentials
    ) -> SHA256Digest {
        let day = Self.day(of: wallMicroseconds)
        let secretAccessKey = credentials.secretAccessKey
        if !isKept(day, scope, secretAccessKey) {
            key = derive(at: wallMicroseconds, scope, secretAccessKey)
            origin = Origin(day: day, scope: scope, secretAccessKey: secretAccessKey)
            derivationCount += 1
        }
        return hmac.code(key: key.bytes, message: stringToSign.bytes)
    }

    private func isKept(_ day: Int64, _ scope: CredentialScope, _ secret: String) -> Bool {
        guard let origin else { return false }
        return origin.day == day && origin.scope == scope && origin.secretAccessKey == secret
    }

    private mutating func derive(
        at wallMicroseconds: Int64, _ scope: CredentialScope, _ secretAccessKey: String
    ) -> SHA256Digest {
        date.removeAll()
        date.append(basicDate: wallMicroseconds)
        secret.removeAll()
        secret.append("AWS4")
        secret.append(secretAccessKey.utf8.span)
        return Self.derive(&hmac, secret, date, scope)
    }

    /// The key of a day, region and service.
    private static func derive(
        _ hmac: inout HMACSHA256, _ secret: borrowing FixedBuffer,
        _ date: borrowing FixedBuffer, _ scope: CredentialScope
    ) -> SHA256Digest {
        var key = hmac.code(key: secret.bytes, message: date.bytes)
        key = hmac.code(key: key.bytes, message: scope.region.utf8.span)
        key = hmac.code(key: key.bytes, message: scope.service.utf8.span)
        return hmac.code(key: key.bytes, message: ("aws4_request" as StaticString).utf8Span)
    }

    /// Rounded down, so that the last day before 1970 is -1.
    @_noAllocation
    private static func day(of wallMicroseconds: Int64) -> Int64 {
        let days = wallMicroseconds / microsecondsPerDay
        return wallMicroseconds % microsecondsPerDay < 0 ? days - 1 : days
    }
}
