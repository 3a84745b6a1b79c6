import Bytes
public import Time
public import Vitals

/// What a record carries.
public enum Payload: Equatable, Sendable {
    case heartRate(HeartRateMeasurement)
    /// A measurement of another sensor at the bedside.
    case vital(VitalMeasurement)
    /// Records are missing; the record's sensor name is that of the sink which misses them.
    case gap(Gap)
    /// Data was refused for good: an error record.
    case rejection(Rejection)
    /// A line of the alarm log.
    case alarm(AlarmNote)
    /// A form that somebody has posted: no measurement of a sensor of this gateway.
    case patientStats(PatientStats)
    /// A post that was refused for good: an error record.
    case refusedPost(RefusedPost)
    /// An error that somebody else has posted: an error record.
    case postedError(PostedError)

    /// It is about what was refused for good, here or elsewhere.
    public var isError: Bool {
        switch self {
        case .rejection, .refusedPost, .postedError: true
        case .heartRate, .vital, .gap, .alarm, .patientStats: false
        }
    }

    /// Somebody has posted it: the record's name is no sensor's.
    public var isPosted: Bool {
        switch self {
        case .patientStats, .refusedPost, .postedError: true
        case .heartRate, .vital, .gap, .alarm, .rejection: false
        }
    }
}

/// A measurement with everything that is needed to send it later, from another process, after
/// another boot: one slot of the ring.
///
/// ```
/// offset  bytes  field                         all numbers little endian
///      0      4  CRC-32C of bytes 4 to 127
///      4      1  layout version, 1
///      5      1  kind of the payload: 1 heart rate, 2 gap (drawn at `Gap`), 3 blood pressure,
///                4 temperature, 5 continuous oximetry, 6 spot-check oximetry, 7 glucose,
///                8 error (drawn at `Rejection`), 9 alarm (drawn at `AlarmNote`), 10 posted form
///                (drawn at `PatientStats`), 11 refused post (drawn at `RefusedPost`), 12 posted
///                error (drawn at `PostedError`)
///      6      1  clock state at arrival: 0 unsynced, 1 synced
///      7      1  0
///      8      8  sequence
///     16      8  wall clock at arrival, microseconds since 1970, signed
///     24      8  monotonic clock at arrival, nanoseconds since boot, signed
///     32     16  boot id, high half first
///     48      4  session id, drawn at every start of the gateway
///     52      1  length of the sensor's name, 0 to 23
///     53     23  the sensor's name, zeros behind it
///     76     52  payload, zeros behind it
///
/// heart rate payload
///     76      2  beats per minute
///     78      1  contact: 0 not supported, 2 not detected, 3 detected
///     79      1  bit 0: energy expended is present
///     80      2  energy expended, kilojoules
///     82      1  number of RR intervals, 0 to 9
///     83      1  0
///     84     18  RR intervals, 1/1024 s, oldest first, zeros behind them
///
/// payload of the kinds 3 to 7
///     76      1  length of the notification, 1 to 20
///     77     20  the notification as its characteristic's type draws it, without reserved flags,
///                zeros behind it
/// ```
///
/// 128 bytes divide a 512-byte sector, so a record never lies across two.
///
/// A new kind leaves the layout version as it is: bytes 0 to 75 mean the same for every kind. So a
/// version that does not know the kind still knows that the record is whole, which sequence it
/// has and whose it is; it passes over it, says so, and leaves it where it is for the version that
/// wrote it. Any other change takes a new layout version.
public struct Record: Equatable, Sendable {
    public static let slotBytes = 128
    public static let layoutVersion: UInt8 = 1
    static let payloadOffset = 76
    static let heartRateKind: UInt8 = 1
    static let gapKind: UInt8 = 2
    static let rejectionKind: UInt8 = 8

    public var sequence: UInt64
    public var time: Moment
    public var clock: ClockState
    public var boot: BootID
    public var session: UInt32
    public var sensor: SensorName
    public var payload: Payload

