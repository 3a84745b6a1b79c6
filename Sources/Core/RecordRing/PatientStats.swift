import Bytes
public import Vitals

/// A `patient_stats` form that was posted and judged: who, when, and seven numbers. The record has
/// the time at which it came, and the beginning of the patient's name in the place of a sensor's.
///
/// ```
/// payload of kind 10                          units are 1/10,000 of what the form counts in
///  76   8  time of the form, microseconds since 1970
///  84   4  glucose level
///  88   2  oxygen saturation
///  90   3  body temperature
///  93   3  respiratory rate
///  96   3  heart rate
///  99   3  blood pressure, systolic
/// 102   3  blood pressure, diastolic
/// 105   7  hash of the idempotency key that it came with; 0 without one
/// 112  16  the rest of the patient's name, zeros behind it
/// ```
///
/// The widths are those of the plausible ranges (`PatientQuantity.plausible`). What was posted with
/// more decimals was rounded half away from zero.
public struct PatientStats: Equatable, Sendable {
    static let kind: UInt8 = 10
    /// What an error record keeps of the payload: time and numbers.
    static let keptBytes = 29
    /// Bits of a key's hash that are kept.
    public static let keyHashBits: UInt64 = 56

    /// Microseconds since 1970.
    public var timeMicroseconds: Int64
    /// 56 bits; 0 for no key.
    public var keyHash: UInt64
    private var numbers = InlineArray<7, Int32>(repeating: 0)
    private var tail = InlineArray<16, UInt8>(repeating: 0)
    private var tailCount = 0

    /// `units` answers each number in units of 1/10,000, within its plausible range.
    public init(
        of name: PatientName, timeMicroseconds: Int64, keyHash: UInt64 = 0,
        units: (PatientQuantity) -> Int64
    ) {
        precondition(keyHash >> Self.keyHashBits == 0, "a key's hash has 56 bits")
        self.timeMicroseconds = timeMicroseconds
        self.keyHash = keyHash
        let rest = name.tail
        for index in rest.indices { tail[index] = rest[index] }
        tailCount = rest.count
        for quantity in PatientQuantity.allCases {
            let value = units(quantity)
            precondition(
                quantity.plausibleUnits.contains(value), "only a plausible number is recorded")
            numbers[Int(quantity.rawValue)] = Int32(value)
        }
    }

    /// Bytes of the name that stand here.
    var tailBytes: Int { tailCount }

    /// In units of 1/10,000.
    public func units(of quantity: PatientQuantity) -> Int64 {
        Int64(numbers[Int(quantity.rawValue)])
    }

    /// The patient's name; `record` is the one with this payload. nil when the two parts are no
    /// name, which no writer makes.
    public func name(in record: Record) -> PatientName? {
        PatientName(head: record.sensor, tail: tail.span.extracting(0..<tailCount))
    }

    public static func == (one: PatientStats, other: PatientStats) -> Bool {
        for quantity in PatientQuantity.allCases
        where one.units(of: quantity) != other.units(of: quantity) {
            return false
        }
        return one.timeMicroseconds == other.timeMicroseconds && one.keyHash == other.keyHash
            && one.tail.span.extracting(0..<one.tailCount).isEqual(
                to: other.tail.span.extracting(0..<other.tailCount))
    }
}

extension PatientStats {
    /// Where each number lies, and in how many bytes.
    private static func place(of quantity: PatientQuantity) -> (offset: Int, bytes: Int) {
        switch quantity {
        case .glucoseLevel: (84, 4)
        case .oxygenSaturation: (88, 2)
        case .bodyTemperature: (90, 3)
        case .respiratoryRate: (93, 3)
        case .heartRate: (96, 3)
        case .bloodPressureSystolic: (99, 3)
        case .bloodPressureDiastolic: (102, 3)
        }
    }

    @_lifetime(slot: copy slot)
    func encode(into slot: inout MutableSpan<UInt8>) {
        slot.store(UInt64(bitPattern: timeMicroseconds), at: 76)
        for quantity in PatientQuantity.allCases {
            let place = Self.place(of: quantity)
            let value = UInt64(units(of: quantity))
            for index in 0..<place.bytes {
                slot[place.offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
            }
        }
        for index in 0..<7 {
            slot[105 + index] = UInt8(truncatingIfNeeded: keyHash >> UInt64(8 * index))
        }
        for index in 0..<tailCount { slot[112 + index] = tail[index] }
    }

    init(decoding slot: Span<UInt8>) throws(RecordError) {
        timeMicroseconds = Int64(bitPattern: slot.loadUInt64(at: 76))
        keyHash = 0
        for index in 0..<7 { keyHash |= UInt64(slot[105 + index]) << UInt64(8 * index) }
        for quantity in PatientQuantity.allCases {
            let place = Self.place(of: quantity)
            var value: Int64 = 0
            for index in 0..<place.bytes {
                value |= Int64(slot[place.offset + index]) << Int64(8 * index)
            }
            guard quantity.plausibleUnits.contains(value) else { throw .field(.patient) }
            numbers[Int(quantity.rawValue)] = Int32(value)
        }
        while tailCount < PatientName.tailLimit, slot[112 + tailCount] != 0 {
            tail[tailCount] = slot[112 + tailCount]
            tailCount += 1
        }
        let rest = slot.extracting(112 + tailCount..<Record.slotBytes)
        guard rest.isZero, tail.span.extracting(0..<tailCount).isUTF8 else {
            throw .field(.patient)
        }
    }
}
