import Bytes

/// What a record calls its sensor: an address or a name, 0 to 23 bytes of UTF-8.
///
/// It is stored in the record itself, not in a table beside it, so that a record can be read
/// when everything around it is lost. 23 holds an address ("D4:4A:C4:B0:24:03") or a short name.
public struct SensorName: BitwiseCopyable, Equatable, Sendable {
    /// Bytes that fit.
    public static let limit = 23

    fileprivate var text = InlineArray<23, UInt8>(repeating: 0)
    /// Bytes that are used.
    public private(set) var count = 0

    /// No name.
    public init() {}

    /// nil when `text` is longer than 23 bytes or no UTF-8: it goes into JSON as it is.
    public init?(_ text: Span<UInt8>) {
        guard text.count <= Self.limit, text.isUTF8 else { return nil }
        for index in text.indices { self.text[index] = text[index] }
        count = text.count
    }

    /// nil when `text` is longer than 23 bytes of UTF-8.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.limit else { return nil }
        for (index, byte) in text.utf8.enumerated() { self.text[index] = byte }
        count = text.utf8.count
    }

    /// As many whole characters from its beginning as `length` bytes hold.
    func prefix(_ length: Int) -> SensorName {
        var short = self
        short.count = min(count, length)
        // A byte that is no first one of a character (RFC 3629 section 3): the cut is within it.
        while short.count < count, short.count > 0, text[short.count] & 0xC0 == 0x80 {
            short.count -= 1
        }
        for index in short.count..<count { short.text[index] = 0 }
        return short
    }

    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { text.span.extracting(0..<count) }
    }

    public static func == (one: SensorName, other: SensorName) -> Bool {
        one.bytes.isEqual(to: other.bytes)
    }
}

/// 128 bits that the kernel draws at every boot (/proc/sys/kernel/random/boot_id). Monotonic
/// times of two records can be compared when their boot ids are the same.
public struct BootID: Equatable, Sendable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
