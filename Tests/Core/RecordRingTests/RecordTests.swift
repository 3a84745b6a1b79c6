import RecordRing
import TestSupport
import Testing
import Time
import Vitals

/// The layout of a record on the card: the bytes are a promise to the next version.
struct RecordTests {
    private static let golden = hex(
        "738FF3D2",  // CRC-32C
        "01 01 01 00",  // layout version, kind, clock state, 0
        "0E48000000000000",  // sequence 18446
        "8016A5DAFA390600",  // wall clock
        "74F3C8F4E5000000",  // monotonic clock
        "EFCDAB8967452301 1032547698BADCFE",  // boot id
        "C96A94B1",  // session
        "11 44343A34413A43343A42303A32343A3033 000000000000",  // length and name
        "5900 03 01 0C00 02 00",  // bpm, contact, energy's bit and value, number of RR, 0
        "B002 AC02 0000 0000 0000 0000 0000 0000 0000",  // RR intervals
        "0000000000000000000000000000000000000000000000000000")

    @Test func exampleIsWrittenAsTheLayoutIsDrawn() throws {
        #expect(slot(try exampleRecord()) == Self.golden)
    }

    @Test func exampleIsReadAsTheLayoutIsDrawn() throws {
        #expect(decode(Self.golden) == .success(try exampleRecord()))
    }

    @Test func leastRecordIsReadBack() throws {
        let record = Record(
            sequence: 0, time: Moment(monotonicNanoseconds: 0, wallMicroseconds: 0),
            clock: .unsynced, boot: BootID(high: 0, low: 0), session: 0, sensor: try name(""),
            payload: .heartRate(HeartRateMeasurement(beatsPerMinute: 0)))
        #expect(decode(slot(record)) == .success(record))
    }

    @Test func randomRecordsAreReadBack() throws {
        var random = SeededRandom()
        for _ in 0..<3_000 {
            let record = try randomRecord(sequence: random.next(), &random)
            if decode(slot(record)) != .success(record) {
                Issue.record("\(record), seed \(random.seed)")
                return
            }
        }
    }

    @Test func energyOfZeroIsNotItsAbsence() throws {
        var record = try exampleRecord()
        for energy in [nil, 0, UInt16.max] {
            record.payload = .heartRate(
                HeartRateMeasurement(beatsPerMinute: 89, energyKilojoules: energy))
            #expect(decode(slot(record)) == .success(record))
        }
    }

    @Test func zerosAreASlotThatWasNeverWritten() {
        #expect(decode([UInt8](repeating: 0, count: 128)) == .failure(.empty))
    }

    @Test(arguments: [0x01, 0xFF] as [UInt8])
    func anyOtherConstantIsNoRecord(_ byte: UInt8) {
        #expect(decode([UInt8](repeating: byte, count: 128)) == .failure(.checksum))
    }

    @Test func everyFlippedBitIsRefused() {
        for bit in 0..<8 * Record.slotBytes {
            var bytes = Self.golden
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(decode(bytes) == .failure(.checksum), "bit \(bit)")
        }
    }

    @Test func twoToFiveFlippedBitsAreRefused() {
        // CRC-32C finds every 5 wrong bits within 655 bytes (P. Koopman, "32-Bit Cyclic
        // Redundancy Codes for Internet Applications", 2002: Hamming distance 6).
        var random = SeededRandom()
        for _ in 0..<20_000 {
            var bytes = Self.golden
            for _ in 0..<Int.random(in: 2...5, using: &random) {
                let bit = Int.random(in: 0..<8 * Record.slotBytes, using: &random)
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            }
            if bytes != Self.golden, decode(bytes) != .failure(.checksum) {
                Issue.record("\(bytes), seed \(random.seed)")
            }
        }
    }

    @Test func writeTornAtAnyByteIsRefused() throws {
        var random = SeededRandom()
        let older = slot(try randomRecord(sequence: 5, &random))
        for length in 1..<Record.slotBytes {
            for behind in [older, [UInt8](repeating: 0, count: 128)] {
                let torn = [UInt8](Self.golden.prefix(length) + behind.dropFirst(length))
                // The last bytes of a record are zeros, and the first may be the same as those
                // of the record before: such a cut leaves one of the two whole.
                if torn == Self.golden || torn == behind { continue }
                #expect(decode(torn) == .failure(.checksum), "\(length), seed \(random.seed)")
            }
        }
    }

    @Test(
        arguments: [
            (4, 0, .layoutVersion(0)), (4, 2, .layoutVersion(2)), (4, 255, .layoutVersion(255)),
            (5, 0, .unknownKind(0)), (5, 13, .unknownKind(13)), (6, 2, .field(.clock)),
            (6, 255, .field(.clock)), (52, 24, .field(.sensor)), (52, 255, .field(.sensor)),
            (53, 0xFF, .field(.sensor)), (69, 0xC3, .field(.sensor)),
            (78, 1, .field(.contact)), (78, 4, .field(.contact)), (82, 10, .field(.intervals)),
            (82, 255, .field(.intervals)),
        ] as [(Int, UInt8, RecordError)])
    func fieldWithAnUnknownValueIsRefusedByName(
        _ offset: Int, _ value: UInt8, _ error: RecordError
    ) {
        var bytes = Self.golden
        bytes[offset] = value
        #expect(decode(sealed(bytes)) == .failure(error))
        bytes[0] ^= 1
        #expect(decode(bytes) == .failure(.checksum))
    }

    @Test func sealedFuzzNeverTrapsAndWhatIsAcceptedIsReadBack() throws {
        var random = SeededRandom()
        var accepted = 0
        for _ in 0..<30_000 {
            var bytes = Self.golden
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let offset = Int.random(in: 4..<Record.slotBytes, using: &random)
                bytes[offset] = UInt8.random(in: 0...255, using: &random)
            }
            guard case .success(let record) = decode(sealed(bytes)) else { continue }
            accepted += 1
            if decode(slot(record)) != .success(record) {
                Issue.record("\(bytes), seed \(random.seed)")
                return
            }
        }
        #expect(accepted > 1_000, "the fuzz must reach the accepting path")
    }

    @Test func randomSlotsAreRefused() {
        var random = SeededRandom()
        for _ in 0..<10_000 {
            let bytes = random.bytes(Record.slotBytes)
            // One in 2^32 would pass its checksum.
            #expect(decode(bytes) == .failure(.checksum), "seed \(random.seed)")
        }
    }

    @Test func sliceThatIsNoSlotIsAMistakeOfTheCaller() async {
        await #expect(processExitsWith: .failure) {
            _ = decode([UInt8](repeating: 0, count: 127))
        }
    }
}
