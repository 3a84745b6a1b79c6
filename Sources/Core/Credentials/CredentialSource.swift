/// One place where a key may be had.
enum CredentialSource: Equatable, Sendable {
    /// The name of a key, and a file whose first line is its secret.
    case key(id: String, file: String)
    /// The environment's variables.
    case environment
    /// A profile: files of the shared credentials' form, and the tools' configuration file, which
    /// may name a process.
    case profile(credentials: String?, configuration: String?, profile: String)
    case process(String)
    case iot(IoTRole)
    case container
    case instance
}

extension CredentialSettings {
    /// The places to look in, in order; only the first one with something to say counts.
    ///
    /// ```
    ///  named by the sink ─ yes ─▶ that place and no other
    ///        │ no
    ///  $CREDENTIALS_DIRECTORY/aws-credentials ▶ environment ▶ shared credentials and config file
    ///  (with credential_process) ▶ container agent ▶ instance metadata
    /// ```
    ///
    /// What the configuration names comes before the environment, as `--profile` does in AWS's
    /// command line; `AWS_PROFILE` alone does not set aside keys in the environment, as there.
    func sources(_ environment: CredentialEnvironment) -> [CredentialSource] {
        let profile = self.profile ?? environment.profile ?? "default"
        switch effectiveChoice {
        case .key:
            return [
                .key(id: accessKeyID ?? "", file: environment.expanded(secretFile ?? ""))
            ]
        case .environment: return [.environment]
        case .file:
            let named = file.map { environment.expanded($0) }
            return [
                .profile(
                    credentials: named ?? environment.sharedFile,
                    configuration: named == nil ? environment.toolsFile : nil, profile: profile)
            ]
        case .process: return [.process(process ?? "")]
        case .iot: return iot.map { [.iot($0.expanded(environment))] } ?? []
        case .container: return [.container]
        case .instance: return [.instance]
        case .auto: break
        }
        var sources: [CredentialSource] = []
        if let folder = environment.credentialsFolder {
            sources.append(
                .profile(
                    credentials: folder + "/aws-credentials", configuration: nil,
                    profile: profile))
        }
        sources += [
            .environment,
            .profile(
                credentials: environment.sharedFile, configuration: environment.toolsFile,
                profile: profile),
        ]
        if environment.containerPath != nil || environment.containerURL != nil {
            sources.append(.container)
        }
        return sources + [.instance]
    }
}

extension CredentialEnvironment {
    /// The shared credentials file; nil without a name for it and without a home.
    var sharedFile: String? {
        sharedCredentialsFile.map { expanded($0) } ?? home.map { $0 + "/.aws/credentials" }
    }

    /// The configuration file of AWS's tools.
    var toolsFile: String? {
        configFile.map { expanded($0) } ?? home.map { $0 + "/.aws/config" }
    }
}

extension IoTRole {
    fileprivate func expanded(_ environment: CredentialEnvironment) -> IoTRole {
        var role = self
        role.certificateFile = environment.expanded(certificateFile)
        role.keyFile = environment.expanded(keyFile)
        role.authorityFile = authorityFile.map { environment.expanded($0) }
        return role
    }
}

extension CredentialSearch {
    /// The places that are looked in, in order, in words.
    public var placeNames: [String] {
        sources.map { source in
            switch source {
            case .key(_, let file): file
            case .environment: "the environment"
            case .profile(let credentials, let configuration, let profile):
                [credentials, configuration].compactMap { $0 }.joined(separator: " and ")
                    + " [\(profile)]"
            case .process(let line): "the program \(Self.program(line))"
            case .iot(let role): "AWS IoT, role alias \(role.roleAlias)"
            case .container: "the container agent"
            case .instance: "the instance metadata"
            }
        }
    }

    /// Files with secrets in them.
    public var secretFiles: [String] {
        sources.flatMap { source -> [String] in
            switch source {
            case .key(_, let file): [file]
            case .profile(let credentials, _, _): [credentials].compactMap { $0 }
            case .iot(let role): [role.keyFile]
            case .environment, .process, .container, .instance: []
            }
        }
    }

    private static func program(_ line: String) -> String {
        do throws(ProcessCommandError) {
            return try ProcessCommand(line).program
        } catch {
            return error.text
        }
    }
}
