import RecordRing
import TestSupport
import Testing
import Vitals

/// Records of the other sensors, and of kinds that are not known yet.
struct VitalRecordTests {
    private static let golden = hex(
        "89495E74",  // CRC-32C
        "01 03 01 00",  // layout version, kind, clock state, 0
        "0E48000000000000",  // sequence 18446
        "8016A5DAFA390600",  // wall clock
        "74F3C8F4E5000000",  // monotonic clock
        "EFCDAB8967452301 1032547698BADCFE",  // boot id
        "C96A94B1",  // session
        "11 44343A34413A43343A42303A32343A3033 000000000000",  // length and name
        "13",  // length of the notification
        "1E 7800 5000 5D00 E907070F13090C 3E00 01 0400",  // 0x2A35
        "0000000000000000000000000000000000000000000000000000000000000000")

    private func record(_ measurement: VitalMeasurement) throws -> Record {
        var record = try exampleRecord()
        record.payload = .vital(measurement)
        return record
    }

    @Test func bloodPressureIsWrittenAndReadAsTheLayoutIsDrawn() throws {
        let record = try record(exampleVitals()[0])
        #expect(slot(record) == Self.golden)
        #expect(decode(Self.golden) == .success(record))
    }

    @Test func everyKindHasItsNumberAndIsReadBack() throws {
        for (index, measurement) in exampleVitals().enumerated() {
            let record = try record(measurement)
            let bytes = slot(record)
            #expect(bytes[5] == UInt8(index + 3))
            #expect(decode(bytes) == .success(record))
        }
    }

    @Test func notificationThatDoesNotDecodeIsRefusedByName() throws {
        for measurement in exampleVitals() {
            let whole = slot(try record(measurement))
            for length in (0..<whole[76]) + [21, 52, 255] {
                var bytes = whole
                bytes[76] = length
                #expect(decode(sealed(bytes)) == .failure(.field(.measurement)))
            }
        }
    }

    @Test func sealedFuzzNeverTrapsAndWhatIsAcceptedIsReadBack() throws {
        var random = SeededRandom()
        var accepted = 0
        for measurement in exampleVitals() {
            let whole = slot(try record(measurement))
            for _ in 0..<10_000 {
                var bytes = whole
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: 76..<98, using: &random)] = UInt8.random(
                        in: 0...255, using: &random)
                }
                guard case .success(let record) = decode(sealed(bytes)) else { continue }
                accepted += 1
                if decode(slot(record)) != .success(record) {
                    Issue.record("\(bytes), seed \(random.seed)")
                    return
                }
            }
        }
        #expect(accepted > 1_000)
    }

    /// What a version from before these kinds finds, with kinds that are to come.
    @Test func everyUnknownKindIsNamedAndIsNoDamage() throws {
        let geometry = RingGeometry(slotCount: 100)
        var recovery = RingRecovery(geometry: geometry)
        for kind in [UInt8(0)] + Array(13...UInt8.max) {
            var bytes = slot(try exampleRecord(sequence: 18_446))
            bytes[5] = kind
            bytes = sealed(bytes)
            #expect(decode(bytes) == .failure(.unknownKind(kind)))
            let content = SlotContent(of: bytes.span, slot: 46, geometry: geometry)
            #expect(content == .unreadable(.unknown(layout: 1, kind: kind)))
            recovery.examine(bytes.span, slot: 46)
        }
        #expect(recovery.damagedCount + recovery.tornCount == 0)
        #expect(recovery.recordCount == 244)
        #expect(recovery.highest == 18_446, "its sequence is not given to another record")
    }
}
