public import Bytes
public import Uplink

/// Reads the answer to `_bulk`: HTTP 200 is not success, every item has a status of its own, in
/// the order of the request.
///
/// ```
/// {"took":3,"errors":true,"items":[{"create":{"_id":"…","status":201,…}},
///   {"create":{"_id":"…","status":409,"error":{"type":"…","reason":"…"}}}]}
/// ```
///
/// 2xx and, on a `create`, 409 (it is there already) are success. 429 and 5xx pass. 401, 403 and
/// 404 speak of the index and not of the document (no permission, a block, no such index): people
/// mend them, and the document is sent again. Every other 4xx says that this document will never
/// be taken.
public enum BulkAnswer {
    /// Fills `results` with one result an item. `errors` is not used: it can only repeat what the
    /// items say, or contradict it.
    public static func read(
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

    /// Answers how many items there are; those beyond the capacity of `results` are counted.
    private static func readObject(
        _ body: Span<UInt8>, into results: inout FixedArray<EntryResult>
    ) throws(JSONError) -> Int {
        var scanner = JSONScanner(body)
        var count: Int?
        try scanner.expect(.beginObject)
        while case .key(let key) = try scanner.next() {
            guard body.extracting(key).isEqual(to: "items") else {
                try scanner.skipRest(of: try scanner.next())
                continue
            }
            guard count == nil else {
                // Given twice, they may disagree, and nobody says which one counts.
                throw JSONError(reason: .unexpectedToken, offset: key.lowerBound)
            }
            try scanner.expect(.beginArray)
            count = try readItems(&scanner, body, into: &results)
        }
        try scanner.expect(.end)
        guard let count else {
            throw JSONError(reason: .unexpectedToken, offset: body.count)
        }
        return count
    }

    private static func readItems(
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
            let result = try readItem(&scanner, body)
            if !results.isFull { results.append(result) }
            count += 1
        }
    }

    /// Reads `"create":{…}}` behind an item's brace. An item has this one member: we ask for
    /// nothing else, and who answers something else has not understood us.
    private static func readItem(
        _ scanner: inout JSONScanner, _ body: Span<UInt8>
    ) throws(JSONError) -> EntryResult {
        let start = scanner.position
        guard case .key(let action) = try scanner.next(),
            body.extracting(action).isEqual(to: "create")
        else { throw JSONError(reason: .unexpectedToken, offset: start) }
        try scanner.expect(.beginObject)
        let status = try readStatus(&scanner, body)
        try scanner.expect(.endObject)
        return result(status: status)
    }

    /// Reads the members of a result behind its brace; nil: it has no status, and so has failed.
    private static func readStatus(
        _ scanner: inout JSONScanner, _ body: Span<UInt8>
    ) throws(JSONError) -> UInt16? {
        var status: UInt16?
        while case .key(let key) = try scanner.next() {
            let value = try scanner.next()
            if body.extracting(key).isEqual(to: "status") {
                guard case .number(let digits) = value, status == nil,
                    let number = number(body.extracting(digits))
                else {
                    // No status, or a second one that may contradict the first.
                    throw JSONError(reason: .unexpectedToken, offset: key.lowerBound)
                }
                status = number
            } else {
                try scanner.skipRest(of: value)
            }
        }
        return status
    }

    private static func result(status: UInt16?) -> EntryResult {
        switch status {
        case .some(200..<300), 409: .accepted
        case 429: .throttled
        case 401, 403, 404: .failed
        case .some(let status) where (400..<500).contains(status): .rejected(status: status)
        default: .failed
        }
    }

    /// A status has three digits; anything else is none.
    private static func number(_ digits: Span<UInt8>) -> UInt16? {
        guard digits.count == 3 else { return nil }
        var value: UInt16 = 0
        for index in digits.indices {
            guard digits[index] >= 0x30 && digits[index] <= 0x39 else { return nil }
            value = 10 * value + UInt16(digits[index] - 0x30)
        }
        return value
    }
}
