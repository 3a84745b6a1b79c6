import Linux
import Testing

/// One after the other: getopt_long(3) keeps its state in globals.
@Suite(.serialized)
struct OptionsTests {
    private let known = [
        CommandOption("config", takesValue: true), CommandOption("rate", takesValue: true),
        CommandOption("loop", takesValue: false),
    ]

    private func parsed(_ arguments: String...) throws(OptionsError) -> Options {
        try Options(arguments, known: known)
    }

    @Test func nothingIsNothing() throws {
        let options = try parsed()
        #expect(options.values == [:])
        #expect(options.operands == [])
    }

    @Test func valueFollowsItsOptionOrItsEqualsSign() throws {
        #expect(try parsed("--config", "a.conf").values == ["config": "a.conf"])
        #expect(try parsed("--config=a.conf").values == ["config": "a.conf"])
        #expect(try parsed("--config=a=b").values == ["config": "a=b"])
        #expect(try parsed("--config=").values == ["config": ""])
        #expect(try parsed("--config", "").values == ["config": ""])
        #expect(try parsed("--config", "--loop").values == ["config": "--loop"])
    }

    @Test func optionWithoutValueIsThereOrNot() throws {
        #expect(try parsed("--loop").values == ["loop": ""])
        #expect(try parsed("loop").values == [:])
    }

    @Test func optionsAndOperandsMixInAnyOrder() throws {
        let options = try parsed("one", "--rate", "5", "two", "--loop", "three", "--config=c")
        #expect(options.values == ["rate": "5", "loop": "", "config": "c"])
        #expect(options.operands == ["one", "two", "three"])
    }

    @Test func lastValueCounts() throws {
        #expect(try parsed("--rate", "1", "--rate=2").values == ["rate": "2"])
    }

    @Test func twoHyphensEndTheOptions() throws {
        let options = try parsed("one", "--loop", "--", "--rate", "-x", "--")
        #expect(options.values == ["loop": ""])
        #expect(options.operands == ["one", "--rate", "-x", "--"])
    }

    @Test func oneHyphenAndEmptyTextAreOperands() throws {
        #expect(try parsed("-", "", "ä ö").operands == ["-", "", "ä ö"])
    }

    @Test(arguments: [
        (["--speed"], "--speed"), (["--speed=3"], "--speed=3"), (["--loop=yes"], "--loop=yes"),
        (["-x"], "-x"), (["-xy"], "-xy"), (["-rate", "5"], "-rate"), (["-ö"], "-ö"),
        (["one", "-xy"], "-xy"), (["one", "-", "-xy", "two"], "-xy"),
        (["one", "--speed", "--loop"], "--speed"), (["--loop", "one", "two", "-v"], "-v"),
        (["--rate", "-1", "one", "-xy"], "-xy"),
    ])
    func unknownOptionIsNamedAsItWasWritten(_ arguments: [String], _ word: String) {
        let error = #expect(throws: OptionsError.self) { try Options(arguments, known: known) }
        #expect(error == .unknown(word))
        #expect(error?.description == "unknown option \(word)")
    }

    @Test(arguments: [
        (["--config"], "--config"), (["one", "--config"], "--config"),
        (["--loop", "one", "two", "--rate"], "--rate"),
    ])
    func optionWithoutItsValueIsNamed(_ arguments: [String], _ word: String) {
        let error = #expect(throws: OptionsError.self) { try Options(arguments, known: known) }
        #expect(error == .valueMissing(word))
        #expect(error?.description == "\(word) needs a value")
    }

    @Test func refusedCommandLineLeavesNothingBehind() throws {
        #expect(throws: OptionsError.unknown("-xyz")) { try parsed("one", "-xyz") }
        let options = try parsed("--loop", "two", "--rate=1", "three")
        #expect(options.values == ["loop": "", "rate": "1"])
        #expect(options.operands == ["two", "three"])
    }

    @Test func commandWithoutOptionsTakesOperandsAlone() throws {
        #expect(try Options(["a", "b"], known: []).operands == ["a", "b"])
        #expect(throws: OptionsError.unknown("--loop")) { try Options(["--loop"], known: []) }
    }
}
