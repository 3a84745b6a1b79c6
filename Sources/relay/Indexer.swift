import Bytes
import HTTPS
import Kinesis
import LibCrypto
import Linux
import Relay
import SigV4
import Time

/// Kinesis to OpenSearch: performs what an `IndexingRun` decides.
final class Indexer {
    /// Bytes of the answer to the event source mapping at most: one sequence number.
    static let answerBytes = 16_384
    /// Bytes that a `_bulk` answer has for each document at most: with the filter
    /// `{"create":{"status":201}},`.
    private static let resultBytes = 32
    /// Bytes of the shortest document with its action.
    private static let documentBytesMin = 128
    /// Where Amazon Linux keeps the authorities. A static executable was built for Debian's place.
    private static let amazonLinuxAuthorities = "/etc/pki/tls/certs/ca-bundle.crt"

    private let settings: IndexerSettings
    private let search: SignedPost
    private let errors: SignedPost
    private var credentials: SigningCredentials?

    init(_ settings: IndexerSettings, on exchange: Exchange) throws(RelayError) {
        self.settings = settings
        var https = HTTPSSettings()
        https.allowsPlainLoopback = true
        https.certificateAuthorityFile = settings.authorityFile
        if settings.authorityFile == nil, Path.exists(Self.amazonLinuxAuthorities) {
            https.certificateAuthorityFile = Self.amazonLinuxAuthorities
        }
        https.totalTimeoutMilliseconds = settings.requestTimeoutSeconds * 1_000
        search = try SignedPost(
            to: SignedPost.Target(
                endpoint: settings.endpoint, path: "/_bulk",
                // The answer says of each document its status, and nothing else.
                query: "filter_path=items.%2A.status", service: settings.service,
                region: settings.region, contentType: "application/x-ndjson", operation: nil,
                hashesContent: settings.service == "aoss"),
            settings: https,
            limits: HTTPSLimits(
                bodyBytes: settings.bulkBytes,
                responseBytes: 65_536
                    + settings.bulkBytes / Self.documentBytesMin * Self.resultBytes),
            on: exchange)
        errors = try SignedPost(
            to: SignedPost.Target(
                endpoint: settings.kinesisEndpoint, path: "/", service: "kinesis",
                region: settings.region, contentType: "application/x-amz-json-1.1",
                operation: "Kinesis_20131202.PutRecords", hashesContent: false),
            settings: https,
            limits: HTTPSLimits(bodyBytes: 2 << 20, responseBytes: 512 << 10), on: exchange)
    }

    /// Takes the keys of the environment, which Lambda replaces when it thaws a function.
    private func refreshCredentials() throws(RelayError) {
        let token = Environment.value("AWS_SESSION_TOKEN")
        let found: SigningCredentials
        do throws(SigningError) {
            found = try SigningCredentials(
                accessKeyID: Environment.value("AWS_ACCESS_KEY_ID") ?? "",
                secretAccessKey: Environment.value("AWS_SECRET_ACCESS_KEY") ?? "",
                sessionToken: token)
        } catch {
            throw RelayError(
                "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: \(error); the function needs a role")
        }
        guard found != credentials else { return }
        credentials = found
        search.use(found)
        errors.use(found)
    }

    /// Indexes one event. Answers where in it the lowest sequence number stands that has to come
    /// again; nil: none has.
    func index(
        _ event: Span<UInt8>, deadline: Deadline, log: (Log.Level, String) -> Void
    ) throws(RelayError) -> Range<Int>? {
        try refreshCredentials()
        let parsed: KinesisEvent
        do throws(EventError) {
            parsed = try KinesisEvent(event)
        } catch {
            throw RelayError("\(error)")
        }
        var run = IndexingRun(
            parsed, of: event, settings: settings.indexing, md5: LibCrypto.md5Function)
        while fillBulk(&run, event) {
            sendBulk(&run, event, deadline, log)
        }
        while fillErrors(&run, event) {
            sendErrors(&run, event, deadline, log)
        }
        let counts = run.counts
        let comesAgain = run.lowestSequenceNumber != nil
        log(
            comesAgain || counts.refused > 0 ? .warning : .info,
            "\(parsed.entries.count) entries, \(counts.documents) records: \(counts.taken) taken, "
                + "\(counts.refused) refused, \(comesAgain ? "some come again" : "none again"), "
                + "\(counts.requests) requests")
        return run.lowestSequenceNumber
    }

    private func fillBulk(_ run: inout IndexingRun, _ event: Span<UInt8>) -> Bool {
        var isFilled = false
        search.transfer.prepare { isFilled = run.fillBulk(&$0.body, event: event) }
        return isFilled
    }

    private func sendBulk(
        _ run: inout IndexingRun, _ event: Span<UInt8>, _ deadline: Deadline,
        _ log: (Log.Level, String) -> Void
    ) {
        let reserve = Deadline.answerMilliseconds + Deadline.errorsMilliseconds
        guard let budget = budget(deadline, reserve) else {
            log(.warning, "no time left for a request")
            return run.bulkFailed(event: event)
        }
        do throws(RelayError) {
            let answer = try search.send(milliseconds: budget)
            let transfer = search.transfer
            if answer.status != 200 {
                let text = String(decoding: transfer.response).prefix(300)
                log(.warning, "_bulk: status \(answer.status): \(text)")
            }
            run.bulkAnswered(
                status: answer.status, body: transfer.response, isPage: answer.isPage,
                event: event)
        } catch {
            log(.warning, "_bulk: \(error)")
            run.bulkFailed(event: event)
        }
    }

    private func fillErrors(_ run: inout IndexingRun, _ event: Span<UInt8>) -> Bool {
        let now = Clock.now().wallMicroseconds
        var isFilled = false
        errors.transfer.prepare { isFilled = run.fillErrors(&$0.body, event: event, at: now) }
        return isFilled
    }

    private func sendErrors(
        _ run: inout IndexingRun, _ event: Span<UInt8>, _ deadline: Deadline,
        _ log: (Log.Level, String) -> Void
    ) {
        guard let budget = budget(deadline, Deadline.answerMilliseconds) else {
            log(.warning, "no time left for the error stream")
            return run.errorsAnswered(status: nil, body: Span(), event: event)
        }
        do throws(RelayError) {
            let answer = try errors.send(milliseconds: budget)
            let transfer = errors.transfer
            if answer.status != 200 {
                let text = String(decoding: transfer.response).prefix(300)
                log(.warning, "error stream: status \(answer.status): \(text)")
            }
            run.errorsAnswered(status: answer.status, body: transfer.response, event: event)
        } catch {
            log(.warning, "error stream: \(error)")
            run.errorsAnswered(status: nil, body: Span(), event: event)
        }
    }

    private func budget(_ deadline: Deadline, _ reserve: Int64) -> Int64? {
        deadline.budget(
            now: Clock.now().wallMicroseconds / 1_000, reserveMilliseconds: reserve,
            limitMilliseconds: Int64(settings.requestTimeoutSeconds) * 1_000)
    }
}
