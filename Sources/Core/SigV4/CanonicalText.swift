public import Bytes
internal import Time

extension CanonicalRequest {
    /// Appends the canonical request as it is at `wallMicroseconds`, sent with `credentials` and
    /// with a body whose SHA-256 is `payload`.
    public borrowing func appendText(
        to buffer: inout FixedBuffer, at wallMicroseconds: Int64,
        credentials: SigningCredentials, payload: SHA256Digest
    ) throws(SigningError) {
        guard isBegun else { throw .notBegun }
        buffer.append(text: method.rawValue)
        buffer.append(UInt8(ascii: "\n"))
        buffer.append(path.bytes)
        buffer.append(UInt8(ascii: "\n"))
        appendQuery(to: &buffer)
        buffer.append(UInt8(ascii: "\n"))
        let token = credentials.sessionToken
        for index in 0..<headers.fields.count {
            let field = headers.fields[index]
            if skips(field, token) { continue }
            if headers.repeatsName(at: index) {
                buffer.append(UInt8(ascii: ","))
            } else {
                if index > 0 { buffer.append(UInt8(ascii: "\n")) }
                buffer.append(headers.text.bytes.extracting(field.name.range))
                buffer.append(UInt8(ascii: ":"))
            }
            switch field.value {
            case .text(let slice): buffer.append(headers.text.bytes.extracting(slice.range))
            case .contentHash: buffer.append(hex: payload.bytes)
            case .date: buffer.append(basicTimestamp: wallMicroseconds)
            case .sessionToken: if let token { buffer.append(token.utf8.span) }
            }
        }
        buffer.append("\n\n")
        appendSignedHeaders(to: &buffer, credentials: credentials)
        buffer.append(UInt8(ascii: "\n"))
        buffer.append(hex: payload.bytes)
    }

    /// Appends the names of the headers that are signed: "content-type;host;x-amz-date".
    public borrowing func appendSignedHeaders(
        to buffer: inout FixedBuffer, credentials: SigningCredentials
    ) {
        let token = credentials.sessionToken
        var isFirst = true
        for index in 0..<headers.fields.count {
            let field = headers.fields[index]
            if skips(field, token) || headers.repeatsName(at: index) { continue }
            if !isFirst { buffer.append(UInt8(ascii: ";")) }
            buffer.append(headers.text.bytes.extracting(field.name.range))
            isFirst = false
        }
    }

    /// Appends the canonical query, without a "?". What was added by name and value is sent in
    /// this form.
    public borrowing func appendQuery(to buffer: inout FixedBuffer) {
        let text = query.text.bytes
        for index in 0..<query.fields.count {
            let field = query.fields[index]
            if index > 0 { buffer.append(UInt8(ascii: "&")) }
            buffer.append(text.extracting(field.name.range))
            buffer.append(UInt8(ascii: "="))
            if case .text(let slice) = field.value { buffer.append(text.extracting(slice.range)) }
        }
    }

    /// Permanent credentials have no session token, and then the header is not sent.
    private borrowing func skips(_ field: Field, _ token: String?) -> Bool {
        if case .sessionToken = field.value { token == nil } else { false }
    }
}

extension CanonicalRequest {
    /// `begin` from text in a program or a configuration.
    public mutating func begin(
        _ method: HTTPMethod, host: String, path: String, form: PathForm = .normalized,
        contentHash: Bool = false
    ) throws(SigningError) {
        try begin(
            method, host: host.utf8.span, path: path.utf8.span, form: form,
            contentHash: contentHash)
    }

    /// `append(header:value:)` from text in a program or a configuration.
    public mutating func append(header name: String, value: String) throws(SigningError) {
        try append(header: name.utf8.span, value: value.utf8.span)
    }

    /// `append(parameter:value:)` from text in a program or a configuration.
    public mutating func append(parameter name: String, value: String) throws(SigningError) {
        try append(parameter: name.utf8.span, value: value.utf8.span)
    }

    /// The header that this lower-cased name is reserved for.
    static func reservedHeader(_ name: Span<UInt8>) -> SigningError.ReservedHeader? {
        if name.isEqual(to: "authorization") { return .authorization }
        if name.isEqual(to: "host") { return .host }
        if name.isEqual(to: "x-amz-content-sha256") { return .contentHash }
        if name.isEqual(to: "x-amz-date") { return .date }
        if name.isEqual(to: "x-amz-security-token") { return .sessionToken }
        return nil
    }
}
