import Testing
import Vitals

/// The unit of RR intervals, and the list that holds them.
struct RRIntervalsTests {
    @Test(
        arguments: [
            (0, 0), (1, 10), (32, 313), (96, 938), (684, 6_680), (688, 6_719), (1_024, 10_000),
            (65_535, 639_990),
        ] as [(UInt16, UInt64)])
    func intervalIsGivenInTenthsOfAMillisecond(_ interval: UInt16, _ tenths: UInt64) {
        #expect(intervals([interval]).tenthsOfMilliseconds(at: 0) == tenths)
    }

    @Test func everyIntervalIsRoundedHalfUp() {
        for interval in UInt16.min...UInt16.max {
            // A double holds the quotient exactly: 1024 is a power of two.
            let exact = Double(interval) * 10_000 / 1_024
            let expected = UInt64(exact.rounded(.toNearestOrAwayFromZero))
            let tenths = intervals([interval]).tenthsOfMilliseconds(at: 0)
            if tenths != expected { Issue.record("\(interval): \(tenths), not \(expected)") }
        }
    }

    @Test func intervalsKeepTheirOrder() {
        let list = intervals([1, 2, 3, 4, 5, 6, 7, 8, 9])
        #expect((0..<list.count).map { list[$0] } == [1, 2, 3, 4, 5, 6, 7, 8, 9])
    }

    @Test func listsAreEqualWhenTheirIntervalsAre() {
        #expect(intervals([]) == RRIntervals())
        #expect(intervals([1, 2]) == intervals([1, 2]))
        #expect(intervals([1, 2]) != intervals([1, 3]))
        #expect(intervals([1, 0]) != intervals([1]))
    }

    @Test func tenthIntervalIsAMistakeOfTheCaller() async {
        await #expect(processExitsWith: .failure) {
            var list = intervals([1, 2, 3, 4, 5, 6, 7, 8, 9])
            list.append(10)
        }
    }

    @Test func intervalThatIsNotThereIsAMistakeOfTheCaller() async {
        await #expect(processExitsWith: .failure) { _ = intervals([1])[1] }
    }
}
