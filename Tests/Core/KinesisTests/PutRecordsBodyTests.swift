import Bytes
import Foundation
import Kinesis
import TestSupport
import Testing

/// The body of a PutRecords request, to the byte and read back by another parser.
struct PutRecordsBodyTests {
    private struct Entry: Equatable {
        let data: [UInt8]
        let key: String
    }

    /// Writes as many of `entries` as fit into `capacity` bytes. Answers their number and the
    /// finished body.
    private func body(
        of entries: [Entry], stream: String = "heart", capacity: Int = 1 << 16
    ) -> (fitted: Int, text: String) {
        var fitted = 0
        let text = appendedText(capacity: capacity) { body in
            let stream = Array(stream.utf8)
            PutRecordsBody.begin(stream: stream.span, in: &body)
            for entry in entries {
                let before = [UInt8](copying: body.bytes)
                guard append(entry, isFirst: fitted == 0, to: &body) else {
                    #expect(
                        [UInt8](copying: body.bytes) == before,
                        "an entry that does not fit leaves nothing")
                    let isForgotten = !body.overflowed
                    #expect(isForgotten, "what did not fit leaves no flag")
                    break
                }
                fitted += 1
            }
            PutRecordsBody.finish(&body)
        }
        return (fitted, text)
    }

    private func append(_ entry: Entry, isFirst: Bool, to body: inout FixedBuffer) -> Bool {
        let key = Array(entry.key.utf8)
        return PutRecordsBody.append(
            entry.data.span, partitionKey: key.span, isFirst: isFirst, to: &body)
    }

    private func readBack(_ text: String) throws -> (stream: String, entries: [Entry]) {
        let parsed = try JSONSerialization.jsonObject(with: Data(text.utf8))
        let object = try #require(parsed as? [String: Any])
        #expect(Set(object.keys) == ["StreamName", "Records"])
        let records = try #require(object["Records"] as? [[String: String]])
        let entries = try records.map { record in
            #expect(Set(record.keys) == ["Data", "PartitionKey"])
            let data = try #require(record["Data"].flatMap { Data(base64Encoded: $0) })
            return Entry(data: Array(data), key: try #require(record["PartitionKey"]))
        }
        return (try #require(object["StreamName"] as? String), entries)
    }

    @Test func twoEntriesAreTheDocumentedBody() {
        let entries = [
            Entry(data: Array("foobar".utf8), key: "gym-7"),
            Entry(data: Array("f".utf8), key: #"a"b"#),
        ]
        let result = body(of: entries)
        #expect(result.fitted == 2)
        #expect(
            result.text
                == #"{"StreamName":"heart","Records":["#
                + #"{"Data":"Zm9vYmFy","PartitionKey":"gym-7"},"#
                + #"{"Data":"Zg==","PartitionKey":"a\"b"}]}"#)
    }

    @Test func randomEntriesAreReadBackByFoundation() throws {
        var random = SeededRandom()
        for _ in 0..<300 {
            let entries = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                Entry(
                    data: random.bytes(Int.random(in: 0...70, using: &random)),
                    key: ["gym-7", "Übung ♥", "\"\\\u{1}\n", "x"].randomElement(using: &random)
                        ?? "")
            }
            let read = try readBack(body(of: entries, stream: "s.1_-").text)
            #expect(read.stream == "s.1_-")
            #expect(read.entries == entries)
        }
    }

    /// One byte too few and the last entry is left out; the exact number and it is in.
    @Test func capacityDecidesToTheByte() throws {
        let entries = (0..<4).map { index in
            Entry(data: Array(repeating: UInt8(index), count: 10 + index), key: "gym-\(index)")
        }
        let lengths = (1...4).map { body(of: Array(entries.prefix($0))).text.utf8.count }
        let empty = body(of: []).text.utf8.count
        for capacity in empty...lengths[3] + 2 {
            let result = body(of: entries, capacity: capacity)
            #expect(result.fitted == lengths.filter { $0 <= capacity }.count, "\(capacity)")
            let read = try readBack(result.text)
            #expect(read.entries == Array(entries.prefix(result.fitted)))
        }
    }

    @Test func fullRequestOfTheLongestLinesStaysWithinTheCallsLimit() {
        let line = Entry(data: Array(repeating: 0x31, count: 1_193), key: "gym-7")
        var body = FixedBuffer(capacity: PutRecordsLimits.requestBytes)
        let stream = Array("heart".utf8)
        PutRecordsBody.begin(stream: stream.span, in: &body)
        var fitted = 0
        while fitted < PutRecordsLimits.entries, append(line, isFirst: fitted == 0, to: &body) {
            fitted += 1
        }
        #expect(fitted == PutRecordsLimits.entries)
    }
}
