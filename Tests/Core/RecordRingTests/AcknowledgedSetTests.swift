import RecordRing
import TestSupport
import Testing

/// What a sink has behind its tail.
struct AcknowledgedSetTests {
    @Test func newSetIsEmpty() {
        let set = AcknowledgedSet()
        #expect(set.last == nil)
        for distance in 0..<AcknowledgedSet.limit { #expect(!set[distance]) }
    }

    @Test(arguments: [0, 1, 63, 64, 65, 127, 128, 511])
    func distanceIsSetAndTakenBackAlone(_ distance: Int) {
        var set = AcknowledgedSet()
        set[distance] = true
        #expect(set.last == distance)
        for other in 0..<AcknowledgedSet.limit { #expect(set[other] == (other == distance)) }
        set[distance] = false
        #expect(set == AcknowledgedSet())
    }

    @Test func randomSetsAgreeWithASetOfNumbers() {
        var random = SeededRandom()
        var set = AcknowledgedSet()
        var model: Set<Int> = []
        for _ in 0..<2_000 {
            let distance = Int.random(in: 0..<AcknowledgedSet.limit, using: &random)
            let isIn = Bool.random(using: &random)
            set[distance] = isIn
            if isIn { model.insert(distance) } else { model.remove(distance) }
            #expect(set.last == model.max(), "seed \(random.seed)")
        }
        for distance in 0..<AcknowledgedSet.limit {
            #expect(set[distance] == model.contains(distance), "seed \(random.seed)")
        }
    }
}
