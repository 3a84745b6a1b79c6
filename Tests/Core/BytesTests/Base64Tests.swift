import Bytes
import Foundation
import TestSupport
import Testing

/// Base64 against RFC 4648 section 10 and Foundation.
struct Base64Tests {
    private func text(_ bytes: [UInt8]) -> String {
        appendedText { $0.append(base64: bytes.span) }
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func vectorsOfTheStandardHold(_ plain: String, _ encoded: String) {
        #expect(text([UInt8](plain.utf8)) == encoded)
    }

    @Test func everyLengthAgreesWithFoundation() {
        var random = SeededRandom()
        for length in 0...70 {
            for _ in 0..<20 {
                let bytes = random.bytes(length)
                #expect(
                    text(bytes) == Data(bytes).base64EncodedString(),
                    "length \(length), seed \(random.seed)")
            }
            #expect(text(random.bytes(length)).utf8.count == FixedBuffer.base64Length(of: length))
        }
    }

    @Test func everyLetterIsUsed() {
        var random = SeededRandom()
        let bytes = random.bytes(3_000)
        #expect(text(bytes) == Data(bytes).base64EncodedString(), "seed \(random.seed)")
        #expect(Set(text(bytes)).count == 64)
    }

    @Test func textStandsBehindWhatWasThere() {
        let both = appendedText {
            $0.append("data:")
            $0.append(base64: [UInt8]("foo".utf8).span)
        }
        #expect(both == "data:Zm9v")
    }

    @Test func textThatFillsTheBufferFits() {
        var buffer = FixedBuffer(capacity: 8)
        buffer.append(base64: [1, 2, 3, 4].span)
        #expect(BufferState(buffer) == BufferState("AQIDBA==", room: 0))
    }
}
