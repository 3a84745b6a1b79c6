public import Bytes
public import Kinesis
import OpenSearch
import Uplink

/// One event on its way into OpenSearch: a state machine without clock and network. The shell asks
/// for a body, sends it, says what came of it, and asks again until there is none.
///
/// ```
///  documents ──fillBulk──▶ _bulk ──201, 409──▶ taken
///      │                     │──429, 5xx, 401, 403, 404, no answer──▶ come again, and all behind
///      └─no record           └──other 4xx──┐
///            └──▶ error stream ◀───────────┘
/// ```
///
/// Whatever is behind the lowest record that comes again comes again too: nothing more is sent
/// then, and errors are reported only of what is below it.
public struct IndexingRun: ~Copyable {
    /// One document within the data of the event.
    private struct Document {
        /// The entry of the event that it came in.
        let entry: Int
        /// Its place among the others of its entry; nil where it is alone.
        let place: Int?
        /// Where it lies in `data`; in the event, as it came, where it was no base64.
        let range: Range<Int>
        let isBase64: Bool
    }

    /// A document that will never be taken.
    private struct Refused {
        let document: Int
        let cause: ErrorRecord.Cause
    }

    private let settings: IndexingSettings
    private let entries: [KinesisEvent.Entry]
    private var documents: [Document] = []
    private var data: FixedBuffer
    /// The next document to be judged.
    private var next = 0
    /// Documents of the request that is on its way.
    private var sent: [Int] = []
    /// Documents in one request at most; fewer after a refusal that one of them is to blame for.
    private var documentsMax = Int.max
    private var refused: [Refused] = []
    /// Refusals that the error stream has.
    private var reported = 0
    /// Refusals in the request to the error stream that is on its way.
    private var reporting = 0
    /// The entry with the lowest sequence number that has to come again.
    private var lowestFailed: Int?
    private var line = FixedBuffer(capacity: 1_024)
    private var document = FixedBuffer(capacity: 1)
    public private(set) var counts = Counts()

    /// What became of the documents, for the log.
    public struct Counts: Equatable, Sendable {
        public var documents = 0
        public var taken = 0
        public var refused = 0
        public var requests = 0

        public init() {}
    }

    /// Takes the data of all entries of `event` out of base64 and aggregates.
    public init(
        _ parsed: KinesisEvent, of event: Span<UInt8>, settings: IndexingSettings,
        md5: MD5Function
    ) {
        self.settings = settings
        entries = parsed.entries
        data = FixedBuffer(capacity: max(event.count, 1))
        var longest = 0
        for index in entries.indices {
            Self.takeApart(index, entries[index], event, md5, into: &data, &documents)
        }
        for each in documents { longest = max(longest, each.range.count) }
        // The longest one with late_ms.
        document = FixedBuffer(capacity: longest + 64)
        counts.documents = documents.count
    }

    private static func takeApart(
        _ index: Int, _ entry: KinesisEvent.Entry, _ event: Span<UInt8>, _ md5: MD5Function,
        into data: inout FixedBuffer, _ documents: inout [Document]
    ) {
        let start = data.count
        do throws(Base64Error) {
            try data.append(decodingBase64: event.extracting(entry.data))
        } catch {
            documents.append(
                Document(entry: index, place: nil, range: entry.data, isBase64: true))
            return
        }
        let whole = data.bytes.extracting(start..<data.count)
        let records = AggregateReader.records(of: whole, md5: md5)
        let first = documents.count
        for record in records ?? [0..<whole.count] {
            // What has nothing in it is a document too: one that is no record.
            let parts = RecordParts.documents(of: whole.extracting(record))
            for part in parts.isEmpty ? [0..<record.count] : parts {
                let range = start + record.lowerBound + part.lowerBound
                documents.append(
                    Document(
                        entry: index, place: documents.count - first,
                        range: range..<range + part.count, isBase64: false))
            }
        }
        if records == nil, documents.count == first + 1, let only = documents.popLast() {
            documents.append(
                Document(entry: index, place: nil, range: only.range, isBase64: false))
        }
    }

    // MARK: Documents

