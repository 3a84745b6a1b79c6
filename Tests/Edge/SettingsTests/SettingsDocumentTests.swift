import Settings
import Testing

/// Lines of files and what becomes of them.
@Suite struct SettingsDocumentTests {
    @Test func anEntryCarriesItsSectionFileAndLine() {
        let document = parse("[alarm]\nhigh = 150\n\n[sink site]\ntype: file\n")
        #expect(
            document.entries == [
                SettingsEntry(
                    section: "alarm", key: "high", value: "150", file: "test.conf", line: 2),
                SettingsEntry(
                    section: "sink site", key: "type", value: "file", file: "test.conf", line: 5),
            ])
        #expect(
            document.headings == [
                SettingsHeading(title: "alarm", file: "test.conf", line: 1),
                SettingsHeading(title: "sink site", file: "test.conf", line: 4),
            ])
        #expect(document.problems.isEmpty)
    }

    @Test func aSectionWithoutKeysIsSeen() {
        #expect(parse("[alram]").headings.map(\.title) == ["alram"])
    }

    @Test func blanksInATitleAreOneBlank() {
        #expect(parse("[  sink \t site ]").headings.map(\.title) == ["sink site"])
    }

    @Test func aTitleLongerThanTheBufferOfLibinihStaysWhole() {
        let title = String(repeating: "s", count: 120)
        let document = parse("[\(title)]\nkey = 1\n")
        #expect(document.headings.map(\.title) == [title])
        #expect(document.entries.map(\.section) == [title])
    }

    @Test func linesEndInLineFeedOrCarriageReturnAndLineFeedOrWithTheFile() {
        for text in ["a = 1\nb = 2\n", "a = 1\r\nb = 2\r\n", "a = 1\nb = 2"] {
            #expect(keysAndValues(parse(text)) == ["a=1", "b=2"])
        }
    }

    @Test func aByteOrderMarkIsSkippedAtTheStartOnly() {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let document = SettingsDocument.parse(mark + Array("[a]\nb = 1\n".utf8), file: "test.conf")
        #expect(document.headings.map(\.title) == ["a"])
        #expect(keysAndValues(document) == ["b=1"])
        let second = SettingsDocument.parse(
            Array("b = 1\n".utf8) + mark + Array("c = 2\n".utf8), file: "test.conf")
        #expect(second.entries.map(\.key) == ["b", "\u{FEFF}c"])
    }

    @Test func commentsAreLinesOrFollowABlankAndASemicolon() {
        let text = """
            # one
            ; two
              # three
            a = 1 ; four
            b = x;y
            [c] ; five
            [d] # six
            """
        let document = parse(text)
        #expect(keysAndValues(document) == ["a=1", "b=x;y"])
        #expect(document.headings.map(\.title) == ["c", "d"])
        #expect(document.problems.isEmpty)
    }

    @Test func indentedKeysAreKeysAndNotContinuations() {
        let document = parse("[alarm]\n  high = 150\n\tclear = 145\n    onset_delay = 3s\n")
        #expect(keysAndValues(document) == ["high=150", "clear=145", "onset_delay=3s"])
    }

    @Test func aValueMayHoldSeparatorsBracketsAndOtherScripts() {
        let document = parse("a = x=y:z\nb = [c]\nname = Gerät 1\n")
        #expect(keysAndValues(document) == ["a=x=y:z", "b=[c]", "name=Gerät 1"])
    }

    @Test func anEmptyValueIsAnEntry() {
        #expect(keysAndValues(parse("a =\nb = ; nothing\n")) == ["a=", "b="])
    }

    @Test func aRepeatedHeadingContinuesItsSection() {
        let document = parse("[a]\nx = 1\n[b]\nx = 2\n[a]\ny = 3\n")
        #expect(document.problems.isEmpty)
        #expect(document.entries.map(\.section) == ["a", "b", "a"])
    }

    @Test func anEmptyFileSaysNothing() {
        #expect(parse("") == SettingsDocument(file: "test.conf"))
    }
}

