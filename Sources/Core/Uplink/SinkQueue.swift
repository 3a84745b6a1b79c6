import Bytes

/// Which records a sink still owes, in sequences; it owns no record.
///
/// ```
///  acknowledged … tail ──── outstanding ──── sent ──── not taken yet ──── head
///                    in flight, or refused
/// ```
///
/// A refused record goes back to the front, so records leave in order as far as the service
/// allows. A record that is not for this sink is passed over: it counts as settled. Invariants: in
/// flight and refused are ascending and together at most `limit` and what was restored; nothing
/// beyond `sent` is taken while a refused record waits; `tail <= sent <= head`.
public struct SinkQueue: ~Copyable {
    /// What becomes of a record that was in flight.
    public enum Outcome: Equatable, Sendable {
        /// The sink has it.
        case accepted
        /// It goes back to the front.
        case again
        /// The sink will never take it, and that has been recorded.
        case rejected
    }

    /// Records in one request at most.
    public let limit: Int
    /// The next record that no request has had.
    public private(set) var sent: UInt64
    /// Records given up because the ring no longer has them, or never had them whole.
    public private(set) var lost: UInt64 = 0
    /// Records that the sink has.
    public private(set) var acknowledged: UInt64 = 0
    /// Records that the sink will never take.
    public private(set) var rejected: UInt64 = 0
    /// Records that were not for this sink.
    public private(set) var passed: UInt64 = 0
    private var inFlight: FixedArray<UInt64>
    private var refused: FixedArray<UInt64>
    private var scratch: FixedArray<UInt64>

    /// A queue that begins at `tail`. Up to `rememberedCount` records behind it may have been
    /// acknowledged before a restart: `restore` names them.
    public init(limit: Int, tail: UInt64, rememberedCount: Int = 0) {
        self.limit = limit
        sent = tail
        inFlight = FixedArray(capacity: limit)
        refused = FixedArray(capacity: limit + rememberedCount)
        scratch = FixedArray(capacity: limit + rememberedCount)
    }

    /// Before the first request: the first `count` records are either acknowledged already, as
    /// `isAcknowledged` says of their distance from the tail, or waiting as if refused.
    public mutating func restore(_ count: Int, isAcknowledged: (Int) -> Bool) {
        precondition(refused.isEmpty && inFlight.isEmpty, "a queue is restored before it is used")
        for distance in 0..<count where !isAcknowledged(distance) {
            refused.append(sent + UInt64(distance))
        }
        sent += UInt64(count)
    }

    /// Calls `body` with the distance from the tail of each record behind it, within `count`,
    /// that the sink has acknowledged.
    public func forEachAcknowledged(within count: Int, _ body: (Int) -> Void) {
        let tail = tail
        let end = min(sent, tail + UInt64(count))
        var flying = 0
        var waiting = 0
        var sequence = tail
        while sequence < end {
            while flying < inFlight.count, inFlight[flying] < sequence { flying += 1 }
            while waiting < refused.count, refused[waiting] < sequence { waiting += 1 }
            let isOutstanding =
                flying < inFlight.count && inFlight[flying] == sequence
                || waiting < refused.count && refused[waiting] == sequence
            if !isOutstanding { body(Int(sequence - tail)) }
            sequence += 1
        }
    }

    /// The oldest record that the sink has not acknowledged.
    public var tail: UInt64 {
        var tail = sent
        if !inFlight.isEmpty { tail = min(tail, inFlight[0]) }
        if !refused.isEmpty { tail = min(tail, refused[0]) }
        return tail
    }

    public var inFlightCount: Int { inFlight.count }
    public var refusedCount: Int { refused.count }

    /// Records that a request could have now.
    public func waitingCount(head: UInt64) -> UInt64 { UInt64(refused.count) + head - sent }

    /// The record at this place of the next request; nil when there is none.
    public func candidate(_ place: Int, head: UInt64) -> UInt64? {
        if place < refused.count { return refused[place] }
        let sequence = sent + UInt64(place - refused.count)
        return sequence < head ? sequence : nil
    }

    /// Puts the first `count` candidates in flight.
    public mutating func take(_ count: Int, head: UInt64) {
        take(of: count, head: head) { _ in true }
    }

