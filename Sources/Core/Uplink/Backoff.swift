/// How long to wait before a sink is tried again: capped exponential back-off with full jitter
/// (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). Full jitter,
/// because a hundred gateways that lost the same access point come back at the same moment.
public struct Backoff: Equatable, Sendable {
    /// The first wait lies between 0 and this.
    public let baseNanoseconds: Int64
    /// No wait is longer than this, unless the service itself asks for more.
    public let capNanoseconds: Int64
    /// Failures since the last success.
    public private(set) var failures = 0

    public init(baseNanoseconds: Int64 = 500_000_000, capNanoseconds: Int64 = 60_000_000_000) {
        precondition(baseNanoseconds > 0 && capNanoseconds >= baseNanoseconds, "a wait is positive")
        self.baseNanoseconds = baseNanoseconds
        self.capNanoseconds = capNanoseconds
    }

    public mutating func succeed() { failures = 0 }

    /// Counts a failure; answers the wait in nanoseconds. `atLeast` is what the service asked
    /// for (Retry-After).
    public mutating func fail(atLeast: Int64 = 0, random: inout RandomSource) -> Int64 {
        // 2^20 x the base is beyond every cap: the shift must not run over.
        let doublings = min(failures, 20)
        failures += 1
        let (product, overflow) = baseNanoseconds.multipliedReportingOverflow(by: 1 << doublings)
        let ceiling = overflow ? capNanoseconds : min(capNanoseconds, product)
        return max(atLeast, Int64.random(in: 0...ceiling, using: &random))
    }
}
