public import Bytes
internal import Time

/// One record of a stream that has been judged: which form it has, and where in its bytes the
/// fields lie that the relay needs.
///
/// Which form it is says the record, not the stream:
///
/// ```
/// {"timestamp":"…","heart_rate":89,"device_id":"gym-7","session_id":"b1946ac9","seq":18446,…}
/// {"patient":"p-1","time":"…","glucose_level":99.1,…}
/// {"timestamp":"…","patient":"p-1","time":"…",…,"device_id":"gym-7","seq":18448,…}
/// ```
public struct RelayRecord: Equatable, Sendable {
    /// A form of records, with what names one for ever.
    public enum Form: Equatable, Sendable {
        /// A gateway's: `device_id`, `session_id` and `seq` name it.
        case gateway(device: Range<Int>, session: Range<Int>, sequence: Range<Int>)
        /// A bedside form with seven values. It has no name of its own.
        case patientStats
        /// The same by way of a gateway, which has named it.
        case recordedStats(device: Range<Int>, session: Range<Int>, sequence: Range<Int>)

        /// It belongs where bedside forms are.
        public var isPatientStats: Bool {
            switch self {
            case .gateway: false
            case .patientStats, .recordedStats: true
            }
        }
    }

    public let form: Form
    /// Where its time stands, between its quotes.
    public let time: Range<Int>
    /// Microseconds since 1970.
    public let timeMicroseconds: Int64
    /// In beats per minute, as the board judges it; nil for what is no heart rate of a gateway.
    public let beatsPerMinute: UInt16?
    /// Where the brace stands that ends the object.
    let closingBrace: Int

    /// Judges `bytes`, which lie between blanks at most. `reserved` is the field that only the
    /// relay adds.
    public init(_ bytes: Span<UInt8>, reserved: StaticString) throws(RecordError) {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes)
        } catch {
            throw .notUTF8
        }
        var fields = RecordFields()
        try fields.read(bytes, reserved: reserved)
        var end = bytes.count - 1
        while bytes[end] != UInt8(ascii: "}") { end -= 1 }
        closingBrace = end
        let isPatient = fields.has(.patient)
        if isPatient {
            form = try fields.patientForm(bytes)
            time = try fields.string(.time)
            beatsPerMinute = nil
        } else {
            guard fields.has(.device) || fields.has(.timestamp) else { throw .unknownForm }
            form = try fields.gatewayForm(bytes)
            time = try fields.string(.timestamp)
            beatsPerMinute = try fields.wholeHeartRate(bytes)
        }
        // RFC 3339 does without no second.
        guard time.count >= 20, bytes[time.lowerBound + 16] == UInt8(ascii: ":"),
            let microseconds = TimeReader.instant(
                zoned: String(decoding: bytes.extracting(time)))
        else { throw .notATime(isPatient ? "time" : "timestamp") }
        timeMicroseconds = microseconds
    }

    /// Longest `_id` in bytes (OpenSearch, IndexRequest).
    public static let idBytesMax = 512

    /// Appends `device_id:session_id:seq`, or what the stream calls the record: `eventID`, and its
    /// place behind it where others came with it.
    public func append(
        idIn bytes: Span<UInt8>, eventID: Span<UInt8>, place: Int?, to buffer: inout FixedBuffer
    ) throws(RecordError) {
        let mark = buffer.count
        switch form {
        case .gateway(let device, let session, let sequence),
            .recordedStats(let device, let session, let sequence):
            buffer.append(unescaped: bytes.extracting(device))
            buffer.append(UInt8(ascii: ":"))
            buffer.append(unescaped: bytes.extracting(session))
            buffer.append(UInt8(ascii: ":"))
            buffer.append(bytes.extracting(sequence))
        case .patientStats:
            buffer.append(eventID)
            if let place {
                buffer.append(UInt8(ascii: ":"))
                buffer.append(decimal: place)
            }
        }
        guard !buffer.overflowed, buffer.count - mark <= Self.idBytesMax else {
            buffer.truncate(to: mark)
            throw .idTooLong
        }
    }

    /// Appends the object as one line without its end, with `late_ms` as its last field:
    /// milliseconds from the record's time to the stream, negative where the sender's clock is
    /// ahead.
    public func append(
        document bytes: Span<UInt8>, arrivalMilliseconds: Int64?, to buffer: inout FixedBuffer
    ) {
        append(fieldsOf: bytes, to: &buffer)
        if let arrivalMilliseconds {
            let difference = arrivalMilliseconds * 1_000 - timeMicroseconds
            buffer.append(",\"late_ms\":")
            buffer.append(decimal: Int(difference / 1_000))
        }
        buffer.append(UInt8(ascii: "}"))
    }

    /// Appends the object up to its last brace. JSON has no control characters within its strings,
    /// so those that are there stand between tokens and mean nothing.
    func append(fieldsOf bytes: Span<UInt8>, to buffer: inout FixedBuffer) {
        var start = 0
        for index in 0..<closingBrace where bytes[index] < 0x20 {
            buffer.append(bytes.extracting(start..<index))
            start = index + 1
        }
        buffer.append(bytes.extracting(start..<closingBrace))
    }
}

extension FixedBuffer {
    /// Appends the text of a JSON string from what stands between its quotes; its escapes are known
    /// to be good.
    mutating func append(unescaped body: Span<UInt8>) {
        for index in body.indices where body[index] == UInt8(ascii: "\\") {
            return append(text: String(jsonString: body) ?? "")
        }
        append(body)
    }
}