    /// Fills `body` with the next request for `/_bulk`; false when there is nothing to send.
    public mutating func fillBulk(_ body: inout FixedBuffer, event: Span<UInt8>) -> Bool {
        body.removeAll()
        sent.removeAll(keepingCapacity: true)
        guard lowestFailed == nil else { return false }
        while next < documents.count, sent.count < documentsMax {
            do throws(RecordError) {
                guard try append(next, to: &body, event) else { break }
                sent.append(next)
            } catch {
                refuse(next, ErrorRecord.Cause(statusCode: 422, message: "\(error)"))
            }
            next += 1
        }
        if !sent.isEmpty { counts.requests += 1 }
        return !sent.isEmpty
    }

    /// Adds a document; false when it does not fit behind the others.
    private mutating func append(
        _ index: Int, to body: inout FixedBuffer, _ event: Span<UInt8>
    ) throws(RecordError) -> Bool {
        let item = documents[index]
        guard !item.isBase64 else { throw .notBase64 }
        let fits = try Self.append(
            data, item, entries[item.entry], settings, event,
            line: &line, document: &document, to: &body)
        if !fits, sent.isEmpty { throw .tooLong(limit: body.capacity) }
        return fits
    }

    /// `line` and `document` are memory to work in.
    private static func append(
        _ data: borrowing FixedBuffer, _ item: Document, _ entry: KinesisEvent.Entry,
        _ settings: IndexingSettings, _ event: Span<UInt8>, line: inout FixedBuffer,
        document: inout FixedBuffer, to body: inout FixedBuffer
    ) throws(RecordError) -> Bool {
        let bytes = data.bytes.extracting(item.range)
        let record = try RelayRecord(bytes, reserved: "late_ms")
        line.removeAll()
        settings.names.append(indexOf: record, in: bytes, to: &line)
        let nameBytes = line.count
        if settings.hasIDs {
            try record.append(
                idIn: bytes, eventID: event.extracting(entry.eventID), place: item.place,
                to: &line)
        }
        document.removeAll()
        record.append(
            document: bytes, arrivalMilliseconds: entry.arrivalMilliseconds, to: &document)
        precondition(!document.overflowed, "a document has room for its longest")
        let text = line.bytes
        return BulkBody.append(
            document.bytes, index: text.extracting(0..<nameBytes),
            id: settings.hasIDs ? text.extracting(nameBytes..<text.count) : nil, to: &body)
    }

    private mutating func refuse(_ document: Int, _ cause: ErrorRecord.Cause) {
        refused.append(Refused(document: document, cause: cause))
        counts.refused += 1
    }

    /// The request was answered.
    public mutating func bulkAnswered(
        status: Int, body: Span<UInt8>, isPage: Bool, event: Span<UInt8>
    ) {
        precondition(!sent.isEmpty, "only what was sent is answered")
        guard status == 200 else { return bulkRefused(status, body, isPage, event) }
        var results = FixedArray<EntryResult>(capacity: sent.count)
        do throws(AnswerError) {
            try BulkAnswer.read(body, entries: sent.count, into: &results)
        } catch {
            return bulkFailed(event: event)
        }
        for index in 0..<results.count {
            switch results[index] {
            case .accepted: counts.taken += 1
            case .throttled, .failed: fail(sent[index], event)
            case .rejected(let status):
                let message = "refused by OpenSearch"
                refuse(sent[index], ErrorRecord.Cause(statusCode: status, message: message))
            }
        }
    }

    /// The request was refused as a whole. Where its content is to blame, it is sent in halves
    /// until the culprit is alone.
    private mutating func bulkRefused(
        _ status: Int, _ body: Span<UInt8>, _ isPage: Bool, _ event: Span<UInt8>
    ) {
        switch ServiceError.refusal(status: status, body: body, isPage: isPage) {
        case .content, .invalidRequest: break
        default: return bulkFailed(event: event)
        }
        let first = sent[0]
        if sent.count == 1 {
            let message = "refused by OpenSearch"
            return refuse(
                first, ErrorRecord.Cause(statusCode: UInt16(clamping: status), message: message))
        }
        documentsMax = sent.count / 2
        // What was judged since then is judged again.
        let kept = refused.count { $0.document < first }
        counts.refused -= refused.count - kept
        refused.removeLast(refused.count - kept)
        next = first
    }

