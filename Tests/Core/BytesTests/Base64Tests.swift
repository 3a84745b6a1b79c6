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

/// Base64 read back.
struct Base64DecodingTests {
    private func decoded(_ text: String, capacity: Int = 4_096) -> Result<[UInt8], Base64Error> {
        var buffer = FixedBuffer(capacity: capacity)
        do throws(Base64Error) {
            try buffer.append(decodingBase64: text.utf8.span)
            return .success([UInt8](copying: buffer.bytes))
        } catch {
            return .failure(error)
        }
    }

    @Test func everyLengthComesBack() {
        var random = SeededRandom()
        for length in 0..<300 {
            let bytes = random.bytes(length)
            let text = Data(bytes).base64EncodedString()
            #expect(decoded(text) == .success(bytes), "seed \(random.seed)")
        }
    }

    @Test(arguments: [
        ("Zg=", Base64Error.badLength(3)),
        ("Zg", .badLength(2)),
        ("Zm9=Zm9v", .badCharacter(value: UInt8(ascii: "="), offset: 3)),
        ("Zm9v Zg=", .badCharacter(value: 0x20, offset: 4)),
        ("Zm-v", .badCharacter(value: UInt8(ascii: "-"), offset: 2)),
        ("Z===", .badCharacter(value: UInt8(ascii: "="), offset: 1)),
        ("====", .badCharacter(value: UInt8(ascii: "="), offset: 0)),
        ("Zh==", .looseBits),
        ("Zm9=", .looseBits),
    ])
    func whatIsNoBase64IsRefused(_ text: String, _ error: Base64Error) {
        #expect(decoded(text) == .failure(error))
    }

    @Test func aTextThatDoesNotFitLeavesTheBufferAsItWas() {
        var buffer = FixedBuffer(capacity: 5)
        buffer.append("abc")
        #expect(throws: Base64Error.tooLong(room: 2)) {
            try buffer.append(decodingBase64: "Zm9v".utf8.span)
        }
        #expect(throws: Base64Error.looseBits) {
            try buffer.append(decodingBase64: "Zh==".utf8.span)
        }
        #expect([UInt8](copying: buffer.bytes) == Array("abc".utf8))
    }

    @Test func changedTextsNeverTrap() {
        var random = SeededRandom()
        for _ in 0..<20_000 {
            var text = Array(Data(random.bytes(40)).base64EncodedString().utf8)
            text.mutate(alphabet: Array("=+/A0-_ ".utf8), &random)
            var buffer = FixedBuffer(capacity: 64)
            do throws(Base64Error) {
                try buffer.append(decodingBase64: text.span)
                let theirs = Data(base64Encoded: Data(text)).map { [UInt8]($0) }
                #expect(theirs == [UInt8](copying: buffer.bytes), "seed \(random.seed)")
            } catch {
                #expect(buffer.count == 0)
            }
        }
    }
}
