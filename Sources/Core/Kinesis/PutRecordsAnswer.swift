public import Bytes

/// What became of one entry of a PutRecords call.
public enum EntryResult: UInt8, BitwiseCopyable, Sendable {
    case accepted
    /// ProvisionedThroughputExceededException: the shard has had its 1,000 records or 1 MB of
    /// this second.
    case throttled
    /// InternalFailure, or a code that this version does not know. All are sent again.
    case failed
}

/// Why a PutRecords answer with status 200 cannot be believed. Nothing of it is used then: the
/// whole request counts as unanswered.
public enum PutRecordsAnswerError: Error, Equatable, Sendable {
    /// Not JSON, or not of the shape that the API reference gives: a captive portal, a cut
    /// connection.
    case notUnderstood(JSONError)
    /// Another number of results than the request had entries, so they cannot be told apart.
    case wrongCount(expected: Int, actual: Int)
}

/// Reads the answer to PutRecords. HTTP 200 is not success: every entry has a result of its own,
/// in the order of the request.
///
/// ```
/// {"FailedRecordCount":1,"Records":[{"SequenceNumber":"…","ShardId":"…"},
///                                   {"ErrorCode":"…","ErrorMessage":"…"}]}
/// ```
///
/// An entry is accepted only when it has a sequence number and no error code. `FailedRecordCount`
/// is not used: it can only repeat what the entries say, or contradict it.
public enum PutRecordsAnswer {
    /// Fills `results` with one result an entry.
    public static func read(
        _ body: Span<UInt8>, entries: Int, into results: inout FixedArray<EntryResult>
    ) throws(PutRecordsAnswerError) {
        results.removeAll()
        let count: Int
        do throws(JSONError) {
            count = try readObject(body, into: &results)
        } catch {
            throw .notUnderstood(error)
        }
        guard count == entries else { throw .wrongCount(expected: entries, actual: count) }
    }

    /// Answers how many entries there are; those beyond the capacity of `results` are counted.
    private static func readObject(
        _ body: Span<UInt8>, into results: inout FixedArray<EntryResult>
    ) throws(JSONError) -> Int {
        var scanner = JSONScanner(body)
        var count: Int?
        try scanner.expect(.beginObject)
        while case .key(let key) = try scanner.next() {
            if body.extracting(key).isEqual(to: "Records") {
                guard count == nil else {
                    // Given twice, they may disagree, and nobody says which one counts.
                    throw JSONError(reason: .unexpectedToken, offset: key.lowerBound)
                }
                try scanner.expect(.beginArray)
                count = try readEntries(&scanner, body, into: &results)
            } else {
                try scanner.skipRest(of: try scanner.next())
            }
        }
        try scanner.expect(.end)
        guard let count else {
            throw JSONError(reason: .unexpectedToken, offset: body.count)
        }
        return count
    }

    private static func readEntries(
        _ scanner: inout JSONScanner, _ body: Span<UInt8>,
        into results: inout FixedArray<EntryResult>
    ) throws(JSONError) -> Int {
        var count = 0
        while true {
            let start = scanner.position
            let token = try scanner.next()
            if token == .endArray { return count }
            guard token == .beginObject else {
                throw JSONError(reason: .unexpectedToken, offset: start)
            }
            let result = try readEntry(&scanner, body)
            if !results.isFull { results.append(result) }
            count += 1
        }
    }

    /// Reads one entry behind its brace. Fields may be null: a field that is null is not there.
    private static func readEntry(
        _ scanner: inout JSONScanner, _ body: Span<UInt8>
    ) throws(JSONError) -> EntryResult {
        var hasSequenceNumber = false
        var refusal: EntryResult?
        while case .key(let key) = try scanner.next() {
            let token = try scanner.next()
            guard case .string(let value) = token else {
                try scanner.skipRest(of: token)
                continue
            }
            let name = body.extracting(key)
            if name.isEqual(to: "SequenceNumber") {
                hasSequenceNumber = !value.isEmpty
            } else if name.isEqual(to: "ErrorCode") {
                let code = body.extracting(value)
                refusal =
                    code.isEqual(to: "ProvisionedThroughputExceededException")
                    ? .throttled : .failed
            }
        }
        if let refusal { return refusal }
        return hasSequenceNumber ? .accepted : .failed
    }
}
