import Bytes

/// Which of the records at and behind a sink's tail the sink has already: what keeps a batch
/// whose middle was refused from being sent again whole after a restart.
///
/// Bit k stands for the sequence tail + k. Bit 0 is never set: the tail itself is waiting.
/// Records further than 512 behind the tail are not remembered; they are sent again with the
/// same id, which costs a repeat and loses nothing.
public struct AcknowledgedSet: Equatable, Sendable {
    /// A whole PutRecords request (500 entries) fits.
    public static let limit = 512

    private var words = InlineArray<8, UInt64>(repeating: 0)

    public init() {}

    public subscript(distance: Int) -> Bool {
        get {
            precondition(distance >= 0 && distance < Self.limit, "a distance has a bit")
            return words[distance / 64] >> UInt64(distance % 64) & 1 == 1
        }
        set {
            precondition(distance >= 0 && distance < Self.limit, "a distance has a bit")
            let bit = UInt64(1) << UInt64(distance % 64)
            if newValue {
                words[distance / 64] |= bit
            } else {
                words[distance / 64] &= ~bit
            }
        }
    }

    /// The largest distance with its bit set; nil when there is none.
    public var last: Int? {
        for word in stride(from: 7, through: 0, by: -1) where words[word] != 0 {
            return word * 64 + 63 - words[word].leadingZeroBitCount
        }
        return nil
    }

    /// How many of the distances below `end` have their bit set.
    public func count(below end: UInt64) -> UInt64 {
        var count: UInt64 = 0
        for distance in 0..<Int(min(end, UInt64(Self.limit))) where self[distance] { count += 1 }
        return count
    }

    /// The same records, counted from a tail that is `count` further on.
    public func advanced(by count: UInt64) -> AcknowledgedSet {
        var advanced = AcknowledgedSet()
        guard count < UInt64(Self.limit) else { return advanced }
        for distance in Int(count)..<Self.limit where self[distance] {
            advanced[distance - Int(count)] = true
        }
        return advanced
    }

    public static func == (one: AcknowledgedSet, other: AcknowledgedSet) -> Bool {
        for word in 0..<8 where one.words[word] != other.words[word] { return false }
        return true
    }

    @_lifetime(bytes: copy bytes)
    func encode(into bytes: inout MutableSpan<UInt8>, at offset: Int) {
        for word in 0..<8 { bytes.store(words[word], at: offset + 8 * word) }
    }

    init(decoding bytes: Span<UInt8>, at offset: Int) {
        for word in 0..<8 { words[word] = bytes.loadUInt64(at: offset + 8 * word) }
    }
}
