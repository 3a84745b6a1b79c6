public import Alarm
public import Kinesis
public import RecordRing
public import Time

/// What one sensor is called and when its heart rate is an alarm.
public struct SensorSettings: Sendable {
    public var name: SensorName
    public var limits: RateLimits

    public init(name: SensorName, limits: RateLimits = RateLimits()) {
        self.name = name
        self.limits = limits
    }
}

/// Where records go, and in what portions.
public struct SinkSettings: Sendable {
    /// How a request to the sink is written.
    public enum Kind: Sendable {
        /// Lines of JSON, one a record.
        case file
        /// PutRecords bodies for the stream of this name (UTF-8), one entry a record.
        case kinesis(stream: [UInt8])
        /// The same, with as many records in an entry as `aggregateBytes` hold (the KPL's format,
        /// which only readers that know it take apart).
        case aggregated(stream: [UInt8], aggregateBytes: Int)
        /// PutRecordBatch bodies for the delivery stream of this name (UTF-8).
        case firehose(stream: [UInt8])
        /// `_bulk` bodies. Serverless time-series collections refuse ids.
        case openSearch(withIDs: Bool)
        /// Lines of JSON to a collector that answers for the request as a whole.
        case http
    }

    /// What a sink is sent.
    public enum Takes: Equatable, Sendable {
        /// Measurements, and what the gateway notes of itself.
        case records
        /// What was refused for good: malformed notifications, posts that are not what they should
        /// be, and records that another sink will never take.
        case errors
        /// Forms that somebody has posted. They have a stream of their own: their heart rates are
        /// no sensor's, and were not judged by the alarm.
        case patientStats
        case all

        /// Measurements and notes are among it.
        var hasRecords: Bool { self == .records || self == .all }
        var hasErrors: Bool { self == .errors || self == .all }
        var hasPatientStats: Bool { self == .patientStats || self == .all }
    }

    /// What goes first when more waits than a request holds, as after an outage.
    public enum Order: Equatable, Sendable {
        /// In the order of their sequence, as far as the service allows.
        case oldestFirst
        /// The newest batch and what arrives from then on; what was missed goes behind it, at
        /// `drainRate`.
        case newestFirst
    }

    /// The name under which the ring keeps the sink's tail.
    public var name: SensorName
    public var kind: Kind
    public var takes: Takes
    /// Records in one request at most.
    public var batchRecords: Int
    /// A record waits for company for this long at most.
    public var flushNanoseconds: Int64
    public var order: Order
    /// Records a second that a backlog is sent at, at most; with `oldestFirst`, all records. It
    /// does not hold for the last records before an exit. nil: no limit.
    public var drainRate: Int?

    public init(
        name: SensorName, kind: Kind, takes: Takes = .records, batchRecords: Int,
        flushNanoseconds: Int64, order: Order = .oldestFirst, drainRate: Int? = nil
    ) {
        precondition(batchRecords > 0, "a request has at least one record")
        precondition(drainRate.map { $0 > 0 } ?? true, "a backlog is sent at some rate")
        self.name = name
        self.kind = kind
        self.takes = takes
        self.batchRecords = batchRecords
        self.flushNanoseconds = flushNanoseconds
        self.order = order
        self.drainRate = drainRate
    }
}

/// Everything the gateway is told at its start.
public struct GatewaySettings: Sendable {
    /// The gateway's name in records and its partition key: 1 to `Limits.deviceBytes` bytes of
    /// UTF-8.
    public var device: [UInt8]
    public var boot: BootID
    public var session: UInt32
    public var sensors: [SensorSettings]
    public var sinks: [SinkSettings]
    /// When the gateway began: the time of what it records before the first measurement.
    public var start = Moment(monotonicNanoseconds: 0, wallMicroseconds: 0)
    public var startClock = ClockState.unsynced
    /// When boots began, as far as it is known: stamps their records.
    public var clockNotes = ClockNotes()
    /// A record that a sink still waits for is synced at most this long after its arrival.
    public var syncNanoseconds: Int64
    /// A record that every sink has acknowledged may wait this long for its sync.
    public var lazyNanoseconds: Int64 = 30_000_000_000
    /// Every record is synced at once, whatever the sinks do.
    public var syncsEach = false
    /// A full ring refuses new records instead of giving up its oldest ones.
    public var refusesWhenFull = false
    /// Records in memory: the youngest, which are written from here and sent from here.
    public var windowRecords: Int
    /// The check value of aggregates; needed where a sink is `aggregated`.
    public var md5 = MD5Function { _ in preconditionFailure("aggregates need an MD5") }
    /// With them technical alarms are raised, and every change of an alarm becomes a record. nil:
    /// heart rates are judged, and that is all.
    public var manners: AlarmManners?
    /// Seed of the jitter.
    public var seed: UInt64