    /// Puts those of the first `count` candidates in flight of which `isTaken` says true of their
    /// place, and passes over the others.
    public mutating func take(of count: Int, head: UInt64, isTaken: (Int) -> Bool) {
        precondition(inFlight.isEmpty, "a sink has one request at a time")
        precondition(count > 0, "a request has 1 to limit records")
        for place in 0..<count {
            guard let sequence = candidate(place, head: head) else {
                preconditionFailure("only what waits is taken")
            }
            if isTaken(place) {
                precondition(inFlight.count < limit, "a request has 1 to limit records")
                inFlight.append(sequence)
            } else {
                passed += 1
            }
        }
        let again = min(count, refused.count)
        refused.removeFirst(again)
        sent += UInt64(count - again)
    }

    /// Puts one refused record in flight alone; those before it go on waiting.
    public mutating func takeRefused(at place: Int) {
        precondition(inFlight.isEmpty, "a sink has one request at a time")
        let sequence = refused[place]
        inFlight.append(sequence)
        for later in place + 1..<max(place + 1, refused.count) {
            refused[later - 1] = refused[later]
        }
        refused.truncate(to: refused.count - 1)
    }

    /// The first candidate is not for this sink.
    public mutating func passFirst() {
        if refused.isEmpty { sent += 1 } else { refused.removeFirst(1) }
        passed += 1
    }

    /// The record that has just been given its sequence is not for this sink: where nothing waits
    /// before it, it is passed over at once. Answers whether it was.
    public mutating func pass(_ sequence: UInt64) -> Bool {
        guard sent == sequence else { return false }
        sent += 1
        passed += 1
        return true
    }

    /// The record that has just been given its sequence is one of the few for this sink: it waits
    /// by itself, so that those which are not for it can be passed over meanwhile. Where that
    /// list is full it waits among the others.
    public mutating func setAside(_ sequence: UInt64) {
        guard sent == sequence, refused.count + inFlight.count < refused.capacity else { return }
        refused.append(sequence)
        sent += 1
    }

    /// The sequence at this place of the request in flight.
    public func flying(_ place: Int) -> UInt64 { inFlight[place] }

    /// Records that the sink does not have, in flight or not, which the ring still has: those from
    /// `oldest` up to `head`.
    public func owedCount(oldest: UInt64, head: UInt64) -> UInt64 {
        var count = head - min(max(sent, oldest), head)
        for place in 0..<inFlight.count where inFlight[place] >= oldest { count += 1 }
        for place in 0..<refused.count where refused[place] >= oldest { count += 1 }
        return count
    }

    /// The sink has answered: those for which `isAccepted` says true of their place in the request
    /// are done, the others go back to the front. Answers how many were refused.
    public mutating func settle(isAccepted: (Int) -> Bool) -> Int {
        settle { isAccepted($0) ? Outcome.accepted : .again }
    }

    /// The sink has answered: what `outcome` says of each place in the request comes to pass.
    /// Answers how many go back.
    public mutating func settle(outcome: (Int) -> Outcome) -> Int {
        scratch.removeAll()
        var waiting = 0
        var count = 0
        for place in 0..<inFlight.count {
            switch outcome(place) {
            case .accepted: acknowledged += 1
            case .rejected: rejected += 1
            case .again:
                // A record that was taken alone may lie behind others that wait.
                while waiting < refused.count, refused[waiting] < inFlight[place] {
                    scratch.append(refused[waiting])
                    waiting += 1
                }
                scratch.append(inFlight[place])
                count += 1
            }
        }
        while waiting < refused.count {
            scratch.append(refused[waiting])
            waiting += 1
        }
        refused.removeAll()
        for place in 0..<scratch.count { refused.append(scratch[place]) }
        inFlight.removeAll()
        return count
    }

    /// The first candidate cannot be read: it is given up and counted.
    public mutating func giveUpFirst() {
        if refused.isEmpty { sent += 1 } else { refused.removeFirst(1) }
        lost += 1
    }

    /// Records were lost before this queue began: the ring had overwritten them.
    public mutating func countLost(_ count: UInt64) { lost += count }

    /// The ring has overwritten everything below `oldest`. Answers how many records of this sink
    /// that were waiting are lost by it; one in flight is not, because it may be accepted yet.
    public mutating func giveUp(below oldest: UInt64) -> UInt64 {
        var gone: UInt64 = 0
        var overwritten = 0
        while overwritten < refused.count, refused[overwritten] < oldest { overwritten += 1 }
        refused.removeFirst(overwritten)
        gone += UInt64(overwritten)
        if sent < oldest {
            gone += oldest - sent
            sent = oldest
        }
        lost += gone
        return gone
    }
}
