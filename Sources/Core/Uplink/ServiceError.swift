import Bytes

/// Why a service refused a whole request, by what has to happen next. Raw values are for logs
/// and metrics.
public enum RequestRefusal: String, Equatable, Sendable {
    /// Slow down: 429, or an exception of that meaning.
    case throttled
    /// 5xx: the service's trouble.
    case serverFault
    /// The signature does not fit: a wrong secret, or a request changed on its way.
    case signature
    /// The service's clock and ours differ too much for the signature.
    case clockSkew
    /// Unknown, expired or missing credentials.
    case credentials
    /// Good credentials without the permission kinesis:PutRecords.
    case permission
    /// The stream does not exist in this region and account.
    case notFound
    /// The service does not take what is in the request: a smaller or another one it may take.
    case content
    /// The service does not take the request as it is.
    case invalidRequest
    /// A status or a body that is not this service's: a proxy, a captive portal.
    case notTheService

    /// Another key may mend it. A half of a rotated key makes a signature that does not fit, and
    /// some services say "forbidden" of an expired one.
    public var concernsKey: Bool {
        switch self {
        case .credentials, .signature, .permission: true
        case .throttled, .serverFault, .clockSkew, .notFound, .content, .invalidRequest,
            .notTheService:
            false
        }
    }

    /// Waiting alone does not mend it: a key, a permission, a name or a clock is wrong.
    public var needsPeople: Bool {
        switch self {
        case .throttled, .serverFault: false
        case .signature, .clockSkew, .credentials, .permission, .notFound, .content,
            .invalidRequest, .notTheService:
            true
        }
    }
}

/// Reads a refusal of AWS's JSON protocol: `{"__type":"…#Code","message":"…"}`, where the part
/// up to `#` may be missing and `message` may begin with a capital letter; or one in XML.
public enum ServiceError {
    private static let codes: [(StaticString, RequestRefusal)] = [
        ("ProvisionedThroughputExceededException", .throttled),
        ("LimitExceededException", .throttled),
        ("ThrottlingException", .throttled),
        ("Throttling", .throttled),
        ("RequestLimitExceeded", .throttled),
        ("TooManyRequestsException", .throttled),
        ("SlowDown", .throttled),
        ("KMSThrottlingException", .throttled),
        ("ServiceUnavailable", .serverFault),
        ("ServiceUnavailableException", .serverFault),
        ("InternalFailure", .serverFault),
        ("InternalFailureException", .serverFault),
        ("InvalidSignatureException", .signature),
        ("SignatureDoesNotMatch", .signature),
        ("IncompleteSignature", .signature),
        ("IncompleteSignatureException", .signature),
        ("RequestExpired", .clockSkew),
        ("RequestTimeTooSkewed", .clockSkew),
        ("UnrecognizedClientException", .credentials),
        ("InvalidClientTokenId", .credentials),
        ("ExpiredTokenException", .credentials),
        ("ExpiredToken", .credentials),
        ("MissingAuthenticationToken", .credentials),
        ("MissingAuthenticationTokenException", .credentials),
        ("AccessDeniedException", .permission),
        ("AccessDenied", .permission),
        ("KMSAccessDeniedException", .permission),
        ("ResourceNotFoundException", .notFound),
        ("ValidationException", .content),
        ("InvalidArgumentException", .content),
        ("SerializationException", .content),
    ]

    /// Classifies an answer that is not 200. `isPage`: it calls itself HTML.
    public static func refusal(
        status: Int, body: Span<UInt8>, isPage: Bool = false
    ) -> RequestRefusal {
        // Only a refusal has a code: a redirect with one is somebody else's.
        if (400..<600).contains(status), let code = errorCode(of: body) ?? codeElement(of: body) {
            let text = body.extracting(code)
            for (name, refusal) in codes where text.isEqual(to: name) {
                return refusal == .signature && isSkew(body) ? .clockSkew : refusal
            }
            if status == 400 { return .invalidRequest }
        }
        switch status {
        case 429: return .throttled
        case 500...599: return .serverFault
        // Proxies that a service stands behind say this with a page of their own.
        case 413: return .content
        case 400...499 where isPage || Self.isPage(body): return .notTheService
        case 401: return .credentials
        case 403: return .permission
        case 404: return .notFound
        // Bad Request, Unprocessable Content (RFC 9110 section 15.5).
        case 400, 422: return .content
        case 400...499: return .invalidRequest
        default: return .notTheService
        }
    }

    /// The code's place in the body, without the namespace in front of `#`.
    static func errorCode(of body: Span<UInt8>) -> Range<Int>? {
        do throws(JSONError) {
            var scanner = JSONScanner(body)
            try scanner.expect(.beginObject)
            while case .key(let key) = try scanner.next() {
                let token = try scanner.next()
                if case .string(let value) = token, body.extracting(key).isEqual(to: "__type") {
                    return withoutNamespace(value, in: body)
                }
                try scanner.skipRest(of: token)
            }
            return nil
        } catch {
            return nil
        }
    }

    private static func withoutNamespace(_ range: Range<Int>, in body: Span<UInt8>) -> Range<Int> {
        for index in range.reversed() where body[index] == UInt8(ascii: "#") {
            return index + 1..<range.upperBound
        }
        return range
    }

    /// The code's place in XML, `<Code>…</Code>`: moto and AWS's query services refuse so.
    private static func codeElement(of body: Span<UInt8>) -> Range<Int>? {
        guard let tag = body.firstIndex(of: "<Code>") else { return nil }
        let start = tag + 6
        guard let length = body.extracting(start..<body.count).firstIndex(of: "</Code>") else {
            return nil
        }
        return start..<start + length
    }

    /// HTML, which is for people: a proxy or a captive portal has answered in the service's place.
    public static func isPage(_ body: Span<UInt8>) -> Bool {
        var start = 0
        while start < body.count, body[start] <= 0x20 { start += 1 }
        let rest = body.extracting(start..<body.count)
        return rest.begins(withLetters: "<html") || rest.begins(withLetters: "<!doctype html")
    }

    /// AWS says a skew in the words of a bad signature: "Signature expired: … is now earlier
    /// than …", "Signature not yet current: …".
    private static func isSkew(_ body: Span<UInt8>) -> Bool {
        body.firstIndex(of: "Signature expired") != nil
            || body.firstIndex(of: "Signature not yet current") != nil
    }
}

extension Span<UInt8> {
    /// Whether `lowercase` stands at the front, in capital or small letters.
    fileprivate func begins(withLetters lowercase: StaticString) -> Bool {
        let wanted = lowercase.utf8Span
        guard count >= wanted.count else { return false }
        for index in wanted.indices {
            let isCapital = self[index] >= UInt8(ascii: "A") && self[index] <= UInt8(ascii: "Z")
            guard (isCapital ? self[index] | 0x20 : self[index]) == wanted[index] else {
                return false
            }
        }
        return true
    }
}
