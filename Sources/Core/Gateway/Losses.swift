import RecordRing
import Time
import Uplink

/// Records that are gone, until a gap record has been written that says so.
///
/// The ring forgets nothing by that: until then the sink's tail is kept at the first of them, so a
/// restart finds out the same loss again.
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

extension Sink {
    /// Records of `queue.lost` that no gap record has said yet: they are said when the sink takes
    /// records again, because a gap record needs a slot of the full ring itself.
    public var unsaidLosses: UInt64 {
        (overwritten?.count ?? 0) + (unreadable?.count ?? 0) + (unknown?.count ?? 0)
    }

    /// What the ring keeps of this sink: how far it has come, and what it has behind that. A loss
    /// that was not said yet holds the tail back.
    var kept: SinkTail {
        let tail = queue.tail
        let first = min(overwritten?.firstSequence ?? tail, tail)
        let limit = UInt64(AcknowledgedSet.limit)
        var acknowledged = AcknowledgedSet()
        if let overwritten, overwritten.lastSequence < tail {
            let end = min(tail, first + limit)
            var sequence = overwritten.lastSequence + 1
            while sequence < end {
                acknowledged[Int(sequence - first)] = true
                sequence += 1
            }
        }
        let offset = tail - first
        if offset < limit {
            queue.forEachAcknowledged(within: Int(limit - offset)) {
                acknowledged[$0 + Int(offset)] = true
            }
        }
        return SinkTail(sink: settings.name, tail: first, acknowledged: acknowledged)
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
        guard let first = sink.queue.candidate(0, head: cursor.head), first < cursor.oldest else {
            return
        }
        let lost = sink.queue.giveUp(below: cursor.oldest)
        let loss = Loss(.overwritten, first: first, last: cursor.oldest - 1, count: lost)
        sink.overwritten = loss.joined(to: sink.overwritten)
        report(.recordsLost(sink: index, count: lost, .overwritten))
    }

    /// Records at the front of this sink's queue could not be read.
    mutating func noteUnreadable(_ loss: Loss, of index: Int, now: Int64) {
        let sink = sinks[index]
        tailMoved(now: now)
        report(.recordsLost(sink: index, count: loss.count, loss.reason))
        if loss.reason == .unknown {
            sink.unknown = loss.joined(to: sink.unknown)
        } else {
            sink.unreadable = loss.joined(to: sink.unreadable)
        }
        recordUnreadable(of: sink, now: now)
    }

    /// A gap record can be put at the head without another loss for this sink: neither is memory
    /// full of records that the card does not take, nor the ring of records that the sink is owed.
    /// Otherwise each gap record would make the next gap.
    private func hasRoom(for sink: Sink) -> Bool {
        hasRoom && !isFull && cursor.head - sink.queue.tail < cursor.slotCount
    }

    /// Says what could not be read in a gap record, which goes the way of every record, to every
    /// sink.
    private mutating func recordUnreadable(of sink: Sink, now: Int64) {
        if let loss = sink.unreadable, hasRoom(for: sink) {
            sink.unreadable = nil
            record(.gap(loss.gap), of: sink.settings.name, now: now)
        }
        if let loss = sink.unknown, hasRoom(for: sink) {
            sink.unknown = nil
            record(.gap(loss.gap), of: sink.settings.name, now: now)
        }
    }

    /// When the sink takes records again, what it has lost meanwhile is said, once.
    mutating func recordGaps(of index: Int, now: Int64) {
        let sink = sinks[index]
        guard sink.isAlive else { return }
        if let loss = sink.overwritten, hasRoom(for: sink) {
            sink.overwritten = nil
            record(.gap(loss.gap), of: sink.settings.name, now: now)
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
