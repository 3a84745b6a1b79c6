/// How much may be posted: so many a second, and a while's worth at once after a pause. The time is
/// an argument.
public struct TokenBucket: Equatable, Sendable {
    private static let second: Int64 = 1_000_000_000

    private let perSecond: Int64
    /// What it holds at most.
    public let burst: Int64
    /// Tokens times nanoseconds, so that nothing is rounded away.
    private var level: Int64
    private var filledAt: Int64?

    /// Full at first.
    public init(perSecond: Int, burst: Int) {
        precondition(perSecond > 0 && perSecond <= 1_000_000, "a rate is 1 to 1,000,000 a second")
        precondition(burst > 0 && burst <= 1_000_000, "a burst is 1 to 1,000,000")
        self.perSecond = Int64(perSecond)
        self.burst = Int64(burst)
        level = Int64(burst) * Self.second
    }

    /// Takes `count` tokens, at most a burst. Answers 0, or the nanoseconds after which they will
    /// be there; then nothing is taken.
    public mutating func take(_ count: Int, now: Int64) -> Int64 {
        precondition(count >= 0 && count <= burst, "at most a burst is taken at a time")
        let full = burst * Self.second
        let passed = max(0, now - (filledAt ?? now))
        // More than this fills it in any case, and is not to overflow.
        let counted = min(passed, full / perSecond + 1)
        level = min(full, level + counted * perSecond)
        filledAt = now
        let cost = Int64(count) * Self.second
        guard level < cost else {
            level -= cost
            return 0
        }
        return (cost - level + perSecond - 1) / perSecond
    }
}
