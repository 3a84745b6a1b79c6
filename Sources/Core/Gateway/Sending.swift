public import Bytes
import Kinesis
import RecordRing
import Uplink
import WireFormat

/// How one record can be had for a request.
private enum Availability {
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
            guard !sink.wantsRead, let due = sink.due(head: cursor.head, draining: isDraining),
                due <= now
            else { continue }
            if settleFront(of: index, now: now) {
                sink.state = .busy
                return .send(sink: index)
            }
            if sink.wantsRead, let read = nextDiskAction(now: now) { return read }
        }
        return nil
    }

    /// Answers true when the first record of the sink's next request is at hand; otherwise nothing
    /// waits, or the sink wants a read. Unreadable records on the way are given up and said.
    private mutating func settleFront(of index: Int, now: Int64) -> Bool {
        let sink = sinks[index]
        while let sequence = sink.queue.candidate(0, head: cursor.head) {
            switch availability(of: sequence) {
            case .ready: return true
            case .onCard:
                sink.wantsRead = true
                return false
            // A gap record takes a slot itself, so what is at the front is asked again.
            case .unreadable(let reason):
                noteUnreadable(giveUpUnreadable(of: sink, reason), of: index, now: now)
            }
        }
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

    private func availability(of sequence: UInt64) -> Availability {
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

    /// Writes the next request of the sink into an empty `body`: as many records as the batch,
    /// the buffer and the memory hold. Answers their number, at least 1.
    public mutating func encode(sink index: Int, into body: inout FixedBuffer, now: Int64) -> Int {
        let sink = sinks[index]
        precondition(sink.state == .busy, "a request is encoded when the gateway asks for it")
        body.removeAll()
        if case .kinesis(let stream) = sink.settings.kind {
            PutRecordsBody.begin(stream: stream.span, in: &body)
        }
        var count = 0
        while count < sink.settings.batchRecords,
            let sequence = sink.queue.candidate(count, head: cursor.head),
            case .ready(let record) = availability(of: sequence),
            append(record, isFirst: count == 0, for: sink, to: &body)
        {
            count += 1
        }
        precondition(count > 0, "a request buffer holds at least one record")
        if case .kinesis = sink.settings.kind { PutRecordsBody.finish(&body) }
        sink.queue.take(count, head: cursor.head)
        sink.requests += 1
        sink.pendingSince = sink.queue.waitingCount(head: cursor.head) > 0 ? now : nil
        return count
    }

    /// False when the record does not fit any more.
    private mutating func append(
        _ record: Record, isFirst: Bool, for sink: Sink, to body: inout FixedBuffer
    ) -> Bool {
        let device = settings.device
        switch sink.settings.kind {
        case .file:
            let mark = body.count
            body.append(json: record, device: device.span)
            if body.overflowed {
                body.truncate(to: mark)
                return false
            }
            return true
        case .kinesis:
            scratch.removeAll()
            scratch.append(json: record, device: device.span)
            precondition(!scratch.overflowed, "Limits.recordJSONBytes holds the longest record")
            return PutRecordsBody.append(
                scratch.bytes, partitionKey: device.span, isFirst: isFirst, to: &body)
        }
    }
}

// MARK: - Answers

extension Gateway {
    /// The service has answered the sink's request. `retryAfterNanoseconds` is what its
    /// Retry-After header asks for, 0 without one.
    public mutating func sinkAnswered(
        sink index: Int, status: Int, body: Span<UInt8>, retryAfterNanoseconds: Int64 = 0,
        now: Int64
    ) {
        let sink = sinks[index]
        let retryAfter = min(retryAfterNanoseconds, Limits.retryAfterNanoseconds)
        guard status == 200 else {
            let refusal = ServiceError.refusal(status: status, body: body)
            let floor = refusal.needsPeople ? Limits.refusalRetryNanoseconds : 0
            let wait = failRequest(index, atLeast: max(floor, retryAfter), now: now)
            sink.refusal = refusal
            return report(
                .requestRefused(
                    sink: index, status: status, refusal, retryNanoseconds: wait))
        }
        do throws(PutRecordsAnswerError) {
            try PutRecordsAnswer.read(body, entries: sink.queue.inFlightCount, into: &results)
        } catch {
            let wait = failRequest(index, atLeast: retryAfter, now: now)
            sink.refusal = .notTheService
            return report(.answerNotUnderstood(sink: index, error, retryNanoseconds: wait))
        }
        settle(index, now: now)
    }

    /// Every record of the request is where it should be (a file sink after its fdatasync).
    public mutating func sinkDelivered(sink index: Int, now: Int64) {
        let sink = sinks[index]
        results.removeAll()
        for _ in 0..<sink.queue.inFlightCount { results.append(.accepted) }
        settle(index, now: now)
    }

    /// No answer, or none that will come: the records are sent again.
    public mutating func sinkFailed(sink index: Int, now: Int64) {
        let wait = failRequest(index, atLeast: 0, now: now)
        report(.sinkUnreachable(sink: index, retryNanoseconds: wait))
    }

    /// Applies `results`, one an entry, to the request in flight.
    private mutating func settle(_ index: Int, now: Int64) {
        let sink = sinks[index]
        precondition(sink.state == .busy, "a sink answers the request that runs")
        let count = sink.queue.inFlightCount
        if sink.held != nil {
            for place in 0..<count where results[place] == .accepted {
                sink.held?.acknowledge(sink.queue.flying(place))
            }
        }
        let refused = sink.queue.settle { results[$0] == .accepted }
        sink.refusedRecords += UInt64(refused)
        sink.refusal = nil
        if refused < count {
            if sink.isFailing { report(.sinkRecovered(sink: index)) }
            sink.isFailing = false
            sink.isAlive = true
            sink.backoff.succeed()
        }
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

    /// Puts everything in flight back and waits. Answers the wait in nanoseconds.
    private mutating func failRequest(_ index: Int, atLeast: Int64, now: Int64) -> Int64 {
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
