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

    /// The tail moves on by `distance`: what was k + `distance` behind it is k behind it.
    mutating func advance(by distance: Int) {
        precondition(distance >= 0, "a tail does not go back")
        for word in 0..<8 {
            let from = word + min(distance, Self.limit) / 64
            let shift = UInt64(distance % 64)
            let low = from < 8 ? words[from] >> shift : 0
            words[word] = low | (from + 1 < 8 ? words[from + 1] << (64 - shift) : 0)
        }
    }

    /// How many of the distances from 0 on have their bit set without a gap.
    var leadingCount: Int {
        for word in 0..<8 where words[word] != UInt64.max {
            return 64 * word + (~words[word]).trailingZeroBitCount
        }
        return Self.limit
    }

    /// The largest distance with its bit set; nil when there is none.
    public var last: Int? {
        for word in stride(from: 7, through: 0, by: -1) where words[word] != 0 {
            return word * 64 + 63 - words[word].leadingZeroBitCount
        }
        return nil
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
