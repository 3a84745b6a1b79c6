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
    /// The low alarm's condition begins strictly below this value; nil for no such alarm, because
    /// an athlete at rest would raise it all night.
    public var lowBeatsPerMinute: UInt16?
    /// A raised low alarm clears strictly above this value.
    public var lowClearBeatsPerMinute: UInt16

    public init(
        highBeatsPerMinute: UInt16 = 150, clearBeatsPerMinute: UInt16 = 145,
        onsetDelayNanoseconds: Int64 = 3_000_000_000,
        silenceNanoseconds: Int64 = 10_000_000_000,
        lowBeatsPerMinute: UInt16? = nil, lowClearBeatsPerMinute: UInt16? = nil
    ) {
        precondition(clearBeatsPerMinute <= highBeatsPerMinute, "an alarm clears below its limit")
        self.lowBeatsPerMinute = lowBeatsPerMinute
        self.lowClearBeatsPerMinute = lowClearBeatsPerMinute ?? (lowBeatsPerMinute ?? 0) + 5
        precondition(
            self.lowClearBeatsPerMinute >= lowBeatsPerMinute ?? 0,
            "a low alarm clears above its limit")
        self.highBeatsPerMinute = highBeatsPerMinute
        self.clearBeatsPerMinute = clearBeatsPerMinute
        self.onsetDelayNanoseconds = onsetDelayNanoseconds
        self.silenceNanoseconds = silenceNanoseconds
    }
}

/// Where a heart rate stands to the limits of the high alarm, without its delays: what one record
/// can know that has no other beside it.
public enum AlarmZone: Sendable {
    /// Below the limit at which a raised alarm clears.
    case normal
    /// From there up to the limit: a raised alarm stays, and none begins.
    case clearing
    /// Above the limit.
    case high
}

extension RateLimits {
    /// The condition of the high alarm: strictly above its limit.
    @_noAllocation
    func isHigh(_ beatsPerMinute: UInt16) -> Bool { beatsPerMinute > highBeatsPerMinute }

    /// A raised high alarm clears: strictly below.
    @_noAllocation
    func isBackFromHigh(_ beatsPerMinute: UInt16) -> Bool { beatsPerMinute < clearBeatsPerMinute }

    /// By the same two comparisons as the alarm's.
    public func zone(of beatsPerMinute: UInt16) -> AlarmZone {
        if isHigh(beatsPerMinute) { return .high }
        return isBackFromHigh(beatsPerMinute) ? .normal : .clearing
    }
}

/// Which limit a heart rate alarm watches.
public enum RateSide: Sendable { case high, low }

/// The heart rate alarm of one sensor on one side: a state machine over measurements and their
/// times. On the low side `<` and `>` change places.
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
    public let side: RateSide
    private var state = State.normal
    private var lastMeasurement: Int64?

    public init(limits: RateLimits, side: RateSide = .high) {
        self.limits = limits
        self.side = side
    }

    /// The limit that is watched; 0 where there is none.
    public var limitBeatsPerMinute: UInt16 {
        side == .high ? limits.highBeatsPerMinute : limits.lowBeatsPerMinute ?? 0
    }

    @_noAllocation
    private func isBeyond(_ value: UInt16) -> Bool {
        switch side {
        case .high: limits.isHigh(value)
        case .low: value < limits.lowBeatsPerMinute ?? 0
        }
    }

    @_noAllocation
    private func isBack(_ value: UInt16) -> Bool {
        switch side {
        case .high: limits.isBackFromHigh(value)
        case .low: value > limits.lowClearBeatsPerMinute
        }
    }

    /// What comes is no heart rate (off skin, frozen): a condition that waited for its onset has
    /// not been seen to hold. A raised alarm stays.
    public mutating func interrupt() { if isPending { state = .normal } }

    /// A person has taken over what no value can clear any more.
    public mutating func reset() { state = .normal }

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
            guard isBeyond(beatsPerMinute) else { return nil }
            return begin(at: time)
        case .pending(let since):
            guard isBeyond(beatsPerMinute) else {
                state = .normal
                return nil
            }
            if let last = lastMeasurement, time - last > limits.silenceNanoseconds {
                return begin(at: time)
            }
            return raiseIfDue(since: since, at: time)
        case .raised:
            guard isBack(beatsPerMinute) else { return nil }
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
