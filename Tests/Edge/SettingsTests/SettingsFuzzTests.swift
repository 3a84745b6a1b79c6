import Settings
import TestSupport
import Testing

/// Random and damaged files: whatever comes, an answer within the limits and no trap.
@Suite struct SettingsFuzzTests {
    /// A file with one of everything that the dialect has.
    private let sample = Array(
        """
        # a comment
        [gateway]
        data = /var/lib/pulsegate ; behind a value
          device_id: bed-12

        [sink  site]
        type = file
        path = /a/b=c;d
        """.utf8)

    @Test func randomBytesNeverTrap() {
        var random = SeededRandom()
        for _ in 0..<2_000 {
            check(random.bytes(Int.random(in: 0...600, using: &random)))
        }
    }

    @Test func randomWordsOfTheDialectNeverTrap() {
        var random = SeededRandom()
        let words = [
            "[", "]", "=", ":", ";", "#", " ", "\t", "\n", "\r", "\u{0}", "a", "bc", "é", "=1\n",
            String(repeating: "x", count: 60), "\u{FEFF}", "\"",
        ]
        for _ in 0..<5_000 {
            let count = Int.random(in: 0...40, using: &random)
            check(
                (0..<count).flatMap { _ in Array((words.randomElement(using: &random) ?? "").utf8) }
            )
        }
    }

    @Test func mutatedFilesNeverTrap() {
        var random = SeededRandom()
        for _ in 0..<5_000 {
            var bytes = sample
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.insert(contentsOf: bytes[place...].prefix(30), at: place)
                case 2: bytes.removeSubrange(place..<min(bytes.count, place + 5))
                default: bytes.swapAt(place, bytes.count / 2)
                }
                if bytes.isEmpty { bytes = [0x0A] }
            }
            check(bytes)
        }
    }

    @Test func aMebibyteOfAnyByteIsRead() {
        for byte in [UInt8(ascii: "["), UInt8(ascii: "="), UInt8(ascii: "\n"), 0, 0x20, 0xFF] {
            check([UInt8](repeating: byte, count: SettingsFile.limit))
        }
    }

    /// The invariants of a document, whatever it was made of.
    private func check(_ bytes: [UInt8]) {
        let document = SettingsDocument.parse(bytes, file: "f")
        let lines = bytes.count { $0 == 0x0A } + 1
        let titles = Set(document.headings.map(\.title) + [""])
        let keys = document.entries.map { [$0.section, $0.key] }
        #expect(Set(keys).count == keys.count, "\(bytes)")
        #expect(document.entries.allSatisfy { titles.contains($0.section) }, "\(bytes)")
        #expect(document.entries.allSatisfy { 1...lines ~= $0.line && !$0.key.isEmpty }, "\(bytes)")
        #expect(document.entries.map(\.line) == document.entries.map(\.line).sorted(), "\(bytes)")
        #expect(document.problems.count <= SettingsDocument.problemLimit + 1, "\(bytes)")
        #expect(document.problems.allSatisfy { 0...lines ~= $0.line }, "\(bytes)")
    }
}
