import Bytes
import Time

/// One search for an access key through the places where it may be, as a state machine: it says
/// what to read, run or ask, and is told what came of it.
///
/// A place without a key is passed over; half a key or a damaged one ends the search, because
/// another key than the one that was meant would be used; so does a provider that was asked and
/// gave none.
public struct CredentialSearch: Sendable, SecretHolder {
    /// What to do next.
    public enum Step: Equatable, Sendable, SecretHolder {
        /// Read the files and call `take(files:)` with their contents in this order.
        case readFiles([String])
        /// Run the program and call `take(process:)`.
        case run(ProcessCommand)
        /// Make the request and call `take(reply:)` or `take(failure:)`.
        case request(CredentialRequest)
        case found(ObtainedKey)
        case failed(CredentialError)
    }

    /// What the search waits for.
    enum Phase: Equatable {
        case none, secret, profile, process, iot, containerToken, containerKey
        case metadataToken
        case metadataRole(token: String)
        case metadataKey(token: String)
    }

    let settings: CredentialSettings
    let environment: CredentialEnvironment
    let sources: [CredentialSource]
    var place = 0
    var phase = Phase.none
    var findings: [CredentialError.Finding] = []
    /// The files that the last search looked at: a change of one may bring another key.
    public private(set) var files: [String] = []

    public init(settings: CredentialSettings, environment: CredentialEnvironment) {
        self.settings = settings
        self.environment = environment
        sources = settings.sources(environment)
    }

    /// Begins at the first place.
    public mutating func begin() -> Step {
        place = 0
        phase = .none
        findings = []
        files = []
        return ask()
    }

    mutating func ask() -> Step {
        guard place < sources.count else { return fail(.absent) }
        switch sources[place] {
        case .key(_, let file): return read([file], .secret)
        case .environment: return askEnvironment()
        case .profile(let credentials, let configuration, _):
            let paths = [credentials, configuration].compactMap { $0 }
            if paths.isEmpty { return takeProfile([]) }
            return read(paths, .profile)
        case .process(let line): return run(line, place: "credential_process")
        case .iot(let role):
            phase = .iot
            return .request(role.request)
        case .container: return askContainer()
        case .instance: return askInstance()
        }
    }

    mutating func read(_ paths: [String], _ next: Phase) -> Step {
        files += paths
        phase = next
        return .readFiles(paths)
    }

    private mutating func run(_ line: String, place: String) -> Step {
        do throws(ProcessCommandError) {
            let command = try ProcessCommand(line)
            phase = .process
            return .run(command)
        } catch {
            return end(.faulty, place, error.text)
        }
    }

    // MARK: What came of it

    public mutating func take(files contents: [SharedCredentialsContent]) -> Step {
        switch phase {
        case .secret: return takeSecret(contents.first ?? .unreadable("was not read"))
        case .profile: return takeProfile(contents)
        case .containerToken: return takeContainerToken(contents.first)
        default: preconditionFailure("files are taken when they were asked for")
        }
    }

    public mutating func take(process outcome: ProcessOutcome) -> Step {
        precondition(phase == .process, "a process is taken when it was asked for")
        let place = processPlace
        switch outcome {
        case .ended(status: 0, let output): return take(output, .process, place, nil)
        case .ended(let status, _): return end(.failed, place, "ended with status \(status)")
        case .killed(let signal): return end(.failed, place, "was ended by signal \(signal)")
        case .tookTooLong:
            return end(
                .failed, place,
                "took longer than \(settings.timeoutNanoseconds / 1_000_000_000) s and was ended")
        case .saidTooMuch:
            return end(
                .failed, place,
                "printed more than \(ProcessOutcome.outputBytesMax) bytes and was ended")
        case .notStarted(let words): return end(.failed, place, "does not start: \(words)")
        }
    }

    public mutating func take(reply: CredentialReply) -> Step {
        switch phase {
        case .iot: return takeIoT(reply)
        case .containerKey:
            guard reply.status == 200 else {
                return end(.failed, "container agent", "answers with status \(reply.status)")
            }
            return take(reply.body, .metadata, "container agent", reply.serverWallMicroseconds)
        case .metadataToken, .metadataRole, .metadataKey: return takeMetadata(reply)
        default: preconditionFailure("a reply is taken when it was asked for")
        }
    }

    /// There was no reply; `words` say why, `cause` what of it stays the same.
    public mutating func take(failure words: String, cause: String? = nil) -> Step {
        switch phase {
        case .iot: return end(.failed, iotPlace, words, cause: cause)
        case .containerKey: return end(.failed, "container agent", words, cause: cause)
        case .metadataToken: return metadataIsSilent(words, cause: cause)
        case .metadataRole, .metadataKey:
            return end(.failed, Self.metadataPlace, words, cause: cause)
        default: preconditionFailure("a failure is taken when something was asked")
        }
    }

