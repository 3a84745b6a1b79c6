import Bytes

/// Which records a sink still owes, in sequences; it owns no record.
///
/// ```
///  acknowledged … tail ──── outstanding ──── sent ──── not taken yet ──── head
///              in flight, refused or left behind
/// ```
///
/// A refused record goes back to the front, so records leave in order as far as the service
/// allows. A record that is not for this sink is passed over: it counts as settled. Invariants: in
/// flight and refused are ascending and together at most `limit` and what was restored; nothing
/// beyond `sent` is taken while a refused record waits; `tail <= sent <= head`.
///
/// A sink that wants the newest records first leaves stretches behind, which wait below `sent`
/// until requests are made of the backlog: `part` says of what the next one is.
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

    /// What the next request is made of.
    public enum Part: Equatable, Sendable {
        /// Everything, oldest first.
        case all
        /// Refused records, and those that no request has had, without what was left behind.
        case fresh
        /// What was left behind, alone.
        case backlog
    }

    /// Stretches that can be left behind at a time, each of an outage.
    public static let stretchLimit = 7

    /// Records in one request at most.
    public let limit: Int
    /// Which candidates there are, and what is taken. Only a queue without refused records has a
    /// backlog part: a refused record is sent again with the fresh ones.
    public var part = Part.all
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
    /// Below `sent`, ascending, none empty.
    private var left = Stretches(capacity: SinkQueue.stretchLimit)

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

    /// After `restore`: these records behind what was restored are acknowledged too. What lies
    /// between was left behind.
    public mutating func restore(run: Range<UInt64>) {
        precondition(inFlight.isEmpty, "a queue is restored before it is used")
        guard run.upperBound > sent else { return }
        if run.lowerBound > sent {
            guard left.append(sent, run.lowerBound) else {
                preconditionFailure("nothing was left behind before")
            }
        }
        sent = run.upperBound
    }

    /// The longest run of records from `start` on that the sink is done with; empty when there is
    /// none.
    public func longestSettledRun(from start: UInt64) -> Range<UInt64> {
        var longest = start..<start
        var begin = start
        var flying = 0
        var waiting = 0
        var stretch = 0
        while begin < sent {
            // The next record that is outstanding, and the end of its row.
            while flying < inFlight.count, inFlight[flying] < begin { flying += 1 }
            while waiting < refused.count, refused[waiting] < begin { waiting += 1 }
            while let one = left.stretch(stretch), one.end <= begin { stretch += 1 }
            var next = Stretch(first: sent, end: sent)
            if flying < inFlight.count {
                next = Stretch(first: inFlight[flying], end: inFlight[flying] + 1)
            }
            if waiting < refused.count, refused[waiting] < next.first {
                next = Stretch(first: refused[waiting], end: refused[waiting] + 1)
            }
            if let one = left.stretch(stretch), one.first < next.first { next = one }
            if next.first > begin, next.first - begin > UInt64(longest.count) {
                longest = begin..<next.first
            }
            begin = max(next.end, begin + 1)
        }
        return longest
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
                || left.contains(sequence)
            if !isOutstanding { body(Int(sequence - tail)) }
            sequence += 1
        }
    }

    /// The oldest record that the sink has not acknowledged.
    public var tail: UInt64 {
        var tail = sent
        if !inFlight.isEmpty { tail = min(tail, inFlight[0]) }
        return min(tail, oldestWaiting)
    }

    /// The oldest record that is not in flight and that a request had or could have had; else
    /// `sent`.
    private var oldestWaiting: UInt64 {
        var oldest = left.first ?? sent
        if !refused.isEmpty { oldest = min(oldest, refused[0]) }
        return oldest
    }

    public var inFlightCount: Int { inFlight.count }
    public var refusedCount: Int { refused.count }
    /// Records that were left behind.
    public var leftCount: UInt64 { left.count }

    /// Records that a request could have now.
    public func waitingCount(head: UInt64) -> UInt64 {
        freshCount(head: head) + left.count
    }

    /// Those of them that were not left behind.
    public func freshCount(head: UInt64) -> UInt64 { UInt64(refused.count) + head - sent }

    /// Whether the sink is done with this record.
    public func isSettled(_ sequence: UInt64) -> Bool {
        guard sequence < sent, !left.contains(sequence) else { return false }
        for place in 0..<inFlight.count where inFlight[place] == sequence { return false }
        for place in 0..<refused.count where refused[place] == sequence { return false }
        return true
    }

    /// Leaves what no request has had behind, up to `sequence`. Answers false when there are
    /// stretches enough already.
    public mutating func leave(upTo sequence: UInt64) -> Bool {
        precondition(sequence > sent, "something is left behind")
        guard left.append(sent, sequence) else { return false }
        sent = sequence
        return true
    }

    /// The record at this place of the next request; nil when there is none.
    public func candidate(_ place: Int, head: UInt64) -> UInt64? {
        var place = place
        if part != .backlog {
            if place < refused.count { return refused[place] }
            place -= refused.count
        }
        if part != .fresh {
            if let sequence = left[place] { return sequence }
            place -= Int(left.count)
        }
        guard part != .backlog else { return nil }
        let sequence = sent + UInt64(place)
        return sequence < head ? sequence : nil
    }

    /// The oldest record that waits, whatever the next request is made of.
    public func oldestCandidate(head: UInt64) -> UInt64? {
        let oldest = oldestWaiting
        return oldest < head ? oldest : nil
    }

    /// Takes the first `count` candidates out.
    private mutating func removeCandidates(_ count: Int) {
        var rest = count
        if part != .backlog {
            let again = min(rest, refused.count)
            refused.removeFirst(again)
            rest -= again
        }
        if part != .fresh {
            let behind = Int(min(UInt64(rest), left.count))
            left.removeFirst(UInt64(behind))
            rest -= behind
        }
        sent += UInt64(rest)
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
        removeCandidates(count)
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
        removeCandidates(1)
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
        guard sent == sequence, left.count == 0,
            refused.count + inFlight.count < refused.capacity
        else { return }
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
        return count + left.count(from: oldest)
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
        removeCandidates(1)
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
        gone += left.remove(below: oldest)
        if sent < oldest {
            gone += oldest - sent
            sent = oldest
        }
        lost += gone
        return gone
    }
}
