import Bytes
import Credentials
import Gateway
import HTTPS
import LibCrypto
import Linux
import OpenSearch
import SigV4
import Time
import Uplink
import Zlib

/// What a network sink needs beside the gateway's own settings.
struct NetworkPlan {
    /// Who we say we are.
    enum Authorization {
        /// Signature Version 4; `hashesContent` where the service wants `x-amz-content-sha256`.
        case signed(region: String, service: String, hashesContent: Bool, CredentialSettings)
        /// The value of the header `Authorization`, as it is sent.
        case fixed(String)
        case none
    }

    /// `https://host[:port]/path`.
    var url: String
    /// The host with its port, as the Host header has it.
    var authority: String
    /// The path of the URL, as it is sent.
    var path: String
    var contentType: String
    /// The operation of an AWS JSON service, and the stream that it is for.
    var target: String?
    var stream: String?
    var authorization: Authorization
    var https: HTTPSSettings
    /// Bytes of a request body at most.
    var bodyBytes: Int
    /// Bytes of an answer at most.
    var answerBytes: Int
    /// Bodies are sent in gzip.
    var compresses = false
    /// What is posted before the first request.
    var preparation: Preparation?

    /// A body for another path of the same service.
    struct Preparation {
        /// What it is, in words.
        var name: String
        var url: String
        var path: String
        var body: [UInt8]
    }
}

/// Bodies in gzip: written as they are first.
final class Compressor {
    let gzip: Gzip
    var plain: FixedBuffer

    init(bodyBytes: Int) throws(GzipError) {
        gzip = try Gzip()
        plain = FixedBuffer(capacity: bodyBytes)
    }
}

/// Writes one request after the other into the same memory: body, signature, headers.
struct RequestWriter: ~Copyable {
    private let contentType: [UInt8]
    private let target: [UInt8]?
    private let fixed: [UInt8]?
    private let hashesContent: Bool
    /// Region and service; nil where requests are not signed.
    private let scope: CredentialScope?
    /// Made with the first key.
    private var signer: Signer?
    private var request: CanonicalRequest
    private let preparation: [UInt8]
    private let preparationRequest: CanonicalRequest
    private let compressor: Compressor?

    init(plan: NetworkPlan, compressor: Compressor?) throws(SigningError) {
        let before = try Self.preparationRequest(plan)
        let usual = try Self.request(plan)
        let scope = try Self.scope(plan)
        request = usual
        self.scope = scope
        self.compressor = compressor
        preparationRequest = before
        preparation = plan.preparation?.body ?? []
        contentType = Array(plan.contentType.utf8)
        target = plan.target.map { Array($0.utf8) }
        switch plan.authorization {
        case .signed(_, _, let hashesContent, _):
            self.hashesContent = hashesContent
            fixed = nil
        case .fixed(let value):
            fixed = Array(value.utf8)
            hashesContent = false
        case .none:
            fixed = nil
            hashesContent = false
        }
    }

    /// What is signed of every request.
    private static func request(
        _ plan: NetworkPlan
    ) throws(SigningError) -> CanonicalRequest {
        var request = CanonicalRequest()
        guard case .signed(_, _, let hashesContent, _) = plan.authorization else {
            return request
        }
        try request.begin(
            .post, host: plan.authority, path: plan.path, contentHash: hashesContent)
        try request.append(header: "content-type", value: plan.contentType)
        if let target = plan.target {
            try request.append(header: "x-amz-target", value: target)
        }
        return request
    }

    private static func scope(_ plan: NetworkPlan) throws(SigningError) -> CredentialScope? {
        guard case .signed(let region, let service, _, _) = plan.authorization else { return nil }
        return try CredentialScope(region: region, service: service)
    }

    private static func preparationRequest(
        _ plan: NetworkPlan
    ) throws(SigningError) -> CanonicalRequest {
        var request = CanonicalRequest()
        guard let preparation = plan.preparation,
            case .signed(_, _, let hashesContent, _) = plan.authorization
        else { return request }
        try request.begin(
            .post, host: plan.authority, path: preparation.path, contentHash: hashesContent)
        try request.append(header: "content-type", value: json)
        return request
    }

    private static let json = "application/json"

    /// Writes what is sent before the first request.
    mutating func writePreparation(
        now: Moment, to message: inout HTTPSRequest
    ) throws(RequestError) {
        message.body.removeAll()
        message.body.append(preparation.span)
        try finish(now: now, isPreparation: true, &message)
    }

    /// Signs with these from now on.
    mutating func use(_ credentials: SigningCredentials) {
        guard let scope else { return }
        if signer == nil {
            signer = Signer(
                scope: scope, credentials: credentials, sha256: LibCrypto.sha256Function)
        } else {
            signer?.credentials = credentials
        }
    }

