/// How a number in one unit becomes one in another, exactly: (value - `offset`) × `numerator` /
/// `denominator`.
public struct UnitConversion: Equatable, Sendable {
    public let offset: Int64
    public let numerator: Int64
    public let denominator: Int64

    /// The limits keep every step of `MedicalDecimal.scaled` within 128 bits.
    public init(offset: Int64 = 0, numerator: Int64, denominator: Int64) {
        precondition(
            numerator > 0 && numerator < 1_000_000_000_000 && denominator > 0
                && denominator < 1_000_000_000_000, "a ratio has terms of 12 digits at most")
        precondition(
            offset == 0 || offset.magnitude < 1_000 && numerator < 1_000,
            "with an offset, both have three digits at most")
        self.offset = offset
        self.numerator = numerator
        self.denominator = denominator
    }

    public static let none = UnitConversion(numerator: 1, denominator: 1)
    /// Percent to a fraction of 1.
    public static let percent = UnitConversion(numerator: 1, denominator: 100)
    /// °F to °C: (F - 32) × 5/9 (NIST SP 811, appendix B.8).
    public static let fahrenheit = UnitConversion(offset: 32, numerator: 5, denominator: 9)
    /// kPa to mmHg. The conventional millimetre of mercury is 13,595.1 kg/m³ × 9.80665 m/s² × 1 mm
    /// = 133.322387415 Pa (NIST SP 811, appendix B.8, gives it with seven digits), so 1 kPa is
    /// 10^12 / 133,322,387,415 mmHg; both terms divided by 5.
    public static let kilopascals = UnitConversion(
        numerator: 200_000_000_000, denominator: 26_664_477_483)
    /// kg/L to mg/dL: 10^6 mg in a kilogram, 10 dL in a litre.
    public static let kilogramsPerLitre = UnitConversion(numerator: 100_000, denominator: 1)
    /// mol/L of glucose to mg/dL. C6H12O6 has 6 × 12.011 + 12 × 1.008 + 6 × 15.999 = 180.156 g/mol
    /// (IUPAC abridged standard atomic weights 2021): 180,156 mg/mol / 10 dL.
    public static let molesOfGlucosePerLitre = UnitConversion(
        numerator: 180_156, denominator: 10)
}

extension MedicalDecimal {
    /// The converted value in units of 10^-`decimals`, rounded half away from zero, once, at the
    /// end; nil when it does not fit into 64 bits or its exponent is above 12, which is beyond
    /// every vital sign.
    public func scaled(by conversion: UnitConversion, decimals: Int) -> Int64? {
        precondition(decimals >= 0 && decimals <= 4, "a quantity has 4 decimals at most")
        var whole = Int128(mantissa)
        var parts: Int128 = 1
        if exponent > 0 {
            guard exponent <= 12 || mantissa == 0 else { return nil }
            whole *= mantissa == 0 ? 1 : Self.powerOfTen(Int(exponent))
        } else if exponent >= -24 {
            parts = Self.powerOfTen(-Int(exponent))
        } else {
            // Less than 10^-17: no last decimal of any quantity sees it.
            whole = 0
        }
        let dividend =
            (whole - Int128(conversion.offset) * parts) * Int128(conversion.numerator)
            * Self.powerOfTen(decimals)
        let divisor = parts * Int128(conversion.denominator)
        let (quotient, rest) = dividend.magnitude.quotientAndRemainder(
            dividingBy: divisor.magnitude)
        let rounded = Int128(quotient) + (rest * 2 >= divisor.magnitude ? 1 : 0)
        return Int64(exactly: dividend < 0 ? -rounded : rounded)
    }

    private static func powerOfTen(_ exponent: Int) -> Int128 {
        var power: Int128 = 1
        for _ in 0..<exponent { power *= 10 }
        return power
    }
}
