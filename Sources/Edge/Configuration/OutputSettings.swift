/// What all alarms have in common: `[alarm]`.
public struct AlarmManners: Equatable, Sendable {
    public var pauseNanoseconds: Int64 = 120_000_000_000
    public var sensorLostNanoseconds: Int64 = 10_000_000_000
    public var testsAtStart = true
}

/// One `[output NAME]`: a lamp or a buzzer.
public struct OutputSettings: Equatable, Sendable {
    /// The key `type`.
    public enum Kind: String, CaseIterable, Sendable { case gpio, led, pwm, bell, file }

    /// The key `shows`.
    public enum Shows: String, CaseIterable, Sendable { case alarm, status, both, sound }

    /// The kind with what it needs.
    public enum Target: Equatable, Sendable {
        case gpio(chip: String, line: String, isActiveLow: Bool, drive: String)
        case led(name: String)
        case pwm(place: String)
        case bell(path: String)
        case file(path: String)
    }

    public var name: String
    public var shows: Shows
    public var target: Target
}

/// `[button]`.
public struct ButtonSettings: Equatable, Sendable {
    public var chip: String
    public var line: String
    public var isActiveLow: Bool
    public var bias: String
    public var debounceNanoseconds: Int64
}
