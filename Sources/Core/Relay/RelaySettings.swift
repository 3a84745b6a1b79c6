/// What the environment of a function says (the table in cloud/README.md).
public struct RelaySettings: Equatable, Sendable {
    /// Which half of the program runs: the template's `Handler`.
    public enum Handler: Equatable, Sendable {
        case indexer(IndexerSettings)
        /// Limits in beats per minute.
        case transform(high: UInt16, clear: UInt16)
    }

    /// `host:port` of the runtime API.
    public let runtimeAPI: String
    public let handler: Handler
    /// Every invocation is logged, not only those with something to say.
    public let isVerbose: Bool

    /// `value` answers an environment variable's text; an empty one counts as none.
    public init(_ value: @escaping (String) -> String?) throws(SettingError) {
        let reader = EnvironmentReader(value)
        runtimeAPI = try reader.required(
            "AWS_LAMBDA_RUNTIME_API", remedy: "set by Lambda; this program runs nowhere else")
        let level = try reader.word(
            "PULSEGATE_LOG_LEVEL", ["notice", "error", "warning", "info", "debug"])
        isVerbose = level == "info" || level == "debug"
        switch try reader.word("_HANDLER", ["", "indexer", "transform"]) {
        case "indexer": handler = .indexer(try IndexerSettings(reader))
        case "transform":
            let high = try reader.number("PULSEGATE_ALARM_HIGH", default: 150, in: 1...300)
            let clear = try reader.number("PULSEGATE_ALARM_CLEAR", default: 145, in: 1...300)
            guard clear <= high else {
                throw SettingError(
                    name: "PULSEGATE_ALARM_CLEAR", value: "\(clear)",
                    remedy: "a value not above PULSEGATE_ALARM_HIGH, which is \(high)")
            }
            handler = .transform(high: UInt16(high), clear: UInt16(clear))
        default:
            throw SettingError(
                name: "_HANDLER", value: nil, remedy: "the function's Handler: indexer or transform"
            )
        }
    }
}

/// The settings of the indexer.
public struct IndexerSettings: Equatable, Sendable {
    /// `https://host`, without a slash at the end.
    public let endpoint: String
    /// `es` or `aoss`.
    public let service: String
    public let region: String
    public let indexing: IndexingSettings
    public let bulkBytes: Int
    public let requestTimeoutSeconds: Int
    /// `https://host` of the error stream.
    public let kinesisEndpoint: String
    /// PEM file of the authorities to trust; nil: the system's.
    public let authorityFile: String?

    /// The host of an endpoint as the Host header has it.
    public static func authority(of endpoint: String) -> String {
        String(endpoint.drop { $0 != "/" }.drop { $0 == "/" })
    }

    init(_ reader: EnvironmentReader) throws(SettingError) {
        endpoint = try reader.endpoint("PULSEGATE_OPENSEARCH_ENDPOINT", default: nil)
        service = try reader.word("PULSEGATE_OPENSEARCH_SERVICE", ["es", "aoss"])
        region = try reader.required("AWS_REGION", remedy: "set by Lambda")
        let period = try reader.word("PULSEGATE_INDEX_PERIOD", ["month", "none"])
        indexing = IndexingSettings(
            names: IndexNames(
                gateway: try reader.index("PULSEGATE_INDEX", default: "heart_rate"),
                patientStats: try reader.index("PULSEGATE_PATIENT_INDEX", default: "patient_stats"),
                isMonthly: period == "month"),
            hasIDs: service == "es", errorStream: try reader.stream("PULSEGATE_ERROR_STREAM"))
        bulkBytes = try reader.number(
            "PULSEGATE_BULK_BYTES", default: 4 << 20, in: 1_024...100 << 20)
        requestTimeoutSeconds = try reader.number(
            "PULSEGATE_REQUEST_TIMEOUT", default: 20, in: 1...900)
        kinesisEndpoint = try reader.endpoint(
            "AWS_ENDPOINT_URL_KINESIS", default: "https://kinesis.\(region).amazonaws.com")
        authorityFile = reader.value("AWS_CA_BUNDLE")
    }
}

/// An environment variable that the function cannot start with.
public struct SettingError: Error, Equatable, Sendable, CustomStringConvertible {
    public let name: String
    /// nil: it is not set.
    public let value: String?
    /// What it has to be.
    public let remedy: String

    public var description: String {
        "\(name) is \(value.map { "\"\($0)\"" } ?? "not set"); it has to be: \(remedy)"
    }
}

/// Reads variables by their kind.
struct EnvironmentReader {
    private let lookUp: (String) -> String?

    init(_ value: @escaping (String) -> String?) { lookUp = value }

    func value(_ name: String) -> String? {
        let text = lookUp(name) ?? ""
        return text.isEmpty ? nil : text
    }

    func required(_ name: String, remedy: String) throws(SettingError) -> String {
        guard let text = value(name) else {
            throw SettingError(name: name, value: nil, remedy: remedy)
        }
        return text
    }

    /// One of `words`; the first where the variable is not set.
    func word(_ name: String, _ words: [String]) throws(SettingError) -> String {
        guard let text = value(name) else { return words[0] }
        guard words.contains(text) else {
            let list = words.filter { !$0.isEmpty }.joined(separator: ", ")
            throw SettingError(name: name, value: text, remedy: "one of \(list)")
        }
        return text
    }

    func number(
        _ name: String, default standard: Int, in range: ClosedRange<Int>
    ) throws(SettingError) -> Int {
        guard let text = value(name) else { return standard }
        guard let number = Int(text), range.contains(number) else {
            throw SettingError(
                name: name, value: text,
                remedy: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// `https://host[:port]`; `http` is judged where connections are made. A slash at the end is
    /// taken and dropped.
    func endpoint(_ name: String, default standard: String?) throws(SettingError) -> String {
        let remedy = "https:// and a host, without a path"
        guard var text = value(name) ?? standard else {
            throw SettingError(name: name, value: nil, remedy: remedy)
        }
        let given = text
        if text.hasSuffix("/") { text.removeLast() }
        let scheme = text.hasPrefix("https://") ? 8 : text.hasPrefix("http://") ? 7 : 0
        let host = text.utf8.dropFirst(scheme)
        let isHost = host.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/?#@".utf8.contains($0) }
        guard scheme > 0, !host.isEmpty, isHost else {
            throw SettingError(name: name, value: given, remedy: remedy)
        }
        return text
    }

    /// A name that is no other expression, and that leaves room for the month (OpenSearch, "Index
    /// naming restrictions").
    func index(_ name: String, default standard: String) throws(SettingError) -> String {
        let text = value(name) ?? standard
        let isName = text.utf8.allSatisfy(Self.isIndexCharacter)
        guard isName, text.utf8.count <= 200, let first = text.utf8.first,
            first != UInt8(ascii: "_"), first != UInt8(ascii: "-")
        else {
            throw SettingError(
                name: name, value: text,
                remedy: "small letters, digits, _ and -, the first a letter or digit")
        }
        return text
    }

    private static func isIndexCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// Kinesis API reference, `StreamName`: 1 to 128 of `[a-zA-Z0-9_.-]`.
    func stream(_ name: String) throws(SettingError) -> String {
        let remedy = "the name of the stream of error records"
        let text = try required(name, remedy: remedy)
        let isName = text.utf8.allSatisfy { byte in
            Self.isIndexCharacter(byte | 0x20) || Self.isIndexCharacter(byte)
                || byte == UInt8(ascii: ".")
        }
        guard isName, text.utf8.count <= 128 else {
            throw SettingError(name: name, value: text, remedy: remedy)
        }
        return text
    }
}