    /// A body that should hold a key.
    mutating func take(
        _ body: [UInt8], _ form: KeyAnswer.Form, _ place: String, _ serverWall: Int64?
    ) -> Step {
        do throws(KeyAnswerError) {
            let key = try KeyAnswer.read(body.span, form)
            phase = .none
            return .found(
                ObtainedKey(key: key, place: place, serverWallMicroseconds: serverWall))
        } catch {
            return end(.failed, place, error.text)
        }
    }

    // MARK: The end of a place

    /// Nothing here: on to the next place.
    mutating func pass(_ place: String, _ text: String, cause: String? = nil) -> Step {
        findings.append(.init(place: place, text: text, cause: cause))
        self.place += 1
        phase = .none
        return ask()
    }

    /// Ends the search.
    mutating func end(
        _ kind: CredentialError.Kind, _ place: String, _ text: String, cause: String? = nil
    ) -> Step {
        findings.append(.init(place: place, text: text, cause: cause))
        return fail(kind)
    }

    private mutating func fail(_ kind: CredentialError.Kind) -> Step {
        phase = .none
        let source = sources.indices.contains(place) ? sources[place] : nil
        return .failed(
            CredentialError(kind: kind, findings: findings, remedy: remedy(kind, source)))
    }
}

// MARK: - Keys that lie somewhere

extension CredentialSearch {
    private mutating func takeSecret(_ content: SharedCredentialsContent) -> Step {
        guard sources.indices.contains(place), case .key(let id, let file) = sources[place] else {
            preconditionFailure("a secret belongs to a key")
        }
        switch content {
        case .unreadable(let words): return end(.absent, file, words)
        case .bytes(let bytes):
            let line = bytes.split(separator: UInt8(ascii: "\n")).first ?? []
            var secret = String(decoding: line, as: UTF8.self)
            if secret.last == "\r" { secret.removeLast() }
            if secret.isEmpty { return end(.faulty, file, "has no first line") }
            if let fault = AccessKey.fault(of: secret, limit: AccessKey.secretLimit) {
                return end(.faulty, file, "its first line \(fault)")
            }
            phase = .none
            return .found(
                ObtainedKey(
                    key: AccessKey(accessKeyID: id, secretAccessKey: secret), place: file))
        }
    }

    private mutating func askEnvironment() -> Step {
        let (id, secret) = (environment.accessKeyID, environment.secretAccessKey)
        if id == nil && secret == nil {
            return pass(
                "environment", "neither AWS_ACCESS_KEY_ID nor AWS_SECRET_ACCESS_KEY is set")
        }
        guard let id else {
            return end(
                .faulty, "environment", "AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not")
        }
        guard let secret else {
            return end(
                .faulty, "environment", "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not")
        }
        let parts = [
            ("AWS_ACCESS_KEY_ID", id, AccessKey.accessKeyIDLimit),
            ("AWS_SECRET_ACCESS_KEY", secret, AccessKey.secretLimit),
            ("AWS_SESSION_TOKEN", environment.sessionToken ?? "-", AccessKey.tokenLimit),
        ]
        for (name, value, limit) in parts {
            if let fault = AccessKey.fault(of: value, limit: limit) {
                return end(.faulty, "environment", "\(name) \(fault)")
            }
        }
        phase = .none
        return .found(
            ObtainedKey(
                key: AccessKey(
                    accessKeyID: id, secretAccessKey: secret,
                    sessionToken: environment.sessionToken,
                    expiryWallMicroseconds: environment.expiration.flatMap {
                        TimeReader.instant(zoned: $0)
                    }), place: "environment"))
    }

    private mutating func takeProfile(_ contents: [SharedCredentialsContent]) -> Step {
        guard case .profile(let credentials, let configuration, let profile) = sources[place]
        else { preconditionFailure("contents belong to a profile") }
        var rest = contents[...]
        let own = credentials == nil ? nil : rest.popFirst()
        let tools = configuration == nil ? nil : rest.popFirst()
        let reader = ProfileReader(profile: profile, credentials: own, configuration: tools)
        let name = "\(credentials ?? "file"), profile \(profile)"
        switch reader.read() {
        case .key(let key):
            phase = .none
            return .found(ObtainedKey(key: key, place: name))
        case .process(let line): return run(line, place: name)
        case .nothing(.absent, let text): return pass(name, text)
        case .nothing(let kind, let text): return end(kind, name, text)
        }
    }

    private var processPlace: String {
        if case .profile(_, _, let profile) = sources[place] {
            return "credential_process of profile \(profile)"
        }
        return "credential_process"
    }
}
