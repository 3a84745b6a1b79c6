import Bytes
import Time

/// Reads an access key out of the JSON of a provider.
///
/// ```
/// process    {"Version":1,"AccessKeyId":"…","SecretAccessKey":"…",
///             "SessionToken":"…","Expiration":"…"}
/// metadata   {"Code":"Success","AccessKeyId":"…","SecretAccessKey":"…",
///             "Token":"…","Expiration":"…"}
/// IoT        {"credentials":{"accessKeyId":"…","secretAccessKey":"…",
///             "sessionToken":"…","expiration":"…"}}
/// ```
///
/// What else stands there is passed over. A field that is given twice is refused: nobody says
/// which one counts. No error has a byte of a value in it.
public enum KeyAnswer {
    /// Whose JSON it is.
    public enum Form: Sendable {
        /// `credential_process`, version 1.
        case process
        /// The agent of a container, the metadata of an instance.
        case metadata
        case iot

        fileprivate var names: [StaticString] {
            switch self {
            case .process: ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]
            case .metadata: ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"]
            case .iot: ["accessKeyId", "secretAccessKey", "sessionToken", "expiration"]
            }
        }
    }

    /// The fields as they were found.
    private struct Fields {
        var version: String?
        var code: String?
        /// In the order of the names.
        var values: [String?] = [nil, nil, nil, nil]
    }

    public static func read(
        _ body: Span<UInt8>, _ form: Form
    ) throws(KeyAnswerError) -> AccessKey {
        let fields: Fields
        do throws(JSONError) {
            fields = try read(body, form: form)
        } catch {
            throw .notUnderstood(offset: error.offset)
        }
        if case .process = form {
            guard let version = fields.version else { throw .missing("Version") }
            guard version == "1" else { throw .version }
        }
        // The metadata service says 200 and a code, as in "Code" : "AssumeRoleUnauthorizedAccess".
        if let code = fields.code, code != "Success" { throw .refused(code: visible(code)) }
        let names = form.names
        let parts: [(String?, Int)] = [
            (fields.values[0], AccessKey.accessKeyIDLimit),
            (fields.values[1], AccessKey.secretLimit), (fields.values[2], AccessKey.tokenLimit),
        ]
        for (index, (value, limit)) in parts.enumerated() {
            guard let value, !value.isEmpty else { continue }
            if let fault = AccessKey.fault(of: value, limit: limit) {
                throw .malformed("\(names[index])", fault)
            }
        }
        guard let id = fields.values[0], !id.isEmpty else { throw .missing("\(names[0])") }
        guard let secret = fields.values[1], !secret.isEmpty else { throw .missing("\(names[1])") }
        var expiry: Int64?
        if let text = fields.values[3], !text.isEmpty {
            guard let time = TimeReader.instant(zoned: text) else {
                throw .malformed("\(names[3])", "is no time such as 2025-07-15T17:10:33Z")
            }
            expiry = time
        }
        return AccessKey(
            accessKeyID: id, secretAccessKey: secret,
            sessionToken: fields.values[2].flatMap { $0.isEmpty ? nil : $0 },
            expiryWallMicroseconds: expiry)
    }

    /// Walks the object; with `iot`, the one inside it.
    private static func read(_ body: Span<UInt8>, form: Form) throws(JSONError) -> Fields {
        var scanner = JSONScanner(body)
        var fields = Fields()
        var wasInside = false
        try scanner.expect(.beginObject)
        while case .key(let key) = try scanner.next() {
            let name = body.extracting(key)
            if case .iot = form, name.isEqual(to: "credentials") {
                guard !wasInside else { throw repeated(key) }
                wasInside = true
                try scanner.expect(.beginObject)
                while case .key(let inner) = try scanner.next() {
                    try take(inner, of: &scanner, body, form, into: &fields)
                }
            } else if case .iot = form {
                try scanner.skipRest(of: try scanner.next())
            } else {
                try take(key, of: &scanner, body, form, into: &fields)
            }
        }
        try scanner.expect(.end)
        return fields
    }

    private static func take(
        _ key: Range<Int>, of scanner: inout JSONScanner, _ body: Span<UInt8>, _ form: Form,
        into fields: inout Fields
    ) throws(JSONError) {
        let name = body.extracting(key)
        let token = try scanner.next()
        var text: String?
        switch token {
        case .string(let range):
            guard let read = String(jsonString: body.extracting(range)) else {
                throw JSONError(reason: .badEscape, offset: range.lowerBound)
            }
            text = read
        case .number(let range): text = String(jsonString: body.extracting(range))
        default: break
        }
        if name.isEqual(to: "Version"), case .number = token {
            guard fields.version == nil else { throw repeated(key) }
            fields.version = text
        } else if name.isEqual(to: "Code") {
            fields.code = text
        } else if let place = form.names.firstIndex(where: { name.isEqual(to: $0) }) {
            guard fields.values[place] == nil else { throw repeated(key) }
            if case .string = token { fields.values[place] = text }
        }
        try scanner.skipRest(of: token)
    }

    private static func repeated(_ key: Range<Int>) -> JSONError {
        JSONError(reason: .unexpectedToken, offset: key.lowerBound)
    }

    /// A code of the service's, fit for a log.
    private static func visible(_ code: String) -> String {
        let letters = code.unicodeScalars.prefix(64).filter {
            $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
        }
        return String(String.UnicodeScalarView(letters))
    }
}

/// Why a provider's JSON has no key in it.
public enum KeyAnswerError: Error, Equatable, Sendable {
    /// Not the JSON that was asked for, from this byte on.
    case notUnderstood(offset: Int)
    case missing(String)
    /// A version of the format that is not 1.
    case version
    /// A field and what is wrong with it.
    case malformed(String, String)
    /// The provider's own code.
    case refused(code: String)

    /// In words that follow the name of the provider.
    public var text: String {
        switch self {
        case .notUnderstood(let offset): "its answer is not the JSON of a key at byte \(offset)"
        case .missing(let name): "its answer has no \(name)"
        case .version: "its answer has another Version than 1"
        case .malformed(let name, let fault): "\(name) of its answer \(fault)"
        case .refused(let code): "it refuses with \(code)"
        }
    }
}
