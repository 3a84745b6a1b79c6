import Configuration
import Foundation
import Testing

/// Files on a disk, each test in a folder of its own.
@Suite struct ConfigurationLoaderTests {
    private let small = "[gateway]\ndata = /data\n[input]\ntype = stdin\n"

    @Test func theMainFileAndItsDropInsAreRead() throws {
        try withFolder { folder in
            try write(folder + "/p.conf", small + "[alarm]\nhigh = 140\n")
            try makeFolder(folder + "/p.conf.d")
            try write(folder + "/p.conf.d/9.conf", "[alarm]\nhigh = 130\n")
            try write(folder + "/p.conf.d/10.conf", "[alarm]\nhigh = 120\nonset_delay = 1s\n")
            let configuration = try Configuration.load(from: folder + "/p.conf", hostName: "a")
            // 10.conf comes before 9.conf, which has the last word.
            #expect(configuration.alarm.highBeatsPerMinute == 130)
            #expect(configuration.alarm.onsetDelayNanoseconds == 1_000_000_000)
            #expect(configuration.deviceID == "a")
        }
    }

    @Test func everyFileThatCannotBeReadIsReportedWithTheMistakesOfTheOthers() throws {
        try withFolder { folder in
            try makeFolder(folder + "/p.conf.d")
            try makeFolder(folder + "/p.conf.d/1.conf")
            try write(folder + "/p.conf.d/2.conf", "[alarm]\nhigh = 1\n")
            let error = #expect(throws: ConfigurationError.self) {
                try Configuration.load(from: folder + "/p.conf", hostName: "a")
            }
            #expect(
                error?.description == """
                    \(folder)/p.conf: cannot be read: No such file or directory; \
                    create it, or name another with --config
                    \(folder)/p.conf.d/1.conf: cannot be read: Is a directory; \
                    make it readable for this user
                    \(folder)/p.conf.d/2.conf:2: [alarm] high = 1: is below the range; \
                    write a number from 30 to 300 (beats per minute)
                    """)
        }
    }

    @Test func aFileThatIsTooLongOrNoFolderHasItsWords() throws {
        try withFolder { folder in
            try write(folder + "/p.conf", String(repeating: "#", count: 1_048_577))
            try write(folder + "/p.conf.d", "")
            let error = #expect(throws: ConfigurationError.self) {
                try Configuration.load(from: folder + "/p.conf", hostName: "a")
            }
            #expect(
                error?.description == """
                    \(folder)/p.conf.d: cannot be read: Not a directory; \
                    make it a readable folder, or remove it
                    \(folder)/p.conf: cannot be read: longer than 1048576 bytes; \
                    is it the right file?
                    """)
        }
    }
}

private func write(_ path: String, _ content: String) throws {
    try content.write(toFile: path, atomically: false, encoding: .utf8)
}

private func makeFolder(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
}

/// Gives `body` a new folder, and removes it afterwards.
private func withFolder(_ body: (String) throws -> Void) throws {
    let folder =
        FileManager.default.temporaryDirectory.path + "/configuration-\(UUID().uuidString)"
    try makeFolder(folder)
    let result = Result { try body(folder) }
    try FileManager.default.removeItem(atPath: folder)
    try result.get()
}
