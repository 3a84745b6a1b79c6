import Testing
import Vitals

/// Medical floating point numbers, against examples of others and against their own drawing.
struct MedicalFloatTests {
    /// Examples of the HL7 guide for personal health devices ("Mder FLOATs and SFLOATs"), and
    /// 36.4 as the Health Thermometer Service prints it.
    @Test(
        arguments: [
            (0x0002, 2, 0), (0xF014, 20, -1), (0xE0C8, 200, -2), (0x1002, 2, 1), (0x2002, 2, 2),
            (0x00C8, 200, 0), (0x04D2, 1234, 0), (0x0B2E, -1234, 0),
        ] as [(UInt16, Int32, Int8)])
    func examplesOf16BitsAreRead(_ raw: UInt16, _ mantissa: Int32, _ exponent: Int8) {
        let decimal = MedicalDecimal(mantissa: mantissa, exponent: exponent)
        #expect(MedFloat16(rawValue: raw).value == .number(decimal))
        #expect(MedFloat16(decimal)?.rawValue == raw)
    }

    @Test(
        arguments: [
            (0x0000_0002, 2, 0), (0xFF00_0014, 20, -1), (0xFE00_00C8, 200, -2),
            (0x0100_0002, 2, 1), (0x0200_0002, 2, 2), (0x0000_04D2, 1234, 0),
            (0x00FF_FB2E, -1234, 0), (0xFF00_016C, 364, -1), (0x7F7F_FFFD, 0x7F_FFFD, 127),
            (0x8080_0003, -0x7F_FFFD, -128),
        ] as [(UInt32, Int32, Int8)])
    func examplesOf32BitsAreRead(_ raw: UInt32, _ mantissa: Int32, _ exponent: Int8) {
        let decimal = MedicalDecimal(mantissa: mantissa, exponent: exponent)
        #expect(MedFloat32(rawValue: raw).value == .number(decimal))
        #expect(MedFloat32(decimal)?.rawValue == raw)
    }

    @Test func specialValuesAreWhatTheStandardNumbers() {
        let specials: [(UInt16, UInt32, MedicalValue)] = [
            (0x07FF, 0x007F_FFFF, .notANumber), (0x0800, 0x0080_0000, .notAtThisResolution),
            (0x07FE, 0x007F_FFFE, .positiveInfinity), (0x0802, 0x0080_0002, .negativeInfinity),
            (0x0801, 0x0080_0001, .reserved),
        ]
        for (short, long, value) in specials {
            #expect(MedFloat16(rawValue: short).value == value)
            #expect(MedFloat32(rawValue: long).value == value)
        }
    }

    /// 204.7 of a glucose meter is no NaN.
    @Test func sameMantissaWithAnExponentIsANumber() {
        let numbers: [(UInt16, Int32)] = [
            (0xF7FF, 2047), (0xF7FE, 2046), (0xF800, -2048), (0xF801, -2047), (0xF802, -2046),
        ]
        for (raw, mantissa) in numbers {
            let decimal = MedicalDecimal(mantissa: mantissa, exponent: -1)
            #expect(MedFloat16(rawValue: raw).value == .number(decimal))
        }
        #expect(
            MedFloat32(rawValue: 0xFF7F_FFFF).value
                == .number(MedicalDecimal(mantissa: 0x7F_FFFF, exponent: -1)))
    }

    @Test func everyNumberOf16BitsComesBack() {
        var specials = 0
        for raw in UInt16.min...UInt16.max {
            let float = MedFloat16(rawValue: raw)
            guard case .number(let decimal) = float.value else {
                specials += 1
                continue
            }
            let high = Int(raw) >> 12
            let low = Int(raw) & 0xFFF
            let isAsDrawn =
                Int(decimal.exponent) == (high < 8 ? high : high - 16)
                && Int(decimal.mantissa) == (low < 0x800 ? low : low - 0x1000)
            if !isAsDrawn || MedFloat16(decimal) != float { Issue.record("\(raw)") }
        }
        #expect(specials == 5)
    }

    @Test func numberThatDoesNotFitIsRefused() {
        func short(_ mantissa: Int32, _ exponent: Int8) -> MedFloat16? {
            MedFloat16(MedicalDecimal(mantissa: mantissa, exponent: exponent))
        }
        #expect(short(2048, 0) == nil && short(-2049, 0) == nil)
        #expect(short(1, 8) == nil && short(1, -9) == nil)
        #expect(short(2047, 0) == nil, "that is NaN")
        #expect(short(-2047, 0) == nil, "that is reserved")
        #expect(MedFloat32(MedicalDecimal(mantissa: 0x7F_FFFF, exponent: 0)) == nil)
        #expect(MedFloat32(MedicalDecimal(mantissa: -0x80_0000, exponent: 0)) == nil)
    }

    @Test func mantissaOf25BitsIsAMistakeOfTheCaller() async {
        await #expect(processExitsWith: .failure) {
            _ = MedicalDecimal(mantissa: 0x80_0000, exponent: 0)
        }
    }
}
