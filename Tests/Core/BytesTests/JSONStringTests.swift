import Bytes
import Foundation
import TestSupport
import Testing

/// What the escapes of a JSON string stand for.
@Suite struct JSONStringTests {
    private func text(_ body: String) -> String? {
        let bytes = Array(body.utf8)
        return String(jsonString: bytes.span)
    }

    @Test func everyEscapeIsReplaced() {
        #expect(text(#"a\"\\\/\b\f\n\r\tz"#) == "a\"\\/\u{8}\u{C}\n\r\tz")
        #expect(text(#"\u0041\u00e9\u20AC\uD834\uDD1E é"#) == "Aé€𝄞 é")
        #expect(text("") == "")
    }

    @Test func halfACharacterIsNone() {
        for body in [#"\uD834"#, #"\uD834x"#, #"\uDD1E"#, #"\uD834\u0041"#, #"\u12"#, #"\x"#, "\\"]
        {
            #expect(text(body) == nil, "\(body)")
        }
        let bytes: [UInt8] = [0x61, 0xFF]
        #expect(String(jsonString: bytes.span) == nil)
    }

    @Test func randomStringsReadAsFoundationReadsThem() throws {
        var random = SeededRandom()
        let pieces = [
            "a", "é", "𝄞", #"\n"#, #"\""#, #"\\"#, #"\/"#, #"\u0041"#, #"\u00e9"#,
            #"\ud834\udd1e"#, #"\u20ac"#, " ",
        ]
        for _ in 0..<2_000 {
            let body = (0..<Int.random(in: 0...12, using: &random))
                .map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            let expected = try JSONDecoder().decode(
                [String].self, from: Data("[\"\(body)\"]".utf8))
            #expect(text(body) == expected.first)
        }
    }

    @Test func changedStringsNeverTrap() {
        var random = SeededRandom()
        for _ in 0..<5_000 {
            var bytes = Array(#"a\u0041\ud834\udd1e\n\"\\é"#.utf8)
            bytes.mutate(alphabet: Array(#"\u0dD8"#.utf8), &random)
            _ = String(jsonString: bytes.span)
        }
    }
}
