public import Bytes
public import RecordRing
import Time
public import Vitals

// A post that was refused, as one line of JSON:
//
// {"timestamp":"2025-07-15T17:10:33.123456Z","status_code":422,
//  "payload":"{\"patient\":\"p-17\",\"time\":\"2025-07-15T17:10:32.000000Z\",…}",
//  "error_message":"heart_rate: not 1 to 300 beats per minute","device_id":"gym-7",
//  "patient":"p-17","seq":19,"session_id":"b1946ac9","path":"/patient_stats",
//  "pointer":"/heart_rate","clock":"synced","schema":1}
//
// `payload` is JSON of the same fields with the same values, numbers with up to four decimals and
// the time in UTC. What does not fit is its first bytes as they were: then `payload_cut` is true
// and `payload_bytes` says how many there were; `payload_encoding` is "hex" where they are no text.
//
// And an error that somebody has posted:
//
// {"timestamp":"…","status_code":500,"payload":"…","error_message":"…","device_id":"gym-7",
//  "seq":20,"session_id":"b1946ac9","path":"/error_message","payload_cut":true,
//  "payload_bytes":412,"message_cut":true,"message_bytes":90,"clock":"synced","schema":1}

extension PostProblem {
    /// What is wrong, behind the name of the field.
    var words: StaticString {
        switch self {
        case .notUTF8: "not UTF-8"
        case .notJSON: "not JSON"
        case .notAnObject: "not a JSON object"
        case .missing: "missing"
        case .repeated: "there twice"
        case .unknownField: "a field that the form does not have"
        case .wrongType: "of the wrong type"
        case .outOfRange: "not "
        case .notATime: "not a time of RFC 3339 from 1970 on"
        case .tooLong: "too long"
        case .empty: "empty"
        case .notAName: "not a name"
        case .pressuresSwapped: "not below blood_pressure_systolic"
        }
    }
}

extension PostField {
    /// Its name in JSON; nil for the post as a whole.
    public var name: StaticString? {
        if let quantity { return quantity.name }
        return switch self {
        case .patient: "patient"
        case .time: "time"
        case .statusCode: "status_code"
        case .payload: "payload"
        case .errorMessage: "error_message"
        default: nil
        }
    }

    /// The number that it is.
    public var quantity: PatientQuantity? {
        switch self {
        case .glucoseLevel: .glucoseLevel
        case .oxygenSaturation: .oxygenSaturation
        case .bodyTemperature: .bodyTemperature
        case .respiratoryRate: .respiratoryRate
        case .heartRate: .heartRate
        case .bloodPressureSystolic: .bloodPressureSystolic
        case .bloodPressureDiastolic: .bloodPressureDiastolic
        default: nil
        }
    }
}

extension FixedBuffer {
    /// Appends `1 to 300 beats per minute`.
    public mutating func append(rangeOf quantity: PatientQuantity) {
        append(decimal: UInt64(quantity.plausible.lowerBound))
        append(" to ")
        append(decimal: UInt64(quantity.plausible.upperBound))
        append(UInt8(ascii: " "))
        append(quantity.unit)
    }

    /// Appends the message of a refused post, which no escapes are in.
    mutating func append(messageOf post: RefusedPost) {
        if let name = post.field.name {
            append(name)
            append(": ")
        }
        append(post.problem.words)
        guard post.problem == .outOfRange else { return }
        if let quantity = post.field.quantity {
            append(rangeOf: quantity)
        } else {
            append("100 to 599")
        }
    }

    /// Appends status, payload and message behind the time of the record.
    mutating func append(refused post: RefusedPost, in record: Record) {
        append("\",\"status_code\":")
        append(decimal: UInt64(post.status))
        append(",\"payload\":")
        if post.isForm {
            append(UInt8(ascii: "\""))
            let start = count
            append(keptForm: post.bytes, head: record.sensor.bytes)
            escapeJSON(from: start)
            append(UInt8(ascii: "\""))
        } else if post.isText {
            append(jsonString: post.bytes)
        } else {
            append(UInt8(ascii: "\""))
            append(hex: post.bytes)
            append(UInt8(ascii: "\""))
        }
        append(",\"error_message\":\"")
        append(messageOf: post)
        append(UInt8(ascii: "\""))
    }

    /// Appends what else is known of it, each with a comma in front.
    mutating func append(details post: RefusedPost) {
        append(path: post.path)
        if let name = post.field.name {
            append(",\"pointer\":\"/")
            append(name)
            append(UInt8(ascii: "\""))
        }
        if !post.isForm, !post.isText { append(",\"payload_encoding\":\"hex\"") }
        if post.isCut { append(cut: "payload", bytes: post.byteCount) }
    }

    private mutating func append(path: PostPath) {
        append(",\"path\":\"")
        append(path.text)
        append(UInt8(ascii: "\""))
    }

    private mutating func append(cut what: StaticString, bytes: Int) {
        append(",\"")
        append(what)
        append("_cut\":true,\"")
        append(what)
        append("_bytes\":")
        append(decimal: bytes)
    }

    /// Appends the form as JSON.
    private mutating func append(keptForm bytes: Span<UInt8>, head: Span<UInt8>) {
        append(UInt8(ascii: "{"))
        var isFirst = true
        for number in 1...UInt8(KeptForm.fieldCount) {
            guard let field = PostField(rawValue: number), let name = field.name,
                let value = KeptForm.value(of: field, in: bytes)
            else { continue }
            if !isFirst { append(UInt8(ascii: ",")) }
            isFirst = false
            append(UInt8(ascii: "\""))
            append(name)
            append("\":")
            append(value, of: bytes, head: head)
        }
        append(UInt8(ascii: "}"))
    }

    private mutating func append(_ value: KeptValue, of bytes: Span<UInt8>, head: Span<UInt8>) {
        switch value {
        case .null: append("null")
        case .patient(let range):
            append(UInt8(ascii: "\""))
            append(jsonCharacters: head)
            append(jsonCharacters: bytes.extracting(range))
            append(UInt8(ascii: "\""))
        case .time(let microseconds):
            append(UInt8(ascii: "\""))
            append(timestamp: microseconds)
            append(UInt8(ascii: "\""))
        case .number(let mantissa, let decimals): append(fixed: mantissa, decimals: decimals)
        case .other(let range): append(bytes.extracting(range))
        }
    }

    /// Appends status, payload and message behind the time of the record.
    mutating func append(posted error: PostedError, in record: Record) {
        append("\",\"status_code\":")
        append(decimal: UInt64(error.status))
        append(",\"payload\":")
        append(jsonString: error.payload)
        append(",\"error_message\":\"")
        append(jsonCharacters: record.sensor.bytes)
        append(jsonCharacters: error.messageRest)
        append(UInt8(ascii: "\""))
    }

    /// Appends what else is known of it, each with a comma in front.
    mutating func append(details error: PostedError, in record: Record) {
        append(path: .errorMessage)
        if error.isPayloadCut { append(cut: "payload", bytes: error.payloadBytes) }
        if error.isMessageCut(in: record) { append(cut: "message", bytes: error.messageBytes) }
    }
}
