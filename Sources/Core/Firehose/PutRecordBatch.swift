public import Bytes
public import Uplink

/// The limits of one PutRecordBatch call (Firehose API reference, PutRecordBatch).
public enum PutRecordBatchLimits {
    /// Entries in one call.
    public static let entries = 500
    /// Bytes of one call.
    public static let requestBytes = 4 << 20
    /// Bytes of one record before base64.
    public static let recordBytes = 1_000 << 10
}

/// Writes the body of a PutRecordBatch request into a fixed buffer, entry by entry:
///
/// ```
/// {"DeliveryStreamName":"…","Records":[{"Data":"<base64>"},…]}
/// ```
///
/// Firehose puts nothing between records, so each one brings its own end of line.
public enum PutRecordBatchBody {
    /// Bytes that `finish` needs and that an entry must leave free.
    private static let closing = 2

    /// Starts a body for `stream`, a name that was checked to need no escapes.
    public static func begin(stream: Span<UInt8>, in body: inout FixedBuffer) {
        body.append("{\"DeliveryStreamName\":\"")
        body.append(stream)
        body.append("\",\"Records\":[")
    }

    /// Adds an entry and answers true, or leaves the body as it was and answers false because
    /// the entry does not fit any more.
    public static func append(
        _ data: Span<UInt8>, isFirst: Bool, to body: inout FixedBuffer
    ) -> Bool {
        let mark = body.count
        body.append(isFirst ? "{\"Data\":\"" : ",{\"Data\":\"")
        body.append(base64: data)
        body.append("\"}")
        guard !body.overflowed, body.room >= closing else {
            body.truncate(to: mark)
            return false
        }
        return true
    }

    public static func finish(_ body: inout FixedBuffer) {
        body.append("]}")
        precondition(!body.overflowed, "every entry has left room for the end")
    }
}

/// The answer to PutRecordBatch: `RequestResponses` in the order of the request, `RecordId` for
/// what was accepted; ServiceUnavailableException is Firehose's word for "too fast".
public enum PutRecordBatchAnswer {
    private static let shape = BatchAnswer(
        list: "RequestResponses", identifier: "RecordId",
        throttled: "ServiceUnavailableException")

    /// Fills `results` with one result an entry.
    public static func read(
        _ body: Span<UInt8>, entries: Int, into results: inout FixedArray<EntryResult>
    ) throws(AnswerError) {
        try shape.read(body, entries: entries, into: &results)
    }
}
