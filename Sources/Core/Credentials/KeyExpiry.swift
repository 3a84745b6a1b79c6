public import Time

/// When a key stops to work, on the clock that never steps: the one rule by which expiry is
/// judged.
///
/// A key says its end in wall time, and a board may not know the wall time. So:
///
/// - The provider's own clock counts where it is known (the `Date` of its answer): key and `Date`
///   come from the same place, and from then on the monotonic clock measures.
/// - Otherwise the wall clock of *now* counts, which may have been corrected since the key came.
///   It is certain only when something has set it.
/// - A key that would have ended before it came is not believed to have ended: it is more likely
///   that the clock is wrong. The service is the judge of that one, and of a key without an end.
///
/// Only a certain end keeps a key from being used. An uncertain one asks for the next key early.
public struct KeyExpiry: Equatable, Sendable {
    /// What is known of the end.
    public enum Judgement: Equatable, Sendable {
        /// It has none.
        case never
        /// At this monotonic time.
        case at(monotonicNanoseconds: Int64, isCertain: Bool)
        /// It has one, and no clock here says when that is.
        case unknown
    }

    /// Microseconds since 1970; nil for a key without an end.
    public let wallMicroseconds: Int64?
    /// Monotonic nanoseconds at which the key came.
    public let obtained: Int64
    /// The provider's clock then, microseconds since 1970.
    public let serverWallMicroseconds: Int64?

    public init(wallMicroseconds: Int64?, obtained: Int64, serverWallMicroseconds: Int64?) {
        self.wallMicroseconds = wallMicroseconds
        self.obtained = obtained
        self.serverWallMicroseconds = serverWallMicroseconds
    }

    /// `clock` says whether the wall time of `now` has been set by anything.
    public func judge(now: Moment, clock: ClockState) -> Judgement {
        guard let end = wallMicroseconds else { return .never }
        let time: Int64?
        if let server = serverWallMicroseconds {
            time = Self.later(obtained, from: server, to: end)
        } else {
            time = Self.later(now.monotonicNanoseconds, from: now.wallMicroseconds, to: end)
        }
        guard let time, time > obtained else { return .unknown }
        return .at(
            monotonicNanoseconds: time,
            isCertain: serverWallMicroseconds != nil || clock == .synced)
    }

    /// Whether the key has ended for certain.
    public func hasEnded(now: Moment, clock: ClockState) -> Bool {
        guard case .at(let end, isCertain: true) = judge(now: now, clock: clock) else {
            return false
        }
        return now.monotonicNanoseconds >= end
    }

    /// `time` moved on by what lies between two wall times; nil beyond 292 years.
    private static func later(_ time: Int64, from: Int64, to: Int64) -> Int64? {
        let (span, overflow) = to.subtractingReportingOverflow(from)
        let (nanoseconds, tooLong) = span.multipliedReportingOverflow(by: 1_000)
        let (result, tooLate) = time.addingReportingOverflow(nanoseconds)
        return overflow || tooLong || tooLate ? nil : result
    }
}
