import Bytes
import Linux
import TestSupport
import Testing

/// The checksum by the CPU's instruction, beside the tables. `use` itself belongs to the start of
/// a process: the tests that run beside this one would see it.
struct CRC32CInstructionTests {
    @Test(.enabled(if: CRC32CInstruction.isAvailable, "this CPU has no CRC-32C"))
    func everyLengthAndPlaceAgreesWithTheTables() {
        var random = SeededRandom()
        let bytes = random.bytes(1_040)
        for length in [Int](0...140) + [511, 512, 1_020] {
            for start in 0..<16 {
                let part = bytes.span.extracting(start..<start + length)
                #expect(
                    CRC32CInstruction.checksum(part) == CRC32C.tableChecksum(part),
                    "\(length) bytes from \(start), seed \(random.seed)")
            }
        }
    }

    @Test(.enabled(if: CRC32CInstruction.isAvailable, "this CPU has no CRC-32C"))
    func checkValueOfTheStandard() {
        let digits = [UInt8]("123456789".utf8)
        #expect(CRC32CInstruction.checksum(digits.span) == 0xE306_9283)
    }
}
