/// The environment variables that AWS's tools read, as values. An empty one is as good as none.
public struct CredentialEnvironment: Equatable, Sendable, SecretHolder {
    public var accessKeyID: String?
    public var secretAccessKey: String?
    public var sessionToken: String?
    /// When the key above ends: `AWS_CREDENTIAL_EXPIRATION`.
    public var expiration: String?
    public var profile: String?
    public var sharedCredentialsFile: String?
    public var configFile: String?
    public var home: String?
    /// The folder of what systemd's `LoadCredential=` hands over (systemd.exec(5)).
    public var credentialsFolder: String?
    /// A path at the address of the ECS agent.
    public var containerPath: String?
    public var containerURL: String?
    public var containerToken: String?
    public var containerTokenFile: String?
    /// `AWS_EC2_METADATA_DISABLED=true`
    public var isMetadataDisabled: Bool
    public var metadataURL: String?
    /// `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6`
    public var usesMetadataIPv6: Bool

    /// Asks `variable` for each name.
    public init(variable: (String) -> String?) {
        func value(_ name: String) -> String? {
            variable(name).flatMap { $0.isEmpty ? nil : $0 }
        }
        accessKeyID = value("AWS_ACCESS_KEY_ID")
        secretAccessKey = value("AWS_SECRET_ACCESS_KEY")
        sessionToken = value("AWS_SESSION_TOKEN")
        expiration = value("AWS_CREDENTIAL_EXPIRATION")
        profile = value("AWS_PROFILE")
        sharedCredentialsFile = value("AWS_SHARED_CREDENTIALS_FILE")
        configFile = value("AWS_CONFIG_FILE")
        home = value("HOME")
        credentialsFolder = value("CREDENTIALS_DIRECTORY")
        containerPath = value("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        containerURL = value("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        containerToken = value("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        containerTokenFile = value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        isMetadataDisabled = value("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true"
        metadataURL = value("AWS_EC2_METADATA_SERVICE_ENDPOINT")
        usesMetadataIPv6 =
            value("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased() == "ipv6"
    }

    /// How systemd's folder is written in paths of the configuration.
    public static let credentialsFolderWord = "$CREDENTIALS_DIRECTORY/"

    /// The path that `path` means: `~/` is the home, `$CREDENTIALS_DIRECTORY/` systemd's folder.
    /// Where the variable is not set, the path stays as it is and no file is found there.
    public func expanded(_ path: String) -> String {
        if let home, path.hasPrefix("~/") { return home + path.dropFirst() }
        let word = Self.credentialsFolderWord
        if let credentialsFolder, path.hasPrefix(word) {
            return "\(credentialsFolder)/\(path.dropFirst(word.count))"
        }
        return path
    }

    /// Whether systemd has put the file there, in memory, for this service alone.
    public func isServiceManagers(_ path: String) -> Bool {
        credentialsFolder.map { path.hasPrefix($0 + "/") } ?? false
    }
}
