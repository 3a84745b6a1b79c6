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
/// 2xx and, on a `create`, 409 (it is there already) are success. 429 and 5xx pass; every other
/// status says that this document will never be taken.
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

    /// Reads `"create":{…}}` behind an item's brace. An item without a status has failed.
    private static func readItem(
        _ scanner: inout JSONScanner, _ body: Span<UInt8>
    ) throws(JSONError) -> EntryResult {
        var status: Int?
        while case .key = try scanner.next() {
            let token = try scanner.next()
            guard token == .beginObject else {
                try scanner.skipRest(of: token)
                continue
            }
            while case .key(let key) = try scanner.next() {
                let value = try scanner.next()
                if case .number(let digits) = value, body.extracting(key).isEqual(to: "status") {
                    status = number(body.extracting(digits))
                } else {
                    try scanner.skipRest(of: value)
                }
            }
        }
        return result(status: status)
    }

    static func result(status: Int?) -> EntryResult {
        switch status {
        case .some(200..<300), 409: .accepted
        case 429: .throttled
        case .some(400..<500): .rejected
        default: .failed
        }
    }

    /// A status has three digits; anything else is none.
    private static func number(_ digits: Span<UInt8>) -> Int? {
        guard digits.count == 3 else { return nil }
        var value = 0
        for index in digits.indices {
            guard digits[index] >= 0x30 && digits[index] <= 0x39 else { return nil }
            value = 10 * value + Int(digits[index] - 0x30)
        }
        return value
    }
}
