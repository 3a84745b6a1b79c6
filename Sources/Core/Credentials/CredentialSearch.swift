/// The environment variables that AWS's tools read, as values. An empty one is as good as none.
public struct CredentialEnvironment: Equatable, Sendable, SecretHolder {
    public var accessKeyID: String?
    public var secretAccessKey: String?
    public var sessionToken: String?
    public var profile: String?
    public var sharedCredentialsFile: String?
    public var home: String?

    /// Asks `variable` for each name.
    public init(variable: (String) -> String?) {
        func value(_ name: String) -> String? {
            variable(name).flatMap { $0.isEmpty ? nil : $0 }
        }
        accessKeyID = value("AWS_ACCESS_KEY_ID")
        secretAccessKey = value("AWS_SECRET_ACCESS_KEY")
        sessionToken = value("AWS_SESSION_TOKEN")
        profile = value("AWS_PROFILE")
        sharedCredentialsFile = value("AWS_SHARED_CREDENTIALS_FILE")
        home = value("HOME")
    }
}

/// What came of reading the shared credentials file.
public enum SharedCredentialsContent: Equatable, Sendable, SecretHolder {
    case bytes([UInt8])
    /// The kernel's words: `No such file or directory`.
    case unreadable(String)
}

/// Looks for an access key in the order of AWS's tools; the caller reads the file for it.
///
/// ```
///  profile or credentials_file configured ─── yes ──▶ the file, and nothing else
///                    │ no
///  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY ─ set ──▶ found
///                    │ not set
///  AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials, profile AWS_PROFILE or `default`
/// ```
///
/// What the configuration names comes before the environment, as `--profile` does in AWS's
/// command line; `AWS_PROFILE` alone does not set aside keys in the environment, as there.
public struct CredentialSearch: Sendable {
    /// What to do next.
    public enum Step: Equatable, Sendable {
        case found(AccessKey)
        /// Read the file at `path` and call `select(from:)`.
        case readFile(path: String)
    }

    private let environment: CredentialEnvironment
    private let isConfigured: Bool
    /// The profile that is looked for in the file.
    public let profile: String
    /// The file to look in; nil without a name for it and without a home.
    public let path: String?

    /// `configuredFile` and `configuredProfile` are settings of the sink.
    public init(
        configuredFile: String?, configuredProfile: String?, environment: CredentialEnvironment
    ) {
        self.environment = environment
        isConfigured = configuredFile != nil || configuredProfile != nil
        profile = configuredProfile ?? environment.profile ?? "default"
        let home = environment.home
        if let file = configuredFile ?? environment.sharedCredentialsFile {
            if let home, file.hasPrefix("~/") {
                path = home + file.dropFirst()
            } else {
                path = file
            }
        } else {
            path = home.map { $0 + "/.aws/credentials" }
        }
    }

    /// Looks in the environment, and says which file comes after it.
    public func begin() throws(CredentialError) -> Step {
        if !isConfigured, let key = try keyInEnvironment() { return .found(key) }
        guard let path else {
            throw CredentialError(
                kind: .absent,
                findings: findings(
                    file: "neither AWS_SHARED_CREDENTIALS_FILE nor HOME is set", at: "file"),
                remedy: remedy)
        }
        return .readFile(path: path)
    }

    /// Takes the key out of the file that `begin` named.
    public func select(
        from content: SharedCredentialsContent
    ) throws(CredentialError) -> AccessKey {
        let bytes: [UInt8]
        switch content {
        case .unreadable(let words): throw fileError(.absent, words)
        case .bytes(let read): bytes = read
        }
        let file = SharedCredentials(bytes)
        guard let found = file.profiles[profile] else {
            throw fileError(.absent, absence(in: file))
        }
        let id = found.properties["aws_access_key_id"]
        let secret = found.properties["aws_secret_access_key"]
        guard let id, let secret, !id.value.isEmpty, !secret.value.isEmpty else {
            throw missing(id: id?.value ?? "", secret: secret?.value ?? "", found)
        }
        let token = found.properties["aws_session_token"]
        let parts = [
            ("aws_access_key_id", Optional(id), AccessKey.accessKeyIDLimit),
            ("aws_secret_access_key", Optional(secret), AccessKey.secretLimit),
            ("aws_session_token", token, AccessKey.tokenLimit),
        ]
        for case (let name, .some(let property), let limit) in parts {
            if let fault = fault(of: property.value, limit: limit) {
                throw fileError(.faulty, "\(name) in line \(property.line) \(fault)")
            }
        }
        return AccessKey(
            accessKeyID: id.value, secretAccessKey: secret.value,
            sessionToken: token.flatMap { $0.value.isEmpty ? nil : $0.value })
    }
}

