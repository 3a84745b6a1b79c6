import Bytes

/// Finds out what a ring file holds by looking at its slots, in any order, one at a time.
///
/// No pointer in the file is believed: the head is one more than the highest sequence that lies
/// in its own slot with a fitting checksum. So whatever instant the power went, the records that
/// are whole are found, and nothing has to be repaired.
public struct RingRecovery: Sendable {
    public let geometry: RingGeometry
    /// Slots with a whole record in its place.
    public private(set) var recordCount: UInt64 = 0
    /// Slots that were never written.
    public private(set) var emptyCount: UInt64 = 0
    /// Slots with a torn or damaged record, or one that belongs elsewhere.
    public private(set) var damagedCount: UInt64 = 0
    private var highest: UInt64?
    private var lowest: UInt64?

    public init(geometry: RingGeometry) {
        self.geometry = geometry
    }

    /// Takes the slot with this index into account.
    public mutating func examine(_ bytes: Span<UInt8>, slot: UInt64) {
        if bytes.isZero {
            emptyCount += 1
            return
        }
        guard let sequence = Self.sequence(of: bytes), sequence % geometry.slotCount == slot,
            sequence < RingCursor.sequenceLimit
        else {
            damagedCount += 1
            return
        }
        recordCount += 1
        highest = max(highest ?? sequence, sequence)
        lowest = min(lowest ?? sequence, sequence)
    }

    /// The sequence of a whole record.
    private static func sequence(of bytes: Span<UInt8>) -> UInt64? {
        guard CRC32C.checksum(bytes.extracting(4..<Record.slotBytes)) == bytes.loadUInt32(at: 0)
        else { return nil }
        return bytes.loadUInt64(at: 8)
    }

    /// The cursor with which the ring goes on; `head` is the youngest head record found, which
    /// matters when every slot is empty or damaged.
    public func cursor(head: RingHead?) -> RingCursor {
        let next = max(highest.map { $0 + 1 } ?? 0, head?.head ?? 0)
        let floor = next > geometry.slotCount ? next - geometry.slotCount : 0
        let oldest = min(max(lowest ?? next, floor), next)
        return RingCursor(slotCount: geometry.slotCount, oldest: oldest, head: next)
    }
}
