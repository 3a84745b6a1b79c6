import Gateway
import Ingest
import Linux
import LocalHTTP
import RecordRing
import Time

/// Posts of other devices: what the gate says of them becomes an answer, at once or when the card
/// has what they brought.
final class IngestDesk {
    /// A request whose record is on its way to the card.
    private struct Waiting {
        let exchange: HTTPExchange
        let request: PostRequest
        /// The last record that it waits for.
        let last: UInt64
        let answer: [UInt8]
        /// Monotonic nanoseconds.
        let deadline: Int64
    }

    private var gate: IngestGate
    private var waiting: [Waiting] = []

    init(_ limits: IngestLimits) {
        gate = IngestGate(limits)
    }

    /// Reads the newest records of the ring for the keys that they came with.
    func restore(from path: String, before head: UInt64, oldest: UInt64, log: Log) {
        let restored = IngestLimits.restoredRecords
        let first = max(oldest, head > restored ? head - restored : 0)
        guard first < head else { return }
        do throws(RingReaderError) {
            var reader = try RingReader.open(path)
            do throws(SystemError) {
                try reader.forEachSequence(in: first..<head) { sequence, slot in
                    guard let record = Self.record(slot), record.sequence == sequence else {
                        return
                    }
                    gate.restore(record, isFirst: sequence == first && first > 0)
                }
            } catch {
                throw .system(error)
            }
        } catch {
            log.write(
                .warning, "ingest: \(error); a post that is sent again may be recorded twice")
        }
    }

    private static func record(_ slot: Span<UInt8>) -> Record? {
        do throws(RecordError) {
            return try Record(decoding: slot)
        } catch {
            return nil
        }
    }

    static func takeForms(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        answer(exchange, .patientStats, &pipeline)
    }

    static func takeErrors(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        answer(exchange, .errorMessage, &pipeline)
    }

    /// Answers a request to post.
    private static func answer(
        _ exchange: HTTPExchange, _ path: PostPath, _ pipeline: inout Pipeline
    ) {
        guard let desk = pipeline.http?.ingest else {
            return exchange.answer(
                HTTPProblem(.notFound, "posts are not taken; set [http] ingest = on"))
        }
        guard let request = desk.request(exchange, path) else { return }
        guard exchange.hasReceived else {
            exchange.receive()
            return
        }
        let now = pipeline.time.now()
        let outcome = exchange.withBody { body in
            desk.gate.take(
                body, request, into: &pipeline.gateway, time: now,
                clock: pipeline.time.state(at: now.monotonicNanoseconds),
                now: now.monotonicNanoseconds)
        }
        exchange.dropBody()
        desk.settle(
            outcome, request, exchange, now: now.monotonicNanoseconds,
            state: { pipeline.gateway.state(ofPost: $0) })
    }

    /// What the header says; nil when it is answered with a refusal.
    private func request(_ exchange: HTTPExchange, _ path: PostPath) -> PostRequest? {
        let type = (exchange.header("Content-Type") ?? "").lowercased()
            .split(separator: ";").first.map { $0.filter { $0 != " " && $0 != "\t" } }
        let isBatch = type == "application/x-ndjson" && path == .patientStats
        guard isBatch || type == "application/json" else {
            let types = path == .patientStats ? " or application/x-ndjson" : ""
            exchange.answer(
                HTTPProblem(
                    .unsupportedMediaType,
                    "write Content-Type: application/json\(types)"))
            return nil
        }
        var request = PostRequest(path: path, isBatch: isBatch)
        if let key = exchange.header("Idempotency-Key") {
            let bytes = Array(key.utf8)
            guard (1...IngestLimits.keyBytesMax).contains(bytes.count),
                bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else {
                exchange.answer(
                    HTTPProblem(
                        .badRequest,
                        "Idempotency-Key is not 1 to \(IngestLimits.keyBytesMax) visible characters"
                    ))
                return nil
            }
            request.key = bytes
        }
        return request
    }

    private func settle(
        _ outcome: PostOutcome, _ request: PostRequest, _ exchange: HTTPExchange, now: Int64,
        state: (UInt64) -> PostState
    ) {
        switch outcome {
        case .recorded(let answer, let last):
            guard let last, state(last) != .onCard else { return Self.accept(exchange, answer) }
            waiting.append(
                Waiting(
                    exchange: exchange, request: request, last: last, answer: answer,
                    deadline: now + IngestLimits.waitNanoseconds))
        case .refused(let status, let detail, let pointer):
            let detail = String(decoding: detail, as: UTF8.self)
            exchange.answer(
                HTTPProblem(
                    HTTPStatus(rawValue: UInt32(status)) ?? .unprocessable, detail,
                    pointer: pointer.map { String(decoding: $0, as: UTF8.self) }))
        case .tooMany(let seconds):
            exchange.answer(
                HTTPProblem(.tooManyRequests, "more posts than [http] ingest_rate lets in"),
                fields: [("Retry-After", "\(seconds)")])
        case .noRoom: Self.refuse(exchange, "there is no room for more records")
        }
    }

    private static func accept(_ exchange: HTTPExchange, _ answer: [UInt8]) {
        exchange.answer(
            .accepted, text: String(decoding: answer, as: UTF8.self),
            contentType: "application/json")
    }

    private static func refuse(_ exchange: HTTPExchange, _ detail: String) {
        exchange.answer(
            HTTPProblem(.unavailable, detail),
            fields: [("Retry-After", "\(IngestLimits.retrySeconds)")])
    }

    /// Answers those whose records are on the card, and those that have waited too long.
    func settle(now: Int64, state: (UInt64) -> PostState) {
        guard !waiting.isEmpty else { return }
        var still: [Waiting] = []
        for one in waiting where one.exchange.isOpen {
            switch state(one.last) {
            case .onCard: Self.accept(one.exchange, one.answer)
            case .lost:
                gate.forget(one.request)
                Self.refuse(one.exchange, "the card did not take the record; post again")
            case .waiting where now >= one.deadline:
                Self.refuse(
                    one.exchange,
                    "the card has not taken the record yet; post again with the same "
                        + "Idempotency-Key")
            case .waiting: still.append(one)
            }
        }
        waiting = still
    }

    /// When somebody has waited too long (monotonic nanoseconds).
    var deadline: Int64? { waiting.first?.deadline }
}
