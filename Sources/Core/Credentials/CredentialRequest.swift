/// A request to a provider of keys. Its header values may be secrets.
public struct CredentialRequest: Equatable, Sendable, SecretHolder, CustomStringConvertible {
    /// GET, or the PUT with which a metadata session begins.
    public enum Method: Equatable, Sendable { case get, put }

    /// A header line by its role.
    public enum Header: Equatable, Sendable, SecretHolder {
        /// `x-amzn-iot-thingname`
        case thingName(String)
        /// `X-aws-ec2-metadata-token-ttl-seconds`
        case tokenSeconds(String)
        /// `X-aws-ec2-metadata-token`
        case metadataToken(String)
        /// `Authorization`
        case authorization(String)
    }

    /// The device's certificate and who is trusted: PEM files.
    public struct Identity: Equatable, Sendable {
        public let certificateFile: String
        public let keyFile: String
        public let authorityFile: String?
    }

    public var method = Method.get
    public var url: String
    public var headers: [Header] = []
    public var identity: Identity?
    /// The provider is on this machine or beside it: it answers at once or not at all.
    public var isNear = false

    public var description: String { "CredentialRequest(\(url))" }

    /// Addresses that are asked without TLS: they belong to this machine and its host, and no
    /// packet to them goes through a router. 169.254.170.2 is the ECS agent, 169.254.170.23 and
    /// fd00:ec2::23 the agent of EKS Pod Identity, 169.254.169.254 and fd00:ec2::254 the instance
    /// metadata ("Container credential provider" and "IMDS credential provider", AWS SDKs and
    /// Tools Reference Guide). Loopback addresses are allowed besides.
    public static let plainHosts = [
        "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "169.254.169.254", "[fd00:ec2::254]",
    ]
}

/// What came of a request.
public struct CredentialReply: Equatable, Sendable, SecretHolder {
    public let status: Int
    public let body: [UInt8]
    /// The provider's own clock, from its `Date` header.
    public let serverWallMicroseconds: Int64?

    public init(status: Int, body: [UInt8], serverWallMicroseconds: Int64?) {
        self.status = status
        self.body = body
        self.serverWallMicroseconds = serverWallMicroseconds
    }
}

/// How a program ended that was to print a key.
public enum ProcessOutcome: Equatable, Sendable, SecretHolder {
    /// What it printed, and its exit status.
    case ended(status: Int32, output: [UInt8])
    case killed(signal: Int32)
    case tookTooLong
    /// It printed more than `outputBytesMax`.
    case saidTooMuch
    /// It could not be started; the kernel's words.
    case notStarted(String)

    /// A key is 1 to 2 KiB; with a token of 8 KiB it is still far below.
    public static let outputBytesMax = 65_536
}

/// A key as a source has given it.
public struct ObtainedKey: Equatable, Sendable, SecretHolder {
    public let key: AccessKey
    /// Where it comes from, in a few words.
    public let place: String
    /// What the provider's clock said when it gave the key; nil where it did not say.
    public let serverWallMicroseconds: Int64?

    public init(key: AccessKey, place: String, serverWallMicroseconds: Int64? = nil) {
        self.key = key
        self.place = place
        self.serverWallMicroseconds = serverWallMicroseconds
    }
}
