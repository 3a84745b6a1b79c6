public import Bytes

/// What the strap's electrodes or the watch's optics say of the skin (flags bits 1 and 2).
public enum SensorContact: UInt8, Sendable {
    /// The sensor cannot tell (00 and 01).
    case notSupported = 0
    /// The sensor can tell, and there is no skin (10): its value is no heart rate.
    case notDetected = 2
    /// The sensor can tell, and there is skin (11).
    case detected = 3
}

/// The RR intervals of one notification, oldest first, each in 1/1024 s.
public struct RRIntervals: Equatable, Sendable {
    /// 9 is what a notification of the default ATT_MTU holds beside flags and a u8 value:
    /// 23 - 3 (ATT header) - 2 = 18 bytes (Heart Rate Service 1.0, section 3.1.1.4).
    public static let limit = 9

    private var values = InlineArray<9, UInt16>(repeating: 0)
    /// How many intervals there are, 0 to 9.
    public private(set) var count = 0

    public init() {}

    /// The interval at `index`, 0 being the oldest, in 1/1024 s.
    public subscript(index: Int) -> UInt16 {
        precondition(index >= 0 && index < count, "an interval is asked for that is there")
        return values[index]
    }

    /// Adds the next interval.
    @_noAllocation
    public mutating func append(_ interval: UInt16) {
        precondition(count < Self.limit, "a notification holds 9 intervals at most")
        values[count] = interval
        count += 1
    }

    /// The interval at `index` in tenths of a millisecond, rounded half up.
    public func tenthsOfMilliseconds(at index: Int) -> UInt64 {
        (UInt64(self[index]) * 10_000 + 512) / 1_024
    }

    public static func == (one: RRIntervals, other: RRIntervals) -> Bool {
        guard one.count == other.count else { return false }
        for index in 0..<one.count where one[index] != other[index] { return false }
        return true
    }
}

/// One Heart Rate Measurement, characteristic 0x2A37 of service 0x180D (Heart Rate Service 1.0,
/// section 3.1.1; GATT Specification Supplement, "Heart Rate Measurement").
///
/// ```
/// byte 0    flags: bit 0 value is u16 · bits 1-2 contact · bit 3 energy · bit 4 RR · 5-7 reserved
/// 1 or 2    heart rate, beats per minute, u8 or u16
/// 0 or 2    energy expended since reset, kilojoules, u16
/// 0 to 18   RR intervals, 1/1024 s, u16 each, oldest first
/// ```
///
/// Little endian. It says what the packet says; whether that is a heart rate that may be judged
/// and sent is `HeartRateState`'s question.
public struct HeartRateMeasurement: Equatable, Sendable {
    /// The value as sent, 0 to 65535 beats per minute.
    public var beatsPerMinute: UInt16
    public var contact: SensorContact
    /// Kilojoules since the sensor's last reset; it stops at 65535.
    public var energyKilojoules: UInt16?
    public var rrIntervals: RRIntervals

    public init(
        beatsPerMinute: UInt16, contact: SensorContact = .notSupported,
        energyKilojoules: UInt16? = nil, rrIntervals: RRIntervals = RRIntervals()
    ) {
        self.beatsPerMinute = beatsPerMinute
        self.contact = contact
        self.energyKilojoules = energyKilojoules
        self.rrIntervals = rrIntervals
    }
}

/// Why a notification is not a heart rate measurement.
public enum HeartRateError: Error, Equatable, Sendable {
    /// Not even flags.
    case empty
    /// The flags promise `field`, and the packet of `length` bytes ends before or within it.
    case truncated(field: Field, length: Int)
    /// `count` bytes follow the last field that the flags name: the flags or the length is
    /// wrong, so no value in the packet can be trusted.
    case trailingBytes(count: Int)
    /// More than 9 intervals, which the characteristic cannot hold.
    case tooManyIntervals(count: Int)

    /// A field of the packet.
    public enum Field: Sendable { case heartRate, energyExpended, rrInterval }
}

private enum Flag {
    static let valueIs16Bit: UInt8 = 1 << 0
    static let contactDetected: UInt8 = 1 << 1
    static let contactSupported: UInt8 = 1 << 2
    static let energyPresent: UInt8 = 1 << 3
    static let rrPresent: UInt8 = 1 << 4
}

extension HeartRateMeasurement {
    /// Decodes a notification. Reserved flag bits are ignored, as the specification asks of a
    /// client; everything else must fit to the byte.
    public init(decoding notification: Span<UInt8>) throws(HeartRateError) {
        var reader = ByteReader(notification)
        let length = notification.count
        guard let flags = reader.readUInt8() else { throw .empty }
        if flags & Flag.valueIs16Bit != 0 {
            guard let value = reader.readUInt16() else {
                throw .truncated(field: .heartRate, length: length)
            }
            beatsPerMinute = value
        } else {
            guard let value = reader.readUInt8() else {
                throw .truncated(field: .heartRate, length: length)
            }
            beatsPerMinute = UInt16(value)
        }
        contact =
            switch (flags & Flag.contactSupported != 0, flags & Flag.contactDetected != 0) {
            case (false, _): .notSupported
            case (true, false): .notDetected
            case (true, true): .detected
            }
        energyKilojoules = nil
        if flags & Flag.energyPresent != 0 {
            guard let energy = reader.readUInt16() else {
                throw .truncated(field: .energyExpended, length: length)
            }
            energyKilojoules = energy
        }
        rrIntervals = RRIntervals()
        guard flags & Flag.rrPresent != 0 else {
            guard reader.remaining == 0 else { throw .trailingBytes(count: reader.remaining) }
            return
        }
        let intervals = reader.remaining / 2
        guard reader.remaining % 2 == 0 else {
            throw .truncated(field: .rrInterval, length: length)
        }
        guard intervals <= RRIntervals.limit else { throw .tooManyIntervals(count: intervals) }
        while let interval = reader.readUInt16() { rrIntervals.append(interval) }
    }

    /// Appends the notification that a sensor would send: u8 where the value fits, u16 where it
    /// does not.
    public func encode(into buffer: inout FixedBuffer) {
        let wide = beatsPerMinute > 255
        var flags = contact.rawValue << 1
        if wide { flags |= Flag.valueIs16Bit }
        if energyKilojoules != nil { flags |= Flag.energyPresent }
        if rrIntervals.count > 0 { flags |= Flag.rrPresent }
        buffer.append(flags)
        buffer.append(UInt8(truncatingIfNeeded: beatsPerMinute))
        if wide { buffer.append(UInt8(beatsPerMinute >> 8)) }
        if let energy = energyKilojoules { buffer.append(littleEndian: energy) }
        for index in 0..<rrIntervals.count { buffer.append(littleEndian: rrIntervals[index]) }
    }
}

extension FixedBuffer {
    fileprivate mutating func append(littleEndian value: UInt16) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(value >> 8))
    }
}
