import Bytes
import Foundation
import TestSupport
import Testing

/// Strings in JSON, written here and read by Foundation.
struct JSONTextTests {
    private func json(_ text: String) -> String {
        appendedText(capacity: 8192) { $0.append(jsonString: [UInt8](text.utf8).span) }
    }

    private func readByFoundation(_ json: String) throws -> String? {
        let value = try JSONSerialization.jsonObject(
            with: Data(json.utf8), options: [.fragmentsAllowed])
        return value as? String
    }

    @Test(arguments: [
        ("", "\"\""), ("gym-7", "\"gym-7\""), ("a\"b", #""a\"b""#), (#"a\b"#, #""a\\b""#),
        ("\n", #""\u000a""#), ("\0", #""\u0000""#), ("\u{1F}", #""\u001f""#),
        ("/", #""/""#), ("♥", "\"♥\""), ("\u{7F}", "\"\u{7F}\""),
    ])
    func onlyWhatMustBeEscapedIs(_ text: String, _ expected: String) {
        #expect(json(text) == expected)
    }

    @Test func everyByteOfASCIIIsReadBack() throws {
        let text = String(decoding: [UInt8](0...127), as: UTF8.self)
        #expect(try readByFoundation(json(text)) == text)
    }

    @Test func randomTextIsReadBack() throws {
        var random = SeededRandom()
        for _ in 0..<2_000 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                let limit = [0x30, 0x80, 0x800, 0x11_0000].randomElement(using: &random) ?? 1
                let value = UInt32.random(in: 0..<UInt32(limit), using: &random)
                // Foundation takes U+FEFF behind an escape for a byte order mark, and drops it.
                guard value != 0xFEFF, let scalar = Unicode.Scalar(value) else { continue }
                scalars.append(scalar)
            }
            let text = String(scalars)
            let back = try readByFoundation(json(text))
            let same = back.map { [UInt8]($0.utf8) } == [UInt8](text.utf8)
            #expect(same, "\(text.debugDescription), seed \(random.seed)")
        }
    }

    @Test func randomTextIsReadBackByTheScanner() throws {
        var random = SeededRandom()
        for _ in 0..<2_000 {
            let bytes = random.bytes(Int.random(in: 0...30, using: &random))
            let json = appended { $0.append(jsonString: bytes.span) }
            #expect(tokens(json) == .success(1), "\(bytes), seed \(random.seed)")
        }
    }
}
