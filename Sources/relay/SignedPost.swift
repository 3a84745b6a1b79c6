import Bytes
import HTTPS
import LibCrypto
import Linux
import Relay
import SigV4
import Time

/// POST requests to one service of AWS, each signed for the moment at which it goes out.
final class SignedPost {
    /// Where to, and as what.
    struct Target {
        var endpoint: String
        var path: String
        /// Behind the `?`, percent-encoded.
        var query = ""
        var service: String
        var region: String
        var contentType: StaticString
        /// The operation of an AWS JSON service.
        var operation: StaticString?
        /// OpenSearch Serverless wants the hash of the body beside it.
        var hashesContent: Bool
    }

    let transfer: HTTPSTransfer
    private let exchange: Exchange
    private let target: Target
    private let request: CanonicalRequest
    private let scope: CredentialScope
    private var signer: Signer?

    init(
        to target: Target, settings: HTTPSSettings, limits: HTTPSLimits, on exchange: Exchange
    ) throws(RelayError) {
        self.target = target
        self.exchange = exchange
        do throws(SigningError) {
            scope = try CredentialScope(region: target.region, service: target.service)
            request = try Self.request(target)
        } catch {
            throw RelayError("requests to \(target.endpoint) cannot be signed: \(error)")
        }
        let query = target.query.isEmpty ? "" : "?\(target.query)"
        do throws(HTTPSError) {
            transfer = try HTTPSTransfer(
                on: exchange.client, to: target.endpoint + target.path + query,
                settings: settings, limits: limits)
        } catch {
            throw RelayError("\(target.endpoint): \(error)")
        }
    }

    private static func request(_ target: Target) throws(SigningError) -> CanonicalRequest {
        var request = CanonicalRequest()
        let authority = IndexerSettings.authority(of: target.endpoint)
        try request.begin(
            .post, host: authority.utf8.span, path: target.path.utf8.span,
            contentHash: target.hashesContent)
        try request.append(encodedQuery: target.query.utf8.span)
        try request.append(
            header: "content-type".utf8.span, value: target.contentType.utf8Span)
        if let operation = target.operation {
            try request.append(header: "x-amz-target".utf8.span, value: operation.utf8Span)
        }
        return request
    }

    /// Signs with these from now on.
    func use(_ credentials: SigningCredentials) {
        if signer == nil {
            signer = Signer(
                scope: scope, credentials: credentials, sha256: LibCrypto.sha256Function)
        } else {
            signer?.credentials = credentials
        }
    }

    /// Sends the body that `transfer` has been prepared with.
    func send(milliseconds: Int64) throws(RelayError) -> HTTPSAnswer {
        try transfer.prepare { (message) throws(RelayError) in try sign(&message) }
        return try exchange.run(transfer, milliseconds: milliseconds)
    }

    private func sign(_ message: inout HTTPSRequest) throws(RelayError) {
        do throws(SigningError) {
            try signer?.sign(
                request, body: message.body.bytes, at: Clock.now().wallMicroseconds)
        } catch {
            throw RelayError("the request cannot be signed: \(error)")
        }
        do throws(HTTPSHeaderError) {
            message.method = .post
            message.headers.removeAll()
            try message.headers.append("Content-Type", target.contentType)
            if let operation = target.operation {
                try message.headers.append("X-Amz-Target", operation)
            }
            try signer?.append(to: &message.headers, hashesContent: target.hashesContent)
        } catch {
            throw RelayError("the request's headers cannot be written: \(error)")
        }
    }
}
