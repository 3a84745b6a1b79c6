import Uplink

/// What a sink owes, as plain lists: slow, and too simple to be wrong.
struct SinkQueueModel {
    /// No request has these now; ascending.
    var waiting: [UInt64] = []
    /// Neither have these, which were left behind, stretch by stretch.
    var left: [[UInt64]] = []
    var part = SinkQueue.Part.all
    /// The queue's own: what lies between the refused records and the others.
    var sent: UInt64 = 0
    var inFlight: [UInt64] = []
    var acknowledged: [UInt64] = []
    var rejected: [UInt64] = []
    var passed: [UInt64] = []
    var lost: UInt64 = 0
    var head: UInt64
    /// Records that it had before, in a run.
    var hadRun: UInt64 = 0

    /// A sink that owes `waiting`.
    init(waiting: [UInt64], head: UInt64) {
        self.waiting = waiting
        self.head = head
    }

    /// What the next request could have.
    var candidates: [UInt64] {
        switch part {
        case .all: waiting.filter { $0 < sent } + left.joined() + waiting.filter { $0 >= sent }
        case .fresh: waiting
        case .backlog: Array(left.joined())
        }
    }

    /// Takes the first candidates out.
    private mutating func remove(_ count: Int) -> [UInt64] {
        let removed = Array(candidates[..<count])
        waiting.removeAll { removed.contains($0) }
        for index in left.indices { left[index].removeAll { removed.contains($0) } }
        left.removeAll { $0.isEmpty }
        return removed
    }

    /// What no request has had is left behind, up to `sequence`. Answers whether there was room.
    mutating func leave(upTo sequence: UInt64) -> Bool {
        let stretch = waiting.filter { $0 >= sent && $0 < sequence }
        if let last = left.indices.last, left[last].last.map({ $0 + 1 }) == sent {
            left[last] += stretch
        } else {
            guard left.count < SinkQueue.stretchLimit else { return false }
            left.append(stretch)
        }
        waiting.removeAll { stretch.contains($0) }
        return true
    }

    /// The longest row of sequences from `start` on that is not owed.
    func longestSettledRun(from start: UInt64) -> Int {
        let owed = Set(waiting + inFlight + left.joined())
        var longest = 0
        var length = 0
        for sequence in start..<max(start, sent) {
            length = owed.contains(sequence) ? 0 : length + 1
            longest = max(longest, length)
        }
        return longest
    }

    /// Distances from the tail of records that are neither waiting nor in flight.
    func settledDistances(sent: UInt64, within count: Int) -> [Int] {
        let tail = tail
        let owed = Set(waiting + inFlight + left.joined())
        return (tail..<min(sent, tail + UInt64(count))).filter { !owed.contains($0) }
            .map { Int($0 - tail) }
    }

    var tail: UInt64 {
        min(waiting.first ?? head, inFlight.first ?? head, left.first?.first ?? head)
    }

    mutating func arrive(_ count: UInt64) {
        waiting += head..<head + count
        head += count
    }

    mutating func take(_ count: Int) {
        inFlight = remove(count)
    }

    /// Takes some of the first waiting records and passes over the others.
    mutating func take(_ isTaken: [Bool]) {
        for (sequence, isTaken) in zip(remove(isTaken.count), isTaken) {
            if isTaken { inFlight.append(sequence) } else { passed.append(sequence) }
        }
    }

    mutating func takeAlone(_ place: Int) { inFlight = [waiting.remove(at: place)] }

    mutating func passFirst() { passed += remove(1) }

    /// Answers how many were refused.
    mutating func settle(_ outcomes: [SinkQueue.Outcome]) -> Int {
        let refused = zip(inFlight, outcomes).filter { $1 == .again }.map { $0.0 }
        acknowledged += zip(inFlight, outcomes).filter { $1 == .accepted }.map { $0.0 }
        rejected += zip(inFlight, outcomes).filter { $1 == .rejected }.map { $0.0 }
        waiting = (refused + waiting).sorted()
        inFlight = []
        return refused.count
    }

    mutating func giveUpFirst() {
        _ = remove(1)
        lost += 1
    }

    /// Answers how many were given up.
    mutating func giveUp(below oldest: UInt64) -> UInt64 {
        let gone = UInt64((waiting + left.joined()).count { $0 < oldest })
        waiting.removeAll { $0 < oldest }
        for index in left.indices { left[index].removeAll { $0 < oldest } }
        left.removeAll { $0.isEmpty }
        lost += gone
        return gone
    }
}
