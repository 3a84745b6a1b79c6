internal import CCurl

/// Why there is no complete response: for the retry logic in a few enums, for a technician in
/// words. It names hosts, files and codes; no byte of a body or header gets into it.
public struct HTTPSFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The step of a transfer that failed.
    public enum Category: String, Equatable, Sendable {
        case nameResolution, connect, proxy, certificate, tls, timeOut, connectionLost
        case responseTooLarge, notHTTP, other
    }

    /// What is wrong with a certificate, where OpenSSL says it.
    public enum CertificateProblem: Equatable, Sendable {
        /// Valid later than this machine's clock: most often the clock is wrong.
        case notYetValid
        case expired
        /// No certificate authority that we trust has signed it.
        case unknownIssuer
        /// It belongs to another host.
        case wrongName
        /// The file of trusted authorities can not be read.
        case unreadableAuthorities
        case other
    }

    public let category: Category
    /// Present with the category `certificate`.
    public let certificateProblem: CertificateProblem?
    /// The request may have reached the server: its effect may be there though its answer is
    /// not, and a repeat may double it.
    public let isAnswerLost: Bool
    /// The status code, where the response had begun.
    public let status: Int?
    /// libcurl's code (curl/curl.h, `CURLcode`).
    public let code: Int32
    /// libcurl's words for this very failure.
    public let text: String
    /// What a technician can do.
    public let remedy: String

    /// `certificate: SSL certificate problem: … (60). The certificate of …`
    public var description: String {
        let loss = isAnswerLost ? "; the request may have been received" : ""
        return "\(category.rawValue): \(text) (\(code))\(loss). \(remedy)"
    }
}

extension HTTPSFailure {
    /// The certificate is not valid at the time that it was verified at.
    public var isDated: Bool {
        certificateProblem == .expired || certificateProblem == .notYetValid
    }

    /// What stays the same when the same thing fails again: libcurl's words hold milliseconds,
    /// byte counts and ports, which do not.
    public var cause: String {
        "\(category.rawValue) \(code) \(certificateProblem.map { "\($0)" } ?? "")"
    }
}

/// What a transfer knows about its own end, to be judged.
struct FailureEvidence {
    var code: CURLcode
    /// `X509_V_ERR_…` of openssl/x509_vfy.h; 0 when the chain of certificates is fine.
    var verifyResult: Int
    /// libcurl was about to send the request when it told so: TCP, proxy and TLS were done.
    var requestBegan: Bool
    var responseOverflowed: Bool
    var status: Int?
    /// What a proxy answered to CONNECT; nil when there was none, or no answer.
    var proxyStatus: Int?
    var text: String
    /// Host and port of the URL.
    var authority: String
    var settings: HTTPSSettings
}

extension HTTPSFailure {
    init(_ evidence: FailureEvidence) {
        let category = Self.category(evidence)
        let problem = category == .certificate ? Self.certificateProblem(evidence) : nil
        self.init(
            category: category, certificateProblem: problem,
            isAnswerLost: evidence.requestBegan, status: evidence.status,
            code: Int32(bitPattern: evidence.code.rawValue), text: evidence.text,
            remedy: Self.remedy(category, problem, evidence))
    }