    mutating func write(
        sink: Int, gateway: inout Gateway, now: Moment, to message: inout HTTPSRequest
    ) throws(RequestError) {
        if let compressor {
            _ = gateway.encode(
                sink: sink, into: &compressor.plain, now: now.monotonicNanoseconds)
            message.body.removeAll()
            do throws(GzipError) {
                try compressor.plain.withBytes { (plain) throws(GzipError) in
                    try compressor.gzip.compress(plain, into: &message.body)
                }
            } catch {
                preconditionFailure("a body has room for what any request becomes in gzip")
            }
        } else {
            _ = gateway.encode(sink: sink, into: &message.body, now: now.monotonicNanoseconds)
        }
        try finish(now: now, isPreparation: false, &message)
    }

    /// Writes a request with this body.
    mutating func write(
        body: Span<UInt8>, now: Moment, to message: inout HTTPSRequest
    ) throws(RequestError) {
        message.body.removeAll()
        message.body.append(body)
        try finish(now: now, isPreparation: false, &message)
    }

    /// Signs the body and writes the headers.
    private mutating func finish(
        now: Moment, isPreparation: Bool, _ message: inout HTTPSRequest
    ) throws(RequestError) {
        do throws(SigningError) {
            let time = now.wallMicroseconds
            if isPreparation {
                try signer?.sign(preparationRequest, body: message.body.bytes, at: time)
            } else {
                try signer?.sign(request, body: message.body.bytes, at: time)
            }
        } catch {
            throw RequestError(text: "the request cannot be signed: \(error)")
        }
        do throws(HTTPSHeaderError) {
            try write(&message.headers, isPreparation: isPreparation)
        } catch {
            throw RequestError(text: "the request's headers cannot be written: \(error)")
        }
    }

    private mutating func write(
        _ headers: inout HTTPSHeaders, isPreparation: Bool
    ) throws(HTTPSHeaderError) {
        headers.removeAll()
        if isPreparation {
            try headers.append("Content-Type", Self.json.utf8.span)
        } else {
            try headers.append("Content-Type", contentType.span)
            if compressor != nil { try headers.append("Content-Encoding", "gzip") }
        }
        if let target { try headers.append("X-Amz-Target", target.span) }
        if let fixed { try headers.append("Authorization", fixed.span) }
        try signer?.append(to: &headers, hashesContent: hashesContent)
    }
}

/// Requests of one sink, one at a time, on one kept connection.
final class NetworkPort: NetworkSink {
    let transfer: HTTPSTransfer
    private var writer: RequestWriter
    private let endpoint: String
    /// The cause of the last failure, without what differs from one try to the next.
    private var lastCause: String?
    private let time: TimeKeeper
    /// Has the key that requests are signed with; nil where they are not.
    private let keeper: CredentialKeeper?
    /// The number of the key that the last request was signed with.
    private var keyVersion: UInt64?
    /// The request asks for the time alone.
    private var isAskingTime = false
    private var hasAskedTime = false
    /// The last request was sent again at once, at another time: no other one is.
    private var hasResent = false
    /// What has to be sent before the first request; nil when it has been.
    private var preparation: NetworkPlan.Preparation?
    private var isPreparing = false

    init(
        plan: NetworkPlan, client: HTTPSClient, keeper: CredentialKeeper?, time: TimeKeeper
    ) throws(SetupError) {
        endpoint = plan.url
        self.keeper = keeper
        self.time = time
        preparation = plan.preparation
        var bodyBytes = plan.bodyBytes
        var compressor: Compressor?
        if plan.compresses {
            do throws(GzipError) {
                let made = try Compressor(bodyBytes: bodyBytes)
                bodyBytes = made.gzip.bound(of: bodyBytes)
                compressor = made
            } catch {
                throw SetupError("\(plan.url): no memory for gzip")
            }
        }
        do throws(SigningError) {
            writer = try RequestWriter(plan: plan, compressor: compressor)
        } catch {
            throw SetupError("\(plan.url): requests cannot be signed: \(error)")
        }
        do throws(HTTPSError) {
            let limits = HTTPSLimits(bodyBytes: bodyBytes, responseBytes: plan.answerBytes)
            transfer = try HTTPSTransfer(
                on: client, to: plan.url, settings: plan.https, limits: limits)
        } catch {
            throw SetupError("\(plan.url): \(error)")
        }
    }

    func begin(sink: Int, gateway: inout Gateway, now: Moment, journal: Journal) {
        transfer.verify(at: time.clock.verificationSeconds(at: now.monotonicNanoseconds))
        if let keeper {
            // The desk resumes the sink when there is a key.
            guard let (credentials, version) = keeper.usable(now: now) else {
                return gateway.suspendSink(sink)
            }
            if version != keyVersion { writer.use(credentials) }
            keyVersion = version
        }
        do throws(RequestError) {
            // A signature with a wrong time is refused, and the answer says the right one. Who
            // takes records without one would take them with a wrong time too: ask first.
            isAskingTime =
                keeper == nil && !hasAskedTime
                && time.clock.source(at: now.monotonicNanoseconds) == .floor
            if isAskingTime {
                hasAskedTime = true
                transfer.prepare { message in
                    message.method = .get
                    message.headers.removeAll()
                }
                return try start()
            }
            if let preparation { return try prepare(preparation, now: now) }
            try transfer.prepare { (message) throws(RequestError) in
                message.method = .post
                try writer.write(sink: sink, gateway: &gateway, now: now, to: &message)
            }
            try start()
        } catch {
            note(error.text, cause: error.text, journal)
            gateway.sinkFailed(sink: sink, now: now.monotonicNanoseconds)
        }
    }