/// Lines that are refused, each with its reason and its number.
@Suite struct SettingsProblemTests {
    @Test func aKeyThatIsSetTwiceIsADuplicateAcrossHeadingsToo() {
        let document = parse("[a]\nx = 1\n[b]\n[a]\nx = 2\n")
        #expect(
            document.problems == [
                SettingsProblem(
                    file: "test.conf", line: 5,
                    reason: .duplicate(section: "a", key: "x", firstLine: 2), text: "x = 2")
            ])
        #expect(keysAndValues(document) == ["x=1"])
    }

    @Test func everyFaultyLineIsReported() {
        let document = parse("junk\na = 1\nmore junk\n[open\n= 5\nlast")
        #expect(
            reasons(document) == [
                "1 noEntry", "3 noEntry", "4 badHeading", "5 emptyKey", "6 noEntry",
            ])
        #expect(document.problems.map(\.text) == ["junk", "more junk", "[open", "= 5", "last"])
    }

    @Test func aHeadingWithTextBehindOrNoTitleIsRefused() {
        #expect(
            reasons(parse("[a] b\n[]\n[  ]\n")) == [
                "1 badHeading", "2 badHeading", "3 badHeading",
            ])
    }

    @Test func keysBelowAFaultyHeadingBelongNowhere() {
        let document = parse("[a]\nx = 1\n[b\nx = 2\n[c]\nx = 3\n")
        #expect(document.entries.map(\.section) == ["a", "c"])
        #expect(reasons(document) == ["3 badHeading"])
    }

    @Test func aHashBehindAValueIsNoSilentPartOfIt() {
        #expect(
            reasons(parse("a = /x # y\nb = # y\nc = x\t#y\nd = x#y\n")) == [
                "1 hashBehindValue", "2 hashBehindValue", "3 hashBehindValue",
            ])
    }

    @Test func theLongestLineFitsAndOneByteMoreIsRefused() {
        // libinih's buffer has 200 bytes: the line, its line feed, a NUL.
        let fits = "a = " + String(repeating: "x", count: 194)
        let document = parse("\(fits)\n\(fits)y\nb = 2\n")
        #expect(document.entries.map(\.value.utf8.count) == [194, 1])
        #expect(reasons(document) == ["2 longLine(limit: 198)"])
    }

    @Test func controlCharactersAreRefusedByTheirNumber() {
        let document = parse("a = \u{0}1\nb = \u{1B}[2J\nc = 1\r2\nd\t=\t4\ne = \u{7F}\n")
        #expect(
            reasons(document) == [
                "1 controlCharacter(0)", "2 controlCharacter(27)", "3 controlCharacter(13)",
                "5 controlCharacter(127)",
            ])
        #expect(keysAndValues(document) == ["d=4"])
        #expect(document.problems.allSatisfy { $0.text.isEmpty })
    }

    @Test func aLineThatIsNotUTF8IsRefused() {
        let bytes: [UInt8] = Array("a = ".utf8) + [0xFF, 0x0A] + Array("b = 2".utf8)
        let document = SettingsDocument.parse(bytes, file: "test.conf")
        #expect(reasons(document) == ["1 notUTF8"])
        #expect(keysAndValues(document) == ["b=2"])
    }

    @Test func aFileOfNothingButProblemsIsGivenUp() {
        let document = parse(String(repeating: "x\n", count: 5_000))
        #expect(document.problems.count == SettingsDocument.problemLimit + 1)
        #expect(document.problems.last?.reason == .tooMany(limit: 100))
    }

    @Test func aFileOfTooManyEntriesOrHeadingsIsGivenUp() {
        let keys = parse((0..<2_000).map { "k\($0) = 1\n" }.joined())
        #expect(keys.entries.count == SettingsDocument.entryLimit)
        #expect(keys.problems.map(\.reason) == [.tooMany(limit: 1_000)])
        let headings = parse(String(repeating: "[a]\n", count: 2_000))
        #expect(headings.headings.count == SettingsDocument.entryLimit)
        #expect(headings.problems.map(\.reason) == [.tooMany(limit: 1_000)])
    }
}

func parse(_ text: String) -> SettingsDocument {
    SettingsDocument.parse(Array(text.utf8), file: "test.conf")
}

func keysAndValues(_ document: SettingsDocument) -> [String] {
    document.entries.map { "\($0.key)=\($0.value)" }
}

/// `LINE REASON` of each problem.
func reasons(_ document: SettingsDocument) -> [String] {
    document.problems.map { "\($0.line) \($0.reason)" }
}
