import Bytes
import TestSupport
import Testing
import Vitals

/// Decodes an array, as an edge decodes what it received.
func decode(_ packet: [UInt8]) throws(HeartRateError) -> HeartRateMeasurement {
    try HeartRateMeasurement(decoding: packet.span)
}

/// The same as a value that a test can compare.
func outcome(_ packet: [UInt8]) -> Result<HeartRateMeasurement, HeartRateError> {
    do {
        return .success(try decode(packet))
    } catch {
        return .failure(error)
    }
}

func intervals(_ values: [UInt16]) -> RRIntervals {
    var intervals = RRIntervals()
    for value in values { intervals.append(value) }
    return intervals
}

func encode(_ measurement: HeartRateMeasurement) -> [UInt8] {
    appended { measurement.encode(into: &$0) }
}

/// Packets written out byte by byte, and what they say.
struct HeartRateMeasurementTests {
    struct Case: Sendable {
        let packet: [UInt8]
        let measurement: HeartRateMeasurement
    }

    static let cases = [
        Case(packet: [0x00, 0x59], measurement: HeartRateMeasurement(beatsPerMinute: 89)),
        Case(packet: [0x00, 0x00], measurement: HeartRateMeasurement(beatsPerMinute: 0)),
        Case(packet: [0x00, 0xFF], measurement: HeartRateMeasurement(beatsPerMinute: 255)),
        // 300 = 0x012C: a reader of byte 1 alone sees 44.
        Case(packet: [0x01, 0x2C, 0x01], measurement: HeartRateMeasurement(beatsPerMinute: 300)),
        Case(packet: [0x01, 0x59, 0x00], measurement: HeartRateMeasurement(beatsPerMinute: 89)),
        Case(packet: [0x02, 0x59], measurement: HeartRateMeasurement(beatsPerMinute: 89)),
        Case(
            packet: [0x04, 0x00],
            measurement: HeartRateMeasurement(beatsPerMinute: 0, contact: .notDetected)),
        Case(
            packet: [0x06, 0x59],
            measurement: HeartRateMeasurement(beatsPerMinute: 89, contact: .detected)),
        Case(
            packet: [0x08, 0x59, 0x0C, 0x00],
            measurement: HeartRateMeasurement(beatsPerMinute: 89, energyKilojoules: 12)),
        Case(
            packet: [0x10, 0x59, 0xB0, 0x02, 0xAC, 0x02],
            measurement: HeartRateMeasurement(
                beatsPerMinute: 89, rrIntervals: intervals([688, 684]))),
        Case(
            packet: [0x1F, 0x2C, 0x01, 0x34, 0x12, 0xB0, 0x02],
            measurement: HeartRateMeasurement(
                beatsPerMinute: 300, contact: .detected, energyKilojoules: 0x1234,
                rrIntervals: intervals([688]))),
    ]

    @Test(arguments: cases)
    func packetSaysWhatIsWrittenInIt(_ known: Case) {
        #expect(outcome(known.packet) == .success(known.measurement))
    }

    @Test func threeHundredBeatsAreSentAsSixteenBits() {
        #expect(encode(HeartRateMeasurement(beatsPerMinute: 300)) == [0x01, 0x2C, 0x01])
    }

    @Test func valueGrowsToSixteenBitsAbove255() {
        #expect(encode(HeartRateMeasurement(beatsPerMinute: 255)) == [0x00, 0xFF])
        #expect(encode(HeartRateMeasurement(beatsPerMinute: 256)) == [0x01, 0x00, 0x01])
    }

    @Test func fullMeasurementIsEncodedByteForByte() {
        let measurement = HeartRateMeasurement(
            beatsPerMinute: 300, contact: .detected, energyKilojoules: 0x1234,
            rrIntervals: intervals([688, 684]))
        #expect(
            encode(measurement) == [
                0x1F, 0x2C, 0x01, 0x34, 0x12, 0xB0, 0x02, 0xAC, 0x02,
            ])
    }

    @Test func largestMeasurementFillsTheDefaultAttributeSize() {
        // ATT_MTU 23 leaves 20 bytes of value; a u8 value with 9 intervals is exactly that.
        let measurement = HeartRateMeasurement(
            beatsPerMinute: 180, rrIntervals: intervals([UInt16](repeating: 341, count: 9)))
        #expect(encode(measurement).count == 20)
    }

    @Test func measurementThatDoesNotFitIsSeenInTheBuffer() {
        var buffer = FixedBuffer(capacity: 4)
        HeartRateMeasurement(beatsPerMinute: 300, energyKilojoules: 1).encode(into: &buffer)
        let overflowed = buffer.overflowed
        #expect(overflowed)
    }

    @Test func everyMeasurementSurvivesEncodeAndDecode() {
        var random = SeededRandom()
        for _ in 0..<20_000 {
            let measurement = randomMeasurement(&random)
            let packet = encode(measurement)
            guard outcome(packet) == .success(measurement) else {
                Issue.record("\(measurement) came back as \(outcome(packet)), seed \(random.seed)")
                return
            }
        }
    }

    @Test func randomPacketIsRefusedOrSurvivesEncoding() {
        var random = SeededRandom()
        var accepted = 0
        for _ in 0..<250_000 {
            let packet = random.bytes(Int.random(in: 0...24, using: &random))
            guard case .success(let measurement) = outcome(packet) else { continue }
            accepted += 1
            let again = outcome(encode(measurement))
            guard again == .success(measurement) else {
                Issue.record("\(packet) came back as \(again), seed \(random.seed)")
                return
            }
        }
        #expect(accepted > 10_000, "the fuzz must reach the accepting paths")
    }

    private func randomMeasurement(_ random: inout SeededRandom) -> HeartRateMeasurement {
        var measurement = HeartRateMeasurement(
            beatsPerMinute: UInt16.random(in: 0...UInt16.max, using: &random),
            contact: [.notSupported, .notDetected, .detected].randomElement(using: &random)
                ?? .detected,
            energyKilojoules: Bool.random(using: &random)
                ? UInt16.random(in: 0...UInt16.max, using: &random) : nil)
        if Bool.random(using: &random) { measurement.beatsPerMinute &= 0xFF }
        for _ in 0..<Int.random(in: 0...RRIntervals.limit, using: &random) {
            measurement.rrIntervals.append(UInt16.random(in: 0...UInt16.max, using: &random))
        }
        return measurement
    }
}
