import Bytes

/// Takes an entry of the Kinesis Producer Library apart: what `AggregatedRecord` draws and writes,
/// and what any other producer of the format writes (several keys, hash keys, tags).
///
/// Nothing but the check value tells an aggregate from a record that happens to begin with the same
/// four bytes. So whatever is not an aggregate to the last byte is one plain record, as in AWS's
/// own readers, and never an error.
public enum AggregateReader {
    private static let magic: [4 of UInt8] = [0xF3, 0x89, 0x9A, 0xC2]
    private static let digestBytes = 16

    /// Where the records of `entry` lie within it, in their order; nil when it is one plain record.
    /// An aggregate without any record has none.
    public static func records(of entry: Span<UInt8>, md5: MD5Function) -> [Range<Int>]? {
        guard entry.count > magic.count + digestBytes else { return nil }
        for index in magic.indices where entry[index] != magic[index] { return nil }
        let end = entry.count - digestBytes
        let digest = md5(entry.extracting(magic.count..<end))
        for index in digest.indices where entry[end + index] != digest[index] { return nil }
        var reader = ProtobufReader(entry, magic.count..<end)
        return readMessage(&reader, entry)
    }

    /// Field numbers of `AggregatedRecord` and of its `Record` (aggregation-format.md).
    private enum Field {
        static let keyTable: UInt64 = 1
        static let hashKeyTable: UInt64 = 2
        static let records: UInt64 = 3
        static let keyIndex: UInt64 = 1
        static let hashKeyIndex: UInt64 = 2
        static let data: UInt64 = 3
    }

    private static func readMessage(
        _ reader: inout ProtobufReader, _ entry: Span<UInt8>
    ) -> [Range<Int>]? {
        var records: [Range<Int>] = []
        var keys: UInt64 = 0
        var hashKeys: UInt64 = 0
        var keyIndexMax: UInt64?
        var hashKeyIndexMax: UInt64?
        while !reader.isAtEnd {
            guard let field = reader.next() else { return nil }
            switch (field.number, field.value) {
            case (Field.keyTable, .bytes): keys += 1
            case (Field.hashKeyTable, .bytes): hashKeys += 1
            case (Field.records, .bytes(let range)):
                guard let record = readRecord(entry, range) else { return nil }
                keyIndexMax = max(keyIndexMax ?? 0, record.keyIndex)
                if let index = record.hashKeyIndex {
                    hashKeyIndexMax = max(hashKeyIndexMax ?? 0, index)
                }
                records.append(record.data)
            case (Field.keyTable...Field.records, _): return nil
            default: continue
            }
        }
        // The tables may stand behind the records.
        if let index = keyIndexMax, index >= keys { return nil }
        if let index = hashKeyIndexMax, index >= hashKeys { return nil }
        return records
    }

    /// One record: its key and its data are required.
    private struct Record {
        var keyIndex: UInt64
        var hashKeyIndex: UInt64?
        var data: Range<Int>
    }

    private static func readRecord(_ entry: Span<UInt8>, _ range: Range<Int>) -> Record? {
        var reader = ProtobufReader(entry, range)
        var keyIndex: UInt64?
        var hashKeyIndex: UInt64?
        var data: Range<Int>?
        while !reader.isAtEnd {
            guard let field = reader.next() else { return nil }
            switch (field.number, field.value) {
            case (Field.keyIndex, .number(let index)): keyIndex = index
            case (Field.hashKeyIndex, .number(let index)): hashKeyIndex = index
            case (Field.data, .bytes(let bytes)): data = bytes
            case (Field.keyIndex...Field.data, _): return nil
            default: continue
            }
        }
        guard let keyIndex, let data else { return nil }
        return Record(keyIndex: keyIndex, hashKeyIndex: hashKeyIndex, data: data)
    }
}

/// Reads the fields of a Protocol Buffers message ("Encoding", protobuf.dev): a tag of field number
/// and wire type, then the value. Groups, which nobody has written for fifteen years, are refused.
private struct ProtobufReader: ~Escapable {
    enum Value {
        case number(UInt64)
        case bytes(Range<Int>)
        case fixed
    }

    struct Field {
        let number: UInt64
        let value: Value
    }

    private let bytes: Span<UInt8>
    private var position: Int
    private let end: Int

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { position == end }

    /// The next field; nil when what follows is none.
    @_lifetime(self: copy self)
    mutating func next() -> Field? {
        // Field numbers have 29 bits, and there is no field 0.
        guard let tag = readNumber(), tag >> 3 > 0, tag >> 3 < 1 << 29 else { return nil }
        switch tag & 7 {
        case 0:
            guard let number = readNumber() else { return nil }
            return Field(number: tag >> 3, value: .number(number))
        case 1: return skip(8) ? Field(number: tag >> 3, value: .fixed) : nil
        case 2:
            guard let length = readNumber(), length <= UInt64(end - position) else { return nil }
            let start = position
            position += Int(length)
            return Field(number: tag >> 3, value: .bytes(start..<position))
        case 5: return skip(4) ? Field(number: tag >> 3, value: .fixed) : nil
        default: return nil
        }
    }

    @_lifetime(self: copy self)
    private mutating func skip(_ count: Int) -> Bool {
        guard end - position >= count else { return false }
        position += count
        return true
    }

    /// Seven bits a byte, the lowest first; ten bytes at most.
    @_lifetime(self: copy self)
    private mutating func readNumber() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < end else { return nil }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
