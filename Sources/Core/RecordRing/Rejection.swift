import Bytes
public import Vitals

/// Why data was refused for good. The raw value is its number on disk.
public enum RejectionReason: UInt8, BitwiseCopyable, Equatable, Sendable {
    /// A sensor's notification is no measurement.
    case malformed = 1
    /// It is one, with a value that nobody alive has.
    case implausible = 2
    /// A sink will never take the record.
    case refused = 3
}

/// Data that was refused for good, and what there was of it: the payload of an error record.
///
/// The error record has the time, the boot and the sensor of the data; the sequence and the
/// session are its own. So what a sink has refused can be written out again as it was sent.
///
/// ```
/// payload of kind 8
///  76   8  sequence of the record that a sink has refused; 0 for a notification
///  84   4  session of that record; for a notification the number of its characteristic
///  88   2  status, in the words of HTTP
///  90   1  reason: 1 malformed, 2 implausible, 3 refused
///  91   1  what the bytes are: 0 a notification as it came, else the kind of the record whose
///          payload they are, without the zeros at its end
///  92   2  number of bytes before they were cut
///  94   1  number of bytes that are kept, 0 to 32
///  95   1  length of the sink's name, 0 to 23, cut to what the bytes leave of 32
///  96  32  the bytes, then the name of the sink, zeros behind them
/// ```
///
/// Every notification of a known measurement fits, and so does the payload of every record but a
/// gap's and a posted form's. Of a gap the count, the sequences and the reason are kept, and its
/// times are cut; of a form what of the patient's name does not stand in the record's.
public struct Rejection: Equatable, Sendable {
    /// Where the data came from.
    public enum Origin: Equatable, Sendable {
        /// A sensor's notification of this characteristic.
        case notification(Characteristic)
        /// A record of this kind, which still has its own name.
        case record(kind: UInt8, sequence: UInt64, session: UInt32)
    }

    /// Bytes for the data and the name of the sink together.
    static let room = 32
    /// What is kept of a gap record's payload: three numbers and the reason.
    fileprivate static let gapBytes = 25

    public private(set) var origin: Origin
    public private(set) var reason: RejectionReason
    /// What HTTP would answer.
    public private(set) var status: UInt16
    /// The sink that refused it; no name for a notification.
    public private(set) var sink = SensorName()
    /// Bytes of the data before they were cut.
    public private(set) var byteCount: Int
    /// Bytes that are kept.
    public private(set) var keptCount: Int
    private var kept = InlineArray<32, UInt8>(repeating: 0)

    /// A notification that was not recorded.
    public init(
        _ notification: Span<UInt8>, of characteristic: Characteristic, reason: RejectionReason
    ) {
        precondition(reason != .refused, "a notification is refused by nobody but the decoder")
        origin = .notification(characteristic)
        self.reason = reason
        // 422: the request was understood, its content is not what it should be (RFC 9110
        // section 15.5.21).
        status = 422
        byteCount = min(notification.count, Int(UInt16.max))
        keptCount = min(notification.count, Self.room)
        for index in 0..<keptCount { kept[index] = notification[index] }
    }

    /// A record that `sink` will never take.
    public init(_ record: Record, refusedBy sink: SensorName, status: UInt16) {
        var slot = InlineArray<128, UInt8>(repeating: 0)
        var span = slot.mutableSpan
        record.encode(into: &span)
        origin = .record(kind: slot[5], sequence: record.sequence, session: record.session)
        reason = .refused
        self.status = status
        var length = Record.slotBytes
        while length > Record.payloadOffset, slot[length - 1] == 0 { length -= 1 }
        byteCount = length - Record.payloadOffset
        keptCount = byteCount
        if case .gap(let gap) = record.payload {
            keptCount = Self.gapBytes
            slot[Record.payloadOffset + keptCount - 1] = gap.reason.rawValue
        }
        if case .patientStats(let stats) = record.payload {
            keptCount = PatientStats.keptBytes
            byteCount = keptCount + stats.tailBytes
        }
        precondition(keptCount <= Self.room, "no other record's payload is longer")
        for index in 0..<keptCount { kept[index] = slot[Record.payloadOffset + index] }
        self.sink = sink.prefix(Self.room - keptCount)
    }

