import Linux
import Time

/// Whether the wall clock has been set, asked of the kernel once a second at most: the answer
/// changes once a boot, and the question costs as much as the rest of a measurement.
struct ClockWatch {
    private static let intervalNanoseconds: Int64 = 1_000_000_000

    private var last = ClockState.unsynced
    /// Monotonic nanoseconds.
    private var askAgain = Int64.min

    mutating func state(at now: Int64) -> ClockState {
        if now >= askAgain {
            last = Clock.state()
            askAgain = now + Self.intervalNanoseconds
        }
        return last
    }
}
