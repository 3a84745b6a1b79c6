/// An AWS access key: who signs, and with what.
///
/// Text that describes it (`print`, interpolation, `dump`, a debugger) shows the first and last
/// four characters of the key's name and nothing of its secrets.
public struct AccessKey: Equatable, Sendable, SecretHolder {
    /// The public name of the key, `AKIA...` or, for temporary ones, `ASIA...`.
    public let accessKeyID: String
    public let secretAccessKey: String
    /// Goes with temporary keys, in the header `X-Amz-Security-Token`.
    public let sessionToken: String?
    /// When the key stops to work, in microseconds since 1970; nil when that is not known.
    public let expiryWallMicroseconds: Int64?

    public init(
        accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil,
        expiryWallMicroseconds: Int64? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiryWallMicroseconds = expiryWallMicroseconds
    }
}

extension AccessKey: CustomStringConvertible, CustomDebugStringConvertible {
    /// `AccessKey(AKIA...MPLE, with session token)`
    public var description: String {
        let token = sessionToken == nil ? "" : ", with session token"
        return "AccessKey(\(shortID)\(token))"
    }

    public var debugDescription: String { description }

    /// The first and last four characters of the key's name: enough to tell two keys apart.
    public var shortID: String {
        guard accessKeyID.count >= 16 else { return "..." }
        return "\(accessKeyID.prefix(4))...\(accessKeyID.suffix(4))"
    }
}

#if hasFeature(Embedded)
    /// A value with secrets in it. Embedded Swift has no mirrors that could show them.
    public protocol SecretHolder {}
#else
    /// A value with secrets in it: `print`, `dump`, interpolation and a failed expectation of a
    /// test show its type and nothing more.
    public protocol SecretHolder: CustomReflectable {}

    extension SecretHolder {
        /// No children: stored properties are shown through their mirror otherwise.
        public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
    }
#endif

extension AccessKey {
    /// Bytes that each part may have. IAM's `AccessKey` type has 16 to 128 characters for the
    /// name; STS sets no limit for a token and advises room for 4,096 and more.
    static let accessKeyIDLimit = 128
    static let secretLimit = 128
    static let tokenLimit = 8_192

    /// What makes `value` unfit for a header of HTTP; the value itself is never shown.
    static func fault(of value: String, limit: Int) -> String? {
        if value.utf8.count > limit { return "is longer than \(limit) bytes" }
        if value.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) {
            return "has a blank or a character outside ASCII"
        }
        return nil
    }
}
