/// A date and time of day as a sensor's own clock has it: the Date Time characteristic 0x2A08
/// (GATT Specification Supplement, "Date Time").
///
/// ```
/// 2  year, 1582 to 9999; 0 not known
/// 1  month, 1 to 12; 0 not known
/// 1  day, 1 to 31; 0 not known
/// 3  hours, minutes, seconds
/// ```
///
/// It has no zone: it is the local time of wherever the sensor's clock was set, and only as right
/// as that clock. It says what the packet says; `isDate` tells whether that is a date.
public struct DeviceTime: Equatable, Sendable {
    public static let byteCount = 7

    public var year: UInt16
    public var month: UInt8
    public var day: UInt8
    public var hour: UInt8
    public var minute: UInt8
    public var second: UInt8

    public init(
        year: UInt16, month: UInt8, day: UInt8, hour: UInt8, minute: UInt8, second: UInt8
    ) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// All of it is known, and a calendar and a clock have it.
    public var isDate: Bool {
        year >= 1582 && year <= 9999 && month >= 1 && month <= 12 && day >= 1
            && day <= Self.days(inMonth: month, of: year) && hour < 24 && minute < 60
            && second < 60
    }

    /// The date so many minutes later (earlier, when negative), 32,768 at most: the time offset of
    /// a glucose meter. nil when this is no date, or the result is none.
    public func advanced(byMinutes minutes: Int) -> DeviceTime? {
        precondition(minutes.magnitude <= 32_768, "a time offset has 16 bits")
        guard isDate else { return nil }
        var time = self
        var rest = Int(hour) * 60 + Int(minute) + minutes
        // 32,768 minutes are 22.8 days.
        while rest < 0 {
            time.stepBack()
            rest += 1_440
        }
        while rest >= 1_440 {
            time.stepForward()
            rest -= 1_440
        }
        time.hour = UInt8(rest / 60)
        time.minute = UInt8(rest % 60)
        return time.isDate ? time : nil
    }

    private mutating func stepForward() {
        day += 1
        guard day > Self.days(inMonth: month, of: year) else { return }
        day = 1
        month += 1
        guard month > 12 else { return }
        month = 1
        year += 1
    }

    private mutating func stepBack() {
        day -= 1
        guard day == 0 else { return }
        month -= 1
        if month == 0 {
            month = 12
            year -= 1
        }
        day = Self.days(inMonth: month, of: year)
    }

    private static func days(inMonth month: UInt8, of year: UInt16) -> UInt8 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
