import Bytes
import Gateway
import RecordRing
import TestSupport
import WireFormat

/// Holds a ring that is opened after a cut against what was promised.
struct Inspection {
    /// What may be missing, because the state was damaged by more than a cut.
    struct Damage {
        /// This record's slot has been damaged.
        var record: UInt64?
        /// A head record has been damaged, so acknowledgements may be forgotten.
        var isHeadDamaged = false
        static let none = Damage()
    }

    let sinks: [SinkSettings]
    /// The search that opens rings of this size in no time; nil: too small for one.
    let fastSearch: RingSearch.Settings?
    var opening = Opening.sound
    /// Openings in which the fast search came to an answer by itself.
    private(set) var fastAnswers = 0
    /// States whose head record has a run that was acknowledged before a backlog.
    private(set) var runs = 0
    /// States in which a torn write has made a dead record whole.
    private(set) var revived = 0
    /// The JSON of each record, made when it is first needed.
    private var lines: [[UInt8]] = []
    private var linesOf: [[UInt8]] = []

    init(sinks: [SinkSettings], fastSearch: RingSearch.Settings?) {
        self.sinks = sinks
        self.fastSearch = fastSearch
    }

    /// Opens the ring and throws the first promise that is broken.
    mutating func inspect(
        _ bytes: [UInt8], _ geometry: RingGeometry, _ promise: inout Promise,
        damage: Damage = .none
    ) throws(Violation) -> OpenedRing {
        let ring = OpenedRing(bytes, geometry: geometry, opening: opening)
        try checkTails(ring, &promise)
        let hasRun = sinks.contains {
            !(ring.found.head?.sinkTail(of: $0.name)?.run.isEmpty ?? true)
        }
        if hasRun { runs += 1 }
        if let changed = promise.withRevived(ring) {
            revived += 1
            try check(ring, changed, damage)
        } else {
            try check(ring, promise, damage)
        }
        return ring
    }

    private mutating func check(
        _ ring: OpenedRing, _ promise: Promise, _ damage: Damage
    ) throws(Violation) {
        try checkHead(ring, promise, damage)
        try checkSlots(ring, promise, damage)
        try checkDelivery(ring, promise, damage)
        try checkFastSearch(ring, promise, damage)
    }

    /// What the kept tails say that is done with is with the sink, or said to be lost.
    private func checkTails(
        _ ring: OpenedRing, _ promise: inout Promise
    ) throws(Violation) {
        for sink in sinks.indices {
            guard let kept = ring.found.head?.sinkTail(of: sinks[sink].name) else { continue }
            if let lost = promise.firstUnaccounted(below: kept.tail, sink: sink) {
                throw Violation(
                    .lostSilently, "\(sinks[sink].name): \(lost), tail \(kept.tail)")
            }
            for sequence in Self.acknowledged(kept, below: promise.head)
            where !promise.isAccounted[sink][Int(sequence)] {
                throw Violation(
                    .lostSilently, "\(sinks[sink].name): \(sequence), behind \(kept.tail)")
            }
        }
    }

    private func checkHead(
        _ ring: OpenedRing, _ promise: Promise, _ damage: Damage
    ) throws(Violation) {
        let cursor = ring.cursor
        guard cursor.head <= promise.head else {
            throw Violation(.wrongHead, "head \(cursor.head), claimed \(promise.head)")
        }
        guard promise.isHonest else { return }
        let isPointerSafe = !damage.isHeadDamaged
        if isPointerSafe, let head = promise.syncedHead, cursor.head < head.head {
            throw Violation(.wrongHead, "head \(cursor.head), synced head record \(head.head)")
        }
        for sequence in cursor.head..<promise.head
        where promise.mustBeThere(sequence) && sequence != damage.record {
            throw Violation(.wrongHead, "head \(cursor.head), synced record \(sequence)")
        }
    }

    /// Every slot with a whole record holds the one that was written there, and every record that
    /// must be there is.
    private func checkSlots(
        _ ring: OpenedRing, _ promise: Promise, _ damage: Damage
    ) throws(Violation) {
        for slot in 0..<ring.geometry.slotCount {
            guard let record = Self.record(in: ring, slot: slot) else { continue }
            let isKnown = record.sequence < promise.head && record.sequence != damage.record
            guard isKnown, ring.slot(of: slot).elementsEqual(promise.slots[Int(record.sequence)])
            else { throw Violation(.wrongRecord, "slot \(slot): \(record)") }
        }
        for sequence in promise.floor..<promise.head
        where promise.mustBeThere(sequence) && sequence != damage.record {
            guard ring.isReadable(sequence), sequence >= ring.cursor.oldest else {
                throw Violation(.syncedRecordMissing, "\(sequence) of \(promise.head)")
            }
        }
    }

