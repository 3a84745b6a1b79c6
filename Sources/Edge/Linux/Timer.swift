internal import CLinux
internal import Glibc

/// A descriptor that becomes readable at a set time (timerfd on CLOCK_BOOTTIME, the clock of
/// `Moment.monotonicNanoseconds`).
public struct Timer: ~Copyable {
    private let descriptor: FileDescriptor

    public init() throws(SystemError) {
        descriptor = FileDescriptor(
            owning: try retrying("timerfd_create", "timer") {
                timerfd_create(CLOCK_BOOTTIME, Int32(TFD_NONBLOCK | TFD_CLOEXEC))
            })
    }

    public var number: Int32 { descriptor.number }

    /// Sets the time in monotonic nanoseconds; nil stops the timer. A time that has passed
    /// fires at once.
    public func set(_ time: Int64?) {
        var value = itimerspec()
        // All zeros would stop the timer, so a time that has passed is at least 1 ns.
        let due = time.map { max(1, $0) } ?? 0
        value.it_value.tv_sec = time_t(due / 1_000_000_000)
        value.it_value.tv_nsec = Int(due % 1_000_000_000)
        let result = unsafe timerfd_settime(
            descriptor.number, Int32(TFD_TIMER_ABSTIME), &value, nil)
        precondition(result == 0, "a timer takes any time from 1 ns on")
    }

    /// Takes note that the timer has fired.
    public func clear() {
        var expirations: UInt64 = 0
        _ = unsafe read(descriptor.number, &expirations, 8)
    }
}

/// A descriptor with which one thread wakes another (eventfd).
public struct Wakeup: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    public init() throws(SystemError) {
        descriptor = FileDescriptor(
            owning: try retrying("eventfd", "wake-up") {
                eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
            })
    }

    public var number: Int32 { descriptor.number }

    /// Makes the descriptor readable.
    public func signal() {
        var one: UInt64 = 1
        _ = unsafe write(descriptor.number, &one, 8)
    }

    /// Takes note of all signals so far.
    public func clear() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor.number, &count, 8)
    }
}
