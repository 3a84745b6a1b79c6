import Foundation
import Glibc
import Linux
import Testing

struct PathTests {
    @Test(arguments: [
        ("/var/lib/pulsegate/ring", "/var/lib/pulsegate"), ("/ring", "/"), ("/", "/"),
        ("ring", "."), ("data/ring", "data"), ("./ring", "."), ("", "."),
    ])
    func folderOfAPathIsWhatLiesBeforeItsLastSlash(_ path: String, _ folder: String) {
        #expect(Path.folder(of: path) == folder)
    }

    @Test func foldersAreMadeForTheOwnerAndTheGroup() async {
        await #expect(processExitsWith: .success) {
            umask(0)
            let folder = try TemporaryFolder()
            try Path.makeFolders(folder.file("a/b/c"))
            for name in ["a", "a/b", "a/b/c"] {
                #expect(permissions(of: folder.file(name)) == 0o750)
            }
        }
    }

    @Test func foldersThatAreThereStay() throws {
        let folder = try TemporaryFolder()
        try Path.makeFolders(folder.file("a/b"))
        _ = try folder.file("a/b/kept", holding: "kept")
        try Path.makeFolders(folder.file("a/b"))
        try Path.makeFolders(folder.file("a/b/"))
        #expect(try text(of: folder.file("a/b/kept")) == "kept")
    }

    @Test func folderBelowAFileIsAnError() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("file", holding: "")
        let error = #expect(throws: SystemError.self) { try Path.makeFolders("\(path)/below") }
        #expect(error?.description == "mkdir \(path)/below: Not a directory (errno 20)")
    }

    @Test func removedFileIsGoneAndOneThatWasNeverThereIsNoError() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("file", holding: "")
        #expect(Path.exists(path))
        try Path.remove(path)
        #expect(!Path.exists(path))
        try Path.remove(path)
    }

    @Test func folderIsNotRemovedAsAFile() throws {
        let folder = try TemporaryFolder()
        #expect(throws: SystemError(call: "unlink", subject: folder.path, number: EISDIR)) {
            try Path.remove(folder.path)
        }
    }

    @Test func temporaryFolderIsItsOwnersAlone() throws {
        let one = try TemporaryFolder()
        let other = try TemporaryFolder()
        #expect(one.path != other.path)
        #expect(one.path.contains("/pulsegate-tests-"))
        #expect(permissions(of: one.path) == 0o700)
    }

    @Test func temporaryFolderLiesWhereTheEnvironmentSays() async throws {
        let folder = try TemporaryFolder()
        await #expect(processExitsWith: .success) { [path = folder.path as String] in
            #expect(unsafe setenv("TMPDIR", path, 1) == 0)
            let made = try Path.makeTemporaryFolder(prefix: "x-")
            #expect(Path.folder(of: made) == path)
            #expect(unsafe setenv("TMPDIR", "\(path)/missing", 1) == 0)
            let error = #expect(throws: SystemError.self) {
                try Path.makeTemporaryFolder(prefix: "x-")
            }
            #expect(
                error?.description
                    == "mkdtemp \(path)/missing: No such file or directory (errno 2)")
        }
        #expect(try folder.names().count == 1)
    }

    @Test func contentsAreTheWholeFileUpToItsLimit() throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let path = try folder.file("file", holding: bytes)
        let isWhole = try Path.contents(of: path, atMost: 200_000) == bytes
        #expect(isWhole)
        #expect(throws: SystemError(call: "read", subject: path, number: EFBIG)) {
            try Path.contents(of: path, atMost: 199_999)
        }
    }

    @Test func emptyFileHasNoContents() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("file", holding: "")
        #expect(try Path.contents(of: path, atMost: 0) == [])
    }
}
