public import Bytes

/// Reads the answer of AWS's batch calls. HTTP 200 is not success: every entry has a result of its
/// own, in the order of the request.
///
/// ```
/// {"FailedRecordCount":1,"Records":[{"SequenceNumber":"…","ShardId":"…"},
///                                   {"ErrorCode":"…","ErrorMessage":"…"}]}
/// ```
///
/// An entry is accepted only when it has its identifier and no error code. The count of failures
/// is not used: it can only repeat what the entries say, or contradict it.
public struct BatchAnswer: Sendable {
    /// The member that holds the entries.
    private let list: StaticString
    /// The member of an accepted entry.
    private let identifier: StaticString
    /// The error code that asks to go slower.
    private let throttled: StaticString

    public init(list: StaticString, identifier: StaticString, throttled: StaticString) {
        self.list = list
        self.identifier = identifier
        self.throttled = throttled
    }

    /// Fills `results` with one result an entry.
    public func read(
        _ body: Span<UInt8>, entries: Int, into results: inout FixedArray<EntryResult>
    ) throws(AnswerError) {
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
    private func readObject(
        _ body: Span<UInt8>, into results: inout FixedArray<EntryResult>
    ) throws(JSONError) -> Int {
        var scanner = JSONScanner(body)
        var count: Int?
        try scanner.expect(.beginObject)
        while case .key(let key) = try scanner.next() {
            if body.extracting(key).isEqual(to: list) {
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

    private func readEntries(
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
    private func readEntry(
        _ scanner: inout JSONScanner, _ body: Span<UInt8>
    ) throws(JSONError) -> EntryResult {
        var hasIdentifier = false
        var refusal: EntryResult?
        while case .key(let key) = try scanner.next() {
            let token = try scanner.next()
            guard case .string(let value) = token else {
                try scanner.skipRest(of: token)
                continue
            }
            let name = body.extracting(key)
            if name.isEqual(to: identifier) {
                hasIdentifier = !value.isEmpty
            } else if name.isEqual(to: "ErrorCode") {
                let code = body.extracting(value)
                refusal =
                    code.isEqual(to: throttled)
                    ? .throttled : .failed
            }
        }
        if let refusal { return refusal }
        return hasIdentifier ? .accepted : .failed
    }
}
