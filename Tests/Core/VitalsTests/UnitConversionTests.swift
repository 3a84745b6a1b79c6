import TestSupport
import Testing
import Vitals

/// Conversion and rounding of exact decimals.
struct UnitConversionTests {
    private func scaled(
        _ mantissa: Int32, _ exponent: Int8, _ conversion: UnitConversion, _ decimals: Int
    ) -> Int64? {
        MedicalDecimal(mantissa: mantissa, exponent: exponent)
            .scaled(by: conversion, decimals: decimals)
    }

    @Test func knownTemperaturesAreConverted() {
        for (fahrenheit, celsius) in [(320, 0), (2120, 10_000), (-400, -4_000), (986, 3_700)] {
            #expect(scaled(Int32(fahrenheit), -1, .fahrenheit, 2) == Int64(celsius))
        }
        // 100.3 °F is 37.9444… °C.
        #expect(scaled(1003, -1, .fahrenheit, 2) == 3_794)
    }

    @Test func knownPressuresAreConverted() {
        // One standard atmosphere is 760.000 mmHg (to the sixth digit) and 101.325 kPa.
        #expect(scaled(101_325, -3, .kilopascals, 3) == 760_000)
        #expect(scaled(160, -1, .kilopascals, 1) == 1_200)
        #expect(scaled(107, -1, .kilopascals, 1) == 803)
        #expect(scaled(40, 0, .kilopascals, 1) == 3_000)
    }

    @Test func knownConcentrationsAreConverted() {
        // 5.5 mmol/L is 99.0858 mg/dL.
        #expect(scaled(55, -4, .molesOfGlucosePerLitre, 4) == 990_858)
        #expect(scaled(55, -4, .molesOfGlucosePerLitre, 1) == 991)
        #expect(scaled(99, -5, .kilogramsPerLitre, 1) == 990)
    }

    @Test func tiesAreRoundedAwayFromZero() {
        #expect(scaled(1205, -2, .none, 1) == 121)
        #expect(scaled(-1205, -2, .none, 1) == -121)
        #expect(scaled(1204, -2, .none, 1) == 120)
        #expect(scaled(-1204, -2, .none, 1) == -120)
        #expect(scaled(5, -1, .none, 0) == 1)
        #expect(scaled(-5, -1, .none, 0) == -1)
    }

    @Test func valueBeyondEveryVitalSignIsNone() {
        #expect(scaled(1, 13, .none, 0) == nil)
        #expect(scaled(0, 127, .none, 0) == 0)
        #expect(scaled(1, 12, .none, 0) == 1_000_000_000_000)
        #expect(scaled(0x7F_FFFF, 12, .none, 4) == nil)
        #expect(scaled(-0x80_0000, 12, .kilogramsPerLitre, 4) == nil)
        #expect(scaled(0x7F_FFFF, -128, .none, 4) == 0)
        #expect(scaled(0x7F_FFFF, -24, .none, 4) == 0)
        #expect(scaled(1, -128, .fahrenheit, 2) == -1_778)
    }

    /// The definition of rounding, with no division: the result is at most half a last decimal
    /// away, and the further one from zero where two are as near.
    @Test func everyShortNumberIsRoundedToTheNearest() {
        let conversions: [UnitConversion] = [
            .none, .percent, .fahrenheit, .kilopascals, .kilogramsPerLitre,
            .molesOfGlucosePerLitre,
        ]
        for raw in UInt16.min...UInt16.max {
            guard case .number(let decimal) = MedFloat16(rawValue: raw).value else { continue }
            for conversion in conversions {
                for decimals in [0, 1, 2, 4] where !isNearest(decimal, conversion, decimals) {
                    Issue.record("\(decimal) by \(conversion) to \(decimals) decimals")
                    return
                }
            }
        }
    }

    @Test func randomLongNumbersAreRoundedToTheNearest() {
        var random = SeededRandom()
        var values = 0
        for _ in 0..<100_000 {
            let raw = UInt32(truncatingIfNeeded: random.next()) & 0xFF_FFFF
            let exponent =
                UInt32(truncatingIfNeeded: Int.random(in: -20...12, using: &random)) << 24
            guard case .number(let decimal) = MedFloat32(rawValue: raw | exponent).value else {
                continue
            }
            values += 1
            guard isNearest(decimal, .fahrenheit, 2), isNearest(decimal, .none, 2) else {
                Issue.record("\(decimal), seed \(random.seed)")
                return
            }
        }
        #expect(values > 99_000)
    }

    private func isNearest(
        _ decimal: MedicalDecimal, _ conversion: UnitConversion, _ decimals: Int
    ) -> Bool {
        guard let scaled = decimal.scaled(by: conversion, decimals: decimals) else {
            // Only what does not fit into 64 bits; nothing of 16 bits is so large.
            return decimal.exponent > 5
        }
        func power(_ exponent: Int) -> Int128 {
            (0..<max(0, exponent)).reduce(1) { product, _ in product * 10 }
        }
        let up = power(Int(decimal.exponent)), down = power(-Int(decimal.exponent))
        let exact =
            (Int128(decimal.mantissa) * up - Int128(conversion.offset) * down)
            * Int128(conversion.numerator) * power(decimals)
        let unit = down * Int128(conversion.denominator)
        let error = 2 * (exact - Int128(scaled) * unit)
        if error.magnitude < unit.magnitude { return true }
        // A tie: the result lies on the side away from zero.
        return error.magnitude == unit.magnitude && (error < 0) == (exact > 0)
    }

    @Test func ratioThatCouldOverflowIsAMistakeOfTheCaller() async {
        await #expect(processExitsWith: .failure) {
            _ = UnitConversion(numerator: 1_000_000_000_000, denominator: 1)
        }
        await #expect(processExitsWith: .failure) {
            _ = UnitConversion(offset: 32, numerator: 1_000, denominator: 1)
        }
        await #expect(processExitsWith: .failure) {
            _ = UnitConversion(numerator: 1, denominator: 0)
        }
    }
}
