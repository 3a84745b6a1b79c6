import RecordRing
import TestSupport
import Testing

/// What a sink has behind its tail.
struct AcknowledgedSetTests {
    private func members(_ set: AcknowledgedSet) -> [Int] {
        (0..<AcknowledgedSet.limit).filter { set[$0] }
    }

    @Test func newSetIsEmpty() {
        #expect(members(AcknowledgedSet()) == [])
        #expect(AcknowledgedSet().last == nil)
    }

    @Test func everyDistanceHasABitOfItsOwn() {
        for distance in 0..<AcknowledgedSet.limit {
            var set = AcknowledgedSet()
            set[distance] = true
            #expect(members(set) == [distance])
            #expect(set.last == distance)
            #expect(set != AcknowledgedSet())
            set[distance] = false
            #expect(set == AcknowledgedSet())
        }
    }

    @Test func randomChangesAgreeWithASet() {
        var random = SeededRandom()
        var set = AcknowledgedSet()
        var model: Set<Int> = []
        for step in 0..<3_000 {
            let distance = Int.random(in: 0..<AcknowledgedSet.limit, using: &random)
            set[distance] = step % 3 == 0
            if step % 3 == 0 { model.insert(distance) } else { model.remove(distance) }
            if set.last != model.max() || set[distance] != model.contains(distance) {
                Issue.record("differs at step \(step), seed \(random.seed)")
                return
            }
        }
        #expect(members(set) == model.sorted(), "seed \(random.seed)")
    }

    /// The tail goes on over what is acknowledged, and forgets nothing that is within its reach.
    @Test func tailGoesOnOverWhatTheSinkHas() throws {
        var random = SeededRandom()
        for round in 0..<50 {
            let start = UInt64(round) * 1_000
            var tail = SinkTail(sink: try name("local"), tail: start)
            var model: Set<UInt64> = []
            var next = start
            for step in 0..<400 {
                let reach = UInt64(AcknowledgedSet.limit) - 1
                let wide = round % 3 == 0 ? reach : 9
                let sequence = next + UInt64.random(in: 0...wide, using: &random)
                tail.acknowledge(sequence)
                model.insert(sequence)
                while model.contains(next) { next += 1 }
                let behind = (0..<AcknowledgedSet.limit).filter { tail.acknowledged[$0] }
                let expected = model.filter { $0 > next }.map { Int($0 - next) }.sorted()
                if tail.tail != next || behind != expected {
                    Issue.record("differs at step \(step), seed \(random.seed)")
                    return
                }
            }
        }
    }

    @Test func recordBelowTheTailIsNotRemembered() throws {
        var tail = SinkTail(sink: try name("local"), tail: 10)
        tail.acknowledge(9)
        #expect(tail == SinkTail(sink: try name("local"), tail: 10))
    }

    @Test func recordsBeyondTheReachAreOneRunUntilTheTailGetsThere() throws {
        var tail = SinkTail(sink: try name("local"), tail: 10)
        for sequence in [1_000, 1_001, 999, 1_002, 1_004, 2_000] as [UInt64] {
            tail.acknowledge(sequence)
        }
        #expect(tail == SinkTail(sink: try name("local"), tail: 10, run: 999..<1_003))
        #expect([998, 999, 1_002, 1_003].map { tail.lacks($0) } == [true, false, false, true])
        #expect(tail.acknowledgedCount(below: 1_001) == 2)
        for sequence in (10..<900 as Range<UInt64>).reversed() { tail.acknowledge(sequence) }
        #expect(tail.tail == 10 + 512, "the others were out of reach, and not beside the run")
        for sequence in 522..<999 as Range<UInt64> { tail.acknowledge(sequence) }
        #expect(tail == SinkTail(sink: try name("local"), tail: 1_003))
    }

    /// What was acknowledged may be forgotten, and what was not is never remembered.
    @Test func whatIsRememberedWasAcknowledged() throws {
        var random = SeededRandom()
        for _ in 0..<20 {
            var tail = SinkTail(sink: try name("local"), tail: 0)
            var model: Set<UInt64> = []
            for _ in 0..<60 {
                let first = UInt64.random(in: 0...2_000, using: &random)
                let count = UInt64.random(in: 1...200, using: &random)
                for sequence in first..<first + count where model.insert(sequence).inserted {
                    tail.acknowledge(sequence)
                }
                let isTrue = (0..<2_300 as Range<UInt64>).allSatisfy {
                    tail.lacks($0) || model.contains($0)
                }
                let behind = (tail.tail..<2_300).count { !tail.lacks($0) }
                guard isTrue, tail.acknowledgedCount(below: 2_300) == UInt64(behind) else {
                    Issue.record("differs, seed \(random.seed): \(tail)")
                    return
                }
            }
        }
    }

    @Test func distanceBeyondTheLimitIsAMistakeOfTheCaller() async {
        await #expect(processExitsWith: .failure) { _ = AcknowledgedSet()[512] }
        await #expect(processExitsWith: .failure) {
            var set = AcknowledgedSet()
            set[-1] = true
        }
    }
}
