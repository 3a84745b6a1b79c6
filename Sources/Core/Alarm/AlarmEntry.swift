/// One alarm that there may be: a condition of one sensor, of one sink or of the gateway.
public struct AlarmEntry: Sendable {
    /// What is heard of it.
    public enum Sound: Equatable, Sendable {
        case silent
        /// Until somebody acknowledges it, or it clears where that is enough.
        case sounding(since: Int64)
        /// Its condition has passed: the burst that was begun is played to its end.
        case finishing(until: Int64)
        /// A person has heard it, or one as urgent.
        case paused(until: Int64)
    }

    public let condition: AlarmCondition
    public let source: AlarmSource
    /// The condition is there, since this monotonic time.
    public internal(set) var presentSince: Int64?
    /// The alarm is raised, since this monotonic time: its lamp is on.
    public internal(set) var raisedSince: Int64?
    public internal(set) var sound = Sound.silent
    /// The heart rate that raised it; 0 for a technical alarm.
    public internal(set) var beatsPerMinute: UInt16 = 0

    public var isRaised: Bool { raisedSince != nil }

    /// When its pause ends (monotonic nanoseconds); nil when none runs, `Int64.max` when only the
    /// end of the condition ends it.
    public var pausedUntil: Int64? {
        if case .paused(let until) = sound { until } else { nil }
    }

    /// It has its part in what the buzzer plays.
    public var isAudible: Bool {
        switch sound {
        case .sounding, .finishing: true
        case .silent, .paused: false
        }
    }
}

/// What has happened to an alarm.
public struct AlarmChange: Equatable, Sendable {
    public let condition: AlarmCondition
    public let source: AlarmSource
    public let edge: AlarmEdge
    public let beatsPerMinute: UInt16

    public init(
        condition: AlarmCondition, source: AlarmSource, edge: AlarmEdge, beatsPerMinute: UInt16
    ) {
        self.condition = condition
        self.source = source
        self.edge = edge
        self.beatsPerMinute = beatsPerMinute
    }
}

/// What all alarms of a gateway have in common.
public struct AlarmManners: Equatable, Sendable {
    /// How long acknowledging pauses the sound (default 2 min).
    public var pauseNanoseconds: Int64
    /// A sensor that sent values and has been silent for so long is lost (default 10 s).
    public var sensorLostNanoseconds: Int64

    public init(
        pauseNanoseconds: Int64 = 120_000_000_000, sensorLostNanoseconds: Int64 = 10_000_000_000
    ) {
        self.pauseNanoseconds = pauseNanoseconds
        self.sensorLostNanoseconds = sensorLostNanoseconds
    }
}
