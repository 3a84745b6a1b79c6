/// When an invocation has to be answered. Lambda ends a function that is later, and everything that
/// it had indexed comes again.
public struct Deadline: Equatable, Sendable {
    /// Milliseconds since 1970, from the header `Lambda-Runtime-Deadline-Ms`.
    public let milliseconds: Int64
    /// Kept for the answer itself.
    public static let answerMilliseconds: Int64 = 500
    /// Kept for the error stream, which is asked last.
    public static let errorsMilliseconds: Int64 = 1_000
    /// With less than this a request is not begun: a connection with TLS may have to be made.
    public static let requestMilliseconds: Int64 = 250

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Milliseconds that a request may take at `now` when `reserve` has to be left behind it, at
    /// most `limit`; nil: it is not begun any more.
    public func budget(
        now: Int64, reserveMilliseconds reserve: Int64, limitMilliseconds limit: Int64
    ) -> Int64? {
        let (left, overflow) = milliseconds.subtractingReportingOverflow(now)
        guard !overflow, left - reserve >= Self.requestMilliseconds else { return nil }
        return min(left - reserve, limit)
    }
}
