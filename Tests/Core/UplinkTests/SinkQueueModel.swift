import Uplink

/// What a sink owes, as plain lists: slow, and too simple to be wrong.
struct SinkQueueModel {
    /// No request has these now; ascending.
    var waiting: [UInt64] = []
    var inFlight: [UInt64] = []
    var acknowledged: [UInt64] = []
    var rejected: [UInt64] = []
    var passed: [UInt64] = []
    var lost: UInt64 = 0
    var head: UInt64

    /// A sink that owes `waiting`.
    init(waiting: [UInt64], head: UInt64) {
        self.waiting = waiting
        self.head = head
    }

    /// Distances from the tail of records that are neither waiting nor in flight.
    func settledDistances(sent: UInt64, within count: Int) -> [Int] {
        let tail = tail
        let owed = Set(waiting + inFlight)
        return (tail..<min(sent, tail + UInt64(count))).filter { !owed.contains($0) }
            .map { Int($0 - tail) }
    }

    var tail: UInt64 { min(waiting.first ?? head, inFlight.first ?? head) }

    mutating func arrive(_ count: UInt64) {
        waiting += head..<head + count
        head += count
    }

    mutating func take(_ count: Int) {
        inFlight = Array(waiting[..<count])
        waiting.removeFirst(count)
    }

    /// Takes some of the first waiting records and passes over the others.
    mutating func take(_ isTaken: [Bool]) {
        for (sequence, isTaken) in zip(waiting, isTaken) {
            if isTaken { inFlight.append(sequence) } else { passed.append(sequence) }
        }
        waiting.removeFirst(isTaken.count)
    }

    mutating func takeAlone(_ place: Int) { inFlight = [waiting.remove(at: place)] }

    mutating func passFirst() { passed.append(waiting.removeFirst()) }

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
        waiting.removeFirst()
        lost += 1
    }

    /// Answers how many were given up.
    mutating func giveUp(below oldest: UInt64) -> UInt64 {
        let gone = UInt64(waiting.count { $0 < oldest })
        waiting.removeAll { $0 < oldest }
        lost += gone
        return gone
    }
}
