import Testing
import Vitals

/// A packet put together from its flags by the drawing of the standard, field by field, and
/// what each of its prefixes is worth.
struct FlaggedPacket: CustomStringConvertible {
    let flags: UInt8
    let intervalCount: Int

    var description: String { "flags \(flags) with \(intervalCount) intervals" }

    /// All 256 values of the flags (32 combinations of bits 0-4, each with every setting of the
    /// reserved bits 5-7), with each number of intervals that they allow.
    static let all: [FlaggedPacket] = (UInt8.min...UInt8.max).flatMap { flags in
        (flags & 0x10 == 0 ? 0...0 : 0...9).map { FlaggedPacket(flags: flags, intervalCount: $0) }
    }

    private var isWide: Bool { flags & 0x01 != 0 }
    private var hasEnergy: Bool { flags & 0x08 != 0 }
    private var rate: UInt16 { isWide ? 300 : 89 }
    private static let energy: UInt16 = 0x0BB8
    private static func interval(_ index: Int) -> UInt16 { 0x0300 + UInt16(index) }

    /// Offset of the first byte behind the value.
    private var valueEnd: Int { isWide ? 3 : 2 }
    /// Offset of the first byte behind the fields of a fixed length.
    private var fixedEnd: Int { valueEnd + (hasEnergy ? 2 : 0) }

    var bytes: [UInt8] {
        var bytes = [flags, UInt8(truncatingIfNeeded: rate)]
        if isWide { bytes.append(UInt8(rate >> 8)) }
        if hasEnergy { bytes += [0xB8, 0x0B] }
        for index in 0..<intervalCount { bytes += [UInt8(index), 0x03] }
        return bytes
    }

    private func measurement(intervalCount: Int) -> HeartRateMeasurement {
        let contact: SensorContact
        switch flags & 0x06 {
        case 0x04: contact = .notDetected
        case 0x06: contact = .detected
        default: contact = .notSupported
        }
        return HeartRateMeasurement(
            beatsPerMinute: rate, contact: contact,
            energyKilojoules: hasEnergy ? Self.energy : nil,
            rrIntervals: intervals((0..<intervalCount).map(Self.interval)))
    }

    /// What the first `length` bytes are worth. The only prefixes that are legal themselves are
    /// those cut between two intervals: nothing in the packet says how many there are.
    func worth(ofPrefix length: Int) -> Result<HeartRateMeasurement, HeartRateError> {
        if length == 0 { return .failure(.empty) }
        if length < valueEnd { return .failure(.truncated(field: .heartRate, length: length)) }
        if length < fixedEnd {
            return .failure(.truncated(field: .energyExpended, length: length))
        }
        if (length - fixedEnd) % 2 == 1 {
            return .failure(.truncated(field: .rrInterval, length: length))
        }
        return .success(measurement(intervalCount: (length - fixedEnd) / 2))
    }
}

/// All combinations of flags, whole, cut and too long.
struct HeartRateFlagsTests {
    @Test func tableHoldsEveryCombination() {
        // 128 flags without intervals, and 128 with 0 to 9 of them.
        #expect(FlaggedPacket.all.count == 128 + 128 * 10)
    }

    @Test func everyCombinationOfFlagsIsDecoded() {
        for packet in FlaggedPacket.all {
            let bytes = packet.bytes
            #expect(outcome(bytes) == packet.worth(ofPrefix: bytes.count), "\(packet)")
        }
    }

    @Test func everyTruncationIsNamedUnlessItEndsBetweenIntervals() {
        var legal = 0
        for packet in FlaggedPacket.all {
            let bytes = packet.bytes
            for length in 0..<bytes.count {
                let expected = packet.worth(ofPrefix: length)
                if case .success = expected { legal += 1 }
                let prefix = [UInt8](bytes.prefix(length))
                if outcome(prefix) != expected {
                    Issue.record("\(packet) cut to \(length): \(outcome(prefix))")
                }
            }
        }
        // A packet of n intervals has n prefixes that are a packet of fewer: 0 + … + 9 = 45.
        #expect(legal == 128 * 45)
    }

    @Test func bytesBehindTheLastFieldAreRefusedWithTheirNumber() {
        for packet in FlaggedPacket.all where packet.flags & 0x10 == 0 {
            for count in 1...20 {
                let bytes = packet.bytes + [UInt8](repeating: 0, count: count)
                #expect(outcome(bytes) == .failure(.trailingBytes(count: count)), "\(packet)")
            }
        }
    }

    @Test func moreThanNineIntervalsAreRefusedWithTheirNumber() {
        for packet in FlaggedPacket.all where packet.intervalCount == 9 {
            for count in [10, 11, 12, 120, 250] {
                let more = [UInt8](repeating: 3, count: 2 * (count - 9))
                let bytes = packet.bytes + more
                #expect(outcome(bytes) == .failure(.tooManyIntervals(count: count)), "\(packet)")
            }
        }
    }

    @Test func oddByteBehindNineIntervalsIsATruncatedTenth() {
        for packet in FlaggedPacket.all where packet.intervalCount == 9 {
            let bytes = packet.bytes + [3]
            let expected = HeartRateError.truncated(field: .rrInterval, length: bytes.count)
            #expect(outcome(bytes) == .failure(expected), "\(packet)")
        }
    }

    @Test func reservedFlagsChangeNothing() {
        for packet in FlaggedPacket.all where packet.flags < 0x20 {
            var bytes = packet.bytes
            let plain = outcome(bytes)
            for reserved in UInt8(1)...7 {
                bytes[0] = packet.flags | reserved << 5
                #expect(outcome(bytes) == plain, "\(packet)")
            }
        }
    }
}
