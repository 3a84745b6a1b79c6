/// One instant, on both clocks of a board.
///
/// The monotonic clock decides (delays, ages, back-off): it never steps. The wall clock names
/// (timestamps, signatures): it may be unknown on a board without an RTC, and may step.
public struct Moment: Equatable, Sendable {
    /// Nanoseconds since boot, suspended time included (CLOCK_BOOTTIME).
    public var monotonicNanoseconds: Int64
    /// Microseconds since 1970-01-01T00:00:00Z (CLOCK_REALTIME).
    public var wallMicroseconds: Int64

    public init(monotonicNanoseconds: Int64, wallMicroseconds: Int64) {
        self.monotonicNanoseconds = monotonicNanoseconds
        self.wallMicroseconds = wallMicroseconds
    }

    /// Both clocks moved on by `nanoseconds`.
    public func advanced(byNanoseconds nanoseconds: Int64) -> Moment {
        Moment(
            monotonicNanoseconds: monotonicNanoseconds + nanoseconds,
            wallMicroseconds: wallMicroseconds + nanoseconds / 1_000)
    }
}

/// What a record knows of the wall clock at its arrival.
public enum ClockState: UInt8, Sendable {
    /// The kernel says that nothing has set the clock: the date may be wrong by decades.
    case unsynced = 0
    /// NTP or an RTC disciplined by it has set the clock (adjtimex without STA_UNSYNC).
    case synced = 1
}
