/// The key that requests are signed with. What prints it sees the access key id, which is no
/// secret, and never the secret or the session token.
public struct SigningCredentials: Equatable, Sendable {
    /// IAM API reference, AccessKey: 16 to 128 characters.
    public static let accessKeyIDBytesMax = 128
    /// Secrets have 40 characters today.
    public static let secretAccessKeyBytesMax = 128
    /// STS promises no length; its documentation names 4,096 bytes as typical at most.
    public static let sessionTokenBytesMax = 8_192

    public let accessKeyID: String
    public let secretAccessKey: String
    /// Of temporary credentials; never empty.
    public let sessionToken: String?

    /// An empty session token counts as none, as an empty environment variable does. Blanks and
    /// line ends are refused: they come from a file read with its newline, and no cloud could
    /// tell what is wrong with the signature that they make.
    public init(
        accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil
    ) throws(SigningError) {
        try check(accessKeyID, .accessKeyID, .accessKeyIDBytes, Self.accessKeyIDBytesMax)
        try check(
            secretAccessKey, .secretAccessKey, .secretAccessKeyBytes,
            Self.secretAccessKeyBytesMax)
        let token = sessionToken ?? ""
        if !token.isEmpty {
            try check(token, .sessionToken, .sessionTokenBytes, Self.sessionTokenBytesMax)
        }
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = token.isEmpty ? nil : token
    }
}

extension SigningCredentials: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        "access key \(accessKeyID), secret hidden"
            + (sessionToken == nil ? "" : ", session token hidden")
    }

    public var debugDescription: String { description }
}

// Embedded Swift has no mirrors: nothing can look into a value there.
#if !hasFeature(Embedded)
    extension SigningCredentials: CustomReflectable {
        /// `dump` and the reports of a test look at the mirror, not at the description.
        public var customMirror: Mirror {
            Mirror(self, children: ["accessKeyID": accessKeyID], displayStyle: .struct)
        }
    }
#endif

/// Visible ASCII, at least one byte and at most `limit`.
func check(
    _ text: String, _ part: SigningError.Part, _ name: SigningError.Limit, _ limit: Int
) throws(SigningError) {
    let bytes = text.utf8.span
    guard bytes.count <= limit else { throw .exceeded(name, limit: limit) }
    guard bytes.isVisibleText() else { throw .malformed(part) }
}
