import Gateway
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
    /// By sink: the sink has the record, or a gap record says that it has not, and this gap record
    /// is with the sink or was on the card. The tail that the ring keeps may go on over no other.
    private(set) var isAccounted: [[Bool]]
    /// Gap records by their sequence: whose they are, and what they say.
    private(set) var gaps: [UInt64: (sink: Int, gap: Gap)] = [:]
    /// Slots without a whole record when this life began, torn by the cut before.
    private(set) var brokenAtStart: UInt64 = 0
    /// Error records about records by their sequence: who has refused which.
    private(set) var errors: [UInt64: (sink: Int, about: UInt64)] = [:]
    /// Error records, of whatever.
    private var isError: [Bool] = []
    /// By sink: it has refused the record for good, and an error record on the card says so.
    private(set) var isRejected: [[Bool]]
    /// Records that died in memory or half written with an earlier life, by the sequence that has
    /// been given again since. A torn write can make one whole again: the rest of it lies in the
    /// slot already. It was measured, and nothing was promised of either.
    private(set) var dead: [UInt64: [[UInt8]]] = [:]
    /// Everything below is accounted for, by sink: what has not to be looked at again.
    private var accountedEnd: [Int]
    /// The youngest head record that was on the card at such a sync.
    private(set) var syncedHead: RingHead?
    let slotCount: UInt64
    /// False after a sync that lied: then nothing that was synced need be there.
    var isHonest = true

    init(slotCount: UInt64, sinkCount: Int) {
        self.slotCount = slotCount
        isAcknowledged = Array(repeating: [], count: sinkCount)
        isAccounted = isAcknowledged
        isRejected = isAcknowledged
        accountedEnd = Array(repeating: 0, count: sinkCount)
    }

    /// The next sequence.
    var head: UInt64 { UInt64(slots.count) }

    /// The ring has given up every record below this one.
    var floor: UInt64 { head > slotCount ? head - slotCount : 0 }

    /// A record has been given the next sequence. Those that it is not for are done with it.
    mutating func claim(_ slot: [UInt8], _ record: Record, _ sinks: [SinkSettings]) {
        func sink(_ name: SensorName) -> Int? { sinks.firstIndex { $0.name == name } }
        switch record.payload {
        case .gap(let gap): gaps[head] = sink(record.sensor).map { ($0, gap) }
        case .rejection(let rejection):
            if case .record(_, let about, _) = rejection.origin {
                errors[head] = sink(rejection.sink).map { ($0, about) }
            }
        case .heartRate, .vital, .alarm, .patientStats, .refusedPost, .postedError: break
        }
        if case .rejection = record.payload { isError.append(true) } else { isError.append(false) }
        slots.append(slot)
        isSynced.append(false)
        for (index, sink) in sinks.enumerated() {
            let isForOthers = !sink.isFor(record)
            isAcknowledged[index].append(isForOthers)
            isAccounted[index].append(isForOthers)
            isRejected[index].append(false)
        }
    }

    mutating func sync(_ range: Range<UInt64>, head: RingHead) {
        for sequence in range {
            isSynced[Int(sequence)] = true
            if let gap = gaps[sequence] { account(gap.gap, sink: gap.sink) }
            if let error = errors[sequence] {
                isAccounted[error.sink][Int(error.about)] = true
                isRejected[error.sink][Int(error.about)] = true
            }
        }
        syncedHead = head
    }

    mutating func acknowledge(_ sequence: UInt64, sink: Int) {
        isAcknowledged[sink][Int(sequence)] = true
        isAccounted[sink][Int(sequence)] = true
        if let gap = gaps[sequence], gap.sink == sink { account(gap.gap, sink: sink) }
    }

    /// The sink will never take the record. Where that is an error record, nothing more comes of
    /// it: it is logged, and stays in the ring.
    mutating func reject(_ sequence: UInt64, sink: Int) {
        guard isError[Int(sequence)] else { return }
        isAccounted[sink][Int(sequence)] = true
        isRejected[sink][Int(sequence)] = true
    }

    private mutating func account(_ gap: Gap, sink: Int) {
        for sequence in gap.firstSequence...gap.lastSequence {
            isAccounted[sink][Int(sequence)] = true
        }
    }

    /// The first record of this sink below `end` that is neither with it nor said to be lost.
    mutating func firstUnaccounted(below end: UInt64, sink: Int) -> UInt64? {
        let known = isAccounted[sink]
        while accountedEnd[sink] < known.count, known[accountedEnd[sink]] {
            accountedEnd[sink] += 1
        }
        guard accountedEnd[sink] < min(Int(end), known.count) else { return nil }
        return UInt64(accountedEnd[sink])
    }

    /// Another process goes on with what it found: it holds every record that it can read for
    /// synced, and takes the sequences from the cursor's head on again.
    mutating func restart(_ ring: OpenedRing) {
        if let revived = withRevived(ring) { slots = revived.slots }
        let head = Int(ring.cursor.head)
        dead = dead.filter { $0.key >= ring.cursor.oldest }
        for sequence in min(head, slots.count)..<slots.count {
            dead[UInt64(sequence), default: []].append(slots[sequence])
        }
        slots.removeSubrange(min(head, slots.count)...)
        isError.removeSubrange(min(head, isError.count)...)
        isSynced.removeSubrange(min(head, isSynced.count)...)
        for sink in isAcknowledged.indices {
            isAcknowledged[sink].removeSubrange(min(head, isAcknowledged[sink].count)...)
            isAccounted[sink].removeSubrange(min(head, isAccounted[sink].count)...)
            isRejected[sink].removeSubrange(min(head, isRejected[sink].count)...)
            accountedEnd[sink] = min(accountedEnd[sink], head)
        }
        gaps = gaps.filter { $0.key < UInt64(head) }
        errors = errors.filter { $0.key < UInt64(head) }
        for sequence in isSynced.indices {
            isSynced[sequence] =
                UInt64(sequence) >= ring.cursor.oldest && ring.isReadable(UInt64(sequence))
        }
        syncedHead = ring.found.head
        brokenAtStart = ring.found.damagedCount + ring.found.tornCount
        isHonest = true
    }

    /// The promise as it stands in a state in which dead records are whole again: they take the
    /// place of those that nothing was promised of. nil: there are none, as nearly always.
    func withRevived(_ ring: OpenedRing) -> Promise? {
        var revived: Promise?
        for (sequence, bodies) in dead where sequence < head && !mustBeThere(sequence) {
            let slot = ring.slot(of: sequence)
            guard let body = bodies.first(where: { slot.elementsEqual($0) }) else { continue }
            guard body != slots[Int(sequence)] else { continue }
            var copy = revived ?? self
            copy.slots[Int(sequence)] = body
            revived = copy
        }
        return revived
    }

    /// Records that have to be there now.
    func mustBeThere(_ sequence: UInt64) -> Bool {
        isHonest && sequence >= floor && isSynced[Int(sequence)]
    }
}

extension SinkSettings {
    /// The sink is to get this record.
    func isFor(_ record: Record) -> Bool {
        switch record.payload {
        case .rejection, .refusedPost, .postedError: takes == .errors || takes == .all
        case .gap: takes == .records || takes == .all || record.sensor == name
        case .heartRate, .vital, .alarm: takes == .records || takes == .all
        case .patientStats: takes == .patientStats || takes == .all
        }
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
        /// A gap record gives a reason or a place that is not the loss's.
        case wrongReason
        /// The tail that is kept goes on over a record that the sink does not have, and that no
        /// gap record says.
        case lostSilently
        /// What a cut has torn is called damaged, or what was damaged is called torn.
        case tornOrDamaged
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
