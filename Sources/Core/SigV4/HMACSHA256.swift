internal import Bytes

/// HMAC-SHA256 (RFC 2104): H(key ^ opad ‖ H(key ^ ipad ‖ message)).
///
/// The hash takes one run of bytes, so key and message are put together in scratch memory that
/// is taken once. That bounds the message; the longest one here is a string to sign.
public struct HMACSHA256: ~Copyable {
    /// Bytes that SHA-256 works on at a time ("B" in RFC 2104).
    private static let blockBytes = 64
    private static let innerPad: UInt8 = 0x36
    private static let outerPad: UInt8 = 0x5C

    /// Bytes of the longest message.
    public let messageLimit: Int
    private let sha256: SHA256Function
    private var scratch: FixedBuffer

    public init(messageLimit: Int, sha256: SHA256Function) {
        precondition(messageLimit >= 0, "a limit is a number of bytes")
        self.messageLimit = messageLimit
        self.sha256 = sha256
        scratch = FixedBuffer(
            capacity: Self.blockBytes + max(messageLimit, SHA256Digest.byteCount))
    }

    /// The code of `message` under `key`; the key may have any length.
    public mutating func code(key: Span<UInt8>, message: Span<UInt8>) -> SHA256Digest {
        precondition(message.count <= messageLimit, "a message is as long as its limit at most")
        // RFC 2104 section 2: a key that is longer than a block is replaced by its hash.
        guard key.count <= Self.blockBytes else {
            return code(key: sha256(key).bytes, message: message)
        }
        let inner = hash(key, Self.innerPad, message)
        return hash(key, Self.outerPad, inner.bytes)
    }

    /// H(key ^ pad ‖ message); the key is filled up with zeros to a whole block.
    private mutating func hash(
        _ key: Span<UInt8>, _ pad: UInt8, _ message: Span<UInt8>
    ) -> SHA256Digest {
        scratch.removeAll()
        for index in key.indices { scratch.append(key[index] ^ pad) }
        for _ in key.count..<Self.blockBytes { scratch.append(pad) }
        scratch.append(message)
        return sha256(scratch.bytes)
    }
}
