import Bytes
import RecordRing
import Time
import Uplink

/// Records that are gone, until a gap record says so.
///
/// The ring forgets nothing by that: until the gap record is on the card or with the sink, the
/// ring keeps of the sink how far it had come before the loss, and what it has taken since. So a
/// restart finds out the same loss again. One that comes between the gap record's sync and the
/// next head record says it once more: a loss is said at least once, as every record is sent.
struct Loss: Equatable {
    var reason: GapReason
    var count: UInt64
    var firstSequence: UInt64
    var lastSequence: UInt64
    /// Wall clock of the oldest and of the youngest record that is gone, or of one beside it; nil
    /// when nobody saw them any more.
    var firstMicroseconds: Int64?
    var lastMicroseconds: Int64?

    init(_ reason: GapReason, first: UInt64, last: UInt64, count: UInt64) {
        self.reason = reason
        self.count = count
        firstSequence = first
        lastSequence = last
    }

    /// This loss and one of the same reason that was noted before it, as one.
    func joined(to earlier: Loss?) -> Loss {
        guard var all = earlier else { return self }
        all.count += count
        all.firstSequence = min(all.firstSequence, firstSequence)
        all.lastSequence = max(all.lastSequence, lastSequence)
        all.note(first: firstMicroseconds, last: lastMicroseconds)
        return all
    }

    mutating func note(first: Int64?, last: Int64?) {
        if let first { firstMicroseconds = min(firstMicroseconds ?? first, first) }
        if let last { lastMicroseconds = max(lastMicroseconds ?? last, last) }
    }

    var gap: Gap {
        Gap(
            reason: reason, count: count, firstSequence: firstSequence,
            lastSequence: lastSequence, firstMicroseconds: firstMicroseconds,
            lastMicroseconds: lastMicroseconds)
    }
}

/// A loss that a gap record in the ring says, until the sink has that record. When it is lost
/// itself, what it says has to be said again.
struct SaidLoss: Equatable {
    /// The sequence of the gap record. Where there are more than are remembered one by one, the
    /// youngest of them are one loss, and these are the sequences of the first and the last.
    var firstGap: UInt64
    var lastGap: UInt64
    var loss: Loss
}

extension Sink {
    /// Records of `queue.lost` that no gap record has said yet: they are said when the sink takes
    /// records again, because a gap record needs a slot of the full ring itself.
    public var unsaidLosses: UInt64 {
        (overwritten?.count ?? 0) + (unreadable?.count ?? 0) + (unknown?.count ?? 0)
    }

    /// What the ring keeps of this sink: how far it has come, and what it has behind that. A loss
    /// that was not said for good yet holds the tail back.
    var kept: SinkTail { held ?? fromQueue }

    private var fromQueue: SinkTail {
        var acknowledged = AcknowledgedSet()
        queue.forEachAcknowledged(within: AcknowledgedSet.limit) { acknowledged[$0] = true }
        let run = queue.longestSettledRun(from: queue.tail + UInt64(AcknowledgedSet.limit))
        return SinkTail(
            sink: settings.name, tail: queue.tail, acknowledged: acknowledged,
            run: run.isEmpty ? 0..<0 : run)
    }

    /// Records are about to be given up: until that is said, the ring keeps what the sink has now
    /// and what it takes from now on.
    func hold() {
        if held == nil { held = fromQueue }
    }

    /// The ring has lost these records of the sink, and with them, perhaps, gap records.
    fileprivate func note(_ loss: Loss) {
        add(loss)
        sayAgain(loss.firstSequence...loss.lastSequence)
    }

    /// What the gap records among these say has to be said again.
    func sayAgain(_ lost: ClosedRange<UInt64>) { sayAgain(lost, of: &said) }

    /// Memory has given a record up before the card had it. What it said has to be said again:
    /// that a record was refused for good, it said alone.
    func sayGivenUp(_ sequence: UInt64) {
        sayAgain(sequence...sequence, of: &said)
        sayAgain(sequence...sequence, of: &unsyncedErrors)
    }

    private func sayAgain(
        _ lost: ClosedRange<UInt64>, of list: inout FixedArray<SaidLoss>
    ) {
        var keptCount = 0
        for place in 0..<list.count {
            let earlier = list[place]
            if lost.lowerBound <= earlier.lastGap, lost.upperBound >= earlier.firstGap {
                lossesSaidAgain += earlier.loss.count
                add(earlier.loss)
            } else {
                list[keptCount] = earlier
                keptCount += 1
            }
        }
        list.truncate(to: keptCount)
    }

    private func add(_ loss: Loss) {
        switch loss.reason {
        case .overwritten: overwritten = loss.joined(to: overwritten)
        case .unreadable: unreadable = loss.joined(to: unreadable)
        case .unknown: unknown = loss.joined(to: unknown)
        case .refused: preconditionFailure("what was never in the ring is no sink's loss")
        }
    }

    /// The gap record of this sequence says the loss.
    fileprivate func noteSaid(_ loss: Loss, by gap: UInt64) {
        note(loss, by: gap, in: &said)
    }

    /// The error record of this sequence is all that is left of the record `about`.
    func noteError(about: UInt64, by error: UInt64) {
        note(
            Loss(.unreadable, first: about, last: about, count: 1), by: error,
            in: &unsyncedErrors)
    }

