/// Why a request cannot be signed.
public enum SigningError: Error, Equatable, Sendable {
    /// More than fits: which limit, and its value.
    case exceeded(Limit, limit: Int)
    /// Empty, or with a byte that does not belong there.
    case malformed(Part)
    /// The signer writes this header itself, so a second one would contradict it.
    case reservedHeader(ReservedHeader)
    /// The request was never begun, or its beginning was refused.
    case notBegun

    /// What is limited.
    public enum Limit: Equatable, Sendable {
        case hostBytes, pathBytes, queryBytes, parameters, headerBytes, headers
        case accessKeyIDBytes, secretAccessKeyBytes, sessionTokenBytes
        case regionBytes, serviceBytes
        /// The signer was made for smaller requests than this one.
        case canonicalRequestBytes, authorizationBytes
    }

    /// What is malformed.
    public enum Part: Equatable, Sendable {
        case host, path, query, headerName, headerValue
        case accessKeyID, secretAccessKey, sessionToken
        case region, service
    }

    /// Headers that `CanonicalRequest.begin` and the signer write.
    public enum ReservedHeader: String, Equatable, Sendable, CaseIterable {
        case authorization
        case contentHash = "x-amz-content-sha256"
        case date = "x-amz-date"
        case host
        case sessionToken = "x-amz-security-token"
    }
}

/// How large the requests are that one `CanonicalRequest` holds. Its memory, and that of a
/// `Signer` for such requests, is taken at start-up.
///
/// The defaults hold any request to Kinesis, Firehose or OpenSearch several times over: those
/// have five headers of 300 bytes together and a path of 64 bytes at most.
public struct RequestLimits: Equatable, Sendable {
    /// Bytes of the path as it is given; percent-encoding may triple them.
    public var pathBytes: Int
    /// Bytes of all names and values of the query in their canonical form.
    public var queryBytes: Int
    /// Names with their values in the query.
    public var parameters: Int
    /// Bytes of all names and values of the headers, those of the signer apart.
    public var headerBytes: Int
    /// Headers, those of the signer apart; a repeated one counts each time.
    public var headers: Int

    public init(
        pathBytes: Int = 1_024, queryBytes: Int = 2_048, parameters: Int = 64,
        headerBytes: Int = 4_096, headers: Int = 32
    ) {
        precondition(
            pathBytes > 0 && queryBytes > 0 && parameters > 0 && headerBytes > 0 && headers > 0,
            "a limit is at least one")
        self.pathBytes = pathBytes
        self.queryBytes = queryBytes
        self.parameters = parameters
        self.headerBytes = headerBytes
        self.headers = headers
    }

    /// Bytes of the longest canonical path: all percent-encoded, or the lone "/".
    var canonicalPathBytes: Int { 3 * pathBytes + 1 }

    /// Bytes of the longest list of signed headers, with the signer's own names.
    var signedHeadersBytes: Int { headerBytes + headers + 256 }

    /// Bytes of the longest canonical request: path, query with its separators, headers with
    /// colons and newlines, session token, signed headers, and what is left, which is fixed
    /// (method, date, two payload hashes, newlines, the signer's header names: under 512).
    var canonicalRequestBytes: Int {
        canonicalPathBytes + queryBytes + 2 * parameters + headerBytes + 2 * headers
            + SigningCredentials.sessionTokenBytesMax + signedHeadersBytes + 512
    }
}
