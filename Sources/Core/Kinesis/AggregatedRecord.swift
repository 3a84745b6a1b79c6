import Bytes

/// The MD5 that an edge brings (RFC 1321): a check value of the format, not a secret.
public struct MD5Function: Sendable {
    /// Appends the 16 bytes of the digest of `message` to `buffer`.
    private let digest: @Sendable (_ message: Span<UInt8>) -> InlineArray<16, UInt8>

    public init(_ digest: @escaping @Sendable (Span<UInt8>) -> InlineArray<16, UInt8>) {
        self.digest = digest
    }

    func callAsFunction(_ message: Span<UInt8>) -> InlineArray<16, UInt8> { digest(message) }
}

/// Many records in one Kinesis entry, in the format of the Kinesis Producer Library (awslabs,
/// amazon-kinesis-producer, aggregation-format.md):
///
/// ```
/// F3 89 9A C2   magic
/// message AggregatedRecord (protobuf)
///   1 partition_key_table   string, here one: an entry with one key is never torn apart when a
///                           shard splits, and readers keep the order of its records
///   2 explicit_hash_key_table   not used
///   3 records   { 1 partition_key_index varint 0 · 3 data bytes }, as many as there are
/// MD5 of the message, 16 bytes
/// ```
///
/// Every shard bills an entry in units of 25 KB: 400 lone records of 165 bytes are 400 units, in
/// aggregates they are 3.
public final class AggregatedRecord {
    private static let magic: [4 of UInt8] = [0xF3, 0x89, 0x9A, 0xC2]
    private static let digestBytes = 16

    private var buffer: FixedBuffer
    /// Records since `begin`.
    public private(set) var recordCount = 0
    /// Bytes of an entry without any record.
    public private(set) var emptyByteCount = 0

    /// `capacity`: bytes of the largest entry.
    public init(capacity: Int) { buffer = FixedBuffer(capacity: capacity) }

    /// Bytes that a record with `count` bytes of data takes in an entry.
    public static func bytes(ofRecord count: Int) -> Int {
        let inner = 2 + 1 + varintBytes(count) + count
        return 1 + varintBytes(inner) + inner
    }

    /// Bytes of the entry if it were finished now.
    public var byteCount: Int { buffer.count + Self.digestBytes }

    /// Starts an entry with one partition key.
    public func begin(partitionKey: Span<UInt8>) {
        buffer.removeAll()
        recordCount = 0
        for index in Self.magic.indices { buffer.append(Self.magic[index]) }
        buffer.append(1 << 3 | 2)
        append(varint: partitionKey.count)
        buffer.append(partitionKey)
        emptyByteCount = byteCount
    }

    public func append(_ data: Span<UInt8>) {
        buffer.append(3 << 3 | 2)
        append(varint: 2 + 1 + Self.varintBytes(data.count) + data.count)
        buffer.append(1 << 3 | 0)
        buffer.append(0)
        buffer.append(3 << 3 | 2)
        append(varint: data.count)
        buffer.append(data)
        recordCount += 1
    }

    /// Ends the entry with its check value. `withBytes` has it until the next `begin`.
    public func finish(md5: MD5Function) {
        let digest = buffer.withBytes { md5($0.extracting(Self.magic.count..<$0.count)) }
        for index in digest.indices { buffer.append(digest[index]) }
        precondition(!buffer.overflowed, "an entry is filled up to its limit at most")
    }

    /// Lends the bytes of a finished entry to `body`.
    public func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        buffer.withBytes(body)
    }

    /// Seven bits a byte, the lowest first, the high bit set on all but the last.
    private func append(varint value: Int) {
        var rest = UInt64(value)
        while rest > 0x7F {
            buffer.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.append(UInt8(rest))
    }

    private static func varintBytes(_ value: Int) -> Int {
        var rest = UInt64(value) >> 7
        var count = 1
        while rest > 0 {
            rest >>= 7
            count += 1
        }
        return count
    }
}
