/// When a heart rate is an alarm condition, for one sensor.
public struct RateLimits: Equatable, Sendable {
    /// The condition begins strictly above this value (default 150 beats per minute).
    public var highBeatsPerMinute: UInt16
    /// A raised alarm clears strictly below this value, so that a heart rate which dances on
    /// the limit does not chatter (default 145).
    public var clearBeatsPerMinute: UInt16
    /// How long the condition must hold before the alarm is raised (default 3 s).
    public var onsetDelayNanoseconds: Int64
    /// A silence longer than this ends a condition that was still waiting for its onset: what
    /// was not seen is not assumed (default 10 s, a few notification intervals).
    public var silenceNanoseconds: Int64

    public init(
        highBeatsPerMinute: UInt16 = 150, clearBeatsPerMinute: UInt16 = 145,
        onsetDelayNanoseconds: Int64 = 3_000_000_000,
        silenceNanoseconds: Int64 = 10_000_000_000
    ) {
        precondition(clearBeatsPerMinute <= highBeatsPerMinute, "an alarm clears below its limit")
        self.highBeatsPerMinute = highBeatsPerMinute
        self.clearBeatsPerMinute = clearBeatsPerMinute
        self.onsetDelayNanoseconds = onsetDelayNanoseconds
        self.silenceNanoseconds = silenceNanoseconds
    }
}

/// What a measurement changed.
public enum AlarmEdge: Equatable, Sendable { case raise, clear }

/// The high heart rate alarm of one sensor: a state machine over measurements and their times.
///
/// ```
///            > high                    held for the onset delay
///  normal ──────────▶ pending(since) ──────────────────────────▶ raised ── < clear ──▶ normal
///     ▲                    │ not > high, or silence
///     └────────────────────┘
/// ```
///
/// Only measurements move it: a raised alarm is not cleared by silence, and a pending one is not
/// raised by it.
public struct RateAlarm: Sendable {
    private enum State: Equatable {
        case normal
        case pending(since: Int64)
        case raised(since: Int64)
    }

    public let limits: RateLimits
    private var state = State.normal
    private var lastMeasurement: Int64?

    public init(limits: RateLimits) {
        self.limits = limits
    }

    public var isRaised: Bool { raisedSince != nil }

    /// A condition is seen and waits for its onset delay.
    public var isPending: Bool { pendingSince != nil }

    /// When the alarm was raised (monotonic nanoseconds); nil when it is not.
    public var raisedSince: Int64? {
        if case .raised(let since) = state { since } else { nil }
    }

    /// Since when a condition is seen that waits for its onset delay; nil when there is none.
    public var pendingSince: Int64? {
        if case .pending(let since) = state { since } else { nil }
    }

    /// Judges a heart rate that arrived at `time` (monotonic nanoseconds). Answers the edge, if
    /// there is one.
    @_noAllocation
    public mutating func judge(beatsPerMinute: UInt16, at time: Int64) -> AlarmEdge? {
        defer { lastMeasurement = time }
        switch state {
        case .normal:
            guard beatsPerMinute > limits.highBeatsPerMinute else { return nil }
            return begin(at: time)
        case .pending(let since):
            guard beatsPerMinute > limits.highBeatsPerMinute else {
                state = .normal
                return nil
            }
            if let last = lastMeasurement, time - last > limits.silenceNanoseconds {
                return begin(at: time)
            }
            return raiseIfDue(since: since, at: time)
        case .raised:
            guard beatsPerMinute < limits.clearBeatsPerMinute else { return nil }
            state = .normal
            return .clear
        }
    }

    @_noAllocation
    private mutating func begin(at time: Int64) -> AlarmEdge? {
        state = .pending(since: time)
        return raiseIfDue(since: time, at: time)
    }

    @_noAllocation
    private mutating func raiseIfDue(since: Int64, at time: Int64) -> AlarmEdge? {
        guard time - since >= limits.onsetDelayNanoseconds else { return nil }
        state = .raised(since: time)
        return .raise
    }
}
