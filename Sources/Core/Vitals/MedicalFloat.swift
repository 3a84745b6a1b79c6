/// What a medical floating point number says.
public enum MedicalValue: Equatable, Sendable {
    case number(MedicalDecimal)
    /// NaN: the sensor has no value.
    case notANumber
    /// NRes: there is a value, and the number of digits cannot hold it.
    case notAtThisResolution
    case positiveInfinity
    case negativeInfinity
    /// The special value without a meaning.
    case reserved
}

/// `mantissa` × 10^`exponent`, exactly. 36.5 and 36.50 are different values here, because the
/// exponent says how finely the sensor measures.
public struct MedicalDecimal: Equatable, Sendable {
    /// 24 bits with the sign at most.
    public let mantissa: Int32
    public let exponent: Int8

    public init(mantissa: Int32, exponent: Int8) {
        precondition(
            mantissa >= -0x80_0000 && mantissa <= 0x7F_FFFF, "a mantissa has 24 bits at most")
        self.mantissa = mantissa
        self.exponent = exponent
    }
}

/// A 16-bit medical floating point number: SFLOAT-Type of IEEE 11073-20601, medfloat16 of the
/// Bluetooth Assigned Numbers, section 2.4.1.
///
/// ```
/// bits 15-12  exponent to base 10, two's complement, -8 to 7
/// bits 11-0   mantissa, two's complement
/// ```
///
/// With exponent 0, the mantissas 0x7FE to 0x802 are the special values; with any other exponent
/// they are numbers (0xF7FF is 204.7).
public struct MedFloat16: Equatable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// nil when the number does not fit, or would be taken for a special value.
    public init?(_ decimal: MedicalDecimal) {
        guard decimal.mantissa >= -0x800, decimal.mantissa <= 0x7FF, decimal.exponent >= -8,
            decimal.exponent <= 7
        else { return nil }
        let mantissa = UInt16(truncatingIfNeeded: decimal.mantissa) & 0xFFF
        rawValue = UInt16(truncatingIfNeeded: decimal.exponent) << 12 | mantissa
        guard value == .number(decimal) else { return nil }
    }

    public static let notANumber = MedFloat16(rawValue: 0x07FF)
    public static let notAtThisResolution = MedFloat16(rawValue: 0x0800)
    public static let positiveInfinity = MedFloat16(rawValue: 0x07FE)
    public static let negativeInfinity = MedFloat16(rawValue: 0x0802)
    public static let reserved = MedFloat16(rawValue: 0x0801)

    public var value: MedicalValue {
        switch self {
        case .notANumber: return .notANumber
        case .notAtThisResolution: return .notAtThisResolution
        case .positiveInfinity: return .positiveInfinity
        case .negativeInfinity: return .negativeInfinity
        case .reserved: return .reserved
        default:
            let signed = Int16(bitPattern: rawValue)
            return .number(
                MedicalDecimal(
                    mantissa: Int32((signed << 4) >> 4),
                    exponent: Int8(truncatingIfNeeded: signed >> 12)))
        }
    }
}

/// A 32-bit medical floating point number: FLOAT-Type of IEEE 11073-20601, medfloat32 of the
/// Bluetooth Assigned Numbers, section 2.4.1.
///
/// ```
/// bits 31-24  exponent to base 10, two's complement, -128 to 127
/// bits 23-0   mantissa, two's complement
/// ```
///
/// With exponent 0, the mantissas 0x7FFFFE to 0x800002 are the special values.
public struct MedFloat32: Equatable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// nil when the number would be taken for a special value.
    public init?(_ decimal: MedicalDecimal) {
        let mantissa = UInt32(truncatingIfNeeded: decimal.mantissa) & 0xFF_FFFF
        rawValue = UInt32(truncatingIfNeeded: decimal.exponent) << 24 | mantissa
        guard value == .number(decimal) else { return nil }
    }

    public static let notANumber = MedFloat32(rawValue: 0x007F_FFFF)
    public static let notAtThisResolution = MedFloat32(rawValue: 0x0080_0000)
    public static let positiveInfinity = MedFloat32(rawValue: 0x007F_FFFE)
    public static let negativeInfinity = MedFloat32(rawValue: 0x0080_0002)
    public static let reserved = MedFloat32(rawValue: 0x0080_0001)

    public var value: MedicalValue {
        switch self {
        case .notANumber: return .notANumber
        case .notAtThisResolution: return .notAtThisResolution
        case .positiveInfinity: return .positiveInfinity
        case .negativeInfinity: return .negativeInfinity
        case .reserved: return .reserved
        default:
            let signed = Int32(bitPattern: rawValue)
            return .number(
                MedicalDecimal(
                    mantissa: (signed << 8) >> 8, exponent: Int8(truncatingIfNeeded: signed >> 24)))
        }
    }
}
