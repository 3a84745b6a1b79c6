import Bytes
import Firehose
import Kinesis
import OpenSearch
import RecordRing
import Uplink

/// How one record can be had for a request.
enum Availability {
    case ready(Record)
    /// Torn, damaged, or another record lies in its slot; or one that only a newer version reads.
    case unreadable(GapReason)
    /// On the card, and not read back yet.
    case onCard
}

// MARK: - Requests

extension Gateway {
    mutating func nextSend(now: Int64) -> Action? {
        for index in sinks.indices {
            let sink = sinks[index]
            let wantedRead = sink.wantsRead
            while sink.choose(head: cursor.head, draining: isDraining, now: now),
                !sink.wantsRead
            {
                guard settleFront(of: index, now: now) else { continue }
                sink.state = .busy
                return .send(sink: index)
            }
            // What is at the front is to be read, or was passed over and moved the tail.
            if wantedRead && sink.wantsRead { continue }
            if let action = nextDiskAction(now: now) { return action }
        }
        return nil
    }

    /// Answers true when the first record of the sink's next request is at hand; otherwise nothing
    /// waits, or the sink wants a read. Unreadable records on the way are given up and said.
    /// What is not for this sink is passed over.
    private mutating func settleFront(of index: Int, now: Int64) -> Bool {
        let sink = sinks[index]
        let passed = sink.queue.passed
        defer { if sink.queue.passed > passed { tailMoved(now: now) } }
        while let sequence = sink.queue.candidate(0, head: cursor.head) {
            switch availability(of: sequence) {
            case .ready(let record) where sink.takes(record): return true
            case .ready: sink.passFirst(sequence)
            case .onCard:
                sink.wantsRead = true
                return false
            // A gap record takes a slot itself, so what is at the front is asked again.
            case .unreadable(let reason):
                noteUnreadable(giveUpUnreadable(of: sink, reason), of: index, now: now)
            }
        }
        if sink.queue.part != .backlog { sink.pendingSince = nil }
        return false
    }

    /// Gives up the run of records at the front that cannot be read for this reason.
    private func giveUpUnreadable(of sink: Sink, _ reason: GapReason) -> Loss {
        var loss: Loss?
        sink.hold()
        while let sequence = sink.queue.candidate(0, head: cursor.head),
            case .unreadable(reason) = availability(of: sequence)
        {
            sink.queue.giveUpFirst()
            loss = Loss(reason, first: sequence, last: sequence, count: 1).joined(to: loss)
        }
        guard let loss else { preconditionFailure("only what cannot be read is given up") }
        return loss
    }

    func availability(of sequence: UInt64) -> Availability {
        if window.contains(sequence) {
            do throws(RecordError) {
                return .ready(try Record(decodingChecked: window.slot(of: sequence)))
            } catch {
                preconditionFailure("a record in memory is the one that was put there")
            }
        }
        guard sequence >= cacheFirst && sequence < cacheEnd else {
            return sequence < cursor.synced ? .onCard : .unreadable(.unreadable)
        }
        let start = Int(sequence - cacheFirst) * Record.slotBytes
        let slot = cache.bytes.extracting(start..<start + Record.slotBytes)
        do throws(RecordError) {
            let record = try Record(decoding: slot)
            return record.sequence == sequence ? .ready(record) : .unreadable(.unreadable)
        } catch {
            switch error {
            case .unknownKind, .layoutVersion:
                // Every version has the sequence in the same place.
                let isInPlace = slot.loadUInt64(at: 8) == sequence
                return .unreadable(isInPlace ? .unknown : .unreadable)
            default: return .unreadable(.unreadable)
            }
        }
    }
}

// MARK: - Answers

extension Gateway {
    /// The service has answered the sink's request. `retryAfterNanoseconds` is what its
    /// Retry-After header asks for, 0 without one; `isPage`: the answer calls itself HTML.
    public mutating func sinkAnswered(
        sink index: Int, status: Int, body: Span<UInt8>, retryAfterNanoseconds: Int64 = 0,
        isPage: Bool = false, now: Int64
    ) {
        let sink = sinks[index]
        let retryAfter = min(retryAfterNanoseconds, Limits.retryAfterNanoseconds)
        guard sink.settings.kind.takes(status: status) else {
            let refusal = ServiceError.refusal(status: status, body: body, isPage: isPage)
            if refusal == .content,
                settleContent(index, status: status, retryAfter: retryAfter, now: now)
            {
                return
            }
            // Unavailable is what several services say when they are asked too much.
            if refusal == .throttled || status == 503 {
                sink.pace.end(accepted: 0, isThrottled: true, now: now)
            }
            let floor = refusal.needsPeople ? Limits.refusalRetryNanoseconds : 0
            let wait = failRequest(index, atLeast: max(floor, retryAfter), now: now)
            sink.refusal = refusal
            return report(
                .requestRefused(
                    sink: index, status: status, refusal, retryNanoseconds: wait))
        }
        do throws(AnswerError) {
            // A portal says it to people, with a status of success.
            guard !isPage && !ServiceError.isPage(body) else { throw .page }
            try readAnswer(body, of: sink)
        } catch {
            let wait = failRequest(index, atLeast: retryAfter, now: now)
            sink.refusal = .notTheService
            return report(.answerNotUnderstood(sink: index, error, retryNanoseconds: wait))
        }
        settle(index, now: now)
    }

