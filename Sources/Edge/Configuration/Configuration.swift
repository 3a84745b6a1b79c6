public import Credentials

/// What `pulsegate run` is to do: every setting with its value, checked, defaults filled in.
///
/// The meaning, unit and range of each setting stand in `Key.all`; here are their types.
public struct Configuration: Equatable, Sendable {
    public var deviceID: String
    /// The directory of the ring and of file sinks; not looked at yet.
    public var dataDirectory: String
    /// The directory of the control socket, where it is set.
    public var runtimeDirectory: String?
    public var logLevel: LogLevel
    public var statusIntervalNanoseconds: Int64
    /// What the process may take.
    public var memoryBytes = 64 << 20
    /// What the console asks for before it changes anything.
    public var pin: String?
    /// Nanoseconds that each stage may take.
    public var watchdog = WatchdogSettings()
    public var input: InputSettings
    public var bluetooth: BluetoothSettings
    /// The sensors that are named, in the order of their first headings.
    public var sensors: [SensorSettings]
    public var alarm: AlarmSettings
    /// What all alarms have in common.
    public var manners = AlarmManners()
    /// Lamps and buzzers, in the order of their first headings.
    public var outputs: [OutputSettings] = []
    /// The button that acknowledges.
    public var button: ButtonSettings?
    public var ring: RingSettings
    /// The server of the LAN, where there is one.
    public var http: HTTPSettings?
    /// 1 to 8, in the order of their first headings; names differ. At least one takes records and
    /// one takes errors.
    public var sinks: [SinkSettings]

    /// The sink that takes errors when no other does.
    public static let errorSinkName = "error_message"
    /// The sink that takes posted forms when no other does.
    public static let patientSinkName = "patient_stats"
    /// Sinks that a configuration may have.
    public static let sinkLimit = 8
    /// Sensors that there may be: two rooms full of straps, and room for devices that are none.
    public static let sensorLimit = 56
    /// Lamps and buzzers that a configuration may have.
    public static let outputLimit = 8

    /// The gateway has settings of sensors too.
    public typealias Sensor = SensorSettings
    /// The gateway has settings of sinks too.
    public typealias Sink = SinkSettings
}

/// How long the stages of the pipeline may take: `[watchdog]`, in nanoseconds.
public struct WatchdogSettings: Equatable, Sendable {
    public var loop: Int64 = 5_000_000_000
    public var bus: Int64 = 60_000_000_000
    public var ring: Int64 = 300_000_000_000
    public var alarm: Int64 = 5_000_000_000
    public var uplink: Int64 = 900_000_000_000

    public init() {}
}

/// Which messages are written, from few to many; each level includes those before it.
public enum LogLevel: String, CaseIterable, Sendable { case error, warning, notice, info, debug }

/// Where measurements come from: `[input]`.
public struct InputSettings: Equatable, Sendable {
    /// What is read: the key `type`.
    public enum Source: Equatable, Sendable {
        /// A file of recorded notifications; `loops` begins it again at its end.
        case recording(path: String, loops: Bool)
        case standardInput
        /// Sensors in range.
        case bluetooth
    }

    /// How fast time passes in the input.
    public enum Speed: Equatable, Sendable {
        /// 1 is real time.
        case times(Double)
        /// As fast as the gateway takes it.
        case maximum
    }

    /// What `run` does when the input has ended: the key `at_end`.
    public enum AtEnd: String, CaseIterable, Sendable { case exit, stay }

    public var source: Source
    public var speed: Speed
    /// 1 to 23 bytes.
    public var sensor: String
    public var atEnd: AtEnd
    public var drainTimeoutNanoseconds: Int64
    /// `FILE:LINE: [input] recording = PATH`: what turns out to be wrong with it is said there.
    public var recordingPlace: String?
}

/// The radio and what is done when it fails: `[bluetooth]`.
public struct BluetoothSettings: Equatable, Sendable {
    /// `hci0` is 0; nil: the first that there is.
    public var adapter: UInt8?
    /// Sensors that are taken although no section names them.
    public var anyLimit: Int
    /// dBm.
    public var rssiLimit: Int16?
    public var silenceNanoseconds: Int64
    /// 0: never.
    public var frozenNanoseconds: Int64
    /// Whatever took the adapter's power.
    public var switchesOn: Bool
    public var restartsDaemon: Bool
    public var resetsRadio: Bool
}

/// One `[sensor NAME]`: which device it is, and its limits.
public struct SensorSettings: Equatable, Sendable {
    /// What the device must offer.
    public enum Service: String, CaseIterable, Sendable {
        case heartRate = "heart_rate"
        case bloodPressure = "blood_pressure"
        case thermometer
        case pulseOximeter = "pulse_oximeter"
        case glucose
    }

