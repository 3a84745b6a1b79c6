import Bytes
public import RecordRing
public import Uplink

/// One sink's life: what it is owed, whether a request runs, when it may be tried again.
public final class Sink {
    /// Where the sink stands with its current request.
    public enum State: Equatable, Sendable {
        case idle
        case busy
        /// After a failure, until this monotonic time.
        case waiting(until: Int64)
    }

    public let settings: SinkSettings
    /// What it is owed. Only the gateway changes it.
    public internal(set) var queue: SinkQueue
    public internal(set) var state = State.idle
    public internal(set) var backoff = Backoff()
    /// How fast it is sent to, as its service asks.
    public internal(set) var pace = Pace()
    /// Before this, no request is made of the backlog.
    var drainAt: Int64 = 0
    /// Requests begun.
    public internal(set) var requests: UInt64 = 0
    /// Those of them that followed one that failed or was taken in part.
    public internal(set) var retries: UInt64 = 0
    /// Bytes of their bodies.
    public internal(set) var requestBytes: UInt64 = 0
    /// Requests that failed as a whole.
    public internal(set) var failedRequests: UInt64 = 0
    /// Records that were refused within an answered request, each time counted.
    public internal(set) var refusedRecords: UInt64 = 0
    /// Error records that the sink will never take.
    public internal(set) var rejectedErrors: UInt64 = 0
    /// Why the last request was refused as a whole; nil after a success.
    public internal(set) var refusal: RequestRefusal?
    /// Records that a request may have now: fewer than the batch after one that was refused for
    /// what is in it.
    public internal(set) var portion: Int
    /// Which of the waiting records is tried alone.
    var probe = 0
    /// How many lone records may still be called the culprits of a refused request.
    var culpritsLeft = 0
    /// Error records about this sink's refusals that are not on the card yet, and what is lost
    /// with each, oldest first.
    var unsyncedErrors = FixedArray<SaidLoss>(capacity: Limits.saidLosses)
    /// Records in each entry of the request that runs, where an entry holds several.
    var entries: FixedArray<UInt16>
    /// When the oldest record that waits for company began to wait.
    var pendingSince: Int64?
    /// The first record of the next request is not in memory.
    var wantsRead = false
    /// Requests are not begun: there is nothing to sign them with.
    public internal(set) var isSuspended = false
    /// The last request failed as a whole.
    var isFailing = false
    /// The last request has brought records across.
    var isAlive = false
    /// What the ring has gone over and no gap record has said yet.
    var overwritten: Loss?
    /// What could not be read and no gap record has said yet.
    var unreadable: Loss?
    /// What only a newer version can read and no gap record has said yet.
    var unknown: Loss?
    /// `queue.lost` by its reasons.
    public internal(set) var lostOverwritten: UInt64 = 0
    public internal(set) var lostUnreadable: UInt64 = 0
    public internal(set) var lostUnknown: UInt64 = 0
    /// Losses that are said once more, because the gap records that said them were lost.
    public internal(set) var lossesSaidAgain: UInt64 = 0
    /// What gap records say that the sink does not have yet, oldest first.
    var said = FixedArray<SaidLoss>(capacity: Limits.saidLosses)
    /// How far the sink had come when a loss began that no gap record on the card says, and what
    /// it has taken since: what the ring keeps of it meanwhile. nil: the queue says it.
    var held: SinkTail?

    /// A sink of which the ring says `kept`; without it, one that begins with the oldest record.
    /// The ring holds the records from `oldest` to `head`. What it went over since is lost, but
    /// for what the sink had acknowledged.
    init(settings: SinkSettings, kept: SinkTail?, oldest: UInt64, head: UInt64) {
        self.settings = settings
        portion = settings.batchRecords
        let isAggregated = settings.kind.aggregateBytes != nil
        entries = FixedArray(capacity: isAggregated ? settings.batchRecords : 1)
        let tail = min(max(kept?.tail ?? oldest, oldest), head)
        queue = SinkQueue(
            limit: settings.batchRecords, tail: tail, rememberedCount: AcknowledgedSet.limit)
        if settings.order == .newestFirst { queue.part = .fresh }
        guard let kept, kept.tail <= tail else { return }
        let overwritten = tail - kept.tail
        let end = kept.acknowledged.last.map { UInt64($0) + 1 } ?? 0
        let lost = overwritten - kept.acknowledgedCount(below: tail)
        queue.countLost(lost)
        lostOverwritten = lost
        if lost > 0 {
            held = kept
            self.overwritten = Loss(.overwritten, first: kept.tail, last: tail - 1, count: lost)
        }
        if end > overwritten {
            let remembered = min(end - overwritten, head - tail)
            queue.restore(Int(remembered)) { kept.hasBehindTail(tail + UInt64($0)) }
        }
        let first = min(max(kept.run.lowerBound, tail), head)
        queue.restore(run: first..<min(max(kept.run.upperBound, first), head))
    }

