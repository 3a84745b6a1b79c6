import Credentials
import Foundation
import TestSupport
import Testing

/// Command lines without a shell.
@Suite struct ProcessCommandTests {
    private func words(_ text: String) throws -> [String] { try ProcessCommand(text).words }

    @Test func quotesKeepBlanksTogether() throws {
        for (text, wanted) in [
            ("/opt/keys", ["/opt/keys"]),
            ("  a\tb   c ", ["a", "b", "c"]),
            (#""/path to/keys" --user "Ward 7""#, ["/path to/keys", "--user", "Ward 7"]),
            (#"a 'b "c" \d' e"#, ["a", #"b "c" \d"#, "e"]),
            (#"a "b \"c\" \\ \d""#, ["a", #"b "c" \ \d"#]),
            (#"a\ b c\"d \\"#, ["a b", "c\"d", "\\"]),
            (#"a "" '' b"#, ["a", "", "", "b"]),
            (#"--x="1 2"3"#, ["--x=1 23"]),
            ("a $HOME ~ `x` ; rm | > #c", ["a", "$HOME", "~", "`x`", ";", "rm", "|", ">", "#c"]),
        ] {
            #expect(try words(text) == wanted, "\(text)")
        }
    }

    @Test func whatIsNoCommandIsRefused() {
        for (text, wanted) in [
            ("", ProcessCommandError.noProgram), ("  ", .noProgram), ("''", .noProgram),
            ("\"\" x", .noProgram), ("a 'b", .openQuote), ("a \"b", .openQuote),
            ("a \"b\\\"", .openQuote), ("a \\", .openEscape), ("a\0b", .nulByte),
            (String(repeating: "a", count: 4_097), .tooLong),
        ] {
            #expect(throws: wanted) { try ProcessCommand(text) }
        }
    }

    @Test func randomLinesAreSplitAsBotocoreSplitsThem() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("shlex_words.py")
        let child = try ChildProcess([try Python.path(), "-B", script.path])
        var random = SeededRandom()
        let letters = Array("ab \"'\\ \t$#;é")
        for _ in 0..<3_000 {
            let count = Int.random(in: 0...24, using: &random)
            let text = String(
                (0..<count).map { _ in letters.randomElement(using: &random) ?? "a" })
            let line = try JSONEncoder().encode([text])
            try child.write(
                line: String(decoding: line, as: UTF8.self).dropFirst().dropLast().description)
            let expected = try JSONDecoder().decode(
                [String]?.self, from: Data(child.readLine().utf8))
            var actual: [String]?
            do throws(ProcessCommandError) {
                actual = try ProcessCommand(text).words
            } catch {
                // Unlike botocore, a line without a program is refused here.
                if error == .noProgram { continue }
            }
            #expect(actual == expected, "\(text)")
        }
    }
}
