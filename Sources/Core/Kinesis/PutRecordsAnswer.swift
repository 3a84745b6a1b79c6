public import Bytes
public import Uplink

/// The answer to PutRecords (API reference, PutRecords): `Records` in the order of the request,
/// `SequenceNumber` for what was accepted. Codes are ProvisionedThroughputExceededException (the
/// shard has had its 1,000 records or 1 MB of this second) and InternalFailure.
public enum PutRecordsAnswer {
    private static let shape = BatchAnswer(
        list: "Records", identifier: "SequenceNumber",
        throttled: "ProvisionedThroughputExceededException")

    /// Fills `results` with one result an entry.
    public static func read(
        _ body: Span<UInt8>, entries: Int, into results: inout FixedArray<EntryResult>
    ) throws(AnswerError) {
        try shape.read(body, entries: entries, into: &results)
    }
}