    public init(
        device: [UInt8], boot: BootID, session: UInt32, sensors: [SensorSettings],
        sinks: [SinkSettings], syncNanoseconds: Int64 = 1_000_000_000,
        windowRecords: Int = Limits.windowRecords, seed: UInt64
    ) {
        precondition(sinks.count <= RingHead.sinkLimit, "a ring keeps the tails of 8 sinks")
        precondition(
            !device.isEmpty && device.count <= Limits.deviceBytes,
            "a gateway's name has 1 to 128 bytes")
        self.device = device
        self.boot = boot
        self.session = session
        self.sensors = sensors
        self.sinks = sinks
        self.syncNanoseconds = syncNanoseconds
        self.windowRecords = windowRecords
        self.seed = seed
    }
}

extension SinkSettings.Kind {
    /// Bytes of the largest entry that holds several records; one record always fits. nil: an
    /// entry is a record.
    var aggregateBytes: Int? {
        guard case .aggregated(_, let limit) = self else { return nil }
        return max(limit, Limits.recordJSONBytes + Limits.deviceBytes + 64)
    }
}

extension GatewaySettings {
    /// How long records wait for company before they are sent to this sink. A flush that would
    /// end just when the sync is due is made earlier, at seven tenths of the interval: the answer
    /// then comes before the card has to be written.
    func flushNanoseconds(of sink: SinkSettings) -> Int64 {
        sink.flushNanoseconds > syncNanoseconds || syncsEach
            ? sink.flushNanoseconds : min(sink.flushNanoseconds, syncNanoseconds / 10 * 7)
    }
}

/// Sizes that are fixed when the program is built. Each bounds memory that is taken at start-up.
public enum Limits {
    /// Records in memory, if the settings do not say otherwise: 1 MiB. At one a second from 8
    /// straps this is a quarter of an hour of a card that does not answer.
    public static let windowRecords = Int(RingLimits.unsyncedRecords)
    /// Records read back from the card at a time: 64 KiB, one full Kinesis request.
    public static let readRecords = 512
    /// Records written to the card in one job: 256 KiB.
    public static let writeRecords = Int(RingLimits.writeRecords)
    /// Bytes of a gateway's name: half of the 256 characters that Kinesis takes as a partition
    /// key.
    public static let deviceBytes = 128
    /// Bytes of one record as JSON. The longest is an error record about an oximeter's with every
    /// value and every status word, 1,809 bytes, a device id of 128 bytes and a sensor's name of
    /// 23 among them, each of which may take six bytes as \u00XX, and then seven.
    public static let recordJSONBytes = 4_096
    /// Bytes of a record's id, `device:session:sequence`: 8 hexadecimal and 20 decimal digits.
    public static let identifierBytes = deviceBytes + 30
    /// Reports waiting to be logged; later ones are counted only.
    public static let reports = 256
    /// A failed write or read of the ring is tried again after this, after each further failure
    /// in a row after twice as long.
    public static let diskRetryNanoseconds: Int64 = 1_000_000_000
    /// The longest wait between two tries: a card that was put back works again half a minute
    /// later at most.
    public static let diskRetryMaxNanoseconds: Int64 = 30_000_000_000
    /// A card that has not answered for so long is reported. Cheap ones stall for seconds while
    /// they erase, and that is no news.
    public static let diskStallNanoseconds: Int64 = 10_000_000_000
    /// A request that was refused for a reason that only people can mend is not repeated earlier.
    public static let refusalRetryNanoseconds: Int64 = 1_000_000_000
    /// Gap records of a sink that are remembered one by one until it has them. The ring is gone
    /// round before the sink has one: with more of them, more may be said twice.
    public static let saidLosses = 16
    /// Reads of the same place that may fail, while the card can be written or is read-only,
    /// before its records are given up. A card that does neither is not asked to be believed.
    public static let readAttempts = 5
    /// Places of a queue that are looked at for one request: records that are not for the sink
    /// lie between those that are.
    public static let placesPerRequest = 4_096
    /// Lone records that a service may refuse with the whole request, one after the other, before
    /// it is doubted that the fault is theirs. A success in between proves it again.
    public static let culpritsInARow = 3
    /// Records that are tried alone, in turn, while nothing has shown yet that the service takes
    /// any.
    public static let probes = 16
    /// The longest wait that a service may ask for (Retry-After, RFC 9110 section 10.2.3): a
    /// proxy that says a year must not silence the gateway for a year.
    public static let retryAfterNanoseconds: Int64 = 900_000_000_000
    /// Tails that have moved for so many records are in the file before their sync, one full
    /// Kinesis request: what the end of the process takes of fewer is sent twice.
    public static let tailWriteRecords = 500
    /// Head records for tails alone are this far apart: a sink that answers hundreds of times a
    /// second costs ten writes.
    public static let tailWriteNanoseconds: Int64 = 100_000_000
    /// Tails that moved are synced after this, when no record was: they are in the file before
    /// that, and what a power cut takes of them is sent twice.
    public static let tailSyncNanoseconds: Int64 = 30_000_000_000
}