    public var name: String
    /// 48 bits: `C0:00:00:00:00:01` is 0xC000_0000_0001.
    public var address: UInt64?
    /// The device's name, with `*` for any characters.
    public var pattern: String?
    public var service: Service
    /// dBm.
    public var rssiLimit: Int16?
    public var alarm: AlarmSettings
}

/// The heart rate alarms: `[alarm]`. `clearBeatsPerMinute <= highBeatsPerMinute`, and
/// `lowClearBeatsPerMinute >= lowBeatsPerMinute`.
public struct AlarmSettings: Equatable, Sendable {
    public var highBeatsPerMinute: UInt16
    public var clearBeatsPerMinute: UInt16
    /// nil: no low alarm.
    public var lowBeatsPerMinute: UInt16?
    public var lowClearBeatsPerMinute: UInt16 = 0
    public var onsetDelayNanoseconds: Int64
}

/// The ring file: `[ring]`.
public struct RingSettings: Equatable, Sendable {
    /// What is synced together.
    public enum Sync: String, CaseIterable, Sendable {
        /// Every record that has arrived since the last sync.
        case batch
        /// Each record by itself, at once.
        case each
    }

    /// What becomes of a new record when the ring is full of records that a sink still waits for.
    public enum WhenFull: String, CaseIterable, Sendable {
        /// It takes the place of the oldest.
        case overwrite
        /// It is refused and counted.
        case refuse
    }

    public var sizeBytes: Int
    public var sync: Sync
    public var syncIntervalNanoseconds: Int64
    /// How long records that a sink has acknowledged may stay unsynced.
    public var lazyIntervalNanoseconds: Int64
    public var whenFull: WhenFull
    /// The data directory may lie in memory.
    public var allowsVolatile: Bool
}

/// One `[sink NAME]`.
public struct SinkSettings: Equatable, Sendable {
    /// The kind of the sink, with what that kind needs: the key `type`.
    public enum Target: Equatable, Sendable {
        case file(FileSinkSettings)
        /// `aggregateBytes`: with it, as many records in an entry as it holds.
        case kinesis(ServiceSinkSettings, aggregateBytes: Int?)
        case firehose(ServiceSinkSettings)
        /// `putsTemplate`: an index template is put before the first document.
        case openSearch(ServiceSinkSettings, OpenSearchAccess, putsTemplate: Bool)
        case http(CollectorSettings)
    }

    /// What is sent there: the key `takes`.
    public enum Takes: String, CaseIterable, Sendable {
        case records
        /// What was refused for good.
        case errors
        /// Forms that other devices have posted.
        case patientStats = "patient_stats"
        case all
    }

    /// What goes first when more waits than a batch: the key `order`.
    public enum Order: String, CaseIterable, Sendable {
        case oldestFirst = "oldest_first"
        case newestFirst = "newest_first"
    }

    public var name: String
    public var takes = Takes.records
    public var flushNanoseconds: Int64
    public var batchRecords: Int
    public var batchBytes: Int
    public var order = Order.oldestFirst
    /// Records a second that a backlog is sent at, at most; nil: no limit.
    public var drainRate: Int?
    /// Bodies are sent in gzip.
    public var compresses = false
    public var target: Target
}

/// A sink of type `file`.
public struct FileSinkSettings: Equatable, Sendable {
    public var path: String
    public var rotateSizeBytes: Int
    public var rotateKeep: Int
}

/// A sink that is a service of AWS, or speaks like one.
public struct ServiceSinkSettings: Equatable, Sendable {
    /// The stream, the delivery stream or the index.
    public var stream: String
    public var region: String
    public var endpoint: Endpoint
    public var certificateAuthorityFile: String?
    /// Where the key comes from that requests are signed with.
    public var credentials: CredentialSettings
    public var timeoutNanoseconds: Int64
    public var connectTimeoutNanoseconds: Int64
}

/// How an OpenSearch sink is asked.
public enum OpenSearchAccess: Equatable, Sendable {
    /// Signed for a domain (`es`) or for a serverless collection (`aoss`), which takes no ids.
    case signed(serverless: Bool)
    /// A user of OpenSearch's own.
    case user(name: String, passwordFile: String)
    /// Nobody is asked who he is.
    case open
}

/// A sink of type `http`.
public struct CollectorSettings: Equatable, Sendable {
    /// `https://host[:port]/path`.
    public var endpoint: Endpoint
    /// Begins with `/`.
    public var path: String
    public var tokenFile: String?
    public var certificateAuthorityFile: String?
    public var timeoutNanoseconds: Int64
    public var connectTimeoutNanoseconds: Int64
}