    /// There was no answer, or none that says anything, or no time left to ask.
    public mutating func bulkFailed(event: Span<UInt8>) {
        for index in sent { fail(index, event) }
    }

    private mutating func fail(_ document: Int, _ event: Span<UInt8>) {
        let entry = documents[document].entry
        guard let lowest = lowestFailed else {
            lowestFailed = entry
            return
        }
        if isLower(entry, lowest, entries, event) { lowestFailed = entry }
    }

    /// Where the event names the lowest sequence number that has to come again; nil: none.
    public var lowestSequenceNumber: Range<Int>? {
        lowestFailed.map { entries[$0].sequenceNumber }
    }

    /// Documents that were refused and are not in the error stream.
    public var unreported: Int { refused.count - reported }

    // MARK: The error stream

    /// Fills `body` with the next request to the error stream; false when there is nothing to
    /// report.
    public mutating func fillErrors(
        _ body: inout FixedBuffer, event: Span<UInt8>, at wallMicroseconds: Int64
    ) -> Bool {
        body.removeAll()
        reporting = 0
        if let lowestFailed {
            // These come again with the records around them, and are refused again.
            refused.removeAll {
                !isLower(documents[$0.document].entry, lowestFailed, entries, event)
            }
            reported = min(reported, refused.count)
        }
        PutRecordsBody.begin(stream: settings.errorStream.utf8.span, in: &body)
        var text = FixedBuffer(capacity: 8 * ErrorRecord.payloadBytesMax)
        while reported + reporting < refused.count, reporting < PutRecordsLimits.entries {
            let item = refused[reported + reporting]
            text.removeAll()
            write(item, event, wallMicroseconds, to: &text)
            let isFirst = reporting == 0
            guard
                PutRecordsBody.append(
                    text.bytes, partitionKey: "indexer".utf8.span, isFirst: isFirst, to: &body)
            else { break }
            reporting += 1
        }
        precondition(
            reporting > 0 || reported == refused.count, "an error record fits into a request")
        PutRecordsBody.finish(&body)
        return reporting > 0
    }

    private func write(
        _ item: Refused, _ event: Span<UInt8>, _ wallMicroseconds: Int64,
        to text: inout FixedBuffer
    ) {
        let document = documents[item.document]
        let eventID = event.extracting(entries[document.entry].eventID)
        let payload =
            document.isBase64
            ? event.extracting(document.range) : data.bytes.extracting(document.range)
        ErrorRecord.append(
            payload: payload, cause: item.cause, eventID: eventID, at: wallMicroseconds,
            to: &text)
        precondition(!text.overflowed, "a payload is cut to what fits")
    }

    /// The error stream has answered; nil: it has not. What it did not take comes again.
    public mutating func errorsAnswered(status: Int?, body: Span<UInt8>, event: Span<UInt8>) {
        let last = reported + reporting
        var results = FixedArray<EntryResult>(capacity: max(reporting, 1))
        var isRead = false
        if status == 200 {
            do throws(AnswerError) {
                try PutRecordsAnswer.read(body, entries: reporting, into: &results)
                isRead = true
            } catch {
                isRead = false
            }
        }
        for index in reported..<last where !isRead || results[index - reported] != .accepted {
            fail(refused[index].document, event)
        }
        reported = last
    }
}

private func isLower(
    _ entry: Int, _ other: Int, _ entries: [KinesisEvent.Entry], _ event: Span<UInt8>
) -> Bool {
    BatchItemFailures.isLower(
        event.extracting(entries[entry].sequenceNumber),
        than: event.extracting(entries[other].sequenceNumber))
}

/// What an event is indexed with.
public struct IndexingSettings: Equatable, Sendable {
    public var names: IndexNames
    /// False for a serverless time-series collection, which makes ids itself.
    public var hasIDs: Bool
    /// A name that needs no escapes.
    public var errorStream: String

    public init(names: IndexNames, hasIDs: Bool, errorStream: String) {
        self.names = names
        self.hasIDs = hasIDs
        self.errorStream = errorStream
    }
}