    /// The record is for this sink. What it misses itself it is told in any case.
    func takes(_ record: Record) -> Bool {
        switch record.payload {
        case .rejection: settings.takes != .records
        case .gap: settings.takes != .errors || record.sensor == settings.name
        case .heartRate, .vital, .alarm: settings.takes != .errors
        }
    }

    /// A record that has just been given its sequence.
    func note(_ record: Record, now: Int64) {
        if takes(record) {
            if settings.takes == .errors { queue.setAside(record.sequence) }
            if pendingSince == nil { pendingSince = now }
        } else if queue.pass(record.sequence) {
            held?.acknowledge(record.sequence)
        }
    }

    /// The first candidate is not for this sink.
    func passFirst(_ sequence: UInt64) {
        queue.passFirst()
        held?.acknowledge(sequence)
    }

    /// Records that the sink does not have and the ring still does: what the next start sends.
    public func owedCount(of cursor: RingCursor) -> UInt64 {
        queue.owedCount(oldest: cursor.oldest, head: cursor.head)
    }

}

// MARK: - Which request is next

extension Sink {
    /// Records that the next request may have.
    var requestRecords: Int {
        var count = pace.portion(of: portion)
        if queue.part != .fresh, let rate = settings.drainRate {
            // About a request a second, so that a slow rate is no burst a minute.
            count = min(count, rate)
        }
        return count
    }

    /// When the next request may be sent; 0 for at once, nil while one runs or nothing waits.
    func due(head: UInt64, draining: Bool) -> Int64? {
        guard settings.order == .newestFirst else {
            return due(of: .all, head: head, draining: draining)
        }
        let fresh = due(of: .fresh, head: head, draining: draining)
        let backlog = due(of: .backlog, head: head, draining: draining)
        guard let fresh, let backlog else { return fresh ?? backlog }
        return min(fresh, backlog)
    }

    /// The same for requests of one part.
    func due(of part: SinkQueue.Part, head: UInt64, draining: Bool) -> Int64? {
        guard state != .busy, !isSuspended else { return nil }
        var due: Int64
        switch part {
        case .backlog:
            // What was refused is sent again with what is fresh.
            guard queue.leftCount > 0, queue.refusedCount == 0 else { return nil }
            due = 0
        case .fresh, .all:
            let waiting =
                part == .all ? queue.waitingCount(head: head) : queue.freshCount(head: head)
            guard waiting > 0 else { return nil }
            let isFull = waiting >= UInt64(portion)
            let hasCompany =
                draining || isFull || queue.refusedCount > 0 || part == .all && queue.leftCount > 0
            due = hasCompany ? 0 : pendingSince.map { $0 + settings.flushNanoseconds } ?? 0
        }
        if part != .fresh && !draining { due = max(due, drainAt) }
        due = max(due, pace.nextAt)
        if case .waiting(let until) = state { due = max(until, due) }
        return due
    }

    /// Chooses what the next request is made of: fresh records go first. Answers false when
    /// nothing is due.
    func choose(head: UInt64, draining: Bool, now: Int64) -> Bool {
        guard settings.order == .newestFirst else {
            return isDue(.all, head: head, draining: draining, now: now)
        }
        leaveBehind(head: head, draining: draining)
        let isFresh = isDue(.fresh, head: head, draining: draining, now: now)
        guard isFresh || isDue(.backlog, head: head, draining: draining, now: now) else {
            return false
        }
        let part = isFresh ? SinkQueue.Part.fresh : .backlog
        // A card that is slow to give the backlog back does not hold fresh records up.
        if queue.part != part { wantsRead = false }
        queue.part = part
        return true
    }

    private func isDue(
        _ part: SinkQueue.Part, head: UInt64, draining: Bool, now: Int64
    ) -> Bool {
        due(of: part, head: head, draining: draining).map { $0 <= now } ?? false
    }

    /// After an outage, all but the newest batch becomes the backlog. While nothing comes across
    /// nothing is left behind: each outage makes one stretch and no more.
    private func leaveBehind(head: UInt64, draining: Bool) {
        let batch = UInt64(settings.batchRecords)
        guard isAlive, !draining, state != .busy, head - queue.sent > batch else { return }
        _ = queue.leave(upTo: head - batch)
    }

    /// A request of so many records begins.
    func noteRequest(records: Int, bytes: Int, now: Int64) {
        requestBytes += UInt64(bytes)
        if backoff.failures > 0 { retries += 1 }
        pace.begin(records: records, bytes: bytes, now: now)
        guard queue.part != .fresh, let rate = settings.drainRate else { return }
        drainAt = max(now, drainAt) + Int64(records) * 1_000_000_000 / Int64(rate)
    }
}
