internal import Bytes

/// The methods of HTTP that services of AWS know.
public enum HTTPMethod: String, Equatable, Sendable, CaseIterable {
    case delete = "DELETE"
    case get = "GET"
    case head = "HEAD"
    case options = "OPTIONS"
    case patch = "PATCH"
    case post = "POST"
    case put = "PUT"
}

/// The first stage of Signature Version 4: a request in the one form that client and service
/// agree on ("Create a canonical request", AWS General Reference).
///
/// ```
/// POST                                        method
/// /                                           path
///                                             query, sorted
/// content-type:application/x-amz-json-1.1     headers, sorted, one line a name
/// host:kinesis.eu-central-1.amazonaws.com
/// x-amz-date:20250715T171033Z
///
/// content-type;host;x-amz-date                names of the headers
/// 3fb4…                                       SHA-256 of the body
/// ```
///
/// It is prepared once and signed again and again: everything that one endpoint's requests have
/// in common is encoded, folded and sorted when it is added, and the date, the session token and
/// the hash of the body come in at each signature. An odd request goes the same way: `begin`
/// starts over in the same memory.
///
/// An addition that is refused changes nothing.
public struct CanonicalRequest: ~Copyable {
    public let limits: RequestLimits
    private(set) var method = HTTPMethod.get
    /// Empty until `begin` has succeeded.
    private(set) var path: FixedBuffer
    private(set) var query: SortedFields
    private(set) var headers: SortedFields
    /// Headers that count against the limit: not those of the signer.
    private var headerCount = 0
    private var headerBytes = 0

    /// Bytes and number of the host's and the signer's own headers.
    private static let ownHeaderBytes = 96
    private static let ownHeaders = 4

    public init(limits: RequestLimits = RequestLimits()) {
        self.limits = limits
        path = FixedBuffer(capacity: limits.canonicalPathBytes)
        query = SortedFields(bytes: limits.queryBytes, fields: limits.parameters)
        headers = SortedFields(
            bytes: limits.headerBytes + Self.ownHeaderBytes,
            fields: limits.headers + Self.ownHeaders)
    }

    /// `begin` has succeeded.
    public var isBegun: Bool { path.count > 0 }

    /// Forgets everything and starts a request.
    ///
    /// - `host` is the value of the Host header: with the port, unless it is the scheme's own.
    /// - `path` is the path as it stands in the request line, so percent-encoded already where
    ///   it needs to be; what is not is encoded once, in the canonical form only.
    /// - `contentHash` adds the header `x-amz-content-sha256`, which S3 and OpenSearch
    ///   Serverless require and the others do not; it must then be sent as well.
    public mutating func begin(
        _ method: HTTPMethod, host: Span<UInt8>, path: Span<UInt8>,
        form: PathForm = .normalized, contentHash: Bool = false
    ) throws(SigningError) {
        self.path.removeAll()
        query.removeAll()
        headers.removeAll()
        headerCount = 0
        headerBytes = 0
        self.method = method
        guard host.isVisibleText() else { throw .malformed(.host) }
        guard host.count <= limits.headerBytes else {
            throw .exceeded(.hostBytes, limit: limits.headerBytes)
        }
        guard path.count <= limits.pathBytes else {
            throw .exceeded(.pathBytes, limit: limits.pathBytes)
        }
        insert("host", .text(append(folding: host)))
        headerBytes = host.count
        if contentHash { insert("x-amz-content-sha256", .contentHash) }
        insert("x-amz-date", .date)
        insert("x-amz-security-token", .sessionToken)
        try self.path.append(canonicalPath: path, form: form)
    }

    private mutating func insert(_ name: StaticString, _ value: Field.Value) {
        let slice = Slice(start: headers.text.count, count: name.utf8CodeUnitCount)
        headers.text.append(name)
        headers.insert(Field(name: slice, value: value), byValue: false)
    }

