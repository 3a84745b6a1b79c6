/// All that the live view shows, as plain values: whoever runs the gateway fills one a frame.
///
/// Times are whole seconds of the session that is shown, so that a recording played tenfold
/// shows its own times. Text from outside (names, reasons) may hold anything: what a terminal
/// would obey is never passed on.
public struct LiveStatus: Equatable, Sendable {
    /// What the gateway calls itself.
    public var device = ""
    /// The strap or watch.
    public var sensor = ""
    /// Where the values come from: a recording's name.
    public var recording = ""
    /// Seconds since the start of the session.
    public var elapsedSeconds: UInt64 = 0
    /// How fast a recording is played, such as `×10`; empty is not shown.
    public var speed = ""
    public var heartRate = LiveHeartRate.none
    public var contact = LiveContact.unknown
    /// The last interval between two beats, milliseconds; nil: the sensor sends none.
    public var intervalMilliseconds: UInt32?
    public var alarm = LiveAlarm()
    public var ring = LiveRing()
    /// In the order of the configuration.
    public var sinks: [LiveSink] = []
    /// From the arrival of a notification until the alarm is decided and acted on.
    public var alarmLatency: LiveLatency?
    /// From the arrival of a notification until its record is synced or acknowledged.
    public var durableLatency: LiveLatency?
    /// The chart's values; see `HeartRateHistory`.
    public var history = HeartRateHistory()
    /// What the reader can do, in the last line: `Ctrl-C ends`.
    public var hint = ""

    public init() {}
}

/// The heart rate now, or why there is none.
public enum LiveHeartRate: Equatable, Sendable {
    /// Nothing has arrived yet.
    case none
    case beatsPerMinute(UInt16)
    /// Nothing has arrived for so many seconds.
    case silent(seconds: UInt64)
    /// The sensor says that there is no skin under it.
    case offSkin
    /// The sensor sent a value that no heart has.
    case implausible(UInt16)
}

/// What the sensor says about its contact with the skin (0x2A37 flags, bits 1 and 2).
public enum LiveContact: Equatable, Sendable {
    /// The sensor has no contact detection.
    case unknown
    case detected
    case notDetected
}

/// The high heart rate alarm and its latest edges.
public struct LiveAlarm: Equatable, Sendable {
    /// Where the alarm stands.
    public enum State: Equatable, Sendable {
        case normal
        /// Above the limit; the alarm is raised in so many seconds if it stays there.
        case pending(secondsLeft: UInt64)
        /// Raised at this second of the session.
        case raised(sinceSeconds: UInt64)
    }

    /// A raise or a clear.
    public struct Edge: Equatable, Sendable {
        public var isRaise: Bool
        /// Second of the session.
        public var seconds: UInt64
        public var beatsPerMinute: UInt16

        public init(isRaise: Bool, seconds: UInt64, beatsPerMinute: UInt16) {
            self.isRaise = isRaise
            self.seconds = seconds
            self.beatsPerMinute = beatsPerMinute
        }
    }

    public var state = State.normal
    /// The condition begins strictly above this value.
    public var limitBeatsPerMinute: UInt16 = 150
    /// A raised alarm clears strictly below this value.
    public var clearBeatsPerMinute: UInt16 = 145
    /// Alarms raised in this session.
    public var count: UInt64 = 0
    /// The latest edges, oldest first; as many as fit are shown, so six are enough.
    public var edges: [Edge] = []

    public init() {}
}

/// The ring of records on this board.
public struct LiveRing: Equatable, Sendable {
    /// Records written in this session.
    public var stored: UInt64 = 0
    /// Records that the ring holds now, delivered ones not yet overwritten included.
    public var used: UInt64 = 0
    /// Records that fit; 0: not known.
    public var capacity: UInt64 = 0
    /// Records that a power cut would take now.
    public var unsynced: UInt64 = 0
    /// What the card does wrong, such as `No space left on device`; empty: nothing.
    public var trouble = ""

    public init() {}
}

/// One place where records go.
public struct LiveSink: Equatable, Sendable {
    /// Whether records go through.
    public enum State: Equatable, Sendable {
        case ok
        /// The last request failed; the next one goes out in so many seconds.
        case retrying(inSeconds: UInt64, reason: String)
        /// Given up until somebody acts.
        case failed(reason: String)
    }

    public var name = ""
    /// `kinesis`, `firehose`, `opensearch`, `file`.
    public var type = ""
    /// Records that the sink has acknowledged.
    public var delivered: UInt64 = 0
    /// Records that it has still to acknowledge.
    public var waiting: UInt64 = 0
    /// Records overwritten or refused before it had them.
    public var lost: UInt64 = 0
    /// Age of the oldest record that waits, seconds; nil: none waits.
    public var oldestWaitingSeconds: UInt64?
    public var state = State.ok

    public init(name: String, type: String) {
        self.name = name
        self.type = type
    }
}

/// Percentiles of a latency, microseconds.
public struct LiveLatency: Equatable, Sendable {
    public var p50Microseconds: UInt64
    public var p99Microseconds: UInt64
    public var maxMicroseconds: UInt64

    public init(p50Microseconds: UInt64, p99Microseconds: UInt64, maxMicroseconds: UInt64) {
        self.p50Microseconds = p50Microseconds
        self.p99Microseconds = p99Microseconds
        self.maxMicroseconds = maxMicroseconds
    }
}
