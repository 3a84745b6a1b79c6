import Bytes
import Foundation
import TestSupport
import Testing
import Zlib

/// Bodies in gzip, read back by Python's own reader.
struct GzipTests {
    /// What Python makes of gzip, in its own process.
    private final class Reader {
        private let child: ChildProcess

        init() throws {
            let program = """
                import sys, gzip, base64
                for line in sys.stdin:
                    plain = gzip.decompress(base64.b64decode(line))
                    print(base64.b64encode(plain).decode(), flush=True)
                """
            child = try ChildProcess(["python3", "-c", program])
        }

        func read(_ bytes: [UInt8]) throws -> [UInt8] {
            try child.write(line: Data(bytes).base64EncodedString())
            return Array(Data(base64Encoded: try child.readLine()) ?? Data())
        }
    }

    private func compressed(
        _ bytes: [UInt8], _ gzip: Gzip, capacity: Int? = nil
    ) throws(GzipError) -> [UInt8] {
        var output = FixedBuffer(capacity: capacity ?? gzip.bound(of: bytes.count))
        try gzip.compress(bytes.span, into: &output)
        return [UInt8](copying: output.bytes)
    }

    @Test func bodiesOneAfterTheOtherAreReadBack() throws {
        var random = SeededRandom()
        let gzip = try Gzip()
        let reader = try Reader()
        for _ in 0..<60 {
            let count = Int.random(in: 0...20_000, using: &random)
            let bytes =
                Bool.random(using: &random)
                ? random.bytes(count) : (0..<count).map { UInt8($0 % 7) }
            #expect(try reader.read(compressed(bytes, gzip)) == bytes, "seed \(random.seed)")
        }
    }

    @Test func linesOfRecordsBecomeMuchShorter() throws {
        let lines = (0..<500).map { index in
            #"{"timestamp":"2025-07-15T17:10:\#(10 + index % 50).123456Z","heart_rate":"#
                + #"\#(60 + index % 90),"device_id":"gym-7","sensor":"D4:4A:C4:B0:24:03","#
                + #""seq":\#(18_446 + index),"session_id":"b1946ac9","contact":true,"#
                + #""clock":"synced","schema":1}"# + "\n"
        }
        let bytes = Array(lines.joined().utf8)
        let short = try compressed(bytes, Gzip())
        print("gzip: \(bytes.count) bytes of 500 records become \(short.count)")
        #expect(short.count * 8 < bytes.count)
    }

    @Test func whatDoesNotFitLeavesNothing() throws {
        var random = SeededRandom()
        let gzip = try Gzip()
        let bytes = random.bytes(5_000)
        let length = try compressed(bytes, gzip).count
        for capacity in [1, 10, 18, length / 2, length - 1] {
            var output = FixedBuffer(capacity: capacity)
            #expect(throws: GzipError.noRoom) {
                try gzip.compress(bytes.span, into: &output)
            }
            let count = output.count
            #expect(count == 0)
        }
        #expect(try compressed(bytes, gzip, capacity: length).count == length)
    }

    @Test func whatIsThereStaysInFront() throws {
        let gzip = try Gzip()
        var output = FixedBuffer(capacity: 1_000)
        output.append("in front")
        let bytes = Array("body".utf8)
        try gzip.compress(bytes.span, into: &output)
        let text = [UInt8](copying: output.bytes)
        #expect(text.starts(with: Array("in front".utf8)))
        #expect(Array(text[8..<10]) == [0x1F, 0x8B], "RFC 1952 section 2.3.1")
    }
}