    private static func category(_ evidence: FailureEvidence) -> Category {
        if evidence.responseOverflowed { return .responseTooLarge }
        if let status = evidence.proxyStatus, !(200..<300).contains(status) { return .proxy }
        return switch evidence.code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .nameResolution
        case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_INTERFACE_FAILED: .connect
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            .certificate
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_CERTPROBLEM,
            CURLE_USE_SSL_FAILED, CURLE_SSL_CRL_BADFILE, CURLE_SSL_CLIENTCERT,
            CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED:
            .tls
        case CURLE_OPERATION_TIMEDOUT: .timeOut
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE,
            CURLE_SSL_SHUTDOWN_FAILED:
            .connectionLost
        case CURLE_FILESIZE_EXCEEDED: .responseTooLarge
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING:
            .notHTTP
        default: .other
        }
    }

    /// Numbers of openssl/x509_vfy.h. libcurl itself compares the name, so for a wrong one the
    /// result of the chain stays at what it was before: unspecified (1), or fine (0).
    private static func certificateProblem(_ evidence: FailureEvidence) -> CertificateProblem {
        if evidence.code == CURLE_SSL_CACERT_BADFILE { return .unreadableAuthorities }
        return switch evidence.verifyResult {
        case 0, 1, 62, 64: .wrongName
        case 9: .notYetValid
        case 10: .expired
        case 2, 18, 19, 20, 21, 27: .unknownIssuer
        default: .other
        }
    }

    private static func remedy(
        _ category: Category, _ problem: CertificateProblem?, _ evidence: FailureEvidence
    ) -> String {
        let authority = evidence.authority
        let proxy =
            switch evidence.settings.proxy {
            case .environment: " If the environment names a proxy, check it too."
            case .none: ""
            case .url: " The configured proxy is in the way: check it too."
            }
        return switch category {
        case .nameResolution:
            "Check the spelling of \(authority) and this machine's DNS servers "
                + "(getent hosts NAME; /etc/resolv.conf).\(proxy)"
        case .connect:
            "Nothing accepts connections at \(authority): check host and port, the network "
                + "cable or Wi-Fi, and firewalls.\(proxy)"
        case .proxy: proxyRemedy(evidence)
        case .certificate: remedy(problem, evidence)
        case .tls where concernsIdentity(evidence),
            .connectionLost where concernsIdentity(evidence):
            "Most likely \(authority) does not take the certificate of this side, or it cannot be "
                + "read: check \(evidence.settings.clientCertificateFile ?? "") and "
                + "\(evidence.settings.clientKeyFile ?? "") (PEM, without a passphrase)."
        case .tls:
            "The other end at \(authority) does not speak TLS 1.2 or later, or something "
                + "between changes the traffic: check the port and firewalls.\(proxy)"
        case .timeOut where !evidence.requestBegan:
            "No connection to \(authority) in time: check the network, DNS and firewalls that "
                + "drop packets.\(proxy)"
        case .timeOut:
            "\(authority) was reached and did not answer in time: check the link's quality and "
                + "the time-outs in the configuration."
        case .connectionLost:
            "The connection to \(authority) broke: usually passing; if it stays, check the link "
                + "and firewalls.\(proxy)"
        case .responseTooLarge:
            "The answer of \(authority) is larger than any this sink sends: check that the URL "
                + "is the right one and no portal answers in its place."
        case .notHTTP:
            "What answers at \(authority) is no HTTP/1.1 server: check host and port."
        case .other:
            "Report it with the code and the text before it."
        }
    }

    /// RFC 9110, section 15: what a proxy means by its status.
    private static func proxyRemedy(_ evidence: FailureEvidence) -> String {
        let name =
            switch evidence.settings.proxy {
            // Its URL may have a password in it.
            case .url: "The configured proxy"
            case .environment, .none: "The proxy that the environment names"
            }
        return switch evidence.proxyStatus {
        case 407:
            "\(name) wants a user and a password: put them into its URL "
                + "(http://USER:PASSWORD@HOST:PORT)."
        case 403, 405:
            "\(name) does not allow a tunnel to \(evidence.authority): ask whoever runs it."
        default:
            "\(name) could not open a tunnel to \(evidence.authority): check the host, and the "
                + "proxy's own way out."
        }
    }

    /// The certificate of this side is what was wrong: it cannot be read, or the other end hung up
    /// before its answer, which in TLS 1.3 is how a refusal shows when this side's part is done.
    private static func concernsIdentity(_ evidence: FailureEvidence) -> Bool {
        guard evidence.settings.clientCertificateFile != nil else { return false }
        return evidence.code == CURLE_SSL_CERTPROBLEM || evidence.text.contains("alert")
            || evidence.requestBegan && evidence.status == nil
    }

    private static func remedy(
        _ problem: CertificateProblem?, _ evidence: FailureEvidence
    ) -> String {
        let authority = evidence.authority
        let named = [
            evidence.settings.certificateAuthorityFile.map { "the file \($0)" },
            evidence.settings.certificateAuthorityFolder.map { "the folder \($0)" },
        ].compactMap(\.self)
        let trusted =
            named.isEmpty
            ? "the system's (package ca-certificates)" : named.joined(separator: " and ")
        return switch problem {
        case .notYetValid:
            "The certificate of \(authority) is valid later than this machine's clock: check "
                + "the clock (timedatectl)."
        case .expired:
            "The certificate of \(authority) has expired: check this machine's clock "
                + "(timedatectl), else the server needs a new certificate."
        case .wrongName:
            "The certificate belongs to another host than \(authority): check the host in the "
                + "URL, and that no portal or proxy answers in its place."
        case .unreadableAuthorities:
            "Check that the file of trusted authorities exists, is readable and holds PEM "
                + "certificates: \(trusted)."
        case .unknownIssuer, .other, nil:
            "The certificate of \(authority) is not signed by a trusted authority. Trusted are "
                + "\(trusted). Check that it has the server's authority, and this machine's "
                + "clock (timedatectl)."
        }
    }
}
