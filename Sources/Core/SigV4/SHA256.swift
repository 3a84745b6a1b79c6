/// The 32 bytes that SHA-256 makes of any message (FIPS 180-4), or HMAC-SHA256 of a key and a
/// message.
public struct SHA256Digest: Equatable, Sendable {
    /// 256 bits.
    public static let byteCount = 32

    private var storage = InlineArray<32, UInt8>(repeating: 0)

    /// 32 zeros, to be filled in by whoever computes the digest.
    public init() {}

    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { storage.span }
    }

    public var mutableBytes: MutableSpan<UInt8> {
        @_lifetime(&self)
        mutating get { storage.mutableSpan }
    }

    @_noAllocation
    public static func == (one: SHA256Digest, other: SHA256Digest) -> Bool {
        var difference: UInt8 = 0
        for index in one.storage.indices { difference |= one.storage[index] ^ other.storage[index] }
        return difference == 0
    }
}

/// The SHA-256 that an edge brings: Core has no C, and a function in a value keeps every type
/// that needs it free of a type parameter.
public struct SHA256Function: Sendable {
    private let digest: @Sendable (Span<UInt8>) -> SHA256Digest

    public init(_ digest: @escaping @Sendable (Span<UInt8>) -> SHA256Digest) {
        self.digest = digest
    }

    public func callAsFunction(_ bytes: Span<UInt8>) -> SHA256Digest { digest(bytes) }
}
