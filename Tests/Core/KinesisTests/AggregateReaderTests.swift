import Bytes
import Foundation
import Kinesis
import LibCrypto
import TestSupport
import Testing

/// A script beside the tests, in its own process: a line in, a line out.
private final class Script {
    private let child: ChildProcess

    init(_ name: String) throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent(name)
        child = try ChildProcess([try Python.path(), "-B", script.path])
    }

    func answer(_ line: String) throws -> String {
        try child.write(line: line)
        return try child.readLine()
    }
}

/// Entries of the Kinesis Producer Library taken apart.
struct AggregateReaderTests {
    private func parts(_ entry: [UInt8]) -> [[UInt8]]? {
        AggregateReader.records(of: entry.span, md5: LibCrypto.md5Function)?
            .map { Array(entry[$0]) }
    }

    /// An entry with this message and the check value that belongs to it.
    private func entry(_ message: [UInt8]) -> [UInt8] {
        let digest = LibCrypto.md5(message.span)
        return [0xF3, 0x89, 0x9A, 0xC2] + message + digest.indices.map { digest[$0] }
    }

    @Test func whatWeWriteIsReadBack() {
        var random = SeededRandom()
        for _ in 0..<200 {
            let records = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                random.bytes(Int.random(in: 0...300, using: &random))
            }
            let aggregate = AggregatedRecord(capacity: 1 << 20)
            aggregate.begin(partitionKey: "gym-7".utf8.span)
            for record in records { aggregate.append(record.span) }
            aggregate.finish(md5: LibCrypto.md5Function)
            let bytes = aggregate.withBytes { [UInt8](copying: $0) }
            #expect(parts(bytes) == records, "seed \(random.seed)")
        }
    }

    /// Several keys and explicit hash keys, as other producers have them.
    @Test func whatAWSsProducerWritesIsTheSameRecords() throws {
        var random = SeededRandom()
        let producer = try Script("aggregate.py")
        for _ in 0..<100 {
            let records = (0..<Int.random(in: 1...30, using: &random)).map { _ in
                random.bytes(Int.random(in: 1...500, using: &random))
            }
            let list = records.map { record -> [Any] in
                let key = "key-\(Int.random(in: 0...5, using: &random))"
                let hashKey: Any = Bool.random(using: &random) ? "\(random.next())" : NSNull()
                return [key, hashKey, Data(record).base64EncodedString()]
            }
            let line = try JSONSerialization.data(withJSONObject: list)
            let text = try producer.answer(String(decoding: line, as: UTF8.self))
            let entry = try #require(Data(base64Encoded: text))
            #expect(parts([UInt8](entry)) == records, "seed \(random.seed)")
        }
    }

    /// With the check value put right, so that the message itself is read: what is taken apart is
    /// what AWS's reader makes of it, and nothing traps.
    @Test func changedMessagesAreReadAsAWSsReaderDoesOrNotAtAll() throws {
        struct Part: Decodable {
            let isAggregated: Bool
            let data: String
        }
        var random = SeededRandom()
        let reader = try Script("deaggregate.py")
        let aggregate = AggregatedRecord(capacity: 4_096)
        aggregate.begin(partitionKey: "gym-7".utf8.span)
        for text in ["{\"seq\":1}\n", "{\"seq\":2}\n", "{\"seq\":3}\n"] {
            aggregate.append(text.utf8.span)
        }
        aggregate.finish(md5: LibCrypto.md5Function)
        let whole = aggregate.withBytes { [UInt8](copying: $0) }
        let message = Array(whole.dropFirst(4).dropLast(16))
        var taken = 0
        for _ in 0..<1_500 {
            var changed = message
            changed.mutate(alphabet: [0, 1, 2, 0x08, 0x0A, 0x12, 0x1A, 0x22, 0x80], &random)
            let bytes = entry(changed)
            guard let ours = parts(bytes) else { continue }
            taken += 1
            let line = try reader.answer(Data(bytes).base64EncodedString())
            if line == "null" { continue }
            let theirs = try JSONDecoder().decode([Part].self, from: Data(line.utf8))
            try #require(
                ours.map { Data($0).base64EncodedString() } == theirs.map(\.data),
                "seed \(random.seed)")
        }
        #expect(taken > 20, "some changes leave an aggregate")
    }

    @Test func aWrongCheckValueMakesOnePlainRecord() {
        var random = SeededRandom()
        let whole = entry([0x0A, 1, 0x67, 0x1A, 5, 0x08, 0, 0x1A, 1, 0x80])
        #expect(parts(whole) == [[0x80]])
        for bit in 0..<8 * whole.count {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(parts(bytes) == nil, "bit \(bit)")
        }
        for length in 0..<whole.count { #expect(parts(Array(whole.prefix(length))) == nil) }
        #expect(parts(random.bytes(100)) == nil)
    }

    @Test(
        arguments: [
            // A record without a key, without data, with an index behind the table's end.
            [0x0A, 1, 0x67, 0x1A, 3, 0x1A, 1, 0x80],
            [0x0A, 1, 0x67, 0x1A, 2, 0x08, 0],
            [0x0A, 1, 0x67, 0x1A, 5, 0x08, 1, 0x1A, 1, 0x80],
            [0x0A, 1, 0x67, 0x1A, 7, 0x08, 0, 0x10, 0, 0x1A, 1, 0x80],
            // Data that ends behind its record, a number of eleven bytes, field 0, a group.
            [0x0A, 1, 0x67, 0x1A, 5, 0x08, 0, 0x1A, 2, 0x80],
            [0x0A, 1, 0x67, 0x08] + Array(repeating: 0xFF, count: 10) + [0],
            [0x0A, 1, 0x67, 0x02, 0],
            [0x0A, 1, 0x67, 0x23, 0x24],
            // The table as a number.
            [0x08, 1],
        ] as [[UInt8]])
    func aMessageThatIsNotTheFormatsMakesOnePlainRecord(_ message: [UInt8]) {
        #expect(parts(entry(message)) == nil)
    }

    @Test func tagsAndUnknownFieldsArePassedOver() {
        let record: [UInt8] = [0x08, 0, 0x1A, 1, 0x80, 0x22, 3, 0x0A, 1, 0x74]
        let message: [UInt8] =
            [0x1A, UInt8(record.count)] + record + [0x0A, 1, 0x67]
            + [0x29, 1, 2, 3, 4, 5, 6, 7, 8, 0x35, 1, 2, 3, 4, 0x38, 0x96, 1]
        #expect(parts(entry(message)) == [[0x80]])
    }
}
