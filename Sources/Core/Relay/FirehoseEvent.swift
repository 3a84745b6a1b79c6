import Bytes

/// The records of one invocation by Firehose (Data Firehose Developer Guide, "Transform source
/// data"):
///
/// ```
/// {"invocationId":"…","deliveryStreamArn":"…","region":"…",
///  "records":[{"recordId":"4954…","approximateArrivalTimestamp":1510772160000,"data":"eyJ0…"},…]}
/// ```
public struct FirehoseEvent: Sendable {
    /// One record: where its fields lie in the event, between their quotes.
    public struct Entry: Equatable, Sendable {
        /// As it stands in JSON, so that it goes back as it came.
        public var recordID: Range<Int>
        /// In base64.
        public var data: Range<Int>
    }

    public let entries: [Entry]

    public init(_ event: Span<UInt8>) throws(EventError) {
        try checkText(event)
        var scanner = JSONScanner(event)
        var entries: [Entry] = []
        try scanner.readList("records", of: event) { (scanner) throws(EventError) in
            var recordID: Range<Int>?
            var data: Range<Int>?
            while case .key(let key) = try scanner.step() {
                let name = event.extracting(key)
                switch try scanner.step() {
                case .string(let range) where name.isEqual(to: "recordId"): recordID = range
                case .string(let range) where name.isEqual(to: "data"): data = range
                case let value: try scanner.pass(value)
                }
            }
            guard let recordID else { throw .missing(name: "recordId", index: entries.count) }
            guard let data else { throw .missing(name: "data", index: entries.count) }
            entries.append(Entry(recordID: recordID, data: data))
        }
        self.entries = entries
    }
}