    public init(
        sequence: UInt64, time: Moment, clock: ClockState, boot: BootID, session: UInt32,
        sensor: SensorName, payload: Payload
    ) {
        self.sequence = sequence
        self.time = time
        self.clock = clock
        self.boot = boot
        self.session = session
        self.sensor = sensor
        self.payload = payload
    }
}

/// Why a slot holds no record.
public enum RecordError: Error, Equatable, Sendable {
    /// 128 zeros: never written.
    case empty
    /// The checksum does not fit: a torn write or a damaged card.
    case checksum
    /// Written by a newer Pulsegate.
    case layoutVersion(UInt8)
    /// Whole, and of a kind that only a newer Pulsegate writes.
    case unknownKind(UInt8)
    /// The checksum fits and a field does not: a defect of the writer.
    case field(Field)

    /// A field with a value that this version does not know.
    public enum Field: Sendable {
        case clock, sensor, contact, intervals, reason, measurement, rejection, alarm
        case patient, post
    }
}

extension Record {
    /// Writes the record into `slot`, 128 bytes.
    @_lifetime(slot: copy slot)
    public func encode(into slot: inout MutableSpan<UInt8>) {
        precondition(slot.count == Self.slotBytes, "a slot is 128 bytes")
        for index in slot.indices { slot[index] = 0 }
        slot[4] = Self.layoutVersion
        slot[6] = clock.rawValue
        slot.store(sequence, at: 8)
        slot.store(UInt64(bitPattern: time.wallMicroseconds), at: 16)
        slot.store(UInt64(bitPattern: time.monotonicNanoseconds), at: 24)
        slot.store(boot.high, at: 32)
        slot.store(boot.low, at: 40)
        slot.store(session, at: 48)
        slot[52] = UInt8(sensor.count)
        let name = sensor.bytes
        for index in name.indices { slot[53 + index] = name[index] }
        switch payload {
        case .heartRate(let measurement):
            slot[5] = Self.heartRateKind
            Self.encode(measurement, into: &slot)
        case .gap(let gap):
            slot[5] = Self.gapKind
            gap.encode(into: &slot)
        case .vital(let measurement):
            slot[5] = measurement.kind.recordKind
            let notification = measurement.encoded
            let bytes = notification.bytes
            slot[76] = UInt8(bytes.count)
            for index in bytes.indices { slot[77 + index] = bytes[index] }
        case .rejection(let rejection):
            slot[5] = Self.rejectionKind
            rejection.encode(into: &slot)
        case .alarm(let note):
            slot[5] = AlarmNote.kind
            note.encode(into: &slot)
        case .patientStats(let stats):
            slot[5] = PatientStats.kind
            stats.encode(into: &slot)
        case .refusedPost(let post):
            slot[5] = RefusedPost.kind
            post.encode(into: &slot)
        case .postedError(let error):
            slot[5] = PostedError.kind
            error.encode(into: &slot)
        }
        slot.store(CRC32C.checksum(slot.span.extracting(4..<Self.slotBytes)), at: 0)
    }

    @_lifetime(slot: copy slot)
    private static func encode(
        _ measurement: HeartRateMeasurement, into slot: inout MutableSpan<UInt8>
    ) {
        slot.store(measurement.beatsPerMinute, at: 76)
        slot[78] = measurement.contact.rawValue
        slot[79] = measurement.energyKilojoules == nil ? 0 : 1
        slot.store(measurement.energyKilojoules ?? 0, at: 80)
        slot[82] = UInt8(measurement.rrIntervals.count)
        for index in 0..<measurement.rrIntervals.count {
            slot.store(measurement.rrIntervals[index], at: 84 + 2 * index)
        }
    }

    /// Reads a slot and checks everything that can be checked.
    public init(decoding slot: Span<UInt8>) throws(RecordError) {
        precondition(slot.count == Self.slotBytes, "a slot is 128 bytes")
        if slot.isZero { throw .empty }
        guard CRC32C.checksum(slot.extracting(4..<Self.slotBytes)) == slot.loadUInt32(at: 0) else {
            throw .checksum
        }
        try self.init(decodingChecked: slot)
    }

