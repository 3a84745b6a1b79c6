public import Bytes

/// The limits of one PutRecords call (Kinesis Data Streams API reference, PutRecords).
public enum PutRecordsLimits {
    /// Entries in one call.
    public static let entries = 500
    /// Bytes of one call, keys and base64 included: 5 MiB is taken everywhere; the 10 MiB of
    /// newer streams has to be opted into.
    public static let requestBytes = 5 << 20
    /// Bytes of one record, key included.
    public static let recordBytes = 1 << 20
    /// Characters of a partition key.
    public static let partitionKeyCharacters = 256
}

/// Writes the body of a PutRecords request into a fixed buffer, entry by entry:
///
/// ```
/// {"StreamName":"…","Records":[{"Data":"<base64>","PartitionKey":"…"},…]}
/// ```
public enum PutRecordsBody {
    /// Bytes that `finish` needs and that an entry must leave free.
    private static let closing = 2

    /// Starts a body for `stream`, a name that was checked to need no escapes.
    public static func begin(stream: Span<UInt8>, in body: inout FixedBuffer) {
        body.append("{\"StreamName\":\"")
        body.append(stream)
        body.append("\",\"Records\":[")
    }

    /// Adds an entry and answers true, or leaves the body as it was and answers false because
    /// the entry does not fit any more.
    public static func append(
        _ data: Span<UInt8>, partitionKey: Span<UInt8>, isFirst: Bool, to body: inout FixedBuffer
    ) -> Bool {
        let mark = body.count
        body.append(isFirst ? "{\"Data\":\"" : ",{\"Data\":\"")
        body.append(base64: data)
        body.append("\",\"PartitionKey\":")
        body.append(jsonString: partitionKey)
        body.append(UInt8(ascii: "}"))
        guard !body.overflowed, body.room >= closing else {
            body.truncate(to: mark)
            return false
        }
        return true
    }

    /// Bytes that an entry takes at most, and the end of the body behind it. `partitionKey` is
    /// the length of a key that needs no escapes.
    public static func bytes(data: Int, partitionKey: Int) -> Int {
        let base64 = (data + 2) / 3 * 4
        return base64 + partitionKey + 32 + closing
    }

    public static func finish(_ body: inout FixedBuffer) {
        body.append("]}")
        precondition(!body.overflowed, "every entry has left room for the end")
    }
}
