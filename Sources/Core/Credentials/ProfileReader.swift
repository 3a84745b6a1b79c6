/// Finds in the files of AWS's tools what a profile says about its key.
///
/// The credentials file goes first, a process second, a key in the configuration file last, as in
/// botocore. There a profile is called `[profile NAME]`, except `[default]`.
struct ProfileReader {
    /// What a profile has.
    enum Verdict: Equatable, SecretHolder {
        case key(AccessKey)
        /// The value of `credential_process`.
        case process(String)
        case nothing(CredentialError.Kind, String)
    }

    let profile: String
    /// nil: not asked for, or there is none.
    var credentials: SharedCredentials?
    var configuration: SharedCredentials?
    /// What stood in the way of reading the credentials file.
    var unreadable: String?

    init(
        profile: String, credentials: SharedCredentialsContent?,
        configuration: SharedCredentialsContent?
    ) {
        self.profile = profile
        switch credentials {
        case .bytes(let bytes): self.credentials = SharedCredentials(bytes)
        case .unreadable(let words): unreadable = words
        case nil: break
        }
        // It is for other tools first of all: without it nothing is missing.
        if case .bytes(let bytes) = configuration {
            self.configuration = SharedCredentials(bytes)
        }
    }

    func read() -> Verdict {
        let own = credentials?.profiles[profile]
        let tools = toolsProfile
        if let own, has(own) { return key(own) }
        for found in [own, tools] {
            if let process = found?.properties["credential_process"], !process.value.isEmpty {
                return .process(process.raw)
            }
        }
        if let tools, has(tools) { return key(tools) }
        for found in [own, tools] {
            if let name = found.flatMap({ unsupported($0) }) {
                return .nothing(
                    .absent,
                    "[\(profile)] has \(name), which is not supported, and no access key; "
                        + "`credential_process = aws configure export-credentials "
                        + "--profile \(profile)` lets AWS's tool do it")
            }
        }
        if own != nil { return .nothing(.absent, "[\(profile)] has no aws_access_key_id") }
        return .nothing(.absent, absence)
    }

    private var toolsProfile: SharedCredentials.Profile? {
        let found = configuration?.profiles["profile \(profile)"]
        return found ?? (profile == "default" ? configuration?.profiles[profile] : nil)
    }

    /// Whether the profile has a key, or a half of one.
    private func has(_ found: SharedCredentials.Profile) -> Bool {
        ["aws_access_key_id", "aws_secret_access_key"].contains { name in
            found.properties[name].map { !$0.value.isEmpty } ?? false
        }
    }

    private func key(_ found: SharedCredentials.Profile) -> Verdict {
        let id = found.properties["aws_access_key_id"]
        let secret = found.properties["aws_secret_access_key"]
        guard let id, !id.value.isEmpty else {
            return .nothing(.faulty, "[\(profile)] has no aws_access_key_id")
        }
        guard let secret, !secret.value.isEmpty else {
            return .nothing(.faulty, "[\(profile)] has no aws_secret_access_key")
        }
        let token = found.properties["aws_session_token"]
        let parts = [
            ("aws_access_key_id", Optional(id), AccessKey.accessKeyIDLimit),
            ("aws_secret_access_key", Optional(secret), AccessKey.secretLimit),
            ("aws_session_token", token, AccessKey.tokenLimit),
        ]
        for case (let name, .some(let property), let limit) in parts {
            if let fault = AccessKey.fault(of: property.value, limit: limit) {
                return .nothing(.faulty, "\(name) in line \(property.line) \(fault)")
            }
        }
        return .key(
            AccessKey(
                accessKeyID: id.value, secretAccessKey: secret.value,
                sessionToken: token.flatMap { $0.value.isEmpty ? nil : $0.value }))
    }

    /// Ways to a key that need further calls of AWS's services, or a browser.
    private func unsupported(_ found: SharedCredentials.Profile) -> String? {
        ["role_arn", "sso_session", "sso_start_url", "web_identity_token_file", "login_session"]
            .first { found.properties[$0] != nil }
    }

    private var absence: String {
        if let unreadable { return unreadable }
        guard let file = credentials else { return "no file is named, and HOME is not set" }
        if file.profileNames.contains("profile \(profile)") {
            return "has [profile \(profile)]; in this file it is called [\(profile)]"
        }
        // A few names show which file was read; a file of hundreds does not help.
        let names = file.profileNames.prefix(8).map { "[\($0)]" }.joined(separator: ", ")
        let more = file.profileNames.count > 8 ? ", ..." : ""
        return names.isEmpty
            ? "has no sections" : "has no [\(profile)], only \(names)\(more)"
    }
}
