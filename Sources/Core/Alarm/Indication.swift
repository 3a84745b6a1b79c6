/// What a lamp says. One lamp may say all of it: no two look alike.
public enum LampPattern: UInt8, CaseIterable, Sendable {
    case dark
    case highAlarm, highPaused, mediumAlarm, mediumPaused, lowAlarm
    case allWell, noSensor, noValue, uplinkDown, ringTrouble, clockUnsynced, batteryLow

    /// Flash rates of alarm lamps after IEC 60601-1-8 table 2: high 1.4 to 2.8 Hz, medium 0.4 to
    /// 0.8 Hz, each on for 20 to 60 % of the time; low steady. An alarm that a person has
    /// acknowledged is on with a wink. The rest are short flashes to count, as the lamps of
    /// network devices have them.
    public var pattern: Pattern { Self.table[Int(rawValue)] }

    /// Made once: an alarm allocates nothing.
    private static let table = allCases.map { $0.makePattern() }

    private func makePattern() -> Pattern {
        switch self {
        case .dark: Pattern(steady: false)
        case .highAlarm: Pattern([250, 250])
        case .highPaused: Pattern([1_500, 125, 125, 125])
        case .mediumAlarm: Pattern([800, 800])
        case .mediumPaused: Pattern([1_750, 125])
        case .lowAlarm: Pattern(steady: true)
        case .allWell: Pattern([50, 3_950])
        case .noSensor: Self.flashes(2)
        case .noValue: Self.flashes(3)
        case .uplinkDown: Self.flashes(4)
        case .ringTrouble: Self.flashes(5)
        case .clockUnsynced: Self.flashes(6)
        case .batteryLow: Self.flashes(7)
        }
    }

    /// So many flashes and a pause: slow enough to count.
    private static func flashes(_ count: Int) -> Pattern {
        var steps: [UInt16] = []
        for _ in 0..<count { steps += [150, 250] }
        steps[steps.count - 1] = 1_500
        return Pattern(steps)
    }

    /// How it looks, in words.
    public var look: String {
        switch self {
        case .dark: "dark"
        case .highAlarm: "fast flashing, 2 a second"
        case .highPaused: "on, winking twice every 2 s"
        case .mediumAlarm: "slow flashing, one in 1.6 s"
        case .mediumPaused: "on, winking once every 2 s"
        case .lowAlarm: "steady on"
        case .allWell: "one blink every 4 s"
        case .noSensor: "2 flashes, pause"
        case .noValue: "3 flashes, pause"
        case .uplinkDown: "4 flashes, pause"
        case .ringTrouble: "5 flashes, pause"
        case .clockUnsynced: "6 flashes, pause"
        case .batteryLow: "7 flashes, pause"
        }
    }

    /// What it means, in words.
    public var meaning: String {
        switch self {
        case .dark: "alarm lamp: no alarm; status lamp: the gateway does not run"
        case .highAlarm: "heart rate beyond a limit: look at the person"
        case .highPaused: "the same, acknowledged: its sound pauses"
        case .mediumAlarm: "sensor lost or frozen, or records are being lost"
        case .mediumPaused: "the same, acknowledged"
        case .lowAlarm: "something technical can wait: the status lamp or the log says what"
        case .allWell: "the gateway runs, a sensor sends, nothing is wrong"
        case .noSensor: "no sensor, or one of them is lost"
        case .noValue: "a sensor is off the skin, or sends the same value without end"
        case .uplinkDown: "a sink is not reached; records wait in the ring"
        case .ringTrouble: "the ring is full or its card fails"
        case .clockUnsynced: "nothing has told the time"
        case .batteryLow: "a sensor's battery is low"
        }
    }
}

/// What a buzzer says.
public enum SoundPattern: UInt8, CaseIterable, Sendable {
    case silent, low, medium, high

    init(_ priority: AlarmPriority?) {
        self =
            switch priority {
            case nil: .silent
            case .low: .low
            case .medium: .medium
            case .high: .high
            }
    }

    /// Bursts after IEC 60601-1-8 tables 3 and 4: high ten pulses (three and two, and again) of
    /// 75 to 200 ms, 50 to 125 ms apart in a group, the next burst 2.5 to 15 s later; medium three
    /// of 125 to 250 ms, as far apart, 2.5 to 30 s between bursts; low one or two, more than 15 s
    /// between bursts.
    public var pattern: Pattern { Self.table[Int(rawValue)] }

    private static let table = allCases.map { $0.makePattern() }

    private func makePattern() -> Pattern {
        switch self {
        case .silent: Pattern(steady: false)
        case .high:
            Pattern([
                150, 100, 150, 100, 150, 350, 150, 100, 150, 700,
                150, 100, 150, 100, 150, 350, 150, 100, 150, 5_000,
            ])
        case .medium: Pattern([200, 200, 200, 200, 200, 10_000])
        case .low: Pattern([200, 200, 200, 20_000])
        }
    }

    /// The note of a buzzer that can play one (IEC 60601-1-8 table 4: a fundamental of 150 to
    /// 1,000 Hz, here with the harmonics that a square wave has).
    public var frequencyHertz: Int {
        switch self {
        case .silent: 0
        case .low: 440
        case .medium: 660
        case .high: 880
        }
    }

    public var look: String {
        switch self {
        case .silent: "silent"
        case .high: "10 pulses (3, 2, 3, 2), again after 5 s"
        case .medium: "3 pulses, again after 10 s"
        case .low: "2 pulses, again after 20 s"
        }
    }

    public var meaning: String {
        switch self {
        case .silent: "no alarm, or an acknowledged one: its pause is counted down"
        case .high: "high priority, until somebody acknowledges"
        case .medium: "medium priority, until it clears or somebody acknowledges"
        case .low: "low priority, until it clears or somebody acknowledges"
        }
    }
}

/// The tables that people read, made of the data that outputs play.
public enum PatternTable {
    /// Markdown.
    public static var text: String {
        var text = "| lamp | meaning |\n|---|---|\n"
        for lamp in LampPattern.allCases { text += "| \(lamp.look) | \(lamp.meaning) |\n" }
        text += "\n| buzzer | meaning |\n|---|---|\n"
        for sound in SoundPattern.allCases { text += "| \(sound.look) | \(sound.meaning) |\n" }
        return text
    }
}
