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

    @Test func distanceBeyondTheLimitIsAMistakeOfTheCaller() async {
        await #expect(processExitsWith: .failure) { _ = AcknowledgedSet()[512] }
        await #expect(processExitsWith: .failure) {
            var set = AcknowledgedSet()
            set[-1] = true
        }
    }
}
