import RecordRing
import TestSupport

/// What the gateway's world knows for sure, and so what a ring that is opened after a cut must
/// hold. Sequences count from 0, so arrays are maps.
struct Promise {
    /// The slot of each record that was claimed.
    private(set) var slots: [[UInt8]] = []
    /// The record was on the card at a sync that told the truth.
    private(set) var isSynced: [Bool] = []
    /// By sink: the sink has the record.
    private(set) var isAcknowledged: [[Bool]]
    /// The youngest head record that was on the card at such a sync.
    private(set) var syncedHead: RingHead?
    let slotCount: UInt64
    /// False after a sync that lied: then nothing that was synced need be there.
    var isHonest = true

    init(slotCount: UInt64, sinkCount: Int) {
        self.slotCount = slotCount
        isAcknowledged = Array(repeating: [], count: sinkCount)
    }

    /// The next sequence.
    var head: UInt64 { UInt64(slots.count) }

    /// The ring has given up every record below this one.
    var floor: UInt64 { head > slotCount ? head - slotCount : 0 }

    mutating func claim(_ slot: [UInt8]) {
        slots.append(slot)
        isSynced.append(false)
        for sink in isAcknowledged.indices { isAcknowledged[sink].append(false) }
    }

    mutating func sync(_ range: Range<UInt64>, head: RingHead) {
        for sequence in range { isSynced[Int(sequence)] = true }
        syncedHead = head
    }

    mutating func acknowledge(_ sequence: UInt64, sink: Int) {
        isAcknowledged[sink][Int(sequence)] = true
    }

    /// Another process goes on with what it found: it holds every record that it can read for
    /// synced, and takes the sequences from the cursor's head on again.
    mutating func restart(_ ring: OpenedRing) {
        let head = Int(ring.cursor.head)
        slots.removeSubrange(min(head, slots.count)...)
        isSynced.removeSubrange(min(head, isSynced.count)...)
        for sink in isAcknowledged.indices {
            isAcknowledged[sink].removeSubrange(min(head, isAcknowledged[sink].count)...)
        }
        for sequence in isSynced.indices {
            isSynced[sequence] =
                UInt64(sequence) >= ring.cursor.oldest && ring.isReadable(UInt64(sequence))
        }
        syncedHead = ring.found.head
        isHonest = true
    }

    /// Records that have to be there now.
    func mustBeThere(_ sequence: UInt64) -> Bool {
        isHonest && sequence >= floor && isSynced[Int(sequence)]
    }
}

/// A promise that was not kept.
struct Violation: Error, CustomStringConvertible {
    enum Kind: String {
        /// A slot reads as a record that was never written.
        case wrongRecord
        /// A synced record cannot be read.
        case syncedRecordMissing
        /// The ring knows sequences that nobody has claimed, or would use one again.
        case wrongHead
        /// The gateway holds a record for synced that no sync has covered.
        case notSynced
        /// A sink would get something else than was measured.
        case wrongLine
        /// A sink would not get a synced record that it has not acknowledged.
        case notSent
        /// A sink would get a record again whose acknowledgement was synced.
        case sentAgain
        /// Records are neither with the sink, nor sent, nor counted as lost.
        case notCounted
        /// The fast search and the full scan do not agree.
        case searchesDiffer
    }

    let kind: Kind
    let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = "\(kind.rawValue): \(description)"
    }
}
