import Bytes

/// Finds out what a ring file holds by looking at its slots, in any order, one at a time.
///
/// No pointer in the file is believed: the head is one more than the highest sequence that lies
/// in its own slot with a fitting checksum. So whatever instant the power went, the records that
/// are whole are found, and nothing has to be repaired.
///
/// A slot with neither zeros nor a whole record was torn by the cut or has been damaged since. A
/// record never lies across two sectors, so a cut leaves a slot old, new, or a mix of both, and
/// only one that was being written: of those below the last synced head none is torn. This is
/// etcd's rule for its log, which takes a broken end for a crash and a broken middle for
/// corruption.
public struct RingRecovery: Sendable {
    public let geometry: RingGeometry
    /// First slot of those that the writes of the last moments may have touched, and their number.
    private let unsettledFirst: UInt64
    private let unsettledCount: UInt64
    /// Slots with a whole record in its place.
    public private(set) var recordCount: UInt64 = 0
    /// Slots that were never written.
    public private(set) var emptyCount: UInt64 = 0
    /// Slots with a damaged record, or one that belongs elsewhere.
    public private(set) var damagedCount: UInt64 = 0
    /// Slots with no whole record that were being written when the power went, as far as one can
    /// tell: from the last synced head that is known to the end of the two writes that may have
    /// followed its record.
    public private(set) var tornCount: UInt64 = 0
    /// The highest sequence of a whole record in its place.
    public private(set) var highest: UInt64?

    /// `head` is the youngest head record. Without one, every broken slot counts as damaged, but
    /// where `isUnsynced` says that there was no sync yet: then the first write may have been torn.
    /// `writeRecords` is the largest write.
    public init(
        geometry: RingGeometry, head: RingHead? = nil, isUnsynced: Bool = false,
        writeRecords: UInt64 = RingLimits.writeRecords
    ) {
        self.geometry = geometry
        let synced = head?.synced ?? 0
        let unknownReach = isUnsynced ? writeRecords : 0
        // A write after the head record, and one more whose head record the cut has taken.
        let reach = head.map { $0.head - synced + 2 * writeRecords } ?? unknownReach
        unsettledFirst = synced % geometry.slotCount
        unsettledCount = min(reach, geometry.slotCount)
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
            return examineBroken(slot: slot)
        }
        recordCount += 1
        highest = max(highest ?? sequence, sequence)
    }

    /// Takes into account that the slot with this index holds no record, or cannot be read.
    public mutating func examineBroken(slot: UInt64) {
        if isUnsettled(slot: slot) { tornCount += 1 } else { damagedCount += 1 }
    }

    /// Whether the slot may have been written in the last moments.
    public func isUnsettled(slot: UInt64) -> Bool {
        (slot + geometry.slotCount - unsettledFirst) % geometry.slotCount < unsettledCount
    }

    /// The sequence of a whole record.
    private static func sequence(of bytes: Span<UInt8>) -> UInt64? {
        guard CRC32C.checksum(bytes.extracting(4..<Record.slotBytes)) == bytes.loadUInt32(at: 0)
        else { return nil }
        return bytes.loadUInt64(at: 8)
    }

    /// The cursor with which the ring goes on; `head` is the youngest head record found, which
    /// matters when the last slots are empty or damaged.
    ///
    /// Its oldest record is the oldest that has not been overwritten, whether it can be read or
    /// not: what never reached the card is found unreadable when a sink wants it, and is said to
    /// be that.
    public func cursor(head: RingHead?) -> RingCursor {
        let next = max(highest.map { $0 + 1 } ?? 0, head?.head ?? 0)
        return RingCursor(slotCount: geometry.slotCount, head: next)
    }
}