    private static func record(in ring: OpenedRing, slot: UInt64) -> Record? {
        let start = Int(ring.geometry.offset(ofSlot: slot))
        do throws(RecordError) {
            let span = ring.bytes.span.extracting(start..<start + Record.slotBytes)
            let record = try Record(decoding: span)
            return record.sequence % ring.geometry.slotCount == slot ? record : nil
        } catch {
            return nil
        }
    }

    private func cursorAndTail(_ ring: OpenedRing, _ name: SensorName) -> String {
        guard let kept = ring.found.head?.sinkTail(of: name) else { return "\(ring.cursor)" }
        return "\(ring.cursor), tail \(kept.tail), run \(kept.run)"
    }

    private mutating func checkDelivery(
        _ ring: OpenedRing, _ promise: Promise, _ damage: Damage
    ) throws(Violation) {
        let delivery = ring.deliver(to: sinks)
        for sink in sinks.indices {
            let name = sinks[sink].name
            let oldest = ring.cursor.oldest
            var isSent = [Bool](repeating: false, count: Int(promise.head - oldest))
            for line in delivery.lines[sink] where line.sequence < ring.cursor.head {
                let isOnce = line.sequence >= oldest && !isSent[Int(line.sequence - oldest)]
                guard isOnce, line.text == expectedLine(line.sequence, promise) else {
                    throw Violation(
                        .wrongLine, "\(name): \(String(decoding: line.text, as: UTF8.self))")
                }
                isSent[Int(line.sequence - oldest)] = true
            }
            // What an earlier life has said to be lost stays so, though it may be whole again.
            // A gap record takes a slot like every record, and a full ring gives one up for it.
            let given = delivery.head - min(delivery.head, ring.geometry.slotCount)
            for sequence in max(promise.floor, min(given, promise.head))..<promise.head
            where promise.mustBeThere(sequence) && sequence != damage.record
                && !promise.isAccounted[sink][Int(sequence)]
            {
                if !isSent[Int(sequence - oldest)] {
                    throw Violation(
                        .notSent, "\(name): \(sequence), \(cursorAndTail(ring, name))")
                }
            }
            try checkCount(ring, delivery, sink)
            if promise.isHonest && !damage.isHeadDamaged {
                try checkRepeats(isSent, from: oldest, promise.syncedHead?.sinkTail(of: name))
            }
        }
    }

    /// What lay between the tail that was kept and the head is acknowledged, sent or lost.
    private func checkCount(
        _ ring: OpenedRing, _ delivery: OpenedRing.Delivery, _ sink: Int
    ) throws(Violation) {
        let cursor = ring.cursor
        let kept = ring.found.head?.sinkTail(of: sinks[sink].name)
        let tail = min(kept?.tail ?? cursor.oldest, cursor.head)
        let known = kept.map { Self.acknowledged($0, below: cursor.head).count } ?? 0
        let measured = delivery.lines[sink].filter { $0.sequence < cursor.head }
        let sent = UInt64(measured.count)
        try checkGaps(ring, delivery, sink)
        // Of the records that were added, those for others were passed over too.
        let added = delivery.head - cursor.head
        let taken = UInt64(delivery.lines[sink].count) - sent
        let passed = delivery.passed[sink] - (added - taken)
        guard sent + delivery.lost[sink] + passed + UInt64(known) == cursor.head - tail else {
            throw Violation(
                .notCounted,
                "\(sinks[sink].name): \(tail) to \(cursor.head), \(known) acknowledged, "
                    + "\(sent) sent, \(passed) passed over, \(delivery.lost[sink]) lost")
        }
    }

    /// The lines behind the recovered ones are gap records, and they say every loss once.
    private func checkGaps(
        _ ring: OpenedRing, _ delivery: OpenedRing.Delivery, _ sink: Int
    ) throws(Violation) {
        let name = sinks[sink].name
        var said = delivery.unsaid[sink]
        for line in delivery.lines[sink] where line.sequence >= ring.cursor.head {
            guard let gap = OpenedRing.gap(in: line.text, of: name) else {
                throw Violation(
                    .wrongLine, "\(name): \(String(decoding: line.text, as: UTF8.self))")
            }
            guard gap.isOurs else { continue }
            said += gap.count
            try checkReason(gap, ring, delivery)
        }
        guard said == delivery.lost[sink] else {
            throw Violation(
                .notCounted, "\(name): \(delivery.lost[sink]) lost, \(said) of them said")
        }
    }

