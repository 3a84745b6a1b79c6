import Testing

@testable import LiveView

@Suite struct HeartRateHistoryTests {
    private typealias Bucket = HeartRateHistory.Bucket

    /// All points of a chart that is `points` wide.
    private func chart(_ history: HeartRateHistory, _ points: Int) -> [Bucket?] {
        (0..<points).map { history.point($0, of: points) }
    }

    private func same(_ value: UInt16) -> Bucket { Bucket(min: value, max: value, last: value) }

    @Test func aBucketKeepsLowestHighestAndLast() {
        var history = HeartRateHistory(bucketSeconds: 5, bucketCount: 4)
        for (second, rate) in [(0, 80), (1, 90), (2, 70), (4, 75)] as [(UInt64, UInt16)] {
            history.record(beatsPerMinute: rate, atSeconds: second)
        }
        #expect(chart(history, 1) == [Bucket(min: 70, max: 90, last: 75)])
    }

    @Test func silenceIsAGap() {
        var history = HeartRateHistory(bucketCount: 8)
        history.record(beatsPerMinute: 80, atSeconds: 0)
        history.record(beatsPerMinute: 83, atSeconds: 3)
        #expect(chart(history, 4) == [same(80), nil, nil, same(83)])
    }

    @Test func theNewestValueStandsAtTheRight() {
        var history = HeartRateHistory(bucketCount: 8)
        history.record(beatsPerMinute: 80, atSeconds: 0)
        history.record(beatsPerMinute: 81, atSeconds: 1)
        #expect(chart(history, 4) == [nil, nil, same(80), same(81)])
    }

    @Test func anOldBucketMakesRoom() {
        var history = HeartRateHistory(bucketCount: 4)
        for second in UInt64(0)..<6 {
            history.record(beatsPerMinute: UInt16(80 + second), atSeconds: second)
        }
        #expect(chart(history, 4) == [same(82), same(83), same(84), same(85)])
    }

    @Test func aSlotOfAnEarlierRoundIsNotShownAgain() {
        var history = HeartRateHistory(bucketCount: 4)
        for second in UInt64(0)..<4 { history.record(beatsPerMinute: 80, atSeconds: second) }
        history.advance(toSeconds: 1_000)
        #expect(chart(history, 4) == [nil, nil, nil, nil])
    }

    @Test func aLongSessionIsDrawnWithMoreSecondsAPoint() {
        var history = HeartRateHistory(bucketCount: 8)
        #expect(history.bucketsPerPoint(of: 4) == 1)
        for second in UInt64(0)..<8 {
            history.record(beatsPerMinute: UInt16(80 + second), atSeconds: second)
        }
        #expect(history.bucketsPerPoint(of: 4) == 2)
        #expect(chart(history, 4).first == Bucket(min: 80, max: 81, last: 81))
        #expect(chart(history, 4).last == Bucket(min: 86, max: 87, last: 87))
    }

    @Test func pointsKeepTheirValuesWhileTheyMoveLeft() {
        var history = HeartRateHistory(bucketCount: 8)
        for second in UInt64(0)..<12 {
            history.record(beatsPerMinute: UInt16(80 + second), atSeconds: second)
        }
        let before = chart(history, 4)
        history.record(beatsPerMinute: 92, atSeconds: 12)
        history.record(beatsPerMinute: 93, atSeconds: 13)
        #expect(Array(chart(history, 4).prefix(3)) == Array(before.suffix(3)))
    }

    @Test func timeThatGoesBackChangesNoGap() {
        var history = HeartRateHistory(bucketCount: 4)
        history.record(beatsPerMinute: 80, atSeconds: 10)
        history.advance(toSeconds: 3)
        #expect(chart(history, 4).last == same(80))
    }

    @Test func theEndOfTimeIsHeld() {
        var history = HeartRateHistory(bucketCount: 4)
        history.record(beatsPerMinute: .max, atSeconds: .max)
        #expect(chart(history, 4) == [nil, nil, nil, same(.max)])
    }
}
