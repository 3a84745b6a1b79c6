import Gateway
import Linux
import LocalHTTP
import Query
import RecordRing
import Time

/// `GET /api/records`: what the ring holds, on the card and in memory.
///
/// One portion of one answer is with the disk worker at a time, so a write of the ring waits for
/// 256 records at most, however many ask; and the loop itself only copies what is in memory.
final class RecordsDesk {
    /// Answers at a time; each has 112 KiB of its own.
    private static let answersMax = 2
    private static let retrySeconds = "1"

    private let answers: [RecordsAnswer]
    private let worker: DiskWorker
    private let log: Log
    /// Whose job the worker has.
    private var reading: RecordsAnswer?
    /// Who was served last: the others come first.
    private var last = 0
    /// What the card did wrong is said once until it works again.
    private var isFailing = false

    init(ring: RingFile, worker: DiskWorker, log: Log) {
        answers = (0..<Self.answersMax).map { _ in RecordsAnswer(ring: ring) }
        self.worker = worker
        self.log = log
    }

    /// Answers a request, or says why not.
    func answer(_ exchange: HTTPExchange, _ gateway: borrowing Gateway, _ time: TimeKeeper) {
        var query = RecordQuery()
        do throws(QueryError) {
            guard let arguments = exchange.arguments else {
                return exchange.answer(HTTPProblem(.badRequest, "too many parameters"))
            }
            let now = time.now().wallMicroseconds
            for (name, value) in arguments { try query.set(name, to: value, now: now) }
        } catch {
            return exchange.answer(HTTPProblem(.badRequest, "\(error)"))
        }
        guard let place = answers.first(where: { $0.isFree }) else {
            return exchange.answer(
                HTTPProblem(
                    .unavailable, "\(Self.answersMax) queries are being answered; try again"),
                fields: [("Retry-After", Self.retrySeconds)])
        }
        place.begin(exchange, query, gateway, notes: time.notes)
    }

    /// Lets the next portion be read, if one is wanted and none is under way.
    func advance(_ gateway: borrowing Gateway) {
        guard reading == nil else { return }
        for step in 1...answers.count {
            let index = (last + step) % answers.count
            let one = answers[index]
            guard one.wantsRead, one.advance(gateway) else { continue }
            last = index
            reading = one
            return worker.submit(one.job)
        }
    }

    /// Whether the job was one of these, which has finished.
    func finish(_ job: any DiskJob) -> Bool {
        guard let one = reading, one.job === job else { return false }
        reading = nil
        let failure = one.finishRead()
        if let failure, !isFailing {
            log.write(.warning, "query: \(failure); its answer ends in the middle")
        }
        isFailing = failure != nil
        return true
    }
}

/// `GET /api/records`
enum RecordsRoute {
    static func answer(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        pipeline.records?.answer(exchange, pipeline.gateway, pipeline.time)
    }
}