    /// Overwritten is what the head has left behind by a whole ring; unreadable is what is still
    /// in the ring and cannot be read.
    private func checkReason(
        _ gap: OpenedRing.GapLine, _ ring: OpenedRing, _ delivery: OpenedRing.Delivery
    ) throws(Violation) {
        let isRight: Bool
        switch gap.reason {
        case "overwritten": isRight = gap.last + ring.geometry.slotCount < delivery.head
        case "unreadable" where gap.first >= ring.cursor.oldest && gap.last < delivery.head:
            let broken = (gap.first...gap.last).filter {
                $0 >= ring.cursor.head || !ring.isReadable($0)
            }
            isRight = gap.count <= UInt64(broken.count)
        default: isRight = false
        }
        guard isRight else { throw Violation(.wrongReason, "\(gap), \(ring.cursor)") }
    }

    /// The records at and behind a tail of which the head record says that the sink has them.
    static func acknowledged(_ tail: SinkTail, below head: UInt64) -> [UInt64] {
        let end = (tail.acknowledged.last.map { tail.tail + UInt64($0) + 1 }) ?? 0
        let behind = tail.tail..<max(tail.tail, min(max(end, tail.run.upperBound), head))
        return behind.filter { !tail.lacks($0) }
    }

    /// What the synced head record says that the sink has is not sent: `isSent` begins at `oldest`.
    private func checkRepeats(
        _ isSent: [Bool], from oldest: UInt64, _ kept: SinkTail?
    ) throws(Violation) {
        guard let kept else { return }
        let head = oldest + UInt64(isSent.count)
        var place = oldest
        while place < min(kept.tail, head), !isSent[Int(place - oldest)] { place += 1 }
        let again =
            place < min(kept.tail, head)
            ? place
            : Self.acknowledged(kept, below: head).first {
                $0 >= oldest && isSent[Int($0 - oldest)]
            }
        if let again { throw Violation(.sentAgain, "\(kept.sink): \(again), tail \(kept.tail)") }
    }

    private mutating func expectedLine(_ sequence: UInt64, _ promise: Promise) -> [UInt8] {
        let index = Int(sequence)
        while lines.count <= index {
            lines.append([])
            linesOf.append([])
        }
        if linesOf[index] != promise.slots[index] {
            linesOf[index] = promise.slots[index]
            lines[index] = Self.line(promise.slots[index])
        }
        return lines[index]
    }

    private static func line(_ slot: [UInt8]) -> [UInt8] {
        var line = FixedBuffer(capacity: Limits.recordJSONBytes)
        do throws(RecordError) {
            let record = try Record(decoding: slot.span)
            let device = OpenedRing.device
            line.append(json: record, device: device.span)
        } catch {
            preconditionFailure("what the gateway writes can be read: \(error)")
        }
        return [UInt8](copying: line.bytes)
    }

    /// The fast search finds the same place, wherever it trusts itself.
    private mutating func checkFastSearch(
        _ ring: OpenedRing, _ promise: Promise, _ damage: Damage
    ) throws(Violation) {
        guard let fastSearch, opening == .sound else { return }
        let search = RingSearch(geometry: ring.geometry, settings: fastSearch)
        let fast = OpenedRing.search(ring.bytes, search)
        if !fast.isScannedInFull { fastAnswers += 1 }
        let (found, other) = (ring.cursor, fast.cursor)
        guard other.head == found.head, other.oldest <= found.oldest else {
            throw Violation(.searchesDiffer, "\(found) in full, \(other) fast")
        }
        guard promise.isHonest, !damage.isHeadDamaged else { return }
        // What the last synced head record does not know to be synced cannot be told from a torn
        // write, nor can the oldest records, which the next two writes go over.
        let isTold = damage.record.map { record in
            record < promise.syncedHead?.synced ?? 0
                && record >= found.oldest + 2 * fastSearch.writeRecords
        }
        let least: UInt64 = isTold == true && fast.isScannedInFull ? 1 : 0
        // A record that left a full memory unwritten counts as synced in the head record; its slot
        // may be one that a failed write has torn, until the next lap gets there, which may be
        // claimed and still be out of the reach of any write.
        let known = min(ring.found.head?.synced ?? 0, promise.head)
        let reach = (ring.found.head?.head ?? 0) + 2 * fastSearch.writeRecords
        let slotCount = ring.geometry.slotCount
        let first = min(promise.floor, reach > slotCount ? reach - slotCount : 0, known)
        let givenUp = (first..<known).count { !promise.isSynced[Int($0)] }
        let most = promise.brokenAtStart + UInt64(givenUp) + (damage.record == nil ? 0 : 1)
        guard fast.damagedCount >= least, fast.damagedCount <= most else {
            throw Violation(
                .tornOrDamaged,
                "\(fast.damagedCount) damaged, \(fast.tornCount) torn, \(most) at most")
        }
    }
}