    /// Sends what comes before the first request.
    private func prepare(
        _ preparation: NetworkPlan.Preparation, now: Moment
    ) throws(RequestError) {
        try direct(to: preparation.url)
        try transfer.prepare { (message) throws(RequestError) in
            message.method = .post
            try writer.writePreparation(now: now, to: &message)
        }
        isPreparing = true
        do throws(RequestError) {
            try start()
        } catch {
            isPreparing = false
            throw error
        }
    }

    private func direct(to url: String) throws(RequestError) {
        do throws(HTTPSError) {
            try transfer.setURL(url)
        } catch {
            throw RequestError(text: "\(error)")
        }
    }

    /// The preparation has been answered. What the service will not have it goes without; a
    /// service that is in trouble, or not itself, is asked again.
    private func finishPreparation(
        _ answer: HTTPSAnswer, sink: Int, gateway: inout Gateway, journal: Journal
    ) {
        isPreparing = false
        let now = Clock.monotonicNanoseconds()
        let name = preparation?.name ?? ""
        let isRefusal = (400..<500).contains(answer.status) && answer.status != 429
        let isTaken = (200..<300).contains(answer.status)
        guard !answer.isPage, isTaken || isRefusal else {
            let text = "no answer to the \(name) (status \(answer.status))"
            note(text, cause: text, journal)
            return gateway.sinkFailed(sink: sink, now: now)
        }
        if isTaken {
            journal.log.write(.notice, "\(endpoint): \(name) put")
        } else {
            let transfer = self.transfer
            let text = String(decoding: transfer.response).prefix(200)
            journal.log.write(
                .warning,
                "\(endpoint): the service does not take the \(name) (status "
                    + "\(answer.status)), so its fields get the types that it guesses: \(text)")
        }
        preparation = nil
        do throws(RequestError) {
            try direct(to: endpoint)
            gateway.sinkPrepared(sink: sink)
        } catch {
            preconditionFailure("the address was good at the start")
        }
    }

    private func start() throws(RequestError) {
        do throws(HTTPSError) {
            try transfer.start()
        } catch {
            throw RequestError(text: "\(error)")
        }
    }

    func finish(sink: Int, gateway: inout Gateway, journal: Journal) {
        let now = Clock.monotonicNanoseconds()
        let transfer = self.transfer
        switch transfer.result {
        case .answered(let answer):
            lastCause = nil
            if isWrongTime(answer) {
                isPreparing = false
                return gateway.sinkResends(sink: sink, now: now)
            }
            if isPreparing {
                return finishPreparation(answer, sink: sink, gateway: &gateway, journal: journal)
            }
            let wait = Int64(min(answer.retryAfterSeconds ?? 0, 3_600)) * 1_000_000_000
            gateway.sinkAnswered(
                sink: sink, status: answer.status, body: transfer.response,
                retryAfterNanoseconds: wait, isPage: answer.isPage, now: now)
            if let keyVersion {
                keeper?.note(gateway.sinks[sink].refusal, version: keyVersion)
            }
        case .failed(let failure):
            isPreparing = false
            if isAskingTime { hasAskedTime = false }
            if failure.isDated && time.doubtKernel() {
                return gateway.sinkResends(sink: sink, now: now)
            }
            note("\(failure)", cause: failure.cause, journal)
            gateway.sinkFailed(sink: sink, now: now)
        case nil: preconditionFailure("a transfer that is handed back has a result")
        }
    }

    /// Hears the answer's `Date`. Answers whether the request is made anew: it asked for the time
    /// alone, or it was refused for its time and there is another one now.
    private func isWrongTime(_ answer: HTTPSAnswer) -> Bool {
        let transfer = self.transfer
        let isRefused =
            answer.status >= 400
            && ServiceError.refusal(status: answer.status, body: transfer.response) == .clockSkew
        let isNews = time.note(answer, isRefused: isRefused, by: endpoint)
        if isAskingTime { return true }
        // Once: a service that goes on refusing is not hammered.
        let isAnew = isRefused && isNews && !hasResent
        hasResent = isAnew
        return isAnew
    }

    /// The same cause is said once, not at every try.
    private func note(_ text: String, cause: String, _ journal: Journal) {
        if cause != lastCause { journal.log.write(.warning, "\(endpoint): \(text)") }
        lastCause = cause
    }

    func cancel() { transfer.cancel() }
}

/// Why a request did not even begin.
struct RequestError: Error {
    let text: String
}
