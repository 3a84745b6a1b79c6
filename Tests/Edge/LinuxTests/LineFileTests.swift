import Bytes
import Foundation
import Glibc
import Linux
import Testing

/// The file sink, without a worker.
struct LineFileTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("records.jsonl")
    }

    private func file(rotateBytes: UInt64 = 1 << 20, keep: Int = 3) -> LineFile {
        LineFile(
            settings: LineFileSettings(
                path: path, rotateBytes: rotateBytes, rotateKeep: keep, bufferBytes: 4_096))
    }

    /// What the file and its older ones hold, the youngest first; empty where one is missing.
    private func texts(_ count: Int) throws -> [String] {
        try (0..<count).map { number in
            let name = number == 0 ? path : "\(path).\(number)"
            return Path.exists(name) ? try text(of: name) : ""
        }
    }

    @Test func linesAreAppended() throws {
        let file = file()
        #expect(file.append("one\n") == nil)
        #expect(try text(of: path) == "one\n")
        #expect(file.append("two\nthree\n") == nil)
        #expect(try text(of: path) == "one\ntwo\nthree\n")
    }

    @Test func fillsAnswerComesBack() {
        #expect(file().prepare { $0.capacity } == 4_096)
    }

    @Test func reopenedFileGoesOn() throws {
        #expect(file().append("one\n") == nil)
        #expect(file().append("two\n") == nil)
        #expect(try text(of: path) == "one\ntwo\n")
    }

    @Test func missingFoldersAreMade() throws {
        let path = folder.file("a/b/records.jsonl")
        let file = LineFile(
            settings: LineFileSettings(
                path: path, rotateBytes: 100, rotateKeep: 1, bufferBytes: 100))
        #expect(file.append("one\n") == nil)
        #expect(try text(of: path) == "one\n")
    }

    @Test func folderThatCannotBeMadeIsAFailureUntilItCan() throws {
        let blocking = try folder.file("a", holding: "")
        let file = LineFile(
            settings: LineFileSettings(
                path: folder.file("a/b/c"), rotateBytes: 100, rotateKeep: 1, bufferBytes: 100))
        #expect(
            file.append("one\n")?.description
                == "mkdir \(folder.file("a/b")): Not a directory (errno 20)")
        try Path.remove(blocking)
        #expect(file.append("one\n") == nil)
        #expect(try text(of: folder.file("a/b/c")) == "one\n")
    }

    @Test(arguments: [
        ("one\ntwo\nthr", "one\ntwo\n"), ("torn", ""), ("", ""), ("\n", "\n"),
        ("one\n\u{0}\u{0}\u{0}", "one\n"),
    ])
    func tornLastLineIsCutOffAtTheStart(_ left: String, _ kept: String) throws {
        _ = try folder.file("records.jsonl", holding: left)
        #expect(file().append("next\n") == nil)
        #expect(try text(of: path) == kept + "next\n")
    }

    /// Lengths around the chunks in which the end is looked for.
    @Test(arguments: [4_095, 4_096, 4_097, 8_192, 10_000])
    func longTornLineIsCutOffToo(_ length: Int) throws {
        let torn = String(repeating: "x", count: length)
        _ = try folder.file("records.jsonl", holding: "one\n" + torn)
        #expect(file().append("next\n") == nil)
        #expect(try text(of: path) == "one\nnext\n")
    }

    @Test func fileThatHasReachedItsLengthIsRenamedAndTheOldestGoes() throws {
        let file = file(rotateBytes: 8, keep: 2)
        for line in ["one\n", "two\n", "three\n", "four\n"] { #expect(file.append(line) == nil) }
        #expect(try texts(3) == ["three\nfour\n", "one\ntwo\n", ""])
        for line in ["five\n", "six\n", "seven\n"] { #expect(file.append(line) == nil) }
        #expect(try texts(3) == ["seven\n", "five\nsix\n", "three\nfour\n"])
        #expect(
            try folder.names() == ["records.jsonl", "records.jsonl.1", "records.jsonl.2"])
    }

    @Test func olderFilesAreNumberedFromTheYoungestOn() throws {
        let file = file(rotateBytes: 1, keep: 3)
        for line in ["1\n", "2\n", "3\n", "4\n", "5\n", "6\n"] {
            #expect(file.append(line) == nil)
        }
        #expect(try texts(5) == ["6\n", "5\n", "4\n", "3\n", ""])
    }

    @Test func oneOlderFileIsKept() throws {
        let file = file(rotateBytes: 1, keep: 1)
        for line in ["one\n", "two\n", "three\n"] { #expect(file.append(line) == nil) }
        #expect(try texts(3) == ["three\n", "two\n", ""])
    }

    @Test func gapInTheNumbersIsNoError() throws {
        _ = try folder.file("records.jsonl.2", holding: "old\n")
        let file = file(rotateBytes: 1, keep: 3)
        #expect(file.append("one\n") == nil)
        #expect(file.append("two\n") == nil)
        #expect(try texts(4) == ["two\n", "one\n", "", "old\n"])
    }

    @Test func rotationThatFailsIsTriedAgainAndLosesNothing() throws {
        // A folder with content in the way: rename(2) refuses.
        try Path.makeFolders("\(path).1/full")
        let file = file(rotateBytes: 1, keep: 1)
        #expect(file.append("one\n") == nil)
        #expect(file.append("two\n")?.call == "rename")
        try FileManager.default.removeItem(atPath: "\(path).1")
        #expect(file.append("two\n") == nil)
        #expect(file.append("three\n") == nil)
        #expect(try texts(2) == ["three\n", "one\ntwo\n"])
    }

    @Test func renamedFileIsLeftAndANewOneBegun() throws {
        let file = file()
        #expect(file.append("one\n") == nil)
        try FileManager.default.moveItem(atPath: path, toPath: "\(path).old")
        #expect(file.append("two\n") == nil)
        #expect(try text(of: path) == "two\n")
        #expect(try text(of: "\(path).old") == "one\n")
    }

    @Test func fileThatSomebodyReplacedIsGoneOnWith() throws {
        let file = file()
        #expect(file.append("one\n") == nil)
        try FileManager.default.moveItem(atPath: path, toPath: "\(path).old")
        _ = try folder.file("records.jsonl", holding: "theirs\n")
        #expect(file.append("two\n") == nil)
        #expect(try text(of: path) == "theirs\ntwo\n")
        #expect(try text(of: "\(path).old") == "one\n")
    }

    @Test func removedFileIsMadeAgain() throws {
        let file = file()
        #expect(file.append("one\n") == nil)
        try Path.remove(path)
        #expect(file.append("two\n") == nil)
        #expect(try text(of: path) == "two\n")
    }

    /// logrotate's copytruncate.
    @Test func fileCutToNothingIsGoneOnWith() throws {
        let file = file(rotateBytes: 4)
        #expect(file.append("one\n") == nil)
        try cut(path, to: 0)
        #expect(file.append("two\n") == nil)
        #expect(try text(of: path) == "two\n")
        #expect(try folder.names() == ["records.jsonl"], "an empty file is not rotated")
    }

    @Test func pieceOfALineThatSomebodyElseLeftIsCutOff() throws {
        let file = file()
        #expect(file.append("one\n") == nil)
        try overwrite(path, at: 4, with: [UInt8]("theirs\npiece".utf8))
        #expect(file.append("two\n") == nil)
        #expect(try text(of: path) == "one\ntheirs\ntwo\n")
    }

    @Test func fullDeviceIsAFailureThatTheNextTryMends() throws {
        try FileManager.default.createSymbolicLink(
            atPath: path, withDestinationPath: "/dev/full")
        let file = file()
        #expect(
            file.append("one\n")?.description
                == "write \(path): No space left on device (errno 28)")
        try Path.remove(path)
        #expect(file.append("one\n") == nil)
        #expect(file.failure == nil)
        #expect(try text(of: path) == "one\n")
    }

    @Test func appendThatFoundNoRoomForItsEndComesAgainWithoutPartOrRepeat() async throws {
        await #expect(processExitsWith: .success) { [path = path as String] in
            let file = LineFile(
                settings: LineFileSettings(
                    path: path, rotateBytes: 1_000, rotateKeep: 1, bufferBytes: 100))
            #expect(file.append("one\n") == nil)
            // Two whole lines and a piece of the third fit.
            limitFileLength(4 + 4 + 6 + 2)
            for _ in 0..<2 {
                #expect(
                    file.append("two\nthree\nfour\n")
                        == SystemError(call: "write", subject: path, number: EFBIG))
                let before = try text(of: path)
                #expect(before == "one\n")
            }
            limitFileLength(1 << 20)
            #expect(file.append("two\nthree\nfour\n") == nil)
            let after = try text(of: path)
            #expect(after == "one\ntwo\nthree\nfour\n")
        }
    }

    @Test func fileThatWasRenamedAfterAFailureHasNoPieceInIt() async throws {
        await #expect(processExitsWith: .success) { [path = path as String] in
            let file = LineFile(
                settings: LineFileSettings(
                    path: path, rotateBytes: 1_000, rotateKeep: 1, bufferBytes: 100))
            #expect(file.append("one\n") == nil)
            limitFileLength(4 + 4 + 2)
            #expect(file.append("two\nthree\n")?.number == EFBIG)
            try FileManager.default.moveItem(atPath: path, toPath: "\(path).old")
            #expect(file.append("two\n") == nil)
            let ours = try text(of: path)
            #expect(ours == "two\n")
            let theirs = try text(of: "\(path).old")
            #expect(theirs == "one\n")
        }
    }

    @Test(arguments: [(0, 1), (1, 0)])
    func sinkThatKeepsOrTakesNothingIsABug(_ keep: Int, _ bytes: Int) async {
        await #expect(processExitsWith: .failure) { [keep, bytes] in
            _ = LineFileSettings(path: "x", rotateBytes: 1, rotateKeep: keep, bufferBytes: bytes)
        }
    }
}

extension LineFile {
    /// Appends the text; answers what went wrong.
    fileprivate func append(_ text: String) -> SystemError? {
        prepare { $0.append(text: text) }
        perform()
        return failure
    }
}
