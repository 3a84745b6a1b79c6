import Testing

@testable import LiveView

@Suite struct ChartScaleTests {
    @Test func everyValueOfAnyRangeIsShownWithAir() {
        for lowest in [0, 1, 59, 120, 1_000, 65_000] {
            for span in [0, 1, 30, 100, 535] {
                let scale = ChartScale(showing: lowest...lowest + span, rows: 7, dotsPerRow: 4)
                #expect(scale.low >= 0 && scale.low <= max(0, lowest - 2))
                #expect(scale.high >= lowest + span + 2)
                #expect(scale.high - scale.low >= 40)
            }
        }
    }

    @Test func edgesAreTheFirstAndTheLastDot() {
        let scale = ChartScale(showing: 72...163, rows: 9, dotsPerRow: 4)
        #expect(scale.low == 70 && scale.high == 165)
        #expect(scale.dot(70) == 0 && scale.dot(165) == 35)
        #expect(scale.dot(0) == 0 && scale.dot(70_000) == 35)
        #expect(scale.dot(117) == 17)
        #expect(scale.dot(118) == 18)
        #expect(scale.row(118) == 4)
    }

    @Test func labelsAreRoundAndKeepTheirDistance() {
        let low = ChartScale(showing: 72...163, rows: 9, dotsPerRow: 4)
        #expect(low.labels(besides: 150) == [70, 100])
        let tall = ChartScale(showing: 72...163, rows: 20, dotsPerRow: 4)
        #expect(tall.labels(besides: 150) == [70, 165, 80, 100, 120, 140])
    }

    @Test func aSingleRowHasRoomForAnyValue() {
        let scale = ChartScale(showing: 0...65_535, rows: 1, dotsPerRow: 1)
        #expect(scale.dot(65_535) == 0)
        #expect(scale.labels(besides: 150).isEmpty)
    }
}
