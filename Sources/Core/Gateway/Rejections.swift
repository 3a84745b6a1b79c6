import Bytes
import RecordRing
import Time
import Uplink

// What is refused for good is not dropped: it becomes an error record, which goes the way of every
// record, to the sinks that take errors. An error record that is refused itself makes no other.

extension Gateway {
    /// Keeps a notification that is not recorded as an error record.
    mutating func keep(
        _ rejection: Rejection, sensor: Int, time: Moment, clock: ClockState, now: Int64
    ) {
        guard !isFull else { return refuse(time) }
        counters.errorsRecorded += 1
        append(
            Record(
                sequence: cursor.head, time: time, clock: clock, boot: settings.boot,
                session: settings.session, sensor: settings.sensors[sensor].name,
                payload: .rejection(rejection)),
            now: now)
    }

    /// Makes an error record of each record in flight that `results` call rejected. Where there is
    /// no room for it, or the record itself is not at hand, the result becomes a failure: the
    /// record is sent, and rejected, once more.
    ///
    /// Until the error records are on the card, the ring keeps how far the sink had come before:
    /// a restart sends the rejected records again.
    mutating func keepRejected(of index: Int, now: Int64) {
        let sink = sinks[index]
        var kept: (count: Int, status: UInt16, first: UInt64)?
        for place in 0..<sink.queue.inFlightCount {
            guard case .rejected(let status) = results[place] else { continue }
            let sequence = sink.queue.flying(place)
            guard case .ready(let record) = availability(of: sequence) else {
                results[place] = .failed
                continue
            }
            if record.payload.isError {
                sink.rejectedErrors += 1
                report(.errorRejected(sink: index, sequence: sequence, status: status))
                continue
            }
            guard hasRoom(for: sink) else {
                results[place] = .failed
                continue
            }
            sink.hold()
            sink.noteError(about: sequence, by: cursor.head)
            append(errorRecord(of: record, refusedBy: sink, status: status), now: now)
            kept = ((kept?.count ?? 0) + 1, kept?.status ?? status, kept?.first ?? sequence)
        }
        guard let kept else { return }
        counters.errorsRecorded += UInt64(kept.count)
        report(
            .recordsRejected(
                sink: index, count: kept.count, status: kept.status, first: kept.first))
    }

    private func errorRecord(
        of record: Record, refusedBy sink: Sink, status: UInt16
    ) -> Record {
        Record(
            sequence: cursor.head, time: record.time, clock: record.clock, boot: record.boot,
            session: settings.session, sensor: record.sensor,
            payload: .rejection(
                Rejection(record, refusedBy: sink.settings.name, status: status)))
    }

    /// The service has refused the whole request for what is in it: the request is split until the
    /// culprit is alone. Answers false when there is nothing to split.
    ///
    /// A lone record is the culprit only when the service takes others. If nothing has shown that
    /// yet, or the last few records were all refused, then it is the service that is wrong: the
    /// others are tried in turn, and everything stays in the ring.
    mutating func settleContent(
        _ index: Int, status: Int, retryAfter: Int64, now: Int64
    ) -> Bool {
        let sink = sinks[index]
        let count = sink.queue.inFlightCount
        guard count == 1 else {
            _ = sink.queue.settle { _ in false }
            sink.failedRequests += 1
            sink.portion = count / 2
            sink.state = retryAfter > 0 ? .waiting(until: now + retryAfter) : .idle
            giveUpOverwritten(index)
            report(.requestSplit(sink: index, status: status, count: count))
            return true
        }
        guard sink.culpritsLeft > 0 else {
            sink.probe = (sink.probe + 1) % min(Limits.probes, sink.queue.refusedCount + 1)
            // Each has had its turn: those behind them are next.
            if sink.probe == 0 { sink.portion = sink.settings.batchRecords }
            return false
        }
        sink.culpritsLeft -= 1
        sink.failedRequests += 1
        results.removeAll()
        results.append(.rejected(status: UInt16(clamping: status)))
        settle(index, now: now)
        return true
    }
}
