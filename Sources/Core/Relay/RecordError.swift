/// Why bytes of a stream are no record. Its words become `error_message`.
public enum RecordError: Error, Equatable, Sendable, CustomStringConvertible {
    case notBase64
    case notUTF8
    case notJSON(offset: Int)
    case notAnObject
    /// Neither the fields of a gateway's record nor those of `patient_stats`.
    case unknownForm
    /// A field that the form has is not there.
    case missing(String)
    /// A field is there twice, and nobody says which one counts.
    case repeated(String)
    /// A field that only this function adds.
    case reserved(String)
    /// The field is of another type than its form says.
    case wrongType(String)
    /// A number that no such value has, or that is not finite.
    case outOfRange(String)
    /// The diastolic pressure is not below the systolic.
    case pressuresSwapped
    /// No instant with a date that exists.
    case notATime(String)
    /// OpenSearch takes no id of more than 512 bytes.
    case idTooLong
    /// Longer than a request may be.
    case tooLong(limit: Int)

    public var description: String {
        switch self {
        case .notBase64: "no record: not base64"
        case .notUTF8: "no record: not UTF-8"
        case .notJSON(let offset): "no record: not JSON at byte \(offset)"
        case .notAnObject: "no record: not a JSON object"
        case .unknownForm: "no record: neither a measurement nor patient_stats"
        case .missing(let name): "no record: \(name) is missing"
        case .repeated(let name): "no record: \(name) is there twice"
        case .reserved(let name): "no record: \(name) is not a sender's to say"
        case .wrongType(let name): "no record: \(name) is of the wrong type"
        case .outOfRange(let name): "no record: \(name) is out of range"
        case .pressuresSwapped: "no record: the diastolic pressure is not below the systolic"
        case .notATime(let name): "no record: \(name) is no time in UTC"
        case .idTooLong: "no record: device_id and session_id are too long"
        case .tooLong(let limit): "no record: longer than \(limit) bytes"
        }
    }
}
