import Bytes

/// How many tokens the text has, the end not counted, or why it is no JSON.
func tokens(_ text: [UInt8]) -> Result<Int, JSONError> {
    var scanner = JSONScanner(text.span)
    var count = 0
    do throws(JSONError) {
        while try scanner.next() != .end { count += 1 }
        return .success(count)
    } catch {
        return .failure(error)
    }
}

func tokens(_ text: String) -> Result<Int, JSONError> { tokens([UInt8](text.utf8)) }

/// Texts with the verdict of RFC 8259, one corner of the grammar each.
enum JSONTable {
    struct Invalid: Sendable {
        let text: String
        let reason: JSONError.Reason
        let offset: Int

        init(_ text: String, _ reason: JSONError.Reason, at offset: Int) {
            self.text = text
            self.reason = reason
            self.offset = offset
        }
    }

    /// Valid texts with their numbers of tokens.
    static let valid: [(String, Int)] = [
        // Section 2: any value is a text, with blanks around any token.
        ("null", 1), ("true", 1), ("false", 1), ("0", 1), ("\"\"", 1), ("[]", 2), ("{}", 2),
        (" \t\r\n null \t\r\n ", 1), (" [ ] ", 2), (" { } ", 2), ("[\n1\n,\n2\n]", 4),
        ("{\t\"a\"\r:\n1 }", 4),
        // Section 4: objects.
        (#"{"a":1}"#, 4), (#"{"a":1,"b":2}"#, 6), (#"{"":0}"#, 4), (#"{"a":1,"a":2}"#, 6),
        (#"{"a":{"b":{}}}"#, 8), (#"{"a":[],"b":{}}"#, 8), (#"{"\u0061\n":0}"#, 4),
        // Section 5: arrays.
        ("[1]", 3), ("[1,2,3]", 5), ("[[]]", 4), ("[[],[]]", 6), ("[null,true,\"x\",{}]", 7),
        ("[[[[1]]]]", 9), ("[{},{}]", 6), ("[\"a\",[],\"b\"]", 6),
        // Section 6: numbers.
        ("-0", 1), ("-1", 1), ("10", 1), ("1.5", 1), ("0.5", 1), ("-0.5", 1), ("1e3", 1),
        ("1E3", 1), ("1e+3", 1), ("1e-3", 1), ("1E+03", 1), ("0e0", 1), ("0.0", 1),
        ("1.5e10", 1), ("123456789012345678901234567890", 1), ("1e400", 1), ("-1e-400", 1),
        ("0.000000000000000000000000000000000000000000000000000000001", 1), ("[-1,-0.1e-1]", 4),
        // Section 7: strings.
        (#""\"\\\/\b\f\n\r\t""#, 1), (#""\u0000""#, 1), (#""\uABCD\uabcd""#, 1),
        (#""\uD834\uDD1E""#, 1), ("\"\u{7F}\"", 1), ("\"\u{2028}\u{2029}\"", 1),
        ("\"♥ é 𝄞\"", 1), ("\" \"", 1), (#""a\\""#, 1), (#""[{]},:""#, 1), ("\"'\"", 1),
        (#""\\u12""#, 1), ("\"\u{FEFF}\"", 1), ("\"\u{10FFFF}\"", 1),
        // What the scanner leaves to its reader: halves of surrogate pairs.
        (#""\uD834""#, 1), (#""\uDD1E\uD834""#, 1),
    ]

    /// Invalid texts with the reason and the offset at which it shows.
    static let invalid: [Invalid] = structure + words + numbers + strings

    private static let structure = [
        Invalid("", .endOfInput, at: 0), Invalid("  ", .endOfInput, at: 2),
        Invalid("[", .endOfInput, at: 1), Invalid("{", .endOfInput, at: 1),
        Invalid("]", .unexpectedByte, at: 0), Invalid("}", .unexpectedByte, at: 0),
        Invalid("[1", .endOfInput, at: 2), Invalid("[1,", .endOfInput, at: 3),
        Invalid("[1,]", .unexpectedByte, at: 3), Invalid("[,1]", .unexpectedByte, at: 1),
        Invalid("[,]", .unexpectedByte, at: 1), Invalid("[1,,2]", .unexpectedByte, at: 3),
        Invalid("[1 2]", .unexpectedByte, at: 3), Invalid("[1:2]", .unexpectedByte, at: 2),
        Invalid("[1}", .unexpectedByte, at: 2), Invalid("[}", .unexpectedByte, at: 1),
        Invalid("[]]", .unexpectedByte, at: 2), Invalid("[][]", .unexpectedByte, at: 2),
        Invalid("[[]", .endOfInput, at: 3), Invalid("1 2", .unexpectedByte, at: 2),
        Invalid("null,", .unexpectedByte, at: 4), Invalid("{}}", .unexpectedByte, at: 2),
        Invalid("{1:2}", .unexpectedByte, at: 1), Invalid("{a:1}", .unexpectedByte, at: 1),
        Invalid("{'a':1}", .unexpectedByte, at: 1), Invalid("{]", .unexpectedByte, at: 1),
        Invalid(#"{"a""#, .endOfInput, at: 4), Invalid(#"{"a"}"#, .unexpectedByte, at: 4),
        Invalid(#"{"a":"#, .endOfInput, at: 5), Invalid(#"{"a":}"#, .unexpectedByte, at: 5),
        Invalid(#"{"a"::1}"#, .unexpectedByte, at: 5), Invalid(#"{"a" 1}"#, .unexpectedByte, at: 5),
        Invalid(#"{"a":1"#, .endOfInput, at: 6), Invalid(#"{"a":1,"#, .endOfInput, at: 7),
        Invalid(#"{"a":1,}"#, .unexpectedByte, at: 7), Invalid(#"{,}"#, .unexpectedByte, at: 1),
        Invalid(#"{"a":1 "b":2}"#, .unexpectedByte, at: 7),
        Invalid(#"{"a":1]"#, .unexpectedByte, at: 6), Invalid(#"{"a",1}"#, .unexpectedByte, at: 4),
        Invalid("{null:1}", .unexpectedByte, at: 1), Invalid("[1]//", .unexpectedByte, at: 3),
        Invalid("/**/1", .unexpectedByte, at: 0), Invalid("[1]\0", .unexpectedByte, at: 3),
        Invalid("\u{FEFF}1", .unexpectedByte, at: 0), Invalid("\u{A0}1", .unexpectedByte, at: 0),
        Invalid("\u{B}1", .unexpectedByte, at: 0), Invalid("\u{C}1", .unexpectedByte, at: 0),
    ]

    private static let words = [
        Invalid("nul", .endOfInput, at: 3), Invalid("nulL", .unexpectedByte, at: 0),
        Invalid("True", .unexpectedByte, at: 0), Invalid("truex", .unexpectedByte, at: 4),
        Invalid("[fals]", .unexpectedByte, at: 1), Invalid("undefined", .unexpectedByte, at: 0),
        Invalid("NaN", .unexpectedByte, at: 0), Invalid("Infinity", .unexpectedByte, at: 0),
        Invalid("[nulltrue]", .unexpectedByte, at: 5),
    ]

    private static let numbers = [
        Invalid("-", .badNumber, at: 1), Invalid("+1", .unexpectedByte, at: 0),
        Invalid("01", .badNumber, at: 0), Invalid("-01", .badNumber, at: 1),
        Invalid("00", .badNumber, at: 0), Invalid("1.", .badNumber, at: 2),
        Invalid(".5", .unexpectedByte, at: 0), Invalid("-.5", .badNumber, at: 1),
        Invalid("1.e3", .badNumber, at: 2), Invalid("1e", .badNumber, at: 2),
        Invalid("1e+", .badNumber, at: 3), Invalid("1e1.5", .unexpectedByte, at: 3),
        Invalid("1e-+1", .badNumber, at: 3), Invalid("0x10", .unexpectedByte, at: 1),
        Invalid("1_000", .unexpectedByte, at: 1), Invalid("--1", .badNumber, at: 1),
        Invalid("1-1", .unexpectedByte, at: 1), Invalid("-Infinity", .badNumber, at: 1),
        Invalid("[1.2.3]", .unexpectedByte, at: 4), Invalid("１", .unexpectedByte, at: 0),
        Invalid("- 1", .badNumber, at: 1), Invalid("1.5.", .unexpectedByte, at: 3),
    ]

    private static let strings = [
        Invalid("\"", .endOfInput, at: 1), Invalid("\"abc", .endOfInput, at: 4),
        Invalid("'a'", .unexpectedByte, at: 0), Invalid("abc", .unexpectedByte, at: 0),
        Invalid("\"a\nb\"", .controlCharacter, at: 2), Invalid("\"\t\"", .controlCharacter, at: 1),
        Invalid("\"\0\"", .controlCharacter, at: 1),
        Invalid("\"\u{1F}\"", .controlCharacter, at: 1),
        Invalid(#""\"#, .endOfInput, at: 2), Invalid(#""\""#, .endOfInput, at: 3),
        Invalid(#""\x41""#, .badEscape, at: 1), Invalid(#""\a""#, .badEscape, at: 1),
        Invalid(#""\0""#, .badEscape, at: 1), Invalid(#""\U0041""#, .badEscape, at: 1),
        Invalid(#""\u12"#, .endOfInput, at: 5), Invalid(#""\u12G4""#, .badEscape, at: 5),
        Invalid(#""\u00""#, .endOfInput, at: 6), Invalid(#""\u004""}"#, .badEscape, at: 6),
        Invalid("\"\\\u{0}\"", .badEscape, at: 1), Invalid("\"\\é\"", .badEscape, at: 1),
        Invalid(#"["a"b]"#, .unexpectedByte, at: 4), Invalid(#""a""b""#, .unexpectedByte, at: 3),
    ]
}
