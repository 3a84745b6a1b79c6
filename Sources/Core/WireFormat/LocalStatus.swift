public import Alarm
public import Time
public import Vitals

/// What the gateway says of itself to a page, a script or a dashboard: `GET /api/status`, as plain
/// values. One is kept and filled anew each time, so that a second's status takes no memory.
public struct LocalStatus: Equatable, Sendable {
    public var version = ""
    public var device = ""
    /// Microseconds since 1970.
    public var wallMicroseconds: Int64 = 0
    public var clock = ClockState.unsynced
    public var uptimeSeconds: UInt64 = 0
    /// Sinks rest because somebody has said so.
    public var isSafe = false
    public var sensors: [SensorNow] = []
    /// Those that are raised or still sound.
    public var alarms: [AlarmNow] = []
    /// What the buzzer plays: the priority of what sounds.
    public var sound: AlarmPriority?
    /// Until a sound that was paused comes again.
    public var pauseSeconds: Int64?
    public var ring = RingNow()
    public var sinks: [SinkNow] = []
    public var counters = Tally()

    public init() {}

    /// One sensor.
    public struct SensorNow: Equatable, Sendable {
        public var name: String
        public var state: SensorWord
        /// Beats per minute; nil when there is none that may be shown as the heart rate of now.
        public var heartRate: UInt16?
        /// Since the last notification; nil before the first.
        public var ageMilliseconds: UInt64?
        /// Too old to be shown as current.
        public var isStale = true
        /// nil: it has said nothing yet.
        public var contact: SensorContact?
        public var intervals = RRIntervals()
        public var batteryPercent: UInt8?
        public var rssiDecibelMilliwatts: Int16?
        public var highBeatsPerMinute: UInt16?
        public var lowBeatsPerMinute: UInt16?
        /// The highest that is raised for it.
        public var alarm: AlarmPriority?

        public init(name: String, state: SensorWord) {
            self.name = name
            self.state = state
        }
    }

    /// How the way to a sensor is, in the API's words.
    public enum SensorWord: CaseIterable, Sendable {
        case disabled, absent, discovering, connecting, resolving, subscribing, streaming
        case silent, recovering, offSkin, frozen, stale

        var word: StaticString {
            switch self {
            case .disabled: "disabled"
            case .absent: "absent"
            case .discovering: "discovering"
            case .connecting: "connecting"
            case .resolving: "resolving"
            case .subscribing: "subscribing"
            case .streaming: "streaming"
            case .silent: "silent"
            case .recovering: "recovering"
            case .offSkin: "off_skin"
            case .frozen: "frozen"
            case .stale: "stale"
            }
        }
    }

    /// One alarm.
    public struct AlarmNow: Equatable, Sendable {
        public var condition: AlarmCondition
        /// What it is about, by name; both nil for the gateway itself.
        public var sensor: String?
        public var sink: String?
        public var isRaised = true
        public var isSounding = false
        /// When it was raised, microseconds since 1970; nil when it is not.
        public var sinceMicroseconds: Int64?
        /// For people.
        public var text = ""

        public init(_ condition: AlarmCondition) { self.condition = condition }
    }

    /// The ring on the card.
    public struct RingNow: Equatable, Sendable {
        public var slots: UInt64 = 0
        public var records: UInt64 = 0
        /// Not on the card yet.
        public var inMemory: UInt64 = 0
        /// Time of the oldest record, microseconds since 1970; nil where nobody has read it.
        public var oldestMicroseconds: Int64?
        /// What the card does wrong.
        public var trouble: String?

        public init() {}
    }

    /// One sink.
    public struct SinkNow: Equatable, Sendable {
        /// What it does now: nothing, a request, wait to try again, or rest as told.
        public enum State: CaseIterable, Sendable { case idle, sending, waiting, rests }

        public var name: String
        public var state: State
        public var delivered: UInt64 = 0
        public var waiting: UInt64 = 0
        public var lost: UInt64 = 0
        public var oldestUnsentMilliseconds: UInt64?
        /// Why the service refuses.
        public var refusal: String?

        public init(name: String, state: State) {
            self.name = name
            self.state = state
        }
    }

    /// Notifications of this run by what became of them.
    public struct Tally: Equatable, Sendable {
        public var notifications: UInt64 = 0
        public var recorded: UInt64 = 0
        public var malformed: UInt64 = 0
        public var offSkin: UInt64 = 0
        public var implausible: UInt64 = 0

        public init() {}
    }
}

extension LocalStatus.SinkNow.State {
    var word: StaticString {
        switch self {
        case .idle: "idle"
        case .sending: "sending"
        case .waiting: "waiting"
        case .rests: "rests"
        }
    }
}
