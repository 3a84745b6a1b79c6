import RecordRing
import TestSupport
import Testing

/// Names of sensors and sinks.
struct SensorNameTests {
    private func bytes(_ name: SensorName) -> [UInt8] { [UInt8](copying: name.bytes) }

    private func fromBytes(_ bytes: [UInt8]) -> SensorName? { SensorName(bytes.span) }

    @Test func nameIsItsUTF8() throws {
        #expect(bytes(try name("D4:4A")) == [0x44, 0x34, 0x3A, 0x34, 0x41])
        #expect(bytes(try name("♥")) == [0xE2, 0x99, 0xA5])
        #expect(bytes(try name("")) == [])
    }

    @Test func twentyThreeBytesFitAndNotOneMore() {
        #expect(SensorName(String(repeating: "x", count: 23))?.count == 23)
        #expect(SensorName(String(repeating: "x", count: 24)) == nil)
        #expect(SensorName(String(repeating: "♥", count: 7))?.count == 21)
        #expect(SensorName(String(repeating: "♥", count: 8)) == nil)
        #expect(fromBytes([UInt8](repeating: 7, count: 23))?.count == 23)
        #expect(fromBytes([UInt8](repeating: 7, count: 24)) == nil)
    }

    @Test func textAndBytesGiveTheSameName() throws {
        let text = "gym-7 ♥"
        #expect(fromBytes([UInt8](text.utf8)) == (try name(text)))
    }

    /// It goes into JSON as it is: half a character would make the line no text at all.
    @Test(
        arguments: [
            [0xFF], [0xE2, 0x99], [0x61, 0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
        ] as [[UInt8]])
    func bytesThatAreNoUTF8AreNoName(_ bytes: [UInt8]) {
        #expect(fromBytes(bytes) == nil)
    }

    @Test func namesAreEqualByteForByte() throws {
        #expect(try name("a") == name("a"))
        #expect(try name("a") != name("b"))
        #expect(try name("a") != name("a\0"))
        #expect(try name("") != name("a"))
    }
}
