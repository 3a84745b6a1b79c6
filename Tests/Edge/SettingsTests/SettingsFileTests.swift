import Foundation
import Settings
import Testing

/// Files on a disk, each test in a folder of its own.
@Suite struct SettingsFileTests {
    @Test func aFileIsReadWhole() throws {
        try withFolder { folder in
            let content = Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
            try write(folder + "/a.conf", content)
            #expect(try SettingsFile.read(folder + "/a.conf") == Array(content))
        }
    }

    @Test func aFileOfTheLimitIsReadAndOneByteMoreIsRefused() throws {
        try withFolder { folder in
            try write(folder + "/a", Data(count: SettingsFile.limit))
            try write(folder + "/b", Data(count: SettingsFile.limit + 1))
            #expect(try SettingsFile.read(folder + "/a").count == SettingsFile.limit)
            let error = #expect(throws: SettingsFileError.self) {
                try SettingsFile.read(folder + "/b")
            }
            #expect(error?.description == "\(folder)/b: longer than 1048576 bytes")
            #expect(error?.isAbsence == false)
        }
    }

    @Test func whatCannotBeReadSaysWhy() throws {
        try withFolder { folder in
            let none = #expect(throws: SettingsFileError.self) {
                try SettingsFile.read(folder + "/none")
            }
            #expect(none?.description == "\(folder)/none: No such file or directory")
            #expect(none?.isAbsence == true)
            let directory = #expect(throws: SettingsFileError.self) {
                try SettingsFile.read(folder)
            }
            #expect(directory?.words == "Is a directory")
        }
    }

    @Test func dropInsComeInByteOrderAndOnlyThoseForUs() throws {
        try withFolder { folder in
            try FileManager.default.createDirectory(
                atPath: folder + "/p.conf.d", withIntermediateDirectories: false)
            let names = [
                "b.conf", "10-site.conf", "9.conf", "B.conf", ".hidden.conf", "c.conf.bak",
            ]
            for name in names { try write(folder + "/p.conf.d/\(name)", Data()) }
            let wanted = ["10-site.conf", "9.conf", "B.conf", "b.conf"]
            #expect(
                try SettingsFile.dropIns(of: folder + "/p.conf")
                    == wanted.map { "\(folder)/p.conf.d/\($0)" })
        }
    }

    @Test func noFolderMeansNoDropIns() throws {
        try withFolder { folder in
            let paths = try SettingsFile.dropIns(of: folder + "/p.conf")
            #expect(paths == [])
        }
    }

    @Test func aFileInPlaceOfTheFolderIsAnError() throws {
        try withFolder { folder in
            try write(folder + "/p.conf.d", Data())
            let error = #expect(throws: SettingsFileError.self) {
                try SettingsFile.dropIns(of: folder + "/p.conf")
            }
            #expect(error?.description == "\(folder)/p.conf.d: Not a directory")
        }
    }
}

private func write(_ path: String, _ content: Data) throws {
    try content.write(to: URL(fileURLWithPath: path))
}

/// Gives `body` a new folder, and removes it afterwards.
private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/settings-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let result = Result { try body(folder) }
    try FileManager.default.removeItem(atPath: folder)
    try result.get()
}
