public import Alarm
public import Bytes

/// Answers the records of Firehose, each once and with its id:
///
/// ```
/// {"records":[{"recordId":"4954…","result":"Ok","data":"eyJ0…"},
///             {"recordId":"4955…","result":"Dropped","data":""},
///             {"recordId":"4956…","result":"ProcessingFailed","data":"bm8…"}]}
/// ```
///
/// An answer of more than 6 MB fails as a whole, and then Firehose puts everything aside. So a
/// record that would not fit any more is failed alone, without its data, which Firehose still has.
public struct TransformAnswer: ~Copyable {
    /// Bytes of an answer at most (Lambda quotas, "Invocation payload": 6 MB).
    public static let bytesMax = 6_000_000
    /// Bytes of one record at most: Firehose takes records of 1,000 KiB.
    public static let recordBytesMax = 2 << 20
    /// What a record takes that is failed without data, beside its id.
    private static let failedBytes = 64

    private let limits: RateLimits
    private let bytesMax: Int
    /// The record that is worked on: as it came, and as it goes.
    private var incoming: FixedBuffer
    private var outgoing: FixedBuffer
    public private(set) var counts = Counts()

    /// What became of the records of one event.
    public struct Counts: Equatable, Sendable {
        public var ok = 0
        public var dropped = 0
        public var failed = 0
    }

    public init(limits: RateLimits, bytesMax: Int = TransformAnswer.bytesMax) {
        self.limits = limits
        self.bytesMax = bytesMax
        incoming = FixedBuffer(capacity: Self.recordBytesMax)
        outgoing = FixedBuffer(capacity: Self.recordBytesMax)
    }

    /// Appends the answer to `event`, whose entries have been read from `bytes`.
    public mutating func append(
        answerTo event: FirehoseEvent, _ bytes: Span<UInt8>, to body: inout FixedBuffer
    ) {
        counts = Counts()
        // Room that the records behind this one need at least.
        var reserve = 2
        for entry in event.entries { reserve += Self.failedBytes + entry.recordID.count }
        body.append("{\"records\":[")
        let start = body.count
        for entry in event.entries {
            reserve -= Self.failedBytes + entry.recordID.count
            if body.count > start { body.append(UInt8(ascii: ",")) }
            append(entry, bytes, reserve: reserve, to: &body)
        }
        body.append("]}")
    }

    private mutating func append(
        _ entry: FirehoseEvent.Entry, _ bytes: Span<UInt8>, reserve: Int,
        to body: inout FixedBuffer
    ) {
        let id = bytes.extracting(entry.recordID)
        let mark = body.count
        var result: StaticString = "ProcessingFailed"
        do throws(RecordError) {
            result = try transform(bytes.extracting(entry.data)) ? "Ok" : "Dropped"
            Self.begin(id, result, to: &body)
            body.append(base64: outgoing.bytes)
        } catch {
            Self.begin(id, result, to: &body)
            body.append(bytes.extracting(entry.data))
        }
        body.append("\"}")
        if body.overflowed || body.count + reserve > bytesMax {
            body.truncate(to: mark)
            result = "ProcessingFailed"
            Self.begin(id, result, to: &body)
            body.append("\"}")
        }
        count(result)
    }

    private static func begin(
        _ id: Span<UInt8>, _ result: StaticString, to body: inout FixedBuffer
    ) {
        body.append("{\"recordId\":\"")
        body.append(id)
        body.append("\",\"result\":\"")
        body.append(result)
        body.append("\",\"data\":\"")
    }

    private mutating func count(_ result: StaticString) {
        let text = result.utf8Span
        if text.isEqual(to: "Ok") {
            counts.ok += 1
        } else if text.isEqual(to: "Dropped") {
            counts.dropped += 1
        } else {
            counts.failed += 1
        }
    }

    /// Fills `outgoing` from a record in base64; false when there is nothing in it but blanks.
    private mutating func transform(_ text: Span<UInt8>) throws(RecordError) -> Bool {
        incoming.removeAll()
        outgoing.removeAll()
        do throws(Base64Error) {
            try incoming.append(decodingBase64: text)
        } catch {
            if case .tooLong(let room) = error { throw .tooLong(limit: room) }
            throw .notBase64
        }
        return try Self.transform(incoming, limits, into: &outgoing)
    }

    private static func transform(
        _ incoming: borrowing FixedBuffer, _ limits: RateLimits, into outgoing: inout FixedBuffer
    ) throws(RecordError) -> Bool {
        let data = incoming.bytes
        let parts = RecordParts.documents(of: data)
        for part in parts {
            let bytes = data.extracting(part)
            let record = try RelayRecord(bytes, reserved: "alarm_zone")
            record.append(fieldsOf: bytes, to: &outgoing)
            if let beatsPerMinute = record.beatsPerMinute {
                outgoing.append(",\"alarm_zone\":\"")
                outgoing.append(limits.zone(of: beatsPerMinute).word)
                outgoing.append(UInt8(ascii: "\""))
            }
            outgoing.append("}\n")
        }
        guard !outgoing.overflowed else { throw .tooLong(limit: Self.recordBytesMax) }
        return !parts.isEmpty
    }
}

extension AlarmZone {
    /// The value of `alarm_zone`.
    public var word: StaticString {
        switch self {
        case .normal: "normal"
        case .clearing: "clearing"
        case .high: "high"
        }
    }
}
