import Bytes
import Foundation
import Kinesis
import LibCrypto
import TestSupport
import Testing

/// AWS's own reader of aggregates, in its own process.
private final class Deaggregator {
    struct Part: Decodable, Equatable {
        let key: String
        let isAggregated: Bool
        let data: String
    }

    private let child: ChildProcess

    init() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("deaggregate.py")
        child = try ChildProcess([try Python.path(), "-B", script.path])
    }

    func parts(of entry: [UInt8]) throws -> [Part] {
        try child.write(line: Data(entry).base64EncodedString())
        return try JSONDecoder().decode([Part].self, from: Data(child.readLine().utf8))
    }
}

/// Many records in one entry.
struct AggregatedRecordTests {
    /// The entry that holds `records`, and what its size was said to be before each of them.
    private func entry(
        of records: [[UInt8]], key: String = "gym-7", capacity: Int = 1 << 20
    ) -> [UInt8] {
        let aggregate = AggregatedRecord(capacity: capacity)
        let key = Array(key.utf8)
        aggregate.begin(partitionKey: key.span)
        #expect(aggregate.byteCount == aggregate.emptyByteCount)
        for record in records {
            let before = aggregate.byteCount
            aggregate.append(record.span)
            #expect(
                aggregate.byteCount == before + AggregatedRecord.bytes(ofRecord: record.count))
        }
        let size = aggregate.byteCount
        #expect(aggregate.recordCount == records.count)
        aggregate.finish(md5: LibCrypto.md5Function)
        let bytes = aggregate.withBytes { [UInt8](copying: $0) }
        #expect(bytes.count == size, "the size is known before the entry is finished")
        return bytes
    }

    @Test func twoRecordsAreTheDocumentedBytes() {
        let bytes = entry(of: [Array("foo\n".utf8), [0x80]], key: "g")
        let message: [UInt8] =
            [0x0A, 1, UInt8(ascii: "g")]
            + [0x1A, 8, 0x08, 0, 0x1A, 4] + Array("foo\n".utf8) + [0x1A, 5, 0x08, 0, 0x1A, 1, 0x80]
        #expect(Array(bytes.prefix(4)) == [0xF3, 0x89, 0x9A, 0xC2])
        #expect(Array(bytes.dropFirst(4).dropLast(16)) == message)
        let digest = LibCrypto.md5(message.span)
        #expect(Array(bytes.suffix(16)) == digest.indices.map { digest[$0] })
    }

    /// Lengths around every change of a varint's length, keys with any characters.
    @Test func whatIsAggregatedIsReadBackByAWSsReader() throws {
        var random = SeededRandom()
        let reader = try Deaggregator()
        let lengths = [0, 1, 120, 121, 122, 123, 124, 127, 128, 16_378, 16_379, 16_383, 16_384]
        for round in 0..<120 {
            let records = (0..<Int.random(in: 1...30, using: &random)).map { _ in
                random.bytes(
                    (round % 2 == 0 ? lengths.randomElement(using: &random) : nil)
                        ?? Int.random(in: 0...300, using: &random))
            }
            let key =
                ["gym-7", "Übung ♥", "x", String(repeating: "k", count: 200)]
                .randomElement(using: &random) ?? "x"
            let parts = try reader.parts(of: entry(of: records, key: key))
            let expected = records.map {
                Deaggregator.Part(
                    key: key, isAggregated: true, data: Data($0).base64EncodedString())
            }
            try #require(parts == expected, "seed \(random.seed)")
        }
    }

    /// A reader that finds a wrong check value takes the entry for one plain record.
    @Test func everyFlippedBitIsNoticedByTheReader() throws {
        var random = SeededRandom()
        let reader = try Deaggregator()
        let whole = entry(of: [Array("{\"seq\":1}\n".utf8), Array("{\"seq\":2}\n".utf8)])
        for _ in 0..<100 {
            var bytes = whole
            let bit = Int.random(in: 0..<8 * bytes.count, using: &random)
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let parts = try reader.parts(of: bytes)
            #expect(parts.map(\.isAggregated) == [false], "bit \(bit)")
        }
    }

    @Test func theSameMemoryTakesOneEntryAfterTheOther() {
        let aggregate = AggregatedRecord(capacity: 4_096)
        let key = Array("gym-7".utf8)
        var entries: [[UInt8]] = []
        for text in ["first\n", "second\n", "first\n"] {
            let record = Array(text.utf8)
            aggregate.begin(partitionKey: key.span)
            aggregate.append(record.span)
            aggregate.finish(md5: LibCrypto.md5Function)
            entries.append(aggregate.withBytes { [UInt8](copying: $0) })
        }
        #expect(entries[0] == entries[2] && entries[0] != entries[1])
    }

    @Test func anEntryFillsItsCapacityToTheByte() {
        let record = Array(repeating: UInt8(0x31), count: 100)
        let length = entry(of: [record, record]).count
        #expect(entry(of: [record, record], capacity: length).count == length)
    }
}
