import SensorLink
import TestSupport
import Testing

/// Names of devices, cut where they do not fit.
struct DeviceNameTests {
    private func text(_ name: DeviceName) -> String {
        let bytes = name.bytes
        return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }

    @Test func nameThatFitsIsKept() {
        for name in ["", "Polar H10 12345678", String(repeating: "x", count: 32), "Gerät 心 ♥"] {
            #expect(text(DeviceName(name)) == name)
            #expect(text(DeviceName(Array(name.utf8).span)) == name)
            #expect(DeviceName(name).count == name.utf8.count)
        }
        #expect(text(DeviceName()) == "")
    }

    @Test func longNameIsCutBeforeTheCharacterThatDoesNotFit() {
        for (character, kept) in [("x", 32), ("ä", 16), ("心", 10), ("🫀", 8)] {
            for length in kept + 1...kept + 40 {
                let long = String(repeating: character, count: length)
                #expect(text(DeviceName(long)) == String(repeating: character, count: kept))
            }
        }
    }

    /// A character of two to four bytes that begins at each of the last places.
    @Test func characterAtTheEndIsKeptWholeOrNotAtAll() {
        for character in ["ä", "心", "🫀"] {
            for front in 27...32 {
                let name = String(repeating: "x", count: front) + character
                let fits = name.utf8.count <= 32
                #expect(
                    text(DeviceName(name)) == (fits ? name : String(repeating: "x", count: front)))
            }
        }
    }

    @Test func endlessNameIsCut() {
        #expect(text(DeviceName(String(repeating: "ä", count: 100_000))).utf8.count == 32)
    }

    /// A device may send what is no UTF-8: nothing is cut but what does not fit.
    @Test func bytesThatAreNoTextDoNotTrap() {
        var random = SeededRandom()
        for _ in 0..<20_000 {
            let bytes = random.bytes(Int.random(in: 0...64, using: &random))
            let name = DeviceName(bytes.span)
            let isPrefix = name.bytes.indices.allSatisfy { name.bytes[$0] == bytes[$0] }
            guard name.count <= min(32, bytes.count), isPrefix,
                bytes.count > 32 || name.count == bytes.count
            else {
                Issue.record("\(bytes), seed \(random.seed)")
                return
            }
        }
        // 33 bytes that all go on with a character which never began.
        #expect(DeviceName([UInt8](repeating: 0x80, count: 33).span).count == 0)
    }

    @Test func namesAreEqualWhenTheirBytesAre() {
        #expect(DeviceName("H10") == DeviceName(Array("H10".utf8).span))
        #expect(DeviceName("H10") != DeviceName("H9"))
        #expect(DeviceName("H1") != DeviceName("H10"))
        #expect(DeviceName("") == DeviceName())
        let long = String(repeating: "x", count: 32)
        #expect(DeviceName(long) == DeviceName(long + "y"), "both are cut to the same")
    }
}
