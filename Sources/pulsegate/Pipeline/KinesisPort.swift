import Bytes
import Gateway
import HTTPS
import LibCrypto
import Linux
import SigV4
import Time

/// What a Kinesis sink needs beside the gateway's own settings.
struct KinesisPlan {
    var region: String
    /// `https://host[:port]`, and the same without its scheme as the Host header has it.
    var endpoint: String
    var authority: String
    var credentials: SigningCredentials
    var https: HTTPSSettings
    /// Bytes of a request body at most.
    var bodyBytes: Int
    /// Records in one request at most: the answer's size follows from it.
    var batchRecords: Int
}

/// Writes one PutRecords request after the other into the same memory: body, signature, headers.
private struct RequestWriter: ~Copyable {
    private static let service = "kinesis"
    private static let target: StaticString = "Kinesis_20131202.PutRecords"
    private static let contentType: StaticString = "application/x-amz-json-1.1"

    private var signer: Signer
    private var request: CanonicalRequest

    init(plan: KinesisPlan) throws(SigningError) {
        let scope = try CredentialScope(region: plan.region, service: Self.service)
        var request = CanonicalRequest()
        try request.begin(.post, host: plan.authority, path: "/")
        try request.append(header: "content-type", value: "\(Self.contentType)")
        try request.append(header: "x-amz-target", value: "\(Self.target)")
        self.request = request
        signer = Signer(
            scope: scope, credentials: plan.credentials, sha256: LibCrypto.sha256Function)
    }

    mutating func write(
        sink: Int, gateway: inout Gateway, now: Moment, to message: inout HTTPSRequest
    ) throws(RequestError) {
        _ = gateway.encode(sink: sink, into: &message.body, now: now.monotonicNanoseconds)
        do throws(SigningError) {
            try signer.sign(request, body: message.body.bytes, at: now.wallMicroseconds)
        } catch {
            throw RequestError(text: "the request cannot be signed: \(error)")
        }
        do throws(HTTPSHeaderError) {
            try write(&message.headers)
        } catch {
            throw RequestError(text: "the request's headers cannot be written: \(error)")
        }
    }

    private func write(_ headers: inout HTTPSHeaders) throws(HTTPSHeaderError) {
        headers.removeAll()
        try headers.append("Content-Type", Self.contentType)
        try headers.append("X-Amz-Target", Self.target)
        try headers.append("X-Amz-Date", signer.date)
        if let token = signer.credentials.sessionToken {
            try headers.append("X-Amz-Security-Token", token.utf8.span)
        }
        try headers.append("Authorization", signer.authorization)
    }
}

/// PutRecords calls, one at a time, on one kept connection.
final class KinesisPort: NetworkSink {
    /// An entry of the answer: a sequence number of 56 digits and a shard id are 113 bytes, an
    /// error code with its message may be more. 512 covers both.
    private static let answerBytesPerRecord = 512

    let transfer: HTTPSTransfer
    private var writer: RequestWriter
    private let endpoint: String
    /// The cause of the last failure, without what differs from one try to the next.
    private var lastCause: String?

    init(plan: KinesisPlan, client: HTTPSClient) throws(SetupError) {
        endpoint = plan.endpoint
        do throws(SigningError) {
            writer = try RequestWriter(plan: plan)
        } catch {
            throw SetupError("\(plan.endpoint): requests cannot be signed: \(error)")
        }
        do throws(HTTPSError) {
            let limits = HTTPSLimits(
                bodyBytes: plan.bodyBytes,
                responseBytes: 4_096 + Self.answerBytesPerRecord * plan.batchRecords)
            transfer = try HTTPSTransfer(
                on: client, to: plan.endpoint, settings: plan.https, limits: limits)
        } catch {
            throw SetupError("\(plan.endpoint): \(error)")
        }
    }

    func begin(sink: Int, gateway: inout Gateway, now: Moment, journal: Journal) {
        do throws(RequestError) {
            try transfer.prepare { (message) throws(RequestError) in
                try writer.write(sink: sink, gateway: &gateway, now: now, to: &message)
            }
            try start()
        } catch {
            note(error.text, cause: error.text, journal)
            gateway.sinkFailed(sink: sink, now: now.monotonicNanoseconds)
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
            let wait = Int64(min(answer.retryAfterSeconds ?? 0, 3_600)) * 1_000_000_000
            gateway.sinkAnswered(
                sink: sink, status: answer.status, body: transfer.response,
                retryAfterNanoseconds: wait, now: now)
        case .failed(let failure):
            note("\(failure)", cause: failure.cause, journal)
            gateway.sinkFailed(sink: sink, now: now)
        case nil: preconditionFailure("a transfer that is handed back has a result")
        }
    }

    /// The same cause is said once, not at every try.
    private func note(_ text: String, cause: String, _ journal: Journal) {
        if cause != lastCause { journal.log.write(.warning, "\(endpoint): \(text)") }
        lastCause = cause
    }

    func cancel() { transfer.cancel() }
}

/// Why a request did not even begin.
private struct RequestError: Error {
    let text: String
}
