internal import Bytes
internal import Time

/// Signs requests with Signature Version 4, one after the other, in memory that is taken once.
///
/// What `sign` made stays readable until the next call: the values of the headers
/// `Authorization` and `X-Amz-Date` to be sent, and the three stages for whoever wants to know
/// why a service refused. After a refused request all of them are empty, so that no old
/// signature is sent by mistake.
public struct Signer: ~Copyable {
    /// Region and service, and with what to sign. They may be replaced at any time; the next
    /// signature counts for the new ones.
    public var scope: CredentialScope
    public var credentials: SigningCredentials

    private let sha256: SHA256Function
    private var key: SigningKey
    private var canonicalText: FixedBuffer
    private var stringToSignText: FixedBuffer
    private var authorizationText: FixedBuffer
    private var dateText: FixedBuffer
    private var payloadText: FixedBuffer

    /// A signer for requests within `limits`.
    public init(
        scope: CredentialScope, credentials: SigningCredentials, sha256: SHA256Function,
        limits: RequestLimits = RequestLimits()
    ) {
        self.scope = scope
        self.credentials = credentials
        self.sha256 = sha256
        key = SigningKey(sha256: sha256)
        canonicalText = FixedBuffer(capacity: limits.canonicalRequestBytes)
        stringToSignText = FixedBuffer(capacity: StringToSign.bytesMax)
        authorizationText = FixedBuffer(capacity: Authorization.bytesMax(for: limits))
        dateText = FixedBuffer(capacity: 16)  // 20250715T171033Z
        payloadText = FixedBuffer(capacity: 2 * SHA256Digest.byteCount)
    }

    /// Signs `request` with `body` for the time at which it is sent (microseconds since 1970).
    public mutating func sign(
        _ request: borrowing CanonicalRequest, body: Span<UInt8>, at wallMicroseconds: Int64
    ) throws(SigningError) {
        try sign(request, payload: sha256(body), at: wallMicroseconds)
    }

    /// Signs a request whose body has the SHA-256 `payload`: sent once more at another time, it
    /// need not be hashed once more.
    public mutating func sign(
        _ request: borrowing CanonicalRequest, payload: SHA256Digest, at wallMicroseconds: Int64
    ) throws(SigningError) {
        removeAll()
        do throws(SigningError) {
            try write(request, payload, wallMicroseconds)
        } catch {
            removeAll()
            throw error
        }
    }

    private mutating func write(
        _ request: borrowing CanonicalRequest, _ payload: SHA256Digest, _ time: Int64
    ) throws(SigningError) {
        try request.appendText(
            to: &canonicalText, at: time, credentials: credentials, payload: payload)
        guard !canonicalText.overflowed else {
            throw .exceeded(.canonicalRequestBytes, limit: canonicalText.capacity)
        }
        let digest = sha256(canonicalText.bytes)
        StringToSign(at: time, scope: scope, canonicalRequest: digest)
            .append(to: &stringToSignText)
        let signature = key.signature(
            of: stringToSignText, at: time, scope: scope,
            credentials: credentials)
        Authorization(signature: signature, at: time, scope: scope, credentials: credentials)
            .append(to: &authorizationText, for: request)
        guard !authorizationText.overflowed else {
            throw .exceeded(.authorizationBytes, limit: authorizationText.capacity)
        }
        dateText.append(basicTimestamp: time)
        payloadText.append(hex: payload.bytes)
    }

    private mutating func removeAll() {
        canonicalText.removeAll()
        stringToSignText.removeAll()
        authorizationText.removeAll()
        dateText.removeAll()
        payloadText.removeAll()
    }

    /// How often a signing key was derived.
    public var derivationCount: UInt64 { key.derivationCount }

    /// The value of the header `Authorization`.
    public var authorization: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { authorizationText.bytes }
    }

    /// The value of the header `X-Amz-Date`.
    public var date: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { dateText.bytes }
    }

    /// The value of the header `X-Amz-Content-SHA256`, where it is asked for.
    public var contentHash: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { payloadText.bytes }
    }

    /// The first stage, for diagnosis.
    public var canonicalRequest: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { canonicalText.bytes }
    }

    /// The second stage, for diagnosis.
    public var stringToSign: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { stringToSignText.bytes }
    }
}
