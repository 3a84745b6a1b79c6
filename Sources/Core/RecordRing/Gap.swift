import Bytes

/// Why records are missing. The raw value is its number on disk.
public enum GapReason: UInt8, BitwiseCopyable, Equatable, Sendable {
    /// The full ring gave up its oldest records.
    case overwritten = 1
    /// The slot was torn, damaged or never reached the card.
    case unreadable = 2
    /// The full ring took no new ones.
    case refused = 3
    /// Whole records that only a newer version can read; they lie in the ring as they were.
    case unknown = 4
}

/// A loss, recorded: which records are missing, when they were taken, and why. The record's sensor
/// name says which sink misses them; without one they were never in the ring.
///
/// ```
/// payload of kind 2
///  76  8  number of records
///  84  8  first sequence that is missing
///  92  8  last sequence that is missing; between the two some may be there
/// 100  8  wall clock of the oldest, or of one beside it, microseconds since 1970; 0 not known
/// 108  8  wall clock of the youngest, or of one beside it; 0 not known
/// 116  1  reason: 1 overwritten, 2 unreadable, 3 refused, 4 unknown
/// ```
public struct Gap: Equatable, Sendable {
    static let reasonOffset = 116

    public var reason: GapReason
    public var count: UInt64
    public var firstSequence: UInt64
    public var lastSequence: UInt64
    public var firstMicroseconds: Int64?
    public var lastMicroseconds: Int64?

    public init(
        reason: GapReason, count: UInt64, firstSequence: UInt64, lastSequence: UInt64,
        firstMicroseconds: Int64? = nil, lastMicroseconds: Int64? = nil
    ) {
        self.reason = reason
        self.count = count
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.firstMicroseconds = firstMicroseconds
        self.lastMicroseconds = lastMicroseconds
    }

    /// A record of this kind is a gap record.
    public static func isKind(_ kind: UInt8) -> Bool { kind == Record.gapKind }

    @_lifetime(slot: copy slot)
    func encode(into slot: inout MutableSpan<UInt8>) {
        slot.store(count, at: 76)
        slot.store(firstSequence, at: 84)
        slot.store(lastSequence, at: 92)
        slot.store(UInt64(bitPattern: firstMicroseconds ?? 0), at: 100)
        slot.store(UInt64(bitPattern: lastMicroseconds ?? 0), at: 108)
        slot[Self.reasonOffset] = reason.rawValue
    }

    init(decoding slot: Span<UInt8>) throws(RecordError) {
        guard let reason = GapReason(rawValue: slot[Self.reasonOffset]) else {
            throw .field(.reason)
        }
        self.reason = reason
        count = slot.loadUInt64(at: 76)
        firstSequence = slot.loadUInt64(at: 84)
        lastSequence = slot.loadUInt64(at: 92)
        let first = Int64(bitPattern: slot.loadUInt64(at: 100))
        let last = Int64(bitPattern: slot.loadUInt64(at: 108))
        firstMicroseconds = first == 0 ? nil : first
        lastMicroseconds = last == 0 ? nil : last
    }
}
