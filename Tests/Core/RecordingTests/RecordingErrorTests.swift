import Testing

@testable import Recording

/// A file that is refused, and the sentence that says so.
struct Refusal: Sendable, CustomTestStringConvertible {
    let text: String
    let problem: RecordingError.Problem
    let words: String

    init(_ text: String, _ problem: RecordingError.Problem, _ words: String) {
        self.text = text
        self.problem = problem
        self.words = words
    }

    var testDescription: String { "\(problem): \(text.prefix(30))" }
}

@Suite struct RecordingErrorTests {
    static let refusals = [
        Refusal(
            "", .noHeader,
            "line 1: there is no header; begin the file with \"seconds,beats_per_minute\""),
        Refusal(
            "\n# nothing\n\n", .noHeader,
            "line 3: there is no header; begin the file with \"seconds,beats_per_minute\""),
        Refusal(
            "0,72\n", .columnMissing,
            "line 1, column seconds: missing from the header \"0,72\"; name the column there, "
                + "as in \"seconds,beats_per_minute\""),
        Refusal(
            "# hr\nseconds,hr\n0,72\n", .columnMissing,
            "line 2, column beats_per_minute: missing from the header \"seconds,hr\"; name the "
                + "column there, as in \"seconds,beats_per_minute\""),
        Refusal(
            "seconds,seconds,beats_per_minute\n", .columnRepeated,
            "line 1, column seconds: named twice in the header "
                + "\"seconds,seconds,beats_per_minute\"; rename one of the two"),
        Refusal(
            "seconds,beats_per_minute\n0,72\n1\n", .fieldMissing,
            "line 3, column beats_per_minute: the row \"1\" ends before it; write one field for "
                + "every name in the header"),
        Refusal(
            "seconds,beats_per_minute\n0:01,72\n", .notSeconds,
            "line 2, column seconds: \"0:01\" is not a time in seconds; write digits with an "
                + "optional fraction, such as 12 or 12.5"),
        Refusal(
            "seconds,beats_per_minute\n0,72.5\n", .notBeatsPerMinute,
            "line 2, column beats_per_minute: \"72.5\" is not a heart rate; write an integer "
                + "from 0 to 65535, or nothing where the sensor gave no value"),
    ]

    @Test(arguments: refusals)
    func aRefusalNamesLineColumnValueAndRemedy(refusal: Refusal) {
        let error = #expect(throws: RecordingError.self) { try play(refusal.text) }
        #expect(error?.problem == refusal.problem)
        #expect(error?.description == refusal.words)
    }

    @Test(arguments: ["", "-1", "+1", ".5", "1.", "1.2.3", "1e3", "9223372036.854775808"])
    func whatIsNoTimeIsRefused(field: String) {
        let error = #expect(throws: RecordingError.self) {
            try play("beats_per_minute,seconds\n72,\(field)\n")
        }
        #expect(error?.problem == .notSeconds)
        #expect(error?.value == field)
    }

    @Test(arguments: ["-1", "65536", "7 2", "nan", "99999999999999999999999"])
    func whatIsNoHeartRateIsRefused(field: String) {
        let error = #expect(throws: RecordingError.self) {
            try play("seconds,beats_per_minute\n0,\(field)\n")
        }
        #expect(error?.problem == .notBeatsPerMinute)
        #expect(error?.value == field)
    }

    @Test func whatATerminalWouldObeyIsNotRepeated() {
        let error = #expect(throws: RecordingError.self) {
            try play("seconds,beats_per_minute\n0,\u{1B}[2J\u{7}é\n")
        }
        #expect(error?.value == "?[2J???")
    }

    @Test func aLongValueIsCutToFortyCharacters() {
        let error = #expect(throws: RecordingError.self) {
            try play("seconds,beats_per_minute\n0,\(String(repeating: "x", count: 41))\n")
        }
        #expect(error?.value == String(repeating: "x", count: 37) + "...")
    }

    @Test func aRecordingWithoutARowHasNoExtent() {
        let bytes = [UInt8]("seconds,beats_per_minute\n".utf8)
        let error = #expect(throws: RecordingError.self) { try RecordingExtent(of: bytes.span) }
        #expect(
            error?.description == "line 1: no row follows the header; add rows such as \"0,72\"")
    }
}
