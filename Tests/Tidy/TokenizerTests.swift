import Testing

/// Comments and strings are told from code.
struct TokenizerTests {
    private func words(_ text: String) -> [String] { Tokenizer(text).tokens.map(\.text) }

    @Test(
        arguments: [
            ("let a = b!", ["let", "a", "=", "b", "!"]),
            ("a != b", ["a", "!=", "b"]),
            ("a // b", ["a"]), ("a /* b /* c */ d */ e", ["a", "e"]), ("/* open", []),
            (#"a "b" c"#, ["a", "\"", "c"]), (#"a "\"b" c"#, ["a", "\"", "c"]),
            (#"a "\\" c"#, ["a", "\"", "c"]), (##"a #"\"# b"##, ["a", "\"", "b"]),
            (##"#"a "b" \(c)"# d"##, ["\"", "d"]), (##"#"\#(c)"#"##, ["\"", "c"]),
            (#""x\(f(a: "y")!) z" b"#, ["\"", "f", "(", "a", ":", "\"", ")", "!", "b"]),
            ("\"\"\"\na \"b\" c\n\"\"\" d", ["\"", "d"]), ("\"//\" a", ["\"", "a"]),
            ("#if os(Linux)", ["#", "if", "os", "(", "Linux", ")"]), ("é_1", ["é_1"]),
        ] as [(String, [String])])
    func codeIsCutIntoTokens(_ text: String, _ expected: [String]) {
        #expect(words(text) == expected)
    }

    @Test func tokensKnowTheirLine() {
        let text = "a\n/* b\n */ c\n\"\"\"\n x\n\"\"\" d"
        #expect(Tokenizer(text).tokens.map(\.line) == [1, 3, 4, 6])
    }

    @Test func tokensKnowWhetherTheyTouchTheOneBefore() {
        let touches = Tokenizer(#"a! b !c "x"! d/**/!"#).tokens.map(\.touches)
        #expect(
            touches == [true, true, false, false, true, false, true, false, false])
    }

    @Test func linesOfAStringAreKnown() {
        let text = "a\n\"\"\"\n x\n y\n \"\"\"\nb\n\"c\""
        #expect(Tokenizer(text).textLines == [3, 4])
    }

    @Test func anyTextIsCutToItsEnd() {
        for text in ["\"", "\"\"\"", "#\"", "\"\\(", "\"\\(\"", "/*", "\"\\", "#", "((", "\\"] {
            #expect(words(text).count <= text.count)
        }
    }
}
