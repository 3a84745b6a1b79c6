import Bytes

/// Why a notification is not the measurement that its characteristic promises.
public enum MeasurementError: Error, Equatable, Sendable {
    /// Not even flags.
    case empty
    /// The flags promise `field`, and the packet of `length` bytes ends before or within it.
    case truncated(field: MeasurementField, length: Int)
    /// `count` bytes follow the last field that the flags name: the flags or the length is
    /// wrong, so no value in the packet can be trusted.
    case trailingBytes(count: Int)
    /// The text is no UTF-8 from the byte at `offset` on.
    case notUTF8(offset: Int)
}

/// A field of a packet.
public enum MeasurementField: Equatable, Sendable {
    case systolic, diastolic, meanArterialPressure
    case temperature, temperatureType
    case oxygenSaturation, fastOxygenSaturation, slowOxygenSaturation
    case pulseRate, fastPulseRate, slowPulseRate
    case pulseAmplitudeIndex
    case sequenceNumber, timeOffset, concentration, typeAndSampleLocation
    case timeStamp, userID, measurementStatus, sensorStatus
    case percentage, location
}

/// Reads the fields of a notification in order, and says which of them is missing.
struct MeasurementReader: ~Escapable {
    private var reader: ByteReader
    private let length: Int

    @_lifetime(copy notification)
    init(_ notification: Span<UInt8>) {
        reader = ByteReader(notification)
        length = notification.count
    }

    @_lifetime(self: copy self)
    mutating func flags() throws(MeasurementError) -> UInt8 {
        guard let flags = reader.readUInt8() else { throw .empty }
        return flags
    }

    @_lifetime(self: copy self)
    mutating func uint8(_ field: MeasurementField) throws(MeasurementError) -> UInt8 {
        guard let value = reader.readUInt8() else {
            throw .truncated(field: field, length: length)
        }
        return value
    }

    @_lifetime(self: copy self)
    mutating func uint16(_ field: MeasurementField) throws(MeasurementError) -> UInt16 {
        guard let value = reader.readUInt16() else {
            throw .truncated(field: field, length: length)
        }
        return value
    }

    @_lifetime(self: copy self)
    mutating func uint24(_ field: MeasurementField) throws(MeasurementError) -> UInt32 {
        UInt32(try uint16(field)) | UInt32(try uint8(field)) << 16
    }

    @_lifetime(self: copy self)
    mutating func medFloat16(_ field: MeasurementField) throws(MeasurementError) -> MedFloat16 {
        MedFloat16(rawValue: try uint16(field))
    }

    @_lifetime(self: copy self)
    mutating func medFloat32(_ field: MeasurementField) throws(MeasurementError) -> MedFloat32 {
        guard let value = reader.readUInt32() else {
            throw .truncated(field: field, length: length)
        }
        return MedFloat32(rawValue: value)
    }

    @_lifetime(self: copy self)
    mutating func deviceTime() throws(MeasurementError) -> DeviceTime {
        DeviceTime(
            year: try uint16(.timeStamp), month: try uint8(.timeStamp),
            day: try uint8(.timeStamp), hour: try uint8(.timeStamp),
            minute: try uint8(.timeStamp), second: try uint8(.timeStamp))
    }

    /// Nothing follows.
    func end() throws(MeasurementError) {
        guard reader.remaining == 0 else { throw .trailingBytes(count: reader.remaining) }
    }
}

/// A notification that a sensor would send, 20 bytes at most: what the default ATT_MTU of 23
/// leaves beside its header (Bluetooth Core 5.4, Vol 3 Part F, 3.4.7.1). Every measurement here
/// fits, the longest (0x2A5F with all its fields) to the byte.
public struct EncodedNotification: Equatable, Sendable {
    public static let limit = 20

    private var storage = InlineArray<20, UInt8>(repeating: 0)
    public private(set) var count = 0

    init() {}

    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { storage.span.extracting(0..<count) }
    }

    mutating func append(_ byte: UInt8) {
        precondition(count < Self.limit, "a notification has 20 bytes at most")
        storage[count] = byte
        count += 1
    }

    mutating func append(_ value: UInt16) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(value >> 8))
    }

    mutating func append(_ value: MedFloat16) { append(value.rawValue) }

    mutating func append(_ value: MedFloat32) {
        append(UInt16(truncatingIfNeeded: value.rawValue))
        append(UInt16(value.rawValue >> 16))
    }

    /// The lower 24 bits.
    mutating func append(low24 value: UInt32) {
        append(UInt16(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 16))
    }

    mutating func append(_ time: DeviceTime) {
        append(time.year)
        append(time.month)
        append(time.day)
        append(time.hour)
        append(time.minute)
        append(time.second)
    }

    public static func == (one: EncodedNotification, other: EncodedNotification) -> Bool {
        one.bytes.isEqual(to: other.bytes)
    }
}
