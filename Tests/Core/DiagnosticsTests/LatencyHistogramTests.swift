import Diagnostics
import TestSupport
import Testing

/// Percentiles from buckets against percentiles from the sorted values.
struct LatencyHistogramTests {
    private static let percents = [0.0, 0.1, 1, 25, 50, 75, 90, 99, 99.9, 99.99, 100]

    private func histogram(_ values: [Int64]) -> LatencyHistogram {
        var histogram = LatencyHistogram()
        for value in values { histogram.record(nanoseconds: value) }
        return histogram
    }

    /// Answers whether every percentile lies at the exact value or less than 1/16 above it.
    private func agrees(_ values: [Int64]) -> Bool {
        let histogram = histogram(values)
        let sorted = values.map { UInt64(max(0, $0)) }.sorted()
        return Self.percents.allSatisfy { percent in
            let rank = (Double(sorted.count) * percent / 100).rounded(.up)
            let exact = sorted[max(1, min(sorted.count, Int(rank))) - 1]
            guard let estimate = histogram.percentile(percent) else { return false }
            return estimate >= exact && estimate - exact <= exact / 16
        }
    }

    @Test func nothingRecordedHasNoPercentile() {
        let empty = LatencyHistogram()
        #expect(empty.percentile(50) == nil)
        #expect(empty.count == 0 && empty.maximum == 0)
    }

    @Test func oneValueIsEveryPercentileExactly() {
        for value in [0, 1, 15, 16, 17, 31, 32, 1_000_000_007, Int64.max - 1, Int64.max] {
            let one = histogram([value])
            for percent in Self.percents { #expect(one.percentile(percent) == UInt64(value)) }
            #expect(one.maximum == UInt64(value) && one.count == 1)
        }
    }

    @Test func clockThatWentBackIsADurationOfZero() {
        let backwards = histogram([-1, Int64.min])
        #expect(backwards.percentile(100) == 0)
        #expect(backwards.count == 2 && backwards.maximum == 0)
    }

    @Test func smallValuesAreExact() {
        let values = histogram(Array(0...15))
        for value in 1...16 {
            #expect(values.percentile(Double(value) * 100 / 16) == UInt64(value - 1))
        }
    }

    @Test func valuesOnBothSidesOfEveryPowerOfTwoAreWithinASixteenth() {
        for exponent in 0..<63 {
            let power = Int64(1) << Int64(exponent)
            for value in [power - 1, power, power + power / 2, power + power / 16] {
                #expect(agrees([value, .max]), "\(value)")
            }
        }
    }

    @Test func randomValuesOfEveryMagnitudeAreWithinASixteenth() {
        var random = SeededRandom()
        for round in 0..<200 {
            let highest = Int64.max >> Int64(round % 63)
            let values = (0..<Int.random(in: 1...500, using: &random)).map { _ in
                Int64.random(in: 0...highest, using: &random)
            }
            #expect(agrees(values), "values to \(highest)")
        }
    }
}
