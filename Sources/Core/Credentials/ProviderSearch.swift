/// The places that are asked over the network: AWS IoT, the agent of a container, the metadata of
/// an instance.
extension CredentialSearch {
    var iotPlace: String { "AWS IoT" }
    static let metadataPlace = "instance metadata"

    mutating func takeIoT(_ reply: CredentialReply) -> Step {
        switch reply.status {
        case 200: return take(reply.body, .iot, iotPlace, reply.serverWallMicroseconds)
        case 403:
            return end(
                .failed, iotPlace,
                "refuses with status 403: the certificate's policy, its thing or its state")
        case 404: return end(.failed, iotPlace, "answers with status 404: no such role alias")
        default: return end(.failed, iotPlace, "answers with status \(reply.status)")
        }
    }

    mutating func askContainer() -> Step {
        if environment.containerPath == nil && environment.containerURL == nil {
            return pass(
                "container agent",
                "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor "
                    + "AWS_CONTAINER_CREDENTIALS_FULL_URI is set")
        }
        if let file = environment.containerTokenFile { return read([file], .containerToken) }
        return requestContainer(token: environment.containerToken)
    }

    mutating func takeContainerToken(_ content: SharedCredentialsContent?) -> Step {
        switch content {
        case .bytes(let bytes):
            let text = String(decoding: bytes, as: UTF8.self)
            return requestContainer(
                token: String(text.split(whereSeparator: { $0.isNewline }).first ?? ""))
        case .unreadable(let words):
            return end(
                .failed, "container agent", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: \(words)")
        case nil: return end(.failed, "container agent", "its token was not read")
        }
    }

    private mutating func requestContainer(token: String?) -> Step {
        let url =
            environment.containerPath.map { "http://169.254.170.2" + $0 }
            ?? environment.containerURL ?? ""
        // What a header cannot hold is not put into one: a line end would begin another header.
        if let token, let fault = AccessKey.fault(of: token, limit: AccessKey.tokenLimit),
            token.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7F })
                || token.utf8.count > AccessKey.tokenLimit
        {
            return end(.faulty, "container agent", "its authorization token \(fault)")
        }
        guard url.hasPrefix("http://") || url.hasPrefix("https://"),
            url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return end(.faulty, "container agent", "its address is no URL") }
        phase = .containerKey
        var request = CredentialRequest(url: url)
        request.isNear = true
        if let token, !token.isEmpty { request.headers = [.authorization(token)] }
        return .request(request)
    }

    private var metadataURL: String {
        let standard =
            environment.usesMetadataIPv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
        let url = environment.metadataURL ?? standard
        return url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    /// Seconds of a metadata session: one search needs a few, and each has its own.
    private static let metadataTokenSeconds = "60"
    private static let rolePath = "/latest/meta-data/iam/security-credentials/"

    mutating func askInstance() -> Step {
        if environment.isMetadataDisabled {
            return pass(Self.metadataPlace, "AWS_EC2_METADATA_DISABLED is set")
        }
        phase = .metadataToken
        var request = CredentialRequest(url: metadataURL + "/latest/api/token")
        request.method = .put
        request.isNear = true
        request.headers = [.tokenSeconds(Self.metadataTokenSeconds)]
        return .request(request)
    }

    /// No answer to the first request: not an EC2 instance, or one that does not answer
    /// containers.
    mutating func metadataIsSilent(_ words: String, cause: String? = nil) -> Step {
        let text = "no answer: no EC2 instance, or a container behind a hop limit of 1 (\(words))"
        return settings.effectiveChoice == .instance
            ? end(.failed, Self.metadataPlace, text, cause: cause)
            : pass(Self.metadataPlace, text, cause: cause)
    }

    mutating func takeMetadata(_ reply: CredentialReply) -> Step {
        let place = Self.metadataPlace
        switch phase {
        case .metadataToken:
            let token = String(decoding: reply.body, as: UTF8.self)
            guard reply.status == 200, !token.isEmpty,
                AccessKey.fault(of: token, limit: AccessKey.tokenLimit) == nil
            else {
                // Something else may answer at this address, or version 2 be switched off.
                return metadataIsSilent("no session token, status \(reply.status)")
            }
            phase = .metadataRole(token: token)
            return .request(metadataRequest(Self.rolePath, token))
        case .metadataRole(let token):
            let text = String(decoding: reply.body, as: UTF8.self)
            let role = text.split(whereSeparator: { $0.isNewline }).first.map(String.init) ?? ""
            guard reply.status == 200, Self.isRole(role) else {
                let isNone = reply.status == 404 || reply.status == 200
                return end(
                    isNone ? .absent : .failed, place,
                    isNone
                        ? "the instance has no role" : "answers with status \(reply.status)")
            }
            phase = .metadataKey(token: token)
            return .request(metadataRequest(Self.rolePath + role, token))
        case .metadataKey:
            guard reply.status == 200 else {
                return end(.failed, place, "answers with status \(reply.status)")
            }
            return take(reply.body, .metadata, place, reply.serverWallMicroseconds)
        default: preconditionFailure("metadata is taken when it was asked for")
        }
    }

    private func metadataRequest(_ path: String, _ token: String) -> CredentialRequest {
        var request = CredentialRequest(url: metadataURL + path)
        request.headers = [.metadataToken(token)]
        request.isNear = true
        return request
    }

    /// A role's name goes into a path: `[\w+=,.@-]`, 64 at most (IAM API reference, Role).
    private static func isRole(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64
            && name.unicodeScalars.allSatisfy { letter in
                letter.isASCII
                    && (letter.properties.isAlphabetic || ("0"..."9").contains(letter)
                        || "_+=,.@-".unicodeScalars.contains(letter))
            }
    }
}

extension IoTRole {
    var request: CredentialRequest {
        var request = CredentialRequest(url: "\(url)/role-aliases/\(roleAlias)/credentials")
        if let thing { request.headers = [.thingName(thing)] }
        request.identity = .init(
            certificateFile: certificateFile, keyFile: keyFile, authorityFile: authorityFile)
        return request
    }
}