    /// The bytes that are kept of the data.
    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { kept.span.extracting(0..<keptCount) }
    }

    /// Not all of the data is here.
    public var isCut: Bool { byteCount > keptCount }

    public static func == (one: Rejection, other: Rejection) -> Bool {
        one.origin == other.origin && one.reason == other.reason && one.status == other.status
            && one.sink == other.sink && one.byteCount == other.byteCount
            && one.bytes.isEqual(to: other.bytes)
    }
}

extension Rejection {
    /// The record that the sink has refused, as it was; nil for a notification. `record` is the
    /// error record with this payload.
    public func original(in record: Record) -> Record? {
        guard case .record(let kind, let sequence, let session) = origin else { return nil }
        do throws(RecordError) {
            return Record(
                sequence: sequence, time: record.time, clock: record.clock, boot: record.boot,
                session: session, sensor: record.sensor, payload: try payload(kind))
        } catch {
            preconditionFailure("an error record with bytes that are no payload is not read")
        }
    }

    /// The payload that the bytes are.
    private func payload(_ kind: UInt8) throws(RecordError) -> Payload {
        var slot = InlineArray<128, UInt8>(repeating: 0)
        for index in 0..<keptCount { slot[Record.payloadOffset + index] = kept[index] }
        if kind == Record.gapKind, keptCount == Self.gapBytes {
            slot[Record.payloadOffset + keptCount - 1] = 0
            slot[Gap.reasonOffset] = kept[keptCount - 1]
        }
        return try Record.payload(in: slot.span, kind: kind)
    }

    @_lifetime(slot: copy slot)
    func encode(into slot: inout MutableSpan<UInt8>) {
        switch origin {
        case .notification(let characteristic):
            slot.store(UInt32(characteristic.rawValue), at: 84)
        case .record(let kind, let sequence, let session):
            slot.store(sequence, at: 76)
            slot.store(session, at: 84)
            slot[91] = kind
        }
        slot.store(status, at: 88)
        slot[90] = reason.rawValue
        slot.store(UInt16(clamping: byteCount), at: 92)
        slot[94] = UInt8(keptCount)
        slot[95] = UInt8(sink.count)
        for index in 0..<keptCount { slot[96 + index] = kept[index] }
        let name = sink.bytes
        for index in name.indices { slot[96 + keptCount + index] = name[index] }
    }

    init(decoding slot: Span<UInt8>) throws(RecordError) {
        guard let reason = RejectionReason(rawValue: slot[90]) else { throw .field(.rejection) }
        self.reason = reason
        status = slot.loadUInt16(at: 88)
        byteCount = Int(slot.loadUInt16(at: 92))
        keptCount = Int(slot[94])
        let nameLength = Int(slot[95])
        guard keptCount <= byteCount, keptCount + nameLength <= Self.room,
            let sink = SensorName(
                slot.extracting(96 + keptCount..<96 + keptCount + nameLength))
        else { throw .field(.rejection) }
        self.sink = sink
        for index in 0..<keptCount { kept[index] = slot[96 + index] }
        let kind = slot[91]
        if kind == 0 {
            guard let number = UInt16(exactly: slot.loadUInt32(at: 84)),
                let characteristic = Characteristic(rawValue: number), reason != .refused
            else { throw .field(.rejection) }
            origin = .notification(characteristic)
        } else {
            origin = .record(
                kind: kind, sequence: slot.loadUInt64(at: 76), session: slot.loadUInt32(at: 84))
            guard kind != Record.rejectionKind, kind != RefusedPost.kind,
                kind != PostedError.kind, reason == .refused
            else { throw .field(.rejection) }
            _ = try payload(kind)
        }
    }
}
