import Bytes

/// The records of one invocation by an event source mapping of Kinesis, in the order of their shard
/// (Lambda Developer Guide, "Using AWS Lambda with Amazon Kinesis"):
///
/// ```
/// {"Records":[{"kinesis":{"partitionKey":"gym-7","sequenceNumber":"49590…898","data":"eyJ0…",
///                         "approximateArrivalTimestamp":1545084650.987,…},
///              "eventID":"shardId-000000000006:49590…898",…},…]}
/// ```
public struct KinesisEvent: Sendable {
    /// One record of the stream: where its fields lie in the event, between their quotes.
    public struct Entry: Equatable, Sendable {
        public var sequenceNumber: Range<Int>
        public var eventID: Range<Int>
        /// In base64.
        public var data: Range<Int>
        /// When the stream took it, milliseconds since 1970; nil where the event does not say.
        public var arrivalMilliseconds: Int64?
    }

    public let entries: [Entry]

    public init(_ event: Span<UInt8>) throws(EventError) {
        try checkText(event)
        var scanner = JSONScanner(event)
        var entries: [Entry] = []
        try scanner.readList("Records", of: event) { (scanner) throws(EventError) in
            var fields = Fields()
            while case .key(let key) = try scanner.step() {
                let value = try scanner.step()
                let name = event.extracting(key)
                if name.isEqual(to: "kinesis"), value == .beginObject {
                    try fields.readKinesis(&scanner, event)
                } else if name.isEqual(to: "eventID"), case .string(let range) = value {
                    fields.eventID = range
                } else {
                    try scanner.pass(value)
                }
            }
            entries.append(try fields.entry(index: entries.count))
        }
        self.entries = entries
    }

    /// What has been read of an entry.
    private struct Fields {
        var sequenceNumber: Range<Int>?
        var eventID: Range<Int>?
        var data: Range<Int>?
        var arrivalMilliseconds: Int64?

        mutating func readKinesis(
            _ scanner: inout JSONScanner, _ event: Span<UInt8>
        ) throws(EventError) {
            while case .key(let key) = try scanner.step() {
                let name = event.extracting(key)
                switch try scanner.step() {
                case .string(let range) where name.isEqual(to: "sequenceNumber"):
                    sequenceNumber = range
                case .string(let range) where name.isEqual(to: "data"):
                    data = range
                case .number(let range) where name.isEqual(to: "approximateArrivalTimestamp"):
                    arrivalMilliseconds = EpochSeconds.milliseconds(event.extracting(range))
                case let value: try scanner.pass(value)
                }
            }
        }

        func entry(index: Int) throws(EventError) -> Entry {
            guard let sequenceNumber else { throw .missing(name: "sequenceNumber", index: index) }
            guard let eventID else { throw .missing(name: "eventID", index: index) }
            guard let data else { throw .missing(name: "data", index: index) }
            return Entry(
                sequenceNumber: sequenceNumber, eventID: eventID, data: data,
                arrivalMilliseconds: arrivalMilliseconds)
        }
    }
}

/// Seconds since 1970 as JSON numbers: `1545084650.987`, `1.545084650987E9`.
enum EpochSeconds {
    /// Milliseconds since 1970, what is finer cut off; nil for what is no time of the years 1970 to
    /// 9999. `number` is a number of JSON's grammar.
    static func milliseconds(_ number: Span<UInt8>) -> Int64? {
        var digits: Int64 = 0
        /// Power of ten that `digits` is in.
        var scale = 0
        var isFraction = false
        var index = 0
        while index < number.count, number[index] | 0x20 != UInt8(ascii: "e") {
            let byte = number[index]
            index += 1
            if byte == UInt8(ascii: ".") {
                isFraction = true
                continue
            }
            guard byte &- UInt8(ascii: "0") <= 9 else { return nil }
            // More than 17 digits are finer than any clock.
            if digits < 10_000_000_000_000_000 {
                digits = digits * 10 + Int64(byte - UInt8(ascii: "0"))
                if isFraction { scale -= 1 }
            } else if !isFraction {
                scale += 1
            }
        }
        if index < number.count {
            guard let exponent = exponent(number.extracting(index + 1..<number.count)) else {
                return nil
            }
            scale += exponent
        }
        return value(digits, scale: scale + 3)
    }

    private static func exponent(_ text: Span<UInt8>) -> Int? {
        var start = 0
        let isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
        if isNegative || text.count > 0 && text[0] == UInt8(ascii: "+") { start = 1 }
        guard let value = text.extracting(start..<text.count).parseDecimal(), value <= 99 else {
            return nil
        }
        return isNegative ? -Int(value) : Int(value)
    }

    /// The end of the year 9999.
    private static let millisecondsMax: Int64 = 253_402_300_799_999

    private static func value(_ digits: Int64, scale: Int) -> Int64? {
        var value = digits
        for _ in 0..<max(0, -scale) { value /= 10 }
        for _ in 0..<max(0, scale) {
            value *= 10
            if value > millisecondsMax || value == 0 { break }
        }
        return value <= millisecondsMax ? value : nil
    }
}
