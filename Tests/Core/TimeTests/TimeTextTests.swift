import Bytes
import Foundation
import TestSupport
import Testing
import Time

/// Instants as text, character by character.
struct TimeTextTests {
    @Test(
        arguments: [
            (1_752_599_433_123_456, "2025-07-15T17:10:33.123456Z"),
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (1_709_164_801_000_007, "2024-02-29T00:00:01.000007Z"),
            (-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
        ] as [(Int64, String)])
    func timestampHasSixFractionDigitsAndAZone(_ instant: Int64, _ text: String) {
        #expect(appendedText { $0.append(timestamp: instant) } == text)
    }

    @Test(
        arguments: [
            (1_752_599_433_999_999, "20250715T171033Z"), (0, "19700101T000000Z"),
            (1_440_938_160_000_000, "20150830T123600Z"),
        ] as [(Int64, String)])
    func basicTimestampIsTheOneThatIsSigned(_ instant: Int64, _ text: String) {
        #expect(appendedText { $0.append(basicTimestamp: instant) } == text)
    }

    @Test(
        arguments: [
            (1_752_599_433_999_999, "20250715"), (0, "19700101"), (-1, "19691231"),
        ] as [(Int64, String)])
    func basicDateIsTheDayInUTC(_ instant: Int64, _ text: String) {
        #expect(appendedText { $0.append(basicDate: instant) } == text)
    }

    @Test func randomTimestampsAreReadBackByFoundation() throws {
        var random = SeededRandom()
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<2_000 {
            let instant = Int64.random(
                in: -2_208_988_800_000_000...4_102_444_800_000_000,
                using: &random)
            let text = appendedText { $0.append(timestamp: instant) }
            let read = try format.parse(text)
            // Foundation keeps milliseconds of what it parses, or all six digits.
            let error = abs(read.timeIntervalSince1970 - Double(instant) / 1e6)
            #expect(error < 0.001, "\(text), seed \(random.seed)")
            #expect(text.utf8.count == 27)
        }
    }

    @Test func timestampThatDoesNotFitSetsTheFlag() {
        var buffer = FixedBuffer(capacity: 26)
        buffer.append(timestamp: 0)
        let overflowed = buffer.overflowed
        #expect(overflowed)
    }

    @Test func bothClocksMoveOn() {
        let moment = Moment(monotonicNanoseconds: 5, wallMicroseconds: -3)
        #expect(
            moment.advanced(byNanoseconds: 2_000_500)
                == Moment(monotonicNanoseconds: 2_000_505, wallMicroseconds: 1_997))
        #expect(
            moment.advanced(byNanoseconds: -1_000)
                == Moment(monotonicNanoseconds: -995, wallMicroseconds: -4))
    }
}
