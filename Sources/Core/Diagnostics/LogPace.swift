/// How many log lines may be written: a burst, and then a steady rate. What is left out is counted,
/// so that a flood costs a card nothing and is still seen.
public struct LogPace: Sendable {
    /// Lines that may come at once after a quiet time.
    private let burst: Int64
    /// Lines a second after that.
    private let rate: Int64
    /// Room left, in billionths of a line.
    private var credit: Int64
    private var last: Int64?
    /// Lines left out since `takeSuppressed`.
    private var suppressed: UInt64 = 0

    private static let line: Int64 = 1_000_000_000

    public init(burst: Int64, rate: Int64) {
        precondition(burst > 0 && burst <= 1_000_000, "a burst of lines fits into the count")
        precondition(rate > 0 && rate <= 1_000_000, "some line is written at some time")
        self.burst = burst
        self.rate = rate
        credit = burst * Self.line
    }

    /// Whether a line may be written at this time (monotonic nanoseconds).
    public mutating func admits(now: Int64) -> Bool {
        // A pause longer than a burst needs fills the credit; the product stays far below 2^63.
        let elapsed = min(max(0, now - (last ?? now)), (burst / rate + 1) * Self.line)
        last = now
        credit = min(burst * Self.line, credit + elapsed * rate)
        guard credit >= Self.line else {
            suppressed += 1
            return false
        }
        credit -= Self.line
        return true
    }

    /// How many lines were left out since it was asked last.
    public mutating func takeSuppressed() -> UInt64 {
        defer { suppressed = 0 }
        return suppressed
    }
}
