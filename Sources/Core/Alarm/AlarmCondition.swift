/// How urgent an alarm is, after IEC 60601-1-8 section 6.1.2. The raw value is its number on disk.
public enum AlarmPriority: UInt8, BitwiseCopyable, CaseIterable, Comparable, Sendable {
    case low = 1
    case medium = 2
    case high = 3

    public static func < (one: AlarmPriority, other: AlarmPriority) -> Bool {
        one.rawValue < other.rawValue
    }
}

/// What may be wrong. The raw value is its number on disk.
public enum AlarmCondition: UInt8, BitwiseCopyable, CaseIterable, Equatable, Sendable {
    case highRate = 1
    case lowRate = 2
    /// A sensor that sent values does not any more.
    case sensorLost = 3
    case offSkin = 4
    /// The same value without end.
    case frozen = 5
    case batteryLow = 6
    /// The ring gives up or refuses records that a sink still wants.
    case ringFull = 7
    /// The card does not do its work.
    case ringFailing = 8
    /// Nobody knows the time.
    case clockUnsynced = 9
    /// A sink is not reached, or does not take what it is sent.
    case uplinkDown = 10
    /// Lamp and buzzer are tried: by a person, or at the start.
    case test = 11
}

/// What an alarm is about.
public enum AlarmSource: BitwiseCopyable, Equatable, Sendable {
    case sensor(Int)
    case sink(Int)
    case gateway
}

/// What happened to an alarm. The raw value is its number on disk.
public enum AlarmEdge: UInt8, BitwiseCopyable, CaseIterable, Equatable, Sendable {
    case raise = 1
    case clear = 2
    /// A person has heard it: its sound pauses or ends.
    case acknowledge = 3
    /// The pause, its own or that of a more urgent one, is over and the condition is still there.
    case resound = 4
}

/// How an alarm of one condition behaves.
public struct AlarmRule: Equatable, Sendable {
    /// What becomes of its sound when a person acknowledges it.
    public enum Pause: Equatable, Sendable {
        /// Silent for the pause, then it sounds again.
        case forTheTime
        /// Silent until it clears: nobody who has heard it once needs to hear it again.
        case untilClear
    }

    public let priority: AlarmPriority
    /// How long the condition must last before the alarm is raised. The heart rate's own delay
    /// and that of a lost sensor are settings.
    public let onsetNanoseconds: Int64
    /// It sounds until it is acknowledged, even when its condition has passed.
    public let latches: Bool
    public let pause: Pause
    /// It sounds whatever is paused: the pause was given by someone who did not know of it.
    public let breaksPauses: Bool
}

extension AlarmCondition {
    private static let second: Int64 = 1_000_000_000

    /// The table. A person's heart rate is never less than a technical fault; what loses records
    /// or a sensor wants a person soon; the rest can wait until somebody comes by.
    ///
    /// A card that stalls for seconds, a network that comes back by itself and a clock that NTP
    /// sets a minute after the start are no alarms: hence the delays.
    public var rule: AlarmRule {
        switch self {
        case .highRate, .lowRate:
            AlarmRule(
                priority: .high, onsetNanoseconds: 0, latches: true, pause: .forTheTime,
                breaksPauses: true)
        case .sensorLost:
            AlarmRule(
                priority: .medium, onsetNanoseconds: 0, latches: false, pause: .untilClear,
                breaksPauses: false)
        case .frozen:
            AlarmRule(
                priority: .medium, onsetNanoseconds: 0, latches: false, pause: .forTheTime,
                breaksPauses: false)
        case .ringFull:
            AlarmRule(
                priority: .medium, onsetNanoseconds: 0, latches: false, pause: .untilClear,
                breaksPauses: false)
        case .offSkin: Self.low(after: 5)
        case .batteryLow: Self.low(after: 0)
        case .ringFailing: Self.low(after: 5)
        case .uplinkDown: Self.low(after: 60)
        case .clockUnsynced: Self.low(after: 300)
        case .test:
            AlarmRule(
                priority: .high, onsetNanoseconds: 0, latches: false, pause: .untilClear,
                breaksPauses: true)
        }
    }

    private static func low(after seconds: Int64) -> AlarmRule {
        AlarmRule(
            priority: .low, onsetNanoseconds: seconds * second, latches: false,
            pause: .untilClear, breaksPauses: false)
    }

    /// A heart rate beyond a limit; the others are technical.
    public var isRate: Bool { self == .highRate || self == .lowRate }

    /// Those that each sensor has: their raw values are their places.
    static let perSensor = 6
    static let ofSensor: [AlarmCondition] = [
        .highRate, .lowRate, .sensorLost, .offSkin, .frozen, .batteryLow,
    ]
    /// Those that the gateway has once.
    static let ofGateway: [AlarmCondition] = [.ringFull, .ringFailing, .clockUnsynced, .test]

    /// Its name in records and commands.
    public var word: StaticString {
        switch self {
        case .highRate: "high_heart_rate"
        case .lowRate: "low_heart_rate"
        case .sensorLost: "sensor_lost"
        case .offSkin: "off_skin"
        case .frozen: "frozen"
        case .batteryLow: "battery_low"
        case .ringFull: "ring_full"
        case .ringFailing: "ring_failing"
        case .clockUnsynced: "clock_unsynced"
        case .uplinkDown: "uplink_down"
        case .test: "test"
        }
    }
}

extension AlarmPriority {
    public var word: StaticString {
        switch self {
        case .low: "low"
        case .medium: "medium"
        case .high: "high"
        }
    }
}

extension AlarmEdge {
    public var word: StaticString {
        switch self {
        case .raise: "raised"
        case .clear: "cleared"
        case .acknowledge: "acknowledged"
        case .resound: "sounds_again"
        }
    }
}
