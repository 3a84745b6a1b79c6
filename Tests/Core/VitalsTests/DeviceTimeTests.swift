import Foundation
import TestSupport
import Testing
import Vitals

/// Dates of sensors' clocks.
struct DeviceTimeTests {
    private func time(
        _ year: UInt16, _ month: UInt8, _ day: UInt8, _ hour: UInt8 = 12, _ minute: UInt8 = 0,
        _ second: UInt8 = 0
    ) -> DeviceTime {
        DeviceTime(
            year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    }

    @Test func onlyWhatCalendarAndClockHaveIsADate() {
        for date in [
            time(2025, 7, 15), time(1582, 1, 1), time(9999, 12, 31, 23, 59, 59),
            time(2024, 2, 29), time(2000, 2, 29), time(2025, 1, 31, 0, 0, 0),
        ] { #expect(date.isDate, "\(date)") }
        for date in [
            time(0, 7, 15), time(2025, 0, 15), time(2025, 7, 0), time(1581, 12, 31),
            time(10_000, 1, 1), time(2025, 13, 1), time(2025, 2, 29), time(1900, 2, 29),
            time(2025, 4, 31), time(2025, 12, 32), time(2025, 7, 15, 24),
            time(2025, 7, 15, 0, 60), time(2025, 7, 15, 0, 0, 60),
        ] { #expect(!date.isDate, "\(date)") }
    }

    @Test func offsetsCarryIntoDaysMonthsAndYears() {
        #expect(time(2024, 12, 31, 23, 30, 7).advanced(byMinutes: 45) == time(2025, 1, 1, 0, 15, 7))
        #expect(time(2025, 1, 1, 0, 15).advanced(byMinutes: -45) == time(2024, 12, 31, 23, 30))
        #expect(time(2024, 2, 28, 23, 59).advanced(byMinutes: 1) == time(2024, 2, 29, 0, 0))
        #expect(time(2025, 3, 1, 0, 0).advanced(byMinutes: -1) == time(2025, 2, 28, 23, 59))
        #expect(time(2025, 7, 15).advanced(byMinutes: 0) == time(2025, 7, 15))
    }

    @Test func resultThatIsNoDateIsNone() {
        #expect(time(9999, 12, 31, 23, 59).advanced(byMinutes: 1) == nil)
        #expect(time(1582, 1, 1, 0, 0).advanced(byMinutes: -1) == nil)
        #expect(time(2025, 2, 30).advanced(byMinutes: 1) == nil)
        #expect(time(0, 0, 0).advanced(byMinutes: 1) == nil)
    }

    /// Foundation's calendar is the other opinion.
    @Test func randomOffsetsAgreeWithFoundation() throws {
        var random = SeededRandom()
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        for _ in 0..<5_000 {
            let seconds = Double(Int.random(in: -10_000_000_000...200_000_000_000, using: &random))
            let minutes = Int.random(in: -32_768...32_768, using: &random)
            let start = fields(Date(timeIntervalSince1970: seconds), calendar)
            let end = fields(
                Date(timeIntervalSince1970: seconds + Double(60 * minutes)), calendar)
            guard start.isDate, start.advanced(byMinutes: minutes) == end else {
                Issue.record("\(start) + \(minutes) min, seed \(random.seed)")
                return
            }
        }
    }

    private func fields(_ date: Date, _ calendar: Calendar) -> DeviceTime {
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: date)
        return DeviceTime(
            year: UInt16(parts.year ?? 0), month: UInt8(parts.month ?? 0),
            day: UInt8(parts.day ?? 0), hour: UInt8(parts.hour ?? 0),
            minute: UInt8(parts.minute ?? 0), second: UInt8(parts.second ?? 0))
    }

    @Test func offsetOf17BitsIsAMistakeOfTheCaller() async {
        await #expect(processExitsWith: .failure) {
            let now = DeviceTime(year: 2025, month: 7, day: 15, hour: 0, minute: 0, second: 0)
            _ = now.advanced(byMinutes: 32_769)
        }
    }
}
