public import Bytes
import Firehose
import Kinesis
import OpenSearch
import RecordRing
import Uplink
import WireFormat

extension SinkSettings.Kind {
    /// The status of an answer whose body says what became of the records.
    func takes(status: Int) -> Bool {
        // Collectors answer 200, 201, 202 or 204; AWS and OpenSearch 200.
        if case .http = self { (200..<300).contains(status) } else { status == 200 }
    }
}

// MARK: - Requests

extension Gateway {
    /// Writes the next request of the sink into an empty `body`: as many records as the batch,
    /// the buffer and the memory hold. Answers their number, at least 1.
    public mutating func encode(sink index: Int, into body: inout FixedBuffer, now: Int64) -> Int {
        let sink = sinks[index]
        precondition(sink.state == .busy, "a request is encoded when the gateway asks for it")
        body.removeAll()
        switch sink.settings.kind {
        case .kinesis(let stream): PutRecordsBody.begin(stream: stream.span, in: &body)
        case .aggregated(let stream, _):
            PutRecordsBody.begin(stream: stream.span, in: &body)
            aggregate.begin(partitionKey: settings.device.span)
        case .firehose(let stream): PutRecordBatchBody.begin(stream: stream.span, in: &body)
        case .file, .openSearch, .http: break
        }
        sink.entries.removeAll()
        let count = sink.probe > 0 ? probe(sink, &body) : fill(sink, &body)
        precondition(count > 0, "a request buffer holds at least one record")
        finish(sink, &body)
        sink.requests += 1
        sink.noteRequest(records: count, bytes: body.count, now: now)
        switch sink.queue.part {
        case .backlog: break
        case .fresh:
            sink.pendingSince = sink.queue.freshCount(head: cursor.head) > 0 ? now : nil
        case .all: sink.pendingSince = sink.queue.waitingCount(head: cursor.head) > 0 ? now : nil
        }
        return count
    }

    /// Takes what is for the sink, in order, and passes over what lies between.
    private mutating func fill(_ sink: Sink, _ body: inout FixedBuffer) -> Int {
        var count = 0
        picks.removeAll()
        let limit = sink.requestRecords
        while count < limit, !picks.isFull,
            let sequence = sink.queue.candidate(picks.count, head: cursor.head),
            case .ready(let record) = availability(of: sequence)
        {
            let isTaken = sink.takes(record)
            if isTaken {
                guard append(record, isFirst: count == 0, for: sink, to: &body) else { break }
                count += 1
            } else {
                sink.held?.acknowledge(sequence)
            }
            picks.append(isTaken)
        }
        sink.queue.take(of: picks.count, head: cursor.head) { picks[$0] }
        return count
    }

    /// Takes one of the records that were refused together, to see whether it is the culprit.
    private mutating func probe(_ sink: Sink, _ body: inout FixedBuffer) -> Int {
        guard sink.probe < sink.queue.refusedCount,
            let sequence = sink.queue.candidate(sink.probe, head: cursor.head),
            case .ready(let record) = availability(of: sequence), sink.takes(record),
            append(record, isFirst: true, for: sink, to: &body)
        else {
            sink.probe = 0
            return fill(sink, &body)
        }
        sink.queue.takeRefused(at: sink.probe)
        return 1
    }

    private mutating func finish(_ sink: Sink, _ body: inout FixedBuffer) {
        switch sink.settings.kind {
        case .kinesis: PutRecordsBody.finish(&body)
        case .aggregated:
            putAggregate(of: sink, to: &body)
            PutRecordsBody.finish(&body)
        case .firehose: PutRecordBatchBody.finish(&body)
        case .file, .openSearch, .http: break
        }
    }

    /// False when the record does not fit any more.
    private mutating func append(
        _ record: Record, isFirst: Bool, for sink: Sink, to body: inout FixedBuffer
    ) -> Bool {
        let device = settings.device
        scratch.removeAll()
        scratch.append(json: stamped(record), device: device.span)
        precondition(!scratch.overflowed, "Limits.recordJSONBytes holds the longest record")
        switch sink.settings.kind {
        case .file, .http:
            guard body.room >= scratch.count else { return false }
            body.append(scratch.bytes)
            return true
        case .kinesis:
            return PutRecordsBody.append(
                scratch.bytes, partitionKey: device.span, isFirst: isFirst, to: &body)
        case .aggregated(_, let limit):
            return aggregate(limit: limit, for: sink, to: &body)
        case .firehose:
            return PutRecordBatchBody.append(scratch.bytes, isFirst: isFirst, to: &body)
        case .openSearch(let withIDs):
            guard withIDs else { return BulkBody.append(scratch.bytes, id: nil, to: &body) }
            identifier.removeAll()
            identifier.append(
                device: device.span, session: record.session, sequence: record.sequence)
            return BulkBody.append(scratch.bytes, id: identifier.bytes, to: &body)
        }
    }
}

// MARK: - Aggregates

extension Gateway {
    /// Puts the record in `scratch` into the aggregate that is open, or into a new one.
    private mutating func aggregate(
        limit: Int, for sink: Sink, to body: inout FixedBuffer
    ) -> Bool {
        let bytes = AggregatedRecord.bytes(ofRecord: scratch.count)
        let key = settings.device.count
        let size = aggregate.byteCount + bytes
        // What is open must still fit behind what the body has: nothing is taken back.
        guard size > limit, aggregate.recordCount > 0 else {
            guard PutRecordsBody.bytes(data: size, partitionKey: key) <= body.room else {
                return false
            }
            aggregate.append(scratch.bytes)
            return true
        }
        let both =
            PutRecordsBody.bytes(data: aggregate.byteCount, partitionKey: key)
            + PutRecordsBody.bytes(data: aggregate.emptyByteCount + bytes, partitionKey: key)
        guard both <= body.room, !sink.entries.isFull else { return false }
        putAggregate(of: sink, to: &body)
        aggregate.begin(partitionKey: settings.device.span)
        aggregate.append(scratch.bytes)
        return true
    }

    /// Closes the aggregate that is open and makes it an entry of the request.
    private mutating func putAggregate(of sink: Sink, to body: inout FixedBuffer) {
        let count = aggregate.recordCount
        aggregate.finish(md5: settings.md5)
        let isPut = aggregate.withBytes { bytes in
            PutRecordsBody.append(
                bytes, partitionKey: settings.device.span, isFirst: sink.entries.isEmpty,
                to: &body)
        }
        precondition(isPut, "an aggregate is only filled as far as the body has room")
        sink.entries.append(UInt16(count))
    }

    /// Gives every record the result of the entry that it was in.
    mutating func spreadResults(over sink: Sink) {
        results.removeAll()
        for entry in 0..<sink.entries.count {
            for _ in 0..<sink.entries[entry] { results.append(entryResults[entry]) }
        }
    }
}
