import Bytes
import Gateway
import Linux
import LocalHTTP
import Query
import RecordRing

/// One answer of `/api/records` on its way. It is made as fast as the client takes it: the next
/// portion is read when the last one has gone.
final class RecordsAnswer: HTTPStream {
    private enum State {
        /// Nobody uses it.
        case free
        /// The client is to have the lines from `sent` on; then it goes on, or that was all.
        case sending(isLast: Bool)
        /// More is to be read.
        case wanting
        /// The worker has the job.
        case reading
        /// The card does not give it: the connection is closed, so that the client knows.
        case failed
    }

    /// A client that does not take the lines of a portion within this, 80 KiB at most, holds its
    /// place for nothing.
    private static let portionNanoseconds: Int64 = 20_000_000_000

    let job: RecordsJob
    private var state = State.free
    private var sent = 0
    private var exchange: HTTPExchange?
    /// The client has gone while the worker had the job.
    private var isAbandoned = false
    private(set) var deadline: Int64?

    init(ring: RingFile) { job = RecordsJob(ring: ring) }

    var isFree: Bool { if case .free = state { true } else { false } }
    var wantsRead: Bool { if case .wanting = state { true } else { false } }

    /// Begins to answer.
    func begin(
        _ exchange: HTTPExchange, _ query: RecordQuery, _ gateway: borrowing Gateway,
        notes: ClockNotes
    ) {
        precondition(isFree, "an answer is given at a time")
        job.begin(query, gateway, notes: notes)
        self.exchange = exchange
        isAbandoned = false
        send(isLast: false)
        exchange.answer(
            stream: self,
            contentType: query.format == .csv
                ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson")
    }

    private func send(isLast: Bool) {
        state = .sending(isLast: isLast)
        sent = 0
        deadline = Clock.monotonicNanoseconds() + Self.portionNanoseconds
    }

    func next(into piece: inout HTTPPiece) -> HTTPStreamState {
        switch state {
        case .failed: return .failed
        case .free, .wanting, .reading: return .waiting
        case .sending(let isLast):
            sent = job.withLines { lines in
                let end = min(lines.count, sent + piece.room)
                piece.append(lines.extracting(sent..<end))
                return end
            }
            guard job.withLines({ $0.count }) == sent else { return .more }
            if isLast { return .end }
            // However long the card takes, the client is not to blame.
            deadline = nil
            state = .wanting
            return .waiting
        }
    }

    /// The next read begins, or it turns out that there is none. Answers whether the job goes to
    /// the worker.
    func advance(_ gateway: borrowing Gateway) -> Bool {
        precondition(wantsRead, "a read is wanted")
        guard job.prepare(gateway) else {
            send(isLast: true)
            exchange?.resume()
            return false
        }
        state = .reading
        return true
    }

    /// The worker is done. Answers what the card has done wrong.
    func finishRead() -> SystemError? {
        if isAbandoned {
            state = .free
            return nil
        }
        if job.failure == nil { send(isLast: false) } else { state = .failed }
        // Nothing to say yet, as while it searches: on at once.
        if job.failure == nil, job.withLines({ $0.isEmpty }) {
            deadline = nil
            state = .wanting
            return nil
        }
        exchange?.resume()
        return job.failure
    }

    func ended() {
        exchange = nil
        deadline = nil
        if case .reading = state { isAbandoned = true } else { state = .free }
    }
}