    /// Reads a slot whose checksum has been checked or that never left memory.
    public init(decodingChecked slot: Span<UInt8>) throws(RecordError) {
        guard slot[4] == Self.layoutVersion else { throw .layoutVersion(slot[4]) }
        payload = try Self.payload(in: slot, kind: slot[5])
        guard let clock = ClockState(rawValue: slot[6]) else { throw .field(.clock) }
        let nameLength = Int(slot[52])
        guard nameLength <= SensorName.limit,
            let sensor = SensorName(slot.extracting(53..<53 + nameLength))
        else { throw .field(.sensor) }
        sequence = slot.loadUInt64(at: 8)
        time = Moment(
            monotonicNanoseconds: Int64(bitPattern: slot.loadUInt64(at: 24)),
            wallMicroseconds: Int64(bitPattern: slot.loadUInt64(at: 16)))
        self.clock = clock
        boot = BootID(high: slot.loadUInt64(at: 32), low: slot.loadUInt64(at: 40))
        session = slot.loadUInt32(at: 48)
        self.sensor = sensor
        if case .patientStats(let stats) = payload, stats.name(in: self) == nil {
            throw .field(.patient)
        }
    }

    /// Reads the payload of a slot as one of this kind.
    static func payload(in slot: Span<UInt8>, kind: UInt8) throws(RecordError) -> Payload {
        switch kind {
        case heartRateKind: return .heartRate(try decodeHeartRate(slot))
        case gapKind: return .gap(try Gap(decoding: slot))
        case rejectionKind: return .rejection(try Rejection(decoding: slot))
        case AlarmNote.kind: return .alarm(try AlarmNote(decoding: slot))
        case PatientStats.kind: return .patientStats(try PatientStats(decoding: slot))
        case RefusedPost.kind: return .refusedPost(try RefusedPost(decoding: slot))
        case PostedError.kind: return .postedError(try PostedError(decoding: slot))
        default:
            guard let vital = VitalKind(recordKind: kind) else { throw .unknownKind(kind) }
            return .vital(try decodeVital(slot, vital))
        }
    }

    private static func decodeVital(
        _ slot: Span<UInt8>, _ kind: VitalKind
    ) throws(RecordError) -> VitalMeasurement {
        let length = Int(slot[76])
        guard length <= EncodedNotification.limit else { throw .field(.measurement) }
        do throws(MeasurementError) {
            return try VitalMeasurement(decoding: slot.extracting(77..<77 + length), as: kind)
        } catch {
            throw .field(.measurement)
        }
    }

    private static func decodeHeartRate(
        _ slot: Span<UInt8>
    ) throws(RecordError) -> HeartRateMeasurement {
        guard let contact = SensorContact(rawValue: slot[78]) else { throw .field(.contact) }
        let intervals = Int(slot[82])
        guard intervals <= RRIntervals.limit else { throw .field(.intervals) }
        var measurement = HeartRateMeasurement(
            beatsPerMinute: slot.loadUInt16(at: 76), contact: contact,
            energyKilojoules: slot[79] & 1 == 1 ? slot.loadUInt16(at: 80) : nil)
        for index in 0..<intervals {
            measurement.rrIntervals.append(slot.loadUInt16(at: 84 + 2 * index))
        }
        return measurement
    }
}

extension VitalKind {
    /// Its number on disk.
    fileprivate var recordKind: UInt8 {
        switch self {
        case .bloodPressure: 3
        case .temperature: 4
        case .continuousOximetry: 5
        case .spotCheckOximetry: 6
        case .glucose: 7
        }
    }

    fileprivate init?(recordKind: UInt8) {
        switch recordKind {
        case 3: self = .bloodPressure
        case 4: self = .temperature
        case 5: self = .continuousOximetry
        case 6: self = .spotCheckOximetry
        case 7: self = .glucose
        default: return nil
        }
    }
}

extension Span<UInt8> {
    /// Every byte is 0. Eight bytes a step: recovery asks this of every slot that there is.
    var isZero: Bool {
        var index = 0
        while index + 8 <= count {
            guard loadUInt64(at: index) == 0 else { return false }
            index += 8
        }
        while index < count {
            guard self[index] == 0 else { return false }
            index += 1
        }
        return true
    }
}
