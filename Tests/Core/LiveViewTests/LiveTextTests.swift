import Testing

@testable import LiveView

@Suite struct LiveTextTests {
    @Test func countsAreGroupedByThousands() {
        let values: [UInt64] = [0, 999, 1_000, 65_536, 1_234_567, .max]
        #expect(
            values.map(LiveText.grouped) == [
                "0", "999", "1,000", "65,536", "1,234,567", "18,446,744,073,709,551,615",
            ])
    }

    @Test func aNarrowColumnTakesAnyCount() {
        #expect(LiveText.count(12_345, width: 6) == "12,345")
        #expect(LiveText.count(12_345, width: 5) == "12345")
        #expect(LiveText.count(1_234_567, width: 5) == "1234k")
        #expect(LiveText.count(.max, width: 5) == "18E")
    }

    @Test func clockCountsHoursOn() {
        #expect(LiveText.clock(192) == "00:03:12")
        #expect(LiveText.clock(360_000) == "100:00:00")
    }

    @Test func agesHaveTwoUnits() {
        let ages: [UInt64] = [0, 59, 60, 3_599, 3_600, 86_399, 86_400]
        #expect(
            ages.map(LiveText.age) == [
                "0 s", "59 s", "1 min 00 s", "59 min 59 s", "1 h 00 min", "23 h 59 min", "1 d",
            ])
        #expect(
            ages.map(LiveText.shortAge) == [
                "0 s", "59 s", "1m00s", "59m59s", "1h00m", "23h59m", "1 d",
            ])
    }

    @Test func latenciesKeepTwoOrThreeDigits() {
        let values: [UInt64] = [0, 999, 1_000, 9_999, 10_000, 999_999, 1_000_000, 10_000_000]
        #expect(
            values.map(LiveText.latency) == [
                "0 µs", "999 µs", "1.0 ms", "9.9 ms", "10 ms", "999 ms", "1.0 s", "10 s",
            ])
    }

    @Test func aSumStopsAtTheLargestNumber() {
        #expect(LiveText.sum([1, 2]) == 3)
        #expect(LiveText.sum([.max, 1]) == .max)
    }
}
