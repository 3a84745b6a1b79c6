import Foundation
import TestSupport
import Testing
import Time

/// Dates against known days and Foundation's calendar.
struct UTCDateTests {
    struct Known: Sendable {
        let microseconds: Int64
        /// Year, month, day, hour, minute, second, microsecond.
        let fields: [Int]

        init(_ microseconds: Int64, _ fields: Int...) {
            self.microseconds = microseconds
            self.fields = fields
        }
    }

    static let known = [
        Known(0, 1970, 1, 1, 0, 0, 0, 0),
        Known(1, 1970, 1, 1, 0, 0, 0, 1),
        Known(-1, 1969, 12, 31, 23, 59, 59, 999_999),
        Known(-86_400_000_000, 1969, 12, 31, 0, 0, 0, 0),
        Known(-86_400_000_001, 1969, 12, 30, 23, 59, 59, 999_999),
        Known(86_399_999_999, 1970, 1, 1, 23, 59, 59, 999_999),
        Known(86_400_000_000, 1970, 1, 2, 0, 0, 0, 0),
        Known(951_782_400_000_000, 2000, 2, 29, 0, 0, 0, 0),
        Known(951_868_800_000_000, 2000, 3, 1, 0, 0, 0, 0),
        Known(1_000_000_000_000_000, 2001, 9, 9, 1, 46, 40, 0),
        Known(1_234_567_890_123_456, 2009, 2, 13, 23, 31, 30, 123_456),
        Known(1_752_599_433_123_456, 2025, 7, 15, 17, 10, 33, 123_456),
        Known(1_709_164_800_000_000, 2024, 2, 29, 0, 0, 0, 0),
        // The ends of 32-bit time, and the year that is no leap year.
        Known(2_147_483_647_000_000, 2038, 1, 19, 3, 14, 7, 0),
        Known(2_147_483_648_000_000, 2038, 1, 19, 3, 14, 8, 0),
        Known(-2_147_483_648_000_000, 1901, 12, 13, 20, 45, 52, 0),
        Known(4_107_456_000_000_000, 2100, 2, 28, 0, 0, 0, 0),
        Known(4_107_542_400_000_000, 2100, 3, 1, 0, 0, 0, 0),
        Known(253_402_300_799_999_999, 9999, 12, 31, 23, 59, 59, 999_999),
        // 0001-01-01 lies 719,162 days before 1970, the year 0 has 366 days.
        Known(-62_135_596_800_000_000, 1, 1, 1, 0, 0, 0, 0),
        Known(-62_135_596_800_000_001, 0, 12, 31, 23, 59, 59, 999_999),
        Known(-62_167_219_200_000_000, 0, 1, 1, 0, 0, 0, 0),
    ]

    private func fields(_ microseconds: Int64) -> [Int] {
        let date = UTCDate(microsecondsSince1970: microseconds)
        return [
            date.year, date.month, date.day, date.hour, date.minute, date.second,
            date.microsecond,
        ]
    }

    @Test(arguments: known)
    func knownInstantHasItsDate(_ known: Known) {
        #expect(fields(known.microseconds) == known.fields)
    }

    private static let utc: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()

    /// The same by Foundation. Its calendar is the Julian one before 15 October 1582; dates of
    /// the proleptic Gregorian calendar repeat every 400 years, so earlier ones are moved on.
    private func foundationFields(_ microseconds: Int64) -> [Int] {
        let cycle: Int64 = 146_097 * 86_400
        let micros = ((microseconds % 1_000_000) + 1_000_000) % 1_000_000
        var seconds = (microseconds - micros) / 1_000_000
        var cycles = 0
        while seconds < -10_000_000_000 {
            seconds += cycle
            cycles += 1
        }
        let date = Date(timeIntervalSince1970: TimeInterval(seconds))
        let parts = Self.utc.dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: date)
        return [
            (parts.year ?? 0) - 400 * cycles, parts.month ?? 0, parts.day ?? 0, parts.hour ?? 0,
            parts.minute ?? 0, parts.second ?? 0, Int(micros),
        ]
    }

    @Test func randomInstantsFromYear1To9999AgreeWithFoundation() {
        var random = SeededRandom()
        let years: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999
        let near: ClosedRange<Int64> = -2_208_988_800_000_000...4_102_444_800_000_000
        for round in 0..<20_000 {
            let range = round % 2 == 0 ? years : near
            let instant = Int64.random(in: range, using: &random)
            let ours = fields(instant)
            if ours != foundationFields(instant) {
                Issue.record("\(instant): \(ours), seed \(random.seed)")
                return
            }
        }
    }

    /// The last and the first microsecond around every month's end, for 400 years and more.
    @Test func everyMonthEndAgreesWithFoundation() {
        var parts = DateComponents()
        for year in 1890...2310 {
            for month in 1...12 {
                parts.year = year
                parts.month = month
                parts.day = 1
                guard let first = Self.utc.date(from: parts) else {
                    Issue.record("\(year)-\(month) is no month")
                    return
                }
                let instant = Int64(first.timeIntervalSince1970) * 1_000_000
                #expect(fields(instant) == [year, month, 1, 0, 0, 0, 0])
                #expect(fields(instant - 1) == foundationFields(instant - 1))
            }
        }
    }

    @Test func everyInstantThatFitsHasADate() {
        // 2^63 microseconds reach from year -290308 to year 294247.
        #expect(fields(Int64.max) == [294_247, 1, 10, 4, 0, 54, 775_807])
        #expect(fields(Int64.min) == [-290_308, 12, 21, 19, 59, 5, 224_192])
    }
}
