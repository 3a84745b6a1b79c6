/// Which proxy a request goes through.
public enum HTTPSProxy: Equatable, Sendable {
    /// What the environment says: `https_proxy`, `all_proxy`, `no_proxy`, as libcurl reads them.
    /// A loopback address is always reached directly.
    case environment
    /// None, whatever the environment says.
    case none
    /// This one: `http://10.0.0.1:3128`.
    case url(String)
}

/// How one sink's requests are made. That the server's certificate and name are verified, with
/// TLS 1.2 at least, is not a setting.
public struct HTTPSSettings: Equatable, Sendable {
    /// PEM file of the certificate authorities to trust, read at the first connection and then
    /// once a day. With neither this nor `certificateAuthorityFolder`, the system's are trusted;
    /// with either, no others.
    public var certificateAuthorityFile: String?
    /// Folder of PEM files named by the hash of their subject (openssl-rehash(1)), each read
    /// when a connection needs it.
    public var certificateAuthorityFolder: String?
    /// Longest time for name, TCP, proxy and TLS together.
    public var connectTimeoutMilliseconds = 10_000
    /// Longest time for the whole request.
    public var totalTimeoutMilliseconds = 60_000
    /// A transfer slower than `lowSpeedBytesPerSecond` for `lowSpeedSeconds` ends as a time-out:
    /// a link that trickles is given up earlier than the total time allows. 0 seconds: never.
    public var lowSpeedBytesPerSecond = 100
    public var lowSpeedSeconds = 20
    /// Idle seconds before TCP probes the other end, and between probes, so that NAT boxes keep
    /// the connection and a dead one is noticed. 0: no probes.
    public var keepAliveSeconds = 30
    /// `http:` to 127.0.0.0/8, ::1 and localhost, for a relay or a test on the same machine.
    public var allowsPlainLoopback = false
    /// `http:` to these hosts besides, written as in a URL: addresses beside this machine that
    /// have no TLS, such as an instance's metadata. They must answer without a proxy.
    public var plainHosts: [String] = []
    /// PEM files of a certificate and its key, with which this side says who it is (mutual TLS).
    public var clientCertificateFile: String?
    public var clientKeyFile: String?
    public var proxy: HTTPSProxy = .environment
    public var userAgent = "pulsegate"

    public init() {}
}

/// The sizes of a transfer's buffers, taken once.
public struct HTTPSLimits: Equatable, Sendable {
    /// Longest request body, bytes.
    public var bodyBytes: Int
    /// Longest response body, bytes; a longer one is the failure `responseTooLarge`.
    public var responseBytes: Int
    /// Text of all header lines together, bytes: a session token alone can take 2 KiB.
    public var headerBytes = 8_192
    /// Most header lines.
    public var headerLines = 24

    public init(bodyBytes: Int, responseBytes: Int) {
        self.bodyBytes = bodyBytes
        self.responseBytes = responseBytes
    }
}