extension CredentialSearch {
    private func keyInEnvironment() throws(CredentialError) -> AccessKey? {
        let (id, secret) = (environment.accessKeyID, environment.secretAccessKey)
        if id == nil && secret == nil { return nil }
        guard let id else {
            throw halfInEnvironment(set: "SECRET_ACCESS_KEY", not: "ACCESS_KEY_ID")
        }
        guard let secret else {
            throw halfInEnvironment(set: "ACCESS_KEY_ID", not: "SECRET_ACCESS_KEY")
        }
        let parts = [
            ("AWS_ACCESS_KEY_ID", id, AccessKey.accessKeyIDLimit),
            ("AWS_SECRET_ACCESS_KEY", secret, AccessKey.secretLimit),
            ("AWS_SESSION_TOKEN", environment.sessionToken ?? "-", AccessKey.tokenLimit),
        ]
        for (name, value, limit) in parts {
            if let fault = fault(of: value, limit: limit) {
                throw environmentError("\(name) \(fault)", "Set \(name) again.")
            }
        }
        return AccessKey(
            accessKeyID: id, secretAccessKey: secret, sessionToken: environment.sessionToken)
    }

    private func halfInEnvironment(set: String, not missing: String) -> CredentialError {
        environmentError(
            "AWS_\(set) is set, AWS_\(missing) is not",
            "Set AWS_\(missing) too, or unset AWS_\(set).")
    }

    private func environmentError(_ text: String, _ remedy: String) -> CredentialError {
        CredentialError(
            kind: .faulty, findings: [.init(place: "environment", text: text)], remedy: remedy)
    }

    /// What makes `value` unfit for a header of HTTP; the value itself is never shown.
    private func fault(of value: String, limit: Int) -> String? {
        if value.utf8.count > limit { return "is longer than \(limit) bytes" }
        if value.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) {
            return "has a blank or a character outside ASCII"
        }
        return nil
    }

    private func missing(
        id: String, secret: String, _ found: SharedCredentials.Profile
    ) -> CredentialError {
        if id.isEmpty != secret.isEmpty {
            let name = id.isEmpty ? "aws_access_key_id" : "aws_secret_access_key"
            return fileError(.faulty, "[\(profile)] has no \(name)")
        }
        let foreign = ["credential_process", "role_arn", "sso_session", "sso_start_url"]
        if let name = foreign.first(where: { found.properties[$0] != nil }) {
            return fileError(
                .absent, "[\(profile)] has \(name), which is not supported, and no access key")
        }
        return fileError(.absent, "[\(profile)] has no aws_access_key_id")
    }

    private func absence(in file: SharedCredentials) -> String {
        if file.profileNames.contains("profile \(profile)") {
            return "has [profile \(profile)]; in this file it is called [\(profile)]"
        }
        // A few names show which file was read; a file of hundreds does not help.
        let names = file.profileNames.prefix(8).map { "[\($0)]" }.joined(separator: ", ")
        let more = file.profileNames.count > 8 ? ", ..." : ""
        return names.isEmpty
            ? "has no sections" : "has no [\(profile)], only \(names)\(more)"
    }

    private func fileError(_ kind: CredentialError.Kind, _ text: String) -> CredentialError {
        CredentialError(
            kind: kind,
            findings: findings(file: text, at: "\(path ?? "file"), profile \(profile)"),
            remedy: remedy)
    }

    /// The environment, when it was asked, and then the file.
    private func findings(file text: String, at place: String) -> [CredentialError.Finding] {
        let first = CredentialError.Finding(
            place: "environment",
            text: isConfigured
                ? "not asked, the configuration names a profile or a file"
                : "neither AWS_ACCESS_KEY_ID nor AWS_SECRET_ACCESS_KEY is set")
        return [first, .init(place: place, text: text)]
    }

    private var remedy: String {
        let keys = "aws_access_key_id and aws_secret_access_key"
        let file = "write \(keys) under [\(profile)] in \(path ?? "~/.aws/credentials")"
        if isConfigured { return "Remedy: \(file)." }
        return "Remedy: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \(file)."
    }
}
