public import Bytes

/// Writes the body of a `_bulk` request into a fixed buffer, two lines a document:
///
/// ```
/// {"create":{"_id":"gym-7:b1946ac9:18446"}}
/// {"timestamp":"…","heart_rate":89,…}
/// ```
///
/// `create` with an id that stays the same on every resend makes at-least-once exact: a document
/// that is there already is refused with 409. Serverless time-series collections take no ids, and
/// there a resend doubles.
public enum BulkBody {
    /// Adds a document, one JSON object with its end of line, and answers true; or leaves the
    /// body as it was and answers false because it does not fit any more. `id` is nil where the
    /// service makes ids itself; its characters need no escapes.
    public static func append(
        _ document: Span<UInt8>, id: Span<UInt8>?, to body: inout FixedBuffer
    ) -> Bool {
        let mark = body.count
        if let id {
            body.append("{\"create\":{\"_id\":")
            body.append(jsonString: id)
            body.append("}}\n")
        } else {
            body.append("{\"create\":{}}\n")
        }
        body.append(document)
        guard !body.overflowed else {
            body.truncate(to: mark)
            return false
        }
        return true
    }

    /// Adds a document of the index `index`, whose name needs no escapes, to a body for the path
    /// `/_bulk`: `document` is one JSON object without an end of line.
    ///
    /// ```
    /// {"create":{"_index":"heart_rate-2025-07","_id":"gym-7:b1946ac9:18446"}}
    /// ```
    public static func append(
        _ document: Span<UInt8>, index: Span<UInt8>, id: Span<UInt8>?, to body: inout FixedBuffer
    ) -> Bool {
        let mark = body.count
        body.append("{\"create\":{\"_index\":\"")
        body.append(index)
        body.append(UInt8(ascii: "\""))
        if let id {
            body.append(",\"_id\":")
            body.append(jsonString: id)
        }
        body.append("}}\n")
        body.append(document)
        body.append(UInt8(ascii: "\n"))
        guard !body.overflowed else {
            body.truncate(to: mark)
            return false
        }
        return true
    }
}