    /// Fills `results` with one result a record.
    private mutating func readAnswer(_ body: Span<UInt8>, of sink: Sink) throws(AnswerError) {
        let count = sink.queue.inFlightCount
        switch sink.settings.kind {
        case .file: preconditionFailure("a file does not answer with a body")
        case .kinesis: try PutRecordsAnswer.read(body, entries: count, into: &results)
        case .aggregated:
            try PutRecordsAnswer.read(body, entries: sink.entries.count, into: &entryResults)
            spreadResults(over: sink)
        case .firehose: try PutRecordBatchAnswer.read(body, entries: count, into: &results)
        case .openSearch: try BulkAnswer.read(body, entries: count, into: &results)
        case .http:
            // Collectors say what they like, or nothing.
            acceptAll(count)
        }
    }

    private mutating func acceptAll(_ count: Int) {
        results.removeAll()
        for _ in 0..<count { results.append(.accepted) }
    }

    /// The sink has prepared itself and has not been sent anything: it is asked again.
    public mutating func sinkPrepared(sink index: Int) {
        let sink = sinks[index]
        precondition(
            sink.state == .busy && sink.queue.inFlightCount == 0, "it has been sent nothing yet")
        sink.state = .idle
    }

    /// Every record of the request is where it should be (a file sink after its fdatasync).
    public mutating func sinkDelivered(sink index: Int, now: Int64) {
        let sink = sinks[index]
        acceptAll(sink.queue.inFlightCount)
        settle(index, now: now)
    }

    /// No answer, or none that will come: the records are sent again.
    public mutating func sinkFailed(sink index: Int, now: Int64) {
        let wait = failRequest(index, atLeast: 0, now: now)
        report(.sinkUnreachable(sink: index, retryNanoseconds: wait))
    }

    /// Applies `results`, one an entry, to the request in flight.
    mutating func settle(_ index: Int, now: Int64) {
        let sink = sinks[index]
        precondition(sink.state == .busy, "a sink answers the request that runs")
        let count = sink.queue.inFlightCount
        keepRejected(of: index, now: now)
        var accepted = 0
        for place in 0..<count where results[place] == .accepted {
            accepted += 1
            sink.held?.acknowledge(sink.queue.flying(place))
        }
        let isThrottled = (0..<count).contains { results[$0] == .throttled }
        sink.pace.end(accepted: accepted, isThrottled: isThrottled, now: now)
        let refused = sink.queue.settle { place in
            switch results[place] {
            case .accepted: .accepted
            case .rejected: .rejected
            case .throttled, .failed: .again
            }
        }
        sink.refusedRecords += UInt64(refused)
        sink.refusal = nil
        if accepted > 0 { noteTaken(index) }
        if refused == 0 {
            sink.state = .idle
        } else {
            let wait = sink.backoff.fail(random: &random)
            sink.state = .waiting(until: now + wait)
            report(.recordsRefused(sink: index, count: refused, of: count))
        }
        giveUpOverwritten(index)
        recordGaps(of: index, now: now)
        tailMoved(acknowledged: count - refused, now: now)
        markSafe(upTo: sinks.reduce(cursor.head) { min($0, $1.queue.tail) }, now: now)
    }

    /// The sink has taken records: it works, and what it refuses is the fault of what is refused.
    private mutating func noteTaken(_ index: Int) {
        let sink = sinks[index]
        if sink.isFailing { report(.sinkRecovered(sink: index)) }
        sink.isFailing = false
        sink.isAlive = true
        sink.backoff.succeed()
        sink.probe = 0
        sink.culpritsLeft = Limits.culpritsInARow
        sink.portion = min(sink.settings.batchRecords, 2 * sink.portion)
    }

    /// Puts everything in flight back and waits. Answers the wait in nanoseconds.
    mutating func failRequest(_ index: Int, atLeast: Int64, now: Int64) -> Int64 {
        let sink = sinks[index]
        precondition(sink.state == .busy, "a request fails that runs")
        _ = sink.queue.settle { _ in false }
        sink.failedRequests += 1
        sink.isFailing = true
        sink.isAlive = false
        let wait = sink.backoff.fail(atLeast: atLeast, random: &random)
        sink.state = .waiting(until: now + wait)
        giveUpOverwritten(index)
        return wait
    }
}