    private func note(_ loss: Loss, by gap: UInt64, in list: inout FixedArray<SaidLoss>) {
        guard list.isFull else {
            return list.append(SaidLoss(firstGap: gap, lastGap: gap, loss: loss))
        }
        let last = list.count - 1
        list[last].lastGap = gap
        list[last].loss = loss.joined(to: list[last].loss)
    }

    /// What gap records say that the sink has is said for good.
    fileprivate func forgetTold() {
        var waitingCount = 0
        for place in 0..<said.count {
            let one = said[place]
            // Of several that are one it is not known where the others lie.
            let isTold =
                one.firstGap == one.lastGap
                ? queue.isSettled(one.lastGap) : one.lastGap < queue.tail
            if isTold { continue }
            said[waitingCount] = one
            waitingCount += 1
        }
        said.truncate(to: waitingCount)
    }

    /// The sink has taken records, or the card has. Answers whether the tail that was held back is
    /// free now.
    fileprivate func release(synced: UInt64) -> Bool {
        forgetTold()
        var syncedCount = 0
        while syncedCount < unsyncedErrors.count, unsyncedErrors[syncedCount].lastGap < synced {
            syncedCount += 1
        }
        unsyncedErrors.removeFirst(syncedCount)
        guard held != nil, overwritten == nil, unreadable == nil, unknown == nil else {
            return false
        }
        if said.count > 0, said[said.count - 1].lastGap >= synced { return false }
        guard unsyncedErrors.isEmpty else { return false }
        held = nil
        return true
    }
}

extension Gateway {
    /// The ring has no slot for one more record that every sink could do without, and is set to
    /// refuse then.
    var isFull: Bool {
        guard settings.refusesWhenFull else { return false }
        var oldest = cursor.head
        for sink in sinks { oldest = min(oldest, sink.queue.tail) }
        return cursor.head - oldest >= cursor.slotCount
    }

    /// A measurement finds the ring full: it was judged, and is not recorded.
    mutating func refuse(_ time: Moment) {
        counters.refusedByFullRing += 1
        if refused == nil { report(.ringFull) }
        var loss = Loss(.refused, first: cursor.head, last: cursor.head, count: 1)
        loss.note(first: time.wallMicroseconds, last: time.wallMicroseconds)
        refused = loss.joined(to: refused)
    }

    /// The ring has gone over records that this sink was still owed: they are lost to it. One in
    /// flight is not, because it may be accepted yet.
    mutating func giveUpOverwritten(_ index: Int) {
        let sink = sinks[index]
        guard let first = sink.queue.oldestCandidate(head: cursor.head), first < cursor.oldest
        else { return }
        sink.forgetTold()
        sink.hold()
        let lost = sink.queue.giveUp(below: cursor.oldest)
        sink.lostOverwritten += lost
        let loss = Loss(.overwritten, first: first, last: cursor.oldest - 1, count: lost)
        sink.note(loss)
        report(.recordsLost(sink: index, count: lost, .overwritten))
    }

    /// Records at the front of this sink's queue could not be read.
    mutating func noteUnreadable(_ loss: Loss, of index: Int, now: Int64) {
        let sink = sinks[index]
        tailMoved(now: now)
        if loss.reason == .unknown {
            sink.lostUnknown += loss.count
        } else {
            sink.lostUnreadable += loss.count
        }
        report(.recordsLost(sink: index, count: loss.count, loss.reason))
        sink.note(loss)
        recordUnreadable(of: sink, now: now)
    }

    /// A gap or error record can be put at the head without another loss for this sink: neither is
    /// memory full of records that the card does not take, nor the ring of records that the sink
    /// is owed.
    /// Otherwise each gap record would make the next gap.
    func hasRoom(for sink: Sink) -> Bool {
        hasRoom && !isFull && cursor.head - sink.queue.tail < cursor.slotCount
    }

    /// Says what could not be read in a gap record, which goes the way of every record, to every
    /// sink.
    private mutating func recordUnreadable(of sink: Sink, now: Int64) {
        if let loss = sink.unreadable, hasRoom(for: sink) {
            sink.unreadable = nil
            say(loss, of: sink, now: now)
        }
        if let loss = sink.unknown, hasRoom(for: sink) {
            sink.unknown = nil
            say(loss, of: sink, now: now)
        }
    }

    private mutating func say(_ loss: Loss, of sink: Sink, now: Int64) {
        sink.noteSaid(loss, by: cursor.head)
        record(.gap(loss.gap), of: sink.settings.name, now: now)
    }

    /// When the sink takes records again, what it has lost meanwhile is said, once.
    mutating func recordGaps(of index: Int, now: Int64) {
        let sink = sinks[index]
        if sink.release(synced: cursor.synced) { tailMoved(now: now) }
        guard sink.isAlive else { return }
        if let loss = sink.overwritten, hasRoom(for: sink) {
            sink.overwritten = nil
            say(loss, of: sink, now: now)
        }
        recordUnreadable(of: sink, now: now)
        if let loss = refused, hasRoom(for: sink) {
            refused = nil
            record(.gap(loss.gap), of: SensorName(), now: now)
            report(.ringHasRoom(refused: loss.count))
        }
    }

    /// The slots that a write went over held the records from `first` to `last`: the times of
    /// losses that wait to be said are known now.
    mutating func noteReplaced(first: Record, last: Record) {
        for sink in sinks {
            guard let loss = sink.overwritten, loss.firstSequence <= last.sequence,
                loss.lastSequence >= first.sequence
            else { continue }
            sink.overwritten?.note(
                first: first.time.wallMicroseconds, last: last.time.wallMicroseconds)
        }
    }
}