    /// Adds a header that is sent and signed. Headers of one name are joined by commas in the
    /// order of their addition. Runs of blanks in the value count as one, and those around it
    /// not at all; bytes that are not ASCII stay as they are.
    public mutating func append(
        header name: Span<UInt8>, value: Span<UInt8>
    ) throws(SigningError) {
        guard isBegun else { throw .notBegun }
        guard headerCount < limits.headers else {
            throw .exceeded(.headers, limit: limits.headers)
        }
        guard name.count + value.count <= limits.headerBytes - headerBytes else {
            throw .exceeded(.headerBytes, limit: limits.headerBytes)
        }
        guard name.count > 0 else { throw .malformed(.headerName) }
        for index in name.indices where !isTokenCharacter(name[index]) {
            throw .malformed(.headerName)
        }
        for index in value.indices where isControl(value[index]) && value[index] != 0x09 {
            throw .malformed(.headerValue)
        }
        let mark = headers.text.count
        for index in name.indices { headers.text.append(lowerCased(name[index])) }
        if let reserved = Self.reservedHeader(headers.text.bytes.extracting(mark...)) {
            headers.text.truncate(to: mark)
            throw .reservedHeader(reserved)
        }
        let slice = Slice(start: mark, count: name.count)
        let folded = append(folding: value)
        headers.insert(Field(name: slice, value: .text(folded)), byValue: false)
        headerCount += 1
        headerBytes += name.count + folded.count
    }

    private mutating func append(folding value: Span<UInt8>) -> Slice {
        let start = headers.text.count
        var isAfterBlank = false
        for index in value.indices {
            let byte = value[index]
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                isAfterBlank = true
                continue
            }
            if isAfterBlank && headers.text.count > start { headers.text.append(UInt8(ascii: " ")) }
            headers.text.append(byte)
            isAfterBlank = false
        }
        return Slice(start: start, count: headers.text.count - start)
    }

    /// Adds a parameter of the query from its plain name and value, and percent-encodes both.
    /// One without a value is signed as "name=".
    public mutating func append(
        parameter name: Span<UInt8>, value: Span<UInt8>
    ) throws(SigningError) {
        try checkParameterLimit()
        let mark = query.text.count
        query.text.append(percentEncoding: name)
        let middle = query.text.count
        query.text.append(percentEncoding: value)
        try insertParameter(from: mark, middle)
    }

    /// Adds the parameters of a query that is percent-encoded already, as it stands behind the
    /// "?" of the request line. It is sorted and otherwise taken as it is: to be accepted it must
    /// be encoded as `append(parameter:value:)` does, "*" as "%2A" and a blank as "%20".
    public mutating func append(encodedQuery text: Span<UInt8>) throws(SigningError) {
        guard isBegun else { throw .notBegun }
        guard text.count > 0 else { return }
        try checkEncoded(text)
        var start = 0
        for index in 0...text.count
        where index == text.count || text[index] == UInt8(ascii: "&") {
            try append(encodedParameter: text.extracting(start..<index))
            start = index + 1
        }
    }

    /// Refuses the whole query before a part of it is added.
    private func checkEncoded(_ text: Span<UInt8>) throws(SigningError) {
        var parameters = 1
        var bytes = text.count
        var isInValue = false
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "&"):
                parameters += 1
                bytes -= 1
                isInValue = false
            case UInt8(ascii: "="):
                if !isInValue { bytes -= 1 }
                isInValue = true
            case UInt8(ascii: " "), UInt8(ascii: "#"): throw .malformed(.query)
            case let byte where isControl(byte): throw .malformed(.query)
            default: break
            }
        }
        guard parameters <= limits.parameters - query.fields.count else {
            throw .exceeded(.parameters, limit: limits.parameters)
        }
        guard bytes <= query.text.room else {
            throw .exceeded(.queryBytes, limit: limits.queryBytes)
        }
    }

    private mutating func append(encodedParameter pair: Span<UInt8>) throws(SigningError) {
        var equals = 0
        while equals < pair.count, pair[equals] != UInt8(ascii: "=") { equals += 1 }
        let mark = query.text.count
        query.text.append(pair.extracting(0..<equals))
        let middle = query.text.count
        if equals < pair.count { query.text.append(pair.extracting((equals + 1)...)) }
        try insertParameter(from: mark, middle)
    }

    private func checkParameterLimit() throws(SigningError) {
        guard isBegun else { throw .notBegun }
        guard query.fields.count < limits.parameters else {
            throw .exceeded(.parameters, limit: limits.parameters)
        }
    }

    private mutating func insertParameter(
        from mark: Int, _ middle: Int
    ) throws(SigningError) {
        guard !query.text.overflowed else {
            query.text.truncate(to: mark)
            throw .exceeded(.queryBytes, limit: limits.queryBytes)
        }
        let name = Slice(start: mark, count: middle - mark)
        let value = Slice(start: middle, count: query.text.count - middle)
        query.insert(Field(name: name, value: .text(value)), byValue: true)
    }
}
